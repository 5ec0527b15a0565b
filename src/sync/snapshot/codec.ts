import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import { type Address, bytesToHex, type Hash } from '../../primitives/hex.ts'
import {
  asAddress,
  asBytes,
  asHash,
  asInt,
  asList,
  decodeRlp,
  encodeRlp,
  fromHex,
  fromInt,
  type RlpItem,
} from '../../primitives/rlp.ts'
import type { Nibbles } from '../../state/snapshot/subtrie.ts'

export const SNAPSHOT_PROTOCOL = 'snapshot/1'
const WIRE_VERSION = 1

/** What is asked of a peer: which states it has, or a part of one. */
export type SnapshotRequest =
  | { readonly kind: 'offers' }
  | { readonly kind: 'accounts'; readonly stateRoot: Hash; readonly prefix: Nibbles }
  | {
      readonly kind: 'slots'
      readonly address: Address
      readonly storageRoot: Hash
      readonly prefix: Nibbles
    }
  | { readonly kind: 'codes'; readonly hashes: readonly Hash[] }

/** A slot as it is in the state; its key is its hash. */
export interface SlotItem {
  readonly slot: Uint8Array
  /** Big endian, without leading zeros. */
  readonly value: Uint8Array
}

export interface AccountItem {
  readonly address: Uint8Array
  /** RLP, as in the trie. */
  readonly account: Uint8Array
  /** All of its slots, in the order of their hashes; none where it has none, or too many to travel with it. */
  readonly slots: readonly SlotItem[]
}

/**
 * The part of a trie under a prefix. `proof` leads to where the prefix ends. A part that is too large is not given:
 * `isSplit`, and the proof goes on to the branch whose children are to be asked for.
 */
export interface Chunk<T> {
  readonly proof: readonly Uint8Array[]
  readonly isSplit: boolean
  readonly items: readonly T[]
}

/** 256 hashes of codes, and headers. */
export const SNAPSHOT_REQUEST_BYTES = 33 * limits.snapshotCodes + 64
export const SNAPSHOT_RESPONSE_BYTES = limits.snapshotChunkBytes
const KINDS = ['offers', 'accounts', 'slots', 'codes'] as const
const PREFIX_NIBBLES = 64

export function encodeSnapshotRequest(request: SnapshotRequest): Uint8Array {
  const kind = fromInt(KINDS.indexOf(request.kind))
  return encodeRlp([fromInt(WIRE_VERSION), kind, ...fieldsOf(request)])
}

function fieldsOf(request: SnapshotRequest): RlpItem[] {
  switch (request.kind) {
    case 'offers':
      return []
    case 'accounts':
      return [fromHex(request.stateRoot), Uint8Array.from(request.prefix)]
    case 'slots':
      return [fromHex(request.address), fromHex(request.storageRoot), Uint8Array.from(request.prefix)]
    case 'codes':
      return [request.hashes.map(fromHex)]
  }
}

export function decodeSnapshotRequest(bytes: Uint8Array): SnapshotRequest {
  const [version, kindCode, ...fields] = asList(decodeRlp(bytes, SNAPSHOT_REQUEST_BYTES))
  checkVersion(asInt(version))
  const kind = KINDS[asInt(kindCode)]
  switch (kind) {
    case 'offers':
      asList(fields, 0)
      return { kind }
    case 'accounts': {
      const [stateRoot, prefix] = asList(fields, 2)
      return { kind, stateRoot: asHash(stateRoot), prefix: asNibbles(prefix) }
    }
    case 'slots': {
      const [address, storageRoot, prefix] = asList(fields, 3)
      return {
        kind,
        address: asAddress(address),
        storageRoot: asHash(storageRoot),
        prefix: asNibbles(prefix),
      }
    }
    case 'codes': {
      const hashes = asList(asList(fields, 1)[0]).map(asHash)
      if (hashes.length === 0 || hashes.length > limits.snapshotCodes) {
        throw new NodeError('BAD_REQUEST', `From 1 to ${limits.snapshotCodes} codes are asked for at a time.`)
      }
      return { kind, hashes }
    }
    default:
      throw new NodeError('BAD_REQUEST', 'Unknown request for a snapshot.')
  }
}

export function encodeOffers(heights: readonly number[]): Uint8Array {
  return encodeRlp([fromInt(WIRE_VERSION), heights.map(fromInt)])
}

export function decodeOffers(bytes: Uint8Array): readonly number[] {
  const [version, heights] = asList(decodeRlp(bytes, 9 * limits.snapshotOffers + 16), 2)
  checkVersion(asInt(version))
  return asList(heights).map((height) => asInt(height))
}

export function encodeCodes(codes: readonly Uint8Array[]): Uint8Array {
  return encodeRlp([fromInt(WIRE_VERSION), [...codes]])
}

export function decodeCodes(bytes: Uint8Array): readonly Uint8Array[] {
  const [version, codes] = asList(decodeRlp(bytes, SNAPSHOT_RESPONSE_BYTES), 2)
  checkVersion(asInt(version))
  return asList(codes).map((code) => asBytes(code))
}

export function encodeAccountChunk(chunk: Chunk<AccountItem>): Uint8Array {
  return encodeChunk(chunk, ({ address, account, slots }) => [address, account, slots.map(slotToRlp)])
}

export function decodeAccountChunk(bytes: Uint8Array): Chunk<AccountItem> {
  return decodeChunk(bytes, (item) => {
    const [address, account, slots] = asList(item, 3)
    return { address: asBytes(address, 20), account: asBytes(account), slots: asList(slots).map(slotFromRlp) }
  })
}

export function encodeSlotChunk(chunk: Chunk<SlotItem>): Uint8Array {
  return encodeChunk(chunk, slotToRlp)
}

export function decodeSlotChunk(bytes: Uint8Array): Chunk<SlotItem> {
  return decodeChunk(bytes, slotFromRlp)
}

function encodeChunk<T>({ proof, isSplit, items }: Chunk<T>, itemToRlp: (item: T) => RlpItem): Uint8Array {
  return encodeRlp([fromInt(WIRE_VERSION), [...proof], fromInt(isSplit ? 1 : 0), items.map(itemToRlp)])
}

function decodeChunk<T>(bytes: Uint8Array, itemFromRlp: (item: RlpItem) => T): Chunk<T> {
  const [version, proof, isSplit, items] = asList(decodeRlp(bytes, SNAPSHOT_RESPONSE_BYTES), 4)
  checkVersion(asInt(version))
  const nodes = asList(proof).map((node) => asBytes(node))
  if (nodes.length > limits.proofNodes) throw new NodeError('LIMIT_EXCEEDED', 'The proof has too many nodes.')
  return { proof: nodes, isSplit: asInt(isSplit, 1) === 1, items: asList(items).map(itemFromRlp) }
}

function slotToRlp({ slot, value }: SlotItem): RlpItem {
  return [slot, value]
}

function slotFromRlp(item: RlpItem): SlotItem {
  const [slot, value] = asList(item, 2)
  const bytes = asBytes(value)
  if (bytes.length === 0 || bytes.length > 32 || bytes[0] === 0) {
    throw new NodeError('BAD_RLP', 'A slot of a snapshot has a value without leading zeros.')
  }
  return { slot: asBytes(slot, 32), value: bytes }
}

function asNibbles(item: RlpItem | undefined): Nibbles {
  const bytes = asBytes(item)
  if (bytes.length > PREFIX_NIBBLES || bytes.some((nibble) => nibble > 0x0f)) {
    throw new NodeError('BAD_REQUEST', `${bytesToHex(bytes)} is no prefix of a key.`)
  }
  return [...bytes]
}

function checkVersion(version: number): void {
  if (version !== WIRE_VERSION) {
    throw new NodeError('BAD_RLP', `Unknown version ${version} of a snapshot message.`)
  }
}
