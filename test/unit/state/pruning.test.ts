import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { changes, PrunedWorld, readPlain, storedNodes, walkState } from './support/keptStates.ts'

/** Every one of these states is whole and says what the model says; nothing else is stored. */
async function checkKept(pruned: PrunedWorld, heights: Iterable<number>): Promise<void> {
  const reachable = new Set<string>()
  for (const height of heights) {
    const { root, state } = pruned.history[height]!
    for (const key of walkState(pruned.store, root)) reachable.add(key)
    expect(readPlain(pruned.store, root)).toEqual(state)
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
      { numRuns: 40 },
    )
  })
})
