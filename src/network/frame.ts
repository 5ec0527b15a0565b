import { NodeError } from '../errors/errors.ts'
import { concatBytes } from '../primitives/bytes.ts'

/** A frame on a stream: its length in 4 bytes, big endian, and the bytes. */
const HEADER_BYTES = 4

export function encodeFrame(...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const header = new Uint8Array(HEADER_BYTES)
  new DataView(header.buffer).setUint32(0, length)
  return concatBytes(header, ...parts)
}

/** Adds up the memory that frames take while they are read. */
export class ByteMeter {
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  add(bytes: number): void {
    this.#bytes += bytes
  }
}

const FIRST_CAPACITY_BYTES = 4_096

/**
 * The one frame of a stream. Memory grows with what arrives, in one buffer: neither a large length in the header
 * nor a flood of tiny pieces costs more. The stream is read no further than to the piece that ends the frame. Errors:
 * LIMIT_EXCEEDED, BAD_ENCODING (too short, or bytes after the frame in that piece).
 */
export async function readFrame(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
  meter?: ByteMeter,
): Promise<Uint8Array> {
  const header = new Uint8Array(HEADER_BYTES)
  let headerReceived = 0
  let body: BoundedBuffer | undefined
  let metered = 0
  try {
    for await (const piece of source) {
      const ofHeader = piece.subarray(0, HEADER_BYTES - headerReceived)
      header.set(ofHeader, headerReceived)
      headerReceived += ofHeader.length
      if (headerReceived < HEADER_BYTES) continue
      body ??= new BoundedBuffer(frameLength(header, maxBytes))
      body.append(piece.subarray(ofHeader.length))
      meter?.add(body.capacity - metered)
      metered = body.capacity
      if (body.isFull) return body.bytes
    }
  } finally {
    meter?.add(-metered)
  }
  throw new NodeError('BAD_ENCODING', 'The stream ended within a frame.')
}

function frameLength(header: Uint8Array, maxBytes: number): number {
  const length = new DataView(header.buffer).getUint32(0)
  if (length > maxBytes) {
    throw new NodeError('LIMIT_EXCEEDED', `A frame of ${length} bytes; at most ${maxBytes} are taken.`)
  }
  return length
}

/** Takes exactly `length` bytes in pieces; its memory at most doubles what it was given. */
class BoundedBuffer {
  readonly #length: number
  #buffer: Uint8Array
  #filled = 0

  constructor(length: number) {
    this.#length = length
    this.#buffer = new Uint8Array(Math.min(length, FIRST_CAPACITY_BYTES))
  }

  get capacity(): number {
    return this.#buffer.length
  }

  get isFull(): boolean {
    return this.#filled === this.#length
  }

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#filled)
  }

  append(piece: Uint8Array): void {
    const filled = this.#filled + piece.length
    if (filled > this.#length) throw new NodeError('BAD_ENCODING', 'There are bytes after the frame.')
    if (filled > this.#buffer.length) {
      const grown = new Uint8Array(Math.min(this.#length, Math.max(filled, this.#buffer.length * 2)))
      grown.set(this.bytes)
      this.#buffer = grown
    }
    this.#buffer.set(piece, this.#filled)
    this.#filled = filled
  }
}

/** How an answer begins: what became of the request. */
export type ReplyStatus = 'ok' | 'busy' | 'refused' | 'failed'

const STATUS_BYTES: readonly ReplyStatus[] = ['ok', 'busy', 'refused', 'failed']

export function encodeReply(status: ReplyStatus, body: Uint8Array = new Uint8Array(0)): Uint8Array {
  return encodeFrame(Uint8Array.of(STATUS_BYTES.indexOf(status)), body)
}

/** `frame` as `readFrame` gave it; only an `ok` reply may carry a body. */
export function decodeReply(frame: Uint8Array): { readonly status: ReplyStatus; readonly body: Uint8Array } {
  const status = STATUS_BYTES[frame[0] ?? STATUS_BYTES.length]
  if (status === undefined || (status !== 'ok' && frame.length > 1)) {
    throw new NodeError('BAD_ENCODING', 'The answer has no known status.')
  }
  return { status, body: frame.subarray(1) }
}

/** Bytes that a reply is longer than its body. */
export const REPLY_OVERHEAD_BYTES = 1
