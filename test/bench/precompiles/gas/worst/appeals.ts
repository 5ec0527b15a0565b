import { bounds } from '../../../../../precompiles/bounds.ts'
import { account, OPEN, testHash } from '../../../../support/precompileWorld.ts'
import {
  auditors,
  Fixture,
  requester,
  stranger,
  voteCommitmentOf,
} from '../../../../unit/precompiles/proofOfAttribution/fixture.ts'
import { K } from './adapter.ts'
import { fundAll, type WorstCase, worstCase, worstParameters } from './worstCase.ts'

/** Appeals in one call: as many as fit a transaction with 64 electors each. */
const COUNT = 8
const salt = testHash('audit salt')

/** Appeals with as many electors as there may be, all of whom vote alike and are paid. */
export function* worstAppealCases(): Generator<WorstCase> {
  const f = new Fixture({ k: K, parameters: worstParameters })
  const { world, attribution: on } = f
  const more = Array.from({ length: bounds.auditors - auditors.length }, (_, n) => account(200 + n))
  fundAll(world, more)
  for (const { address } of more) {
    on.send('registerAuditor', [f.baseModelId], { from: address, valueWei: 10n * OPEN })
  }
  const receipts = Array.from({ length: COUNT }, () => f.receipt())
  const hidden = f.receipt({ auditClass: 2 })
  f.settle(...receipts, hidden)
  const valueWei = world.parameters.receiptChallengeBondWei
  const challenge = {
    method: 'challengeReceipt',
    args: [f.factsOf(hidden)],
    from: requester,
    valueWei,
  } as const
  yield worstCase(world, { on, ...challenge })
  f.chain.advance()
  f.draw(...receipts)
  for (const receipt of receipts) f.audit(receipt, [1, 2, 1])
  const facts = receipts.map((receipt) => f.factsOf(receipt))
  const what = `${COUNT} with ${bounds.auditors} electors`
  yield worstCase(world, { on, method: 'openAppeal', what, args: [facts], from: stranger })
  f.openAppeals(...receipts)
  const ids = receipts.map(({ receiptId }) => receiptId)
  const ones = ids.map(() => 1)
  const electors = f.electors(receipts[0]!)
  const last = electors.at(-1)!
  for (const by of electors) {
    const args = [ids, voteCommitmentOf(by, ids, ones)]
    if (by === last) yield worstCase(world, { on, method: 'commitAppeal', what, args, from: by })
    on.send('commitAppeal', args, { from: by.address })
  }
  const reveal = [ids, ones, salt]
  for (const by of electors) {
    if (by === last) yield worstCase(world, { on, method: 'revealAppeal', what, args: reveal, from: by })
    on.send('revealAppeal', reveal, { from: by.address })
  }
  yield worstCase(world, { on, method: 'getAppeal', what, args: [ids[0]], from: stranger })
  f.pastChallenge()
  const args = [facts, facts.map(() => '0x')]
  yield worstCase(world, { on, method: 'finalize', what, args, from: stranger })
}
