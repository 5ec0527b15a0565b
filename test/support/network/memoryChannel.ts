import type { Channel } from '../../../src/network/transport.ts'

const PIECE_BYTES = 64 * 1024

interface Travel {
  travel(): Promise<void>
}

/** Two ends of a stream. `onClosed` is called once, when both halves are closed or the stream is reset. */
export function memoryChannels(hub: Travel, onClosed: () => void): [MemoryChannel, MemoryChannel] {
  let open = 2
  const halfClosed = () => {
    open -= 1
    if (open === 0) onClosed()
  }
  const forward = new Pipe(hub, halfClosed)
  const backward = new Pipe(hub, halfClosed)
  return [new MemoryChannel(backward, forward), new MemoryChannel(forward, backward)]
}

/** One direction: pieces arrive in order, each after the travelling time. */
class Pipe {
  readonly #hub: Travel
  readonly #onClosed: () => void
  readonly #arrived: Uint8Array[] = []
  #ended = false
  #failure: Error | undefined
  #wake: (() => void) | undefined
  #last: Promise<void> = Promise.resolve()
  #closed = false

  constructor(hub: Travel, onClosed: () => void) {
    this.#hub = hub
    this.#onClosed = onClosed
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#ended) throw new Error('the stream is closed for writing')
    const copy = Uint8Array.from(bytes)
    const travelled = Promise.all([this.#last, this.#hub.travel()]).then(() => {
      for (let at = 0; at < copy.length; at += PIECE_BYTES) {
        this.#arrived.push(copy.subarray(at, at + PIECE_BYTES))
      }
      this.#ended = true
      this.#wakeUp()
    })
    this.#last = travelled
    await travelled
    if (this.#failure !== undefined) throw this.#failure
  }

  fail(reason: Error): void {
    if (this.#closed) return
    this.#failure = reason
    this.#wakeUp()
    this.#close()
  }

  async *read(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const piece = this.#arrived.shift()
        if (piece !== undefined) yield piece
        else if (this.#failure !== undefined) throw this.#failure
        else if (this.#ended) return
        else
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
      }
    } finally {
      this.#close()
    }
  }

  #wakeUp(): void {
    this.#wake?.()
    this.#wake = undefined
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#onClosed()
  }
}

export class MemoryChannel implements Channel {
  readonly source: AsyncIterable<Uint8Array>
  readonly #incoming: Pipe
  readonly #outgoing: Pipe

  constructor(incoming: Pipe, outgoing: Pipe) {
    this.#incoming = incoming
    this.#outgoing = outgoing
    this.source = incoming.read()
  }

  send(bytes: Uint8Array): Promise<void> {
    return this.#outgoing.write(bytes)
  }

  done(): void {
    this.#incoming.fail(new Error('the exchange is over'))
  }

  abort(reason: Error): void {
    this.#incoming.fail(reason)
    // the reset reaches the other side after what was sent before
    this.#outgoing.fail(reason)
  }
}
