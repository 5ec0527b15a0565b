import { describe, expect, test } from 'vitest'
import { isNodeError } from '../../../src/errors/errors.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../../../src/primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak256 } from '../../../src/primitives/keccak.ts'
import { decodeAccount, encodeFlatAccount, encodeTrieAccount } from '../../../src/state/accountCodec.ts'
import { FlatState } from '../../../src/state/flatState.ts'
import { ReadCache } from '../../../src/state/readCache.ts'
import { StateJournal } from '../../../src/state/stateJournal.ts'
import { computeStateRoot } from '../../../src/state/stateRoot.ts'
import { TrieState } from '../../../src/state/trieState.ts'
import { ACCOUNT_TRIE_OWNER, accountKey, kindRange, trieNodeKey } from '../../../src/storage/keys.ts'
import type { KvOp } from '../../../src/storage/kv.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { emptyState } from './support/readers.ts'
import { World } from './support/world.ts'

const code = (expected: string) => (error: unknown) => isNodeError(error, expected as never)
const nameOf = (i: number): Address => bytesToHex(keccak256(Uint8Array.of(i)).subarray(12))
const word = (value: number): Hash => `0x${value.toString(16).padStart(64, '0')}`
const owner = nameOf(0)

async function smallWorld(): Promise<World> {
  const world = new World(new MemoryStore())
  const journal = world.journal()
  for (let i = 0; i < 30; i++) {
    journal.setAccount(nameOf(i), { nonce: 1n, balanceWei: BigInt(i), codeHash: EMPTY_CODE_HASH })
  }
  for (let i = 0; i < 30; i++) journal.setStorage(owner, word(i), BigInt(i + 1))
  await world.commit(await world.compute(journal))
  return world
}

/** Every trie node of the store, deleted or replaced. */
async function damageNodes(world: World, node: Uint8Array | undefined): Promise<void> {
  const ops: KvOp[] = []
  for await (const [key, value] of world.store.iterate(kindRange('trieNode'))) {
    if (bytesToHex(key) === bytesToHex(trieNodeKey(ACCOUNT_TRIE_OWNER, hexToBytes(world.root)))) continue
    ops.push(
      node === undefined
        ? { type: 'del', key }
        : { type: 'put', key, value: Uint8Array.of(...value.subarray(0, 8), ...node) },
    )
  }
  expect(ops.length).toBeGreaterThan(10)
  await world.store.write(ops, { sync: false })
}

describe('a stored account', () => {
  const account = { nonce: 2n ** 63n, balanceWei: 10n ** 27n, storageRoot: word(1), codeHash: word(2) }
  const plain = { nonce: 0n, balanceWei: 0n, storageRoot: EMPTY_TRIE_ROOT, codeHash: EMPTY_CODE_HASH }

  test('reads back in both forms, and an account without code and storage is short in the flat one', () => {
    for (const each of [account, plain]) {
      expect(decodeAccount(encodeFlatAccount(each))).toEqual(each)
      expect(decodeAccount(encodeTrieAccount(each))).toEqual(each)
    }
    expect(bytesToHex(encodeFlatAccount(plain))).toBe('0xc480808080')
    expect(encodeTrieAccount(plain).length).toBe(70)
  })

  test('malformed is DATA_CORRUPT', async () => {
    const good = encodeTrieAccount(account)
    const bad = [
      good.subarray(1),
      good.subarray(0, -1),
      Uint8Array.of(...good, 0),
      new Uint8Array(0),
      new Uint8Array(200),
    ]
    for (const bytes of bad)
      expect(() => decodeAccount(bytes)).toThrowError(expect.toSatisfy(code('DATA_CORRUPT')))
    const store = new MemoryStore()
    await store.write([{ type: 'put', key: accountKey(owner), value: Uint8Array.of(0xc1) }], { sync: false })
    expect(() => new FlatState(store).account(owner)).toThrowError(expect.toSatisfy(code('DATA_CORRUPT')))
  })
})

describe('a state that is not whole', () => {
  test('an unknown root is STATE_PRUNED for readers and for the next block', async () => {
    const world = await smallWorld()
    expect(() => new TrieState(world.store, word(9))).toThrowError(expect.toSatisfy(code('STATE_PRUNED')))
    const journal = world.journal()
    journal.setAccount(nameOf(50), { nonce: 0n, balanceWei: 1n, codeHash: EMPTY_CODE_HASH })
    const root = computeStateRoot(world.store, word(9), journal.diff(), 2)
    await expect(root).rejects.toSatisfy(code('STATE_PRUNED'))
  })

  test.each(['account', 'delete', 'slot'] as const)(
    'a missing inner node is STATE_PRUNED (%s)',
    async (change) => {
      const world = await smallWorld()
      const state = new TrieState(world.store, world.root)
      await damageNodes(world, undefined)
      expect(() => state.account(owner)).toThrowError(expect.toSatisfy(code('STATE_PRUNED')))
      const journal = world.journal()
      if (change === 'account')
        journal.setAccount(owner, { nonce: 9n, balanceWei: 1n, codeHash: EMPTY_CODE_HASH })
      if (change === 'delete') journal.deleteAccount(owner)
      if (change === 'slot') journal.setStorage(owner, word(3), 0n)
      const root = computeStateRoot(world.store, world.root, journal.diff(), 2)
      await expect(root).rejects.toSatisfy(code('STATE_PRUNED'))
    },
  )

  test('a malformed node is DATA_CORRUPT', async () => {
    const world = await smallWorld()
    await damageNodes(world, Uint8Array.of(0xc3, 1, 2, 3))
    const state = new TrieState(world.store, world.root)
    expect(() => state.account(owner)).toThrowError(expect.toSatisfy(code('DATA_CORRUPT')))
    const journal = world.journal()
    journal.setStorage(owner, word(3), 0n)
    const root = computeStateRoot(world.store, world.root, journal.diff(), 2)
    await expect(root).rejects.toSatisfy(code('DATA_CORRUPT'))
  })

  test('a missing code is DATA_CORRUPT', () => {
    const store = new MemoryStore()
    expect(() => new FlatState(store).code(word(1))).toThrowError(expect.toSatisfy(code('DATA_CORRUPT')))
    expect(new FlatState(store).code(EMPTY_CODE_HASH)).toEqual(new Uint8Array(0))
  })
})

describe('diffs that break their own rules', () => {
  const record = { nonce: 1n, balanceWei: 1n, storageRoot: EMPTY_TRIE_ROOT, codeHash: EMPTY_CODE_HASH }
  const empty = {
    accounts: new Map(),
    clearedStorage: new Set<Address>(),
    storage: new Map(),
    codes: new Map(),
  }

  test('are refused: changed slots without a record, a clear that keeps its root', async () => {
    const store = new MemoryStore()
    const orphan = { ...empty, storage: new Map([[owner, new Map([[word(1), 1n]])]]) }
    await expect(computeStateRoot(store, EMPTY_TRIE_ROOT, orphan, 1)).rejects.toThrow('record')
    const kept = {
      ...empty,
      accounts: new Map([[owner, { ...record, storageRoot: word(1) }]]),
      clearedStorage: new Set([owner]),
    }
    await expect(computeStateRoot(store, EMPTY_TRIE_ROOT, kept, 1)).rejects.toThrow('empty storage root')
  })
})

describe('ReadCache', () => {
  test('asks its parent once for each name, absent ones included', () => {
    const asked: string[] = []
    const cache = new ReadCache({
      ...emptyState,
      account: (address) => void asked.push(address),
      storage: (_address, slot) => BigInt(asked.push(slot)),
    })
    for (let i = 0; i < 3; i++) {
      expect(cache.account(owner)).toBeUndefined()
      expect(cache.storage(owner, word(1))).toBe(2n)
    }
    expect(asked).toEqual([owner, word(1)])
  })

  test('forgets when full and still answers right', () => {
    let reads = 0
    const parent = {
      ...emptyState,
      storage: (_address: Address, slot: Hash) => {
        reads++
        return BigInt(slot)
      },
    }
    const cache = new ReadCache(parent, 3)
    for (const [i, expectedReads] of [
      [0, 1],
      [1, 2],
      [2, 3],
      [0, 3],
      [3, 4],
      [3, 4],
      [0, 5],
    ] as const) {
      expect(cache.storage(owner, word(i))).toBe(BigInt(i))
      expect(reads).toBe(expectedReads)
    }
  })
})

test('a journal over an old state starts from that state', async () => {
  const world = await smallWorld()
  const oldRoot = world.root
  const next = world.journal()
  next.setStorage(owner, word(3), 77n)
  await world.commit(await world.compute(next))
  const journal = new StateJournal(new TrieState(world.store, oldRoot))
  expect(journal.storage(owner, word(3))).toBe(4n)
  journal.setStorage(owner, word(3), 77n)
  const { stateRoot } = await computeStateRoot(world.store, oldRoot, journal.diff(), 2)
  expect(stateRoot).toBe(world.root)
})
