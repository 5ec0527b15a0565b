import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePortBase, isAlive, RunningDevnet, runDevnet } from './support/devnet.ts'

interface Ids {
  readonly datanetId: string
  readonly adapterId: string
  readonly contributionIds: readonly string[]
  readonly receiptIds: readonly string[]
}

interface Window {
  readonly isClosed: boolean
  readonly potWei: string
  readonly closersWei: string
  readonly contributions: readonly {
    readonly contributionId: string
    /** Signed. */
    readonly score: string
    readonly amountWei: string
  }[]
}

/** A block that a validator had decided when it was killed. */
interface Crash {
  readonly validator: number
  readonly number: bigint
  readonly hash: string
}

/** Which validator is killed at the beginning of which step of the demonstration. The first one serves its calls. */
const KILLED_AT_STEP = new Map([
  [3, 1],
  [4, 2],
  [6, 3],
  [7, 0],
])

describe('scripts/devnet --demo, every validator killed once on the way', () => {
  let devnet: RunningDevnet
  let dataDir: string
  const crashes: Crash[] = []

  beforeAll(async () => {
    dataDir = join(await mkdtemp(join(tmpdir(), 'openledger-e2e-')), 'devnet')
    devnet = await RunningDevnet.start(['--demo', '--keep', '--data-dir', dataDir])
  })

  afterAll(async () => {
    await devnet.stop()
    await rm(join(dataDir, '..'), { recursive: true, force: true })
  })

  it('comes to its end, and everything that it checks holds', async () => {
    for (const [step, validator] of KILLED_AT_STEP) {
      await devnet.waitFor((event) => event.event === 'step' && event.step === step)
      const { number, hash } = await devnet.client(validator).getBlock()
      process.kill(devnet.pidOf(`validator-${validator}`), 'SIGKILL')
      crashes.push({ validator, number, hash })
    }
    await devnet.waitFor((event) => event.event === 'fact' && /^(?:passed|failed)$/.test(String(event.name)))
    expect(devnet.events.filter((event) => event.name === 'failed')).toEqual([])
    expect(fact('accepted')).toBe(104)
    expect(fact('nearDuplicates')).toBe(10)
    const paid = Object.values(fact<Record<string, string>>('paid')).map(BigInt)
    expect(paid.reduce((sum, wei) => sum + wei)).toBe(BigInt(fact('feesWei')))
    const perRecord = fact<Record<string, number>>('weiPerRecord')
    expect(perRecord.honest).toBeGreaterThan(perRecord.flipper ?? 0)
    expect(perRecord.honest).toBeGreaterThan(perRecord.copier ?? 0)
  })

  it('lost no block that a validator had decided before it was killed', async () => {
    for (const { validator, number, hash } of crashes) {
      for (const other of devnet.rpc.keys()) {
        const block = await devnet.client(other).getBlock({ blockNumber: number })
        expect(block.hash, `block ${number} of validator ${validator} at validator ${other}`).toBe(hash)
      }
      const starts = devnet.events.filter(
        (event) => event.event === 'started' && event.name === `validator-${validator}`,
      )
      expect(starts.length).toBe(2)
    }
  })

  it('leaves ids by which every validator shows what was paid and why', async () => {
    const ids = fact<Ids>('ids')
    const [receiptId] = ids.receiptIds
    expect(ids.receiptIds.length).toBe(64)
    for (const validator of devnet.rpc.keys()) {
      const call = <T>(method: string, ...params: unknown[]) =>
        devnet.client(validator).request({ method, params } as never) as Promise<T>
      const datanet = await call<{ ordered: string }>('openledger_getDatanet', toHex(ids.datanetId))
      expect(BigInt(datanet.ordered)).toBe(104n)
      const adapter = await call<{ versions: { rowCount: string }[] }>(
        'openledger_getAdapter',
        toHex(ids.adapterId),
      )
      expect(adapter.versions.map((version) => BigInt(version.rowCount))).toEqual([104n])
      const receipt = await call<{ adapterId: string; windowIndex: string }>(
        'openledger_getReceipt',
        receiptId,
      )
      expect(BigInt(receipt.adapterId)).toBe(BigInt(ids.adapterId))
      const window = await call<Window>(
        'openledger_getAttribution',
        toHex(ids.adapterId),
        receipt.windowIndex,
      )
      expect(window.isClosed).toBe(true)
      expect(window.contributions.map((one) => BigInt(one.contributionId))).toEqual(
        ids.contributionIds.map(BigInt),
      )
      expect(window.contributions.some(({ score }) => BigInt(score) < 0n)).toBe(true)
      const sharesWei = window.contributions.reduce((sum, one) => sum + BigInt(one.amountWei), 0n)
      expect(sharesWei).toBe(BigInt(window.potWei) - BigInt(window.closersWei))
    }
  })

  it('refuses in one sentence to live twice on a chain', async () => {
    const pids = devnet.events.flatMap((event) => event.pid ?? [])
    expect(await devnet.stop()).toBe(0)
    expect(pids.filter(isAlive)).toEqual([])
    const again = await runDevnet([
      '--demo',
      '--exit',
      '--json',
      '--data-dir',
      dataDir,
      ...(await portBase()),
    ])
    expect(again.exitCode).toBe(1)
    expect(again.stderr).toMatch(/^openledger: This chain has seen the demonstration already\.[^\n]+\n$/)
  })

  const fact = <T = number>(name: string): T => {
    const found = devnet.events.find((event) => event.event === 'fact' && event.name === name)
    if (found === undefined) throw new Error(`the demonstration did not say ${name}`)
    return found.value as T
  }
})

const portBase = async () => ['--port-base', String(await freePortBase())]
const toHex = (decimal: string) => `0x${BigInt(decimal).toString(16)}`
