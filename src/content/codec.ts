import { limits } from '../config/limits.ts'
import { NodeError } from '../errors/errors.ts'
import { asBytes, asInt, asList, decodeRlp, encodeRlp, fromInt } from '../primitives/rlp.ts'
import { CID_BYTES, type Cid, cidFromBytes, cidToBytes } from './cid.ts'

export const CONTENT_PROTOCOL = 'content/1'
const WIRE_VERSION = 1

export interface ChunkRequest {
  readonly cid: Cid
  readonly offset: number
}

export interface ChunkResponse {
  /** Undefined when the peer does not hold the object. */
  readonly found: { readonly totalBytes: number; readonly chunk: Uint8Array } | undefined
}

/** A list of a version, a CID and an offset. */
export const CHUNK_REQUEST_BYTES = CID_BYTES + 16
/** A chunk, two integers, and headers. */
export const CHUNK_RESPONSE_BYTES = limits.contentChunkBytes + 32

/** Bytes that a peer sends from an offset: always as many as fit, so that an object takes a known number of requests. */
export function chunkLength(totalBytes: number, offset: number): number {
  return Math.min(limits.contentChunkBytes, totalBytes - offset)
}

export function encodeChunkRequest({ cid, offset }: ChunkRequest): Uint8Array {
  return encodeRlp([fromInt(WIRE_VERSION), cidToBytes(cid), fromInt(offset)])
}

export function decodeChunkRequest(bytes: Uint8Array): ChunkRequest {
  const [version, cid, offset] = asList(decodeRlp(bytes, CHUNK_REQUEST_BYTES), 3)
  checkVersion(asInt(version))
  return { cid: parsed(asBytes(cid, CID_BYTES)), offset: asInt(offset, limits.contentObjectBytes) }
}

/** `[version]` says that the object is not there. */
export function encodeChunkResponse({ found }: ChunkResponse): Uint8Array {
  const head = fromInt(WIRE_VERSION)
  return encodeRlp(found === undefined ? [head] : [head, fromInt(found.totalBytes), found.chunk])
}

export function decodeChunkResponse(bytes: Uint8Array): ChunkResponse {
  const fields = asList(decodeRlp(bytes, CHUNK_RESPONSE_BYTES))
  checkVersion(asInt(fields[0]))
  if (fields.length === 1) return { found: undefined }
  const [, totalBytes, chunk] = asList(fields, 3)
  return {
    found: {
      totalBytes: asInt(totalBytes, limits.contentObjectBytes),
      chunk: asBytes(chunk),
    },
  }
}

function parsed(bytes: Uint8Array): Cid {
  try {
    return cidFromBytes(bytes)
  } catch (error) {
    throw new NodeError('BAD_REQUEST', 'The request names content in an unknown form.', {}, error)
  }
}

function checkVersion(version: number): void {
  if (version !== WIRE_VERSION) {
    throw new NodeError('BAD_RLP', `Unknown version ${version} of a content message.`)
  }
}
