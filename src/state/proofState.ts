import { InvariantError, isNodeError, NodeError } from '../errors/errors.ts'
import { bytesToBigInt } from '../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import { keccak256, keccakHex } from '../primitives/keccak.ts'
import { asBytes, decodeRlp } from '../primitives/rlp.ts'
import type { KvReader } from '../storage/kv.ts'
import { decodeAccount } from './accountCodec.ts'
import { readAccountLeaf, readSlotLeaf, SLOT_VALUE_BYTES } from './trieState.ts'
import { walkTrie } from './trieWalk.ts'
import type { AccountRecord, StateReader } from './types.ts'

/**
 * A stored state that remembers the trie nodes behind its answers: together they prove whatever was read. Codes are not
 * among them.
 */
export class ProvingState implements StateReader {
  readonly #kv: KvReader
  readonly #root: Uint8Array
  readonly #accounts = new Map<Address, AccountRecord | undefined>()
  readonly #nodes = new Map<Hash, Uint8Array>()

  constructor(kv: KvReader, stateRoot: Hash) {
    this.#kv = kv
    this.#root = hexToBytes(stateRoot)
  }

  /** Each node once, in the order of the reads. */
  get nodes(): readonly Uint8Array[] {
    return [...this.#nodes.values()]
  }

  account(address: Address): AccountRecord | undefined {
    if (this.#accounts.has(address)) return this.#accounts.get(address)
    const account = readAccountLeaf(this.#kv, this.#root, keccak256(hexToBytes(address)), this.#remember)
    this.#accounts.set(address, account)
    return account
  }

  storage(address: Address, slot: Hash): bigint {
    const account = this.account(address)
    if (account === undefined) return 0n
    const root = hexToBytes(account.storageRoot)
    const owner = keccak256(hexToBytes(address))
    return readSlotLeaf(this.#kv, owner, root, keccak256(hexToBytes(slot)), this.#remember)
  }

  code(): Uint8Array {
    throw new InvariantError('Codes are proven by their hash alone.')
  }

  readonly #remember = (node: Uint8Array): void => {
    this.#nodes.set(keccakHex(node), node)
  }
}

/** The part of a state that a set of trie nodes shows under a trusted root; BAD_PROOF for all else. */
export class ProvenState implements StateReader {
  readonly #root: Uint8Array
  readonly #nodes: ReadonlyMap<Hash, Uint8Array>
  readonly #accounts = new Map<Address, AccountRecord | undefined>()

  constructor(stateRoot: Hash, nodes: readonly Uint8Array[]) {
    this.#root = hexToBytes(stateRoot)
    this.#nodes = new Map(nodes.map((node) => [keccakHex(node), node]))
  }

  account(address: Address): AccountRecord | undefined {
    if (this.#accounts.has(address)) return this.#accounts.get(address)
    const leaf = this.#leaf(this.#root, keccak256(hexToBytes(address)))
    const account = leaf === undefined ? undefined : proven(() => decodeAccount(leaf))
    this.#accounts.set(address, account)
    return account
  }

  storage(address: Address, slot: Hash): bigint {
    const account = this.account(address)
    if (account === undefined) return 0n
    const leaf = this.#leaf(hexToBytes(account.storageRoot), keccak256(hexToBytes(slot)))
    return leaf === undefined ? 0n : proven(() => bytesToBigInt(asBytes(decodeRlp(leaf, SLOT_VALUE_BYTES))))
  }

  code(): Uint8Array {
    throw new NodeError('BAD_PROOF', 'The proof holds no codes.')
  }

  #leaf(root: Uint8Array, path: Uint8Array): Uint8Array | undefined {
    return proven(() =>
      walkTrie(root, path, (nodeHash) => {
        const node = this.#nodes.get(bytesToHex(nodeHash))
        if (node === undefined) throw new NodeError('BAD_PROOF', 'The proof lacks a node on its path.')
        return node
      }),
    )
  }
}

function proven<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!isNodeError(error) || error.code === 'BAD_PROOF') throw error
    throw new NodeError('BAD_PROOF', 'The proof does not fit its root.', {}, error)
  }
}
