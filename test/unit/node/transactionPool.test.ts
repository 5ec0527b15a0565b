import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { NodeError } from '../../../src/errors/errors.ts'
import { decodeJournal } from '../../../src/mempool/journal.ts'
import type { GossipPort } from '../../../src/network/ports.ts'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import { account } from '../../support/chain.ts'
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

  it('gives a builder as many transactions as it includes', async () => {
    const node = await PoolNode.open()
    fill(node, [0, 1, 2, 2])
    const everything = node.pool.source()
    const all = Array.from({ length: 5 }, () => everything.next())
    expect(all.filter((tx) => tx !== undefined).length).toBe(4)
    const one = node.pool.source(1)
    expect(one.next()).toBeDefined()
    expect(one.next()).toBeUndefined()
  })

  it('gives another for one that could not be included, and no more of its sender', async () => {
    const node = await PoolNode.open()
    fill(node, [0, 0, 1])
    const source = node.pool.source(1)
    const senderOf = (tx: ReturnType<typeof source.next>) => tx?.getSenderAddress().toString()
    expect(senderOf(source.next())).toBe(account(0).address)
    source.skip(new NodeError('TX_INVALID', 'not now'))
    expect(senderOf(source.next())).toBe(account(1).address)
    expect(source.next()).toBeUndefined()
    expect(node.mempool.transactions().length).toBe(3)
  })

  it('forgets one that made the execution fail, so that it fails no further block', async () => {
    const node = await PoolNode.open()
    const [bad] = fill(node, [0, 1])
    const source = node.pool.source()
    expect(bytesToHex(source.next()?.serialize() ?? new Uint8Array())).toBe(bad)
    source.skip(new NodeError('TX_FAULT', 'a fault'))
    expect(held(node)).not.toContain(bad)
    expect(source.next()?.getSenderAddress().toString()).toBe(account(1).address)
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
