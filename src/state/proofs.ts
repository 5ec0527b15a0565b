import { limits } from '../config/limits.ts'
import { isNodeError, NodeError } from '../errors/errors.ts'
import { bytesToBigInt } from '../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from '../primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak256, keccakHex } from '../primitives/keccak.ts'
import { asBytes, decodeRlp } from '../primitives/rlp.ts'
import type { KvReader } from '../storage/kv.ts'
import { decodeAccount } from './accountCodec.ts'
import { readAccountLeaf, readSlotLeaf, SLOT_VALUE_BYTES } from './trieState.ts'
import { walkTrie } from './trieWalk.ts'
import type { AccountRecord } from './types.ts'

export interface SlotProof {
  readonly slot: Hash
  readonly value: bigint
  /** Nodes from the storage root down, RLP; none for an empty trie. */
  readonly proof: readonly Hex[]
}

/** EIP-1186. An account that does not exist has the fields of an empty one, and a proof that it is absent. */
export interface AccountProof {
  readonly address: Address
  readonly account: AccountRecord
  /** Nodes from the state root down, RLP. */
  readonly accountProof: readonly Hex[]
  /** In the order of the request. */
  readonly storageProof: readonly SlotProof[]
}

const ABSENT_ACCOUNT: AccountRecord = {
  nonce: 0n,
  balanceWei: 0n,
  storageRoot: EMPTY_TRIE_ROOT,
  codeHash: EMPTY_CODE_HASH,
}

/** Proofs of an account and of slots of it at a kept root. STATE_PRUNED where the state is not kept. */
export function proveAccount(
  kv: KvReader,
  stateRoot: Hash,
  address: Address,
  slots: readonly Hash[],
): AccountProof {
  if (slots.length > limits.proofSlots) {
    throw new NodeError('LIMIT_EXCEEDED', `A proof covers ${limits.proofSlots} slots at most.`)
  }
  const accountProof: Hex[] = []
  const addressHash = keccak256(hexToBytes(address))
  const account =
    readAccountLeaf(kv, hexToBytes(stateRoot), addressHash, collectInto(accountProof)) ?? ABSENT_ACCOUNT
  const storageRoot = hexToBytes(account.storageRoot)
  const storageProof = slots.map((slot) => {
    const proof: Hex[] = []
    const slotHash = keccak256(hexToBytes(slot))
    const value = readSlotLeaf(kv, addressHash, storageRoot, slotHash, collectInto(proof))
    return { slot, value, proof }
  })
  return { address, account, accountProof, storageProof }
}

/** What a proof from outside shows about an account under a trusted state root; BAD_PROOF when it shows nothing. */
export function verifyAccountProof(
  stateRoot: Hash,
  address: Address,
  proof: readonly Uint8Array[],
): AccountRecord | undefined {
  return checked(() => {
    const leaf = followProof(stateRoot, keccak256(hexToBytes(address)), proof)
    return leaf === undefined ? undefined : decodeAccount(leaf)
  })
}

/** What a proof from outside shows about a slot under a trusted storage root; BAD_PROOF when it shows nothing. */
export function verifySlotProof(storageRoot: Hash, slot: Hash, proof: readonly Uint8Array[]): bigint {
  return checked(() => {
    const leaf = followProof(storageRoot, keccak256(hexToBytes(slot)), proof)
    return leaf === undefined ? 0n : bytesToBigInt(asBytes(decodeRlp(leaf, SLOT_VALUE_BYTES)))
  })
}

function followProof(root: Hash, path: Uint8Array, proof: readonly Uint8Array[]): Uint8Array | undefined {
  if (proof.length > limits.proofNodes) throw new NodeError('BAD_PROOF', 'The proof has too many nodes.')
  if (proof.some((node) => node.length > limits.trieNodeBytes)) {
    throw new NodeError('BAD_PROOF', 'A node of the proof is too large.')
  }
  const nodes = new Map(proof.map((node) => [keccakHex(node), node]))
  return walkTrie(hexToBytes(root), path, (nodeHash) => {
    const node = nodes.get(bytesToHex(nodeHash))
    if (node === undefined) throw new NodeError('BAD_PROOF', 'The proof lacks a node on its path.')
    return node
  })
}

function checked<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (isNodeError(error, 'BAD_PROOF') || !isNodeError(error)) throw error
    throw new NodeError('BAD_PROOF', 'The proof does not fit its root.', {}, error)
  }
}

function collectInto(proof: Hex[]): (node: Uint8Array) => void {
  return (node) => {
    proof.push(bytesToHex(node))
  }
}
