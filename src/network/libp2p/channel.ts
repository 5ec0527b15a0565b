import type { Stream } from '@libp2p/interface'
import { NodeError } from '../../errors/errors.ts'
import type { Channel } from '../transport.ts'

/** A libp2p 2 stream (source and sink) as a channel; the only place that knows their form. */
export class Libp2pChannel implements Channel {
  readonly source: AsyncIterable<Uint8Array>
  readonly #stream: Stream
  #sent = false

  constructor(stream: Stream) {
    this.#stream = stream
    this.source = pieces(stream)
  }

  async send(bytes: Uint8Array): Promise<void> {
    await this.#stream.sink([bytes])
    // an aborted sink ends without an error
    if (this.#stream.status === 'aborted' || this.#stream.status === 'reset') {
      throw new NodeError('PEER_UNREACHABLE', 'The stream was reset.')
    }
    this.#sent = true
  }

  done(): void {
    if (!this.#sent) {
      this.abort(new NodeError('CANCELLED', 'The exchange is over.'))
      return
    }
    this.#stream.close().catch((error: Error) => this.abort(error))
  }

  abort(reason: Error): void {
    this.#stream.abort(reason)
  }
}

/** What a stream brings, piece by piece, without copying. */
export async function* pieces(stream: Stream): AsyncGenerator<Uint8Array> {
  for await (const list of stream.source) yield* list
}
