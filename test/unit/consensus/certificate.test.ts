import { describe, expect, it } from 'vitest'
import {
  type Certificate,
  certificateHash,
  checkCertificate,
  decodeCertificate,
  encodeCertificate,
  hasSigned,
  makeCertificate,
} from '../../../src/ledger/certificate.ts'
import type { VoteType } from '../../../src/ledger/vote.ts'
import { domain, HEIGHT, hashOf, makeSet, signedVote } from './support.ts'

const V = hashOf('v')
const W = hashOf('w')
const ROUND = 2
/** The quorum is 7 of 9. */
const set = makeSet(1, 1, 2, 5)

const sign = (index: number, type: VoteType = 'precommit', blockHash = V, round = ROUND, height = HEIGHT) =>
  signedVote(index, { type, height, round, blockHash })
const certificateBy = (...indices: number[]) =>
  makeCertificate(
    set,
    indices.map((index) => sign(index)),
  )
const refusal = (certificate: Certificate, over = domain) => {
  try {
    checkCertificate(over, set, certificate)
    return null
  } catch (error) {
    return (error as { code?: string }).code
  }
}
const withSignature = (certificate: Certificate, place: number, signature: Uint8Array): Certificate => ({
  ...certificate,
  signatures: certificate.signatures.map((each, index) => (index === place ? signature : each)),
})

describe('a certificate', () => {
  it('stands in the order of the set, whatever the order of the votes, and counts each once', () => {
    const certificate = makeCertificate(
      set,
      [3, 0, 2, 0].map((index) => sign(index)),
    )
    expect([0, 1, 2, 3].map((index) => hasSigned(certificate.signers, index))).toEqual([
      true,
      false,
      true,
      true,
    ])
    expect(certificate.signatures).toEqual([0, 2, 3].map((index) => sign(index).signature))
    expect(certificate).toMatchObject({ height: HEIGHT, round: ROUND, blockHash: V })
    expect(decodeCertificate(encodeCertificate(certificate))).toEqual(certificate)
    expect(certificateHash(certificate)).not.toBe(certificateHash(certificateBy(0, 1, 2, 3)))
  })

  it('leaves strangers out, and needs a precommit for a block', () => {
    expect(makeCertificate(set, [sign(3), sign(6)]).signatures).toHaveLength(1)
    const nil = signedVote(0, { type: 'precommit', height: HEIGHT, round: ROUND, blockHash: null })
    for (const votes of [[], [nil]]) {
      expect(() => makeCertificate(set, votes)).toThrowError(
        expect.objectContaining({ code: 'BAD_CERTIFICATE' }),
      )
    }
  })

  it('holds with more than 2/3 of the power: 7 of 9, not 6', () => {
    expect(refusal(certificateBy(2, 3))).toBeNull()
    expect(refusal(certificateBy(0, 1, 3))).toBeNull()
    expect(refusal(certificateBy(0, 1, 2, 3))).toBeNull()
    for (const signers of [[0, 3], [1, 3], [3], [0, 1, 2]]) {
      expect(refusal(certificateBy(...signers))).toBe('BAD_CERTIFICATE')
    }
  })

  const good = certificateBy(0, 2, 3)

  it.each<[string, Certificate]>([
    ['another height', { ...good, height: HEIGHT + 1 }],
    ['another round', { ...good, round: ROUND + 1 }],
    ['another block', { ...good, blockHash: W }],
    ['a signature of another validator', withSignature(good, 0, sign(1).signature)],
    ['a prevote’s signature', withSignature(good, 1, sign(2, 'prevote').signature)],
    ['a signature for another block', withSignature(good, 2, sign(3, 'precommit', W).signature)],
    ['signatures in another order', { ...good, signatures: [...good.signatures].reverse() }],
    ['a signature too few', { ...good, signatures: good.signatures.slice(0, 2) }],
    ['a signature too many', { ...good, signatures: [...good.signatures, sign(1).signature] }],
    ['a signer too many', { ...good, signers: Uint8Array.of(0b1111) }],
    ['a signer beyond the set', { ...good, signers: Uint8Array.of(0b1_1101) }],
    ['a bitmap too long', { ...good, signers: Uint8Array.of(0b1101, 0) }],
    ['no bitmap', { ...good, signers: new Uint8Array(0) }],
  ])('is refused with %s', (_, certificate) => {
    expect(refusal(good)).toBeNull()
    expect(refusal(certificate)).toMatch(/^BAD_(CERTIFICATE|SIGNATURE)$/)
  })

  it('is refused on another chain', () => {
    expect(refusal(good, { ...domain, chainId: domain.chainId + 1n })).toBe('BAD_CERTIFICATE')
    expect(refusal(good, { ...domain, genesisHash: W })).toBe('BAD_CERTIFICATE')
  })
})
