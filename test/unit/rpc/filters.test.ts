import { beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import { signed } from '../mempool/fixtures.ts'
import { EMITTER, FakeNode, makeBlock, makeRpc, RECIPIENT, sampleTransactions, wallet } from './fixtures.ts'

let node: FakeNode
let rpc: ReturnType<typeof makeRpc>
beforeEach(() => {
  node = new FakeNode([makeBlock(0, []), makeBlock(1, sampleTransactions())])
  rpc = makeRpc(node)
})

const places = (logs: unknown) =>
  (logs as { blockNumber: string; logIndex: string }[]).map((log) => `${log.blockNumber}/${log.logIndex}`)
const changes = (id: unknown) => rpc.get('eth_getFilterChanges', id)

describe('a log filter', () => {
  it('tells logs of blocks after it was made, each once', async () => {
    const id = await rpc.get('eth_newFilter', { address: EMITTER })
    expect(await changes(id)).toEqual([])
    node.append(makeBlock(2, sampleTransactions(5)))
    node.append(makeBlock(3, sampleTransactions(10)))
    expect(places(await changes(id))).toEqual(['0x2/0x0', '0x2/0x2', '0x3/0x0', '0x3/0x2'])
    expect(await changes(id)).toEqual([])
    expect(places(await rpc.get('eth_getFilterLogs', id))).toEqual(['0x3/0x0', '0x3/0x2'])
  })

  it('keeps to its range', async () => {
    const id = await rpc.get('eth_newFilter', { fromBlock: '0x3', toBlock: '0x3', address: RECIPIENT })
    for (const number of [2, 3, 4]) node.append(makeBlock(number, sampleTransactions(number * 5)))
    expect(places(await changes(id))).toEqual(['0x3/0x1', '0x3/0x3'])
    expect(await changes(id)).toEqual([])
  })

  it('gives a part when there is too much for one answer, and the rest later', async () => {
    const id = await rpc.get('eth_newFilter', {})
    for (const number of [2, 3, 4, 5]) node.append(makeBlock(number, sampleTransactions(number * 5)))
    const search = node.chain.logs
    node.chain.logs = async (query) => {
      const logs = await search(query)
      return query.fromBlock < query.toBlock && logs.length > 8 ? Array(query.limit + 1).fill(logs[0]) : logs
    }
    expect(new Set(places(await changes(id)).map((place) => place.split('/')[0]))).toEqual(
      new Set(['0x2', '0x3']),
    )
    expect(new Set(places(await changes(id)).map((place) => place.split('/')[0]))).toEqual(
      new Set(['0x4', '0x5']),
    )
    expect(await changes(id)).toEqual([])
  })

  it('cannot name a block hash', async () => {
    const answer = await rpc.ask('eth_newFilter', { blockHash: `0x${'11'.repeat(32)}` })
    expect(answer.error?.code).toBe(-32602)
  })
})

describe('a block filter', () => {
  it('tells the hashes of new blocks', async () => {
    const id = await rpc.get('eth_newBlockFilter')
    const blocks = [2, 3].map((number) => makeBlock(number, []))
    for (const block of blocks) node.append(block)
    expect(await changes(id)).toEqual(blocks.map((block) => bytesToHex(block.hash())))
    expect(await changes(id)).toEqual([])
    expect((await rpc.ask('eth_getFilterLogs', id)).error?.code).toBe(-32001)
  })
})

describe('a pending transaction filter', () => {
  it('tells what became executable since', async () => {
    const alice = wallet(0)
    node.world.set(alice.address, {})
    node.pool.add(signed(alice, { nonce: 0 }))
    const id = await rpc.get('eth_newPendingTransactionFilter')
    const gapped = node.pool.add(signed(alice, { nonce: 2 }))
    expect(await changes(id)).toEqual([])
    const filling = node.pool.add(signed(alice, { nonce: 1 }))
    expect(await changes(id)).toEqual([filling.hash, gapped.hash])
    expect(await changes(id)).toEqual([])
  })

  it('says so when it was polled too rarely', async () => {
    const id = await rpc.get('eth_newPendingTransactionFilter')
    const hash = `0x${'77'.repeat(32)}`
    const context = rpc.context.filters
    context.stop()
    // The same store, fed by hand: more hashes than are kept.
    let tell: (event: { type: 'pending'; transactions: { hash: string }[] }) => void = () => {}
    node.pool.subscribe = ((listener: never) => {
      tell = listener
      return () => {}
    }) as never
    context.start()
    const fresh = await rpc.get('eth_newPendingTransactionFilter')
    tell({ type: 'pending', transactions: Array(limits.rpcPendingHashes * 2).fill({ hash }) })
    expect((await rpc.ask('eth_getFilterChanges', fresh)).error?.code).toBe(-32005)
    expect(await changes(fresh)).toEqual([])
    expect((await rpc.ask('eth_getFilterChanges', id)).error?.code).toBe(-32001)
  })
})

describe('filters', () => {
  it('end when uninstalled or not polled for their lifetime', async () => {
    const [a, b, c] = [
      await rpc.get('eth_newBlockFilter'),
      await rpc.get('eth_newBlockFilter'),
      await rpc.get('eth_newBlockFilter'),
    ]
    expect(await rpc.get('eth_uninstallFilter', a)).toBe(true)
    expect(await rpc.get('eth_uninstallFilter', a)).toBe(false)
    node.clock.advance(limits.rpcFilterLifetimeMs)
    await changes(b)
    node.clock.advance(1)
    expect((await rpc.ask('eth_getFilterChanges', c)).error).toEqual({
      code: -32001,
      message: 'filter not found',
    })
    expect(await changes(b)).toEqual([])
    expect((await rpc.ask('eth_getFilterChanges', 'x')).error?.code).toBe(-32602)
  })

  it('are bounded in number, and expired ones make room', async () => {
    for (let count = 0; count < limits.rpcFilters; count++) await rpc.get('eth_newBlockFilter')
    expect((await rpc.ask('eth_newBlockFilter')).error?.code).toBe(-32005)
    node.clock.advance(limits.rpcFilterLifetimeMs + 1)
    expect((await rpc.ask('eth_newBlockFilter')).error).toBe(undefined)
  })
})
