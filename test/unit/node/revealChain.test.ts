import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { RevealChain } from '../../../src/node/revealChain.ts'
import { bytesToHex, type Hash, hexToBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { keccakHex } from '../../../src/primitives/keccak.ts'
import { createLogger } from '../../../src/runtime/logger.ts'
import { codeOf } from '../../support/network/outcome.ts'

const seed = new Uint8Array(32).fill(7)
/** More than two stretches of kept values, and no whole number of them. */
const LENGTH = 600

const open = () => new RevealChain(seed, { length: LENGTH })
const refused = (run: () => unknown) => codeOf(Promise.resolve().then(run))

describe('a hash chain', () => {
  it('gives the preimage of each tip, down to the seed’s own value', async () => {
    const reveals = open()
    let tip = reveals.tip
    for (let left = LENGTH; left > 0; left--) {
      const reveal = reveals.revealFor(tip)
      expect(keccakHex(reveal)).toBe(tip)
      expect(reveals.remaining).toBe(left)
      tip = bytesToHex(reveal)
    }
    expect(tip).toBe(keccakHex(seed))
    expect(await refused(() => reveals.revealFor(tip))).toBe('BAD_CONFIG')
  })

  it('finds any tip of it after a restart, and one before the last, as after another chain of blocks', () => {
    const first = open()
    const tips: Hash[] = [first.tip]
    for (let i = 0; i < 300; i++) tips.push(bytesToHex(first.revealFor(tips.at(-1) ?? first.tip)))
    for (const at of [0, 1, 255, 256, 299, 3]) {
      expect(keccakHex(open().revealFor(tips[at] ?? first.tip))).toBe(tips[at])
      expect(keccakHex(first.revealFor(tips[at] ?? first.tip))).toBe(tips[at])
    }
  })

  it('is followed by the next generation when the operator registers its tip, without a restart', () => {
    const reveals = open()
    reveals.revealFor(reveals.tip)
    const next = reveals.tipOf(1)
    expect(next).not.toBe(reveals.tip)
    expect(keccakHex(reveals.revealFor(next))).toBe(next)
    expect(reveals.find(next)).toEqual({ generation: 1, remaining: LENGTH })
    // the next node finds it by the tip alone
    expect(open().find(bytesToHex(reveals.revealFor(next)))).toEqual({ generation: 1, remaining: LENGTH - 1 })
  })

  it('refuses a tip of another seed, after a bounded search', async () => {
    const short = new RevealChain(seed, { length: 2 })
    expect(await refused(() => short.revealFor(keccakHex(new Uint8Array(1))))).toBe('BAD_CONFIG')
    expect(short.find(short.tipOf(limits.revealGenerations - 1))).toBeDefined()
    expect(await refused(() => short.tipOf(limits.revealGenerations))).toBe('BAD_CONFIG')
  })

  it('is what the seed says: hashed once, then length times', () => {
    let value = hexToBytes(keccakHex(seed))
    for (let i = 0; i < LENGTH; i++) value = hexToBytes(keccakHex(value))
    expect(open().tip).toBe(bytesToHex(value))
  })

  it('tells the operator when an eighth is left', () => {
    const warned: unknown[] = []
    const logger = { ...createLogger({ level: 'silent' }), warn: (facts: unknown) => warned.push(facts) }
    const reveals = new RevealChain(seed, { length: 4_096, logger: logger as never })
    const values = [keccakHex(seed)]
    for (let i = 0; i < 260; i++) values.push(keccakHex(hexToBytes(values[i] ?? ZERO_HASH)))
    for (const tip of values.reverse().slice(0, -1)) reveals.revealFor(tip)
    expect(warned).toEqual([{ remaining: 256 }])
  })
})
