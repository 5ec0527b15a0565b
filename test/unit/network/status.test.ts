import { RLP } from '@ethereumjs/rlp'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { NodeError } from '../../../src/errors/errors.ts'
import { checkStatus, decodeStatus, encodeStatus, type Status } from '../../../src/network/status.ts'
import { bytesToHex, type Hash } from '../../../src/primitives/hex.ts'
import { thrownCode } from '../../support/network/outcome.ts'
import { testChain, testHash } from '../../support/network/testNode.ts'

const status: Status = {
  wireVersion: 1,
  ...testChain,
  headHeight: 12,
  headHash: testHash(12),
  agent: 'openledger/0.1.0',
}
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes): Hash => bytesToHex(bytes))
const printable = fc
  .array(fc.integer({ min: 0x20, max: 0x7e }), { maxLength: limits.agentBytes })
  .map((codes) => String.fromCharCode(...codes))

describe('a status', () => {
  it('is RLP of six fields', () => {
    const fields = RLP.decode(encodeStatus(status)) as Uint8Array[]
    expect(fields.map((field) => Buffer.from(field).toString('hex'))).toEqual([
      '01',
      testChain.chainId.toString(16).padStart(6, '0'),
      'ab'.repeat(32),
      '0c',
      testHash(12).slice(2),
      Buffer.from(status.agent).toString('hex'),
    ])
  })

  it('comes back as it was, within its largest size', () => {
    const any = fc.record({
      wireVersion: fc.constant(1),
      chainId: fc.bigInt({ min: 1n, max: 2n ** 64n }),
      genesisHash: hash,
      headHeight: fc.maxSafeNat(),
      headHash: hash,
      agent: printable,
    })
    fc.assert(
      fc.property(any, (value) => {
        const encoded = encodeStatus(value)
        expect(encoded.length).toBeLessThanOrEqual(limits.statusBytes)
        expect(decodeStatus(encoded)).toEqual(value)
      }),
    )
  })

  it('that is anything else is refused with a NodeError', () => {
    const encoded = encodeStatus(status)
    const damaged = fc.tuple(fc.nat(encoded.length - 1), fc.nat(255)).map(([at, value]) => {
      const copy = Uint8Array.from(encoded)
      copy[at] = value
      return copy
    })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), damaged), (bytes) => {
        try {
          decodeStatus(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(NodeError)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('with an agent that could confuse a terminal, or is long, is refused', () => {
    expect(thrownCode(() => decodeStatus(encodeStatus({ ...status, agent: '\u001b[31m' })))).toBe(
      'BAD_ENCODING',
    )
    expect(thrownCode(() => decodeStatus(encodeStatus({ ...status, agent: 'x'.repeat(65) })))).toBe(
      'LIMIT_EXCEEDED',
    )
  })

  it('is accepted for the same chain only, and the chain is looked at first', () => {
    expect(thrownCode(() => checkStatus(testChain, status))).toBe('no error')
    expect(thrownCode(() => checkStatus(testChain, { ...status, chainId: 1n }))).toBe('WRONG_CHAIN')
    expect(thrownCode(() => checkStatus(testChain, { ...status, genesisHash: testHash(1) }))).toBe(
      'WRONG_CHAIN',
    )
    expect(thrownCode(() => checkStatus(testChain, { ...status, wireVersion: 2 }))).toBe(
      'PROTOCOL_UNSUPPORTED',
    )
    expect(thrownCode(() => checkStatus(testChain, { ...status, wireVersion: 2, chainId: 1n }))).toBe(
      'WRONG_CHAIN',
    )
  })

  it('of a later version may have more fields', () => {
    const fields = RLP.decode(encodeStatus({ ...status, wireVersion: 2 })) as Uint8Array[]
    expect(decodeStatus(RLP.encode([...fields, Uint8Array.of(1)])).wireVersion).toBe(2)
    const one = RLP.decode(encodeStatus(status)) as Uint8Array[]
    expect(thrownCode(() => decodeStatus(RLP.encode([...one, Uint8Array.of(1)])))).toBe('BAD_RLP')
  })
})
