import { readdirSync } from 'node:fs'
import { keccak256, toHex } from 'viem'
import { beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { NodeError } from '../../../src/errors/errors.ts'
import { bytesToHex, type Hash } from '../../../src/primitives/hex.ts'
import { keccakHex } from '../../../src/primitives/keccak.ts'
import { DEFAULT_NAMESPACES, enabledMethods, methodMatrix } from '../../../src/rpc/methods/registry.ts'
import { address, data, hash, storageKey, uint64, uint256 } from '../../../src/rpc/schemas/hex.ts'
import { signed } from '../mempool/fixtures.ts'
import {
  EMITTER,
  FakeNode,
  GWEI,
  makeBlock,
  makeRpc,
  OTHER_TOPIC,
  RECIPIENT,
  sampleTransactions,
  TOPIC,
  wallet,
} from './fixtures.ts'

const UNKNOWN: Hash = `0x${'99'.repeat(32)}`
let node: FakeNode
let rpc: ReturnType<typeof makeRpc>

beforeEach(() => {
  node = new FakeNode([
    makeBlock(0, []),
    makeBlock(1, sampleTransactions()),
    makeBlock(2, sampleTransactions(5)),
  ])
  rpc = makeRpc(node)
})

const hashAt = (number: number): Hash => bytesToHex(node.blocks[number]!.hash())
const codeOf = async (method: string, ...params: unknown[]) => (await rpc.ask(method, ...params)).error?.code

describe('value types', () => {
  const accepts = (schema: { safeParse(value: unknown): { success: boolean } }, value: unknown) =>
    schema.safeParse(value).success

  it('are as strict as the execution-apis say', () => {
    for (const good of ['0x0', '0x1', '0xff', '0xFF', `0x${'f'.repeat(64)}`])
      expect(accepts(uint256, good)).toBe(true)
    for (const bad of [
      '0x',
      '0x00',
      '0x01',
      '1',
      'ff',
      '',
      '0xg',
      `0x1${'0'.repeat(64)}`,
      1,
      null,
      ' 0x1',
      '0x1 ',
    ]) {
      expect(accepts(uint256, bad)).toBe(false)
    }
    expect(accepts(uint64, `0x${'f'.repeat(16)}`)).toBe(true)
    expect(accepts(uint64, `0x1${'0'.repeat(16)}`)).toBe(false)
    for (const good of ['0x', '0x00', '0xABcd']) expect(accepts(data, good)).toBe(true)
    for (const bad of ['', '0x0', 'ab', '0xzz', 5]) expect(accepts(data, bad)).toBe(false)
    expect(address.parse(`0x${'AB'.repeat(20)}`)).toBe(`0x${'ab'.repeat(20)}`)
    expect(accepts(address, `0x${'ab'.repeat(19)}`)).toBe(false)
    expect(accepts(hash, `0x${'ab'.repeat(33)}`)).toBe(false)
    expect(storageKey.parse('0x1')).toEqual({ slot: `0x${'0'.repeat(63)}1`, isPadded: false })
    expect(storageKey.parse(TOPIC)).toEqual({ slot: TOPIC, isPadded: true })
  })
})

describe('the registry', () => {
  it('holds each method file once, under the name of its file', () => {
    const folder = new URL('../../../src/rpc/methods/', import.meta.url)
    const files = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap(({ name }) =>
        readdirSync(new URL(`${name}/`, folder)).map((file) => `${name}_${file.slice(0, -3)}`),
      )
      .filter((name) => name !== 'txpool_byNonce')
    const matrix = methodMatrix()
    expect(matrix.map(({ name }) => name).sort()).toEqual(files.sort())
    expect(JSON.parse(JSON.stringify(matrix))).toEqual(matrix)
    expect(matrix.find(({ name }) => name === 'eth_getBalance')).toEqual({
      name: 'eth_getBalance',
      namespace: 'eth',
      summary: 'Balance of an account',
      params: [
        { name: 'address', required: true },
        { name: 'block', required: false },
      ],
      result: 'Wei',
      transports: ['http', 'websocket'],
      isDefault: true,
    })
    expect(matrix.filter(({ transports }) => !transports.includes('http')).map(({ name }) => name)).toEqual([
      'eth_subscribe',
      'eth_unsubscribe',
    ])
  })

  it('offers only the namespaces that are enabled', () => {
    const names = [...enabledMethods(['net', 'web3']).keys()]
    expect(names.sort()).toEqual([
      'net_listening',
      'net_peerCount',
      'net_version',
      'web3_clientVersion',
      'web3_sha3',
    ])
    expect([...DEFAULT_NAMESPACES].sort()).toEqual(['eth', 'net', 'openledger', 'txpool', 'web3'])
  })
})

describe('facts', () => {
  it('are told as the node has them', async () => {
    expect(await rpc.get('eth_chainId')).toBe('0x275bc')
    expect(await rpc.get('net_version')).toBe('161212')
    expect(await rpc.get('net_listening')).toBe(true)
    expect(await rpc.get('net_peerCount')).toBe('0x3')
    expect(await rpc.get('web3_clientVersion')).toBe('openledger/v0.1.0/linux-x64/node20')
    expect(await rpc.get('web3_sha3', '0x1234')).toBe(keccak256('0x1234'))
    expect(await rpc.get('eth_accounts')).toEqual([])
    expect(await rpc.get('eth_blockNumber')).toBe('0x2')
    expect(await rpc.get('eth_syncing')).toBe(false)
    node.setSyncing({ startingBlock: 1n, currentBlock: 2n, highestBlock: 300n })
    expect(await rpc.get('eth_syncing')).toEqual({
      startingBlock: '0x1',
      currentBlock: '0x2',
      highestBlock: '0x12c',
    })
  })
})

describe('state', () => {
  beforeEach(() => {
    node.world.set(RECIPIENT, { nonce: 4n, balanceWei: 255n, code: Uint8Array.of(0x60, 0) })
  })

  it('is read at a number, a tag, a hash or an EIP-1898 object', async () => {
    const selectors = [
      undefined,
      null,
      'latest',
      'safe',
      'finalized',
      'pending',
      'earliest',
      '0x1',
      hashAt(1),
      { blockNumber: '0x1' },
      { blockHash: hashAt(1) },
      { blockHash: hashAt(1), requireCanonical: true },
    ]
    for (const block of selectors) expect(await rpc.get('eth_getBalance', RECIPIENT, block)).toBe('0xff')
    for (const missing of ['0x3', UNKNOWN, { blockNumber: '0x9' }, { blockHash: UNKNOWN }]) {
      expect(await codeOf('eth_getBalance', RECIPIENT, missing)).toBe(-32001)
    }
    for (const wrong of [{}, { blockNumber: '0x1', blockHash: hashAt(1) }, 1, [], 'newest', '0x01', true]) {
      expect(await codeOf('eth_getBalance', RECIPIENT, wrong)).toBe(-32602)
    }
  })

  it('that is pruned is said to be unavailable', async () => {
    node.state.at = () => Promise.reject(new NodeError('STATE_PRUNED', 'gone'))
    expect((await rpc.ask('eth_getCode', RECIPIENT, '0x0')).error).toEqual({
      code: -32002,
      message: 'gone',
      data: { code: 'STATE_PRUNED' },
    })
  })

  it('tells code, slots and nonces, zero for what is not there', async () => {
    expect(await rpc.get('eth_getCode', RECIPIENT)).toBe('0x6000')
    expect(await rpc.get('eth_getCode', EMITTER)).toBe('0x')
    expect(await rpc.get('eth_getBalance', EMITTER)).toBe('0x0')
    expect(await rpc.get('eth_getStorageAt', RECIPIENT, '0x2')).toBe(`0x${'0'.repeat(62)}3a`)
    expect(await rpc.get('eth_getStorageAt', RECIPIENT, `0x${'0'.repeat(63)}2`)).toBe(`0x${'0'.repeat(62)}3a`)
    expect(await rpc.get('eth_getTransactionCount', RECIPIENT)).toBe('0x4')
    expect(await rpc.get('eth_getTransactionCount', EMITTER)).toBe('0x0')
    expect(
      await rpc.get('eth_getStorageValues', { [RECIPIENT]: ['0x0', '0x1'], [EMITTER]: [TOPIC] }),
    ).toEqual({
      [RECIPIENT]: [`0x${'0'.repeat(62)}38`, `0x${'0'.repeat(62)}39`],
      [EMITTER]: [toHex(BigInt(TOPIC) + 0x38n, { size: 32 })],
    })
    expect(await codeOf('eth_getStorageValues', {})).toBe(-32602)
    const many = Array(limits.rpcStorageSlots + 1).fill('0x1')
    expect(await codeOf('eth_getStorageValues', { [RECIPIENT]: many })).toBe(-32005)
  })

  it('counts the pool’s executable transactions into the pending nonce', async () => {
    const alice = wallet(0)
    node.world.set(alice.address, { nonce: 2n })
    await rpc.get('eth_sendRawTransaction', bytesToHex(signed(alice, { nonce: 2 })))
    await rpc.get('eth_sendRawTransaction', bytesToHex(signed(alice, { nonce: 4 })))
    expect(await rpc.get('eth_getTransactionCount', alice.address, 'pending')).toBe('0x3')
    expect(await rpc.get('eth_getTransactionCount', alice.address, 'latest')).toBe('0x2')
  })

  it('is proven with keys in the form they came in', async () => {
    const account = node.world.account(RECIPIENT)!
    expect(await rpc.get('eth_getProof', RECIPIENT, ['0x00', TOPIC, '0x5'], 'latest')).toEqual({
      address: RECIPIENT,
      accountProof: ['0xf901'],
      balance: '0xff',
      codeHash: account.codeHash,
      nonce: '0x4',
      storageHash: account.storageRoot,
      storageProof: [
        { key: '0x0', value: '0x38', proof: ['0xf8'] },
        { key: TOPIC, value: '0x38', proof: ['0xf8'] },
        { key: '0x5', value: '0x38', proof: ['0xf8'] },
      ],
    })
    expect(await rpc.get('eth_getProof', EMITTER, [])).toMatchObject({
      balance: '0x0',
      nonce: '0x0',
      codeHash: keccak256('0x'),
      storageHash: keccakHex(Uint8Array.of(0x80)),
    })
    expect(await codeOf('eth_getProof', RECIPIENT, Array(limits.rpcStorageSlots + 1).fill('0x1'))).toBe(
      -32602,
    )
  })
})

describe('blocks and transactions', () => {
  it('are found by number, tag and hash, and are null when missing', async () => {
    const byNumber = (await rpc.get('eth_getBlockByNumber', '0x1', false)) as Record<string, unknown>
    expect(byNumber.hash).toBe(hashAt(1))
    expect(byNumber.transactions).toHaveLength(5)
    expect(await rpc.get('eth_getBlockByHash', hashAt(1))).toEqual(byNumber)
    expect(await rpc.get('eth_getBlockByNumber', 'pending')).toMatchObject({ number: '0x2' })
    const full = (await rpc.get('eth_getBlockByNumber', '0x1', true)) as { transactions: unknown[] }
    for (const [index, transaction] of full.transactions.entries()) {
      const place = `0x${index.toString(16)}`
      expect(await rpc.get('eth_getTransactionByBlockHashAndIndex', hashAt(1), place)).toEqual(transaction)
      expect(await rpc.get('eth_getTransactionByBlockNumberAndIndex', '0x1', place)).toEqual(transaction)
      const { hash: name } = transaction as { hash: Hash }
      expect(await rpc.get('eth_getTransactionByHash', name)).toEqual(transaction)
    }
    expect(await rpc.get('eth_getBlockTransactionCountByNumber', '0x1')).toBe('0x5')
    expect(await rpc.get('eth_getUncleCountByBlockHash', hashAt(1))).toBe('0x0')
    for (const [method, ...params] of [
      ['eth_getBlockByNumber', '0x9', true],
      ['eth_getBlockByHash', UNKNOWN, false],
      ['eth_getBlockTransactionCountByHash', UNKNOWN],
      ['eth_getUncleCountByBlockNumber', '0x9'],
      ['eth_getBlockReceipts', '0x9'],
      ['eth_getTransactionByHash', UNKNOWN],
      ['eth_getTransactionReceipt', UNKNOWN],
      ['eth_getTransactionByBlockNumberAndIndex', '0x1', '0x5'],
      ['eth_getTransactionByBlockNumberAndIndex', '0x1', '0xffffffffffffffff'],
    ] as const) {
      expect(await rpc.get(method, ...params), method).toBe(null)
    }
    expect(await codeOf('eth_getBlockByNumber', hashAt(1), true)).toBe(-32602)
  })

  it('show what was paid: the effective price, the created address, the gas of each', async () => {
    const receipts = (await rpc.get('eth_getBlockReceipts', '0x1')) as Record<string, unknown>[]
    // Base fee 1 gwei; prices 3; 2; tip 1 under cap 10; tip 3 over cap 3; tip 2 under cap 10.
    expect(receipts.map(({ effectiveGasPrice }) => BigInt(effectiveGasPrice as string) / GWEI)).toEqual([
      3n,
      2n,
      2n,
      3n,
      3n,
    ])
    expect(receipts.map(({ gasUsed }) => gasUsed)).toEqual(Array(5).fill('0x5208'))
    expect(receipts.map(({ status }) => status)).toEqual(['0x1', '0x1', '0x1', '0x0', '0x1'])
    expect(receipts.map(({ type }) => type)).toEqual(['0x0', '0x1', '0x2', '0x4', '0x2'])
    const logIndexes = receipts.flatMap(({ logs }) =>
      (logs as { logIndex: string }[]).map((log) => log.logIndex),
    )
    expect(logIndexes).toEqual(['0x0', '0x1', '0x2', '0x3'])
    for (const receipt of receipts) {
      expect(await rpc.get('eth_getTransactionReceipt', receipt.transactionHash)).toEqual(receipt)
    }
  })

  it('show a pooled transaction as pending, with its cap as the price', async () => {
    const alice = wallet(0)
    node.world.set(alice.address, {})
    const raw = signed(alice, { feeCapWei: 10n * GWEI, tipCapWei: GWEI })
    const name = await rpc.get('eth_sendRawTransaction', bytesToHex(raw))
    expect(name).toBe(keccakHex(raw))
    expect(await rpc.get('eth_getTransactionByHash', name)).toMatchObject({
      hash: name,
      blockHash: null,
      blockNumber: null,
      blockTimestamp: null,
      transactionIndex: null,
      gasPrice: toHex(10n * GWEI),
      from: alice.address,
    })
    expect(await rpc.get('eth_getTransactionReceipt', name)).toBe(null)
  })

  it('refuse a bad transaction with the pool’s own code', async () => {
    const alice = wallet(0)
    const poor = bytesToHex(signed(alice))
    expect((await rpc.ask('eth_sendRawTransaction', poor)).error).toMatchObject({
      code: -32003,
      message: expect.stringContaining('insufficient funds for gas * price + value'),
      data: { code: 'TX_INSUFFICIENT_FUNDS' },
    })
    expect((await rpc.ask('eth_sendRawTransaction', '0x03c0')).error?.data).toEqual({
      code: 'TX_TYPE_REFUSED',
    })
    expect(await codeOf('eth_sendRawTransaction', '0xc0ffee')).toBe(-32602)
    expect(await codeOf('eth_sendRawTransaction', `0x${'00'.repeat(limits.transactionBytes + 1)}`)).toBe(
      -32602,
    )
  })
})

describe('logs', () => {
  const places = (logs: unknown) =>
    (logs as { blockNumber: string; logIndex: string }[]).map((log) => `${log.blockNumber}/${log.logIndex}`)
  const find = async (filter: Record<string, unknown>) => places(await rpc.get('eth_getLogs', filter))

  it('are found by range, block hash, address and topics', async () => {
    const all = { fromBlock: 'earliest', toBlock: 'latest' }
    expect(await find(all)).toEqual([
      '0x1/0x0',
      '0x1/0x1',
      '0x1/0x2',
      '0x1/0x3',
      '0x2/0x0',
      '0x2/0x1',
      '0x2/0x2',
      '0x2/0x3',
    ])
    expect(await find({})).toHaveLength(4)
    expect(await find({ blockHash: hashAt(1), address: EMITTER })).toEqual(['0x1/0x0', '0x1/0x2'])
    expect(await find({ ...all, address: [EMITTER, RECIPIENT], topics: [] })).toHaveLength(8)
    expect(await find({ ...all, address: null, topics: null })).toHaveLength(8)
    expect(await find({ ...all, topics: [TOPIC] })).toEqual(['0x1/0x0', '0x1/0x2', '0x2/0x0', '0x2/0x2'])
    expect(await find({ ...all, topics: [null, [OTHER_TOPIC, TOPIC]] })).toHaveLength(4)
    expect(await find({ ...all, topics: [OTHER_TOPIC] })).toEqual([])
    expect(await find({ ...all, topics: [null, null, null] })).toEqual([])
  })

  it('are refused out of range, in impossible ranges and in too many', async () => {
    expect(await codeOf('eth_getLogs', { fromBlock: '0x2', toBlock: '0x1' })).toBe(-32602)
    expect(await codeOf('eth_getLogs', { fromBlock: '0x1', toBlock: '0x3' })).toBe(-32602)
    expect(await codeOf('eth_getLogs', { blockHash: UNKNOWN })).toBe(-32001)
    expect(await codeOf('eth_getLogs', { topics: Array(5).fill(null) })).toBe(-32602)
    expect(
      await codeOf('eth_getLogs', { address: Array(limits.rpcFilterAlternatives + 1).fill(EMITTER) }),
    ).toBe(-32602)
    const [log] = await node.chain.logs({ fromBlock: 1n, toBlock: 1n, addresses: [], topics: [], limit: 9 })
    node.chain.logs = async ({ limit }) => Array(Math.min(limit, limits.rpcLogs) + 1).fill(log)
    expect(await codeOf('eth_getLogs', { fromBlock: '0x0' })).toBe(-32005)
    expect(await codeOf('eth_getLogs', { fromBlock: '0x2' })).toBe(undefined)
    const far = makeBlock(limits.rpcLogBlocks, [])
    node.chain.head = () => far
    expect(await codeOf('eth_getLogs', { fromBlock: '0x0', toBlock: 'latest' })).toBe(-32005)
  })
})

describe('the pool', () => {
  it('is shown by sender and nonce', async () => {
    const alice = wallet(0)
    node.world.set(alice.address, { nonce: 9n })
    for (const nonce of [9, 10, 12]) node.pool.add(signed(alice, { nonce, feeCapWei: 10n * GWEI }))
    expect(await rpc.get('txpool_status')).toEqual({ pending: '0x2', queued: '0x1' })
    const from = (await rpc.get('txpool_contentFrom', alice.address)) as Record<
      string,
      Record<string, unknown>
    >
    expect(Object.keys(from.pending!)).toEqual(['9', '10'])
    expect(Object.keys(from.queued!)).toEqual(['12'])
    const content = (await rpc.get('txpool_content')) as Record<string, Record<string, unknown>>
    const [name] = Object.keys(content.pending!)
    expect(name?.toLowerCase()).toBe(alice.address)
    expect(name).not.toBe(alice.address)
    expect(content.pending![name!]).toEqual(from.pending)
    expect(content.queued![name!]).toEqual(from.queued)
    expect(await rpc.get('txpool_inspect')).toMatchObject({
      queued: {
        [name!]: { '12': expect.stringMatching(/^0x[eE]{40}: 1 wei \+ 21000 gas × 10000000000 wei$/) },
      },
    })
  })
})

describe('a pool too full to list', () => {
  it('is refused whole, and still shown by sender', async () => {
    node.pool.status = () => ({ pending: limits.rpcPoolListing, queued: 1, slots: 1 })
    expect(await codeOf('txpool_content')).toBe(-32005)
    expect(await codeOf('txpool_inspect')).toBe(-32005)
    expect(await rpc.get('txpool_contentFrom', EMITTER)).toEqual({ pending: {}, queued: {} })
  })
})

describe('openledger', () => {
  it('gives records with integers of any size as quantities', async () => {
    const record = { id: '0x1', owner: RECIPIENT, versions: [{ records: toHex(2n ** 70n), root: null }] }
    expect(await rpc.get('openledger_getDatanet', '0x1')).toEqual(record)
    expect(await rpc.get('openledger_getDatanet', `0x${'0'.repeat(63)}1`, '0x1')).toEqual(record)
    expect(await rpc.get('openledger_getDatanet', '0x2')).toBe(null)
    expect(await rpc.get('openledger_getAdapter', '0x5', '0x1')).toEqual({ id: '0x5', blockNumber: '0x1' })
    expect(await rpc.get('openledger_getReceipt', TOPIC)).toEqual({ id: TOPIC, final: true })
    expect(await rpc.get('openledger_getReceipt', UNKNOWN)).toBe(null)
    expect(await rpc.get('openledger_getAttribution', '0x5', null)).toEqual({
      adapterId: '0x5',
      window: '0x9',
    })
    expect(await rpc.get('openledger_getAttribution', '0x5', '0x2')).toEqual({
      adapterId: '0x5',
      window: '0x2',
    })
    expect(await rpc.get('openledger_getPrecompiles', '0x1')).toEqual([
      { name: 'toy', version: null, blockNumber: '0x1' },
    ])
    expect(await rpc.get('openledger_getPrecompiles')).toHaveLength(1)
  })

  it('shows the node itself and its peers', async () => {
    expect(await rpc.get('openledger_nodeStatus')).toEqual({ height: '0x2', syncing: false, consensus: null })
    expect(await rpc.get('openledger_peers')).toEqual([{ id: 'a peer', height: '0x1' }])
    expect(await codeOf('openledger_peers', 'an argument')).toBe(-32602)
    expect(await codeOf('openledger_getPrecompiles', '0x99')).toBe(-32001)
    expect(await codeOf('openledger_getDatanet', '0x2', '0x99')).toBe(-32001)
    expect(await codeOf('openledger_getDatanet', 'one')).toBe(-32602)
  })

  it('gives what light clients need', async () => {
    expect(await rpc.get('openledger_getEpochRecord', '0x3')).toEqual({ epoch: '0x3', record: '0x01' })
    expect(await rpc.get('openledger_getEpochRecord', 'latest')).toEqual({ epoch: '0x8', record: '0x01' })
    expect(await rpc.get('openledger_getEpochRecord', '0x9')).toBe(null)
    expect(await codeOf('openledger_getEpochRecord', 'newest')).toBe(-32602)
    const certificate = { blockNumber: '0x1', certificate: '0x02' }
    expect(await rpc.get('openledger_getCertificate', '0x1')).toEqual(certificate)
    expect(await codeOf('openledger_getCertificate', '0x99')).toBe(-32001)
  })

  it('passes on a failure of the reader', async () => {
    node.openledger.adapter = () => Promise.reject(new NodeError('NOT_FOUND', 'nothing'))
    const answer = await rpc.ask('openledger_getAdapter', '0x5')
    expect(answer.error).toEqual({ code: -32001, message: 'nothing', data: { code: 'NOT_FOUND' } })
  })
})
