import { createHash } from 'node:crypto'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { create as createDigest } from 'multiformats/hashes/digest'
import { type Hash, hexToBytes } from '../primitives/hex.ts'

/** Multicodec number of sha2-256. */
const SHA2_256 = 0x12

/** sha2-256, as lower-case hex with 0x: how contents are named on the chain. */
export function sha256(bytes: Uint8Array): Hash {
  return `0x${createHash('sha256').update(bytes).digest('hex')}`
}

/** The CIDv1 (raw codec, base32) of content with this sha2-256 digest: its name off the chain. */
export function cidOfDigest(digest: Hash): string {
  return CID.createV1(raw.code, createDigest(SHA2_256, hexToBytes(digest))).toString()
}

export function cidOf(bytes: Uint8Array): string {
  return cidOfDigest(sha256(bytes))
}

/**
 * JSON with the keys of every object sorted and no spaces: equal values give equal bytes. Values are strings,
 * booleans, null, safe integers, lists and plain objects; anything else has no canonical form and is refused.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value)
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value))
      throw new TypeError(`${value} has no canonical form; write it as a string.`)
    return String(value)
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value === 'object') {
    const entries = Object.entries(value).filter(([, entry]) => entry !== undefined)
    entries.sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${canonicalJson(entry)}`).join(',')}}`
  }
  throw new TypeError(`A ${typeof value} has no canonical form.`)
}
