import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Block, createBlock, createBlockFromBytesArray } from '@ethereumjs/block'
import { type Common, createCommonFromGethGenesis } from '@ethereumjs/common'
import { RLP } from '@ethereumjs/rlp'
import { describe, expect, it } from 'vitest'
import { bytesToHex, type Hash, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccak256 } from '../../../src/primitives/keccak.ts'
import type { ReceiptRecord } from '../../../src/rpc/ports.ts'
import { ecrecover } from '../mempool/fixtures.ts'
import { type Answer, FakeNode, makeRpc } from './fixtures.ts'

// The test cases of the execution-apis, where their folder is at hand: those that need no execution.

const FOLDER = ['../shared', '../../shared']
  .map((folder) => join(process.cwd(), folder, 'conformance/execution-apis'))
  .find(existsSync)

interface Exchange {
  readonly request: { method: string; params?: unknown[] }
  readonly expected: Answer
  readonly isSpecOnly: boolean
}

function exchanges(folder: string, method: string): (Exchange & { name: string })[] {
  const path = join(folder, 'tests', method)
  return readdirSync(path).map((name) => {
    const lines = readFileSync(join(path, name), 'utf8').split('\n')
    const at = (prefix: string) => JSON.parse(lines.find((line) => line.startsWith(prefix))!.slice(3))
    return {
      name: `${method}/${name}`,
      request: at('>> '),
      expected: at('<< '),
      isSpecOnly: lines.some((line) => line.startsWith('// speconly')),
    }
  })
}

function loadChain(folder: string): Block[] {
  const genesis = JSON.parse(readFileSync(join(folder, 'genesis.json'), 'utf8'))
  const common: Common = createCommonFromGethGenesis(genesis, {
    chain: 'conformance',
    customCrypto: { keccak256, ecrecover, kzg: {} as never },
  })
  const blocks: Block[] = []
  let rest: Uint8Array = Uint8Array.from(readFileSync(join(folder, 'chain.rlp')))
  while (rest.length > 0) {
    const { data, remainder } = RLP.decode(rest, true)
    blocks.push(createBlockFromBytesArray(data as never, { common, setHardfork: true }))
    rest = remainder
  }
  const { gasLimit, extraData, difficulty, timestamp, coinbase, mixHash } = genesis
  const header = { number: 0n, gasLimit, extraData, difficulty, timestamp, coinbase, mixHash }
  return [createBlock({ header }, { common, setHardfork: true }), ...blocks]
}

/** A receipt's own part, taken from the expected answer; what the encoder adds is what is tested. */
function receiptFrom(json: ReceiptJson): ReceiptRecord {
  return {
    status: json.status === undefined ? undefined : json.status === '0x1' ? 1 : 0,
    ...(json.root === undefined ? {} : { stateRoot: json.root }),
    cumulativeGasUsed: BigInt(json.cumulativeGasUsed),
    logsBloom: hexToBytes(json.logsBloom),
    logs: json.logs.map(({ address, topics, data }) => ({ address, topics, data: hexToBytes(data) })),
  }
}

describe.skipIf(FOLDER === undefined)('execution-apis test cases (skipped without the shared folder)', () => {
  const folder = FOLDER ?? ''
  const node = new FakeNode(FOLDER === undefined ? undefined : loadChain(folder))
  const chainId = node.chain.head().common.chainId()
  const rpc = makeRpc(Object.assign(node, { facts: { ...node.facts, chainId } }))

  const EXACT = [
    'eth_blobBaseFee',
    'eth_blockNumber',
    'eth_chainId',
    'eth_getBlockByHash',
    'eth_getBlockByNumber',
    'eth_getBlockTransactionCountByHash',
    'eth_getBlockTransactionCountByNumber',
    'eth_getTransactionByBlockHashAndIndex',
    'eth_getTransactionByBlockNumberAndIndex',
    'eth_getTransactionByHash',
    'eth_syncing',
    'net_version',
    'txpool_contentFrom',
  ]
  const cases = FOLDER === undefined ? [] : EXACT.flatMap((method) => exchanges(folder, method))

  it('is the chain that the cases were made for', () => {
    const { params } = JSON.parse(readFileSync(join(folder, 'headfcu.json'), 'utf8'))
    expect(bytesToHex(node.chain.head().hash())).toBe(params[0].headBlockHash)
    expect(cases.length).toBeGreaterThanOrEqual(EXACT.length)
  })

  it.each(cases)('$name', async ({ request, expected }) => {
    const answer = await rpc.ask(request.method, ...(request.params ?? []))
    expect(answer).toEqual(expected)
  })

  const receiptCases = FOLDER === undefined ? [] : exchanges(folder, 'eth_getTransactionReceipt')
  it.each(receiptCases)('$name', async ({ request, expected }) => {
    const json = expected.result as ReceiptJson
    const block = node.blocks[Number(json.blockNumber)]!
    const index = Number(json.transactionIndex)
    const record = receiptFrom(json)
    const gasUsed = BigInt(json.gasUsed)
    const earlier = { ...record, logs: [], cumulativeGasUsed: record.cumulativeGasUsed - gasUsed }
    node.receiptsOf.set(bytesToHex(block.hash()), [...Array(index).fill(earlier), record])
    // Logs are numbered through the block: give the earlier receipts as many as came before.
    const first = json.logs[0]?.logIndex ?? '0x0'
    expect(Number(first)).toBe(0)
    expect(await rpc.ask(request.method, ...(request.params ?? []))).toEqual(expected)
  })

  it('eth_getBlockReceipts', async () => {
    for (const { request, expected, name } of exchanges(folder, 'eth_getBlockReceipts')) {
      const list = expected.result as ReceiptJson[] | null
      if (list !== null && list.length > 0) {
        const block = node.blocks[Number(list[0]!.blockNumber)]!
        node.receiptsOf.set(bytesToHex(block.hash()), list.map(receiptFrom))
      }
      expect(await rpc.ask(request.method, ...(request.params ?? [])), name).toEqual(expected)
    }
  })

  it('eth_getLogs', async () => {
    for (const { request, expected, name } of exchanges(folder, 'eth_getLogs')) {
      if (expected.error === undefined) {
        const chain = new FakeNode(node.blocks)
        for (const block of chain.blocks) chain.receiptsOf.set(bytesToHex(block.hash()), [])
        placeLogs(chain, expected.result as LogJson[])
        const answer = await makeRpc(chain).ask(request.method, ...(request.params ?? []))
        const withoutIndex = (logs: unknown) => (logs as LogJson[]).map((log) => ({ ...log, logIndex: '' }))
        expect(withoutIndex(answer.result), name).toEqual(withoutIndex(expected.result))
      } else {
        const answer = await rpc.ask(request.method, ...(request.params ?? []))
        expect(answer.error?.code, name).toBe(expected.error.code)
      }
    }
  })

  it('refuses what the cases say is refused, with their codes', async () => {
    const invalid = exchanges(folder, 'eth_getStorageAt').find(
      ({ expected }) => expected.error !== undefined,
    )!
    const answer = await rpc.ask(invalid.request.method, ...(invalid.request.params ?? []))
    expect(answer.error?.code).toBe(invalid.expected.error?.code)
    const word = (text = '') => text.split(': ').at(-1)
    expect(word(answer.error?.message)).toBe(word(invalid.expected.error?.message))
  })
})

interface ReceiptJson {
  blockNumber: Hash
  transactionIndex: Hash
  cumulativeGasUsed: Hash
  gasUsed: Hash
  logsBloom: Hash
  status?: Hash
  root?: Hash
  logs: LogJson[]
}

interface LogJson {
  address: Hash
  topics: Hash[]
  data: Hash
  blockNumber: string
  transactionIndex: string
  logIndex: string
}

function placeLogs(chain: FakeNode, logs: LogJson[]): void {
  for (const log of logs) {
    const block = chain.blocks[Number(log.blockNumber)]!
    const hash = bytesToHex(block.hash())
    const receipts = block.transactions.map((_, index) => ({
      status: 1 as const,
      cumulativeGasUsed: 0n,
      logsBloom: new Uint8Array(256),
      logs: [...(chain.receiptsOf.get(hash)?.[index]?.logs ?? [])],
    }))
    const { address, topics, data } = log
    receipts[Number(log.transactionIndex)]!.logs.push({ address, topics, data: hexToBytes(data) })
    chain.receiptsOf.set(hash, receipts)
  }
}
