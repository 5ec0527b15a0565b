import { bigIntToBytes, concatBytes, utf8ToBytes } from '../../src/primitives/bytes.ts'
import type { Address, Hash } from '../../src/primitives/hex.ts'
import { keccak256 } from '../../src/primitives/keccak.ts'
import type { PrecompileHost } from '../host.ts'

/** One family of blobs: its ids are keccak256(keccak256(name) ‖ each key as a word). */
export interface BlobKind {
  readonly domain: Uint8Array
}

export function blobKind(name: string): BlobKind {
  return { domain: keccak256(utf8ToBytes(name)) }
}

export function blobId(host: PrecompileHost, kind: BlobKind, ...keys: readonly (bigint | number)[]): Hash {
  return host.keccak(concatBytes(kind.domain, ...keys.map((key) => bigIntToBytes(BigInt(key), 32))))
}

export function writeBlob(
  host: PrecompileHost,
  kind: BlobKind,
  payload: Uint8Array,
  ...keys: readonly (bigint | number)[]
): void {
  host.writeBlob(blobId(host, kind, ...keys), payload)
}

export function readBlob(
  host: PrecompileHost,
  owner: Address,
  kind: BlobKind,
  ...keys: readonly (bigint | number)[]
): Uint8Array | undefined {
  return host.readBlob(owner, blobId(host, kind, ...keys))
}
