import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bounds } from '../../../../precompiles/bounds.ts'
import { Governed, type GovernedRules, outOfBounds } from '../../../../precompiles/shared/governed.ts'
import { Store } from '../../../../precompiles/shared/store.ts'
import { ZERO_ADDRESS } from '../../../../src/primitives/hex.ts'
import { account, type MadeReceipt, OPEN, testParameters } from '../../../support/precompileWorld.ts'
import { application, Fixture, host, owner, settler, stranger } from './fixture.ts'

const council = account(33)
const parameters = { governanceAddress: council.address }
const { split } = testParameters

const genesis = {
  contributorsBps: split.contributors,
  ownerBps: split.owner,
  hostBps: split.host,
  stakersBps: split.stakers,
  applicationBps: split.application,
  treasuryBps: split.treasury,
  settlerCapBps: testParameters.settlerCapBps,
  finalizerCapBps: testParameters.finalizerCapBps,
  auditorPayBps: testParameters.auditorPayBps,
  auditRateBps: testParameters.auditRateBps,
  closerCapBps: testParameters.closerCapBps,
  hostSlashBps: testParameters.hostSlashBps,
  windowReceipts: testParameters.windowReceipts,
  windowAgeBlocks: testParameters.windowAgeBlocks,
  settlementGas: Number(testParameters.settlementGas),
}
type Values = typeof genesis
const fields = Object.keys(genesis) as (keyof Values)[]

const set = (f: Fixture, changes: Partial<Values>, from = council.address) =>
  f.attribution.try('setGoverned', [{ ...genesis, ...changes }], { from })
const held = (f: Fixture) => f.attribution.read('governed', [])

/** Each field's least and most where it stands alone; the shares are tried as a whole. */
const ranges: Partial<Record<keyof Values, readonly [number, number, number]>> = {
  settlerCapBps: [0, bounds.settlerCapBps, 65_535],
  finalizerCapBps: [0, 5000, 65_535],
  auditorPayBps: [0, 8000, 65_535],
  auditRateBps: [bounds.auditRateBps, 10_000, 65_535],
  closerCapBps: [0, bounds.closerCapBps, 65_535],
  hostSlashBps: [0, 10_000, 65_535],
  windowReceipts: [1, 960, 65_535],
  windowAgeBlocks: [1, bounds.windowAge, 2 ** 32 - 1],
  settlementGas: [21_000, 1_000_000, 2 ** 32 - 1],
}

describe('governed values', () => {
  it('are those of genesis until they are set, and the new ones from the next block on', () => {
    const f = new Fixture({ withAuditors: false, parameters })
    expect(held(f)).toEqual([genesis, genesis, 0])
    const before = Number(f.chain.number)
    const first = { ...genesis, windowReceipts: 9 }
    const outcome = set(f, first)
    expect(outcome).toMatchObject({ ok: true, value: before + 1 })
    expect(f.attribution.history().at(-1)).toMatchObject({
      name: 'GovernedSet',
      args: { values: first, fromBlock: before + 1 },
    })
    expect(held(f)).toEqual([genesis, first, before + 1])
    // a second vote in the block takes the place of the first
    const second = { ...genesis, windowReceipts: 10 }
    set(f, second)
    expect(held(f)).toEqual([genesis, second, before + 1])
    f.chain.advance()
    expect(held(f)).toEqual([second, second, 0])
    set(f, first)
    expect(held(f)).toEqual([second, first, before + 2])
    f.chain.advance(5)
    expect(held(f)).toEqual([first, first, 0])
  })

  it('are set by governance alone, and by nobody where there is none', () => {
    const f = new Fixture({ withAuditors: false, parameters })
    for (const from of [stranger.address, owner.address, ZERO_ADDRESS]) {
      expect(set(f, {}, from)).toMatchObject({ ok: false, error: 'NotGovernance' })
    }
    const without = new Fixture({ withAuditors: false })
    for (const from of [council.address, ZERO_ADDRESS]) {
      expect(set(without, {}, from)).toMatchObject({ ok: false, error: 'NotGovernance' })
    }
  })

  it('stay within hard bounds, to the last', () => {
    const f = new Fixture({ withAuditors: false, parameters })
    for (const [field, [least, most, largest]] of Object.entries(ranges)) {
      const place = fields.indexOf(field as keyof Values)
      for (const value of [least, most]) expect([field, set(f, { [field]: value }).ok]).toEqual([field, true])
      // the finalizer's and the auditors' parts are refused by their sum, as the auditors'
      const blamed = field === 'finalizerCapBps' ? place + 1 : place
      expect(set(f, { [field]: most + 1 })).toMatchObject({ error: 'OutOfBounds', args: [blamed] })
      expect(set(f, { [field]: largest })).toMatchObject({ error: 'OutOfBounds' })
      if (least === 0) continue
      expect(set(f, { [field]: least - 1 })).toMatchObject({ error: 'OutOfBounds', args: [place] })
    }
    expect(set(f, { contributorsBps: 3000, ownerBps: 3000 }).ok).toBe(true)
    expect(set(f, { contributorsBps: 2999, ownerBps: 3001 })).toMatchObject({ args: [0] })
    expect(set(f, { treasuryBps: 501 })).toMatchObject({ error: 'OutOfBounds', args: [5] })
    expect(set(f, { treasuryBps: 499 })).toMatchObject({ error: 'OutOfBounds', args: [5] })
    const all = { ownerBps: 0, hostBps: 0, stakersBps: 0, applicationBps: 0, treasuryBps: 0 }
    expect(set(f, { contributorsBps: 10_000, ...all }).ok).toBe(true)
  })

  it('cost one cold slot to read, and another one in the block of a vote', () => {
    const f = new Fixture({ withAuditors: false, parameters })
    // refused for its fee, so that the values are read and nothing is written
    const gas = () => {
      const args = [[f.receipt({ maxFeeWei: 1n }).signed], 0n]
      const { value, result } = f.attribution.send('settle', args, { from: settler.address })
      expect(value).toEqual([9])
      return result.gasUsed
    }
    const usual = gas()
    set(f, { settlerCapBps: 1500 })
    // a cold slot in place of one that was read before
    expect(gas() - usual).toBe(2_100n - 20n)
    f.chain.advance()
    expect(gas()).toBe(usual)
  })
})

describe('governed values as of a block', () => {
  const share = fc.nat(1400)
  const rules: fc.Arbitrary<GovernedRules> = fc.record({
    split: fc
      .tuple(share, share, share, share, share)
      .map(([owner, host, stakers, application, treasury]) => ({
        contributors: 10_000 - owner - host - stakers - application - treasury,
        owner,
        host,
        stakers,
        application,
        treasury,
      })),
    settlerCapBps: fc.nat(2000),
    finalizerCapBps: fc.nat(5000),
    auditorPayBps: fc.nat(5000),
    auditRateBps: fc.integer({ min: 100, max: 10_000 }),
    closerCapBps: fc.nat(1000),
    hostSlashBps: fc.nat(10_000),
    windowReceipts: fc.integer({ min: 1, max: 960 }),
    windowAgeBlocks: fc.integer({ min: 1, max: 1_209_600 }),
    settlementGas: fc.integer({ min: 21_000, max: 1_000_000 }).map(BigInt),
  })

  it('are the last that were set in an earlier one', () => {
    const votes = fc.array(fc.record({ after: fc.nat(2), rules }), { maxLength: 8 })
    const pick = (all: GovernedRules): GovernedRules => {
      const { split, settlerCapBps, finalizerCapBps, auditorPayBps, auditRateBps, closerCapBps } = all
      const { hostSlashBps, windowReceipts, windowAgeBlocks, settlementGas } = all
      const shares = { split, settlerCapBps, finalizerCapBps, auditorPayBps, auditRateBps, closerCapBps }
      return { ...shares, hostSlashBps, windowReceipts, windowAgeBlocks, settlementGas }
    }
    fc.assert(
      fc.property(votes, (list) => {
        const slots = new Map<bigint, bigint>()
        const hostOf = {
          useGas: () => {},
          sload: (slot: bigint) => slots.get(slot) ?? 0n,
          sstore: (slot: bigint, value: bigint) => slots.set(slot, value),
        }
        const history: { block: number; rules: GovernedRules }[] = []
        let block = 5
        const check = () => {
          const governed = new Governed(new Store(hostOf as never), testParameters, BigInt(block))
          const plain = history.findLast((vote) => vote.block < block)?.rules ?? testParameters
          expect(pick({ ...governed.settling(), ...governed.ending() })).toEqual(pick(plain))
          const { current, next, nextFromBlock } = governed.schedule()
          expect(pick(current)).toEqual(pick(plain))
          expect(pick(next)).toEqual(pick(history.at(-1)?.rules ?? testParameters))
          expect(nextFromBlock).toBe(history.at(-1)?.block === block ? block + 1 : 0)
        }
        for (const vote of list) {
          block += vote.after
          check()
          const store = new Store(hostOf as never)
          expect(outOfBounds(vote.rules)).toBeUndefined()
          expect(new Governed(store, testParameters, BigInt(block)).set(store, vote.rules)).toBe(block + 1)
          store.flush()
          history.push({ block, rules: vote.rules })
          check()
        }
        block += 1
        check()
      }),
    )
  })
})

describe('what is governed', () => {
  const governing = (changes: Partial<Values>, withAuditors = false) => {
    const f = new Fixture({ withAuditors, parameters })
    expect(set(f, changes).ok).toBe(true)
    return f
  }
  const feeOf = (f: Fixture, receipt: MadeReceipt) =>
    f.attribution.read('getReceipt', [receipt.receiptId]).feeWei

  it('is the least fee and the settler’s pay, from the next block on', () => {
    // a settlement of 120,000 gas costs 1.2 times the fee, one of 21,000 a fifth of it
    const f = new Fixture({ withAuditors: false, parameters })
    f.chain.baseFeeWei = OPEN / 10_000_000n
    const one = f.receipt({ maxFeeWei: OPEN / 100n })
    expect(f.settle(one)).toEqual([9])
    set(f, { settlementGas: 21_000, settlerCapBps: 700 })
    expect(f.settle(one)).toEqual([9])
    f.chain.advance()
    expect(f.settle(one)).toEqual([1])
    expect(f.credits(settler)).toBe((feeOf(f, one) * 700n) / 10_000n)
  })

  it('is the split in the block of finalisation', () => {
    const f = new Fixture({ withAuditors: false, parameters })
    const receipts = [f.receipt({ application: application.address }), f.receipt()]
    f.settle(...receipts)
    f.pastChallenge()
    set(f, { contributorsBps: 5000, ownerBps: 1000, hostBps: 2500, stakersBps: 500 })
    f.finalize([receipts[0]!])
    const shares = (n: number) =>
      f.attribution.history().filter(({ name }) => name === 'ReceiptFinalized')[n]!.args.shares as {
        contributorsWei: bigint
        ownerWei: bigint
        hostWei: bigint
      }
    f.chain.advance()
    f.finalize([receipts[1]!])
    const netWei = receipts.map((receipt) => {
      const { settlerWei } = f.world.factsOf(receipt.receiptId)
      return feeOf(f, receipt) - (settlerWei as bigint)
    })
    expect(shares(0).contributorsWei).toBe((netWei[0]! * 4000n) / 10_000n)
    expect(shares(1).contributorsWei).toBe((netWei[1]! * 5000n) / 10_000n)
    expect(shares(1).hostWei).toBe((netWei[1]! * 2500n) / 10_000n)
    expect(shares(1).ownerWei).toBe((netWei[1]! * 1000n) / 10_000n)
    expect(f.booksBalance()).toBe(0n)
  })

  it('is how many receipts a window takes, how old it gets, and what its closers get at most', () => {
    const f = governing({ windowReceipts: 2, windowAgeBlocks: 30, closerCapBps: 100 })
    f.chain.advance()
    const [first, second, third] = [f.receipt(), f.receipt(), f.receipt()] as const
    for (const receipt of [first, second, third]) f.settle(receipt)
    const windowOf = (receipt: MadeReceipt) =>
      f.attribution.read('getReceipt', [receipt.receiptId]).windowIndex
    expect([first, second, third].map(windowOf)).toEqual([1n, 1n, 2n])
    f.chain.baseFeeWei = OPEN
    f.chain.advance(29)
    f.finalize([first, second, third])
    const close = () => f.attribution.try('closeWindow', [f.adapterId, 100], { from: stranger.address })
    expect(close()).toMatchObject({ ok: true, value: [1n, 4] })
    const { potWei, closersWei } = f.attribution.read('getWindow', [f.adapterId, 1n])
    expect(closersWei).toBe(potWei / 100n)
    expect(close()).toMatchObject({ error: 'WindowNotReady' })
    f.chain.advance()
    expect(close()).toMatchObject({ ok: true, value: [2n, 4] })
  })

  it('is how many receipts are audited and how much a host loses', () => {
    const f = governing({ auditRateBps: 100, hostSlashBps: 2500 }, true)
    f.chain.advance()
    const receipts = Array.from({ length: 40 }, () => f.receipt())
    f.settle(...receipts)
    f.chain.advance()
    const audited = f.draw(...receipts).filter((status) => status === 2).length
    expect(audited).toBeLessThan(5)
    set(f, { hostSlashBps: 2500 })
    f.chain.advance()
    const wrong = f.receipt()
    f.settle(wrong)
    f.audit(wrong, [2, 2, 2])
    f.pastChallenge()
    const bondWei = f.attribution.read('hostInfo', [host.address]).bondWei
    f.finalize([wrong], true)
    const left = f.attribution.read('hostInfo', [host.address]).bondWei
    expect(bondWei - left).toBe((feeOf(f, wrong) * 20n * 2500n) / 10_000n)
  })
})
