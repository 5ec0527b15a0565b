import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import { bytesToHex, type Hash, hexToBytes } from '../../primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../../primitives/keccak.ts'
import { asBytes, decodeRlp } from '../../primitives/rlp.ts'
import { yieldToEventLoop } from '../../runtime/yield.ts'
import { ACCOUNT_TRIE_OWNER, preimageKey } from '../../storage/keys.ts'
import type { KvReader } from '../../storage/kv.ts'
import { decodeAccount } from '../accountCodec.ts'
import { readTrieNode } from '../trieNodes.ts'
import { SLOT_VALUE_BYTES } from '../trieState.ts'
import { type Leaf, leavesUnder, type Nibbles, openPlace, placeOf } from './subtrie.ts'

export interface StateSlot {
  readonly slot: Uint8Array
  readonly value: Uint8Array
}

export interface StateAccount {
  readonly address: Uint8Array
  readonly account: Uint8Array
  readonly slots: readonly StateSlot[]
}

/** A part of a trie and what proves it; `items` undefined: it is larger than it may be. */
export interface StateChunk<T> {
  readonly proof: readonly Uint8Array[]
  readonly items: readonly T[] | undefined
}

// RLP headers and lengths of an item, rounded up
const SLOT_OVERHEAD = 8
const ACCOUNT_OVERHEAD = 32

/**
 * Reads a stored state in chunks, each the part of a trie under a prefix. Asynchronous only so that other work gets its
 * turns. STATE_PRUNED where the state is not kept, NOT_FOUND where the store does not know its keys by name, since an
 * older version wrote it.
 */
export class ChunkReader {
  readonly #kv: KvReader
  readonly #maxBytes: number
  readonly #inlineBytes: number

  constructor(
    modules: { kv: KvReader },
    options: { maxBytes: number; inlineBytes: number } = {
      maxBytes: limits.snapshotChunkBytes - limits.snapshotProofBytes,
      inlineBytes: limits.snapshotInlineBytes,
    },
  ) {
    this.#kv = modules.kv
    this.#maxBytes = options.maxBytes
    this.#inlineBytes = options.inlineBytes
  }

  accounts(stateRoot: Hash, prefix: Nibbles): Promise<StateChunk<StateAccount>> {
    return this.#chunk(ACCOUNT_TRIE_OWNER, hexToBytes(stateRoot), prefix, (leaf) => {
      const { storageRoot } = decodeAccount(leaf.value)
      const slots =
        storageRoot === EMPTY_TRIE_ROOT ? [] : this.#inlineSlots(leaf.key, hexToBytes(storageRoot))
      const item = { address: this.#preimage(leaf.key), account: leaf.value, slots }
      const slotBytes = slots.reduce((sum, one) => sum + bytesOfSlot(one), 0)
      return { item, bytes: leaf.value.length + slotBytes + ACCOUNT_OVERHEAD }
    })
  }

  /** `owner`: the hashed address. */
  slots(owner: Uint8Array, storageRoot: Hash, prefix: Nibbles): Promise<StateChunk<StateSlot>> {
    return this.#chunk(owner, hexToBytes(storageRoot), prefix, (leaf) => {
      const item = this.#slotOf(leaf)
      return { item, bytes: bytesOfSlot(item) }
    })
  }

  async #chunk<T>(
    owner: Uint8Array,
    root: Uint8Array,
    prefix: Nibbles,
    read: (leaf: Leaf) => { item: T; bytes: number },
  ): Promise<StateChunk<T>> {
    const lookup = (hash: Uint8Array) => readTrieNode(this.#kv, owner, hash)
    const proof = new Map<Hash, Uint8Array>()
    const collect = (hash: Uint8Array, node: Uint8Array) => {
      proof.set(bytesToHex(hash), node)
    }
    const place = placeOf(root, prefix, lookup, collect)
    const items: T[] = []
    let left = this.#maxBytes
    for (const leaf of leavesUnder(place, lookup)) {
      const { item, bytes } = read(leaf)
      left -= bytes
      if (left < 0 && items.length > 0) {
        // two leaves at least, so that there is a branch above them
        openPlace(place, lookup, collect)
        return { proof: [...proof.values()], items: undefined }
      }
      items.push(item)
      if (items.length % limits.snapshotLeavesATurn === 0) await yieldToEventLoop()
    }
    return { proof: [...proof.values()], items }
  }

  /** None where they are too many to travel with their account. */
  #inlineSlots(owner: Uint8Array, storageRoot: Uint8Array): readonly StateSlot[] {
    const lookup = (hash: Uint8Array) => readTrieNode(this.#kv, owner, hash)
    const slots: StateSlot[] = []
    let left = this.#inlineBytes
    for (const leaf of leavesUnder({ reference: storageRoot, path: [] }, lookup)) {
      const slot = this.#slotOf(leaf)
      left -= bytesOfSlot(slot)
      if (left < 0) return []
      slots.push(slot)
    }
    return slots
  }

  #slotOf(leaf: Leaf): StateSlot {
    return { slot: this.#preimage(leaf.key), value: asBytes(decodeRlp(leaf.value, SLOT_VALUE_BYTES)) }
  }

  #preimage(hash: Uint8Array): Uint8Array {
    const preimage = this.#kv.get(preimageKey(hash))
    if (preimage === undefined) {
      throw new NodeError(
        'NOT_FOUND',
        'This folder does not know its state by name: an older version wrote it.',
      )
    }
    return preimage
  }
}

function bytesOfSlot({ value }: StateSlot): number {
  return 32 + value.length + SLOT_OVERHEAD
}
