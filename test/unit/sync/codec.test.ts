import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { NodeError } from '../../../src/errors/errors.ts'
import { encodeCertificate } from '../../../src/ledger/certificate.ts'
import { encodeRlp } from '../../../src/primitives/rlp.ts'
import {
  decodeRangeRequest,
  decodeRangeResponse,
  encodeRangeRequest,
  encodeRangeResponse,
} from '../../../src/sync/codec.ts'
import { pairRange } from '../../../src/sync/range.ts'
import { thrownCode } from '../../support/network/outcome.ts'
import { makeChain } from '../../support/sync/testChain.ts'

const height = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const bytes = fc.uint8Array({ maxLength: 200 })

/** A decoder given anything either fails with a NodeError or gives what encodes to the same bytes. */
function strict<T>(decode: (bytes: Uint8Array) => T, encode: (value: T) => Uint8Array) {
  return (input: Uint8Array) => {
    let value: T
    try {
      value = decode(input)
    } catch (error) {
      expect(error).toBeInstanceOf(NodeError)
      return
    }
    expect(Buffer.compare(encode(value), input)).toBe(0)
  }
}

/** Bytes that are nearly a message: encoded, then changed in a few places. */
const damaged = (valid: fc.Arbitrary<Uint8Array>) =>
  fc
    .tuple(
      valid,
      fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
      fc.nat(3),
    )
    .map(([encoded, changes, cut]) => {
      const copy = Uint8Array.from(encoded.subarray(0, encoded.length - cut))
      for (const [at, value] of changes) if (copy.length > 0) copy[at % copy.length] = value
      return copy
    })

describe('sync messages', () => {
  const request = fc.record({ fromHeight: height, count: height, maxBytes: fc.nat() })
  const response = fc.record({
    headHeight: fc.maxSafeNat(),
    firstHeight: fc.maxSafeNat(),
    envelopes: fc.array(bytes, { maxLength: 5 }),
    certificate: bytes,
  })

  it('come back as they were', () => {
    fc.assert(
      fc.property(request, (value) => {
        expect(decodeRangeRequest(encodeRangeRequest(value))).toEqual(value)
      }),
    )
    fc.assert(
      fc.property(response, (value) => {
        const decoded = decodeRangeResponse(encodeRangeResponse(value))
        expect(decoded.headHeight).toBe(value.headHeight)
        expect(decoded.envelopes.map((e) => Buffer.from(e).toString('hex'))).toEqual(
          value.envelopes.map((e) => Buffer.from(e).toString('hex')),
        )
        expect(Buffer.compare(decoded.certificate, value.certificate)).toBe(0)
      }),
    )
  })

  it('are refused with a NodeError when damaged', () => {
    const requests = damaged(request.map(encodeRangeRequest))
    fc.assert(fc.property(fc.oneof(bytes, requests), strict(decodeRangeRequest, encodeRangeRequest)))
    const responses = damaged(response.map(encodeRangeResponse))
    fc.assert(fc.property(fc.oneof(bytes, responses), strict(decodeRangeResponse, encodeRangeResponse)))
  })

  it('of another version are refused', () => {
    const two = Uint8Array.of(2)
    const one = Uint8Array.of(1)
    expect(thrownCode(() => decodeRangeRequest(encodeRlp([two, one, one, one])))).toBe('BAD_RLP')
    expect(thrownCode(() => decodeRangeResponse(encodeRlp([two, one, one, [], one])))).toBe('BAD_RLP')
  })

  it('with too many envelopes are refused', () => {
    const envelopes = Array.from({ length: limits.syncRangeEnvelopes + 1 }, () => Uint8Array.of(1))
    const encoded = encodeRangeResponse({
      headHeight: 1,
      firstHeight: 1,
      envelopes,
      certificate: Uint8Array.of(1),
    })
    expect(thrownCode(() => decodeRangeResponse(encoded))).toBe('LIMIT_EXCEEDED')
  })
})

describe('a range', () => {
  const chain = makeChain(12)
  const ask = (fromHeight: number, count = 20) => ({ fromHeight, count, maxBytes: 1_000_000 })
  const answer = (from: number, to: number, last = chain[to - 1]!) => ({
    headHeight: 12,
    firstHeight: 1,
    envelopes: chain.slice(from - 1, to).map(({ envelope }) => envelope),
    certificate: encodedCertificate(last),
  })
  const encodedCertificate = ({ certificate }: (typeof chain)[number]) => encodeCertificate(certificate)

  it('is paired with the certificates of its blocks', () => {
    const decided = pairRange(ask(3), answer(3, 8))
    expect(decided.map(({ height }) => height)).toEqual([3, 4, 5, 6, 7, 8])
    for (const { height, certificate } of decided) {
      expect(Buffer.compare(certificate, encodedCertificate(chain[height - 1]!))).toBe(0)
    }
  })

  it.each([
    ['that is empty', ask(3), { ...answer(3, 8), envelopes: [] }, 'NOT_FOUND'],
    ['that begins elsewhere', ask(4), answer(3, 8), 'BAD_CERTIFICATE'],
    ['that pretends to begin at block 1', ask(1), answer(2, 8), 'BAD_CERTIFICATE'],
    ['that is longer than asked for', ask(3, 2), answer(3, 8), 'LIMIT_EXCEEDED'],
    ['with the certificate of another block', ask(3), answer(3, 8, chain[8]), 'BAD_CERTIFICATE'],
    ['of nonsense', ask(3), { ...answer(3, 8), envelopes: [Uint8Array.of(1)] }, 'BAD_RLP'],
    ['without a certificate', ask(3), { ...answer(3, 8), certificate: new Uint8Array(0) }, 'BAD_RLP'],
  ] as const)('%s is refused', (_name, request, response, code) => {
    expect(thrownCode(() => pairRange(request, response))).toBe(code)
  })
})
