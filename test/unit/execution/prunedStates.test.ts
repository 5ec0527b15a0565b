import { beforeAll, describe, expect, it } from 'vitest'
import { predeploys } from '../../../src/chainspec/addresses.ts'
import { HeadState } from '../../../src/node/headState.ts'
import { openLedgerReader } from '../../../src/node/openLedgerReader.ts'
import { rpcCalls, rpcChainReader, rpcStateAccess } from '../../../src/node/rpcPorts.ts'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import { Dispatcher } from '../../../src/rpc/dispatcher.ts'
import type { RpcContext } from '../../../src/rpc/method.ts'
import { enabledMethods, NAMESPACES } from '../../../src/rpc/methods/registry.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { account, TestChain } from '../../support/chain.ts'
import { SetClock } from '../../support/consensusNode.ts'

const BLOCKS = 6
const KEPT = 3
const receiver = `0x${'42'.repeat(20)}` as const

let ask: (method: string, ...params: unknown[]) => Promise<Record<string, unknown>>
let hashes: string[]

/** A node that keeps three states, after six blocks that each pay a wei to the receiver. */
beforeAll(async () => {
  const kv = new MemoryStore()
  const test = await TestChain.open({ kv, keeping: { mode: 'pruned', blocks: KEPT } })
  const { chain } = test
  const clock = new SetClock()
  const head = new HeadState({ chain, kv, clock })
  chain.onDecided(() => head.advance(chain.head.height))
  hashes = []
  for (let height = 1; height <= BLOCKS; height++) {
    const tx = test.transaction(account(0), { to: receiver, value: 1n, gasLimit: 21_000n })
    hashes.push(bytesToHex(tx.hash()))
    await test.mine([tx])
  }
  await chain.idle()
  const state = rpcStateAccess({ chain, head, kv })
  const context = {
    chain: rpcChainReader(chain),
    state,
    calls: rpcCalls({ chain, state }),
    openledger: openLedgerReader({ chain, state }),
    facts: { chainId: chain.spec.chainId },
  } as unknown as RpcContext
  const modules = { context, methods: enabledMethods(NAMESPACES), clock, logger: silentLogger }
  const dispatcher = new Dispatcher(modules)
  ask = async (method, ...params) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
    return JSON.parse((await dispatcher.handle(body))!) as Record<string, unknown>
  }
})

const call = { from: account(0).address, to: receiver, value: '0x1' }
/** Everything that reads a state, with the block as its last parameter. */
const questions: [method: string, ...params: unknown[]][] = [
  ['eth_getBalance', receiver],
  ['eth_getTransactionCount', account(0).address],
  ['eth_getCode', predeploys.staking],
  ['eth_getStorageAt', predeploys.staking, '0x0'],
  ['eth_getProof', predeploys.staking, ['0x0']],
  ['eth_call', call],
  ['eth_estimateGas', call],
  ['eth_createAccessList', call],
  ['openledger_getDatanet', '0x1'],
]

describe('JSON-RPC on a node that does not keep all states', () => {
  it.each(questions)('says that a dropped state is unavailable (%s)', async (method, ...params) => {
    for (const height of [1, BLOCKS - KEPT]) {
      expect(await ask(method, ...params, `0x${height}`)).toMatchObject({
        error: { code: -32002, data: { code: 'STATE_PRUNED' } },
      })
    }
  })

  it.each(questions)(
    'answers on every kept state and on the end of an epoch (%s)',
    async (method, ...params) => {
      for (const height of [0, BLOCKS - KEPT + 1, BLOCKS - 1, BLOCKS]) {
        expect(await ask(method, ...params, `0x${height}`)).not.toHaveProperty('error')
      }
    },
  )

  it('tells the balance of each kept block', async () => {
    for (const height of [0, 4, 5, 6]) {
      expect((await ask('eth_getBalance', receiver, `0x${height}`)).result).toBe(`0x${height}`)
    }
  })

  it('still has every block, transaction and receipt', async () => {
    for (const [index, hash] of hashes.entries()) {
      const block = `0x${index + 1}`
      expect(await ask('eth_getBlockByNumber', block, false)).toMatchObject({ result: { number: block } })
      expect(await ask('eth_getTransactionByHash', hash)).toMatchObject({ result: { blockNumber: block } })
      expect(await ask('eth_getTransactionReceipt', hash)).toMatchObject({ result: { status: '0x1' } })
    }
  })
})
