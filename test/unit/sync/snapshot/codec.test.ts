import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../../../../src/config/limits.ts'
import { NodeError } from '../../../../src/errors/errors.ts'
import { bytesToHex } from '../../../../src/primitives/hex.ts'
import {
  decodeEpochRequest,
  decodeEpochResponse,
  encodeEpochRequest,
  encodeEpochResponse,
} from '../../../../src/sync/epochs/codec.ts'
import { decodeEpochRecord, encodeEpochRecord } from '../../../../src/sync/epochs/epochRecord.ts'
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
} from '../../../../src/sync/snapshot/codec.ts'
import { thrownCode } from '../../../support/network/outcome.ts'

const bytes = fc.uint8Array({ maxLength: 60 })
const sized = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const hash = sized(32).map(bytesToHex)
const prefix = fc.array(fc.nat(15), { maxLength: 64 })
const value = fc
  .uint8Array({ minLength: 1, maxLength: 32 })
  .map((one) => (one[0] === 0 ? Uint8Array.from([1, ...one.slice(1)]) : one))
const slot = fc.record({ slot: sized(32), value })
const item = fc.record({ address: sized(20), account: bytes, slots: fc.array(slot, { maxLength: 3 }) })
const chunk = <T>(items: fc.Arbitrary<T>) =>
  fc.record({
    proof: fc.array(bytes, { maxLength: 3 }),
    isSplit: fc.boolean(),
    items: fc.array(items, { maxLength: 3 }),
  })
const request = fc.oneof(
  fc.constant({ kind: 'offers' as const }),
  fc.record({ kind: fc.constant('accounts' as const), stateRoot: hash, prefix }),
  fc.record({
    kind: fc.constant('slots' as const),
    address: sized(20).map(bytesToHex),
    storageRoot: hash,
    prefix,
  }),
  fc.record({ kind: fc.constant('codes' as const), hashes: fc.array(hash, { minLength: 1, maxLength: 5 }) }),
)
const height = fc.nat(1_000_000)

interface Message {
  readonly name: string
  readonly value: fc.Arbitrary<unknown>
  readonly encode: (value: never) => Uint8Array
  readonly decode: (bytes: Uint8Array) => unknown
}
const messages: readonly Message[] = [
  {
    name: 'a request for a snapshot',
    value: request,
    encode: encodeSnapshotRequest,
    decode: decodeSnapshotRequest,
  },
  { name: 'offers', value: fc.array(height, { maxLength: 2 }), encode: encodeOffers, decode: decodeOffers },
  { name: 'codes', value: fc.array(bytes, { maxLength: 4 }), encode: encodeCodes, decode: decodeCodes },
  { name: 'a chunk of accounts', value: chunk(item), encode: encodeAccountChunk, decode: decodeAccountChunk },
  { name: 'a chunk of slots', value: chunk(slot), encode: encodeSlotChunk, decode: decodeSlotChunk },
  {
    name: 'a request for epoch records',
    value: fc.record({ fromEpoch: height, count: fc.integer({ min: 1, max: 99 }) }),
    encode: encodeEpochRequest,
    decode: decodeEpochRequest,
  },
  {
    name: 'epoch records',
    value: fc.record({ epochs: height, records: fc.array(bytes, { maxLength: 3 }) }),
    encode: encodeEpochResponse,
    decode: decodeEpochResponse,
  },
]

describe.each(messages)('$name', ({ value, encode, decode }) => {
  const encoded = value.map((one) => encode(one as never))

  it('comes back as it was', () => {
    fc.assert(
      fc.property(encoded, (message) => {
        expect(plain(encode(decode(message) as never))).toBe(plain(message))
      }),
    )
  })

  it('damaged, is refused with a NodeError or is another message', () => {
    const damage = fc.tuple(encoded, fc.nat(400), fc.nat(255), fc.nat(3)).map(([whole, at, byte, cut]) => {
      const copy = Uint8Array.from(whole.subarray(0, whole.length - cut))
      if (copy.length > 0) copy[at % copy.length] = byte
      return copy
    })
    fc.assert(
      fc.property(fc.oneof(bytes, damage), (message) => {
        let decoded: unknown
        try {
          decoded = decode(message)
        } catch (error) {
          expect(error).toBeInstanceOf(NodeError)
          return
        }
        expect(plain(encode(decoded as never))).toBe(plain(message))
      }),
    )
  })
})

describe('messages', () => {
  it('beyond their bounds are refused', () => {
    const hashes = Array.from({ length: limits.snapshotCodes + 1 }, () => bytesToHex(new Uint8Array(32)))
    expect(thrownCode(() => decodeSnapshotRequest(encodeSnapshotRequest({ kind: 'codes', hashes })))).toMatch(
      /LIMIT_EXCEEDED|BAD_REQUEST/,
    )
    const none = encodeSnapshotRequest({ kind: 'codes', hashes: [] })
    expect(thrownCode(() => decodeSnapshotRequest(none))).toBe('BAD_REQUEST')
    const high = encodeSnapshotRequest({
      kind: 'accounts',
      stateRoot: bytesToHex(new Uint8Array(32)),
      prefix: [16],
    })
    expect(thrownCode(() => decodeSnapshotRequest(high))).toBe('BAD_REQUEST')
    const many = encodeOffers(Array.from({ length: 9 }, () => 2 ** 40))
    expect(thrownCode(() => decodeOffers(many))).toBe('LIMIT_EXCEEDED')
    const nodes = Array.from({ length: limits.proofNodes + 1 }, () => Uint8Array.of(1))
    const deep = encodeSlotChunk({ proof: nodes, isSplit: false, items: [] })
    expect(thrownCode(() => decodeSlotChunk(deep))).toBe('LIMIT_EXCEEDED')
    const zero = encodeSlotChunk({
      proof: [],
      isSplit: false,
      items: [{ slot: new Uint8Array(32), value: Uint8Array.of(0) }],
    })
    expect(thrownCode(() => decodeSlotChunk(zero))).toBe('BAD_RLP')
  })

  it('that are epoch records of nonsense are refused', () => {
    fc.assert(
      fc.property(bytes, (message) => {
        try {
          expect(plain(encodeEpochRecord(decodeEpochRecord(message)))).toBe(plain(message))
        } catch (error) {
          expect(error).toBeInstanceOf(NodeError)
        }
      }),
    )
  })
})

function plain(message: Uint8Array): string {
  return bytesToHex(message)
}
