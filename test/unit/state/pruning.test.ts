import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isNodeError } from '../../../src/errors/errors.ts'
import type { StateKeeping, StateMode } from '../../../src/state/pruneProgress.ts'
import { TrieState } from '../../../src/state/trieState.ts'
import { FaultyStore, type WriteFault } from '../../../src/storage/faultyStore.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { runs } from '../../support/exhaustive.ts'
import { type Change, changes, PrunedWorld, readPlain, storedNodes, walkState } from './support/keptStates.ts'
import { addresses, deepSlots } from './support/names.ts'

/** The state is all there and says what the model says. */
function checkWhole(pruned: PrunedWorld, height: number): Set<string> {
  const { root, state } = pruned.history[height]!
  const nodes = walkState(pruned.store, root)
  expect(readPlain(pruned.store, root)).toEqual(state)
  return nodes
}

/** A reader of a state, old or new to it, gets what the model says, or is told that the state is pruned. */
function checkReaders(pruned: PrunedWorld, height: number): void {
  const { root, reader, state } = pruned.history[height]!
  for (const address of addresses) {
    for (const open of [() => reader, () => new TrieState(pruned.store, root)]) {
      const balance = orPruned(() => open().account(address)?.balanceWei)
      const value = orPruned(() => open().storage(address, deepSlots[0]!))
      const account = state.get(address)
      if (balance !== 'STATE_PRUNED') expect(balance).toBe(account?.balanceWei)
      if (value !== 'STATE_PRUNED') expect(value).toBe(account?.slots.get(deepSlots[0]!) ?? 0n)
    }
  }
}

function orPruned<T>(read: () => T): T | 'STATE_PRUNED' {
  try {
    return read()
  } catch (error) {
    if (isNodeError(error, 'STATE_PRUNED')) return 'STATE_PRUNED'
    throw error
  }
}

/** Every one of these states is whole and says what the model says; nothing else is stored. */
async function checkKept(pruned: PrunedWorld, heights: Iterable<number>): Promise<void> {
  const reachable = new Set<string>()
  for (const height of heights) {
    for (const key of checkWhole(pruned, height)) reachable.add(key)
  }
  expect(await storedNodes(pruned.store)).toEqual(reachable)
}

describe('pruned states', () => {
  test('are all but the last ones and the ends of two epochs; no node of a kept state goes, none of others stays', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(changes, { minLength: 5, maxLength: 20, size: 'max' }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 6 }),
        async (blocks, kept, epochBlocks) => {
          const pruned = new PrunedWorld(new MemoryStore(), { epochBlocks })
          await pruned.open({ mode: 'pruned', blocks: kept })
          for (const each of blocks) {
            await pruned.block(each)
            await checkKept(pruned, pruned.kept(kept))
          }
        },
      ),
      { numRuns: runs(40) },
    )
  })

  test('stay whole when pruning takes a few nodes at a time, dies, fails, and is told to keep more, less or all', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { minLength: 5, maxLength: 40, size: 'max' }),
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom({ nodesPerBlock: 1, nodesATurn: 1 }, { nodesPerBlock: 4, nodesATurn: 3 }),
        async (events, epochBlocks, pace) => {
          const store = new FaultyStore(new MemoryStore())
          const pruned = new PrunedWorld(store, { epochBlocks, pace })
          let keeping: StateKeeping = { mode: 'pruned', blocks: 2 }
          await pruned.open(keeping)
          let wanted = [0]
          for (const next of events) {
            if (next.kind === 'block') {
              await pruned.block(next.changes)
              wanted.push(pruned.height)
              if (store.isStopped) await restart(pruned, store, next.survives)
            } else if (next.kind === 'fault') {
              store.setPlan(({ sync }) => (sync ? 'none' : next.fault))
            } else {
              store.setPlan(() => 'none')
              keeping = next.keeping
              await pruned.open(keeping.mode === 'archive' ? { mode: 'archive' } : keeping)
            }
            if (keeping.mode === 'pruned') {
              const kept = new Set(pruned.kept(keeping.blocks))
              wanted = wanted.filter((height) => kept.has(height))
            }
            checkReaders(pruned, Math.max(0, pruned.height - 3))
            const whole = pruned.whole()
            expect(whole).toEqual(expect.arrayContaining(wanted))
            for (const height of whole) checkWhole(pruned, height)
          }
          store.setPlan(() => 'none')
          await pruned.open({ mode: 'pruned', blocks: 2 }, { nodesPerBlock: 1_000, nodesATurn: 50 })
          await pruned.finish()
          await checkKept(pruned, pruned.whole())
          expect(pruned.kept(2)).toEqual(expect.arrayContaining(pruned.whole()))
        },
      ),
      { numRuns: runs(25) },
    )
  })
})

type Event =
  | { kind: 'block'; changes: Change[]; survives: number }
  | { kind: 'fault'; fault: WriteFault }
  | { kind: 'restart'; keeping: StateKeeping }

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('block' as const), changes, survives: fc.nat(1) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      fault: fc.constantFrom<WriteFault>('fail', 'fail-written', 'stop', 'stop-written'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('restart' as const),
      keeping: fc.record({
        mode: fc.constantFrom<StateMode>('archive', 'pruned', 'pruned'),
        blocks: fc.integer({ min: 1, max: 6 }),
      }),
    }),
  },
)

async function restart(pruned: PrunedWorld, store: FaultyStore, survives: number): Promise<void> {
  await store.restart(survives)
  store.setPlan(() => 'none')
  await pruned.open()
}
