import { describe, expect, it } from 'vitest'
import {
  contribution,
  type MadeReceipt,
  makeQuery,
  makeRow,
  type Terms,
  testParameters,
} from '../../../support/precompileWorld.ts'
import { contributors, Fixture, owner, scorer, stranger } from './fixture.ts'
import { expectedPay, expectedQuery, expectedScores, type ScoredMember } from './recompute.ts'

const NEW_K = 1024

/** An adapter whose second version stands on another Datanet and has longer features. */
function twoVersions(parameters = {}) {
  const f = new Fixture({ withAuditors: false, parameters })
  const specs = Array.from({ length: 3 }, (_, n) => contribution(300 + n, contributors[n % 3]!))
  const datanetId = f.world.frozenDatanet(owner, scorer, specs)
  const rows = specs.map((_, n) => makeRow(NEW_K, 50 + n))
  const { version, activeFromBlock } = f.world.nextVersion(f.adapterId, owner, [datanetId], rows, {
    k: NEW_K,
  })
  const next = (overrides: Partial<Terms> = {}) =>
    f.receipt({ adapterVersion: 2, queryRow: makeQuery(NEW_K, 7), ...overrides })
  const advanceTo = (block: number) => f.chain.advance(block - Number(f.chain.number))
  return { f, datanetId, rows, version, activeFromBlock, next, advanceTo }
}

const windowOf = (f: Fixture, receipt: MadeReceipt) => {
  const { windowIndex, adapterVersion } = f.attribution.read('getReceipt', [receipt.receiptId])
  const { version, settled } = f.attribution.read('getWindow', [f.adapterId, windowIndex])
  expect(version).toBe(adapterVersion)
  return { windowIndex, version, settled }
}

describe('a receipt of a version', () => {
  it('settles from the block in which it is current to the one before it is retired', () => {
    const { f, version, activeFromBlock, next, advanceTo } = twoVersions()
    expect(version).toBe(2)
    expect(f.settle(f.receipt(), next(), f.receipt({ adapterVersion: 3 }))).toEqual([1, 5, 3])
    advanceTo(activeFromBlock - 1)
    expect(f.settle(f.receipt(), next())).toEqual([1, 5])
    advanceTo(activeFromBlock)
    expect(f.settle(f.receipt(), next())).toEqual([1, 1])
    advanceTo(activeFromBlock + testParameters.priceRiseDelayBlocks - 1)
    expect(f.settle(f.receipt(), next())).toEqual([1, 1])
    advanceTo(activeFromBlock + testParameters.priceRiseDelayBlocks)
    expect(f.settle(f.receipt(), next())).toEqual([5, 1])
  })

  it('must have the length of that version’s features', () => {
    const { f, activeFromBlock, next, advanceTo } = twoVersions()
    advanceTo(activeFromBlock)
    expect(f.settle(f.receipt({ queryRow: makeQuery(NEW_K, 1) }))).toEqual([3])
    expect(f.settle(next({ queryRow: makeQuery(16, 1) }))).toEqual([3])
  })

  it('of a draft does not settle', () => {
    const f = new Fixture({ withAuditors: false })
    const draft = f.world.versionDraft([{ datanetId: f.datanetId, version: 1 }])
    f.world.adapters.send('newVersion', [f.adapterId, draft], { from: owner.address })
    expect(f.settle(f.receipt({ adapterVersion: 2 }))).toEqual([5])
    f.world.adapters.send('dropDraft', [f.adapterId], { from: owner.address })
    expect(f.settle(f.receipt({ adapterVersion: 2 }), f.receipt())).toEqual([5, 1])
  })
})

describe('a window', () => {
  it('takes receipts of one version; each version goes on in its own while both are in use', () => {
    const { f, activeFromBlock, next, advanceTo } = twoVersions()
    advanceTo(activeFromBlock)
    const first = f.receipt()
    expect(f.settle(first)).toEqual([1])
    const [second, third] = [next(), f.receipt()]
    expect(f.settle(second, third)).toEqual([1, 1])
    const fourth = next()
    expect(f.settle(fourth)).toEqual([1])
    expect(windowOf(f, first)).toMatchObject({ windowIndex: 1n, version: 1, settled: 2 })
    expect(windowOf(f, second)).toMatchObject({ windowIndex: 2n, version: 2, settled: 2 })
    expect(windowOf(f, third).windowIndex).toBe(1n)
    expect(windowOf(f, fourth).windowIndex).toBe(2n)
    const opened = f.attribution.history().filter(({ name }) => name === 'WindowOpened')
    expect(opened.map(({ args }) => [args.windowIndex, args.version])).toEqual([
      [1n, 1],
      [2n, 2],
    ])
  })

  it('that is full is followed by another of the same version, whichever is the newest', () => {
    const { f, activeFromBlock, next, advanceTo } = twoVersions({ windowReceipts: 2 })
    advanceTo(activeFromBlock)
    const inTurn = (...receipts: MadeReceipt[]) =>
      receipts.map((receipt) => {
        expect(f.settle(receipt)).toEqual([1])
        return Number(windowOf(f, receipt).windowIndex)
      })
    const receipt = () => f.receipt()
    expect(inTurn(receipt(), next(), receipt(), receipt(), next(), next(), receipt(), receipt())).toEqual([
      1, 2, 1, 3, 2, 4, 3, 5,
    ])
    expect(f.attribution.read('windowsOf', [f.adapterId])).toEqual([5n, 0n])
  })

  it('is scored with its version’s rows and paid to its members, also after that is retired', () => {
    const { f, datanetId, rows, activeFromBlock, next, advanceTo } = twoVersions()
    advanceTo(activeFromBlock)
    const old = Array.from({ length: 4 }, () => f.receipt())
    const young = Array.from({ length: 4 }, (_, n) => next({ queryRow: makeQuery(NEW_K, 60 + n) }))
    expect(f.settle(...old.slice(0, 2), ...young, ...old.slice(2))).toEqual(Array(8).fill(1))
    advanceTo(activeFromBlock + testParameters.priceRiseDelayBlocks + 20)
    f.finalize([...old, ...young])
    expect([f.close().value, f.close().value]).toEqual([
      [1n, 4],
      [2n, 4],
    ])
    check(f, 1n, old, f.datanetId, f.rows, 16)
    check(f, 2n, young, datanetId, rows, NEW_K)
    expect(f.booksBalance()).toBe(0n)
    expect(f.attribution.read('totals').potsWei).toBe(0n)
  })

  it('shows a receipt’s own scores against the rows of its version', () => {
    const { f, rows, activeFromBlock, next, advanceTo } = twoVersions()
    advanceTo(activeFromBlock)
    const [old, young] = [f.receipt(), next()]
    f.settle(old, young)
    for (const [receipt, expected] of [
      [old, f.rows],
      [young, rows],
    ] as const) {
      const row = Buffer.from(String(receipt.signed.queryRow).slice(2), 'hex')
      const query = [...new Int8Array(row)].map(BigInt)
      const args = [f.world.factsOf(receipt.receiptId), receipt.signed.queryRow, 0, 256]
      expect(f.attribution.read('score', args)).toEqual(expectedScores(query, expected))
    }
    const early = f.attribution.try('windowShares', [f.adapterId, 2n, 0, 9], { from: stranger.address })
    expect(early).toMatchObject({ error: 'WindowNotReady' })
  })
})

/** Compares a closed window with its recomputation. */
function check(
  f: Fixture,
  windowIndex: bigint,
  receipts: readonly MadeReceipt[],
  datanetId: bigint,
  rows: readonly Uint8Array[],
  k: number,
): void {
  const counting = receipts.map(({ receiptId, signed }) => ({
    row: Uint8Array.from(Buffer.from(String(signed.queryRow).slice(2), 'hex')),
    weight: BigInt(f.attribution.read('getReceipt', [receiptId]).weight),
  }))
  const scores = expectedScores(expectedQuery(counting, k).query, rows)
  expect(f.attribution.read('windowScores', [f.adapterId, windowIndex, 0, 256])).toEqual(scores)
  const { potWei, closersWei } = f.attribution.read('getWindow', [f.adapterId, windowIndex])
  const members = f.world.datanets.read('versionMembers', [datanetId, 1, 0, 256]) as readonly ScoredMember[]
  const pay = expectedPay(potWei - closersWei, members, scores)
  expect(f.attribution.read('windowShares', [f.adapterId, windowIndex, 0, 256])).toEqual(pay)
  const paid = f.attribution
    .history()
    .filter(({ name, args }) => name === 'ContributionPaid' && args.windowIndex === windowIndex)
  expect(paid.map(({ args }) => args.contributionId)).toEqual(
    members.filter((_, index) => pay[index]! > 0n).map(({ contributionId }) => contributionId),
  )
}
