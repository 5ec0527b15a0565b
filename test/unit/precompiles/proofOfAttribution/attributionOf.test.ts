import { describe, expect, it } from 'vitest'
import type { Address } from '../../../../src/primitives/hex.ts'
import { contribution, makeQuery, nearMinhash, testHash } from '../../../support/precompileWorld.ts'
import { contributors, Fixture, owner, scorer, stranger } from './fixture.ts'
import { expectedScores, int8s, type ScoredMember } from './recompute.ts'

/** An adapter whose members 0, 2 and 25 are one cluster, over two chunks of rows. */
function clustered() {
  const f = new Fixture({ withAuditors: false, k: 1024, members: 2 })
  const original = contribution(100, contributors[0], { recordCount: 10 })
  const specs = Array.from({ length: 30 }, (_, n) => {
    const by = contributors[n % 3]!
    const isCopy = n === 2 || n === 25
    if (n === 0) return original
    return contribution(100 + n, by, isCopy ? { minhash: nearMinhash(original.minhash, 3 + n / 5) } : {})
  })
  const datanetId = f.world.frozenDatanet(owner, scorer, specs)
  const rows = specs.map((_, n) =>
    f.rows[n % 2]!.map((byte, at) => (at > 30 && at % (n + 2) === 0 ? 5 : byte)),
  )
  const adapterId = f.world.activeAdapter(owner, f.baseModelId, [datanetId], rows, { k: 1024 })
  const queryRow = makeQuery(1024, 77)
  const receipt = f.receipt({ adapterId, queryRow })
  expect(f.settle(receipt)).toEqual([1])
  const facts = f.world.factsOf(receipt.receiptId)
  const members = f.world.datanets.read('versionMembers', [datanetId, 1, 0, 256]) as readonly ScoredMember[]
  const scores = expectedScores(int8s(queryRow), rows)
  const read = (start: number, count: number) =>
    f.attribution.read('attributionOf', [facts, receipt.signed.queryRow, start, count])
  return { f, facts, receipt, members, scores, read }
}

describe('the attribution of one receipt', () => {
  it('tells each contribution’s own score and its cluster’s', () => {
    const { members, scores, read } = clustered()
    const leaders = members.map(({ leaderId }) => leaderId)
    expect(new Set([leaders[0], leaders[2], leaders[25]]).size).toBe(1)
    const expected = members.map(({ contributionId, leaderId, contributor }, row) => ({
      contributionId,
      leaderId,
      contributor,
      row,
      score: scores[row]!,
      clusterScore: scores.reduce((sum, score, n) => (leaders[n] === leaderId ? sum + score : sum), 0n),
    }))
    expect(read(0, 256)).toEqual(expected)
    // a page tells the same, though the rest of a cluster is not in it
    for (const [start, count] of [
      [0, 1],
      [1, 3],
      [20, 10],
      [25, 1],
      [29, 256],
    ] as const) {
      expect(read(start, count)).toEqual(expected.slice(start, start + count))
    }
    expect(read(30, 10)).toEqual([])
    expect(read(2 ** 32 - 1, 10)).toEqual([])
  })

  it('counts tombstoned members as zero in their cluster', () => {
    const { f, members, scores, read } = clustered()
    const { contributionId, contributor } = members[2]!
    const from = contributor.toLowerCase() as Address
    f.world.datanets.send('tombstone', [contributionId], { from })
    const [first] = read(0, 1)
    expect(first!.clusterScore).toBe(scores[0]! + scores[25]!)
    const [gone] = read(2, 1)
    expect([gone!.score, gone!.clusterScore]).toEqual([scores[2]!, scores[0]! + scores[25]!])
  })

  it('needs the receipt’s facts and its query row', () => {
    const { f, facts, receipt } = clustered()
    const attempt = (some: object, row: unknown, count = 5) =>
      f.attribution.try('attributionOf', [{ ...facts, ...some }, row, 0, count], { from: stranger.address })
    const row = receipt.signed.queryRow
    expect(attempt({}, row)).toMatchObject({ ok: true })
    expect(attempt({}, '0x00')).toMatchObject({ error: 'InvalidRow' })
    expect(attempt({ receiptHash: testHash('x') }, row)).toMatchObject({ error: 'FactsMismatch' })
    expect(attempt({ receiptId: testHash('x') }, row)).toMatchObject({ error: 'UnknownReceipt' })
    expect(attempt({}, row, 0)).toMatchObject({ error: 'BoundExceeded' })
    expect(attempt({}, row, 257)).toMatchObject({ error: 'BoundExceeded' })
  })
})
