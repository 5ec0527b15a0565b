import { describe, expect, it } from 'vitest'
import type { Hash } from '../../../../src/primitives/hex.ts'
import {
  account,
  contribution,
  type MadeReceipt,
  makeQuery,
  makeRow,
  nearMinhash,
  OPEN,
  testHash,
} from '../../../support/precompileWorld.ts'
import { contributors, Fixture, owner, requester, scorer, stranger } from './fixture.ts'
import { expectedPay, expectedQuery, expectedScores, int8s, type ScoredMember } from './recompute.ts'

function members(f: Fixture): readonly ScoredMember[] {
  return f.world.datanets.read('versionMembers', [f.datanetId, 1, 0, 256]) as readonly ScoredMember[]
}

const rowOf = (receipt: MadeReceipt) =>
  Uint8Array.from(Buffer.from(String(receipt.signed.queryRow).slice(2), 'hex'))
const weightOf = (f: Fixture, id: Hash) => BigInt(f.attribution.read('getReceipt', [id]).weight)
const counting = (f: Fixture, receipts: readonly MadeReceipt[]) =>
  receipts.map((receipt) => ({ row: rowOf(receipt), weight: weightOf(f, receipt.receiptId) }))

function settleFinal(f: Fixture, receipts: readonly MadeReceipt[]): void {
  f.settle(...receipts)
  f.pastChallenge()
  f.finalize(receipts)
}

function intsOf(hex: string): bigint[] {
  const bytes = Buffer.from(hex.slice(2), 'hex')
  return Array.from({ length: bytes.length / 2 }, (_, i) => BigInt(bytes.readInt16BE(i * 2)))
}

/** Compares everything that a closed window shows with the recomputation. */
function checkWindow(f: Fixture, windowIndex: bigint, receipts: readonly MadeReceipt[]): void {
  const { query, shift } = expectedQuery(counting(f, receipts), f.k)
  const scores = expectedScores(query, f.rows)
  const window = f.attribution.read('getWindow', [f.adapterId, windowIndex])
  expect(BigInt(window.shift)).toBe(shift)
  expect(intsOf(f.attribution.read('windowQuery', [f.adapterId, windowIndex]))).toEqual(query)
  expect(f.attribution.read('windowScores', [f.adapterId, windowIndex, 0, 256])).toEqual(scores)
  const pot = window.potWei - window.closersWei
  const pay = expectedPay(pot, members(f), scores)
  expect(f.attribution.read('windowShares', [f.adapterId, windowIndex, 0, 256])).toEqual(pay)
  expect(pay.reduce((a, b) => a + b, 0n)).toBe(pot)
}

describe('closing a window', () => {
  it('pays what an independent recomputation from the receipts gives', () => {
    const f = new Fixture({ withAuditors: false })
    const receipts = Array.from({ length: 4 }, (_, n) => f.receipt({ outputTokens: n * 1000 }))
    settleFinal(f, receipts)
    const { value, events } = f.close()
    expect(value).toEqual([1n, 4])
    checkWindow(f, 1n, receipts)
    const scores = f.attribution.read('windowScores', [f.adapterId, 1n, 0, 256])
    const window = f.attribution.read('getWindow', [f.adapterId, 1n])
    const pay = expectedPay(window.potWei - window.closersWei, members(f), scores)
    for (const contributor of contributors) {
      const due = members(f).reduce(
        (sum, m, i) => (m.contributor.toLowerCase() === contributor.address ? sum + pay[i]! : sum),
        0n,
      )
      expect(f.credits(contributor)).toBe(due)
    }
    const paid = events.filter((event) => event.name === 'ContributionPaid')
    expect(paid.map((event) => event.args.amountWei)).toEqual(pay.filter((amount) => amount > 0n))
    expect(f.attribution.read('totals').potsWei).toBe(0n)
    expect(f.booksBalance()).toBe(0n)
  })

  it('leaves out rejected receipts and answers marked wrong', () => {
    const f = new Fixture()
    const receipts = Array.from({ length: 4 }, () => f.receipt())
    f.settle(...receipts)
    f.attribution.send('markWrong', [f.world.factsOf(receipts[1]!.receiptId)], { from: requester.address })
    f.chain.advance()
    f.draw(...receipts)
    f.audit(receipts[0]!, [1, 1, 1])
    f.audit(receipts[1]!, [1, 1, 1])
    f.audit(receipts[2]!, [2, 2, 2])
    f.audit(receipts[3]!, [1, 1, 1])
    f.pastChallenge()
    f.finalize(receipts, true)
    f.close()
    checkWindow(f, 1n, [receipts[0]!, receipts[3]!])
    expect(f.booksBalance()).toBe(0n)
  })

  it('comes to the same in one call and in many, and each caller is paid for its part', () => {
    // k = 4096: 5 rows a chunk, 80 rows a piece
    const run = (work: readonly number[]) => {
      const f = new Fixture({ withAuditors: false, members: 90, k: 4096, parameters: { windowReceipts: 2 } })
      const receipts = [f.receipt(), f.receipt()]
      settleFinal(f, receipts)
      const states = work.map((maxWork) => f.close(maxWork).value as readonly [bigint, number])
      return { f, receipts, states: states.map(([, state]) => state) }
    }
    const whole = run([1000])
    const pieces = run([1, 1, 1, 40, 40, 40])
    expect(whole.states).toEqual([4])
    expect(pieces.states).toEqual([2, 3, 3, 3, 3, 4])
    for (const each of [whole, pieces]) checkWindow(each.f, 1n, each.receipts)
    expect(contributors.map((c) => whole.f.credits(c))).toEqual(contributors.map((c) => pieces.f.credits(c)))
    expect(pieces.f.credits(stranger)).toBe(whole.f.credits(stranger))
    expect(pieces.f.booksBalance()).toBe(0n)
  })

  it('waits until the window is full or old and nothing in it is open', () => {
    const f = new Fixture({ withAuditors: false })
    const tryClose = () => f.attribution.try('closeWindow', [f.adapterId, 1000], { from: stranger.address })
    expect(tryClose()).toMatchObject({ error: 'WindowNotReady' })
    const receipt = f.receipt()
    f.settle(receipt)
    f.chain.advance(39)
    f.finalize([receipt])
    expect(tryClose()).toMatchObject({ error: 'WindowNotReady' })
    f.chain.advance()
    expect(tryClose()).toMatchObject({ ok: true })
    const four = Array.from({ length: 4 }, () => f.receipt())
    f.settle(...four)
    f.pastChallenge()
    f.finalize(four.slice(0, 3))
    expect(tryClose()).toMatchObject({ error: 'WindowNotReady' })
    f.finalize(four)
    expect(tryClose()).toMatchObject({ ok: true, value: [2n, 4] })
  })

  it('with nothing to pay closes at once', () => {
    const f = new Fixture()
    const receipts = Array.from({ length: 4 }, () => f.receipt())
    f.settle(...receipts)
    f.chain.advance()
    f.draw(...receipts)
    for (const receipt of receipts) f.audit(receipt, [4, 4, 4])
    f.pastChallenge()
    f.finalize(receipts, true)
    expect(f.close().value).toEqual([1n, 4])
    expect(f.booksBalance()).toBe(0n)
  })

  it('does not pay a copy twice: the cluster earns what its leader would, and divides it by novelty', () => {
    const f = new Fixture({ withAuditors: false })
    const [honest, copier, other] = [account(20), account(21), account(22)]
    const original = contribution(100, honest, { recordCount: 10 })
    const copy = contribution(101, copier, { recordCount: 10, minhash: nearMinhash(original.minhash, 6) })
    const rest = contribution(102, other, { recordCount: 10 })
    const datanetId = f.world.frozenDatanet(owner, scorer, [original, copy, rest])
    const row = makeRow(16, 2)
    const adapterId = f.world.activeAdapter(owner, f.baseModelId, [datanetId], [row, row, row])
    const towards = Uint8Array.from(Int8Array.from(row.subarray(4), (v) => Math.trunc(((v << 24) >> 24) / 4)))
    const receipts = Array.from({ length: 4 }, () => f.receipt({ adapterId, queryRow: towards }))
    f.settle(...receipts)
    f.pastChallenge()
    f.finalize(receipts)
    f.attribution.send('closeWindow', [adapterId, 1000], { from: stranger.address })
    const copyNovelty = BigInt(Math.floor((6 * 10_000) / 128))
    const cluster = f.credits(honest) + f.credits(copier)
    // two equal rows in the cluster score twice what the single one does
    expect(cluster - 2n * f.credits(other)).toBeLessThanOrEqual(2n)
    expect(f.credits(copier)).toBe((cluster * copyNovelty) / (10_000n + copyNovelty))
  })

  it('closes windows in their order', () => {
    const f = new Fixture({ withAuditors: false })
    const first = Array.from({ length: 4 }, () => f.receipt())
    const second = Array.from({ length: 4 }, () => f.receipt())
    f.settle(...first)
    f.settle(...second)
    f.pastChallenge()
    f.finalize(second)
    const early = f.attribution.try('closeWindow', [f.adapterId, 1000], { from: stranger.address })
    expect(early).toMatchObject({ error: 'WindowNotReady', args: [f.adapterId, 1n] })
    f.finalize(first)
    expect([f.close().value, f.close().value]).toEqual([
      [1n, 4],
      [2n, 4],
    ])
    checkWindow(f, 1n, first)
    checkWindow(f, 2n, second)
  })

  it('takes receipts of several batches together', () => {
    const f = new Fixture({ withAuditors: false })
    const receipts = Array.from({ length: 4 }, () => f.receipt())
    for (const receipt of receipts) f.settle(receipt)
    f.pastChallenge()
    f.finalize(receipts)
    f.close()
    checkWindow(f, 1n, receipts)
    expect(f.attribution.read('getWindow', [f.adapterId, 1n]).batches).toBe(4)
  })
})

describe('the score of one receipt', () => {
  it('is the exact dot product of its row with every contribution’s', () => {
    const f = new Fixture({ withAuditors: false })
    const receipt = f.receipt()
    f.settle(receipt)
    const facts = f.world.factsOf(receipt.receiptId)
    const expected = expectedScores(int8s(rowOf(receipt)), f.rows)
    expect(f.attribution.read('score', [facts, receipt.signed.queryRow, 0, 256])).toEqual(expected)
    expect(f.attribution.read('score', [facts, receipt.signed.queryRow, 2, 3])).toEqual(expected.slice(2, 5))
    const from = stranger.address
    const wrongRow = `0x${Buffer.from(makeQuery(16, 9999)).toString('hex')}`
    expect(f.attribution.try('score', [facts, wrongRow, 0, 10], { from })).toMatchObject({
      error: 'InvalidRow',
    })
    const forged = { ...facts, receiptHash: testHash('forged') }
    const outcome = f.attribution.try('score', [forged, receipt.signed.queryRow, 0, 10], { from })
    expect(outcome).toMatchObject({ error: 'FactsMismatch' })
  })
})

describe('claims', () => {
  it('pay contributors what their windows earned them', () => {
    const f = new Fixture({ withAuditors: false })
    settleFinal(
      f,
      Array.from({ length: 4 }, () => f.receipt()),
    )
    f.close()
    const richest = [...contributors].sort((a, b) => Number(f.credits(b) - f.credits(a)))[0]!
    const due = f.credits(richest)
    expect(due > OPEN / 1000n).toBe(true)
    const before = f.chain.balanceOf(richest.address)
    f.attribution.send('claimFor', [richest.address], { from: stranger.address })
    expect(f.chain.balanceOf(richest.address) - before).toBe(due)
    expect(f.credits(richest)).toBe(0n)
    expect(f.booksBalance()).toBe(0n)
  })
})
