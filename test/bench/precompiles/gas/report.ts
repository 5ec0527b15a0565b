import type { NativeWork } from './watchedHost.ts'

/** One thing that was measured; times in nanoseconds for each gas. */
export interface Row {
  readonly group: 'native' | 'standard' | 'opcodes'
  readonly name: string
  readonly gas: bigint
  /** On a store opened just before; absent where no store is read. */
  readonly cold?: number
  readonly warm: number
  /** The part of a native method that the EVM has no price for, and hashes and signatures. */
  readonly work?: NativeWork
}

/** Dearer for its time than this part of ecrecover, work counts as padded. */
const PADDING_MAX = 4
/** Below this part of a call's gas, or below what ecrecover costs, its own work does not decide what the call costs. */
const OWN_PART_MIN = 0.1
const OWN_GAS_MIN = 3_000n

const slowness = (row: Row) => Math.max(row.cold ?? 0, row.warm)
const ownPart = ({ work, gas }: Row) => (work === undefined ? 0 : Number(work.gas) / Number(gas))
const ownPerGas = ({ work }: Row) => (work === undefined || work.gas === 0n ? 0 : work.ns / Number(work.gas))
const say = (text: string) => process.stdout.write(`${text}\n`)

export const isTooCheap = (row: Row, baseline: number) => slowness(row) > baseline
export const isPadded = (row: Row, baseline: number) =>
  ownPart(row) >= OWN_PART_MIN &&
  (row.work?.gas ?? 0n) >= OWN_GAS_MIN &&
  ownPerGas(row) < baseline / PADDING_MAX

const COLUMNS = [
  'gas',
  'cold ns',
  'warm ns',
  '× ecrecover',
  'own gas',
  'own ×',
  'not slower',
  'not padded',
] as const

export function printTable(rows: readonly Row[], baseline: number): void {
  const width = Math.max(...rows.map(({ name }) => name.length), 10)
  const line = (name: string, cells: readonly string[]) =>
    say(`${name.padEnd(width)} ${cells.map((cell, index) => cell.padStart(index === 0 ? 10 : 11)).join(' ')}`)
  say('Nanoseconds for each gas, slowest first. “own”: all but state and logs.\n')
  line('', COLUMNS)
  for (const row of rows) {
    const isNative = row.group === 'native'
    const verdict = (fails: boolean) => (isNative ? (fails ? 'FAIL' : 'PASS') : '')
    line(row.name, [
      String(row.gas),
      row.cold?.toFixed(2) ?? '',
      row.warm.toFixed(2),
      (slowness(row) / baseline).toFixed(2),
      isNative ? `${(ownPart(row) * 100).toFixed(0)} %` : '',
      isNative ? (ownPerGas(row) / baseline).toFixed(2) : '',
      verdict(isTooCheap(row, baseline)),
      verdict(isPadded(row, baseline)),
    ])
  }
}

function slowestOf(rows: readonly Row[]): Row | undefined {
  return rows.reduce<Row | undefined>(
    (worst, row) => (worst === undefined || slowness(row) > slowness(worst) ? row : worst),
    undefined,
  )
}

function sayLimit(what: string, rows: readonly Row[]): void {
  const worst = slowestOf(rows)
  if (worst === undefined) return
  const fits = Math.floor(1e9 / slowness(worst))
  say(
    `${what}: ${worst.name}, ${slowness(worst).toFixed(1)} ns for each gas: ${fits.toLocaleString('en')} gas fit 1 s`,
  )
}

/** Prints both rules and what the slowest leaves room for. True when a native method fails a rule. */
export function verdicts(
  { native, all }: { readonly native: readonly Row[]; readonly all: readonly Row[] },
  baseline: number,
): boolean {
  const cheap = native.filter((row) => isTooCheap(row, baseline))
  const padded = native.filter((row) => isPadded(row, baseline))
  const list = (rows: readonly Row[]) => rows.map(({ name }) => `\n  ${name}`).join('')
  say('')
  say(
    `No native method slower for its gas than ecrecover: ${cheap.length === 0 ? 'PASS' : 'FAIL'}${list(cheap)}`,
  )
  for (const row of cheap) {
    const missing = (slowness(row) / baseline - 1) * Number(row.gas)
    say(`  ${row.name} would need ${Math.ceil(missing).toLocaleString('en')} gas more`)
  }
  say(
    `No work priced beyond ${PADDING_MAX} × of ecrecover: ${padded.length === 0 ? 'PASS' : 'FAIL'}${list(padded)}`,
  )
  sayLimit('The slowest native method', native)
  sayLimit('The slowest of all sets the floor of the block gas limit', all)
  return cheap.length > 0 || padded.length > 0
}
