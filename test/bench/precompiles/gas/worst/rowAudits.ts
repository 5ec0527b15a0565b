import { bounds } from '../../../../../precompiles/bounds.ts'
import { account, World } from '../../../../support/precompileWorld.ts'
import {
  challenge,
  challenger,
  commitmentOf,
  type Fixture,
  fixture,
  published,
  registerAuditors,
  SALT,
} from '../../../../unit/precompiles/adapter/fixture.ts'
import { fundAll, LONG_CID, type WorstCase, worstCase, worstParameters } from './worstCase.ts'

const stranger = account(5)
const auditors = Array.from({ length: bounds.auditors }, (_, n) => account(200 + n))

function opened(count: number): Fixture {
  // the fixture's rows are short: audits do not look at them
  const world = new World({ ...worstParameters, kAllowed: [16] })
  fundAll(world, auditors)
  const f = fixture(1, world)
  registerAuditors(f, auditors.slice(0, count))
  return f
}

/** A draw among as many auditors as there may be, and a committee that judges 64 adapters at once. */
export function* worstRowAudits(): Generator<WorstCase> {
  yield* draw()
  yield* judgements()
}

function* draw(): Generator<WorstCase> {
  const f = opened(auditors.length)
  const { world } = f
  const on = world.adapters
  const id = published(f)
  const valueWei = worstParameters.rowChallengeBondWei
  const args = [id, 0, LONG_CID]
  const what = 'longest text'
  yield worstCase(world, { on, method: 'challengeRows', what, args, from: challenger, valueWei })
  challenge(f, id)
  world.chain.advance()
  yield worstCase(world, { on, method: 'drawRowAudit', what: '64 auditors', args: [id], from: stranger })
}

function* judgements(): Generator<WorstCase> {
  const jury = auditors.slice(0, worstParameters.auditCommittee)
  const f = opened(jury.length)
  const { world } = f
  const on = world.adapters
  const ids = Array.from({ length: bounds.auditsPerCall }, () => published(f))
  for (const id of ids) challenge(f, id)
  world.chain.advance()
  for (const id of ids) on.send('drawRowAudit', [id], { from: stranger.address })
  const verdicts = ids.map(() => 2)
  const last = jury.at(-1)!
  for (const by of jury) {
    const args = [ids, commitmentOf(by, ids, verdicts)]
    if (by === last) yield worstCase(world, { on, method: 'commitRowAudit', what: '64', args, from: by })
    on.send('commitRowAudit', args, { from: by.address })
  }
  for (const by of jury) {
    const args = [ids, verdicts, SALT]
    if (by === last) yield worstCase(world, { on, method: 'revealRowAudit', what: '64', args, from: by })
    on.send('revealRowAudit', args, { from: by.address })
  }
  const first = { on, args: [ids[0]], from: stranger }
  yield worstCase(world, { ...first, method: 'getRowChallenge', what: '3 seats' })
  yield worstCase(world, { ...first, method: 'resolveRowChallenge', what: '3 seats, forged' })
}
