import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import { concatBytes } from '../../primitives/bytes.ts'

const LENGTH_BYTES = 4

/** A message and its length before it, big endian. */
export function frameOf(message: Uint8Array): Uint8Array {
  const length = new Uint8Array(LENGTH_BYTES)
  new DataView(length.buffer).setUint32(0, message.length)
  return concatBytes(length, message)
}

/** Puts messages together again from the pieces in which they arrive; holds one frame at most. */
export class FrameReader {
  #held: Uint8Array = new Uint8Array(0)

  /** The messages that `piece` completes. Fails with LIMIT_EXCEEDED as soon as a length is too large. */
  push(piece: Uint8Array): Uint8Array[] {
    const messages: Uint8Array[] = []
    let bytes = this.#held.length === 0 ? piece : concatBytes(this.#held, piece)
    while (bytes.length >= LENGTH_BYTES) {
      const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
      if (length > limits.signerFrameBytes) {
        throw new NodeError('LIMIT_EXCEEDED', `A frame of ${length} bytes; a signer's are smaller.`)
      }
      if (bytes.length < LENGTH_BYTES + length) break
      messages.push(copyOf(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length)))
      bytes = bytes.subarray(LENGTH_BYTES + length)
    }
    this.#held = copyOf(bytes)
    return messages
  }
}

/** A Buffer's `slice` would share the memory that the socket fills again. */
const copyOf = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes)
