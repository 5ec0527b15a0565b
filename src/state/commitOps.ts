import { bigIntToMinimalBytes } from '../primitives/bytes.ts'
import { type Address, hexToBytes } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256 } from '../primitives/keccak.ts'
import { accountKey, codeKey, preimageKey, slotKey, slotRange } from '../storage/keys.ts'
import type { KvOp, KvStore } from '../storage/kv.ts'
import { encodeFlatAccount } from './accountCodec.ts'
import { FlatState } from './flatState.ts'
import type { StateRootResult } from './stateRoot.ts'

/**
 * All that a block writes to the state: flat accounts and slots, codes, trie nodes. The store must still hold the
 * parent's flat state, and the ops go, with the block itself, into one synced write.
 *
 * Addresses and slots that are new are kept under their hashes as well, for ever: a snapshot of an older state, which is
 * read from its trie, names them.
 *
 * Deleted and cleared accounts lose every slot: the store is walked for them, because the diff names only the slots
 * that the block wrote. The walk is left out where the parent's storage was empty, and since EIP-6780 no other
 * account can be destroyed; so it costs time only under older forks, in proportion to the slots removed.
 */
export async function stateCommitOps(store: KvStore, result: StateRootResult): Promise<KvOp[]> {
  const { accounts, clearedStorage, storage, codes } = result.diff
  const parent = new FlatState(store)
  const ops: KvOp[] = []
  for (const [address, account] of accounts) {
    const before = parent.account(address)
    const hadStorage = (before?.storageRoot ?? EMPTY_TRIE_ROOT) !== EMPTY_TRIE_ROOT
    if (before === undefined && account !== null) ops.push(putPreimage(hexToBytes(address)))
    if (hadStorage && (account === null || clearedStorage.has(address))) {
      ops.push(...(await deleteAllSlots(store, address)))
    }
    ops.push(
      account === null
        ? { type: 'del', key: accountKey(address) }
        : { type: 'put', key: accountKey(address), value: encodeFlatAccount(account) },
    )
  }
  for (const [address, slots] of storage) {
    for (const [slot, value] of slots) {
      const key = slotKey(address, slot)
      if (value !== 0n && store.get(key) === undefined) ops.push(putPreimage(hexToBytes(slot)))
      ops.push(value === 0n ? { type: 'del', key } : { type: 'put', key, value: bigIntToMinimalBytes(value) })
    }
  }
  for (const [codeHash, code] of codes) ops.push({ type: 'put', key: codeKey(codeHash), value: code })
  for (const op of result.trieOps) ops.push(op)
  return ops
}

async function deleteAllSlots(store: KvStore, address: Address): Promise<KvOp[]> {
  const ops: KvOp[] = []
  for await (const [key] of store.iterate(slotRange(address))) ops.push({ type: 'del', key })
  return ops
}

export function putPreimage(preimage: Uint8Array): KvOp {
  return { type: 'put', key: preimageKey(keccak256(preimage)), value: preimage }
}
