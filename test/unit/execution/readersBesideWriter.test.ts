import { getContractAddress } from 'viem'
import { describe, expect, it } from 'vitest'
import { isNodeError } from '../../../src/errors/errors.ts'
import { HeadState } from '../../../src/node/headState.ts'
import { rpcCalls, rpcStateAccess } from '../../../src/node/rpcPorts.ts'
import { bytesToBigInt } from '../../../src/primitives/bytes.ts'
import type { Address } from '../../../src/primitives/hex.ts'
import type { StateKeeping } from '../../../src/state/pruneProgress.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { account, TestChain } from '../../support/chain.ts'
import { SetClock } from '../../support/consensusNode.ts'
import { twinsCreationCode, twinsInput } from './support/twins.ts'

const from = account(0)
const twins = getContractAddress({ from: from.address, nonce: 0n }).toLowerCase() as Address

/** A chain whose block `n` sets all slots of the twins to `n`, and calls on it as JSON-RPC makes them. */
async function openTwins(keeping: Partial<StateKeeping>) {
  const kv = new MemoryStore()
  const test = await TestChain.open({ kv, keeping })
  const { chain } = test
  const head = new HeadState({ chain, kv, clock: new SetClock() })
  chain.onDecided(() => head.advance(chain.head.height))
  const calls = rpcCalls({ chain, state: rpcStateAccess({ chain, head, kv }) })
  const set = async () => {
    const data = twinsInput(chain.head.height + 1)
    await test.mine([test.transaction(from, { to: twins, data, gasLimit: 3_000_000n })])
    expect(chain.store.receipts(chain.head.height)?.[0]?.succeeded).toBe(true)
  }
  await test.mine([test.transaction(from, { data: twinsCreationCode })])
  for (let n = 0; n < 4; n++) await set()
  return { chain, set, read: (height: number) => readTwins(calls, height) }
}

/** The value of all slots after a block, `mixed` where they differ, or the code of the failure. */
async function readTwins(calls: ReturnType<typeof rpcCalls>, height: number): Promise<number | string> {
  try {
    const { output, failure } = await calls.call({ to: twins }, { blockNumber: BigInt(height) })
    return failure === undefined ? Number(bytesToBigInt(output)) : 'mixed'
  } catch (error) {
    if (isNodeError(error)) return error.code
    throw error
  }
}

describe('a call beside the writer', () => {
  it('on the newest state sees that block alone, however many are decided meanwhile', async () => {
    const { chain, set, read } = await openTwins({ mode: 'archive' })
    const spans: number[] = []
    for (let round = 0; round < 4; round++) {
      const { height } = chain.head
      const reading = read(height).then((value) => {
        spans.push(chain.head.height - height)
        return value
      })
      await set()
      await set()
      expect(await reading).toBe(height)
    }
    // the calls did run while blocks were decided
    expect(spans.every((span) => span > 0)).toBe(true)
  })

  it('on an old state gets its values or is told that it is pruned, while it is dropped', async () => {
    const { chain, set, read } = await openTwins({ mode: 'pruned', blocks: 3 })
    const outcomes: (number | string)[] = []
    for (let round = 0; round < 6; round++) {
      const { height } = chain.head
      const heights = [0, 1, 2, 3].map((back) => height - back)
      const reading = Promise.all(heights.map((each) => read(each)))
      await set()
      await set()
      for (const [index, value] of (await reading).entries()) {
        if (value !== 'STATE_PRUNED') expect(value).toBe(heights[index])
        outcomes.push(value)
      }
      await chain.idle()
      expect(await read(chain.head.height - 2)).toBe(chain.head.height - 2)
      expect(await read(chain.head.height - 3)).toBe('STATE_PRUNED')
    }
    expect(outcomes.filter((value) => value === 'STATE_PRUNED').length).toBeGreaterThan(6)
    expect(outcomes.filter((value) => value !== 'STATE_PRUNED').length).toBeGreaterThan(6)
  })
})
