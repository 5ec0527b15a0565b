import { MerklePatriciaTrie } from '@ethereumjs/mpt'
import { expect } from 'vitest'
import { bigIntToMinimalBytes } from '../../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../../../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256, keccakHex } from '../../../../src/primitives/keccak.ts'
import { encodeRlp } from '../../../../src/primitives/rlp.ts'
import { encodeTrieAccount } from '../../../../src/state/accountCodec.ts'
import { FlatState } from '../../../../src/state/flatState.ts'
import { addressAndSlotOfKey, addressOfAccountKey, kindRange } from '../../../../src/storage/keys.ts'
import type { KvStore } from '../../../../src/storage/kv.ts'

/** The root of what the flat keys hold, made from nothing; every code that they name is there. */
export async function rootOfFlatKeys(store: KvStore): Promise<Hash> {
  const flat = new FlatState(store)
  const storageTries = new Map<Address, MerklePatriciaTrie>()
  const newTrie = () => new MerklePatriciaTrie({ useKeyHashing: true, useKeyHashingFunction: keccak256 })
  for await (const [key] of store.iterate(kindRange('slot'))) {
    const { address, slot } = addressAndSlotOfKey(key)
    const trie = storageTries.get(address) ?? newTrie()
    storageTries.set(address, trie)
    const value = flat.storage(address, slot)
    expect(value).not.toBe(0n)
    await trie.put(hexToBytes(slot), encodeRlp(bigIntToMinimalBytes(value)))
  }
  const accountTrie = newTrie()
  for await (const [key] of store.iterate(kindRange('account'))) {
    const address = addressOfAccountKey(key)
    const account = flat.account(address)!
    expect(keccakHex(flat.code(account.codeHash))).toBe(account.codeHash)
    const trie = storageTries.get(address)
    storageTries.delete(address)
    expect(account.storageRoot).toBe(trie === undefined ? EMPTY_TRIE_ROOT : bytesToHex(trie.root()))
    await accountTrie.put(hexToBytes(address), encodeTrieAccount(account))
  }
  expect([...storageTries.keys()]).toEqual([])
  return bytesToHex(accountTrie.root())
}
