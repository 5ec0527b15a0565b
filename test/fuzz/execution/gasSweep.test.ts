import { describe, expect, it } from 'vitest'
import type { NativePrecompile } from '../../../precompiles/host.ts'
import { bytesToBigInt } from '../../../src/primitives/bytes.ts'
import { bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../../../src/primitives/keccak.ts'
import { stateCommitOps } from '../../../src/state/commitOps.ts'
import { FlatState } from '../../../src/state/flatState.ts'
import { computeStateRoot } from '../../../src/state/stateRoot.ts'
import type { StateDiff, StateReader } from '../../../src/state/types.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import {
  type Charges,
  EvmWorld,
  isEmptyDiff,
  type Left,
  noteCharges,
  stateDiffOf,
} from '../../support/evmWorld.ts'
import { isExhaustive } from '../../support/exhaustive.ts'
import { forwarder } from '../../support/hostMatrix/assembly.ts'
import { outsider } from '../../support/hostMatrix/contexts.ts'
import { targets } from '../../support/precompileTargets.ts'
import { type Staged, sceneNames, stage } from '../../support/scenes/index.ts'

/** Gas limits tried for one scene, unless all are. */
const LIMITS_MAX = 72
/** Evenly spread over the whole range. */
const COARSE = 12n
/** Each one tried, below and above what is needed. */
const FINE = 4n

const plenty = 16_000_000n

/** Every scene of a method that writes. */
const scenes = targets
  .filter(({ writes }) => writes)
  .flatMap((target) =>
    sceneNames(target).map((name) => ({ target, scene: name, name: `${target.precompile}.${name}` })),
  )

interface Opened {
  readonly world: EvmWorld
  readonly charges: Charges
  call(gas: bigint): Promise<Left>
}

function open(scene: Staged, state?: StateReader): Opened {
  const charges: Charges = { used: [], sentries: [] }
  const wrap = (native: NativePrecompile) => noteCharges(native, charges)
  const memory = EvmWorld.of(scene.world, wrap)
  const world = state === undefined ? memory : new EvmWorld(memory, { state, wrap })
  const { from, target, input, value } = scene
  const call = { from: from.address, to: target.address, data: input, valueWei: value }
  return { world, charges, call: (gas) => world.call({ ...call, gas }) }
}

/** Limits around every charge of the whole run, over its range, and one by one at its end. Ascending. */
function limitsOf({ used, sentries }: Charges, needed: bigint): bigint[] {
  const boundaries = [...new Set([...used, ...sentries])]
  const room = Math.floor((LIMITS_MAX - Number(COARSE) - 2 * Number(FINE) - 3) / 2)
  const step = isExhaustive ? 1 : Math.max(Math.ceil(boundaries.length / room), 1)
  const limits = new Set<bigint>([0n, 1n, plenty])
  boundaries.forEach((boundary, index) => {
    if (index % step !== 0) return
    for (const limit of isExhaustive ? [-1n, 0n, 1n] : [-1n, 0n]) limits.add(boundary + limit)
  })
  const coarse = isExhaustive ? 500n : COARSE
  for (let part = 1n; part < coarse; part++) limits.add((needed * part) / coarse)
  const fine = isExhaustive ? 2_500n : FINE
  for (let limit = needed - fine; limit <= needed + fine; limit++) limits.add(limit)
  return [...limits].filter((limit) => limit >= 0n).sort((a, b) => (a < b ? -1 : 1))
}

/** Everything that a call left, comparable. */
function fingerprint({ status, output, gasUsed, refund, logs, diff }: Left): unknown {
  const entries = (map: ReadonlyMap<unknown, unknown>) => [...map]
  const storage = entries(diff.storage).map(([account, slots]) => [
    account,
    entries(slots as ReadonlyMap<unknown, unknown>),
  ])
  const { accounts, codes } = diff
  return {
    status,
    output: bytesToHex(output),
    gasUsed,
    refund,
    logs,
    accounts: entries(accounts),
    storage,
    codes: entries(codes),
  }
}

/** The least gas limit with which the whole call can go through. */
function neededBy({ gasUsed }: Left, { sentries }: Charges): bigint {
  return sentries.reduce((most, gas) => (gas > most ? gas : most), gasUsed)
}

describe('at every gas limit', () => {
  it.each(scenes)('$name is done as a whole or not at all', async ({ target, scene: sceneName }) => {
    const scene = stage(target, sceneName)
    const { call, charges } = open(scene)
    const whole = await call(plenty)
    expect(whole.status).toBe('ok')
    expect(isEmptyDiff(whole.diff)).toBe(false)
    const done = fingerprint(whole)
    const needed = neededBy(whole, charges)
    const limits = limitsOf(charges, needed)
    if (!isExhaustive) expect(limits.length).toBeLessThanOrEqual(LIMITS_MAX)
    for (const limit of limits) {
      const left = await call(limit)
      if (limit >= needed) {
        expect(fingerprint(left), `with ${limit} gas`).toEqual(done)
        continue
      }
      expect([left.status, left.gasUsed], `with ${limit} gas`).toEqual(['out of gas', limit])
      expect(left.logs, `with ${limit} gas`).toEqual([])
      expect(isEmptyDiff(left.diff), `with ${limit} gas`).toBe(true)
    }
  })

  it.each(scenes)('$name ends in one of two state roots', async ({ target, scene: sceneName }) => {
    const scene = stage(target, sceneName)
    const store = new MemoryStore()
    const parent = await computeStateRoot(store, EMPTY_TRIE_ROOT, stateDiffOf(scene.world.chain), 0)
    await store.write(await stateCommitOps(store, parent), { sync: true })
    const { call, charges } = open(scene, new FlatState(store))
    const rootOf = async (gas: bigint) => {
      const { diff } = await call(gas)
      return (await computeStateRoot(store, parent.stateRoot, diff, 1)).stateRoot
    }
    const whole = await call(plenty)
    const needed = neededBy(whole, charges)
    const root = await rootOf(plenty)
    expect(root).not.toBe(parent.stateRoot)
    expect(await rootOf(needed)).toBe(root)
    expect(await rootOf(needed - 1n)).toBe(parent.stateRoot)
    expect(await rootOf(needed / 2n)).toBe(parent.stateRoot)
  })

  it.each(scenes)(
    '$name called by a contract that goes on is done or not',
    async ({ target, scene: sceneName }) => {
      const scene = stage(target, sceneName)
      const { call, charges, world } = open(scene)
      const whole = await call(plenty)
      const needed = neededBy(whole, charges)
      const { from, input, value } = scene
      const through = world.with((journal) => {
        journal.setCode(from.address, hexToBytes(forwarder('call', target.address)))
      })
      const seen = new Set<boolean>()
      // around what it takes to pass on the gas that is needed, of which EIP-150 keeps a 64th back
      for (const percent of [10n, 50n, 90n, 99n, 100n, 103n, 110n, 200n]) {
        const gas = (needed * percent) / 100n + 3_000n
        const left = await through.call({
          from: outsider.address,
          to: from.address,
          data: input,
          valueWei: value,
          gas,
        })
        if (left.status !== 'ok') continue
        const isDone = bytesToBigInt(left.output.subarray(0, 32)) === 1n
        seen.add(isDone)
        const own = (diff: StateDiff) => [diff.accounts.get(target.address), diff.storage.get(target.address)]
        expect(own(left.diff)).toEqual(isDone ? own(whole.diff) : [undefined, undefined])
        expect(left.logs).toEqual(isDone ? whole.logs : [])
      }
      expect(seen.has(true)).toBe(true)
    },
  )
})
