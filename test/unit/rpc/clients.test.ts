import { ethers } from 'ethers'
import {
  type BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  encodeErrorResult,
  encodeFunctionResult,
  http,
  parseAbi,
  webSocket,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'
import { DEFAULT_NAMESPACES } from '../../../src/rpc/methods/registry.ts'
import { RpcServer } from '../../../src/rpc/server.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { systemRandom } from '../../../src/runtime/random.ts'
import { signed } from '../mempool/fixtures.ts'
import {
  CHAIN_ID,
  EMITTER,
  FakeNode,
  GWEI,
  makeBlock,
  RECIPIENT,
  sampleTransactions,
  TOPIC,
  wallet,
} from './fixtures.ts'

// The libraries that users come with, against the real server over real sockets.

const alice = wallet(0)
const abi = parseAbi([
  'function total(address who) view returns (uint256)',
  'error Shortage(address who, uint256 wei)',
])
const chain = {
  id: CHAIN_ID,
  name: 'test',
  nativeCurrency: { name: 'OPEN', symbol: 'OPEN', decimals: 18 },
  rpcUrls: { default: { http: [] } },
}

let node: FakeNode
let server: RpcServer
let port: number

beforeAll(async () => {
  node = new FakeNode([makeBlock(0, []), makeBlock(1, sampleTransactions())])
  node.world.set(alice.address, { nonce: 5n })
  server = new RpcServer(
    {
      host: '127.0.0.1',
      port: 0,
      namespaces: DEFAULT_NAMESPACES,
      allowedHosts: [],
      corsOrigins: [],
      defaultTipWei: 100n,
    },
    { ports: node, clock: node.clock, random: systemRandom, logger: silentLogger },
  )
  port = await server.listen(0)
})

afterAll(async () => {
  await server.stop()
})

function revertWith(data: `0x${string}`): void {
  node.callResult = () => ({
    output: hexToBytes(data),
    gasUsed: 30_000n,
    gasRefund: 0n,
    failure: { isRevert: true, message: 'revert' },
  })
}

function returnWith(data: `0x${string}`): void {
  node.callResult = () => ({ output: hexToBytes(data), gasUsed: 30_000n, gasRefund: 0n })
}

describe.each(['http', 'ws'])('viem over %s', (kind) => {
  const client = () =>
    createPublicClient({
      chain,
      transport:
        kind === 'http'
          ? http(`http://127.0.0.1:${port}`, { batch: true, retryCount: 0 })
          : webSocket(`ws://127.0.0.1:${port}`, { retryCount: 0, reconnect: false, keepAlive: false }),
    })
  let viem: ReturnType<typeof client>
  beforeAll(() => {
    viem = client()
  })
  afterAll(async () => {
    if (kind === 'ws')
      (
        await (viem.transport as unknown as { getRpcClient(): Promise<{ close(): void }> }).getRpcClient()
      ).close()
  })

  it('reads blocks, transactions, receipts and logs as they are', async () => {
    const expected = node.blocks[1]!
    const [block, number, id] = await Promise.all([
      viem.getBlock({ blockNumber: 1n, includeTransactions: true }),
      viem.getBlockNumber({ cacheTime: 0 }),
      viem.getChainId(),
    ])
    expect(number).toBe(BigInt(node.blocks.length - 1))
    expect(id).toBe(CHAIN_ID)
    expect(block.hash).toBe(bytesToHex(expected.hash()))
    expect(block.baseFeePerGas).toBe(GWEI)
    expect(block.transactions.map(({ type }) => type)).toEqual([
      'legacy',
      'eip2930',
      'eip1559',
      'eip7702',
      'eip1559',
    ])
    expect(block.transactions[3]?.authorizationList?.[0]).toMatchObject({
      address: EMITTER,
      nonce: 5,
      chainId: CHAIN_ID,
    })
    for (const [index, { hash }] of block.transactions.entries()) {
      const receipt = await viem.getTransactionReceipt({ hash })
      expect(receipt.status).toBe(index === 3 ? 'reverted' : 'success')
      expect(receipt.gasUsed).toBe(21_000n)
    }
    const logs = await viem.getLogs({ fromBlock: 1n, toBlock: 1n, address: EMITTER })
    expect(logs.map(({ topics }) => topics[0])).toEqual([TOPIC, TOPIC])
    await expect(viem.getBlock({ blockNumber: 99n })).rejects.toThrow('could not be found')
  })

  it('calls contracts and decodes their custom errors', async () => {
    returnWith(encodeFunctionResult({ abi, functionName: 'total', result: 77n }))
    const read = { address: EMITTER, abi, functionName: 'total', args: [RECIPIENT] } as const
    expect(await viem.readContract(read)).toBe(77n)
    revertWith(encodeErrorResult({ abi, errorName: 'Shortage', args: [RECIPIENT, 5n] }))
    const error = await viem.readContract(read).catch((thrown: unknown) => thrown)
    const reverted = (error as BaseError).walk((cause) => cause instanceof ContractFunctionRevertedError)
    expect((reverted as ContractFunctionRevertedError).data).toMatchObject({
      errorName: 'Shortage',
      args: [expect.stringMatching(/^0x(ee|EE|Ee|eE)/), 5n],
    })
  })

  it('estimates, prices and sends a transaction', async () => {
    returnWith('0x')
    const account = privateKeyToAccount(bytesToHex(alice.key))
    const nonce = node.pool.pendingNonce(alice.address)
    const request = await viem.prepareTransactionRequest({ account, to: EMITTER, value: 1n })
    expect(request.nonce).toBe(Number(nonce))
    expect(request.maxPriorityFeePerGas).toBeGreaterThan(0n)
    const raw = await account.signTransaction(request as never)
    const hash = await viem.sendRawTransaction({ serializedTransaction: raw })
    expect(node.pool.get(hash)?.sender).toBe(alice.address)
    const again = await viem
      .sendRawTransaction({ serializedTransaction: raw })
      .catch((thrown: unknown) => thrown)
    expect((again as Error).message).toContain('already known')
    expect(await viem.getTransactionCount({ address: alice.address, blockTag: 'pending' })).toBe(
      Number(nonce + 1n),
    )
  })

  it('passes state overrides and reads fee history', async () => {
    returnWith('0x')
    await viem.call({ to: EMITTER, stateOverride: [{ address: RECIPIENT, balance: 5n }] })
    expect(node.calls_.at(-1)?.target.stateOverrides?.get(RECIPIENT)?.balanceWei).toBe(5n)
    const history = await viem.getFeeHistory({ blockCount: 1, rewardPercentiles: [50] })
    expect(history.baseFeePerGas).toEqual([GWEI, GWEI])
  })

  it('follows new blocks and pending transactions', async () => {
    const heads: bigint[] = []
    const hashes: string[] = []
    let arrived = () => {}
    const both = new Promise<void>((resolve) => {
      arrived = () => heads.length > 0 && hashes.length > 0 && resolve()
    })
    const stop = [
      viem.watchBlockNumber({
        onBlockNumber: (number) => {
          heads.push(number)
          arrived()
        },
        pollingInterval: 20,
      }),
      viem.watchPendingTransactions({
        onTransactions: (list) => {
          hashes.push(...list)
          arrived()
        },
        pollingInterval: 20,
      }),
    ]
    // Until the subscriptions or filters stand, nothing would be told: repeat until both were.
    const tick = setInterval(() => {
      node.append(makeBlock(node.blocks.length, []))
      const nonce = node.pool.pendingNonce(alice.address)
      node.pool.add(signed(alice, { nonce }))
    }, 30)
    await both
    clearInterval(tick)
    for (const end of stop) end()
    expect(heads[0]).toBeLessThan(BigInt(node.blocks.length))
    expect(node.pool.has(hashes[0] as `0x${string}`)).toBe(true)
  })
})

describe.each(['http', 'ws'])('ethers over %s', (kind) => {
  let provider: ethers.JsonRpcProvider | ethers.WebSocketProvider
  beforeAll(() => {
    const options = { staticNetwork: ethers.Network.from(CHAIN_ID), polling: true, pollingInterval: 20 }
    provider =
      kind === 'http'
        ? new ethers.JsonRpcProvider(`http://127.0.0.1:${port}`, CHAIN_ID, options)
        : new ethers.WebSocketProvider(`ws://127.0.0.1:${port}`, CHAIN_ID, {
            staticNetwork: options.staticNetwork,
          })
  })
  afterAll(async () => {
    // The answers to the unsubscriptions that this sends must be in before the provider goes.
    await provider.removeAllListeners()
    await provider.send('eth_chainId', [])
    await provider.destroy()
  })

  it('reads blocks, transactions and receipts as they are', async () => {
    const block = await provider.getBlock(1, true)
    expect(block?.hash).toBe(bytesToHex(node.blocks[1]!.hash()))
    const transactions = block?.prefetchedTransactions ?? []
    expect(transactions.map(({ type }) => type)).toEqual([0, 1, 2, 4, 2])
    for (const [index, { hash }] of transactions.entries()) {
      const receipt = await provider.getTransactionReceipt(hash)
      expect(receipt?.status).toBe(index === 3 ? 0 : 1)
      // ethers recomputes the sender from the signature that we sent.
      const transaction = await provider.getTransaction(hash)
      expect(ethers.Transaction.from(transaction!).from?.toLowerCase()).toBe(alice.address)
    }
    expect(await provider.getBlock(99)).toBe(null)
  })

  it('calls contracts and decodes their custom errors', async () => {
    const contract = new ethers.Contract(
      EMITTER,
      ['function total(address) view returns (uint256)', 'error Shortage(address who, uint256 wei)'],
      provider,
    )
    returnWith(encodeFunctionResult({ abi, functionName: 'total', result: 77n }))
    expect(await contract.getFunction('total')(RECIPIENT)).toBe(77n)
    revertWith(encodeErrorResult({ abi, errorName: 'Shortage', args: [RECIPIENT, 5n] }))
    await expect(contract.getFunction('total')(RECIPIENT)).rejects.toMatchObject({
      code: 'CALL_EXCEPTION',
      revert: { name: 'Shortage', args: [ethers.getAddress(RECIPIENT), 5n] },
    })
  })

  it('sends a transaction and names the failures it knows', async () => {
    returnWith('0x')
    const signer = new ethers.Wallet(bytesToHex(alice.key), provider)
    const sent = await signer.sendTransaction({ to: EMITTER, value: 1n })
    expect(node.pool.get(sent.hash as `0x${string}`)?.sender).toBe(alice.address)
    const poor = new ethers.Wallet(bytesToHex(wallet(50).key), provider)
    const draft = { to: EMITTER, gasLimit: 21_000n, maxFeePerGas: 10n * GWEI, maxPriorityFeePerGas: 1n }
    await expect(poor.sendTransaction({ ...draft, nonce: 0 })).rejects.toMatchObject({
      code: 'INSUFFICIENT_FUNDS',
    })
    await expect(signer.sendTransaction({ ...draft, nonce: 1 })).rejects.toMatchObject({
      code: 'NONCE_EXPIRED',
    })
    await expect(
      signer.sendTransaction({ ...draft, nonce: sent.nonce, maxFeePerGas: 9n * GWEI }),
    ).rejects.toMatchObject({ code: 'REPLACEMENT_UNDERPRICED' })
  })

  it('follows new blocks and logs', async () => {
    const first = new Promise<number>((resolve) => void provider.once('block', resolve))
    const log = new Promise<ethers.Log>(
      (resolve) => void provider.once({ address: EMITTER, topics: [TOPIC] }, resolve),
    )
    const tick = setInterval(() => {
      const number = node.blocks.length
      node.append(makeBlock(number, sampleTransactions(number * 5)))
    }, 30)
    const [number, found] = await Promise.all([first, log])
    clearInterval(tick)
    expect(number).toBeLessThan(node.blocks.length)
    expect(found.address.toLowerCase()).toBe(EMITTER)
  })
})
