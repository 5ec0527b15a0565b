import type { Connection, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Libp2p } from 'libp2p'
import { encodeFrame, encodeReply, readFrame } from '../../../src/network/frame.ts'
import { encodeStatus, STATUS_PROTOCOL, WIRE_VERSION } from '../../../src/network/status.ts'
import { protocolId, topicTable } from '../../../src/network/topics.ts'
import type { RealNode } from './realNodes.ts'
import { testChain } from './testNode.ts'

const status = encodeStatus({
  wireVersion: WIRE_VERSION,
  chainId: testChain.chainId,
  genesisHash: testChain.genesisHash,
  headHeight: 1,
  headHash: testChain.genesisHash,
  agent: 'attacker/1',
})

const bytesOf = async function* (stream: Stream): AsyncGenerator<Uint8Array> {
  for await (const list of stream.source) yield* list
}

/** A peer that shakes hands as everybody does, and then sends whatever it likes on raw libp2p streams. */
export class Attacker {
  readonly #libp2p: Libp2p
  #connection: Connection | undefined

  constructor(libp2p: Libp2p) {
    this.#libp2p = libp2p
  }

  get id(): string {
    return this.#libp2p.peerId.toString()
  }

  get isConnected(): boolean {
    return this.#libp2p.getConnections().length > 0
  }

  /** Connects and passes the handshake of the node. */
  async enter(node: RealNode): Promise<void> {
    await this.#libp2p.handle(STATUS_PROTOCOL, ({ stream }) => {
      readFrame(bytesOf(stream), 1_000)
        .then(() => stream.sink([encodeReply('ok', status)]))
        .catch(() => {})
    })
    this.#connection = await this.#libp2p.dial(multiaddr(node.address))
    const stream = await this.open(STATUS_PROTOCOL)
    await stream.sink([encodeFrame(status)])
    await readFrame(bytesOf(stream), 1_000)
  }

  async open(protocol: string): Promise<Stream> {
    if (this.#connection === undefined) throw new Error('not connected')
    return this.#connection.newStream(protocol, { maxOutboundStreams: 10_000 })
  }

  openRequest(protocol: string): Promise<Stream> {
    return this.open(protocolId(testChain, protocol))
  }

  openGossip(): Promise<Stream> {
    return this.open('/meshsub/1.2.0')
  }
}

export const topicIdOf = (name: keyof ReturnType<typeof topicTable>): string => topicTable(testChain)[name].id

/** Sends on a stream and leaves it open; whatever the other side does about it is the test's business. */
export function pour(stream: Stream, source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): void {
  Promise.resolve(stream.sink(source as AsyncIterable<Uint8Array>)).catch(() => {})
}

/** Sends these pieces and then nothing more, without an end. */
export async function* thenStall(...pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces
  await new Promise(() => {})
}
