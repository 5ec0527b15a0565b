import { createHash } from 'node:crypto'
import { base32 } from 'multiformats/bases/base32'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { create as createDigest } from 'multiformats/hashes/digest'
import { NodeError } from '../errors/errors.ts'
import { bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'

/** CIDv1, raw codec, sha2-256, base32 in lower case: the one form in which this node names content. */
export type Cid = string

const SHA2_256 = 0x12
const DIGEST_BYTES = 32
/** Version, codec, hash code, length, digest: one byte each but the last. */
export const CID_BYTES = 4 + DIGEST_BYTES
/** `b` and 36 bytes in base32. */
const CID_TEXT = /^b[a-z2-7]{58}$/

export function cidOf(bytes: Uint8Array): Cid {
  return cidOfDigest(createHash('sha256').update(bytes).digest())
}

/** `digest` is the sha2-256 that the chain stores. */
export function cidOfDigest(digest: Uint8Array | Hash): Cid {
  const bytes = typeof digest === 'string' ? hexToBytes(digest) : digest
  return CID.createV1(raw.code, createDigest(SHA2_256, Uint8Array.from(bytes))).toString(base32)
}

/** A CID from outside, in the form above. BAD_CID for any other, also where it would name the same bytes. */
export function parseCid(text: string): Cid {
  if (!CID_TEXT.test(text)) throw badCid()
  try {
    return checkedText(CID.parse(text, base32), text)
  } catch (error) {
    throw badCid(error)
  }
}

export function digestOfCid(cid: Cid): Hash {
  return bytesToHex(CID.parse(cid, base32).multihash.digest)
}

export function cidToBytes(cid: Cid): Uint8Array {
  return CID.parse(cid, base32).bytes
}

/** BAD_CID unless the bytes are exactly such a CID. */
export function cidFromBytes(bytes: Uint8Array): Cid {
  if (bytes.length !== CID_BYTES) throw badCid()
  try {
    const cid = CID.decode(Uint8Array.from(bytes))
    return checkedText(cid, cid.toString(base32))
  } catch (error) {
    throw badCid(error)
  }
}

function checkedText(cid: CID, text: string): Cid {
  const isOurs =
    cid.version === 1 &&
    cid.code === raw.code &&
    cid.multihash.code === SHA2_256 &&
    cid.multihash.size === DIGEST_BYTES
  // base32 has spare bits at its end: only the text that encodes back to itself is taken
  if (!isOurs || cid.toString(base32) !== text) throw badCid()
  return text
}

function badCid(cause?: unknown): NodeError {
  return new NodeError('BAD_CID', 'Expected a CIDv1 of raw bytes with sha2-256, in base32.', {}, cause)
}
