import { bounds } from '../../../../../precompiles/bounds.ts'
import { type Address, ZERO_ADDRESS } from '../../../../../src/primitives/hex.ts'
import { Corpus, int8Hex, Passages, text } from '../../../../support/corpus.ts'
import {
  type Account,
  account,
  type MadeReceipt,
  makeRow,
  OPEN,
  testHash,
} from '../../../../support/precompileWorld.ts'
import {
  application,
  auditors,
  Fixture,
  host,
  owner,
  requester,
  settler,
  stranger,
} from '../../../../unit/precompiles/proofOfAttribution/fixture.ts'
import { type BigAdapter, K, ROWS } from './adapter.ts'
import { worstAppealCases } from './appeals.ts'
import { fundAll, longText, type WorstCase, worstCase, worstParameters } from './worstCase.ts'

const COUNT = bounds.receiptsPerCall
const digest = testHash('digest')
const salt = testHash('audit salt')
const idsOf = (receipts: readonly MadeReceipt[]) => receipts.map(({ receiptId }) => receiptId)

function* hosts(): Generator<WorstCase> {
  const { world, attribution: on } = new Fixture()
  const endpoint = longText(bounds.endpointBytes)
  const [from, signer] = [account(30), account(31).address]
  const what = 'longest text'
  const registration = { on, method: 'registerHost', what, args: [signer, endpoint], from, valueWei: OPEN }
  yield worstCase(world, registration)
  yield worstCase(world, { on, method: 'updateHost', what, args: [signer, endpoint], from: host })
  on.send('updateHost', [signer, endpoint], { from: host.address })
  yield worstCase(world, { on, method: 'hostInfo', what, args: [host.address], from: stranger })
}

/** A base model with as many auditors as there may be. */
function* manyAuditors(): Generator<WorstCase> {
  const f = new Fixture({ k: K, parameters: worstParameters })
  const { world, attribution: on } = f
  const more = Array.from({ length: bounds.auditors - auditors.length }, (_, n) => account(200 + n))
  fundAll(world, more)
  const register = (by: Account) =>
    ({ on, method: 'registerAuditor', args: [f.baseModelId], from: by, valueWei: 10n * OPEN }) as const
  for (const by of more) {
    if (by === more.at(-1)) yield worstCase(world, { ...register(by), what: 'the 64th' })
    on.send('registerAuditor', [f.baseModelId], { from: by.address, valueWei: 10n * OPEN })
  }
  const ids = { args: [f.baseModelId], from: stranger }
  yield worstCase(world, { on, method: 'auditorsOf', what: '64', ...ids })
  const leaving = { on, method: 'deregisterAuditor', what: 'the first of 64', args: [f.baseModelId] }
  yield worstCase(world, { ...leaving, from: auditors[0] })
  const receipts = Array.from({ length: COUNT }, () => f.receipt())
  f.settle(...receipts)
  f.chain.advance()
  const draw = { on, method: 'drawAudits', args: [idsOf(receipts)], from: stranger }
  yield worstCase(world, { ...draw, what: '64 receipts, 64 auditors' })
}

function commitAll(
  f: Fixture,
  who: readonly Account[],
  receipts: readonly MadeReceipt[],
  verdict: number,
): void {
  const ids = idsOf(receipts)
  const verdicts = ids.map(() => verdict)
  const digests = ids.map(() => digest)
  for (const by of who) {
    const commitment = f.commitmentOf(by, ids, verdicts, digests)
    f.attribution.send('commitAudit', [ids, commitment], { from: by.address })
  }
}

/** The life of 64 receipts of the big adapter, all of which count against their window in the end. */
export function* worstAttributionCases({ f, adapterId }: BigAdapter): Generator<WorstCase> {
  yield* hosts()
  yield* evidence()
  yield* manyAuditors()
  yield* worstAppealCases()
  const { world, attribution: on, chain } = f
  // three auditors are left, so each sits in every committee
  on.send('deregisterAuditor', [f.baseModelId], { from: auditors[3].address })
  on.send('deposit', [host.address], { from: requester.address, valueWei: OPEN / 100n })
  const jury = auditors.slice(0, 3)
  const receipts = Array.from({ length: COUNT }, () =>
    f.receipt({ adapterId, application: application.address }),
  )
  const settlement = { on, method: 'settle', args: [receipts.map(({ signed }) => signed), 0n], from: settler }
  yield worstCase(world, { ...settlement, what: '64 in one batch' })
  // one batch each makes the window's sum the longest
  for (const receipt of receipts) f.settle(receipt)
  chain.advance()
  const ids = idsOf(receipts)
  yield worstCase(world, { on, method: 'drawAudits', what: '64 batches', args: [ids], from: stranger })
  f.draw(...receipts)

  yield* audits(f, receipts, jury)
  const facts = receipts.map(({ receiptId }) => world.factsOf(receiptId))
  for (const item of facts) {
    if (item === facts[0]) yield worstCase(world, { on, method: 'markWrong', args: [item], from: requester })
    // all but the last are taken out again, so that there is a pot and a correction for each
    if (item !== facts.at(-1)) on.send('markWrong', [item], { from: requester.address })
  }
  f.pastChallenge()
  const rows = receipts.map(({ signed }) => signed.queryRow)
  yield worstCase(world, {
    on,
    method: 'finalize',
    what: '64 marked wrong',
    args: [facts, rows],
    from: stranger,
  })
  facts.forEach((item, index) => {
    on.send('finalize', [[item], [rows[index]]], { from: stranger.address })
  })
  yield* closing({ f, adapterId }, facts[0], rows[0])
}

function* audits(
  f: Fixture,
  receipts: readonly MadeReceipt[],
  jury: readonly Account[],
): Generator<WorstCase> {
  const { world, attribution: on } = f
  const ids = idsOf(receipts)
  yield worstCase(world, { on, method: 'getReceipt', args: [ids[0]], from: stranger })
  const [first] = jury as [Account]
  const commit = { on, method: 'commitAudit', what: '64', args: [ids, testHash('c')], from: first }
  yield worstCase(world, commit)
  commitAll(f, jury, receipts, 1)
  const ones = ids.map(() => 1)
  const reveal = [ids, ones, ids.map(() => digest), salt]
  yield worstCase(world, { on, method: 'revealAudit', what: '64', args: reveal, from: first })
  for (const by of jury) on.send('revealAudit', reveal, { from: by.address })
  yield worstCase(world, { on, method: 'getAudit', what: '3 seats', args: [ids[0]], from: stranger })
}

/** 64 batches and 63 corrections to sum, 4,096 rows to score, and members to pay. */
function* closing({ f, adapterId }: BigAdapter, facts: unknown, row: unknown): Generator<WorstCase> {
  const { world, attribution: on } = f
  const close = (what: string, work: number) =>
    worstCase(world, { on, method: 'closeWindow', what, args: [adapterId, work], from: stranger })
  const read = (method: string, what: string, args: readonly unknown[]) =>
    worstCase(world, { on, method, what, args, from: stranger })
  const page = bounds.pageItems
  yield read('score', '256 rows', [facts, row, 0, page])
  yield read('attributionOf', '256 of 4,096 rows', [facts, row, 100, page])
  yield close('64 batches, 63 corrections, 368 rows', 1)
  yield close('the same and half of 4,096 rows', ROWS / 2)
  for (const _half of [1, 2]) on.send('closeWindow', [adapterId, ROWS / 2], { from: stranger.address })
  yield read('windowScores', '256 over 2 pieces', [adapterId, 1n, 200, page])
  yield read('windowShares', '256 of 4,096', [adapterId, 1n, 0, page])
  yield read('windowQuery', 'k = 1,024', [adapterId, 1n])
  yield close('pay 1 of 4,096', 1)
  yield close('pay 1,000 of 4,096', 1_000)
  // every other member is tombstoned before the first is paid
  const { datanets } = world.adapters.read('getVersion', [adapterId, 1])
  for (const { datanetId } of datanets) tombstoneHalf(f, datanetId)
  yield close('2,048 of 4,096 tombstoned, pay 1', 1)
  on.send('closeWindow', [adapterId, 1], { from: stranger.address })
  yield close('2,048 of 4,096 tombstoned, pay 1,000 more', 1_000)
  yield* remainders(f)
  yield read('depositOf', 'both', [requester.address, ZERO_ADDRESS])
}

/** Answers of 2,048 tokens and 64 passages of 1,024 dimensions, in trees of some hundred leaves. */
function* evidence(): Generator<WorstCase> {
  const f = new Fixture({ withAuditors: false })
  const { world, attribution: on } = f
  const { outputTokens, passageDimsMax, passagesPerCall } = bounds
  const words = text(1, outputTokens)
  // chunks of one token need a proof for each
  const corpora = { '64 a chunk': new Corpus([words], [64]), 'one a chunk': new Corpus([words], [1]) }
  for (const [what, corpus] of Object.entries(corpora)) {
    const { datanetId, baseModelId, rows } = f
    const adapterId = world.activeAdapter(owner, baseModelId, [datanetId], rows, corpus.terms)
    // as much as fits the input
    const isOne = what === 'one a chunk'
    const [length, count] = isOne ? [128, 16] : [1_216, 22]
    const call = { on, method: 'scoreSpans', from: stranger }
    const answer = words.slice(0, length)
    const span = corpus.claim(0, 0, length, 0)
    const whole = [adapterId, 1, answer, [span]]
    yield worstCase(world, { ...call, what: `${length} tokens in one span, ${what}`, args: whole })
    const claims = Array.from({ length: count }, (_, n) => corpus.claim(0, 8 * n, 8, 8 * n))
    const many = [adapterId, 1, words.slice(0, 8 * count), claims]
    yield worstCase(world, { ...call, what: `${count} spans, ${what}`, args: many })
    const args = [adapterId, 1, answer, { ...span, length: 8, chunks: [] }, span]
    const than = `${length} tokens, ${what}`
    yield worstCase(world, { on, method: 'longerSpan', what: than, args, from: stranger })
  }
  const passages = new Passages(2 * passagesPerCall, passageDimsMax)
  const adapterId = world.activeAdapter(owner, f.baseModelId, [f.datanetId], f.rows, passages.terms)
  const query = int8Hex(Array.from({ length: passageDimsMax }, (_, n) => (n % 255) - 127))
  const ranked = Array.from({ length: passagesPerCall }, (_, n) => passages.claim(2 * n))
  const args = [adapterId, 1, query, ranked]
  yield worstCase(world, { on, method: 'scorePassages', what: '64 of 1,024', args, from: stranger })
}

function tombstoneHalf({ world }: Fixture, datanetId: bigint): void {
  for (let at = 0; at < ROWS / bounds.datanetsPerAdapter; at += bounds.pageItems) {
    const page = world.datanets.read('versionMembers', [datanetId, 1, at, bounds.pageItems])
    for (const { contributionId, contributor } of page.filter((_, index) => index % 2 === 0)) {
      world.datanets.send('tombstone', [contributionId], { from: contributor.toLowerCase() as Address })
    }
  }
}

/** A pot that none of 512 members earned, half of whom are tombstoned. */
function* remainders(f: Fixture): Generator<WorstCase> {
  const { world, attribution: on, chain } = f
  const row = makeRow(K, 4)
  const rows = f.rows.map(() => row)
  const adapterId = world.activeAdapter(owner, f.baseModelId, [f.datanetId], rows, { k: K })
  const queryRow = Uint8Array.from(
    Int8Array.from(row.subarray(4), (value) => -Math.trunc(((value << 24) >> 24) / 4)),
  )
  const receipt = f.receipt({ adapterId, queryRow, auditClass: 2 })
  f.settle(receipt)
  chain.advance(world.parameters.windowAgeBlocks)
  f.finalize([receipt])
  const close = { on, method: 'closeWindow', args: [adapterId, ROWS], from: stranger }
  yield worstCase(world, { ...close, what: '512 rows that nobody earned' })
  const many = { on, method: 'closeWindows', from: stranger }
  const ids = Array.from({ length: bounds.adaptersPerClose }, () => adapterId)
  yield worstCase(world, { ...many, what: '64 times one adapter', args: [ids, ROWS] })
  on.send('closeWindow', [adapterId, ROWS], { from: stranger.address })
  const scattered = Array.from({ length: bounds.remaindersPerCall }, (_, n) => 1 + 8 * n)
  const claim = { on, method: 'claimRemainder', from: stranger }
  yield worstCase(world, { ...claim, what: '64 apart', args: [f.datanetId, 1, scattered] })
  const gone = scattered.map((place) => place - 1)
  yield worstCase(world, { ...claim, what: '64 tombstoned', args: [f.datanetId, 1, gone] })
  const last = scattered.at(-1)
  yield worstCase(world, { on, method: 'remainderOf', args: [f.datanetId, 1, last], from: stranger })
}
