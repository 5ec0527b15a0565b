import { beforeEach, describe, expect, it } from 'vitest'
import { InvariantError, NodeError } from '../../../src/errors/errors.ts'
import { ChainFollower } from '../../../src/execution/chainFollower.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { account, TestChain } from '../../support/chain.ts'

const receiver = `0x${'42'.repeat(20)}` as const
let kv: MemoryStore
let writer: TestChain
let follower: ChainFollower

const follow = () => {
  const { spec, precompiles } = writer.chain
  return new ChainFollower({ spec, precompiles }, { kv, logger: silentLogger })
}
const pay = () =>
  writer.mine([writer.transaction(account(0), { to: receiver, value: 1n, gasLimit: 21_000n })])
const paid = (head = follower.head) => head.state.account(receiver)?.balanceWei ?? 0n

beforeEach(async () => {
  kv = new MemoryStore()
  writer = await TestChain.open({ kv })
  follower = follow()
})

describe('a chain that another writes', () => {
  it('stays where it is until it is told, and then says what the writer says', async () => {
    const before = follower.head
    const { blockHash } = await pay()
    expect(follower.head).toBe(before)
    expect(paid()).toBe(0n)
    const seen: number[] = []
    follower.onDecided(() => seen.push(follower.head.height))
    follower.onDecided(() => {
      throw new Error('keeps nothing from the others')
    })
    follower.onDecided(({ receipts }) => seen.push(receipts.length))
    follower.advance(blockHash)
    expect(seen).toEqual([1, 1])
    const { chain } = writer
    expect(follower.head).toMatchObject({ height: 1, blockHash, stateRoot: chain.head.stateRoot })
    expect(follower.head.certificate).toEqual(chain.head.certificate)
    expect(follower.head.nextSet).toEqual(chain.head.nextSet)
    expect([follower.genesisHash, follower.statesFrom]).toEqual([chain.genesisHash, chain.statesFrom])
    expect([paid(), paid(before)]).toEqual([1n, 0n])
  })

  it('begins at the head of the store', async () => {
    await pay()
    const { blockHash } = await pay()
    follower = follow()
    expect(follower.head.blockHash).toBe(blockHash)
    expect(paid()).toBe(2n)
  })

  it('refuses to go to another block than the one that was decided, and a store without a chain', async () => {
    const { blockHash } = await pay()
    await pay()
    expect(() => follower.advance(blockHash)).toThrow(InvariantError)
    kv = new MemoryStore()
    expect(follow).toThrow(NodeError)
  })
})
