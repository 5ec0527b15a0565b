import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { payeesOf, tallyOf } from '../../../../precompiles/proofOfAttribution/appeal.ts'
import { type Address, ZERO_ADDRESS } from '../../../../src/primitives/hex.ts'
import {
  type Account,
  account,
  GWEI,
  type MadeReceipt,
  OPEN,
  testHash,
  testParameters,
} from '../../../support/precompileWorld.ts'
import { resultOf } from './appealModel.ts'
import { application, auditors, Fixture, host, hostSigner, owner, requester, stranger } from './fixture.ts'

const { appealBlocks, appealBondWei: BOND, auditCommitBlocks, auditRevealBlocks } = testParameters
const FEE = (3n * OPEN) / 100n
const SETTLER = 120_000n * GWEI
const FINALIZER = 60_000n * GWEI

function settled(f: Fixture, overrides = {}): MadeReceipt {
  const receipt = f.receipt(overrides)
  expect(f.settle(receipt)).toEqual([1])
  return receipt
}

/** A receipt on which its committee has said this. */
function judged(f: Fixture, verdicts: readonly number[]) {
  const receipt = settled(f)
  const committee = f.audit(receipt, verdicts)
  return { receipt, committee }
}

const receiptOf = (f: Fixture, { receiptId }: MadeReceipt) => f.attribution.read('getReceipt', [receiptId])
const auditOf = (f: Fixture, { receiptId }: MadeReceipt) => f.attribution.read('getAudit', [receiptId])
const appealOf = (f: Fixture, { receiptId }: MadeReceipt) => f.attribution.read('getAppeal', [receiptId])
const eventsOf = (f: Fixture, name: string) => f.attribution.history().filter((event) => event.name === name)
const lower = (list: readonly unknown[]) => list.map((who) => String(who).toLowerCase())

describe('a committee that disagrees', () => {
  it('sends its receipt to all auditors, once its reveals are closed', () => {
    const f = new Fixture()
    const receipt = settled(f)
    f.chain.advance()
    f.draw(receipt)
    const committee = f.committee(receipt)
    committee.forEach((auditor, seat) => {
      f.commitVerdict(auditor, receipt, seat + 1)
    })
    f.revealVerdict(committee[0]!, receipt, 1)
    f.revealVerdict(committee[1]!, receipt, 2)
    expect(f.openAppeals(receipt)).toEqual([2])
    f.revealVerdict(committee[2]!, receipt, 3)
    expect(f.openAppeals(receipt)).toEqual([3])
    const commitEndBlock = Number(f.chain.number) + auditCommitBlocks
    expect(receiptOf(f, receipt)).toMatchObject({ status: 3, flags: 32 })
    expect(appealOf(f, receipt)).toMatchObject({
      appellant: ZERO_ADDRESS,
      bondWei: 0n,
      commitEndBlock,
      revealEndBlock: commitEndBlock + auditRevealBlocks,
      committed: 0n,
      bondsWei: [10n, 11n, 12n, 13n].map((n) => n * OPEN),
      verdicts: [0, 0, 0, 0],
      totalWei: 46n * OPEN,
    })
    expect(f.electors(receipt)).toEqual([...auditors])
    // once
    expect(f.openAppeals(receipt)).toEqual([3])
    expect(eventsOf(f, 'AppealOpened')).toHaveLength(1)
  })

  it('is found by finalize too, whatever the challenge window', () => {
    const f = new Fixture()
    const { receipt } = judged(f, [1, 2, 1])
    expect(f.finalize([receipt]).value).toEqual([10])
    expect(f.finalize([receipt]).value).toEqual([5])
    expect(receiptOf(f, receipt).status).toBe(3)
  })

  it.each([
    ['agreement', [1, 1, 1]],
    ['agreement against it', [2, 3, 4]],
    ['silence beside agreement', [1, 1, 0]],
    ['what is undecided', [2, 5, 2]],
    ['silence', [0, 0, 0]],
  ] as const)('is not: %s', (_what, verdicts) => {
    const f = new Fixture()
    const { receipt } = judged(f, verdicts)
    f.chain.advance(auditCommitBlocks + auditRevealBlocks)
    expect(f.openAppeals(receipt)).toEqual([2])
  })

  it('needs no bond, and none is taken', () => {
    const f = new Fixture()
    const { receipt } = judged(f, [1, 2, 1])
    expect(f.appeal(receipt)).toMatchObject({ error: 'BondNotNeeded', args: [receipt.receiptId] })
  })

  it('holds its window open until the appeal has ended', () => {
    const f = new Fixture({ parameters: { windowReceipts: 1 } })
    const { receipt } = judged(f, [1, 2, 1])
    f.openAppeals(receipt)
    const close = () => f.attribution.try('closeWindow', [f.adapterId, 100], { from: stranger.address })
    expect(close()).toMatchObject({ error: 'WindowNotReady' })
    f.vote(receipt, [1, 1, 1, 1])
    f.pastChallenge()
    expect(close()).toMatchObject({ error: 'WindowNotReady' })
    expect(f.finalize([receipt]).value).toEqual([1])
    expect(close()).toMatchObject({ ok: true })
  })
})

describe('a bonded appeal', () => {
  it.each([
    ['the last reveal, where all who committed revealed', [1, 1, 1]],
    ['the last reveal, where one never committed', [1, 0, 1]],
    ['the commits, where nobody committed', [0, 0, 0]],
  ] as const)('can come until appealBlocks after %s', (_what, verdicts) => {
    const ending = (blocksAfter: number) => {
      const f = new Fixture()
      const receipt = settled(f)
      f.chain.advance()
      f.draw(receipt)
      const opened = f.chain.number
      f.audit(receipt, verdicts)
      const closed = verdicts.every((one) => one === 0) ? opened + BigInt(auditCommitBlocks) : f.chain.number
      expect(auditOf(f, receipt).appealEndBlock).toBe(Number(closed) + appealBlocks)
      f.chain.advance(Number(closed) + blocksAfter - Number(f.chain.number))
      return { f, receipt, lastBlock: closed + BigInt(appealBlocks) }
    }
    const last = ending(appealBlocks)
    expect(last.f.appeal(last.receipt)).toMatchObject({ ok: true })
    const late = ending(appealBlocks + 1)
    expect(late.f.appeal(late.receipt)).toMatchObject({ error: 'TooLate', args: [late.lastBlock] })
  })

  it('can come until appealBlocks after the reveal window, where one is missing', () => {
    const f = new Fixture()
    const receipt = settled(f)
    f.chain.advance()
    f.draw(receipt)
    const [first, ...rest] = f.committee(receipt)
    for (const auditor of [first!, ...rest]) f.commitVerdict(auditor, receipt, 1)
    for (const auditor of rest) f.revealVerdict(auditor, receipt, 1)
    const { revealEndBlock, appealEndBlock } = auditOf(f, receipt)
    expect(appealEndBlock).toBe(0)
    const early = f.appeal(receipt)
    expect(early).toMatchObject({ error: 'TooEarly', args: [BigInt(revealEndBlock) + 1n] })
    f.chain.advance(revealEndBlock - Number(f.chain.number))
    expect(f.appeal(receipt)).toMatchObject({ error: 'TooEarly' })
    f.chain.advance()
    expect(auditOf(f, receipt).appealEndBlock).toBe(revealEndBlock + appealBlocks)
    f.chain.advance(appealBlocks - 1)
    expect(f.finalize([receipt]).value).toEqual([5])
    expect(f.appeal(receipt)).toMatchObject({ ok: true })
  })

  it('is made once, of an audit only, and with the exact bond', () => {
    const f = new Fixture()
    const open = settled(f)
    expect(f.appeal(open)).toMatchObject({ error: 'WrongStatus', args: [open.receiptId, 1] })
    const { receipt } = judged(f, [1, 1, 1])
    const wrong = f.appeal(receipt, stranger, BOND - 1n)
    expect(wrong).toMatchObject({ error: 'WrongBond', args: [BOND - 1n, BOND] })
    expect(f.appeal(receipt)).toMatchObject({ ok: true })
    expect(f.appeal(receipt)).toMatchObject({ error: 'WrongStatus', args: [receipt.receiptId, 3] })
    expect(appealOf(f, receipt)).toMatchObject({ bondWei: BOND, totalWei: 46n * OPEN })
    expect(f.booksBalance()).toBe(0n)
  })

  it('lets the requester still mark the answer wrong', () => {
    const f = new Fixture()
    const { receipt } = judged(f, [1, 1, 1])
    f.appeal(receipt)
    f.attribution.send('markWrong', [f.factsOf(receipt)], { from: requester.address })
    expect(receiptOf(f, receipt).flags).toBe(8 | 32)
  })
})

describe('the electors', () => {
  it('are the auditors of the day of settlement who are there, without host, signer, requester and challenger', () => {
    const f = new Fixture({ parameters: { auditRateBps: 0 } })
    const register = (who: Account, bond: bigint) =>
      f.attribution.send('registerAuditor', [f.baseModelId], { from: who.address, valueWei: bond * OPEN })
    for (const who of [host, hostSigner, requester, stranger, application]) register(who, 20n)
    const receipt = settled(f)
    f.challenge(receipt, stranger)
    f.chain.advance()
    register(owner, 30n)
    f.draw(receipt)
    const seated = f.attribution.read('committee', [receipt.receiptId]).map((who) => who.toLowerCase())
    const all = [...auditors, application, requester]
    const committee = seated.map((address) => all.find((one) => one.address === address)!)
    committee.forEach((auditor, seat) => {
      f.commitVerdict(auditor, receipt, 1 + (seat % 2))
    })
    committee.forEach((auditor, seat) => {
      f.revealVerdict(auditor, receipt, 1 + (seat % 2))
    })
    f.attribution.send('deregisterAuditor', [f.baseModelId], { from: auditors[1].address })
    f.openAppeals(receipt)
    const { electors, totalWei } = appealOf(f, receipt)
    const expected = [auditors[0], auditors[2], auditors[3], application].map(({ address }) => address)
    expect([...lower(electors)].sort()).toEqual(expected.sort())
    expect(totalWei).toBe((10n + 12n + 13n + 20n) * OPEN)
  })

  it('vote with the bond of the opening, whatever they add, lose or take out', () => {
    const f = new Fixture()
    const { receipt } = judged(f, [1, 1, 1])
    const other = settled(f)
    f.chain.advance()
    f.draw(other)
    f.appeal(receipt)
    const bonds = appealOf(f, receipt).bondsWei
    f.attribution.send('addAuditorBond', [f.baseModelId], {
      from: auditors[0].address,
      valueWei: 900n * OPEN,
    })
    f.attribution.send('deregisterAuditor', [f.baseModelId], { from: auditors[3].address })
    // 10 of 46 is no third, however much it has become
    f.vote(receipt, [2, 1, 1, 1])
    expect(appealOf(f, receipt)).toMatchObject({ bondsWei: bonds, okWei: 36n * OPEN, againstWei: 10n * OPEN })
    f.pastChallenge()
    expect(f.finalize([receipt]).value).toEqual([1])
    expect(f.booksBalance()).toBe(0n)
  })

  it('may be none: then the receipt is refunded', () => {
    const f = new Fixture()
    const { receipt } = judged(f, [1, 2, 1])
    for (const { address } of auditors) {
      f.attribution.send('deregisterAuditor', [f.baseModelId], { from: address })
    }
    f.openAppeals(receipt)
    expect(appealOf(f, receipt)).toMatchObject({ electors: [], totalWei: 0n })
    f.pastChallenge()
    expect(f.finalize([receipt], true).value).toEqual([3])
    expect(f.booksBalance()).toBe(0n)
  })

  it('commit, then reveal when all have committed or the time is over', () => {
    const f = new Fixture()
    const { receipt } = judged(f, [1, 2, 1])
    f.openAppeals(receipt)
    const { commitEndBlock, revealEndBlock } = appealOf(f, receipt)
    const [first, second, third, fourth] = auditors
    f.commitVote(first, receipt, 1)
    f.commitVote(second, receipt, 2)
    const reveal = (by: Account, verdict: number) =>
      f.attribution.try('revealAppeal', [[receipt.receiptId], [verdict], testHash('audit salt')], {
        from: by.address,
      })
    expect(reveal(first, 1)).toMatchObject({ error: 'TooEarly', args: [BigInt(commitEndBlock) + 1n] })
    f.chain.advance(commitEndBlock - Number(f.chain.number))
    f.commitVote(third, receipt, 1)
    expect(reveal(first, 1)).toMatchObject({ error: 'TooEarly' })
    f.chain.advance()
    const late = f.attribution.try('commitAppeal', [[receipt.receiptId], testHash('late')], {
      from: fourth.address,
    })
    expect(late).toMatchObject({ error: 'TooLate', args: [BigInt(commitEndBlock)] })
    expect(reveal(first, 2)).toMatchObject({ error: 'UnknownCommitment' })
    expect(reveal(first, 1)).toMatchObject({ ok: true })
    expect(reveal(first, 1)).toMatchObject({ error: 'UnknownCommitment' })
    f.chain.advance(revealEndBlock - Number(f.chain.number))
    expect(reveal(second, 2)).toMatchObject({ ok: true })
    f.pastChallenge()
    expect(reveal(third, 1)).toMatchObject({ error: 'TooLate', args: [BigInt(revealEndBlock)] })
    expect(f.finalize([receipt], true).value).toEqual([3])
    expect(eventsOf(f, 'AppealDecided')[0]?.args).toMatchObject({
      status: 6,
      okWei: 10n * OPEN,
      againstWei: 11n * OPEN,
      totalWei: 46n * OPEN,
    })
    expect(reveal(third, 1)).toMatchObject({ error: 'WrongStatus' })
  })

  it('end an appeal before its windows when all have committed and revealed', () => {
    const f = new Fixture({ parameters: { challengeWindowBlocks: 8 } })
    const { receipt } = judged(f, [1, 2, 1])
    f.chain.advance(8)
    f.openAppeals(receipt)
    f.vote(receipt, [1, 1, 1, 1])
    expect(f.finalize([receipt]).value).toEqual([1])
  })
})

describe('the money of an appeal', () => {
  const credited = (f: Fixture, reason: number) =>
    eventsOf(f, 'Credited')
      .filter(({ args }) => args.reason === reason)
      .map(({ args }) => args.amountWei)

  it('turns a finding against the receipt: seats lose, the host is paid, the appellant gets the bond back', () => {
    const f = new Fixture()
    const { receipt, committee } = judged(f, [2, 2, 2])
    f.appeal(receipt)
    const before = committee.map((auditor) => f.bondOf(auditor))
    f.vote(receipt, [1, 1, 1, 1])
    f.pastChallenge()
    const { value, events } = f.finalize([receipt])
    expect(value).toEqual([1])
    expect(receiptOf(f, receipt)).toMatchObject({ status: 4, flags: 1 | 32 })
    expect(committee.map((auditor) => f.bondOf(auditor))).toEqual(before.map((wei) => wei - wei / 5n))
    const causes = events.filter(({ name }) => name === 'AuditorSlashed').map(({ args }) => args.cause)
    expect(causes).toEqual([2, 2, 2])
    expect(f.credits(stranger)).toBe(BOND + FINALIZER)
    // four voters, of whom none had a seat on the side that won
    const fund = FEE - SETTLER - ((FEE - SETTLER) * 9000n) / 10_000n
    const each = fund / 2n / 4n
    expect(auditors.map((auditor) => f.credits(auditor))).toEqual([each, each, each, each])
    expect(f.booksBalance()).toBe(0n)
  })

  it('confirms a finding: half of the bond goes to the voters, and the rest to the treasury', () => {
    const f = new Fixture()
    const { receipt } = judged(f, [1, 1, 1])
    f.appeal(receipt)
    f.vote(receipt, [1, 1, 1, 2])
    f.pastChallenge()
    f.finalize([receipt])
    expect(credited(f, 18)).toEqual([])
    expect(credited(f, 19)).toEqual([BOND - 3n * (BOND / 2n / 3n)])
    expect(appealOf(f, receipt).bondWei).toBe(0n)
    expect(f.booksBalance()).toBe(0n)
  })

  it.each([
    [2n, [1, 1, 5, 5], 3],
    [2n, [1, 1, 1, 5], 1],
    [2n, [2, 3, 5, 0], 3],
    [2n, [2, 3, 4, 0], 2],
  ] as const)('is decided by more than two thirds of the bonds, not by two thirds', (_n, verdicts, code) => {
    // 20 + 20 + 1 wei + 20 − 1 wei: the first two are exactly two thirds of 60
    const f = new Fixture({ withAuditors: false, parameters: { auditorBondMinWei: 1n } })
    const bonds = [20n * OPEN, 20n * OPEN, 1n, 20n * OPEN - 1n]
    bonds.forEach((valueWei, n) => {
      f.attribution.send('registerAuditor', [f.baseModelId], { from: auditors[n]!.address, valueWei })
    })
    const { receipt } = judged(f, [1, 2, 1])
    f.openAppeals(receipt)
    expect(f.electors(receipt)).toEqual([...auditors])
    f.vote(receipt, verdicts)
    f.pastChallenge()
    expect(f.finalize([receipt], code !== 1).value).toEqual([code])
  })

  it('is what a second implementation says, to the wei and for every account', { timeout: 60_000 }, () => {
    const verdict = fc.constantFrom(0, 1, 1, 1, 2, 3, 4, 5)
    const scenario = fc.record({
      seats: fc.tuple(verdict, verdict, verdict),
      votes: fc.array(verdict, { minLength: 8, maxLength: 8 }),
      lean: fc.constantFrom(0, 1, 2),
      bonds: fc.array(fc.bigInt({ min: 10n * OPEN, max: 60n * OPEN }), { minLength: 3, maxLength: 8 }),
      isChallenged: fc.boolean(),
      isAppealed: fc.boolean(),
      hostBondWei: fc.constantFrom(1000n * OPEN, 61n * (FEE / 3n)),
      bond: fc.constantFrom(OPEN, 7n, 1n),
    })
    const seen = new Set<string>()
    fc.assert(
      fc.property(scenario, (one) => {
        seen.add(live(one))
      }),
      { numRuns: 60, examples: eachWay.map((one) => [one]) },
    )
    const ways = ['committee', 'dispute', 'appellant'].flatMap((way) =>
      [4, 5, 6].map((end) => `${way} ${end}`),
    )
    expect([...seen].sort()).toEqual(ways.sort())
  })
})

interface Scenario {
  readonly seats: readonly number[]
  readonly votes: readonly number[]
  /** Makes most electors vote alike. */
  readonly lean: number
  readonly bonds: readonly bigint[]
  readonly isChallenged: boolean
  readonly isAppealed: boolean
  readonly hostBondWei: bigint
  readonly bond: bigint
}

/** One scenario for each way to each end, whatever chance brings. */
const eachWay: readonly Scenario[] = [
  { seats: [1, 1, 1], verdict: 0, isAppealed: false },
  { seats: [2, 3, 2], verdict: 0, isAppealed: false },
  { seats: [1, 5, 0], verdict: 0, isAppealed: false },
  ...[1, 4, 5].flatMap((verdict) => [
    { seats: [1, 2, 1], verdict, isAppealed: false },
    { seats: [1, 1, 5], verdict, isAppealed: true },
  ]),
].map(({ seats, verdict, isAppealed }) => ({
  seats,
  votes: Array.from({ length: 8 }, () => verdict),
  lean: 0,
  bonds: [10n, 11n, 12n, 13n].map((n) => n * OPEN),
  isChallenged: true,
  isAppealed,
  hostBondWei: 1000n * OPEN,
  bond: OPEN,
}))

/** Lives one receipt to its end and compares every account with the model. Returns how it went. */
function live(one: Scenario): string {
  const [challenger, appellant, finalizer] = [account(30), account(31), account(32)]
  const parameters = {
    receiptChallengeBondWei: one.bond,
    appealBondWei: one.bond,
    auditRateBps: one.isChallenged ? 0 : 10_000,
    hostBondMinWei: 1n,
  }
  const f = new Fixture({ parameters, withAuditors: false, hostBondWei: one.hostBondWei })
  const all = one.bonds.map((valueWei, n) => {
    const who = account(200 + n)
    f.chain.fund(who.address, 100n * OPEN)
    f.attribution.send('registerAuditor', [f.baseModelId], { from: who.address, valueWei })
    return who
  })
  const receipt = settled(f)
  if (one.isChallenged) f.challenge(receipt, challenger, one.bond)
  f.chain.advance()
  f.draw(receipt)
  const seats = f.committee(receipt)
  const bondOf = (who: Account) => f.bondOf(who)
  const drawn = seats.map((who, seat) => ({
    who: who.address,
    bondWei: bondOf(who),
    verdict: one.seats[seat]!,
  }))
  f.audit(receipt, one.seats)
  let votes: typeof drawn | undefined
  const [opened] = f.openAppeals(receipt)
  const isAppealed = opened === 2 && one.isAppealed && f.appeal(receipt, appellant, one.bond).ok
  if (opened === 3 || isAppealed) {
    const { bondsWei } = appealOf(f, receipt)
    const cast = one.votes.map((own, n) => (one.lean > 0 && n % 4 > 0 ? one.lean : own))
    const electors = f.vote(receipt, cast)
    votes = electors.map((who, n) => ({ who: who.address, bondWei: bondsWei[n]!, verdict: cast[n]! }))
  }
  f.pastChallenge()
  const { split, ...rest } = f.world.parameters
  const expected = resultOf({
    feeWei: FEE,
    settlerWei: SETTLER,
    finalizerWei: FINALIZER,
    hostBondWei: one.hostBondWei,
    seats: drawn,
    votes,
    challengeBondWei: one.isChallenged ? one.bond : 0n,
    appealBondWei: isAppealed ? one.bond : 0n,
    bps: {
      contributors: split.contributors,
      owner: split.owner,
      host: split.host,
      stakers: split.stakers,
      auditorPay: rest.auditorPayBps,
      miss: rest.auditorMissBps,
      slash: rest.auditorSlashBps,
      finalizerCap: rest.finalizerCapBps,
      hostSlash: rest.hostSlashBps,
    },
    hostBondMultiple: BigInt(rest.hostBondMultiple),
  })
  const freeBefore = f.attribution.read('depositOf', [requester.address, ZERO_ADDRESS]).balanceWei
  const args = [[f.factsOf(receipt)], [receipt.signed.queryRow]]
  f.attribution.send('finalize', args, { from: finalizer.address })
  expect(receiptOf(f, receipt).status).toBe(expected.status)
  const addresses: Readonly<Record<string, Address>> = {
    host: host.address,
    owner: owner.address,
    stakers: rest.stakingAddress,
    treasury: rest.treasuryAddress,
    finalizer: finalizer.address,
    challenger: challenger.address,
    appellant: appellant.address,
  }
  const creditOf = (who: Address) => f.attribution.read('credits', [who])
  for (const who of [...Object.keys(addresses), ...all.map(({ address }) => address)]) {
    const address = addresses[who] ?? (who as Address)
    expect([who, creditOf(address)]).toEqual([who, expected.credits.get(who) ?? 0n])
  }
  for (const who of all) {
    const left = expected.auditorBonds.get(who.address)
    if (left !== undefined) expect(bondOf(who)).toBe(left)
  }
  expect(f.attribution.read('hostInfo', [host.address]).bondWei).toBe(expected.hostBondWei)
  const freeAfter = f.attribution.read('depositOf', [requester.address, ZERO_ADDRESS]).balanceWei
  expect(freeAfter - freeBefore).toBe(expected.refundWei)
  expect(f.attribution.read('getWindow', [f.adapterId, 1n]).potWei).toBe(expected.potWei)
  expect(f.booksBalance()).toBe(0n)
  const way = opened === 3 ? 'dispute' : isAppealed ? 'appellant' : 'committee'
  return `${way} ${expected.status}`
}

describe('without any state', () => {
  const address = (n: number) => account(500 + n).address

  it('seats come before voters, each account once, and 64 are paid', () => {
    const seats = [1, 2, 3].map(address)
    const voters = Array.from({ length: 64 }, (_, n) => address(n + 3))
    const paid = payeesOf(seats, voters, 64)
    expect(paid).toHaveLength(64)
    expect(new Set(paid).size).toBe(64)
    expect(paid.slice(0, 4)).toEqual([1, 2, 3, 4].map(address))
    expect(payeesOf(seats, [], 64)).toEqual(seats)
  })

  it('both sides never win, and a side that wins has more than two thirds', () => {
    const elector = fc.record({
      account: fc.constant(ZERO_ADDRESS as Address),
      bondWei: fc.bigInt({ min: 0n, max: 2n ** 96n - 1n }),
      verdict: fc.integer({ min: 0, max: 5 }),
    })
    fc.assert(
      fc.property(fc.array(elector, { maxLength: 64 }), (electors) => {
        const { totalWei, okWei, againstWei, outcome } = tallyOf(electors)
        const won = outcome === 'ok' ? okWei : outcome === 'against' ? againstWei : 0n
        if (outcome !== 'noQuorum') expect(won * 3n > totalWei * 2n).toBe(true)
        else expect(okWei * 3n > totalWei * 2n || againstWei * 3n > totalWei * 2n).toBe(false)
        expect(okWei + againstWei <= totalWei).toBe(true)
      }),
    )
  })
})
