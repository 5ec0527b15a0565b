import { beforeAll, describe, expect, it } from 'vitest'
import { CallService } from '../../../src/node/execution/callService.ts'
import { rpcCalls, rpcChainReader, rpcStateAccess } from '../../../src/node/rpcPorts.ts'
import { bytesToBigInt } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../../../src/primitives/hex.ts'
import type { KvSnapshot, KvStore } from '../../../src/storage/kv.ts'
import { account } from '../../support/chain.ts'
import { codeOf } from '../../support/network/outcome.ts'
import { PoolNode } from '../../support/poolNode.ts'

const receiver: Address = `0x${'42'.repeat(20)}`
const contract: Address = `0x${'43'.repeat(20)}`
/** What the receiver owns. */
const BALANCE = hexToBytes(`0x73${'42'.repeat(20)}315f5260205ff3`)
const LOOP = hexToBytes('0x5b600056')
const at = (blockNumber: bigint, code = BALANCE) => ({
  blockNumber,
  stateOverrides: new Map([[contract, { code }]]),
})

let node: PoolNode
let service: CallService
let open: number

/** The store, with a count of the snapshots that are open. */
function counting(kv: KvStore): Pick<KvStore, 'snapshot'> {
  return {
    snapshot: (): KvSnapshot => {
      const snapshot = kv.snapshot()
      open++
      return {
        ...snapshot,
        close: async () => {
          open--
          await snapshot.close()
        },
      }
    },
  }
}

const pay = () =>
  node.test.mine([node.test.transaction(account(0), { to: receiver, value: 1n, gasLimit: 21_000n })])

beforeAll(async () => {
  open = 0
  node = await PoolNode.open()
  const { spec, precompiles } = node.test.chain
  service = new CallService({ spec, precompiles }, { kv: counting(node.kv) })
  for (let n = 0; n < 3; n++) await pay()
})

describe('reads on a store that another writes', () => {
  it('are of the block that is asked for, the newest included', async () => {
    for (const height of [0n, 2n, BigInt(node.test.chain.head.height)]) {
      const { output, failure } = await service.call({ to: contract }, at(height))
      expect(failure).toBeUndefined()
      expect(bytesToBigInt(output)).toBe(height)
    }
    expect(await codeOf(service.call({ to: contract }, at(99n)))).toBe('NOT_FOUND')
    expect(open).toBe(0)
  })

  it('see one block, though the next is decided meanwhile', async () => {
    const height = BigInt(node.test.chain.head.height)
    const running = service.call({ to: contract }, at(height))
    await pay()
    expect(bytesToBigInt((await running).output)).toBe(height)
  })

  it('say what those say that run beside the chain', async () => {
    const { chain } = node.test
    const state = rpcStateAccess({ chain, head: node.head, kv: node.kv })
    const slots: Hash[] = [`0x${'00'.repeat(32)}`]
    const proof = await service.proof(contract, slots, 2n)
    expect(proof).toEqual(await state.proof(contract, slots, 2n))
    const list = await service.createAccessList({ to: contract }, at(2n))
    expect(list).toEqual(await rpcCalls({ chain, state }).createAccessList({ to: contract }, at(2n)))
    const query = { fromBlock: 0n, toBlock: 3n, addresses: [], topics: [], limit: 9 }
    expect(await service.logs(query)).toEqual(await rpcChainReader(chain).logs(query))
  })

  it('end when they are not wanted any more, also within the code that runs', async () => {
    let asked = 0
    const signal = {
      get aborted() {
        return ++asked > 1_000
      },
    }
    const running = service.call({ to: contract, gasLimit: 50_000_000n }, at(1n, LOOP), signal)
    expect(await codeOf(running)).toBe('CANCELLED')
    expect(asked).toBe(1_001)
    const none = { aborted: true }
    const query = { fromBlock: 0n, toBlock: 3n, addresses: [], topics: [], limit: 9 }
    expect(await codeOf(service.logs(query, none) as Promise<unknown>)).toBe('CANCELLED')
    expect(open).toBe(0)
    expect(bytesToHex((await service.call({ to: contract }, at(0n))).output)).toBe(`0x${'00'.repeat(32)}`)
  })
})
