import type { Block, createBlock } from '@ethereumjs/block'
import { createAddressFromString } from '@ethereumjs/util'
import { beforeAll, describe, expect, it } from 'vitest'
import { NodeError } from '../../../src/errors/errors.ts'
import { parentCertificateRoot } from '../../../src/ledger/envelope.ts'
import {
  checkHeader,
  type HeaderContext,
  headerRuleNames,
  nextBaseFee,
  parentHeaderOf,
} from '../../../src/ledger/headerRules.ts'
import { TestChain } from '../../support/chain.ts'

type Fields = Parameters<typeof createBlock>[0]

const filled = (byte: number) => new Uint8Array(32).fill(byte)

/** For each rule, the smallest change of a good header that breaks it. */
const breaks: Readonly<Record<string, (good: Block) => Partial<Record<string, unknown>>>> = {
  number: (good) => ({ number: good.header.number + 1n }),
  parentHash: () => ({ parentHash: filled(1) }),
  timestamp: (good) => ({ timestamp: good.header.timestamp - 1n }),
  gasLimit: (good) => ({ gasLimit: good.header.gasLimit + 1n }),
  gasUsed: (good) => ({ gasUsed: good.header.gasLimit + 1n }),
  baseFee: (good) => ({ baseFeePerGas: (good.header.baseFeePerGas ?? 0n) + 1n }),
  coinbase: () => ({ coinbase: createAddressFromString(`0x${'99'.repeat(20)}`) }),
  reveal: () => ({ extraData: new Uint8Array(31) }),
  prevRandao: () => ({ mixHash: filled(2) }),
  difficulty: () => ({ difficulty: 1n }),
  nonce: () => ({ nonce: new Uint8Array(8).fill(1) }),
  ommers: () => ({ uncleHash: filled(3) }),
  withdrawals: () => ({ withdrawalsRoot: filled(4) }),
  blobGas: () => ({ excessBlobGas: 1n }),
  requests: () => ({ requestsHash: filled(5) }),
  parentCertificate: () => ({ parentBeaconBlockRoot: filled(6) }),
}

/** The good block with some header fields replaced, without the library's own checks. */
function withHeader(good: Block, fields: Partial<Record<string, unknown>>): Block {
  const header = Object.assign(Object.create(Object.getPrototypeOf(good.header)), good.header, fields)
  return Object.assign(Object.create(Object.getPrototypeOf(good)), good, { header }) as Block
}

let test: TestChain
let good: Block
let context: HeaderContext

beforeAll(async () => {
  test = await TestChain.open()
  await test.mine()
  context = {
    parent: parentHeaderOf(test.chain.head.block),
    set: test.chain.head.nextSet,
    parentCertificateRoot: parentCertificateRoot(test.chain.head.certificate),
  }
  good = (await test.build([], 1)).block
})

function brokenRule(block: Block): unknown {
  try {
    checkHeader(block, context, test.chain.spec)
    return undefined
  } catch (error) {
    return error instanceof NodeError && error.code === 'BAD_HEADER' ? error.details.rule : error
  }
}

describe('header rules', () => {
  it('take a block that a validator built', () => {
    expect(brokenRule(good)).toBeUndefined()
  })

  it('have a case here for every rule', () => {
    expect(Object.keys(breaks).sort()).toEqual([...headerRuleNames].sort())
  })

  it.each(headerRuleNames)('refuse a header that breaks only the rule of its %s', (name) => {
    const fields = breaks[name]?.(good) ?? {}
    expect(brokenRule(withHeader(good, fields))).toBe(name)
  })

  it('refuse ommers and withdrawals in the body', () => {
    const body = (fields: Fields) =>
      Object.assign(Object.create(Object.getPrototypeOf(good)), good, fields as object) as Block
    expect(brokenRule(body({ uncleHeaders: [good.header] }))).toBe('ommers')
    expect(brokenRule(body({ withdrawals: [{}] as never }))).toBe('withdrawals')
  })
})

describe('the base fee', () => {
  const fees = { baseFeeDenominator: 50, elasticity: 2, minimumBaseFeeWei: 10n ** 9n, treasuryShareBps: 0 }
  const feeAfter = (gasUsed: bigint, baseFeeWei: bigint) =>
    nextBaseFee(fees, { ...parentHeaderOf(good), gasLimit: 30_000_000n, gasUsed, baseFeeWei })

  it('stays when the parent used its target', () => {
    expect(feeAfter(15_000_000n, 2n * 10n ** 9n)).toBe(2n * 10n ** 9n)
  })

  it('rises by 1/50 after a full block and falls by 1/50 after an empty one', () => {
    expect(feeAfter(30_000_000n, 50n * 10n ** 9n)).toBe(51n * 10n ** 9n)
    expect(feeAfter(0n, 50n * 10n ** 9n)).toBe(49n * 10n ** 9n)
  })

  it('rises by one wei at least and never falls below the minimum', () => {
    expect(
      nextBaseFee(
        { ...fees, minimumBaseFeeWei: 0n },
        { ...parentHeaderOf(good), gasLimit: 100n, gasUsed: 51n, baseFeeWei: 1n },
      ),
    ).toBe(2n)
    expect(feeAfter(0n, 10n ** 9n)).toBe(10n ** 9n)
  })
})
