import { createCRC32 } from 'hash-wasm'
import { equalBytes } from '../primitives/bytes.ts'

/**
 * Frames of the log: magic (4 bytes), payload length (4, big endian), CRC32C (4), synced length (4), payload. The
 * checksum also covers the log's salt and the frame's offset, so that neither bytes left over from an older log nor
 * bytes that a stranger put into an envelope can pass for a frame.
 */
export interface Frame {
  readonly payload: Uint8Array
  /** How much of the log was on disk for certain when this frame was written. */
  readonly syncedLength: number
  /** Offset of what follows. */
  readonly end: number
}

const CRC32C_POLYNOMIAL = 0x82f6_3b78
const MAGIC = Uint8Array.of(0x4f, 0x4c, 0x57, 0xa1)
export const FRAME_HEADER_BYTES = 16

// Shared safely, because init, update and digest run without a pause in between.
const hasher = await createCRC32(CRC32C_POLYNOMIAL)

export function crc32c(...parts: readonly Uint8Array[]): Uint8Array {
  hasher.init()
  for (const part of parts) hasher.update(part)
  return hasher.digest('binary')
}

export function encodeFrame(
  salt: Uint8Array,
  offset: number,
  payload: Uint8Array,
  syncedLength: number,
): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + payload.length)
  const view = new DataView(frame.buffer)
  frame.set(MAGIC)
  view.setUint32(4, payload.length)
  view.setUint32(12, syncedLength)
  frame.set(payload, FRAME_HEADER_BYTES)
  frame.set(checksum(salt, offset, frame.subarray(12)), 8)
  return frame
}

/** The whole and intact frame at `offset`, or null. */
export function frameAt(
  log: Uint8Array,
  offset: number,
  salt: Uint8Array,
  maxPayloadBytes: number,
): Frame | null {
  const start = offset + FRAME_HEADER_BYTES
  if (start > log.length || !equalBytes(log.subarray(offset, offset + 4), MAGIC)) return null
  const length = readU32(log, offset + 4)
  if (length > maxPayloadBytes || start + length > log.length) return null
  const end = start + length
  const sum = checksum(salt, offset, log.subarray(offset + 12, end))
  if (!equalBytes(log.subarray(offset + 8, offset + 12), sum)) return null
  return { payload: log.slice(start, end), syncedLength: readU32(log, offset + 12), end }
}

/** Whether a later frame is intact that was written when the byte at `offset` was already on disk. */
export function wasSynced(
  log: Uint8Array,
  offset: number,
  salt: Uint8Array,
  maxPayloadBytes: number,
): boolean {
  const haystack = Buffer.from(log.buffer, log.byteOffset, log.byteLength)
  for (let at = haystack.indexOf(MAGIC, offset); at >= 0; at = haystack.indexOf(MAGIC, at + 1)) {
    const frame = frameAt(log, at, salt, maxPayloadBytes)
    if (frame !== null && frame.syncedLength > offset) return true
  }
  return false
}

/** `rest`: the synced length and the payload, which stand side by side. */
function checksum(salt: Uint8Array, offset: number, rest: Uint8Array): Uint8Array {
  const place = new Uint8Array(salt.length + 4)
  place.set(salt)
  new DataView(place.buffer).setUint32(salt.length, offset)
  return crc32c(place, rest)
}

function readU32(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset)
}
