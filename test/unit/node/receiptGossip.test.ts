import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import type { GossipValidator, Verdict } from '../../../src/network/ports.ts'
import { decodeReceiptBatch, ReceiptGossip } from '../../../src/node/receiptGossip.ts'
import { encodeRlp } from '../../../src/primitives/rlp.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { ManualClock } from '../../support/network/manualClock.ts'
import { thrownCode } from '../../support/network/outcome.ts'

const receipt = (index: number, length = 1_000) => new Uint8Array(length).fill(index)

function setup(verdictOf: (index: number) => Verdict = () => 'accept') {
  const clock = new ManualClock()
  const published: Uint8Array[][] = []
  let judge: GossipValidator = () => 'ignore'
  const gossip = new ReceiptGossip({
    gossip: {
      publish: async (_topic, bytes) => {
        expect(bytes.length).toBeLessThanOrEqual(limits.gossipReceiptsBytes)
        published.push(decodeReceiptBatch(bytes))
      },
      subscribe: (_topic, validator) => {
        judge = validator
        return () => {}
      },
    },
    check: (bytes) => verdictOf(bytes[0] ?? 0),
    clock,
    logger: silentLogger,
  })
  return {
    gossip,
    clock,
    published,
    judge: (...batch: number[]) => judge(encodeRlp(batch.map((i) => receipt(i))), 'p'),
  }
}

describe('gossip of receipts', () => {
  it('sends those of a short time in one message', async () => {
    const { gossip, clock, published } = setup()
    for (const index of [1, 2, 3]) gossip.publish(receipt(index))
    expect(published).toEqual([])
    await clock.advance(limits.gossipReceiptsWaitMs)
    expect(published).toEqual([[receipt(1), receipt(2), receipt(3)]])
    await clock.advance(10 * limits.gossipReceiptsWaitMs)
    expect(published).toHaveLength(1)
  })

  it.each([
    ['many', 200, 300],
    ['large ones', 40, limits.receiptBytes],
  ])('never sends more than a message holds: %s', async (_what, count, length) => {
    const { gossip, clock, published } = setup()
    for (let index = 0; index < count; index++) gossip.publish(receipt(index, length))
    await clock.advance(limits.gossipReceiptsWaitMs)
    expect(published.length).toBeGreaterThan(1)
    expect(published.flat()).toEqual(Array.from({ length: count }, (_, index) => receipt(index, length)))
  })

  it('hands on a batch of which half was new, and of others the new ones', async () => {
    const known = (index: number): Verdict => (index < 10 ? 'ignore' : 'accept')
    const { judge, clock, published } = setup(known)
    expect(await judge(1, 11)).toBe('accept')
    expect(await judge(1, 2, 11)).toBe('ignore')
    expect(await judge(1, 2)).toBe('ignore')
    await clock.advance(limits.gossipReceiptsWaitMs)
    expect(published).toEqual([[receipt(11)]])
  })

  it('blames the sender of a batch with one that no honest peer hands on', async () => {
    const { judge } = setup((index) => (index === 9 ? 'reject' : 'accept'))
    expect(await judge(1, 2, 9)).toBe('reject')
  })

  it.each<[string, Uint8Array, string]>([
    ['none', encodeRlp([]), 'BAD_RLP'],
    ['a receipt by itself', receipt(1), 'BAD_RLP'],
    ['a list for a receipt', encodeRlp([[receipt(1)]]), 'BAD_RLP'],
    [
      'too many',
      encodeRlp(Array.from({ length: limits.gossipReceiptsBatch + 1 }, () => receipt(1, 2))),
      'LIMIT_EXCEEDED',
    ],
    ['too much', new Uint8Array(limits.gossipReceiptsBytes + 1), 'LIMIT_EXCEEDED'],
  ])('takes no batch of %s', (_what, bytes, code) => {
    expect(thrownCode(() => decodeReceiptBatch(bytes))).toBe(code)
  })
})
