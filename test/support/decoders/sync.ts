import { decodeHeaderFacts } from '../../../src/ledger/headerFacts.ts'
import { encodeRlp, fromHex, fromInt } from '../../../src/primitives/rlp.ts'
import {
  decodeEpochRequest,
  decodeEpochResponse,
  encodeEpochRequest,
  encodeEpochResponse,
} from '../../../src/sync/epochs/codec.ts'
import { decodeEpochRecord, encodeEpochRecord } from '../../../src/sync/epochs/epochRecord.ts'
import {
  decodeAccountChunk,
  decodeCodes,
  decodeOffers,
  decodeSlotChunk,
  decodeSnapshotRequest,
  encodeAccountChunk,
  encodeCodes,
  encodeOffers,
  encodeSlotChunk,
  encodeSnapshotRequest,
} from '../../../src/sync/snapshot/codec.ts'
import type { FuzzedDecoder } from './fuzz.ts'
import { address, hash, someCertificate } from './samples.ts'

/** A header as the Yellow Paper orders its fields, with those that are read of it where they belong. */
const header = encodeRlp([
  ...[hash(1), hash(2), address(3), hash(4), hash(5), hash(6)].map(fromHex),
  new Uint8Array(256),
  ...[0, 999, 30_000_000, 21_000, 1_800_000_000].map(fromInt),
  new Uint8Array(32),
])
const node = new Uint8Array(532).fill(0xa0)
const slot = { slot: new Uint8Array(32).fill(1), value: Uint8Array.of(1, 0) }

/** What a joining node reads from peers that it does not know yet. */
export async function syncDecoders(): Promise<FuzzedDecoder[]> {
  return [
    {
      name: 'header',
      covers: ['ledger/headerFacts.ts#decodeHeaderFacts'],
      form: 'rlp',
      samples: [header],
      decode: decodeHeaderFacts,
    },
    {
      name: 'epoch request',
      covers: ['sync/epochs/codec.ts#decodeEpochRequest'],
      form: 'rlp',
      samples: [encodeEpochRequest({ fromEpoch: 0, count: 256 })],
      decode: decodeEpochRequest,
      encode: encodeEpochRequest,
    },
    {
      name: 'epoch response',
      covers: ['sync/epochs/codec.ts#decodeEpochResponse'],
      form: 'rlp',
      samples: [encodeEpochResponse({ epochs: 3, records: [header, node] })],
      decode: decodeEpochResponse,
      encode: encodeEpochResponse,
    },
    {
      name: 'epoch record',
      covers: ['sync/epochs/epochRecord.ts#decodeEpochRecord'],
      form: 'rlp',
      samples: [
        encodeEpochRecord({ epoch: 0, header, certificate: null, proof: [node] }),
        encodeEpochRecord({ epoch: 20, header, certificate: someCertificate, proof: [node, node] }),
      ],
      decode: decodeEpochRecord,
      encode: encodeEpochRecord,
    },
    ...snapshotDecoders(),
  ]
}

function snapshotDecoders(): FuzzedDecoder[] {
  return [
    {
      name: 'snapshot request',
      covers: ['sync/snapshot/codec.ts#decodeSnapshotRequest'],
      form: 'rlp',
      samples: [
        encodeSnapshotRequest({ kind: 'offers' }),
        encodeSnapshotRequest({ kind: 'accounts', stateRoot: hash(1), prefix: [1, 15] }),
        encodeSnapshotRequest({ kind: 'slots', address: address(1), storageRoot: hash(2), prefix: [] }),
        encodeSnapshotRequest({ kind: 'codes', hashes: [hash(3), hash(4)] }),
      ],
      decode: decodeSnapshotRequest,
      encode: encodeSnapshotRequest,
    },
    {
      name: 'snapshot offers',
      covers: ['sync/snapshot/codec.ts#decodeOffers'],
      form: 'rlp',
      samples: [encodeOffers([50, 100])],
      decode: decodeOffers,
      encode: encodeOffers,
    },
    {
      name: 'snapshot codes',
      covers: ['sync/snapshot/codec.ts#decodeCodes'],
      form: 'rlp',
      samples: [encodeCodes([Uint8Array.of(0xfe), new Uint8Array(300)])],
      decode: decodeCodes,
      encode: encodeCodes,
    },
    {
      name: 'snapshot accounts',
      covers: ['sync/snapshot/codec.ts#decodeAccountChunk'],
      form: 'rlp',
      samples: [
        encodeAccountChunk({
          proof: [node],
          isSplit: false,
          items: [{ address: new Uint8Array(20).fill(9), account: new Uint8Array(70), slots: [slot] }],
        }),
        encodeAccountChunk({ proof: [node, node], isSplit: true, items: [] }),
      ],
      decode: decodeAccountChunk,
      encode: encodeAccountChunk,
    },
    {
      name: 'snapshot slots',
      covers: ['sync/snapshot/codec.ts#decodeSlotChunk'],
      form: 'rlp',
      samples: [encodeSlotChunk({ proof: [], isSplit: false, items: [slot, slot] })],
      decode: decodeSlotChunk,
      encode: encodeSlotChunk,
    },
  ]
}
