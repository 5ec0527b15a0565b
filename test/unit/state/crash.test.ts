import { describe, expect, test } from 'vitest'
import { type Address, bytesToHex, type Hash } from '../../../src/primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT } from '../../../src/primitives/keccak.ts'
import { FlatState } from '../../../src/state/flatState.ts'
import { TrieState } from '../../../src/state/trieState.ts'
import { FaultyStore, faultAt, type WriteFault } from '../../../src/storage/faultyStore.ts'
import { decodeHeight, HEAD_KEY } from '../../../src/storage/keys.ts'
import type { KvStore } from '../../../src/storage/kv.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { addresses, readAll, slots } from './support/names.ts'
import { World } from './support/world.ts'

const BLOCKS = 5
const junk = Uint8Array.of(0x6d, 0xff)

/** Block `height` of a fixed chain: it pays, writes slots, sets code, deletes an account with storage, makes it again. */
async function execute(world: World) {
  const height = world.height + 1
  const journal = world.journal()
  for (const [i, address] of addresses.entries()) {
    journal.setAccount(address, {
      nonce: BigInt(height),
      balanceWei: BigInt(i * height),
      codeHash: EMPTY_CODE_HASH,
    })
    for (const [j, slot] of slots.entries()) journal.setStorage(address, slot, BigInt(((i + j) * height) % 7))
  }
  journal.setCode(addresses[0]!, Uint8Array.of(height))
  if (height % 2 === 0) journal.deleteAccount(addresses[1]!)
  if (height % 2 === 1) journal.clearStorage(addresses[2]!)
  return world.compute(journal)
}

interface Checkpoint {
  readonly root: Hash
  readonly reads: unknown
}

/** The roots and reads of the chain where nothing fails. */
async function undisturbed(): Promise<Checkpoint[]> {
  const world = new World(new MemoryStore())
  const chain: Checkpoint[] = [{ root: EMPTY_TRIE_ROOT, reads: readAll(new FlatState(world.store), true) }]
  for (let i = 0; i < BLOCKS; i++) {
    await world.commit(await execute(world))
    chain.push({ root: world.root, reads: readAll(new FlatState(world.store), true) })
  }
  return chain
}

/** What a node finds when it starts on this store. */
function headOf(store: KvStore): { height: number; root: Hash } {
  const head = store.get(HEAD_KEY)
  if (head === undefined) return { height: 0, root: EMPTY_TRIE_ROOT }
  return { height: decodeHeight(head), root: bytesToHex(head.subarray(8)) }
}

function resume(store: KvStore): World {
  const world = new World(store)
  const { height, root } = headOf(store)
  world.height = height
  world.root = root
  return world
}

function checkWhole(store: KvStore, chain: readonly Checkpoint[]): number {
  const { height, root } = headOf(store)
  expect(root).toBe(chain[height]!.root)
  expect(readAll(new FlatState(store), true)).toEqual(chain[height]!.reads)
  expect(readAll(new TrieState(store, root), true)).toEqual(chain[height]!.reads)
  return height
}

/** Commits until a write fails or the process dies. Before each block goes a write that need not survive. */
async function runUntilFault(store: FaultyStore, world: World): Promise<void> {
  const run = async () => {
    while (world.height < BLOCKS) {
      const result = await execute(world)
      await store.write([{ type: 'put', key: junk, value: Uint8Array.of(world.height) }], { sync: false })
      await world.commit(result)
    }
  }
  // A dead process never hears of its write.
  await Promise.race([run().catch(() => undefined), store.whenStopped()])
}

const faults: readonly WriteFault[] = ['fail', 'fail-written', 'stop', 'stop-written']

describe('a block whose write meets a fault', () => {
  test.each(faults)(
    '%s: the store holds the block before or the block after, whole, and the chain goes on',
    async (fault) => {
      const chain = await undisturbed()
      const heights = new Set<string>()
      for (let number = 2; number <= 2 * BLOCKS; number += 2) {
        const store = new FaultyStore(new MemoryStore(), faultAt(number, fault))
        const world = new World(store)
        await runUntilFault(store, world)
        const before = world.height
        expect(before).toBe(number / 2 - 1)
        await store.restart()
        const height = checkWhole(store, chain)
        expect([before, before + 1]).toContain(height)
        heights.add(`${height - before}`)
        store.setPlan(() => 'none')
        const resumed = resume(store)
        await runUntilFault(store, resumed)
        expect(checkWhole(store, chain)).toBe(BLOCKS)
      }
      expect([...heights]).toEqual([fault.endsWith('written') ? '1' : '0'])
    },
  )

  test('an interrupted computation of a root leaves the store as it was', async () => {
    const store = new FaultyStore(new MemoryStore())
    const world = new World(store)
    await world.commit(await execute(world))
    const writes = store.writes
    await world.blockOps(await execute(world))
    expect(store.writes).toBe(writes)
    expect(readAll(new FlatState(store), true)).toEqual((await undisturbed())[1]!.reads)
  })

  test('two blocks computed on one parent, and only one decided: the other leaves no trace', async () => {
    const world = new World(new MemoryStore())
    await world.commit(await execute(world))
    const dropped = world.journal()
    dropped.deleteAccount(addresses[3] as Address)
    await world.compute(dropped)
    await world.commit(await execute(world))
    checkWhole(world.store, await undisturbed())
  })
})
