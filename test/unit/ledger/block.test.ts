import { createBlob4844Tx, createFeeMarket1559Tx, type TypedTransaction } from '@ethereumjs/tx'
import { beforeAll, describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import type { Candidate } from '../../../src/execution/executor.ts'
import {
  blockHashOf,
  checkTransactionForm,
  decodeBlock,
  decodeEnvelopeBlock,
  heightOf,
  transactionsRoot,
} from '../../../src/ledger/block.ts'
import { type Certificate, encodeCertificate } from '../../../src/ledger/certificate.ts'
import { encodeEnvelope } from '../../../src/ledger/envelope.ts'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'
import { asBytes, asList, decodeRlp, encodeRlp, type RlpItem } from '../../../src/primitives/rlp.ts'
import { account, TestChain } from '../../support/chain.ts'
import { thrownCode } from '../../support/network/outcome.ts'

const receiver: Address = `0x${'42'.repeat(20)}`
/** Places in a header. */
const DIFFICULTY = 7
const BASE_FEE = 15
const PARENT_ROOT = 19

let test: TestChain
let first: Candidate
/** The second block: its parent has a certificate, and its body two transactions. */
let good: Candidate
let certificate: Certificate

beforeAll(async () => {
  test = await TestChain.open()
  first = await test.mine()
  certificate = test.chain.head.certificate!
  const transfer = (sender: number) =>
    test.transaction(account(sender), { to: receiver, value: 1n, gasLimit: 21_000n })
  good = await test.build([transfer(0), transfer(1)], 1)
})

const decode = (bytes: Uint8Array) => decodeEnvelopeBlock(bytes, test.chain.spec.common)
const codeOf = (bytes: Uint8Array) => thrownCode(() => decode(bytes))

interface BlockParts {
  readonly header: RlpItem[]
  readonly transactions: RlpItem[]
  readonly rest: RlpItem[]
}

/** The good envelope with other parts of its block. */
function withBlock(change: (parts: BlockParts) => Partial<BlockParts>): Uint8Array {
  const [header, transactions, ...rest] = asList(decodeRlp(good.envelope.block, limits.blockBytes))
  const parts = { header: [...asList(header)], transactions: asList(transactions), rest }
  const changed = { ...parts, ...change(parts) }
  const block = encodeRlp([changed.header, changed.transactions, ...changed.rest])
  return encodeEnvelope({ ...good.envelope, block })
}

/** The good envelope with one field of the header replaced. */
function withField(place: number, value: RlpItem): Uint8Array {
  return withBlock(({ header }) => ({ header: header.with(place, value) }))
}

const withCertificate = (parentCertificate: Certificate | null) =>
  encodeEnvelope({ ...good.envelope, parentCertificate })

/** The good envelope with its outer list changed. */
function withParts(change: (parts: RlpItem[]) => RlpItem[]): Uint8Array {
  return encodeRlp(change(asList(decodeRlp(encodeEnvelope(good.envelope), limits.envelopeBytes))))
}

describe('an envelope', () => {
  it('is decoded whole', () => {
    const { envelope, block } = decode(encodeEnvelope(good.envelope))
    expect(blockHashOf(block)).toBe(good.blockHash)
    expect(heightOf(block)).toBe(2)
    expect(block.transactions.map((tx) => bytesToHex(tx.hash()))).toEqual(
      good.block.transactions.map((tx) => bytesToHex(tx.hash())),
    )
    expect(envelope).toEqual({ block: good.envelope.block, parentCertificate: certificate })
    // and so is the good one when its parts are put together again
    expect(decode(withBlock(() => ({}))).envelope).toEqual(envelope)
    expect(decode(withParts((parts) => parts)).envelope).toEqual(envelope)
  })

  it('of the first block has no certificate', () => {
    const { envelope, block } = decode(encodeEnvelope(first.envelope))
    expect(envelope.parentCertificate).toBeNull()
    expect(blockHashOf(block)).toBe(first.blockHash)
  })
})

describe('a block of lists in lists', () => {
  // at 3 MB and 2,000 levels a decoder that copies each list would need 6 GB
  const bomb = (levels: number, size: number): Uint8Array => {
    const bytes = new Uint8Array(size)
    for (let level = 0; level < levels; level++) {
      const rest = size - 4 * level - 4
      bytes.set(Uint8Array.of(0xfa, rest >> 16, (rest >> 8) & 0xff, rest & 0xff), 4 * level)
    }
    return bytes.fill(1, 4 * levels)
  }

  it.each<[string, () => Uint8Array]>([
    ['in its body', () => bomb(2_000, 3_000_000)],
    [
      'in a typed transaction',
      () => encodeRlp([[], [concatBytes(Uint8Array.of(2), bomb(2_000, 3_000_000))], [], []]),
    ],
  ])('is refused before it takes memory: %s', (_where, make) => {
    const decode = () => decodeBlock(make(), test.chain.spec.common)
    expect(thrownCode(decode)).toBe('BAD_BODY')
    // by our own decoder, before the library's saw any of it
    expect(decode).toThrow(expect.objectContaining({ cause: expect.objectContaining({ code: 'BAD_RLP' }) }))
  })
})

describe('an envelope that its hash does not name whole is refused', () => {
  it.each<[string, () => Uint8Array]>([
    ['a transaction less', () => withBlock(({ transactions }) => ({ transactions: transactions.slice(1) }))],
    ['a transaction more', () => withBlock(({ transactions: all }) => ({ transactions: [...all, all[0]!] }))],
    ['another order', () => withBlock(({ transactions }) => ({ transactions: transactions.toReversed() }))],
    ['an uncle', () => withBlock(({ header, rest }) => ({ rest: rest.with(0, [header]) }))],
    [
      'a withdrawal',
      () =>
        withBlock(({ rest }) => ({
          rest: rest.with(1, [[Uint8Array.of(1), Uint8Array.of(1), hexToBytes(receiver), Uint8Array.of(1)]]),
        })),
    ],
    ['no list of withdrawals', () => withBlock(({ rest }) => ({ rest: rest.slice(0, 1) }))],
    ['one list more', () => withBlock(({ rest }) => ({ rest: [...rest, []] }))],
  ])('with another body: %s', (_what, make) => {
    expect(codeOf(make())).toBe('BAD_BODY')
  })

  it.each<[string, () => Certificate | null]>([
    ['none', () => null],
    ['one of another round', () => ({ ...certificate, round: 1 })],
    [
      'one of fewer validators',
      () => ({
        ...certificate,
        signers: Uint8Array.of(0b0011),
        signatures: certificate.signatures.slice(0, 2),
      }),
    ],
    ['one of another block', () => ({ ...certificate, blockHash: good.blockHash })],
  ])('with another certificate: %s', (_what, make) => {
    expect(codeOf(withCertificate(make()))).toBe('BAD_BODY')
  })

  it('with a certificate where the first block has none', () => {
    expect(codeOf(encodeEnvelope({ ...first.envelope, parentCertificate: certificate }))).toBe('BAD_BODY')
  })

  it.each<[string, () => Uint8Array]>([
    ['a zero that is written out', () => withField(DIFFICULTY, Uint8Array.of(0))],
    ['a number with a leading zero', () => withField(BASE_FEE, withLeadingZero(BASE_FEE))],
    ['a field less', () => withBlock(({ header }) => ({ header: header.slice(0, PARENT_ROOT) }))],
    ['a field more', () => withBlock(({ header }) => ({ header: [...header, Uint8Array.of(1)] }))],
    [
      'bytes after the block',
      () => encodeEnvelope({ ...good.envelope, block: concatBytes(good.envelope.block, Uint8Array.of(0)) }),
    ],
    ['no block', () => encodeEnvelope({ ...good.envelope, block: Uint8Array.of(1, 2, 3) })],
  ])('with another encoding of its block: %s', (_what, make) => {
    expect(codeOf(make())).toBe('BAD_BODY')
  })

  it('keeps its hash under some of these encodings, which is why they are refused', () => {
    const bytes = withField(DIFFICULTY, Uint8Array.of(0))
    const [, block] = asList(decodeRlp(bytes, limits.envelopeBytes), 4)
    expect(blockHashOf(decodeBlock(asBytes(block), test.chain.spec.common))).toBe(good.blockHash)
  })

  it.each<[string, () => Uint8Array]>([
    ['bytes after it', () => concatBytes(encodeEnvelope(good.envelope), Uint8Array.of(0))],
    ['another version', () => withParts((parts) => parts.with(0, Uint8Array.of(2)))],
    ['evidence in it', () => withParts((parts) => parts.with(3, [Uint8Array.of(1)]))],
    ['a part less', () => withParts((parts) => parts.slice(0, 3))],
    ['a part more', () => withParts((parts) => [...parts, []])],
    ['a list for its block', () => withParts((parts) => parts.with(1, []))],
    ['a certificate that does not decode', () => withParts((parts) => parts.with(2, Uint8Array.of(0xc0)))],
    [
      'a certificate with bytes after it',
      () =>
        withParts((parts) => parts.with(2, concatBytes(encodeCertificate(certificate), Uint8Array.of(0)))),
    ],
    ['nothing at all', () => new Uint8Array()],
  ])('as malformed, with %s', (_what, make) => {
    expect(codeOf(make())).toBe('BAD_RLP')
  })
})

function withLeadingZero(place: number): Uint8Array {
  const [header] = asList(decodeRlp(good.envelope.block, limits.blockBytes))
  return concatBytes(Uint8Array.of(0), asBytes(asList(header)[place]))
}

describe('sizes', () => {
  it('of blocks and envelopes are bounded before anything is decoded', () => {
    const { common } = test.chain.spec
    const large = new Uint8Array(limits.blockBytes + 1)
    expect(thrownCode(() => decodeBlock(large, common))).toBe('LIMIT_EXCEEDED')
    expect(thrownCode(() => decodeBlock(large.subarray(1), common))).toBe('BAD_BODY')
    expect(codeOf(encodeEnvelope({ ...good.envelope, block: large }))).toBe('LIMIT_EXCEEDED')
    expect(codeOf(encodeEnvelope({ ...good.envelope, block: large.subarray(1) }))).toBe('BAD_BODY')
    expect(codeOf(new Uint8Array(limits.envelopeBytes + 1))).toBe('LIMIT_EXCEEDED')
  })

  it('of certificates are bounded', () => {
    const many = Array.from({ length: limits.validators + 1 }, () => new Uint8Array(65).fill(1))
    expect(codeOf(withCertificate({ ...certificate, signatures: many }))).toBe('LIMIT_EXCEEDED')
  })

  it('of transactions are bounded, in a block too', () => {
    const { common } = test.chain.spec
    /** Signed, so that only the data differ in size. */
    const withData = (bytes: number) =>
      createFeeMarket1559Tx(
        {
          chainId: test.chain.spec.chainId,
          to: receiver,
          gasLimit: 16_000_000n,
          data: new Uint8Array(bytes),
        },
        { common },
      ).sign(hexToBytes(account(0).privateKey))
    const rest = withData(limits.transactionBytes).serialize().length - limits.transactionBytes
    const largest = withData(limits.transactionBytes - rest)
    const tooLarge = withData(limits.transactionBytes - rest + 1)
    expect(largest.serialize().length).toBe(limits.transactionBytes)
    expect(thrownCode(() => checkTransactionForm(largest))).toBe('no error')
    expect(thrownCode(() => checkTransactionForm(tooLarge))).toBe('LIMIT_EXCEEDED')
    expect(codeOf(withBody([tooLarge]))).toBe('LIMIT_EXCEEDED')
    // one that fits is decoded; its envelope commits to it
    expect(codeOf(withBody([largest]))).toBe('no error')
  })

  it('say nothing of blob transactions, which are refused', () => {
    const { chainId, common } = test.chain.spec
    const versionedHash = `0x01${'00'.repeat(31)}` as const
    const blob = createBlob4844Tx(
      { chainId, to: receiver, maxFeePerBlobGas: 1n, blobVersionedHashes: [versionedHash] },
      { common },
    ).sign(hexToBytes(account(0).privateKey))
    expect(thrownCode(() => checkTransactionForm(blob))).toBe('TX_TYPE_REFUSED')
    expect(codeOf(withBody([blob]))).toBe('TX_TYPE_REFUSED')
  })
})

/** The good envelope with these transactions and their root. */
function withBody(transactions: readonly TypedTransaction[]): Uint8Array {
  const TRANSACTIONS_ROOT = 4
  return withBlock(({ header }) => ({
    header: header.with(TRANSACTIONS_ROOT, hexToBytes(transactionsRoot(transactions))),
    transactions: transactions.map((tx) => tx.serialize()),
  }))
}
