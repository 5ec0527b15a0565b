import { createMerkleProof, MerklePatriciaTrie, verifyMerkleProof } from '@ethereumjs/mpt'
import { beforeAll, describe, expect, test } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { isNodeError } from '../../../src/errors/errors.ts'
import { bigIntToMinimalBytes } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak256 } from '../../../src/primitives/keccak.ts'
import { encodeRlp } from '../../../src/primitives/rlp.ts'
import { encodeTrieAccount } from '../../../src/state/accountCodec.ts'
import { FlatState } from '../../../src/state/flatState.ts'
import { proveAccount, verifyAccountProof, verifySlotProof } from '../../../src/state/proofs.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { World } from './support/world.ts'

const word = (value: number): Hash => `0x${value.toString(16).padStart(64, '0')}`
const nameOf = (i: number): Address => bytesToHex(keccak256(Uint8Array.of(i)).subarray(12))
const owner = nameOf(0)
const present = Array.from({ length: 40 }, (_, i) => word(i))
const absent = Array.from({ length: 40 }, (_, i) => word(1000 + i))
const amountAt = (slot: Hash) => (1n + BigInt(slot)) ** 20n
const badProof = (error: unknown) => isNodeError(error, 'BAD_PROOF')
const bytesOf = (proof: readonly Hex[]) => proof.map(hexToBytes)
const trieOptions = { useKeyHashing: true, useKeyHashingFunction: keccak256 }

const world = new World(new MemoryStore())
/** The same tries, built by the library from nothing. */
const accountTrie = new MerklePatriciaTrie(trieOptions)
const storageTrie = new MerklePatriciaTrie(trieOptions)

beforeAll(async () => {
  const journal = world.journal()
  for (let i = 0; i < 60; i++) {
    journal.setAccount(nameOf(i), {
      nonce: BigInt(i),
      balanceWei: 10n ** BigInt(i),
      codeHash: EMPTY_CODE_HASH,
    })
  }
  for (const slot of present) {
    journal.setStorage(owner, slot, amountAt(slot))
    await storageTrie.put(hexToBytes(slot), encodeRlp(bigIntToMinimalBytes(amountAt(slot))))
  }
  await world.commit(await world.compute(journal))
  const flat = new FlatState(world.store)
  for (let i = 0; i < 60; i++) {
    await accountTrie.put(hexToBytes(nameOf(i)), encodeTrieAccount(flat.account(nameOf(i))!))
  }
  expect(bytesToHex(accountTrie.root())).toBe(world.root)
})

/** What the library proves, without nodes under 32 bytes: those lie inside their parents. */
async function libraryProof(trie: MerklePatriciaTrie, key: Hex): Promise<Hex[]> {
  const proof = await createMerkleProof(trie, hexToBytes(key))
  return proof.filter((node, index) => index === 0 || node.length >= 32).map(bytesToHex)
}

const libraryVerify = (root: Hash, key: Hex, proof: readonly Hex[]) =>
  verifyMerkleProof(hexToBytes(key), bytesOf(proof), { ...trieOptions, root: hexToBytes(root) })

describe('proofs', () => {
  test('of accounts, present and absent, are those of the library and pass its verifier', async () => {
    for (let i = 0; i < 120; i++) {
      const name = nameOf(i)
      const { account, accountProof } = proveAccount(world.store, world.root, name, [])
      expect(accountProof).toEqual(await libraryProof(accountTrie, name))
      const expected = new FlatState(world.store).account(name)
      expect(expected === undefined).toBe(i >= 60)
      const leaf = await libraryVerify(world.root, name, accountProof)
      expect(leaf).toEqual(expected === undefined ? null : encodeTrieAccount(expected))
      expect(verifyAccountProof(world.root, name, bytesOf(accountProof))).toEqual(expected)
      if (expected !== undefined) expect(account).toEqual(expected)
    }
  })

  test('of slots, present and absent, are those of the library and pass its verifier', async () => {
    const wanted = [...present, ...absent]
    const { account, storageProof } = proveAccount(world.store, world.root, owner, wanted)
    expect(storageProof.map(({ slot }) => slot)).toEqual(wanted)
    for (const { slot, value, proof } of storageProof) {
      expect(value).toBe(present.includes(slot) ? amountAt(slot) : 0n)
      expect(proof).toEqual(await libraryProof(storageTrie, slot))
      const leaf = await libraryVerify(account.storageRoot, slot, proof)
      expect(leaf).toEqual(value === 0n ? null : encodeRlp(bigIntToMinimalBytes(value)))
      expect(verifySlotProof(account.storageRoot, slot, bytesOf(proof))).toBe(value)
    }
  })

  test('of an account that does not exist have the fields of an empty account', () => {
    const { account, storageProof } = proveAccount(world.store, world.root, nameOf(99), [word(1)])
    expect(account).toEqual({
      nonce: 0n,
      balanceWei: 0n,
      storageRoot: EMPTY_TRIE_ROOT,
      codeHash: EMPTY_CODE_HASH,
    })
    expect(storageProof).toEqual([{ slot: word(1), value: 0n, proof: [] }])
  })

  test('in the empty state are empty', () => {
    const { accountProof } = proveAccount(new MemoryStore(), EMPTY_TRIE_ROOT, owner, [])
    expect(accountProof).toEqual([])
    expect(verifyAccountProof(EMPTY_TRIE_ROOT, owner, [])).toBeUndefined()
    expect(verifySlotProof(EMPTY_TRIE_ROOT, word(1), [])).toBe(0n)
  })

  test('altered, shortened, or of another root are refused', () => {
    const proof = bytesOf(proveAccount(world.store, world.root, owner, []).accountProof)
    expect(proof.length).toBeGreaterThan(1)
    for (const [index, node] of proof.entries()) {
      const without = proof.toSpliced(index, 1)
      expect(() => verifyAccountProof(world.root, owner, without)).toThrowError(expect.toSatisfy(badProof))
      const altered = proof.with(index, node.with(node.length - 1, (node.at(-1)! + 1) & 0xff))
      expect(() => verifyAccountProof(world.root, owner, altered)).toThrowError(expect.toSatisfy(badProof))
    }
    expect(() => verifyAccountProof(word(7), owner, proof)).toThrowError(expect.toSatisfy(badProof))
    expect(() => verifyAccountProof(world.root, nameOf(5), proof)).toThrowError(expect.toSatisfy(badProof))
  })

  test('that hash to their root and are no trie are refused', () => {
    const shapes: Uint8Array[] = [
      Uint8Array.of(0x80, 0x01),
      encodeRlp(Uint8Array.of(1, 2, 3)),
      encodeRlp([]),
      encodeRlp([Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)]),
      // an unknown path prefix, an extension without a path, a leaf that ends early, a short reference
      encodeRlp([Uint8Array.of(0x40), new Uint8Array(32)]),
      encodeRlp([Uint8Array.of(0x00), new Uint8Array(32)]),
      encodeRlp([Uint8Array.of(0x20), Uint8Array.of(1)]),
      encodeRlp([...Array.from({ length: 16 }, () => Uint8Array.of(5)), new Uint8Array(0)]),
      encodeRlp([...Array.from({ length: 16 }, () => new Uint8Array(0)), Uint8Array.of(1)]),
      // a leaf that is no account
      encodeRlp([Uint8Array.of(0x20, ...keccak256(hexToBytes(owner))), Uint8Array.of(1, 2)]),
    ]
    for (const shape of shapes) {
      const root = bytesToHex(keccak256(shape))
      expect(() => verifyAccountProof(root, owner, [shape])).toThrowError(expect.toSatisfy(badProof))
    }
  })

  test('beyond the bounds are refused', () => {
    const refused = (error: unknown) => isNodeError(error, 'LIMIT_EXCEEDED')
    const slots = Array.from({ length: limits.proofSlots + 1 }, (_, i) => word(i))
    expect(() => proveAccount(world.store, world.root, owner, slots)).toThrowError(expect.toSatisfy(refused))
    const many = Array.from({ length: limits.proofNodes + 1 }, () => new Uint8Array(1))
    expect(() => verifyAccountProof(world.root, owner, many)).toThrowError(expect.toSatisfy(badProof))
    const large = [new Uint8Array(limits.trieNodeBytes + 1)]
    expect(() => verifyAccountProof(world.root, owner, large)).toThrowError(expect.toSatisfy(badProof))
  })
})
