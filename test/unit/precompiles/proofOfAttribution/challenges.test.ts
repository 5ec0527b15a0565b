import { describe, expect, it } from 'vitest'
import { ZERO_ADDRESS } from '../../../../src/primitives/hex.ts'
import { type MadeReceipt, OPEN, testHash, testParameters } from '../../../support/precompileWorld.ts'
import { ascending, auditors, Fixture, host, hostSigner, requester, stranger } from './fixture.ts'

const { receiptChallengeBondWei: BOND, challengeWindowBlocks, auditorBondMinWei } = testParameters
const FEE = (3n * OPEN) / 100n
const bps = (wei: bigint, part: number) => (wei * BigInt(part)) / 10_000n

/** Nothing is drawn by chance, so that what is audited was challenged. */
const quiet = (options: ConstructorParameters<typeof Fixture>[0] = {}) =>
  new Fixture({ ...options, parameters: { auditRateBps: 0, ...options.parameters } })

function settled(f: Fixture, overrides = {}): MadeReceipt {
  const receipt = f.receipt(overrides)
  expect(f.settle(receipt)).toEqual([1])
  return receipt
}

const receiptOf = (f: Fixture, { receiptId }: MadeReceipt) => f.attribution.read('getReceipt', [receiptId])
const challengeOf = (f: Fixture, { receiptId }: MadeReceipt) =>
  f.attribution.read('getChallenge', [receiptId])
/** All credits of auditors for this receipt, by account. */
const creditsOf = (f: Fixture) => auditors.map((auditor) => f.credits(auditor))

describe('a challenge', () => {
  it('has a receipt audited that chance has passed over, in the block after it', () => {
    const f = quiet()
    const receipt = settled(f)
    f.chain.advance(3)
    expect(f.draw(receipt)).toEqual([1])
    expect(receiptOf(f, receipt).flags).toBe(4)
    expect(f.challenge(receipt)).toMatchObject({ ok: true })
    expect(receiptOf(f, receipt)).toMatchObject({ status: 1, flags: 16 })
    expect(challengeOf(f, receipt)).toMatchObject({ bondWei: BOND, challengeBlock: Number(f.chain.number) })
    expect(f.draw(receipt)).toEqual([1])
    f.chain.advance()
    expect(f.draw(receipt)).toEqual([2])
    expect(f.committee(receipt)).toHaveLength(3)
    expect(f.booksBalance()).toBe(0n)
  })

  it('draws with the randomness of the block after it, and not with that after settlement', () => {
    const opened = (reseedAfter: 'settlement' | 'challenge' | undefined) => {
      const f = quiet()
      const receipt = settled(f)
      if (reseedAfter === 'settlement') f.chain.reseed(7)
      f.chain.advance()
      f.chain.reseed(0)
      f.challenge(receipt)
      if (reseedAfter === 'challenge') f.chain.reseed(7)
      f.chain.advance()
      f.draw(receipt)
      return f.attribution.history().find(({ name }) => name === 'AuditOpened')?.args.auditSeed
    }
    expect(opened('settlement')).toBe(opened(undefined))
    expect(opened('challenge')).not.toBe(opened(undefined))
  })

  it('can come from the block of settlement to the last of the challenge window', () => {
    const f = quiet()
    const receipts = [settled(f), settled(f), settled(f)]
    const settledBlock = f.chain.number
    expect(f.challenge(receipts[0]!)).toMatchObject({ ok: true })
    f.chain.advance(challengeWindowBlocks - 1)
    expect(f.challenge(receipts[1]!)).toMatchObject({ ok: true })
    f.chain.advance()
    const lastBlock = settledBlock + BigInt(challengeWindowBlocks) - 1n
    expect(f.challenge(receipts[2]!)).toMatchObject({ error: 'TooLate', args: [lastBlock] })
    // one that came in the last block holds the receipt open
    expect(f.finalize([receipts[1]!]).value).toEqual([9])
    expect(f.finalize([receipts[2]!]).value).toEqual([1])
  })

  it('does not exchange a committee that chance has drawn', () => {
    const f = new Fixture()
    const receipt = settled(f)
    f.chain.advance()
    expect(f.challenge(receipt)).toMatchObject({ error: 'WrongStatus', args: [receipt.receiptId, 2] })
    expect(receiptOf(f, receipt)).toMatchObject({ status: 1, flags: 0 })
    f.draw(receipt)
    expect(f.challenge(receipt)).toMatchObject({ error: 'WrongStatus', args: [receipt.receiptId, 2] })
  })

  it('draws before the lottery is known to be won, and then the same committee', () => {
    const f = new Fixture()
    const receipt = settled(f)
    expect(f.challenge(receipt)).toMatchObject({ ok: true })
    f.chain.advance()
    expect(f.draw(receipt)).toEqual([2])
    const other = new Fixture()
    const same = settled(other)
    other.chain.advance()
    other.draw(same)
    expect(same.receiptId).toBe(receipt.receiptId)
    expect(f.committee(receipt)).toEqual(other.committee(same))
  })

  it('is not for the host, and of an unaudited receipt for its requester alone', () => {
    const f = quiet()
    const receipt = settled(f)
    expect(f.challenge(receipt, host)).toMatchObject({ error: 'OwnReceipt', args: [receipt.receiptId] })
    const hidden = settled(f, { auditClass: 2 })
    expect(f.challenge(hidden)).toMatchObject({ error: 'NotRequester' })
    expect(f.challenge(hidden, requester)).toMatchObject({ ok: true })
    expect(receiptOf(f, hidden).flags).toBe(16)
    f.chain.advance()
    expect(f.draw(hidden)).toEqual([2])
  })

  it('never has the challenger, host or signer on the committee', () => {
    const f = quiet({ parameters: { auditorBondMinWei: 1n, windowReceipts: 100 } })
    for (const heavy of [stranger, host, hostSigner]) {
      f.attribution.send('registerAuditor', [f.baseModelId], {
        from: heavy.address,
        valueWei: 90_000n * OPEN,
      })
    }
    const receipts = Array.from({ length: 6 }, () => settled(f))
    for (const receipt of receipts) f.challenge(receipt)
    f.chain.advance()
    expect(f.draw(...receipts)).toEqual(Array(6).fill(2))
    for (const receipt of receipts) {
      expect(f.committee(receipt).every((seated) => auditors.includes(seated as never))).toBe(true)
    }
  })

  it('is dropped where there are fewer auditors than seats, and the bond comes back', () => {
    const f = quiet({ withAuditors: false })
    for (const auditor of auditors.slice(0, 2)) {
      const valueWei = auditorBondMinWei
      f.attribution.send('registerAuditor', [f.baseModelId], { from: auditor.address, valueWei })
    }
    const receipt = settled(f)
    f.challenge(receipt)
    f.chain.advance()
    expect(f.draw(receipt)).toEqual([1])
    expect(receiptOf(f, receipt).flags).toBe(16 | 2)
    expect(f.credits(stranger)).toBe(BOND)
    expect(challengeOf(f, receipt).bondWei).toBe(0n)
    const names = f.attribution.history().map(({ name }) => name)
    expect(names.slice(-3)).toEqual(['Credited', 'ChallengeDropped', 'AuditSkipped'])
    // once, and then it ends as any receipt that nobody audits
    expect(f.challenge(receipt, requester)).toMatchObject({ error: 'AlreadyChallenged' })
    f.pastChallenge()
    expect(f.finalize([receipt]).value).toEqual([1])
    expect(f.booksBalance()).toBe(0n)
    expect(f.attribution.read('totals').bondsWei).toBe(1000n * OPEN + 2n * auditorBondMinWei)
  })

  it('is dropped in audit class 1 where the list has too few', () => {
    const f = quiet()
    f.attribution.send('setGrantedAuditors', [ascending(auditors.slice(0, 3))], { from: requester.address })
    const receipt = settled(f, { auditClass: 1 })
    // one of the list challenges, and cannot sit
    f.challenge(receipt, auditors[0])
    f.chain.advance()
    expect(f.draw(receipt)).toEqual([1])
    expect(receiptOf(f, receipt).flags).toBe(16 | 2)
  })
})

describe('the bond of a challenge', () => {
  function judged(verdicts: readonly number[], bondWei = BOND) {
    const f = quiet({ parameters: { receiptChallengeBondWei: bondWei } })
    const receipt = settled(f)
    expect(f.challenge(receipt)).toMatchObject({ ok: true })
    const committee = f.audit(receipt, verdicts)
    f.pastChallenge()
    return { f, receipt, committee }
  }
  const credited = (f: Fixture, reason: number) =>
    f.attribution.history().flatMap(({ name, args }) => {
      if (name !== 'Credited' || args.reason !== reason) return []
      return [{ account: String(args.account).toLowerCase(), wei: args.amountWei as bigint }]
    })

  it.each([BOND, 1n, 5n, 7n, 0n])(
    'of %d wei goes to auditors and host when the receipt is right',
    (bondWei) => {
      const { f, receipt, committee } = judged([1, 1, 1], bondWei)
      expect(f.finalize([receipt]).value).toEqual([1])
      const eachWei = bondWei / 2n / 3n
      const shares = credited(f, 10).filter(({ wei }) => wei === eachWei)
      expect(shares.map(({ account: who }) => who)).toEqual(
        eachWei === 0n ? [] : committee.map(({ address }) => address),
      )
      const rest = bondWei - 3n * eachWei
      expect(credited(f, 17)).toEqual(rest === 0n ? [] : [{ account: host.address, wei: rest }])
      expect(f.credits(stranger)).toBe(60_000n * 10n ** 9n)
      expect(receiptOf(f, receipt).flags).toBe(16 | 1)
      expect(challengeOf(f, receipt).bondWei).toBe(0n)
      expect(f.booksBalance()).toBe(0n)
    },
  )

  it('comes back with a quarter of the slashed bond when the receipt is wrong', () => {
    const { f, receipt, committee } = judged([4, 4, 4])
    expect(f.finalize([receipt], true).value).toEqual([2])
    const slashed = 20n * FEE
    const settlerWei = 120_000n * 10n ** 9n
    expect(credited(f, 15)).toEqual([{ account: stranger.address, wei: slashed / 4n }])
    expect(credited(f, 16)).toEqual([{ account: stranger.address, wei: BOND }])
    const fund = slashed - settlerWei - slashed / 4n
    const eachWei = bps(fund, testParameters.auditorPayBps) / 3n
    expect(committee.map((auditor) => f.credits(auditor))).toEqual([eachWei, eachWei, eachWei])
    expect(f.attribution.read('credits', [testParameters.treasuryAddress])).toBe(
      fund - 3n * eachWei - 60_000n * 10n ** 9n,
    )
    expect(f.booksBalance()).toBe(0n)
  })

  it('comes back, and nobody is slashed, when there is no quorum', () => {
    const { f, receipt } = judged([1, 5, 5])
    expect(f.finalize([receipt], true).value).toEqual([3])
    expect(credited(f, 16)).toEqual([{ account: stranger.address, wei: BOND }])
    expect(f.attribution.read('hostInfo', [host.address]).bondWei).toBe(1000n * OPEN)
    expect(creditsOf(f)).toEqual([0n, 0n, 0n, 0n])
    expect(f.booksBalance()).toBe(0n)
  })

  it('takes no more out of a slashed bond than the requester leaves', () => {
    // all that is slashed is less than the settler got
    const f = quiet({ parameters: { hostSlashBps: 1, hostBondMultiple: 1 } })
    const receipt = settled(f)
    f.challenge(receipt)
    f.audit(receipt, [2, 2, 2])
    f.pastChallenge()
    expect(f.finalize([receipt], true).value).toEqual([2])
    expect(credited(f, 15)).toEqual([])
    expect(f.booksBalance()).toBe(0n)
  })
})

describe('a silent seat', () => {
  it.each([
    ['ok', [1, 1, 0], 1],
    ['against', [2, 0, 4], 2],
    ['nobody', [0, 0, 0], 3],
  ] as const)('loses a part of its bond when the receipt ends with %s', (_what, verdicts, code) => {
    const f = new Fixture()
    const receipt = settled(f)
    const committee = f.audit(receipt, verdicts)
    const before = committee.map((auditor) => f.bondOf(auditor))
    f.pastChallenge()
    const { value, events } = f.finalize([receipt], true)
    expect(value).toEqual([code])
    const losses = before.map((wei, seat) => (verdicts[seat] === 0 ? bps(wei, 100) : 0n))
    expect(committee.map((auditor) => f.bondOf(auditor))).toEqual(before.map((wei, n) => wei - losses[n]!))
    const slashed = events.filter(({ name }) => name === 'AuditorSlashed').map(({ args }) => args)
    expect(slashed.map(({ cause, amountWei }) => [cause, amountWei])).toEqual(
      losses.filter((wei) => wei > 0n).map((wei) => [1, wei]),
    )
    expect(f.booksBalance()).toBe(0n)
  })

  it('that committed and did not reveal loses it too', () => {
    const f = new Fixture()
    const receipt = settled(f)
    f.chain.advance()
    f.draw(receipt)
    const [silent, ...others] = f.committee(receipt)
    for (const auditor of [silent!, ...others]) f.commitVerdict(auditor, receipt, 1)
    for (const auditor of others) f.revealVerdict(auditor, receipt, 1)
    const before = f.bondOf(silent!)
    f.pastChallenge()
    expect(f.finalize([receipt]).value).toEqual([1])
    expect(f.bondOf(silent!)).toBe(before - bps(before, 100))
  })

  it('ends the service of an auditor whose bond falls below the least, at exactly that', () => {
    // 1 % of each bond: the bonds are 10 to 13, of which the first falls below 10 with any loss
    const f = new Fixture({ parameters: { auditorMissBps: 2400 } })
    const receipt = settled(f)
    const committee = f.audit(receipt, [0, 0, 0])
    f.pastChallenge()
    const { events } = f.finalize([receipt], true)
    const leaving = events.filter(({ name }) => name === 'AuditorLeaving').map(({ args }) => args.auditor)
    const fallen = committee.filter((auditor) => f.bondOf(auditor) < auditorBondMinWei)
    expect(leaving.map((who) => String(who).toLowerCase())).toEqual(fallen.map(({ address }) => address))
    expect(fallen.length).toBeGreaterThan(1)
    for (const auditor of fallen) {
      expect(f.attribution.read('auditorInfo', [auditor.address, f.baseModelId])).toMatchObject({
        status: 2,
        withdrawableBlock: Number(f.chain.number) + testParameters.auditorExitBlocks,
      })
    }
    const left = auditors.filter((auditor) => !fallen.includes(auditor))
    const active = f.attribution.read('auditorsOf', [f.baseModelId]).map((who) => who.toLowerCase())
    expect(active.sort()).toEqual(left.map(({ address }) => address).sort())
    // the bond can be had as any other that has left
    f.chain.advance(testParameters.auditorExitBlocks)
    const bondWei = f.bondOf(fallen[0]!)
    const { value } = f.attribution.send('withdrawAuditorBond', [f.baseModelId], { from: fallen[0]!.address })
    expect(value).toBe(bondWei)
    expect(f.booksBalance()).toBe(0n)
  })

  it('is not ended at the least itself, and not ended twice', () => {
    const f = new Fixture({ withAuditors: false, parameters: { auditorMissBps: 5000 } })
    const bondWei = 2n * auditorBondMinWei
    for (const auditor of auditors.slice(0, 3)) {
      f.attribution.send('registerAuditor', [f.baseModelId], { from: auditor.address, valueWei: bondWei })
    }
    const receipts = [settled(f), settled(f), settled(f)]
    f.chain.advance()
    f.draw(...receipts)
    f.pastChallenge()
    f.finalize([receipts[0]!], true)
    expect(f.bondOf(auditors[0])).toBe(auditorBondMinWei)
    expect(f.attribution.read('auditorsOf', [f.baseModelId])).toHaveLength(3)
    f.finalize(receipts.slice(1), true)
    expect(f.bondOf(auditors[0])).toBe(auditorBondMinWei / 4n)
    expect(f.attribution.read('auditorsOf', [f.baseModelId])).toEqual([])
    expect(f.attribution.history().filter(({ name }) => name === 'AuditorLeaving')).toHaveLength(3)
  })

  it('of an auditor that took its bond and left loses nothing more', () => {
    const f = new Fixture({ parameters: { auditorExitBlocks: 30 } })
    const receipt = settled(f)
    f.chain.advance()
    f.draw(receipt)
    const [gone] = f.committee(receipt)
    f.attribution.send('deregisterAuditor', [f.baseModelId], { from: gone!.address })
    f.chain.advance(30)
    f.attribution.send('withdrawAuditorBond', [f.baseModelId], { from: gone!.address })
    expect(f.finalize([receipt], true).value).toEqual([3])
    expect(f.booksBalance()).toBe(0n)
  })
})

describe('a bond that an auditor adds to', () => {
  it('counts from then on', () => {
    const f = new Fixture()
    f.attribution.send('addAuditorBond', [f.baseModelId], { from: auditors[1].address, valueWei: 5n })
    expect(f.bondOf(auditors[1])).toBe(11n * OPEN + 5n)
    expect(f.attribution.history().at(-1)).toMatchObject({
      name: 'AuditorBondAdded',
      args: { amountWei: 5n },
    })
    expect(f.booksBalance()).toBe(0n)
  })

  it('is that of an active auditor, and not nothing', () => {
    const f = new Fixture()
    const add = (who: { address: `0x${string}` }, valueWei: bigint) =>
      f.attribution.try('addAuditorBond', [f.baseModelId], { from: who.address, valueWei })
    expect(add(auditors[1], 0n)).toMatchObject({ error: 'ZeroAmount' })
    expect(add(stranger, 1n)).toMatchObject({ error: 'NotRegistered' })
    f.attribution.send('deregisterAuditor', [f.baseModelId], { from: auditors[1].address })
    expect(add(auditors[1], 1n)).toMatchObject({ error: 'NotRegistered' })
  })
})

it('of no receipt is all zero', () => {
  const f = quiet()
  const receipt = settled(f)
  expect(challengeOf(f, receipt)).toEqual({ challenger: ZERO_ADDRESS, bondWei: 0n, challengeBlock: 0 })
  const unknown = f.attribution.try('getChallenge', [testHash('none')], { from: stranger.address })
  expect(unknown).toMatchObject({ error: 'UnknownReceipt' })
})
