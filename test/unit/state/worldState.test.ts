import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Address, bytesToHex, type Hash } from '../../../src/primitives/hex.ts'
import { EMPTY_CODE_HASH, keccak256 } from '../../../src/primitives/keccak.ts'
import { EthereumjsStateManager } from '../../../src/state/ethereumjsStateManager.ts'
import { FlatState } from '../../../src/state/flatState.ts'
import { OverlayState } from '../../../src/state/overlayState.ts'
import { StateJournal } from '../../../src/state/stateJournal.ts'
import type { StateRootResult } from '../../../src/state/stateRoot.ts'
import { TrieState } from '../../../src/state/trieState.ts'
import { decodeHeight } from '../../../src/storage/keys.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { runs } from '../../support/exhaustive.ts'
import { walkState } from './support/keptStates.ts'
import { addresses, readAll, slots } from './support/names.ts'
import { rootOfFlatKeys } from './support/wholeStore.ts'
import { askAll, block, Driver, Reference, World } from './support/world.ts'

function checkNewNodes(world: World, result: StateRootResult, before: ReadonlySet<string>): Set<string> {
  const after = walkState(world.store, result.stateRoot)
  const written = result.trieOps.map((op) => bytesToHex(op.key))
  expect(new Set(written).size).toBe(written.length)
  for (const key of written) expect(after.has(key)).toBe(true)
  for (const key of after) {
    if (!before.has(key)) expect(written).toContain(key)
  }
  for (const op of result.trieOps) {
    if (op.type === 'put') expect(decodeHeight(op.value)).toBe(world.height)
  }
  return after
}

/** After these the roots are compared, open checkpoints or not. */
const ENDS: ReadonlySet<string> = new Set(['commit', 'revert', 'sweep', 'clear', 'delete'])

describe('world state', () => {
  test('equals ethereumjs in every read and every root, and all readers agree after each block', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(block, { minLength: 1, maxLength: 4 }), async (blocks) => {
        const world = new World(new MemoryStore())
        const reference = new Reference()
        const referenceDriver = new Driver(reference, () => reference.forgetStorageTries())
        const history: { root: Hash; reads: unknown }[] = []
        let nodes: ReadonlySet<string> = new Set()
        for (const operations of blocks) {
          const journal = world.journal()
          const manager = new EthereumjsStateManager(journal, { kv: world.store, parentRoot: world.root })
          const driver = new Driver(manager)
          for (const next of operations) {
            await driver.apply(next)
            await referenceDriver.apply(next)
            expect(await askAll(manager)).toEqual(await askAll(reference))
            if (ENDS.has(next.kind)) {
              expect(bytesToHex(await manager.getStateRoot())).toBe(await reference.root())
            }
          }
          await driver.endBlock()
          await referenceDriver.endBlock()

          const result = await world.compute(journal)
          expect(result.stateRoot).toBe(await reference.root())
          expect(bytesToHex(await manager.getStateRoot())).toBe(result.stateRoot)
          const reads = readAll(journal)
          const overlay = new OverlayState(new FlatState(world.store), result.diff)
          const readsWithRoots = readAll(overlay, true)
          expect(readAll(overlay)).toEqual(reads)

          await world.commit(result)
          expect(readAll(new FlatState(world.store), true)).toEqual(readsWithRoots)
          expect(readAll(new TrieState(world.store, world.root), true)).toEqual(readsWithRoots)
          expect(await rootOfFlatKeys(world.store)).toBe(world.root)
          nodes = checkNewNodes(world, result, nodes)
          history.push({ root: world.root, reads: readsWithRoots })
        }
        for (const { root, reads } of history) {
          expect(readAll(new TrieState(world.store, root), true)).toEqual(reads)
        }
      }),
      { numRuns: runs(25) },
    )
  })

  test('a block on an undecided block makes the same diff as on the decided one', async () => {
    const account = { nonce: 1n, balanceWei: 1n, codeHash: EMPTY_CODE_HASH }
    const [alice, bob] = addresses as [Address, Address]
    const world = new World(new MemoryStore())
    const first = world.journal()
    first.setAccount(alice, account)
    first.setStorage(alice, slots[0]!, 1n)
    const firstResult = await world.compute(first)

    const write = (journal: StateJournal) => {
      journal.setStorage(alice, slots[1]!, 2n)
      journal.setAccount(bob, account)
      return journal.diff()
    }
    const overlay = new OverlayState(new FlatState(world.store), firstResult.diff)
    const early = write(new StateJournal(overlay))
    await world.commit(firstResult)
    expect(write(world.journal())).toEqual(early)
  })

  test('many accounts and slots: branches, extensions and their collapse come out as ethereumjs has them', async () => {
    const world = new World(new MemoryStore())
    const reference = new Reference()
    const names = Array.from({ length: 300 }, (_, i) =>
      bytesToHex(keccak256(Uint8Array.of(i >> 8, i)).subarray(12)),
    )
    const keys = Array.from({ length: 120 }, (_, i) => `0x${i.toString(16).padStart(64, '0')}` as const)
    for (const round of [1, 2, 3]) {
      const journal = world.journal()
      const manager = new EthereumjsStateManager(journal)
      const drivers = [new Driver(manager), new Driver(reference, () => reference.forgetStorageTries())]
      for (const driver of drivers) {
        for (const [i, address] of names.entries()) {
          if (round === 1) await driver.apply({ kind: 'pay', address, weiDelta: BigInt(i + 1) })
          if (round === 2 && i % 3 !== 0) await driver.apply({ kind: 'delete', address })
          if (round === 3 && i % 3 === 1) await driver.apply({ kind: 'nonce', address })
        }
        const address = names[0]!
        for (const [i, slot] of keys.entries()) {
          const value =
            round === 1 ? BigInt(i + 1) << BigInt(2 * i) : round === 2 && i % 5 !== 0 ? 0n : BigInt(round)
          if (round !== 3 || i % 5 === 0) await driver.apply({ kind: 'slot', address, slot, value })
        }
        await driver.endBlock()
      }
      const result = await world.compute(journal)
      expect(result.stateRoot).toBe(await reference.root())
      await world.commit(result)
      expect(await rootOfFlatKeys(world.store)).toBe(world.root)
    }
  })
})
