import { describe, expect, test } from 'vitest'
import { encodeRlp, fromInt } from '../../../src/primitives/rlp.ts'
import { type PruneProgress, putProgress, readProgress } from '../../../src/state/pruneProgress.ts'
import { nextDrop, progressAfter, wholeState } from '../../../src/state/pruneSchedule.ts'
import { metadataKey } from '../../../src/storage/keys.ts'
import type { KvOp } from '../../../src/storage/kv.ts'
import { LevelStore } from '../../../src/storage/levelStore.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { codeOf, thrownCode } from '../../support/network/outcome.ts'
import { temporaryFolder } from '../../support/temporaryFolder.ts'
import { type Change, PrunedWorld, storedNodes, walkState } from './support/keptStates.ts'
import { addresses, deepSlots } from './support/names.ts'

const pruned = (blocks: number): PruneProgress => ({
  mode: 'pruned',
  blocks,
  next: wholeState(0),
  held: [],
})

/** The heights that a store keeps when everything due at this head is dropped. */
function keptAt(headHeight: number, blocks: number, epochBlocks: number): number[] {
  let progress = pruned(blocks)
  for (let i = 0; i <= 2 * headHeight; i++) {
    const step = nextDrop(progress, { headHeight, epochBlocks })
    progress = step.progress
    if (step.due === undefined) break
    progress = progressAfter(progress, step.due.state.height, undefined)
  }
  const { next, held } = progress
  const later = Array.from({ length: headHeight - next.height + 1 }, (_, index) => next.height + index)
  return [...held.map(({ height }) => height), ...later]
}

describe('what is kept', () => {
  test.each([
    [0, 1, 10, [0]],
    [3, 2, 10, [0, 2, 3]],
    [9, 2, 10, [0, 8, 9]],
    [10, 2, 10, [0, 9, 10]],
    [19, 2, 10, [0, 10, 18, 19]],
    [20, 2, 10, [10, 19, 20]],
    [21, 2, 10, [10, 20, 21]],
    [25, 12, 10, [10, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]],
    [5, 1, 1, [4, 5]],
  ])('at head %i with %i states and epochs of 10 or 1', (headHeight, blocks, epochBlocks, expected) => {
    expect(keptAt(headHeight, blocks, epochBlocks)).toEqual(expected)
  })

  test('is everything in an archive, and from where pruning stopped on in one that was pruned', () => {
    const point = { headHeight: 100, epochBlocks: 10 }
    const stopped = { ...pruned(2), mode: 'archive' as const, next: wholeState(40), held: [wholeState(30)] }
    expect(nextDrop(stopped, point)).toEqual({ progress: stopped, due: undefined })
  })

  test('never lacks a state that another drop leans on: one that is being dropped is not compared with', () => {
    const point = { headHeight: 30, epochBlocks: 10 }
    const progress = {
      ...pruned(2),
      next: wholeState(29),
      held: [{ height: 10, after: [1] }, wholeState(20)],
    }
    expect(nextDrop(progress, point).due).toEqual({
      state: { height: 10, after: [1] },
      keptFrom: 29,
      keptBefore: [20],
    })
    const begun = { ...progress, next: { height: 28, after: [2, 3] } }
    expect(nextDrop(begun, point).due).toEqual({
      state: { height: 28, after: [2, 3] },
      keptFrom: 29,
      keptBefore: [20],
    })
  })

  test('ends a drop that has begun although more states are to be kept now', () => {
    const progress = { ...pruned(50), next: { height: 10, after: [7] } }
    const { due } = nextDrop(progress, { headHeight: 30, epochBlocks: 10 })
    expect(due?.state.height).toBe(10)
    expect(nextDrop(progressAfter(progress, 10, undefined), { headHeight: 30, epochBlocks: 10 }).due).toBe(
      undefined,
    )
  })
})

describe('the record of what is kept', () => {
  const store = async (value: Uint8Array) => {
    const kv = new MemoryStore()
    await kv.write([{ type: 'put', key: metadataKey('states'), value }], { sync: true })
    return kv
  }

  test('reads back', async () => {
    const progress: PruneProgress = {
      mode: 'pruned',
      blocks: 128,
      next: { height: 2 ** 40, after: [] },
      held: [wholeState(0), { height: 50, after: Array.from({ length: 128 }, (_, index) => index % 16) }],
    }
    const op = putProgress(progress) as Extract<KvOp, { type: 'put' }>
    expect(readProgress(await store(op.value))).toEqual(progress)
  })

  test('that is malformed is damage', async () => {
    const whole = [fromInt(5)]
    const good = [fromInt(1), fromInt(2), whole, []]
    expect(thrownCode(() => readProgress(new MemoryStore()))).toBe('no error')
    expect(readProgress(await store(encodeRlp(good))).mode).toBe('pruned')
    const bad = [
      good.slice(1),
      [fromInt(2), ...good.slice(1)],
      [...good.slice(0, 2), [], []],
      [...good.slice(0, 2), [fromInt(5), Uint8Array.of(16)], []],
      [...good.slice(0, 2), [fromInt(5), new Uint8Array(129)], []],
      [...good.slice(0, 2), [fromInt(5), new Uint8Array(1), new Uint8Array(1)], []],
      [...good.slice(0, 3), [fromInt(3)]],
    ]
    for (const item of bad) {
      const kv = await store(encodeRlp(item))
      expect(thrownCode(() => readProgress(kv))).toBe('DATA_CORRUPT')
    }
    const large = await store(new Uint8Array(5_000))
    expect(thrownCode(() => readProgress(large))).toBe('DATA_CORRUPT')
  })

  test('outlives a start without a word about it; a number of states for an archive is refused', async () => {
    const world = new PrunedWorld(new MemoryStore(), { epochBlocks: 10 })
    await world.open()
    expect(world.pruner.keeping).toEqual({ mode: 'archive', blocks: 128 })
    expect(await codeOf(world.open({ blocks: 20 }))).toBe('BAD_CONFIG')
    await world.open({ mode: 'pruned' })
    await world.open()
    expect(world.pruner.keeping).toEqual({ mode: 'pruned', blocks: 128 })
    await world.open({ blocks: 20 })
    await world.open()
    expect(world.pruner.keeping).toEqual({ mode: 'pruned', blocks: 20 })
    expect(await codeOf(world.open({ mode: 'archive', blocks: 20 }))).toBe('BAD_CONFIG')
    await world.open({ mode: 'archive' })
    expect(readProgress(world.store)).toMatchObject({ mode: 'archive', blocks: 20 })
  })
})

/** Changes many nodes. */
const busy = (value: number): Change[] =>
  addresses.flatMap((address) => [
    { kind: 'pay', address, weiDelta: 1n },
    ...deepSlots.map((slot): Change => ({ kind: 'slot', address, slot, value: BigInt(value) << 200n })),
  ])

describe('the work of one block', () => {
  test('is bounded when an archive becomes pruned, and what is due is dropped in the end', async () => {
    const pace = { nodesPerBlock: 20, nodesATurn: 7 }
    const world = new PrunedWorld(new MemoryStore(), { epochBlocks: 1_000, pace })
    await world.open()
    for (let n = 1; n <= 12; n++) await world.block(busy(n))
    const all = (await storedNodes(world.store)).size
    expect(world.whole().length).toBe(13)

    await world.open({ mode: 'pruned', blocks: 2 })
    let before = all
    let rounds = 0
    for (; world.whole().length > 3; rounds++) {
      await world.prune()
      const now = (await storedNodes(world.store)).size
      expect(before - now).toBeLessThanOrEqual(pace.nodesPerBlock)
      before = now
    }
    expect(rounds).toBeGreaterThan(10)
    expect(world.whole()).toEqual([0, 11, 12])
  })

  test('grows with what the block wrote, so that nothing piles up', async () => {
    const world = new PrunedWorld(new MemoryStore(), {
      epochBlocks: 1_000,
      pace: { nodesPerBlock: 0, nodesATurn: 5 },
    })
    await world.open({ mode: 'pruned', blocks: 2 })
    for (let n = 1; n <= 12; n++) await world.block(busy(n))
    expect(world.whole()).toEqual([0, 11, 12])
  })
})

describe('a store on disk', () => {
  const folder = temporaryFolder()

  test('keeps the same states as one in memory, and is opened again in the middle of a drop', async () => {
    let store = await LevelStore.open(folder())
    const world = new PrunedWorld(store, { epochBlocks: 3, pace: { nodesPerBlock: 3, nodesATurn: 2 } })
    await world.open()
    for (let n = 1; n <= 6; n++) await world.block(n % 2 === 0 ? busy(n) : busy(1))
    await world.open({ mode: 'pruned', blocks: 2 })
    for (let n = 0; n < 20 && readProgress(store).next.after === undefined; n++) await world.prune()
    expect(readProgress(store).next.after).toBeDefined()
    await store.close()
    store = await LevelStore.open(folder())
    const again = new PrunedWorld(store, { epochBlocks: 3 })
    again.follow(world)
    await again.open()
    await again.finish()
    expect(again.whole()).toEqual([3, 5, 6])
    const reachable = again.whole().flatMap((height) => [...walkState(store, again.history[height]!.root)])
    expect(await storedNodes(store)).toEqual(new Set(reachable))
    await store.close()
  })
})
