import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTxFromRLP } from '@ethereumjs/tx'
import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { decodeJournal } from '../../../src/mempool/journal.ts'
import type { GossipPort } from '../../../src/network/ports.ts'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import { keccakHex } from '../../../src/primitives/keccak.ts'
import { account, devnetGenesis } from '../../support/chain.ts'
import { PoolNode } from '../../support/poolNode.ts'
import { temporaryFolder } from '../../support/temporaryFolder.ts'

const receiver = `0x${'42'.repeat(20)}` as const
const folder = temporaryFolder()
const journal = () => join(folder(), 'data', 'transactions.rlp')

const transfer = (node: PoolNode, sender: number, nonce?: bigint) =>
  node.test.transaction(account(sender), {
    to: receiver,
    gasLimit: 21_000n,
    ...(nonce === undefined ? {} : { nonce }),
  })

/** Puts transfers of these senders in the pool; their encodings. */
const fill = (node: PoolNode, senders: readonly number[]) =>
  senders.map((sender) => bytesToHex(node.mempool.add(transfer(node, sender).serialize()).bytes))

const held = (node: PoolNode) => node.mempool.transactions().map(({ bytes }) => bytesToHex(bytes))

describe('the journal of the pool', () => {
  it('brings the transactions of the last run back, in their order', async () => {
    const before = await PoolNode.open({ journalPath: journal() })
    await before.pool.start()
    const sent = fill(before, [1, 0, 1])
    await before.pool.stop()
    const after = await PoolNode.open({ journalPath: journal() })
    expect(held(after)).toEqual([])
    await after.pool.start()
    expect(held(after)).toEqual(sent)
  })

  it('leaves out what the chain has meanwhile', async () => {
    const before = await PoolNode.open({ journalPath: journal() })
    const [mined, waiting] = [transfer(before, 0), transfer(before, 1)]
    for (const tx of [mined, waiting]) before.mempool.add(tx.serialize())
    await before.pool.stop()
    await before.test.mine([mined])
    const after = await PoolNode.open({ journalPath: journal(), kv: before.kv })
    await after.pool.start()
    expect(held(after)).toEqual([bytesToHex(waiting.serialize())])
  })

  it('is left out when it cannot be read, and written anew', async () => {
    await mkdir(join(folder(), 'data'))
    await writeFile(journal(), Uint8Array.of(0xff, 1, 2))
    const node = await PoolNode.open({ journalPath: journal() })
    await node.pool.start()
    expect(held(node)).toEqual([])
    const sent = fill(node, [0])
    await node.pool.stop()
    const written = decodeJournal(await readFile(journal())).map((bytes) => bytesToHex(bytes))
    expect(written).toEqual(sent)
  })

  it('that the disk does not give fails the start', async () => {
    await mkdir(journal(), { recursive: true })
    const node = await PoolNode.open({ journalPath: journal() })
    await expect(node.pool.start()).rejects.toHaveProperty('code', 'EISDIR')
  })
})

describe('the pool', () => {
  it('follows the head: mined transactions leave, and prices and nonces move on', async () => {
    const node = await PoolNode.open()
    fill(node, [0, 1])
    const { nextBaseFeeWei } = node.mempool.head
    expect(await node.minePool()).toEqual([true, true])
    expect(node.mempool.status()).toMatchObject({ pending: 0, queued: 0 })
    expect(node.mempool.pendingNonce(account(0).address)).toBe(1n)
    expect(node.mempool.head).toMatchObject({ number: 1n, nextBaseFeeWei })
    expect(node.mempool.head.timestamp).toBe(node.test.chain.head.block.header.timestamp)
  })

  it('offers a builder its transactions, each sender’s in order, and few more than it wants', async () => {
    const node = await PoolNode.open()
    const sent = fill(node, [0, 1, 2, 2])
    const offered = node.pool.offer()
    expect(offered.map(({ bytes }) => bytesToHex(bytes))).toEqual(sent)
    for (const { hash, bytes, senderKey } of offered) {
      expect(hash).toBe(keccakHex(bytes))
      const tx = createTxFromRLP(bytes, { common: node.test.chain.spec.common })
      expect(bytesToHex(senderKey)).toBe(bytesToHex(tx.getSenderPublicKey()))
      expect(senderKey.buffer.byteLength).toBe(senderKey.length)
    }
    fill(
      node,
      Array.from({ length: 2 * limits.offeredSpare }, () => 3),
    )
    expect(node.pool.offer(1).length).toBe(1 + limits.offeredSpare)
  })

  it('offers what fills a block by the least that each transaction takes, and some more', async () => {
    const gasLimit = 1_050_000
    const node = await PoolNode.open({ genesis: { ...devnetGenesis(), gasLimit } })
    fill(
      node,
      Array.from({ length: 80 }, () => 0),
    )
    expect(node.pool.offer().length).toBe(Math.floor((50 * (100 + limits.offeredSlackPercent)) / 100))
    // a byte of calldata takes 10 gas at least
    const large = { to: receiver, data: bytesToHex(new Uint8Array(10_000)), gasLimit: 200_000n } as const
    for (let nonce = 0; nonce < 20; nonce++) {
      node.mempool.add(node.test.transaction(account(1), large).serialize())
    }
    const bytes = node.pool.offer().reduce((sum, one) => sum + Math.max(2_100, one.bytes.length), 0)
    expect(bytes * 10).toBeLessThanOrEqual((gasLimit * (100 + limits.offeredSlackPercent)) / 100)
  })

  it('forgets one that made the execution fail, so that it fails no further block', async () => {
    const node = await PoolNode.open()
    const [bad, good] = fill(node, [0, 1])
    const [first] = node.pool.offer()
    expect(first && bytesToHex(first.bytes)).toBe(bad)
    node.pool.drop(first!.hash)
    expect(held(node)).toEqual([good])
    expect(node.pool.offer().map(({ bytes }) => bytesToHex(bytes))).toEqual([good])
  })

  it('is told on by gossip from its start to its stop', async () => {
    const published: Uint8Array[] = []
    let subscribers = 0
    const gossip: GossipPort = {
      publish: async (_topic, bytes) => {
        published.push(bytes)
      },
      subscribe: () => {
        subscribers += 1
        return () => {
          subscribers -= 1
        }
      },
    }
    const node = await PoolNode.open({ journalPath: journal(), gossip })
    await node.pool.start()
    expect(subscribers).toBe(1)
    fill(node, [0])
    await node.clock.advance(limits.gossipTransactionsWaitMs)
    expect(published.length).toBe(1)
    await node.pool.stop()
    expect(subscribers).toBe(0)
  })
})
