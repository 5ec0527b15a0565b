import { describe, expect, it } from 'vitest'
import { ZERO_ADDRESS } from '../../../../src/primitives/hex.ts'
import { type Account, GWEI, OPEN, testHash, testParameters } from '../../../support/precompileWorld.ts'
import {
  application,
  auditors,
  contributors,
  Fixture,
  host,
  owner,
  requester,
  settler,
  stranger,
} from './fixture.ts'

const FEE = (3n * OPEN) / 100n
const SETTLER = 120_000n * GWEI
const NET = FEE - SETTLER
const FINALIZER = 60_000n * GWEI
const bps = (amount: bigint, part: bigint) => (amount * part) / 10_000n
/** As the fixture registers it. */
const bondOf = (auditor: Account) => BigInt(10 + auditors.indexOf(auditor as never)) * OPEN
const free = (f: Fixture) => f.attribution.read('depositOf', [requester.address, ZERO_ADDRESS]).balanceWei

describe('the draw of an audit', () => {
  it('waits for the block after settlement', () => {
    const f = new Fixture()
    const receipt = f.receipt()
    f.settle(receipt)
    expect(f.draw(receipt)).toEqual([1])
    f.chain.advance()
    expect(f.draw(receipt)).toEqual([2])
  })

  it('seats three different auditors, and says so with the seed', () => {
    const f = new Fixture()
    const receipt = f.receipt()
    f.settle(receipt)
    f.chain.advance()
    f.draw(receipt)
    const committee = f.committee(receipt)
    expect(new Set(committee.map((auditor) => auditor.address)).size).toBe(3)
    const opened = f.attribution.history().find((event) => event.name === 'AuditOpened')
    expect(opened?.args).toMatchObject({
      receiptId: receipt.receiptId,
      commitEndBlock: Number(f.chain.number) + testParameters.auditCommitBlocks,
    })
  })

  it('never seats the host or its signer', () => {
    const f = new Fixture({ parameters: { auditorBondMinWei: 1n } })
    // the host is by far the heaviest of the auditors
    f.attribution.send('registerAuditor', [f.baseModelId], { from: host.address, valueWei: 100_000n * OPEN })
    for (let n = 0; n < 5; n++) {
      const receipt = f.receipt()
      f.settle(receipt)
      f.chain.advance()
      f.draw(receipt)
      expect(f.attribution.read('committee', [receipt.receiptId]).map((a) => a.toLowerCase())).not.toContain(
        host.address,
      )
    }
  })

  it('favours bonds: of 300 first seats, one with nine tenths of them all gets about nine tenths', () => {
    const f = new Fixture({ parameters: { windowReceipts: 500 } })
    f.attribution.send('registerAuditor', [f.baseModelId], { from: stranger.address, valueWei: 414n * OPEN })
    let heavy = 0
    for (let n = 0; n < 5; n++) {
      const receipts = Array.from({ length: 60 }, () => f.receipt({ maxFeeWei: OPEN / 100n }))
      f.settle(...receipts)
      f.chain.advance()
      f.draw(...receipts)
      for (const { receiptId } of receipts) {
        const [first] = f.attribution.read('committee', [receiptId])
        if (first?.toLowerCase() === stranger.address) heavy += 1
      }
    }
    // 414 of 460: binomial with mean 270 and standard deviation 5.2; the sequence is fixed, so this cannot flake
    expect(heavy).toBeGreaterThan(250)
    expect(heavy).toBeLessThan(290)
  })

  it('leaves a receipt unaudited when there are fewer than three', () => {
    const f = new Fixture({ withAuditors: false })
    const receipt = f.receipt()
    f.settle(receipt)
    f.chain.advance()
    expect(f.draw(receipt)).toEqual([1])
    expect(f.attribution.read('getReceipt', [receipt.receiptId]).flags).toBe(2)
  })

  it('passes over auditors that registered after the receipt settled', () => {
    const f = new Fixture({ withAuditors: false })
    const receipt = f.receipt()
    f.settle(receipt)
    f.chain.advance()
    for (const auditor of auditors) {
      f.attribution.send('registerAuditor', [f.baseModelId], { from: auditor.address, valueWei: 10n * OPEN })
    }
    f.draw(receipt)
    expect(f.attribution.read('getReceipt', [receipt.receiptId]).flags).toBe(2)
  })

  it('skips a receipt whose requester asked for none', () => {
    const f = new Fixture()
    const receipt = f.receipt({ auditClass: 2 })
    f.settle(receipt)
    f.chain.advance()
    expect(f.draw(receipt)).toEqual([1])
  })

  it('takes about a part p of the receipts', () => {
    const f = new Fixture({ parameters: { auditRateBps: 2500, windowReceipts: 500 } })
    let drawn = 0
    for (let n = 0; n < 4; n++) {
      const receipts = Array.from({ length: 50 }, () => f.receipt({ maxFeeWei: OPEN / 100n }))
      f.settle(...receipts)
      f.chain.advance()
      drawn += f.draw(...receipts).filter((status) => status === 2).length
    }
    // mean 50, standard deviation 6.1
    expect(drawn).toBeGreaterThan(30)
    expect(drawn).toBeLessThan(70)
  })
})

describe('a receipt that its committee finds right', () => {
  it('is split to the wei, with auditors and finalizer paid out of the treasury’s part', () => {
    const f = new Fixture()
    const receipt = f.receipt({ application: application.address })
    f.settle(receipt)
    const committee = f.audit(receipt, [1, 1, 1])
    f.pastChallenge()
    const { value, events } = f.finalize([receipt])
    expect(value).toEqual([1])
    const treasuryPart =
      NET - bps(NET, 4000n) - bps(NET, 2000n) - bps(NET, 2000n) - bps(NET, 1000n) - bps(NET, 500n)
    const auditorWei = bps(treasuryPart, 5000n) / 3n
    const treasuryWei = treasuryPart - 3n * auditorWei - FINALIZER
    expect(f.credits(host)).toBe(bps(NET, 2000n))
    // the owner also got its bonds' part of nothing: only the share
    expect(f.credits(owner)).toBe(bps(NET, 2000n))
    expect(f.credits(application)).toBe(bps(NET, 500n))
    expect(f.credits(stranger)).toBe(FINALIZER)
    expect(f.attribution.read('credits', [testParameters.stakingAddress])).toBe(bps(NET, 1000n))
    expect(f.attribution.read('credits', [testParameters.treasuryAddress])).toBe(treasuryWei)
    expect(committee.map((auditor) => f.credits(auditor))).toEqual([auditorWei, auditorWei, auditorWei])
    expect(f.attribution.read('getWindow', [f.adapterId, 1n]).potWei).toBe(bps(NET, 4000n))
    expect(f.attribution.read('getReceipt', [receipt.receiptId])).toMatchObject({ status: 4, flags: 1 })
    expect(events.find((event) => event.name === 'ReceiptFinalized')?.args.shares).toEqual({
      contributorsWei: bps(NET, 4000n),
      ownerWei: bps(NET, 2000n),
      hostWei: bps(NET, 2000n),
      stakersWei: bps(NET, 1000n),
      applicationWei: bps(NET, 500n),
      treasuryWei,
      auditorsWei: 3n * auditorWei,
      finalizerWei: FINALIZER,
    })
    expect(f.attribution.read('hostInfo', [host.address]).openFeesWei).toBe(0n)
    expect(f.booksBalance()).toBe(0n)
  })

  it('gives an absent application’s part to the treasury', () => {
    const f = new Fixture({ withAuditors: false })
    const receipt = f.receipt()
    f.settle(receipt)
    f.pastChallenge()
    f.finalize([receipt])
    const rest = NET - bps(NET, 4000n) - 2n * bps(NET, 2000n) - bps(NET, 1000n)
    expect(f.attribution.read('credits', [testParameters.treasuryAddress])).toBe(rest - FINALIZER)
  })

  it('ends once: a second finalize pays nothing', () => {
    const f = new Fixture({ withAuditors: false })
    const receipt = f.receipt()
    f.settle(receipt)
    f.pastChallenge()
    expect(f.finalize([receipt, receipt]).value).toEqual([1, 4])
    const before = f.chain.snapshot()
    expect(f.finalize([receipt]).value).toEqual([4])
    expect(f.chain.snapshot()).toBe(before)
  })

  it('waits for the challenge window, even when the audit is done', () => {
    const f = new Fixture()
    const receipt = f.receipt()
    f.settle(receipt)
    const settledAt = f.chain.number
    f.audit(receipt, [1, 1, 1])
    expect(f.finalize([receipt]).value).toEqual([5])
    f.chain.advance(Number(settledAt) + testParameters.challengeWindowBlocks - Number(f.chain.number) - 1)
    expect(f.finalize([receipt]).value).toEqual([5])
    f.chain.advance()
    expect(f.finalize([receipt]).value).toEqual([1])
  })

  it('is not final while its audit is open, and finalize draws it if nobody did', () => {
    const f = new Fixture()
    const receipt = f.receipt()
    f.settle(receipt)
    f.chain.advance(testParameters.challengeWindowBlocks)
    expect(f.finalize([receipt]).value).toEqual([9])
    expect(f.finalize([receipt]).value).toEqual([5])
    f.audit(receipt, [1, 1, 1])
    f.chain.advance(testParameters.appealBlocks)
    expect(f.finalize([receipt]).value).toEqual([5])
    f.chain.advance()
    expect(f.finalize([receipt]).value).toEqual([1])
  })

  it('pays only auditors whose digest another one shares', () => {
    const f = new Fixture()
    const receipt = f.receipt()
    f.settle(receipt)
    f.chain.advance()
    f.draw(receipt)
    const committee = f.committee(receipt)
    const digests = [testHash('same'), testHash('lazy'), testHash('same')]
    committee.forEach((auditor, seat) => {
      f.commitVerdict(auditor, receipt, 1, digests[seat])
    })
    committee.forEach((auditor, seat) => {
      f.revealVerdict(auditor, receipt, 1, digests[seat])
    })
    f.pastChallenge()
    f.finalize([receipt])
    const paid = committee.map((auditor) => f.credits(auditor))
    expect(paid[1]).toBe(0n)
    expect(paid[0]).toBe(paid[2])
    expect(paid[0]! > 0n).toBe(true)
  })
})

describe('a receipt that its committee finds wrong', () => {
  it.each([2, 3, 4])('by verdict %i is refunded in full, and the bond behind it slashed', (verdict) => {
    const f = new Fixture()
    const receipt = f.receipt()
    f.settle(receipt)
    const committee = f.audit(receipt, [verdict, 5, verdict])
    f.pastChallenge()
    const beforeWei = free(f)
    expect(f.finalize([receipt]).value).toEqual([8])
    expect(f.finalize([receipt], true).value).toEqual([2])
    expect(free(f) - beforeWei).toBe(FEE)
    const slashed = 20n * FEE
    expect(f.attribution.read('hostInfo', [host.address])).toMatchObject({
      bondWei: 1000n * OPEN - slashed,
      openFeesWei: 0n,
    })
    const fund = slashed - SETTLER
    const auditorWei = bps(fund, 5000n) / 2n
    expect(committee.map((auditor) => f.credits(auditor))).toEqual([auditorWei, 0n, auditorWei])
    expect(f.credits(stranger)).toBe(FINALIZER)
    expect(f.attribution.read('credits', [testParameters.treasuryAddress])).toBe(
      fund - 2n * auditorWei - FINALIZER,
    )
    expect(f.credits(host)).toBe(0n)
    // what could not be decided costs nothing
    expect(committee.map((auditor) => f.bondOf(auditor))).toEqual(committee.map((auditor) => bondOf(auditor)))
    expect(f.statusOf(receipt.receiptId)).toBe(5)
    expect(f.attribution.read('getWindow', [f.adapterId, 1n])).toMatchObject({
      corrections: 1,
      finished: 1,
      potWei: 0n,
    })
    expect(f.booksBalance()).toBe(0n)
  })

  it('without a quorum is refunded less the settler’s pay, and nobody is slashed', () => {
    const f = new Fixture()
    const receipt = f.receipt()
    f.settle(receipt)
    f.audit(receipt, [1, 0, 5])
    f.pastChallenge()
    const beforeWei = free(f)
    expect(f.finalize([receipt], true).value).toEqual([3])
    expect(free(f) - beforeWei).toBe(NET)
    expect(f.attribution.read('hostInfo', [host.address]).bondWei).toBe(1000n * OPEN)
    expect(f.statusOf(receipt.receiptId)).toBe(6)
    expect(f.booksBalance()).toBe(0n)
  })

  it('is not rejected on the word of facts that do not match', () => {
    const f = new Fixture({ withAuditors: false })
    const receipt = f.receipt()
    f.settle(receipt)
    f.pastChallenge()
    const facts = f.world.factsOf(receipt.receiptId)
    const forged = [
      { ...facts, application: stranger.address },
      { ...facts, requester: stranger.address },
      { ...facts, settlerWei: 0n },
      { ...facts, receiptId: testHash('none') },
    ]
    const { value } = f.attribution.send('finalize', [forged, forged.map(() => '0x')], {
      from: stranger.address,
    })
    expect(value).toEqual([7, 7, 7, 6])
  })
})

describe('marking an answer wrong', () => {
  it('takes its query row out of the window and leaves the money as it is', () => {
    const f = new Fixture({ withAuditors: false })
    const receipt = f.receipt()
    f.settle(receipt)
    f.attribution.send('markWrong', [f.world.factsOf(receipt.receiptId)], { from: requester.address })
    f.pastChallenge()
    expect(f.finalize([receipt]).value).toEqual([8])
    expect(f.finalize([receipt], true).value).toEqual([1])
    expect(f.attribution.read('getWindow', [f.adapterId, 1n])).toMatchObject({
      corrections: 1,
      potWei: bps(NET, 4000n),
    })
    expect(f.attribution.read('getReceipt', [receipt.receiptId]).flags).toBe(2 | 8)
  })
})

describe('royalties', () => {
  it('come out of the owner’s share and go to the parents’ owners', () => {
    const f = new Fixture({ withAuditors: false })
    const [child] = contributors
    const parents = [{ adapterId: f.adapterId, royaltyBps: 1500 }]
    const childAdapter = f.world.activeAdapter(child, f.baseModelId, [f.datanetId], f.rows, { parents })
    const receipt = f.receipt({ adapterId: childAdapter })
    f.settle(receipt)
    f.pastChallenge()
    f.finalize([receipt])
    const ownerWei = bps(NET, 2000n)
    expect(f.credits(owner)).toBe(bps(ownerWei, 1500n))
    expect(f.credits(child)).toBe(ownerWei - bps(ownerWei, 1500n))
    expect(f.credits(settler)).toBe(SETTLER)
  })

  it('go to those who own the direct parents when the receipt is final', () => {
    const f = new Fixture({ withAuditors: false })
    const [parentOwner, childOwner, buyer] = contributors
    const make = (who: Account, adapterId: bigint) =>
      f.world.activeAdapter(who, f.baseModelId, [f.datanetId], f.rows, {
        parents: [{ adapterId, royaltyBps: 2000 }],
      })
    // the fixture’s adapter is the grandparent, which gets nothing
    const parent = make(parentOwner, f.adapterId)
    const receipt = f.receipt({ adapterId: make(childOwner, parent) })
    f.settle(receipt)
    f.world.adapters.send('transferAdapter', [parent, buyer.address], { from: parentOwner.address })
    f.world.adapters.send('acceptAdapter', [parent], { from: buyer.address })
    f.pastChallenge()
    f.finalize([receipt])
    const ownerWei = bps(NET, 2000n)
    expect(f.credits(buyer)).toBe(bps(ownerWei, 2000n))
    expect(f.credits(childOwner)).toBe(ownerWei - bps(ownerWei, 2000n))
    expect([f.credits(parentOwner), f.credits(owner)]).toEqual([0n, 0n])
  })
})
