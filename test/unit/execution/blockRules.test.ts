import { beforeAll, describe, expect, it } from 'vitest'
import { isNodeError } from '../../../src/errors/errors.ts'
import type { Candidate } from '../../../src/execution/executor.ts'
import { headerRuleNames, mixRandomness } from '../../../src/ledger/headerRules.ts'
import { devnetValidator } from '../../../src/node/devnet/keys.ts'
import { bigIntToMinimalBytes, bytesToBigInt } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../../../src/primitives/keccak.ts'
import { decodeRlp, encodeRlp, type RlpItem } from '../../../src/primitives/rlp.ts'
import { computeStateRoot } from '../../../src/state/stateRoot.ts'
import type { AccountRecord } from '../../../src/state/types.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { account, TestChain } from '../../support/chain.ts'

/** A header's fields in the order of its RLP (Osaka). */
const FIELDS = [
  'parentHash',
  'uncleHash',
  'coinbase',
  'stateRoot',
  'transactionsTrie',
  'receiptTrie',
  'logsBloom',
  'difficulty',
  'number',
  'gasLimit',
  'gasUsed',
  'timestamp',
  'extraData',
  'mixHash',
  'nonce',
  'baseFeePerGas',
  'withdrawalsRoot',
  'blobGasUsed',
  'excessBlobGas',
  'parentBeaconBlockRoot',
  'requestsHash',
] as const
type Field = (typeof FIELDS)[number]
type Header = Record<Field, Uint8Array>

const filled = (length: number) => new Uint8Array(length).fill(0x5a)
const plus = (bytes: Uint8Array, amount: bigint) => bigIntToMinimalBytes(bytesToBigInt(bytes) + amount)

let test: TestChain
let kv: MemoryStore
let good: Candidate

beforeAll(async () => {
  kv = new MemoryStore()
  test = await TestChain.open({ kv })
  await test.mine()
  const transfer = test.transaction(account(0), { to: account(1).address, value: 5n, gasLimit: 50_000n })
  good = await test.build([transfer], 1)
})

/** The good block in another encoding: its header and the lists after it changed as told. */
function encoded(
  change: (header: Header) => Partial<Header>,
  body: Partial<Record<1 | 2 | 3, RlpItem>> = {},
) {
  const [list, ...lists] = decodeRlp(good.envelope.block, 1_000_000) as RlpItem[]
  const values = list as Uint8Array[]
  expect(values).toHaveLength(FIELDS.length)
  const header = Object.fromEntries(FIELDS.map((field, index) => [field, values[index]])) as Header
  const changed = { ...header, ...change(header) }
  const parts = lists.map((item, index) => body[(index + 1) as 1 | 2 | 3] ?? item)
  return encodeRlp([FIELDS.map((field) => changed[field]), ...parts])
}

/** The code that the block is refused with, and the rule or the field that it names; undefined when it is taken. */
async function refusal(block: Uint8Array): Promise<readonly unknown[] | undefined> {
  try {
    await test.chain.validate({ ...good.envelope, block })
    return undefined
  } catch (error) {
    if (!isNodeError(error)) throw error
    return [error.code, error.details.rule ?? error.details.field]
  }
}

interface Row {
  readonly breaks: string
  readonly change: (header: Header) => Partial<Header>
  readonly code: string
  /** The header rule, or the field that execution gives another value. */
  readonly names?: string
}
const row = (breaks: string, code: string, names: string | undefined, change: Row['change']): Row => ({
  breaks,
  change,
  code,
  ...(names === undefined ? {} : { names }),
})

// What the library's decoder refuses by itself ends as BAD_BODY, before this chain's rule for it.
const rows: readonly Row[] = [
  row('the next number', 'UNKNOWN_PARENT', undefined, ({ number }) => ({ number: plus(number, 1n) })),
  row('the parent’s hash', 'BAD_HEADER', 'parentHash', () => ({ parentHash: filled(32) })),
  row('a time after the parent’s', 'BAD_HEADER', 'timestamp', ({ timestamp }) => ({
    timestamp: plus(timestamp, -1n),
  })),
  row('the gas limit, raised by one', 'BAD_HEADER', 'gasLimit', ({ gasLimit }) => ({
    gasLimit: plus(gasLimit, 1n),
  })),
  row('the gas limit, lowered by one', 'BAD_HEADER', 'gasLimit', ({ gasLimit }) => ({
    gasLimit: plus(gasLimit, -1n),
  })),
  row('gas used above the limit', 'BAD_BODY', undefined, ({ gasLimit }) => ({
    gasUsed: plus(gasLimit, 1n),
  })),
  row('gas used', 'BAD_EXECUTION', 'gasUsed', ({ gasUsed }) => ({ gasUsed: plus(gasUsed, 1n) })),
  row('the base fee', 'BAD_HEADER', 'baseFee', ({ baseFeePerGas }) => ({
    baseFeePerGas: plus(baseFeePerGas, 1n),
  })),
  row('the coinbase, a stranger’s', 'BAD_HEADER', 'coinbase', () => ({ coinbase: filled(20) })),
  row('the coinbase, another member’s', 'BAD_EXECUTION', undefined, () => ({
    coinbase: hexToBytes(devnetValidator(2).feeRecipient.address),
  })),
  row('the length of the reveal, short', 'BAD_HEADER', 'reveal', () => ({ extraData: filled(31) })),
  row('the length of the reveal, long', 'BAD_BODY', undefined, () => ({ extraData: filled(33) })),
  row('the reveal, mixed as it should be', 'BAD_EXECUTION', undefined, () => ({
    extraData: filled(32),
    mixHash: hexToBytes(mixRandomness(bytesToHex(test.chain.head.block.header.mixHash), filled(32))),
  })),
  row('prevRandao', 'BAD_HEADER', 'prevRandao', () => ({ mixHash: filled(32) })),
  row('difficulty zero', 'BAD_BODY', undefined, () => ({ difficulty: Uint8Array.of(1) })),
  row('nonce zero', 'BAD_BODY', undefined, () => ({ nonce: filled(8) })),
  row('the root of no ommers', 'BAD_BODY', undefined, () => ({ uncleHash: filled(32) })),
  row('the root of no withdrawals', 'BAD_HEADER', 'withdrawals', () => ({ withdrawalsRoot: filled(32) })),
  row('no blob gas', 'BAD_HEADER', 'blobGas', () => ({ blobGasUsed: hexToBytes('0x020000') })),
  row('no excess blob gas', 'BAD_HEADER', 'blobGas', () => ({ excessBlobGas: Uint8Array.of(1) })),
  row('the hash of no requests', 'BAD_HEADER', 'requests', () => ({ requestsHash: filled(32) })),
  row('the root of the parent’s certificate', 'BAD_HEADER', 'parentCertificate', () => ({
    parentBeaconBlockRoot: filled(32),
  })),
  row('the root of the transactions', 'BAD_BODY', undefined, () => ({ transactionsTrie: filled(32) })),
  row('the root of the receipts', 'BAD_EXECUTION', 'receiptsRoot', () => ({ receiptTrie: filled(32) })),
  row('the bloom', 'BAD_EXECUTION', 'logsBloom', () => ({ logsBloom: filled(256) })),
  row('the state’s root', 'BAD_EXECUTION', 'stateRoot', () => ({ stateRoot: filled(32) })),
]

describe('a proposed block', () => {
  it('is taken when it breaks no rule', async () => {
    expect(encoded(() => ({}))).toEqual(good.envelope.block)
    expect(await refusal(encoded(() => ({})))).toBeUndefined()
  })

  it.each(rows)('that breaks only $breaks is refused with $code', async ({ change, code, names }) => {
    expect(await refusal(encoded(change))).toEqual([code, names])
  })

  it('has a row here for each header rule that the decoder leaves to this chain', () => {
    // these are broken alone in test/unit/ledger/headerRules.test.ts
    const decoder = ['number', 'gasUsed', 'difficulty', 'nonce', 'ommers']
    const named = new Set([
      ...rows.flatMap(({ code, names }) => (code === 'BAD_HEADER' ? [names] : [])),
      ...decoder,
    ])
    expect([...named].sort()).toEqual([...headerRuleNames].sort())
  })

  it('with an ommer, a withdrawal, or without its transaction is refused', async () => {
    const [header] = decodeRlp(good.envelope.block, 1_000_000) as RlpItem[]
    const withdrawal = [Uint8Array.of(1), Uint8Array.of(1), filled(20), Uint8Array.of(1)]
    expect(await refusal(encoded(() => ({}), { 1: [] }))).toEqual(['BAD_BODY', undefined])
    expect((await refusal(encoded(() => ({}), { 2: [header as RlpItem] })))?.[0]).toMatch(
      /^BAD_(BODY|HEADER)$/,
    )
    expect((await refusal(encoded(() => ({}), { 3: [withdrawal] })))?.[0]).toMatch(/^BAD_(BODY|HEADER)$/)
  })

  it('cannot mint: a root of the state with one wei more for its builder is refused', async () => {
    const { feeRecipient } = devnetValidator(1)
    const rootWith = async (wei: bigint) => {
      const { state } = test.chain.head
      const accounts = new Map<Address, AccountRecord | null>()
      for (const [address, after] of good.state.diff.accounts) {
        const balanceWei = (after?.balanceWei ?? 0n) + (address === feeRecipient.address ? wei : 0n)
        const storageRoot = state.account(address)?.storageRoot ?? EMPTY_TRIE_ROOT
        accounts.set(address, after === null ? null : { ...after, balanceWei, storageRoot })
      }
      expect(accounts.has(feeRecipient.address)).toBe(true)
      const diff = { ...good.state.diff, accounts }
      const parentRoot = bytesToHex(test.chain.head.block.header.stateRoot)
      return hexToBytes((await computeStateRoot(kv, parentRoot, diff, 2)).stateRoot)
    }
    const [fair, minted] = [await rootWith(0n), await rootWith(1n)]
    expect(await refusal(encoded(() => ({ stateRoot: fair })))).toBeUndefined()
    expect(await refusal(encoded(() => ({ stateRoot: minted })))).toEqual(['BAD_EXECUTION', 'stateRoot'])
  })
})
