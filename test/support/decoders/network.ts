import { RPC } from '@chainsafe/libp2p-gossipsub/message'
import { cidFromBytes, cidOf, cidToBytes, parseCid } from '../../../src/content/cid.ts'
import {
  decodeChunkRequest,
  decodeChunkResponse,
  encodeChunkRequest,
  encodeChunkResponse,
} from '../../../src/content/codec.ts'
import { AddressBook } from '../../../src/network/addressBook.ts'
import { decodeReply, encodeFrame, encodeReply, readFrame } from '../../../src/network/frame.ts'
import { isLoopback, parseAddress, parseKnownAddress } from '../../../src/network/libp2p/addresses.ts'
import { checkFields, guardFrames } from '../../../src/network/libp2p/gossipGuard.ts'
import { createNodeKey, parseNodeKey } from '../../../src/network/libp2p/nodeKey.ts'
import { parseSwarmKey } from '../../../src/network/libp2p/swarmKey.ts'
import {
  decodePeersAnswer,
  decodePeersRequest,
  encodePeersAnswer,
  encodePeersRequest,
} from '../../../src/network/peerExchange.ts'
import { decodeStatus, encodeStatus } from '../../../src/network/status.ts'
import { concatBytes, utf8ToBytes } from '../../../src/primitives/bytes.ts'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import {
  decodeRangeRequest,
  decodeRangeResponse,
  encodeRangeRequest,
  encodeRangeResponse,
} from '../../../src/sync/codec.ts'
import type { FuzzedDecoder } from './fuzz.ts'
import { hash } from './samples.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')
const FRAME_BYTES = 5_000

/** What every node reads from its peers, whoever they are, and its own few files beside. */
export async function networkDecoders(): Promise<FuzzedDecoder[]> {
  return [
    {
      name: 'status',
      covers: ['network/status.ts#decodeStatus'],
      form: 'rlp',
      samples: [
        encodeStatus({
          wireVersion: 1,
          chainId: 161_212n,
          genesisHash: hash(1),
          headHeight: 1_000,
          headHash: hash(2),
          agent: 'openledger/0.1.0',
        }),
      ],
      // one of another version may have fields that this one does not know
      decode: decodeStatus,
    },
    {
      name: 'frame',
      covers: ['network/frame.ts#readFrame'],
      form: 'bytes',
      samples: [
        encodeFrame(new Uint8Array(0)),
        encodeFrame(new Uint8Array(40).fill(3)),
        encodeFrame(new Uint8Array(4_500)),
      ],
      // nothing after the piece that ends the frame is read, so its bytes may have more
      decode: (bytes) => readFrame(pieces(bytes), FRAME_BYTES),
    },
    {
      name: 'reply',
      covers: ['network/frame.ts#decodeReply'],
      form: 'bytes',
      samples: [encodeReply('ok', Uint8Array.of(1, 2)).subarray(4), encodeReply('busy').subarray(4)],
      decode: decodeReply,
      encode: ({ status, body }: ReturnType<typeof decodeReply>) => encodeReply(status, body).subarray(4),
    },
    gossipFrames(),
    ...peerExchange(),
    {
      name: 'range request',
      covers: ['sync/codec.ts#decodeRangeRequest'],
      form: 'rlp',
      samples: [encodeRangeRequest({ fromHeight: 1, count: 256, maxBytes: 8_388_608 })],
      decode: decodeRangeRequest,
      encode: encodeRangeRequest,
    },
    {
      name: 'range response',
      covers: ['sync/codec.ts#decodeRangeResponse'],
      form: 'rlp',
      samples: [
        encodeRangeResponse({
          headHeight: 10,
          firstHeight: 0,
          envelopes: [new Uint8Array(100), new Uint8Array(300).fill(1)],
          certificate: new Uint8Array(90),
        }),
      ],
      decode: decodeRangeResponse,
      encode: encodeRangeResponse,
    },
    {
      name: 'content request',
      covers: ['content/codec.ts#decodeChunkRequest', 'content/cid.ts#cidFromBytes'],
      form: 'rlp',
      samples: [encodeChunkRequest({ cid: cidOf(Uint8Array.of(1)), offset: 1_048_576 })],
      decode: decodeChunkRequest,
      encode: encodeChunkRequest,
    },
    {
      name: 'content response',
      covers: ['content/codec.ts#decodeChunkResponse'],
      form: 'rlp',
      samples: [
        encodeChunkResponse({ found: undefined }),
        encodeChunkResponse({ found: { totalBytes: 5, chunk: Uint8Array.of(1, 2, 3, 4, 5) } }),
      ],
      decode: decodeChunkResponse,
      encode: encodeChunkResponse,
    },
    {
      name: 'content id',
      covers: ['content/cid.ts#parseCid'],
      form: 'bytes',
      samples: [utf8ToBytes(cidOf(Uint8Array.of(1)))],
      decode: (bytes) => parseCid(text(bytes)),
      encode: (cid: string) => {
        if (cidFromBytes(cidToBytes(cid)) !== cid) throw new Error('two forms of one CID')
        return utf8ToBytes(cid)
      },
    },
    {
      name: 'address',
      covers: ['network/libp2p/addresses.ts#parseAddress', 'network/libp2p/addresses.ts#parseKnownAddress'],
      form: 'bytes',
      samples: [
        '/ip4/127.0.0.1/tcp/30303',
        '/ip6/::1/tcp/1/p2p/12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE',
        '/dns4/example.org/tcp/65535',
      ].map(utf8ToBytes),
      decode: (bytes) => {
        parseKnownAddress(text(bytes))
        isLoopback(parseAddress(text(bytes)))
      },
    },
    {
      name: 'node key',
      covers: ['network/libp2p/nodeKey.ts#parseNodeKey'],
      form: 'bytes',
      samples: [utf8ToBytes(`${bytesToHex((await createNodeKey()).secret)}\n`)],
      decode: (bytes) => parseNodeKey(text(bytes), 'node-key'),
    },
  ]
}

/** The guard, and behind it the library's decoder, which must make nothing of a frame that the guard counted otherwise. */
function gossipFrames(): FuzzedDecoder {
  const ids = [new Uint8Array(20).fill(1), new Uint8Array(20).fill(2)]
  const control = {
    ihave: [{ topicID: '/a', messageIDs: ids }],
    iwant: [{ messageIDs: ids }],
    graft: [{ topicID: '/a' }],
    prune: [{ topicID: '/a', peers: [{ peerID: ids[0], signedPeerRecord: ids[1] }], backoff: 60 }],
    idontwant: [{ messageIDs: ids }],
  }
  const message = {
    from: ids[0],
    data: new Uint8Array(50),
    seqno: new Uint8Array(8),
    topic: '/a',
    signature: ids[0],
    key: ids[1],
  }
  const frame = (rpc: Parameters<typeof RPC.encode>[0]) => {
    const body = RPC.encode(rpc)
    return concatBytes(Uint8Array.from(varint(body.length)), body)
  }
  return {
    name: 'gossip frames',
    covers: [],
    form: 'bytes',
    samples: [
      frame({ subscriptions: [{ subscribe: true, topic: '/a' }], messages: [message], control } as never),
      frame({ subscriptions: [], messages: [message, message], control: undefined } as never),
    ],
    decode: async (bytes) => {
      for await (const whole of guardFrames(pieces(bytes), { beforeFrame: async () => {} })) {
        const prefix = whole.findIndex((byte) => byte < 0x80) + 1
        const body = whole.subarray(prefix)
        checkFields(body)
        checkLibrary(body)
      }
    },
  }
}

/** It may refuse what the guard lets through, with an error that gossipsub catches; it may not make more of it. */
function checkLibrary(body: Uint8Array): void {
  let rpc: ReturnType<typeof RPC.decode>
  try {
    rpc = RPC.decode(body)
  } catch {
    return
  }
  const { subscriptions, messages, control } = rpc
  const lists = control === undefined ? [] : Object.values(control).flat()
  if (subscriptions.length + messages.length + lists.length > body.length)
    throw new Error('more entries than bytes')
}

const varint = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >> 7)]

/** As a stream brings them: in pieces of changing size. */
async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7) % 1_009) {
    yield bytes.subarray(at, at + size)
  }
}

function peerExchange(): FuzzedDecoder[] {
  const peer = '12D3KooWFCWefH6VsLCs2QT63wejJv2R3T9HA1fBqstJxXD7VZbf'
  const addresses = [
    { peer, host: '192.0.2.1', port: 30_303 },
    { peer, host: '2001:db8::1', port: 1 },
  ]
  const book = new AddressBook()
  for (const address of addresses.slice(0, 1)) book.worked(address)
  return [
    {
      name: 'request for peers',
      covers: ['network/peerExchange.ts#decodePeersRequest'],
      form: 'rlp',
      samples: [encodePeersRequest(30_303)],
      decode: decodePeersRequest,
      encode: encodePeersRequest,
    },
    {
      name: 'addresses of peers',
      covers: ['network/peerExchange.ts#decodePeersAnswer', 'network/peerAddress.ts#parsePeerAddress'],
      form: 'rlp',
      samples: [encodePeersAnswer(addresses), encodePeersAnswer([])],
      decode: decodePeersAnswer,
      encode: encodePeersAnswer,
    },
    {
      name: 'address book',
      covers: [],
      form: 'rlp',
      samples: [book.encode()],
      decode: (bytes) => AddressBook.decode(bytes),
      encode: (read: AddressBook) => read.encode(),
    },
    {
      name: 'network key',
      covers: ['network/libp2p/swarmKey.ts#parseSwarmKey'],
      form: 'bytes',
      samples: [utf8ToBytes(`/key/swarm/psk/1.0.0/\n/base16/\n${'0a'.repeat(32)}\n`)],
      decode: (bytes) => parseSwarmKey(text(bytes), 'a file'),
    },
  ]
}
