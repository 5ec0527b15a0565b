import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { devnetParameters } from '../../../../precompiles/parameters.ts'
import { bpsOf, minimum } from '../../../../precompiles/shared/shares.ts'
import { GWEI, OPEN } from '../../../support/precompileWorld.ts'
import { closing, largestBatch, publishing, settlement, wholeLife } from './measure.ts'

export const README = join(import.meta.dirname, '../../../../precompiles/proofOfAttribution/README.md')

/** The devnet's, whose blocks are a second apart. */
const BASE_FEE_WEI = GWEI
const BLOCK_GAS = 30_000_000n
/** What an answer of the demonstration's adapter costs at least: its base price. */
const DEMO_FEE_WEI = OPEN / 20n

const HEAD = ['| what | gas | OPEN |', '|---|---:|---:|'] as const

function grouped(value: bigint): string {
  return value.toString().replace(/\B(?=(\d{3})+$)/g, ',')
}

/** Wei in units of 10^−6 OPEN, rounded up. */
function inOpen(wei: bigint): string {
  const micro = (wei + 10n ** 12n - 1n) / 10n ** 12n
  return `${micro / 1_000_000n}.${(micro % 1_000_000n).toString().padStart(6, '0')}`
}

const gasRow = (what: string, gas: bigint) => `| ${what} | ${grouped(gas)} | ${inOpen(gas * BASE_FEE_WEI)} |`
const countRow = (what: string, count: bigint) => `| ${what} | ${grouped(count)} times | |`

/** Answers until the owner's share of their fees is what publishing cost. */
function inferencesUntilPaid(publishingGas: bigint): bigint {
  const { settlementGas, settlerCapBps, split } = devnetParameters
  const settlerWei = minimum(BASE_FEE_WEI * settlementGas, bpsOf(DEMO_FEE_WEI, settlerCapBps))
  const ownerWei = bpsOf(DEMO_FEE_WEI - settlerWei, split.owner)
  return (publishingGas * BASE_FEE_WEI + ownerWei - 1n) / ownerWei
}

/** What takes seconds. */
export function cheapRows(): readonly string[] {
  const batch = largestBatch()
  const life = wholeLife()
  return [
    gasRow('publish 100 rows', publishing(100)),
    gasRow('settle a receipt alone', settlement(1)),
    gasRow('settle a receipt, 32 in a call', settlement(32)),
    gasRow(`settle a receipt, ${batch} in a call: all that fit`, settlement(batch)),
    gasRow('a receipt from settlement to its end, audited, 32 in a call', life),
    countRow('that, in the gas of one block', BLOCK_GAS / life),
  ]
}

/** What takes minutes. */
export function dearRows(): readonly string[] {
  const thousand = publishing(1_000)
  const { first, later } = closing()
  return [
    gasRow('publish 1,000 rows', thousand),
    gasRow('publish 4,000 rows', publishing(4_000)),
    gasRow('close a window of 1,000 contributions, 100 contributors paid for the first time', first),
    gasRow('close a later one', later),
    countRow(
      'an answer at 0.05 OPEN, until its owner’s share has paid for 1,000 rows',
      inferencesUntilPaid(thousand),
    ),
  ]
}

/** The table's rows as the README has them. */
export function writtenRows(): readonly string[] {
  const lines = readFileSync(README, 'utf8').split('\n')
  const start = lines.indexOf(HEAD[0])
  if (start < 0) throw new Error(`${README} has no table of costs.`)
  const rows = lines.slice(start + HEAD.length)
  const end = rows.findIndex((line) => !line.startsWith('|'))
  return rows.slice(0, end < 0 ? undefined : end)
}

/** Puts rows in place of those there. */
export function writeRows(rows: readonly string[]): void {
  const text = readFileSync(README, 'utf8')
  const before = [...HEAD, ...writtenRows()].join('\n')
  writeFileSync(
    README,
    text.replace(before, () => [...HEAD, ...rows].join('\n')),
  )
}
