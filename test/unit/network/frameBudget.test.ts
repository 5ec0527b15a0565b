import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { FrameBudget } from '../../../src/network/libp2p/frameBudget.ts'
import { guardFrames } from '../../../src/network/libp2p/gossipGuard.ts'

describe('the memory of unfinished frames', () => {
  it('is bounded over all holders: who holds most must go', () => {
    const budget = new FrameBudget<string>(100)
    expect([budget.set('a', 40), budget.set('b', 50), budget.set('a', 45)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(budget.totalBytes).toBe(95)
    expect(budget.set('c', 10)).toBe('b')
    expect(budget.totalBytes).toBe(55)
    expect(budget.set('c', 80)).toBe('c')
    expect(budget.set('a', 0)).toBeUndefined()
    expect(budget.totalBytes).toBe(0)
  })

  it('is told of before each wait for more, and given back in the end', async () => {
    const held: number[] = []
    async function* source(): AsyncGenerator<Uint8Array> {
      // a frame of two bytes, whole; one of 5,000 bytes in two pieces; and the start of another
      yield Uint8Array.of(2, 0x0a, 0x00)
      yield Uint8Array.from([0x88, 0x27, 0x0a, 0x85, 0x27, ...new Uint8Array(3_000)])
      yield new Uint8Array(1_997)
      yield Uint8Array.of(5, 0x0a)
    }
    let frames = 0
    const hooks = { beforeFrame: async () => {}, waiting: (bytes: number) => held.push(bytes) }
    for await (const _frame of guardFrames(source(), hooks)) frames += 1
    expect(frames).toBe(2)
    expect(held.map((bytes) => bytes > 0)).toEqual([false, true, false, true, false])
    for (const bytes of held) expect(bytes).toBeLessThanOrEqual(2 * 5_005)
    expect(limits.gossipBufferedBytes).toBeGreaterThan(limits.gossipFrameBytes)
  })
})
