import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rowsPerChunk } from '../../../../precompiles/adapter/rows.ts'
import { bounds } from '../../../../precompiles/bounds.ts'
import { MEMBER_BYTES } from '../../../../precompiles/datanet/members.ts'
import { devnetParameters } from '../../../../precompiles/parameters.ts'
import {
  payWork,
  queryWeight,
  settlerPay,
  splitFee,
} from '../../../../precompiles/proofOfAttribution/split.ts'
import {
  addEncodedSum,
  addWeighted,
  decodeInt16s,
  decodeScores,
  dot,
  encodeCorrections,
  encodeInt16s,
  encodeInt32s,
  encodeScores,
  SCORE_BYTES,
  shiftToInt16,
  subtractCorrections,
} from '../../../../precompiles/proofOfAttribution/vectors.ts'
import { rowsPerPiece } from '../../../../precompiles/proofOfAttribution/windowReader.ts'
import { allocatePot } from '../../../../precompiles/proofOfAttribution/windowShares.ts'
import {
  drawCommittee,
  isDrawn,
  type Outcome,
  outcomeOf,
  paidSeats,
} from '../../../../precompiles/shared/audit.ts'
import { keccakHex } from '../../../../src/primitives/keccak.ts'
import { testHash } from '../../../support/precompileWorld.ts'

const wei = fc.bigInt({ min: 0n, max: 10n ** 27n })
const sum = (parts: readonly bigint[]) => parts.reduce((a, b) => a + b, 0n)

describe('the split of a fee', () => {
  /** Six shares that add up to 10,000, contributors at least 3,000. */
  const splits = fc.tuple(...Array.from({ length: 5 }, () => fc.nat(1400))).map(([a, b, c, d, e]) => ({
    owner: a!,
    host: b!,
    stakers: c!,
    application: d!,
    treasury: e!,
    contributors: 10_000 - a! - b! - c! - d! - e!,
  }))

  it('adds up to the fee for every fee and split, application or not', () => {
    fc.assert(
      fc.property(wei, splits, fc.boolean(), (fee, split, hasApplication) => {
        const parts = splitFee(fee, split, hasApplication)
        expect(sum(Object.values(parts))).toBe(fee)
        expect(parts.contributorsWei).toBe((fee * BigInt(split.contributors)) / 10_000n)
        if (!hasApplication) expect(parts.applicationWei).toBe(0n)
        expect(parts.treasuryWei >= (fee * BigInt(split.treasury)) / 10_000n).toBe(true)
      }),
    )
  })

  it('pays work out of its fund and not a wei more', () => {
    fc.assert(
      fc.property(wei, fc.nat(3), fc.bigInt({ min: 1n, max: 10n ** 14n }), (fund, auditors, baseFee) => {
        const { auditorWei, auditorsWei, finalizerWei, restWei } = payWork(
          fund,
          auditors,
          baseFee,
          devnetParameters,
        )
        expect(auditorsWei + finalizerWei + restWei).toBe(fund)
        expect(auditorsWei).toBe(auditorWei * BigInt(auditors))
        expect(restWei >= 0n).toBe(true)
      }),
    )
  })

  it.each([
    { fee: 1_000_000n, base: 1n, pay: 100_000n }, // the cap of 10 %
    { fee: 10_000_000n, base: 2n, pay: 240_000n }, // the gas
    { fee: 0n, base: 1n, pay: 0n },
  ])('gives the settler $pay of $fee at base fee $base', ({ fee, base, pay }) => {
    expect(settlerPay(fee, base, devnetParameters)).toBe(pay)
  })

  it.each([
    { fee: 100n, base: 100n, weight: 256 },
    { fee: 1n, base: 1000n, weight: 1 },
    { fee: 399n, base: 100n, weight: 1021 },
    { fee: 1600n, base: 100n, weight: 4095 },
    { fee: 10n ** 30n, base: 1n, weight: 4095 },
  ])('weighs a fee of $fee at a base price of $base with $weight', ({ fee, base, weight }) => {
    expect(queryWeight(fee, base)).toBe(weight)
  })
})

describe('a committee', () => {
  const candidates = fc
    .array(fc.bigInt({ min: 1n, max: 10n ** 24n }), { minLength: 3, maxLength: 12 })
    .map((bonds) => bonds.map((bondWei, index) => ({ id: index + 1, bondWei })))

  it('has different members, is the same for the same seed, and follows the published rule', () => {
    fc.assert(
      fc.property(candidates, fc.string(), (list, text) => {
        const seed = testHash(text)
        const seated = drawCommittee(seed, list, 3, keccakHex)!
        expect(new Set(seated).size).toBe(3)
        expect(drawCommittee(seed, list, 3, keccakHex)).toEqual(seated)
        // the rule by a running total over whoever is left
        let left = [...list]
        seated.forEach((id, seat) => {
          const total = sum(left.map((c) => c.bondWei))
          const ticket = BigInt(keccakHex(Buffer.from(`${seed.slice(2)}0${seat}`, 'hex'))) % total
          let reached = 0n
          const winner = left.find(({ bondWei }) => {
            reached += bondWei
            return ticket < reached
          })
          expect(id).toBe(winner?.id)
          left = left.filter((c) => c.id !== id)
        })
      }),
    )
  })

  it('is not drawn from too few', () => {
    const two = [1, 2].map((id) => ({ id, bondWei: 1n }))
    expect(drawCommittee(testHash('x'), two, 3, keccakHex)).toBeUndefined()
  })

  it('is always drawn at rate one, never at zero', () => {
    for (let n = 0; n < 50; n++) {
      expect(isDrawn(testHash(`seed ${n}`), 10_000)).toBe(true)
      expect(isDrawn(testHash(`seed ${n}`), 0)).toBe(false)
    }
  })

  const seats = (...verdicts: readonly [number, bigint][]) =>
    verdicts.map(([verdict, digest]) => ({ verdict, digest }))
  it.each([
    { what: 'all right', seats: seats([1, 5n], [1, 5n], [1, 5n]), outcome: 'ok', paid: [0, 1, 2] },
    { what: 'two of three right', seats: seats([1, 5n], [2, 5n], [1, 5n]), outcome: 'ok', paid: [0, 2] },
    {
      what: 'two of three against, each in its way',
      seats: seats([4, 0n], [1, 5n], [3, 0n]),
      outcome: 'against',
      paid: [0, 2],
    },
    {
      what: 'one silent, one each way',
      seats: seats([1, 5n], [0, 0n], [2, 5n]),
      outcome: 'noQuorum',
      paid: [],
    },
    { what: 'nobody spoke', seats: seats([0, 0n], [0, 0n], [0, 0n]), outcome: 'noQuorum', paid: [] },
    {
      what: 'a lone digest among two that agree',
      seats: seats([1, 5n], [1, 0xf5n], [1, 5n]),
      outcome: 'ok',
      paid: [0, 2],
    },
    {
      what: 'digests two bits apart and one far off',
      seats: seats([1, 0n], [1, 0xffn], [1, 3n]),
      outcome: 'ok',
      paid: [0, 2],
    },
    {
      what: 'a digest three bits apart',
      seats: seats([1, 0n], [1, 7n], [1, 1n << 79n]),
      outcome: 'ok',
      paid: [0, 2],
    },
    {
      what: 'three different digests',
      seats: seats([1, 0n], [1, 0xf0n], [1, 0x0fn]),
      outcome: 'ok',
      paid: [0, 1, 2],
    },
    {
      what: 'a loser with the winners’ digest',
      seats: seats([1, 0n], [2, 0n], [1, 0xffn]),
      outcome: 'ok',
      paid: [0, 2],
    },
  ])('with $what: $outcome', ({ seats: list, outcome, paid }) => {
    expect(outcomeOf(list)).toBe(outcome)
    expect(paidSeats(list, outcome as Outcome)).toEqual(paid)
  })
})

const int8 = fc.integer({ min: -127, max: 127 })
const rows = (k: number) =>
  fc.array(int8, { minLength: k, maxLength: k }).map((values) => Int8Array.from(values))

describe('integer vectors', () => {
  it('have the dot product that BigInt gives, also at the extremes', () => {
    const query = fc.array(fc.integer({ min: -32_768, max: 32_767 }), { minLength: 600, maxLength: 600 })
    fc.assert(
      fc.property(query, rows(600), (q, row) => {
        const exact = q.reduce((total, value, i) => total + BigInt(value) * BigInt(row[i] ?? 0), 0n)
        expect(BigInt(dot(Int16Array.from(q), row))).toBe(exact)
      }),
      { numRuns: 30 },
    )
    const k = 4096
    const extreme = dot(new Int16Array(k).fill(-32_768), new Int8Array(k).fill(-127))
    expect(extreme).toBe(k * 32_768 * 127)
  })

  it('come back from their bytes', () => {
    const scores = [0n, 1n, -1n, (1n << 127n) - 1n, -(1n << 127n), 123_456_789_012_345_678_901n, -5n << 70n]
    expect(decodeScores(encodeScores(scores))).toEqual(scores)
    const shorts = Int16Array.from([0, 1, -1, 32_767, -32_768])
    expect(decodeInt16s(encodeInt16s(shorts))).toEqual(shorts)
    expect(Buffer.from(encodeInt32s(Int32Array.from([-2, 258]))).toString('hex')).toBe('fffffffe00000102')
  })

  it('are the same after a correction as without the row', () => {
    fc.assert(
      fc.property(rows(24), rows(24), rows(24), fc.nat(4095), fc.nat(4095), (a, b, c, wb, wc) => {
        const kept = new Int32Array(24)
        addWeighted(kept, a, 7)
        const batch = new Int32Array(24)
        addWeighted(batch, a, 7)
        addWeighted(batch, b, wb)
        addWeighted(batch, c, wc)
        const corrected = new Int32Array(24)
        addEncodedSum(corrected, encodeInt32s(batch))
        subtractCorrections(
          corrected,
          encodeCorrections([
            { weight: wb, row: b },
            { weight: wc, row: c },
          ]),
        )
        expect(corrected).toEqual(kept)
      }),
    )
  })

  it.each([
    { values: [32_767, -32_768], shift: 0, query: [32_767, -32_768] },
    { values: [32_768, -1], shift: 1, query: [16_384, -1] },
    { values: [5, -32_769], shift: 1, query: [2, -16_385] },
    { values: [2_147_483_647, -2_147_483_648], shift: 16, query: [32_767, -32_768] },
    { values: [0, 0], shift: 0, query: [0, 0] },
  ])('shift $values by $shift', ({ values, shift, query }) => {
    const shifted = shiftToInt16(Int32Array.from(values))
    expect(shifted.shift).toBe(shift)
    expect([...shifted.query]).toEqual(query)
  })
})

describe('blobs', () => {
  it('fit their chunk for every k that genesis may allow', () => {
    for (let k = 8; k <= bounds.k; k += 8) {
      expect(rowsPerPiece(k) * SCORE_BYTES).toBeLessThanOrEqual(bounds.blobBytes)
      expect(rowsPerPiece(k)).toBeGreaterThan(0)
      expect(rowsPerChunk(k) * (4 + k)).toBeLessThanOrEqual(bounds.blobBytes)
      expect(encodeInt32s(new Int32Array(k)).length).toBeLessThanOrEqual(bounds.blobBytes)
    }
    expect(rowsPerPiece(1024)).toBe(368)
    expect(bounds.freezePerCall * MEMBER_BYTES).toBeLessThanOrEqual(bounds.blobBytes)
  })

  it('of sums stay inside int32 for the largest window', () => {
    expect(bounds.windowReceipts * 4095 * 127).toBeLessThan(2 ** 31)
  })
})

describe('the division of a pot', () => {
  const members = fc
    .array(
      fc.record({
        cluster: fc.nat(6),
        noveltyBps: fc.nat(10_000),
        recordCount: fc.integer({ min: 1, max: 1_000_000 }),
        score: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
      }),
      { minLength: 1, maxLength: 25 },
    )
    .map((list) =>
      list.map((member, index) => ({
        contributionId: BigInt(index + 1),
        leaderId: BigInt(member.cluster + 1),
        noveltyBps: member.noveltyBps,
        recordCount: member.recordCount,
        contributor: `0x${'11'.repeat(20)}` as const,
        flags: 0,
        score: member.score,
      })),
    )

  it('gives out the whole pot, and nothing to a cluster whose sum is not positive', () => {
    fc.assert(
      fc.property(wei, members, (pot, list) => {
        const scores = list.map((member) => member.score)
        const { amountsWei, attributed } = allocatePot(pot, list, scores)
        expect(sum(amountsWei)).toBe(attributed ? pot : 0n)
        const clusterSum = (leaderId: bigint) =>
          sum(list.filter((m) => m.leaderId === leaderId).map((m) => m.score))
        expect(attributed).toBe(list.some((member) => clusterSum(member.leaderId) > 0n))
        if (!attributed) return
        list.forEach((member, index) => {
          if (clusterSum(member.leaderId) <= 0n) expect(amountsWei[index]).toBe(0n)
        })
      }),
    )
  })

  it('does not depend on the order in which rows lie', () => {
    fc.assert(
      fc.property(wei, members, (pot, list) => {
        const backwards = [...list].reverse()
        const there = allocatePot(
          pot,
          list,
          list.map((m) => m.score),
        ).amountsWei
        const back = allocatePot(
          pot,
          backwards,
          backwards.map((m) => m.score),
        ).amountsWei
        expect([...back].reverse()).toEqual(there)
      }),
    )
  })

  it('breaks ties by the lower leader and the earlier commit', () => {
    const member = (contributionId: bigint, leaderId: bigint) => ({
      contributionId,
      leaderId,
      noveltyBps: 10_000,
      recordCount: 1,
      contributor: `0x${'11'.repeat(20)}` as const,
      flags: 0,
    })
    const list = [member(9n, 9n), member(4n, 3n), member(3n, 3n)]
    expect(allocatePot(3n, list, [2n, 1n, 1n]).amountsWei).toEqual([1n, 1n, 1n])
    expect(allocatePot(1n, list, [2n, 1n, 1n]).amountsWei).toEqual([0n, 0n, 1n])
  })

  it('counts negative scores against their cluster', () => {
    const member = (id: bigint, leaderId: bigint) => ({
      contributionId: id,
      leaderId,
      noveltyBps: 10_000,
      recordCount: 1,
      contributor: `0x${'11'.repeat(20)}` as const,
      flags: 0,
    })
    const list = [member(1n, 1n), member(2n, 1n), member(3n, 3n)]
    // the first cluster nets 30, the second 10
    expect(allocatePot(400n, list, [50n, -20n, 10n]).amountsWei).toEqual([150n, 150n, 100n])
  })
})
