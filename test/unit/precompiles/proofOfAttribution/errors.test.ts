import { beforeAll, describe, expect, it } from 'vitest'
import { ATTRIBUTION_ADDRESS } from '../../../../precompiles/addresses.ts'
import { type Address, ZERO_ADDRESS, ZERO_HASH } from '../../../../src/primitives/hex.ts'
import { seenErrors } from '../../../support/contract.ts'
import { expectedErrors } from '../../../support/errorLists.ts'
import {
  type Account,
  account,
  type MadeReceipt,
  OPEN,
  testHash,
  testParameters,
} from '../../../support/precompileWorld.ts'
import {
  ascending,
  auditors,
  Fixture,
  host,
  hostSigner,
  requester,
  settler,
  stranger,
  voteCommitmentOf,
} from './fixture.ts'

interface Case {
  readonly error: string
  readonly what: string
  run(f: Fixture): {
    method: string
    args: readonly unknown[]
    from?: { readonly address: Address }
    valueWei?: bigint
  }
}

// other files of the same worker have seen errors too
beforeAll(() => seenErrors.clear())

const salt = testHash('audit salt')
const digest = testHash('digest')

function settled(f: Fixture): MadeReceipt {
  const receipt = f.receipt()
  f.settle(receipt)
  return receipt
}
function audited(f: Fixture): { receipt: MadeReceipt; committee: Account[] } {
  const receipt = settled(f)
  f.chain.advance()
  f.draw(receipt)
  return { receipt, committee: f.committee(receipt) }
}
function committedBy(f: Fixture, seats: number, verdict = 1) {
  const { receipt, committee } = audited(f)
  for (const auditor of committee.slice(0, seats)) f.commitVerdict(auditor, receipt, verdict)
  return { receipt, committee }
}
const outsider = (committee: readonly Account[]) => auditors.find((auditor) => !committee.includes(auditor))!
const reveal = (receipt: MadeReceipt, verdict = 1) => [[receipt.receiptId], [verdict], [digest], salt]

const { receiptChallengeBondWei, appealBondWei } = testParameters
const challenge = (f: Fixture, receipt: MadeReceipt, options: Partial<ReturnType<Case['run']>> = {}) => ({
  method: 'challengeReceipt',
  args: [f.factsOf(receipt)],
  valueWei: receiptChallengeBondWei,
  ...options,
})
const appeal = (f: Fixture, receipt: MadeReceipt) => ({
  method: 'appealReceipt',
  args: [f.factsOf(receipt)],
  valueWei: appealBondWei,
})
function found(f: Fixture, verdicts: readonly number[]): MadeReceipt {
  const receipt = settled(f)
  f.audit(receipt, verdicts)
  return receipt
}
function appealed(f: Fixture): MadeReceipt['receiptId'] {
  const receipt = found(f, [1, 2, 1])
  f.openAppeals(receipt)
  return receipt.receiptId
}
/** An appeal in which the first electors have committed to the same. */
function votedBy(f: Fixture, electors: number, verdict = 1): MadeReceipt['receiptId'] {
  const id = appealed(f)
  for (const by of auditors.slice(0, electors)) {
    const commitment = voteCommitmentOf(by, [id], [verdict])
    f.attribution.send('commitAppeal', [[id], commitment], { from: by.address })
  }
  return id
}

const cases: readonly Case[] = [
  {
    error: 'ZeroAmount',
    what: 'a deposit of nothing',
    run: () => ({ method: 'deposit', args: [ZERO_ADDRESS] }),
  },
  {
    error: 'ZeroAmount',
    what: 'a withdrawal of nothing',
    run: () => ({ method: 'requestWithdraw', args: [ZERO_ADDRESS, 0n] }),
  },
  {
    error: 'ZeroAmount',
    what: 'an added bond of nothing',
    run: () => ({ method: 'addHostBond', args: [], from: host }),
  },
  {
    error: 'AmountTooHigh',
    what: 'a withdrawal of more than there is',
    run: () => ({ method: 'requestWithdraw', args: [ZERO_ADDRESS, 101n * OPEN], from: requester }),
  },
  {
    error: 'NothingRequested',
    what: 'a withdrawal that was not announced',
    run: () => ({ method: 'withdraw', args: [ZERO_ADDRESS], from: requester }),
  },
  {
    error: 'TooEarly',
    what: 'a withdrawal before its time',
    run: (f) => {
      f.attribution.send('requestWithdraw', [ZERO_ADDRESS, OPEN], { from: requester.address })
      return { method: 'withdraw', args: [ZERO_ADDRESS], from: requester }
    },
  },
  {
    error: 'InvalidSigner',
    what: 'no signer',
    run: () => ({ method: 'registerHost', args: [ZERO_ADDRESS, 'https://h'], valueWei: OPEN }),
  },
  {
    error: 'InvalidSigner',
    what: 'a precompile as signer',
    run: () => ({ method: 'updateHost', args: [ATTRIBUTION_ADDRESS, 'https://h'], from: host }),
  },
  {
    error: 'InvalidText',
    what: 'no endpoint',
    run: () => ({ method: 'registerHost', args: [stranger.address, ''], valueWei: OPEN }),
  },
  {
    error: 'BoundExceeded',
    what: 'a long endpoint',
    run: () => ({ method: 'registerHost', args: [stranger.address, 'x'.repeat(257)], valueWei: OPEN }),
  },
  {
    error: 'AlreadyRegistered',
    what: 'a host twice',
    run: () => ({ method: 'registerHost', args: [host.address, 'https://h'], from: host, valueWei: OPEN }),
  },
  {
    error: 'BondTooLow',
    what: 'a host’s small bond',
    run: () => ({ method: 'registerHost', args: [stranger.address, 'https://h'], valueWei: OPEN - 1n }),
  },
  {
    error: 'NotRegistered',
    what: 'a stranger’s bond',
    run: () => ({ method: 'addHostBond', args: [], valueWei: OPEN }),
  },
  {
    error: 'NotRegistered',
    what: 'information on a stranger',
    run: () => ({ method: 'hostInfo', args: [stranger.address] }),
  },
  {
    error: 'NotRegistered',
    what: 'leaving twice',
    run: (f) => {
      f.attribution.send('deregisterHost', [], { from: host.address })
      return { method: 'deregisterHost', args: [], from: host }
    },
  },
  {
    error: 'BondLocked',
    what: 'the bond of an active host',
    run: () => ({ method: 'withdrawHostBond', args: [], from: host }),
  },
  {
    error: 'ReceiptsOpen',
    what: 'a bond with receipts behind it',
    run: (f) => {
      settled(f)
      f.attribution.send('deregisterHost', [], { from: host.address })
      f.chain.advance(30)
      return { method: 'withdrawHostBond', args: [], from: host }
    },
  },
  {
    error: 'UnknownBaseModel',
    what: 'an auditor of base model 9',
    run: () => ({ method: 'registerAuditor', args: [9n], valueWei: 10n * OPEN }),
  },
  {
    error: 'AlreadyRegistered',
    what: 'an auditor twice',
    run: (f) => ({
      method: 'registerAuditor',
      args: [f.baseModelId],
      from: auditors[0],
      valueWei: 10n * OPEN,
    }),
  },
  {
    error: 'BondTooLow',
    what: 'an auditor’s small bond',
    run: (f) => ({ method: 'registerAuditor', args: [f.baseModelId], valueWei: OPEN }),
  },
  {
    error: 'TooManyAuditors',
    what: 'the 65th auditor',
    run: (f) => {
      for (let n = 0; n < 60; n++) {
        const { address } = account(200 + n)
        f.chain.fund(address, 10n * OPEN)
        f.attribution.send('registerAuditor', [f.baseModelId], { from: address, valueWei: 10n * OPEN })
      }
      return { method: 'registerAuditor', args: [f.baseModelId], valueWei: 10n * OPEN }
    },
  },
  {
    error: 'NotRegistered',
    what: 'a stranger who leaves as auditor',
    run: (f) => ({ method: 'deregisterAuditor', args: [f.baseModelId] }),
  },
  {
    error: 'BondLocked',
    what: 'the bond of an active auditor',
    run: (f) => ({ method: 'withdrawAuditorBond', args: [f.baseModelId], from: auditors[0] }),
  },
  { error: 'BoundExceeded', what: 'an empty batch', run: () => ({ method: 'settle', args: [[], 0n] }) },
  {
    error: 'TooLate',
    what: 'a settlement after its last block',
    run: (f) => ({ method: 'settle', args: [[f.receipt().signed], f.chain.number - 1n], from: settler }),
  },
  {
    error: 'InvalidAuditors',
    what: 'a list of auditors that does not ascend',
    run: () => ({ method: 'setGrantedAuditors', args: [ascending(auditors).reverse()] }),
  },
  {
    error: 'InvalidAuditors',
    what: 'an auditor twice',
    run: () => ({ method: 'setGrantedAuditors', args: [[auditors[0].address, auditors[0].address]] }),
  },
  {
    error: 'InvalidAuditors',
    what: 'the zero address as an auditor',
    run: () => ({ method: 'setGrantedAuditors', args: [[ZERO_ADDRESS]] }),
  },
  {
    error: 'InvalidAuditors',
    what: 'a list of oneself',
    run: () => ({ method: 'setGrantedAuditors', args: [[stranger.address]] }),
  },
  {
    error: 'BoundExceeded',
    what: 'the 17th auditor of a list',
    run: () => ({
      method: 'setGrantedAuditors',
      args: [ascending(Array.from({ length: 17 }, (_, n) => account(300 + n)))],
    }),
  },
  {
    error: 'UnknownGrant',
    what: 'list 0',
    run: () => ({ method: 'grantedAuditors', args: [0] }),
  },
  {
    error: 'UnknownGrant',
    what: 'a list that was never set',
    run: (f) => {
      f.attribution.send('setGrantedAuditors', [[auditors[0].address]], { from: requester.address })
      return { method: 'grantedAuditors', args: [2] }
    },
  },
  {
    error: 'UnknownReceipt',
    what: 'the draw of an unknown receipt',
    run: () => ({ method: 'drawAudits', args: [[testHash('x')]] }),
  },
  {
    error: 'UnknownReceipt',
    what: 'an unknown receipt',
    run: () => ({ method: 'getReceipt', args: [testHash('x')] }),
  },
  {
    error: 'WrongStatus',
    what: 'an audit that is not open',
    run: (f) => ({ method: 'commitAudit', args: [[settled(f).receiptId], testHash('c')], from: auditors[0] }),
  },
  {
    error: 'NotInCommittee',
    what: 'an auditor without a seat',
    run: (f) => {
      const { receipt, committee } = audited(f)
      return { method: 'commitAudit', args: [[receipt.receiptId], testHash('c')], from: outsider(committee) }
    },
  },
  {
    error: 'ZeroCommitment',
    what: 'a commitment to nothing',
    run: (f) => {
      const { receipt, committee } = audited(f)
      return { method: 'commitAudit', args: [[receipt.receiptId], ZERO_HASH], from: committee[0]! }
    },
  },
  {
    error: 'AlreadyCommitted',
    what: 'a second commitment',
    run: (f) => {
      const { receipt, committee } = committedBy(f, 1)
      return { method: 'commitAudit', args: [[receipt.receiptId], testHash('c')], from: committee[0]! }
    },
  },
  {
    error: 'TooLate',
    what: 'a commitment after its window',
    run: (f) => {
      const { receipt, committee } = audited(f)
      f.chain.advance(testParameters.auditCommitBlocks + 1)
      return { method: 'commitAudit', args: [[receipt.receiptId], testHash('c')], from: committee[0]! }
    },
  },
  {
    error: 'TooEarly',
    what: 'a reveal while others may still commit',
    run: (f) => {
      const { receipt, committee } = committedBy(f, 2)
      return { method: 'revealAudit', args: reveal(receipt), from: committee[0]! }
    },
  },
  {
    error: 'TooLate',
    what: 'a reveal after its window',
    run: (f) => {
      const { receipt, committee } = committedBy(f, 3)
      f.chain.advance(testParameters.auditCommitBlocks + testParameters.auditRevealBlocks + 1)
      return { method: 'revealAudit', args: reveal(receipt), from: committee[0]! }
    },
  },
  {
    error: 'UnknownCommitment',
    what: 'another verdict than committed',
    run: (f) => {
      const { receipt, committee } = committedBy(f, 3)
      return { method: 'revealAudit', args: reveal(receipt, 2), from: committee[0]! }
    },
  },
  {
    error: 'UnknownCommitment',
    what: 'a second reveal',
    run: (f) => {
      const { receipt, committee } = committedBy(f, 3)
      f.revealVerdict(committee[0]!, receipt, 1)
      return { method: 'revealAudit', args: reveal(receipt), from: committee[0]! }
    },
  },
  {
    error: 'InvalidVerdict',
    what: 'verdict 0',
    run: (f) => {
      const { receipt, committee } = committedBy(f, 3, 0)
      return { method: 'revealAudit', args: reveal(receipt, 0), from: committee[0]! }
    },
  },
  {
    error: 'InvalidVerdict',
    what: 'verdict 6',
    run: (f) => {
      const { receipt, committee } = committedBy(f, 3, 6)
      return { method: 'revealAudit', args: reveal(receipt, 6), from: committee[0]! }
    },
  },
  {
    error: 'LengthMismatch',
    what: 'fewer verdicts than receipts',
    run: () => ({ method: 'revealAudit', args: [[testHash('a')], [], [digest], salt] }),
  },
  {
    error: 'LengthMismatch',
    what: 'fewer rows than facts',
    run: (f) => ({ method: 'finalize', args: [[f.world.factsOf(settled(f).receiptId)], []] }),
  },
  {
    error: 'NotRequester',
    what: 'a mark by another',
    run: (f) => ({ method: 'markWrong', args: [f.world.factsOf(settled(f).receiptId)], from: host }),
  },
  {
    error: 'FactsMismatch',
    what: 'a mark on other facts',
    run: (f) => {
      const facts = { ...f.world.factsOf(settled(f).receiptId), requester: stranger.address }
      return { method: 'markWrong', args: [facts] }
    },
  },
  {
    error: 'AlreadyMarked',
    what: 'a second mark',
    run: (f) => {
      const facts = f.world.factsOf(settled(f).receiptId)
      f.attribution.send('markWrong', [facts], { from: requester.address })
      return { method: 'markWrong', args: [facts], from: requester }
    },
  },
  {
    error: 'TooLate',
    what: 'a mark after the challenge window',
    run: (f) => {
      const facts = f.world.factsOf(settled(f).receiptId)
      f.chain.advance(testParameters.challengeWindowBlocks)
      return { method: 'markWrong', args: [facts], from: requester }
    },
  },
  {
    error: 'WrongStatus',
    what: 'a mark on a final receipt',
    run: (f) => {
      const receipt = f.receipt({ auditClass: 2 })
      f.settle(receipt)
      f.pastChallenge()
      f.finalize([receipt])
      return { method: 'markWrong', args: [f.world.factsOf(receipt.receiptId)], from: requester }
    },
  },
  {
    error: 'ZeroWork',
    what: 'closing without work',
    run: (f) => ({ method: 'closeWindow', args: [f.adapterId, 0] }),
  },
  {
    error: 'UnknownAdapter',
    what: 'a window of adapter 9',
    run: () => ({ method: 'closeWindow', args: [9n, 5] }),
  },
  {
    error: 'WindowNotReady',
    what: 'an adapter without receipts',
    run: (f) => ({ method: 'closeWindow', args: [f.adapterId, 5] }),
  },
  {
    error: 'UnknownWindow',
    what: 'a window to come',
    run: (f) => ({ method: 'getWindow', args: [f.adapterId, 1n] }),
  },
  {
    error: 'WindowNotReady',
    what: 'the query of an open window',
    run: (f) => {
      settled(f)
      return { method: 'windowQuery', args: [f.adapterId, 1n] }
    },
  },
  {
    error: 'WindowNotReady',
    what: 'the shares of an open window',
    run: (f) => {
      settled(f)
      return { method: 'windowShares', args: [f.adapterId, 1n, 0, 5] }
    },
  },
  {
    error: 'InvalidRow',
    what: 'the score of another row',
    run: (f) => ({ method: 'score', args: [f.world.factsOf(settled(f).receiptId), '0x00', 0, 5] }),
  },
  {
    error: 'ZeroAmount',
    what: 'an added bond of nothing by an auditor',
    run: (f) => ({ method: 'addAuditorBond', args: [f.baseModelId], from: auditors[0] }),
  },
  {
    error: 'NotRegistered',
    what: 'a bond added by a stranger',
    run: (f) => ({ method: 'addAuditorBond', args: [f.baseModelId], valueWei: 1n }),
  },
  {
    error: 'WrongBond',
    what: 'a challenge with too much',
    run: (f) => challenge(f, settled(f), { valueWei: receiptChallengeBondWei + 1n }),
  },
  {
    error: 'FactsMismatch',
    what: 'a challenge with other facts',
    run: (f) => {
      const made = challenge(f, settled(f))
      return { ...made, args: [{ ...(made.args[0] as object), settlerWei: 1n }] }
    },
  },
  {
    error: 'OwnReceipt',
    what: 'the host’s challenge of its own receipt',
    run: (f) => challenge(f, settled(f), { from: host }),
  },
  {
    error: 'NotRequester',
    what: 'a stranger’s challenge of a receipt that nobody is to audit',
    run: (f) => {
      const receipt = f.receipt({ auditClass: 2 })
      f.settle(receipt)
      return challenge(f, receipt)
    },
  },
  {
    error: 'AlreadyChallenged',
    what: 'a second challenge',
    run: (f) => {
      const receipt = settled(f)
      f.challenge(receipt)
      return challenge(f, receipt)
    },
  },
  {
    error: 'WrongStatus',
    what: 'a challenge of a receipt that is being audited',
    run: (f) => challenge(f, audited(f).receipt),
  },
  {
    error: 'TooLate',
    what: 'a challenge after its window',
    run: (f) => {
      const receipt = f.receipt({ auditClass: 2 })
      f.settle(receipt)
      f.pastChallenge()
      return challenge(f, receipt, { from: requester })
    },
  },
  {
    error: 'WrongBond',
    what: 'an appeal with nothing',
    run: (f) => ({ ...appeal(f, found(f, [1, 1, 1])), valueWei: 0n }),
  },
  {
    error: 'WrongStatus',
    what: 'an appeal without an audit',
    run: (f) => appeal(f, settled(f)),
  },
  {
    error: 'TooEarly',
    what: 'an appeal while reveals may come',
    run: (f) => appeal(f, audited(f).receipt),
  },
  {
    error: 'TooLate',
    what: 'an appeal after its time',
    run: (f) => {
      const receipt = found(f, [1, 1, 1])
      f.chain.advance(f.world.parameters.appealBlocks + 1)
      return appeal(f, receipt)
    },
  },
  {
    error: 'BondNotNeeded',
    what: 'a bonded appeal where the committee disagrees',
    run: (f) => appeal(f, found(f, [1, 2, 1])),
  },
  {
    error: 'UnknownReceipt',
    what: 'the appeal of an unknown receipt',
    run: (f) => {
      const facts = { ...f.factsOf(settled(f)), receiptId: testHash('none') }
      return { method: 'openAppeal', args: [[facts]] }
    },
  },
  { error: 'BoundExceeded', what: 'no appeal at all', run: () => ({ method: 'openAppeal', args: [[]] }) },
  {
    error: 'WrongStatus',
    what: 'the appeal of a receipt that has none',
    run: (f) => ({ method: 'getAppeal', args: [settled(f).receiptId] }),
  },
  {
    error: 'BoundExceeded',
    what: 'a vote on nothing',
    run: () => ({ method: 'commitAppeal', args: [[], testHash('c')], from: auditors[0] }),
  },
  {
    error: 'ZeroCommitment',
    what: 'an empty vote',
    run: (f) => ({ method: 'commitAppeal', args: [[appealed(f)], ZERO_HASH], from: auditors[0] }),
  },
  {
    error: 'NotElector',
    what: 'a vote of a stranger',
    run: (f) => ({ method: 'commitAppeal', args: [[appealed(f)], testHash('c')] }),
  },
  {
    error: 'WrongStatus',
    what: 'a vote without an appeal',
    run: (f) => ({
      method: 'commitAppeal',
      args: [[settled(f).receiptId], testHash('c')],
      from: auditors[0],
    }),
  },
  {
    error: 'AlreadyCommitted',
    what: 'a second vote',
    run: (f) => {
      const id = appealed(f)
      f.attribution.send('commitAppeal', [[id], testHash('c')], { from: auditors[0].address })
      return { method: 'commitAppeal', args: [[id], testHash('d')], from: auditors[0] }
    },
  },
  {
    error: 'TooLate',
    what: 'a vote after its window',
    run: (f) => {
      const id = appealed(f)
      f.chain.advance(f.world.parameters.auditCommitBlocks + 1)
      return { method: 'commitAppeal', args: [[id], testHash('c')], from: auditors[0] }
    },
  },
  {
    error: 'LengthMismatch',
    what: 'fewer votes than receipts',
    run: (f) => ({ method: 'revealAppeal', args: [[appealed(f)], [], salt], from: auditors[0] }),
  },
  {
    error: 'UnknownCommitment',
    what: 'a vote without its commitment',
    run: (f) => ({ method: 'revealAppeal', args: [[appealed(f)], [1], salt], from: auditors[0] }),
  },
  {
    error: 'UnknownCommitment',
    what: 'the commitment of an audit as that of a vote',
    run: (f) => {
      const { receipt, committee } = audited(f)
      const [first] = committee
      const vote = voteCommitmentOf(first!, [receipt.receiptId], [1])
      f.attribution.send('commitAudit', [[receipt.receiptId], vote], { from: first!.address })
      f.chain.advance(f.world.parameters.auditCommitBlocks + 1)
      return { method: 'revealAppeal', args: [[receipt.receiptId], [1], salt], from: first! }
    },
  },
  {
    error: 'TooEarly',
    what: 'a vote opened while others may still commit',
    run: (f) => ({ method: 'revealAppeal', args: [[votedBy(f, 1)], [1], salt], from: auditors[0] }),
  },
  {
    error: 'TooLate',
    what: 'a vote opened after its window',
    run: (f) => {
      const id = votedBy(f, 4)
      const { auditCommitBlocks, auditRevealBlocks } = f.world.parameters
      f.chain.advance(auditCommitBlocks + auditRevealBlocks + 1)
      return { method: 'revealAppeal', args: [[id], [1], salt], from: auditors[0] }
    },
  },
  {
    error: 'InvalidVerdict',
    what: 'a vote for nothing',
    run: (f) => ({ method: 'revealAppeal', args: [[votedBy(f, 4, 0)], [0], salt], from: auditors[0] }),
  },
  {
    error: 'InvalidVerdict',
    what: 'a vote for verdict 6',
    run: (f) => ({ method: 'revealAppeal', args: [[votedBy(f, 4, 6)], [6], salt], from: auditors[0] }),
  },
  { error: 'NothingToClaim', what: 'a claim without credit', run: () => ({ method: 'claim', args: [] }) },
  {
    error: 'SystemAccount',
    what: 'a claim for Staking by another',
    run: (f) => {
      f.finalReceipts([f.receipt()])
      return { method: 'claimFor', args: [testParameters.stakingAddress] }
    },
  },
]

describe('Proof of Attribution refuses', () => {
  it.each(cases)('$what with $error and changes nothing', ({ error, run }) => {
    const f = new Fixture()
    const { method, args, from = stranger, valueWei = 0n } = run(f)
    const before = f.chain.snapshot()
    const outcome = f.attribution.try(method as never, args, { from: from.address, valueWei })
    expect(outcome).toMatchObject({ ok: false, error })
    expect(f.chain.snapshot()).toBe(before)
  })

  it('two commitments under different lists, of which one could be chosen later', () => {
    // five receipts with one seat each, four auditors: one auditor sits twice
    const f = new Fixture({ parameters: { auditCommittee: 1 } })
    const receipts = Array.from({ length: 5 }, () => f.receipt())
    f.settle(...receipts)
    f.chain.advance()
    f.draw(...receipts)
    const seated = receipts.map((receipt) => ({ receipt, auditor: f.committee(receipt)[0]! }))
    const second = seated.find(({ auditor }, n) => seated.findIndex((s) => s.auditor === auditor) < n)!
    const first = seated.find(({ auditor }) => auditor === second.auditor)!
    const { auditor } = first
    const commit = (on: MadeReceipt, verdict: number) => {
      const commitment = f.commitmentOf(auditor, [first.receipt.receiptId], [verdict], [digest])
      f.attribution.send('commitAudit', [[on.receiptId], commitment], { from: auditor.address })
    }
    commit(first.receipt, 1)
    // the commitment for the second receipt hides another verdict on the first
    commit(second.receipt, 2)
    const chosen = f.attribution.try('revealAudit', reveal(first.receipt, 2), { from: auditor.address })
    expect(chosen).toMatchObject({ error: 'UnknownCommitment' })
    expect(f.attribution.try('revealAudit', reveal(first.receipt, 1), { from: auditor.address }).ok).toBe(
      true,
    )
  })

  it('lets Staking and Treasury, and no other system account, claim what is theirs', () => {
    const f = new Fixture()
    f.finalReceipts([f.receipt()])
    const { stakingAddress, treasuryAddress } = testParameters
    for (const from of [stakingAddress, treasuryAddress]) {
      const due = f.attribution.read('credits', [from])
      expect(due > 0n).toBe(true)
      expect(f.attribution.send('claim', [], { from }).value).toBe(due)
      expect(f.chain.balanceOf(from)).toBe(due)
    }
    const outcome = f.attribution.try('claim', [], { from: f.world.datanets.address })
    expect(outcome).toMatchObject({ error: 'SystemAccount' })
    expect(f.booksBalance()).toBe(0n)
  })

  it('gives what a system account would earn to the treasury', () => {
    const f = new Fixture()
    const receipt = f.receipt()
    f.attribution.send('settle', [[receipt.signed], 0n], { from: f.world.datanets.address })
    expect(f.attribution.read('credits', [testParameters.treasuryAddress]) > 0n).toBe(true)
    expect(f.attribution.read('credits', [f.world.datanets.address])).toBe(0n)
  })

  it('sweeps what was forced into its account to the treasury, and no more', () => {
    const f = new Fixture()
    settled(f)
    f.chain.fund(f.attribution.address, 12_345n)
    expect(f.booksBalance()).toBe(12_345n)
    expect(f.attribution.send('sweepSurplus', [], { from: stranger.address }).value).toBe(12_345n)
    expect(f.attribution.read('credits', [testParameters.treasuryAddress])).toBe(12_345n)
    expect(f.attribution.send('sweepSurplus', [], { from: stranger.address }).value).toBe(0n)
    expect(f.booksBalance()).toBe(0n)
  })

  it('with every error of its list, somewhere above', () => {
    const reached = [...(seenErrors.get(ATTRIBUTION_ADDRESS) ?? [])].sort()
    expect(reached).toEqual(expectedErrors('test/unit/precompiles/proofOfAttribution/errors.test.ts'))
    expect([settler.address, hostSigner.address]).not.toContain(stranger.address)
  })
})
