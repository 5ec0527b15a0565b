import { encodeFunctionData, toEventSelector } from 'viem'
import { beforeAll, describe, expect, it } from 'vitest'
import { iDatanetRegistryAbi } from '../../../contracts/generated/IDatanetRegistry.ts'
import { DATANET_ADDRESS } from '../../../precompiles/addresses.ts'
import { blockHashOf } from '../../../src/ledger/block.ts'
import { logsBloom } from '../../../src/ledger/receipt.ts'
import { rpcChainEvents, rpcChainReader } from '../../../src/node/rpcPorts.ts'
import { type Address, bytesToHex, type Hash } from '../../../src/primitives/hex.ts'
import type { LocatedLog, LogQuery } from '../../../src/rpc/ports.ts'
import { account, TestChain } from '../../support/chain.ts'
import { datanetTerms } from '../../support/precompileWorld.ts'

const receiver: Address = `0x${'42'.repeat(20)}`
const created = toEventSelector(
  iDatanetRegistryAbi.find((item) => item.type === 'event' && item.name === 'DatanetCreated') as never,
) as Hash
const word = (hex: string): Hash => `0x${hex.replace('0x', '').padStart(64, '0')}`
const ownerTopic = (index: number) => word(account(index).address)

/** Creates a Datanet; the chain writes one log of it. */
const create = (test: TestChain, from: number) =>
  test.transaction(account(from), {
    to: DATANET_ADDRESS,
    data: encodeFunctionData({
      abi: iDatanetRegistryAbi,
      functionName: 'createDatanet',
      args: ['Weaknesses', 0, 1, 'CC0-1.0', 'bafymeta', datanetTerms()],
    }),
  })
const transfer = (test: TestChain, from: number) =>
  test.transaction(account(from), { to: receiver, value: 1n, gasLimit: 21_000n })

let test: TestChain

/** Logs in blocks 1 and 3: one after a transfer, two in one block. */
beforeAll(async () => {
  test = await TestChain.open()
  await test.mine([transfer(test, 1), create(test, 0)])
  await test.mine([], 1)
  await test.mine([create(test, 0), create(test, 2)], 2)
})

describe('the chain as JSON-RPC reads it', () => {
  it('finds blocks by number and by hash, up to the head', async () => {
    const reader = rpcChainReader(test.chain)
    const second = await reader.blockByNumber(2n)
    expect(second?.header.number).toBe(2n)
    expect(blockHashOf((await reader.blockByHash(blockHashOf(second!)))!)).toBe(blockHashOf(second!))
    expect(await reader.blockByNumber(4n)).toBeUndefined()
    expect(await reader.blockByNumber(2n ** 70n)).toBeUndefined()
    expect(await reader.blockByHash(word('1'))).toBeUndefined()
    expect(reader.head().header.number).toBe(3n)
  })

  it('finds transactions and their receipts', async () => {
    const reader = rpcChainReader(test.chain)
    const block = (await reader.blockByNumber(1n))!
    const hash = bytesToHex(block.transactions[1]!.hash())
    expect(await reader.transactionLocation(hash)).toEqual({ blockNumber: 1n, index: 1 })
    expect(await reader.transactionLocation(word('1'))).toBeUndefined()
    const [first, second] = await reader.receipts(block)
    expect(first).toMatchObject({ status: 1, cumulativeGasUsed: 21_000n, logs: [] })
    expect(second?.cumulativeGasUsed).toBe(block.header.gasUsed)
    expect(second?.logsBloom).toEqual(logsBloom(second!.logs))
    expect(await reader.receipts((await reader.blockByNumber(0n))!)).toEqual([])
  })

  it('tells that a transaction failed', async () => {
    const failing = await TestChain.open()
    await failing.mine([failing.transaction(account(0), { to: DATANET_ADDRESS, data: '0xffffffff' })])
    const [receipt] = await rpcChainReader(failing.chain).receipts(failing.chain.head.block)
    expect(receipt).toMatchObject({ status: 0, logs: [] })
  })

  it('tells the base fee after a block', async () => {
    const full = await TestChain.open()
    const reader = rpcChainReader(full.chain)
    const feeOf = async (height: bigint) => reader.nextBaseFeeWei((await reader.blockByNumber(height))!)
    const floor = 10n ** 9n
    expect(await feeOf(0n)).toBe(floor)
    // the rest of the gas is unused, so the fee stays at its floor
    await full.mine([transfer(full, 0)])
    expect(await feeOf(1n)).toBe(floor)
    expect(full.chain.head.block.header.baseFeePerGas).toBe(await feeOf(0n))
  })
})

describe('logs', () => {
  const query = (change: Partial<LogQuery>): LogQuery => ({
    fromBlock: 0n,
    toBlock: 3n,
    addresses: [],
    topics: [],
    limit: 100,
    ...change,
  })
  const find = (change: Partial<LogQuery> = {}) => rpcChainReader(test.chain).logs(query(change))
  const places = (logs: readonly LocatedLog[]) =>
    logs.map(({ blockNumber, transactionIndex }) => [Number(blockNumber), transactionIndex])
  const found = async (change: Partial<LogQuery>) => places(await find(change))
  const all = [
    [1, 1],
    [3, 0],
    [3, 1],
  ]

  it('stand where their transaction does, numbered within the block', async () => {
    const logs = await find()
    expect(places(logs)).toEqual(all)
    expect(logs.map(({ logIndex }) => logIndex)).toEqual([0, 0, 1])
    const third = test.chain.store.block(3)!
    expect(logs[2]).toMatchObject({
      address: DATANET_ADDRESS,
      topics: [created, word('3'), ownerTopic(2)],
      blockHash: blockHashOf(third),
      blockTimestamp: third.header.timestamp,
      transactionHash: bytesToHex(third.transactions[1]!.hash()),
    })
  })

  it('are found between blocks, both included, as far as the chain goes', async () => {
    expect(await found({ fromBlock: 1n, toBlock: 1n })).toEqual([[1, 1]])
    expect(await found({ fromBlock: 2n, toBlock: 2n })).toEqual([])
    expect(await found({ fromBlock: 2n, toBlock: 2n ** 60n })).toEqual(all.slice(1))
    expect(await found({ fromBlock: 4n, toBlock: 9n })).toEqual([])
  })

  it('are found by address', async () => {
    expect(await found({ addresses: [receiver] })).toEqual([])
    expect(await found({ addresses: [receiver, DATANET_ADDRESS] })).toEqual(all)
  })

  it('are found by topics in their positions, any of several, or anything', async () => {
    expect(await found({ topics: [[created]] })).toEqual(all)
    expect(await found({ topics: [[word('3')]] })).toEqual([])
    expect(await found({ topics: [[], [word('3'), word('1')]] })).toEqual([
      [1, 1],
      [3, 1],
    ])
    expect(await found({ topics: [[created], [], [ownerTopic(0)]] })).toEqual([
      [1, 1],
      [3, 0],
    ])
  })

  it('have as many topics as are asked for', async () => {
    expect(await found({ topics: [[], [], []] })).toEqual(all)
    expect(await found({ topics: [[], [], [], []] })).toEqual([])
  })

  it('end soon after the limit', async () => {
    expect((await find({ limit: 0 })).length).toBe(1)
    expect((await find({ limit: 3 })).length).toBe(3)
  })
})

describe('new heads', () => {
  it('are told in order with their receipts, until the subscription ends', async () => {
    const chain = await TestChain.open()
    const heads: [bigint, number][] = []
    const cancel = rpcChainEvents(chain.chain).onHead(({ block, receipts }) => {
      heads.push([block.header.number, receipts.length])
    })
    await chain.mine([transfer(chain, 0), transfer(chain, 1)])
    await chain.mine()
    cancel()
    await chain.mine()
    expect(heads).toEqual([
      [1n, 2],
      [2n, 0],
    ])
  })
})
