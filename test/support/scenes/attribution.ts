import { ATTRIBUTION_ADDRESS } from '../../../precompiles/addresses.ts'
import { type Address, ZERO_ADDRESS } from '../../../src/primitives/hex.ts'
import {
  application,
  ascending,
  auditors,
  Fixture,
  host,
  hostSigner,
  owner,
  requester,
  settler,
  stranger,
} from '../../unit/precompiles/proofOfAttribution/fixture.ts'
import { Corpus, int8Hex, Passages, text } from '../corpus.ts'
import {
  type Account,
  account,
  type MadeReceipt,
  makeQuery,
  makeRow,
  OPEN,
  testHash,
} from '../precompileWorld.ts'
import { claimScenes, once, type Scene, type Scenes } from './scene.ts'

const ENDPOINT = 'https://a-host-with-a-name-longer-than-one-slot.example'
const digest = testHash('digest')
const salt = testHash('audit salt')

interface Made {
  readonly args: readonly unknown[]
  readonly from?: Account
  readonly valueWei?: bigint
}

const council = account(33)
/** In a chain that is governed. */
function governed(prepare: (f: Fixture) => Made): () => Scene {
  return () => {
    const f = new Fixture({ parameters: { governanceAddress: council.address } })
    return { from: council, ...prepare(f), world: f.world }
  }
}

const valuesOf = (f: Fixture) => f.attribution.read('governed', [])[0]

/** A call on a fresh chain with an active adapter, a host, a deposit and auditors. */
function on(prepare: (f: Fixture) => Made): () => Scene {
  return () => {
    const f = new Fixture()
    return { from: stranger, ...prepare(f), world: f.world }
  }
}

function settled(f: Fixture, ...receipts: MadeReceipt[]): MadeReceipt[] {
  f.settle(...receipts)
  f.chain.advance()
  return receipts
}

/** Two receipts under audit, and an auditor who sits in both committees. */
function audited(f: Fixture): { ids: readonly string[]; receipts: MadeReceipt[]; auditor: Account } {
  const receipts = settled(f, f.receipt(), f.receipt())
  f.draw(...receipts)
  const [first, second] = receipts.map((receipt) => f.committee(receipt))
  const auditor = first!.find((one) => second!.includes(one))!
  return { ids: receipts.map((receipt) => receipt.receiptId), receipts, auditor }
}

function revealable(f: Fixture): Made {
  const { receipts, auditor } = audited(f)
  const ids = receipts.map((receipt) => receipt.receiptId)
  const commitment = f.commitmentOf(auditor, ids, [1, 2], [digest, digest])
  f.attribution.send('commitAudit', [ids, commitment], { from: auditor.address })
  f.chain.advance(f.world.parameters.auditCommitBlocks + 1)
  return { args: [ids, [1, 2], [digest, digest], salt], from: auditor }
}

/** One receipt that the audit found right, one that it found wrong, one that nobody judged, and one too early. */
function finalizable(f: Fixture): Made {
  const paid = f.receipt({ application: application.address })
  const [wrong, unjudged, marked] = [f.receipt(), f.receipt(), f.receipt()] as const
  const judged = settled(f, paid, wrong, unjudged, marked)
  f.draw(...judged)
  f.audit(paid, [1, 1, 1])
  f.audit(wrong, [2, 2, 2])
  f.audit(marked, [1, 1, 1])
  f.attribution.send('markWrong', [f.world.factsOf(marked.receiptId)], { from: requester.address })
  f.pastChallenge()
  const late = f.receipt()
  f.settle(late)
  const all = [...judged, late]
  const facts = all.map((receipt) => f.world.factsOf(receipt.receiptId))
  return { args: [facts, all.map((receipt) => (receipt === paid ? '0x' : receipt.signed.queryRow))] }
}

function challengeOf(f: Fixture, receipt: MadeReceipt): Made {
  return { args: [f.factsOf(receipt)], valueWei: f.world.parameters.receiptChallengeBondWei }
}

function appealed(f: Fixture): MadeReceipt {
  const [receipt] = settled(f, f.receipt())
  f.audit(receipt!, [1, 2, 1])
  f.openAppeals(receipt!)
  return receipt!
}

function fullWindow(f: Fixture): void {
  f.finalReceipts(Array.from({ length: 4 }, () => f.receipt()))
}

/** A full window that nobody earned: all rows are one, and the queries point the other way. */
function unearnedWindow(f: Fixture): bigint {
  const rows = f.rows.map(() => makeRow(f.k, 4))
  const adapterId = f.world.activeAdapter(owner, f.baseModelId, [f.datanetId], rows)
  const queryRow = Uint8Array.from(
    Int8Array.from(makeRow(f.k, 4).subarray(4), (value) => -Math.trunc(((value << 24) >> 24) / 4)),
  )
  f.finalReceipts(Array.from({ length: 4 }, () => f.receipt({ adapterId, queryRow })))
  return adapterId
}

function unearned(f: Fixture): void {
  const adapterId = unearnedWindow(f)
  f.attribution.send('closeWindow', [adapterId, 1000], { from: stranger.address })
}

function tombstoned(f: Fixture, place: number): void {
  const [member] = f.world.datanets.read('versionMembers', [f.datanetId, 1, place, 1])
  const from = member!.contributor.toLowerCase() as Address
  f.world.datanets.send('tombstone', [member!.contributionId], { from })
}

/** A closed window, and a receipt in the next one that is under audit. */
const closed = once(() => {
  const f = new Fixture()
  fullWindow(f)
  f.close()
  f.attribution.send('setGrantedAuditors', [ascending(auditors)], { from: requester.address })
  // with a part of what each view shows
  f.chain.advance()
  const receipt = f.receipt()
  f.settle(receipt)
  f.challenge(receipt)
  f.chain.advance()
  f.audit(receipt, [1, 2, 1])
  f.openAppeals(receipt)
  f.commitVote(auditors[0], receipt, 1)
  return { f, receipt }
})

function reads(args: (f: Fixture, receipt: MadeReceipt) => readonly unknown[]): () => Scene {
  return () => {
    const { f, receipt } = closed()
    return { world: f.world, args: args(f, receipt), from: stranger }
  }
}

const words = [text(1, 90), text(2, 40)] as const

/** An adapter with a corpus and passages, an answer of three stretches of the corpus, and the claims to it. */
const withEvidence = once(() => {
  const f = new Fixture()
  const corpus = new Corpus(words, [20, 64])
  const passages = new Passages(9, 16)
  const terms = { ...corpus.terms, ...passages.terms }
  const adapterId = f.world.activeAdapter(owner, f.baseModelId, [f.datanetId], f.rows, terms)
  const answer = [...words[0].slice(5, 30), ...words[1].slice(0, 8), 1, 2, ...words[0].slice(70, 90)]
  const spans = [corpus.claim(0, 5, 25, 0), corpus.claim(1, 0, 8, 25), corpus.claim(0, 70, 20, 35)]
  return { f, adapterId, corpus, passages, answer, spans }
})

function proves(args: (made: ReturnType<typeof withEvidence>) => readonly unknown[]): () => Scene {
  return () => {
    const made = withEvidence()
    return { world: made.f.world, args: [made.adapterId, 1, ...args(made)], from: stranger }
  }
}

const leaving = (f: Fixture, method: 'deregisterHost' | 'deregisterAuditor', by: Account) => {
  f.attribution.send(method, method === 'deregisterHost' ? [] : [f.baseModelId], { from: by.address })
  f.chain.advance(30)
}

export const attributionScenes: Scenes = {
  ...claimScenes(ATTRIBUTION_ADDRESS, () => {
    const f = new Fixture()
    f.settle(f.receipt())
    return { world: f.world, creditor: settler, stranger }
  }),
  deposit: on(() => ({ args: [host.address], from: requester, valueWei: OPEN })),
  requestWithdraw: on(() => ({ args: [ZERO_ADDRESS, OPEN], from: requester })),
  withdraw: on((f) => {
    f.attribution.send('requestWithdraw', [ZERO_ADDRESS, OPEN], { from: requester.address })
    f.chain.advance(f.world.parameters.withdrawDelayBlocks)
    return { args: [ZERO_ADDRESS], from: requester }
  }),
  registerHost: on(() => ({ args: [account(31).address, ENDPOINT], from: account(30), valueWei: OPEN })),
  updateHost: on(() => ({ args: [account(31).address, ENDPOINT], from: host })),
  addHostBond: on(() => ({ args: [], from: host, valueWei: OPEN })),
  deregisterHost: on(() => ({ args: [], from: host })),
  withdrawHostBond: on((f) => {
    leaving(f, 'deregisterHost', host)
    return { args: [], from: host }
  }),
  registerAuditor: on((f) => ({ args: [f.baseModelId], from: account(30), valueWei: 10n * OPEN })),
  addAuditorBond: on((f) => ({ args: [f.baseModelId], from: auditors[1], valueWei: OPEN })),
  deregisterAuditor: on((f) => ({ args: [f.baseModelId], from: auditors[1] })),
  withdrawAuditorBond: on((f) => {
    leaving(f, 'deregisterAuditor', auditors[1])
    return { args: [f.baseModelId], from: auditors[1] }
  }),
  setGrantedAuditors: on(() => ({ args: [ascending(auditors)], from: requester })),
  'setGrantedAuditors (none)': on((f) => {
    f.attribution.send('setGrantedAuditors', [ascending(auditors)], { from: requester.address })
    return { args: [[]], from: requester }
  }),
  settle: on((f) => {
    f.attribution.send('deposit', [host.address], { from: requester.address, valueWei: OPEN / 100n })
    const good = [f.receipt(), f.receipt({ application: application.address })]
    const bad = [f.receipt({ queryRow: makeQuery(8, 1) }), f.receipt({ auditClass: 1 })]
    return { args: [[...good, ...bad].map(({ signed }) => signed), 0n], from: settler }
  }),
  drawAudits: on((f) => {
    const receipts = settled(f, f.receipt(), f.receipt({ auditClass: 2 }))
    return { args: [receipts.map(({ receiptId }) => receiptId)] }
  }),
  commitAudit: on((f) => {
    const { ids, auditor } = audited(f)
    return { args: [ids, testHash('commitment')], from: auditor }
  }),
  revealAudit: on(revealable),
  markWrong: on((f) => {
    const [receipt] = settled(f, f.receipt())
    return { args: [f.world.factsOf(receipt!.receiptId)], from: requester }
  }),
  challengeReceipt: on((f) => {
    f.chain.advance()
    const receipt = f.receipt()
    f.settle(receipt)
    return { ...challengeOf(f, receipt) }
  }),
  'challengeReceipt (unaudited)': on((f) => {
    const [receipt] = settled(f, f.receipt({ auditClass: 2 }))
    return { ...challengeOf(f, receipt!), from: requester }
  }),
  openAppeal: on((f) => {
    const receipts = settled(f, f.receipt(), f.receipt())
    f.audit(receipts[0]!, [1, 2, 1])
    f.audit(receipts[1]!, [1, 1, 1])
    return { args: [receipts.map((receipt) => f.factsOf(receipt))] }
  }),
  appealReceipt: on((f) => {
    const [receipt] = settled(f, f.receipt())
    f.audit(receipt!, [1, 1, 1])
    return { args: [f.factsOf(receipt!)], valueWei: f.world.parameters.appealBondWei }
  }),
  commitAppeal: on((f) => ({ args: [[appealed(f).receiptId], testHash('commitment')], from: auditors[1] })),
  revealAppeal: on((f) => {
    const receipt = appealed(f)
    f.commitVote(auditors[1], receipt, 1)
    f.chain.advance(f.world.parameters.auditCommitBlocks + 1)
    return { args: [[receipt.receiptId], [1], salt], from: auditors[1] }
  }),
  finalize: on(finalizable),
  'finalize (appeals)': on((f) => {
    const receipts = settled(f, ...Array.from({ length: 5 }, () => f.receipt()))
    f.draw(...receipts)
    const [confirmed, overturned, undecided, disputed, silent] = receipts
    f.audit(disputed!, [1, 2, 1])
    for (const [receipt, votes] of [
      [confirmed!, [1, 1, 1, 1]],
      [overturned!, [4, 4, 4, 4]],
      [undecided!, [1, 2, 5, 5]],
    ] as const) {
      f.audit(receipt, [1, 1, 5])
      f.appeal(receipt)
      f.vote(receipt, votes)
    }
    f.audit(silent!, [1, 1, 0])
    f.pastChallenge()
    const facts = receipts.map((receipt) => f.factsOf(receipt))
    const needed = [overturned, undecided]
    return { args: [facts, receipts.map((one) => (needed.includes(one) ? one.signed.queryRow : '0x'))] }
  }),
  'finalize (challenges)': on((f) => {
    const receipts = [f.receipt(), f.receipt()]
    f.settle(...receipts)
    for (const receipt of receipts) f.challenge(receipt)
    f.audit(receipts[0]!, [1, 1, 1])
    f.audit(receipts[1]!, [2, 2, 2])
    f.pastChallenge()
    const facts = receipts.map((receipt) => f.factsOf(receipt))
    return { args: [facts, receipts.map((receipt) => receipt.signed.queryRow)] }
  }),
  closeWindow: on((f) => {
    fullWindow(f)
    return { args: [f.adapterId, 1000] }
  }),
  'closeWindow (sum and score)': on((f) => {
    fullWindow(f)
    return { args: [f.adapterId, 1] }
  }),
  'closeWindow (pay in part)': on((f) => {
    fullWindow(f)
    f.close(1)
    return { args: [f.adapterId, 3] }
  }),
  'closeWindow (without a tombstoned member)': on((f) => {
    fullWindow(f)
    tombstoned(f, 1)
    f.close(7)
    return { args: [f.adapterId, 3] }
  }),
  'closeWindow (that nobody earned)': on((f) => ({ args: [unearnedWindow(f), 1000] })),
  closeWindows: on((f) => {
    fullWindow(f)
    return { args: [[99n, f.adapterId, f.adapterId, unearnedWindow(f)], 100] }
  }),
  claimRemainder: on((f) => {
    unearned(f)
    tombstoned(f, 1)
    return { args: [f.datanetId, 1, [0, 1, 2, 5, 0]] }
  }),
  remainderOf: on((f) => {
    unearned(f)
    return { args: [f.datanetId, 1, 5] }
  }),
  setGoverned: governed((f) => ({ args: [{ ...valuesOf(f), windowReceipts: 5 }] })),
  'setGoverned (again in a block)': governed((f) => {
    f.attribution.send('setGoverned', [valuesOf(f)], { from: council.address })
    f.chain.advance()
    f.attribution.send('setGoverned', [valuesOf(f)], { from: council.address })
    return { args: [{ ...valuesOf(f), settlementGas: 21_000 }] }
  }),
  governed: governed((f) => {
    f.attribution.send('setGoverned', [{ ...valuesOf(f), hostSlashBps: 1 }], { from: council.address })
    return { args: [], from: stranger }
  }),
  domainSeparator: reads(() => []),
  getReceipt: reads((_f, receipt) => [receipt.receiptId]),
  getAudit: reads((_f, receipt) => [receipt.receiptId]),
  committee: reads((_f, receipt) => [receipt.receiptId]),
  getChallenge: reads((_f, receipt) => [receipt.receiptId]),
  getAppeal: reads((_f, receipt) => [receipt.receiptId]),
  depositOf: reads(() => [requester.address, ZERO_ADDRESS]),
  hostInfo: reads(() => [host.address]),
  auditorInfo: reads((f) => [auditors[0].address, f.baseModelId]),
  auditorsOf: reads((f) => [f.baseModelId]),
  grantOf: reads(() => [requester.address]),
  grantedAuditors: reads(() => [1]),
  getWindow: reads((f) => [f.adapterId, 1n]),
  windowsOf: reads((f) => [f.adapterId]),
  windowQuery: reads((f) => [f.adapterId, 1n]),
  windowScores: reads((f) => [f.adapterId, 1n, 0, 256]),
  windowShares: reads((f) => [f.adapterId, 1n, 0, 256]),
  score: reads((f, { receiptId, signed }) => [f.world.factsOf(receiptId), signed.queryRow, 0, 256]),
  attributionOf: reads((f, { receiptId, signed }) => [f.world.factsOf(receiptId), signed.queryRow, 1, 256]),
  scoreSpans: proves(({ answer, spans }) => [answer, spans]),
  longerSpan: proves(({ answer, spans, corpus }) => [answer, corpus.claim(0, 6, 9, 1), spans[0]]),
  scorePassages: proves(({ passages }) => {
    const query = Array.from({ length: passages.dims }, (_, n) => 40 - n)
    return [int8Hex(query), [0, 8, 3].map((index) => passages.claim(index))]
  }),
  'updateHost (shorter)': on(() => ({ args: [hostSigner.address, 'https://h'], from: host })),
}
