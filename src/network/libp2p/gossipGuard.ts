import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'

/**
 * Stands between a peer's gossip stream and gossipsub's decoder. In version 14.1.2 the limits that gossipsub gives
 * its decoder for control messages do not reach it (it passes `control` where `control$` is set), so a frame of
 * 9 MB could hold millions of empty entries. Here each frame is cut to size and its fields are counted first.
 */
export interface GuardHooks {
  /** Awaited before each frame with so many messages; this is how a peer that sends too fast is slowed down. */
  readonly beforeFrame: (messages: number) => Promise<void>
  /** Before more is read: the memory that a frame takes of which only a part is here; 0 when there is none. */
  readonly waiting?: (heldBytes: number) => void
}

/** The frames of a stream, each whole and with its length in front. Errors: LIMIT_EXCEEDED, BAD_ENCODING. */
export async function* guardFrames(
  source: AsyncIterable<Uint8Array>,
  hooks: GuardHooks,
): AsyncGenerator<Uint8Array> {
  let rest = new GrowingBuffer()
  try {
    for await (const piece of source) {
      rest.append(piece)
      let frame = rest.takeFrame()
      while (frame !== undefined) {
        await hooks.beforeFrame(checkFields(frame.body))
        yield frame.whole
        frame = rest.takeFrame()
      }
      if (rest.isEmpty) rest = new GrowingBuffer()
      hooks.waiting?.(rest.heldBytes)
    }
  } finally {
    hooks.waiting?.(0)
  }
}

interface Frame {
  readonly whole: Uint8Array
  readonly body: Uint8Array
}

/** Bytes that arrived and form no whole frame yet: at most one frame of the largest size and one piece. */
class GrowingBuffer {
  #buffer = new Uint8Array(0)
  #start = 0
  #end = 0

  get isEmpty(): boolean {
    return this.#start === this.#end
  }

  get heldBytes(): number {
    return this.isEmpty ? 0 : this.#buffer.length
  }

  append(piece: Uint8Array): void {
    const length = this.#end - this.#start
    if (this.#end + piece.length > this.#buffer.length) {
      // frames that were handed out point into the old buffer, so it is never written again
      const grown = new Uint8Array(Math.max(4_096, 2 * length, length + piece.length))
      grown.set(this.#buffer.subarray(this.#start, this.#end))
      this.#buffer = grown
      this.#start = 0
      this.#end = length
    }
    this.#buffer.set(piece, this.#end)
    this.#end += piece.length
  }

  takeFrame(): Frame | undefined {
    const bytes = this.#buffer.subarray(this.#start, this.#end)
    const prefix = readVarint(bytes, 0, 5)
    if (prefix === undefined) return undefined
    if (prefix.value > limits.gossipFrameBytes) {
      throw new NodeError('LIMIT_EXCEEDED', `A gossip frame of ${prefix.value} bytes.`)
    }
    const end = prefix.next + prefix.value
    if (end > bytes.length) return undefined
    this.#start += end
    return { whole: bytes.subarray(0, end), body: bytes.subarray(prefix.next, end) }
  }
}

const LENGTH_DELIMITED = 2
const VARINT = 0
const MESSAGE_FIELD = 2
/** Field 3 of an RPC is the control message: the one whose content repeats. */
const CONTROL_FIELD = 3
/** Field 3 of a prune, its backoff, is the only field of the three levels that is not length-delimited. */
const BACKOFF_FIELD = 3

/**
 * Counts the protobuf fields of an RPC: those of the top, of the control message, and of the messages in that. It is
 * strict where gossipsub's decoder is lax (that one ignores wire types and reads long varints its own way), because
 * otherwise a frame could mean one thing here and another there. Returns the number of messages. Errors:
 * LIMIT_EXCEEDED, BAD_ENCODING.
 */
export function checkFields(rpc: Uint8Array, maxFields: number = limits.gossipFrameFields): number {
  const budget = { left: maxFields, messages: 0 }
  countFields(rpc, budget, 'rpc')
  return budget.messages
}

type Level = 'rpc' | 'control' | 'entry'

function countFields(bytes: Uint8Array, budget: { left: number; messages: number }, level: Level): void {
  let at = 0
  while (at < bytes.length) {
    budget.left -= 1
    if (budget.left < 0) throw new NodeError('LIMIT_EXCEEDED', 'A gossip frame has too many fields.')
    const tag = need(readVarint(bytes, at, 5))
    const field = Math.floor(tag.value / 8)
    const wireType = tag.value % 8
    if (wireType === VARINT && level === 'entry' && field === BACKOFF_FIELD) {
      at = need(readVarint(bytes, tag.next, 10)).next
      continue
    }
    if (wireType !== LENGTH_DELIMITED) throw malformed()
    const length = need(readVarint(bytes, tag.next, 5))
    at = length.next + length.value
    if (at > bytes.length) throw malformed()
    const content = bytes.subarray(length.next, at)
    if (level === 'rpc' && field === MESSAGE_FIELD) budget.messages += 1
    if (level === 'rpc' && field === CONTROL_FIELD) countFields(content, budget, 'control')
    if (level === 'control') countFields(content, budget, 'entry')
  }
}

interface Varint {
  readonly value: number
  readonly next: number
}

/** Undefined when the bytes end before it does. */
function readVarint(bytes: Uint8Array, at: number, maxBytes: 5 | 10): Varint | undefined {
  let value = 0
  for (let index = 0; index < maxBytes; index++) {
    const byte = bytes[at + index]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (byte >= 0x80) continue
    if (maxBytes === 5 && value >= 2 ** 32) throw malformed()
    return { value, next: at + index + 1 }
  }
  throw malformed()
}

function need(varint: Varint | undefined): Varint {
  if (varint === undefined) throw malformed()
  return varint
}

function malformed(): NodeError {
  return new NodeError('BAD_ENCODING', 'A gossip frame is not of the form that gossipsub writes.')
}
