import { RLP } from '@ethereumjs/rlp'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeReceipt, encodeReceipt } from '../../../../src/ai/receipts/codec.ts'
import { decodeEvidence, encodeEvidence } from '../../../../src/ai/receipts/evidence.ts'
import type { SignedReceipt } from '../../../../src/ai/receipts/typedData.ts'
import { limits } from '../../../../src/config/limits.ts'
import { isNodeError } from '../../../../src/errors/errors.ts'
import { bytesToHex } from '../../../../src/primitives/hex.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const hex = (length: number) => bytes(length).map((value) => bytesToHex(value))
const uint = (bits: number) => fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n })
const small = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 })
const signature = fc.tuple(bytes(64), fc.constantFrom(27, 28)).map(([rs, v]) => Uint8Array.from([...rs, v]))
const receipts: fc.Arbitrary<SignedReceipt> = fc.record({
  request: fc.record({
    requester: hex(20),
    host: hex(20),
    adapterId: uint(64),
    adapterVersion: small(32),
    application: hex(20),
    inputCommitment: hex(32),
    maxFeeWei: uint(256),
    nonce: uint(256),
    deadlineBlock: uint(64),
    auditClass: small(8),
  }),
  outputCommitment: hex(32),
  inputTokens: small(32),
  outputTokens: small(32),
  method: small(8),
  profileHash: hex(32),
  queryRow: fc.uint8Array({ maxLength: 4096, size: 'max' }),
  requesterSignature: signature,
  hostSignature: signature,
})

const codes = new Set(['BAD_RLP', 'LIMIT_EXCEEDED'])

/** Decodes, or fails as bad input does; anything else is a bug. */
function refuses<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch (error) {
    if (isNodeError(error) && codes.has(error.code)) return undefined
    throw error
  }
}

describe('the encoding of receipts', () => {
  it('gives back what went in, within the bound', () => {
    fc.assert(
      fc.property(receipts, (receipt) => {
        const encoded = encodeReceipt(receipt)
        expect(encoded.length).toBeLessThanOrEqual(limits.receiptBytes)
        expect(decodeReceipt(encoded)).toEqual(receipt)
      }),
      { numRuns: 200 },
    )
  })

  it('is the only one: what decodes encodes to the same bytes, also after a change of some bytes', () => {
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      to: fc.integer({ min: 0, max: 255 }),
    })
    fc.assert(
      fc.property(receipts, fc.array(change, { minLength: 1, maxLength: 4 }), (receipt, changes) => {
        const mutated = encodeReceipt(receipt)
        for (const { at, to } of changes) mutated[Math.floor(at * (mutated.length - 1))] = to
        const decoded = refuses(() => decodeReceipt(mutated))
        if (decoded !== undefined) expect(bytesToHex(encodeReceipt(decoded))).toBe(bytesToHex(mutated))
      }),
      { numRuns: 500 },
    )
  })

  it('refuses any other bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (garbage) => {
        expect(refuses(() => decodeReceipt(garbage))).toBeUndefined()
      }),
      { numRuns: 500 },
    )
  })

  it.each<[string, (items: unknown[]) => unknown]>([
    ['another version', (items) => [Uint8Array.of(2), ...items.slice(1)]],
    ['a version with a leading zero', (items) => [Uint8Array.of(0, 1), ...items.slice(1)]],
    ['one item more', (items) => [...items, new Uint8Array()]],
    ['one item less', (items) => items.slice(0, -1)],
    [
      'a short address',
      (items) => [items[0], [new Uint8Array(19), ...(items[1] as unknown[]).slice(1)], ...items.slice(2)],
    ],
    ['a signature that ends in 0', (items) => [...items.slice(0, -1), new Uint8Array(65)]],
    ['a signature of 64 bytes', (items) => [...items.slice(0, -1), new Uint8Array(64).fill(27)]],
    ['a uint8 of 256', (items) => [...items.slice(0, 5), Uint8Array.of(1, 0), ...items.slice(6)]],
    ['a list in place of a row', (items) => [...items.slice(0, 7), [], ...items.slice(8)]],
  ])('refuses %s', (_name, change) => {
    const [receipt] = fc.sample(receipts, { numRuns: 1, seed: 3 })
    const items = RLP.decode(encodeReceipt(receipt!)) as unknown[]
    expect(() => decodeReceipt(RLP.encode(change(items) as never))).toThrow(
      expect.objectContaining({ code: 'BAD_RLP' }),
    )
  })

  it('refuses what is too long without reading it, and what has bytes behind it', () => {
    const [receipt] = fc.sample(receipts, { numRuns: 1, seed: 3 })
    const long = encodeReceipt({ ...receipt!, queryRow: new Uint8Array(limits.receiptBytes) })
    expect(() => decodeReceipt(long)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
    const trailing = Uint8Array.from([...encodeReceipt({ ...receipt!, queryRow: new Uint8Array() }), 0])
    expect(() => decodeReceipt(trailing)).toThrow(expect.objectContaining({ code: 'BAD_RLP' }))
    // a thousand lists in each other
    expect(() => decodeReceipt(new Uint8Array(limits.receiptBytes).fill(0xc1))).toThrow(
      expect.objectContaining({ code: 'BAD_RLP' }),
    )
  })
})

describe('the encoding of evidence', () => {
  it('gives back what went in, of the largest size too, and refuses other bytes', () => {
    const [receipt] = fc.sample(receipts, { numRuns: 1, seed: 5 })
    const evidence = {
      receipt: receipt!,
      input: new Uint8Array(limits.inferenceInputBytes).fill(1),
      inputSalt: new Uint8Array(32).fill(2),
      output: new Uint8Array(limits.inferenceOutputBytes).fill(3),
      outputSalt: new Uint8Array(32).fill(4),
    }
    expect(decodeEvidence(encodeEvidence(evidence))).toEqual(evidence)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (garbage) => {
        expect(refuses(() => decodeEvidence(garbage))).toBeUndefined()
      }),
    )
    const shortSalt = { ...evidence, inputSalt: new Uint8Array(31) }
    expect(() => decodeEvidence(encodeEvidence(shortSalt))).toThrow(
      expect.objectContaining({ code: 'BAD_RLP' }),
    )
  })
})
