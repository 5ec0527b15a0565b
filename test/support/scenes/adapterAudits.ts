import {
  challenge,
  challenger,
  commit,
  commitmentOf,
  draw,
  type Fixture,
  fixture,
  judge,
  published,
  registerAuditors,
  SALT,
} from '../../unit/precompiles/adapter/fixture.ts'
import { account, testParameters } from '../precompileWorld.ts'
import type { Scene, Scenes } from './scene.ts'

const stranger = account(5)
const EVIDENCE = 'bafyevidence, which is longer than what fits into one slot'

/** A published version whose rows are challenged, with auditors to judge them. */
function challenged(): { f: Fixture; id: bigint } {
  const f = fixture()
  registerAuditors(f)
  const id = published(f)
  challenge(f, id)
  return { f, id }
}

/** The same with a committee. */
function drawn() {
  const { f, id } = challenged()
  const [auditor] = draw(f, id)
  return { f, id, auditor: auditor! }
}

function judged(verdict: number): () => Scene {
  return () => {
    const { f, id } = challenged()
    judge(f, id, Array<number>(testParameters.auditCommittee).fill(verdict))
    return { world: f.world, args: [id], from: stranger }
  }
}

/** Challenges of rows and the audits that decide them. */
export const adapterAuditScenes: Scenes = {
  challengeRows: () => {
    const f = fixture()
    const args = [published(f), 1, EVIDENCE]
    return { world: f.world, args, from: challenger, valueWei: testParameters.rowChallengeBondWei }
  },
  drawRowAudit: () => {
    const { f, id } = challenged()
    f.world.chain.advance()
    return { world: f.world, args: [id], from: stranger }
  },
  'drawRowAudit (too few auditors)': () => {
    const f = fixture()
    const id = published(f)
    challenge(f, id)
    f.world.chain.advance()
    return { world: f.world, args: [id], from: stranger }
  },
  commitRowAudit: () => {
    const { f, id, auditor } = drawn()
    return { world: f.world, args: [[id], commitmentOf(auditor, [id], [1])], from: auditor }
  },
  revealRowAudit: () => {
    const { f, id, auditor } = drawn()
    commit(f, auditor, [id], [2])
    f.world.chain.advance(testParameters.rowAuditCommitBlocks + 1)
    return { world: f.world, args: [[id], [2], SALT], from: auditor }
  },
  resolveRowChallenge: judged(2),
  'resolveRowChallenge (rows right)': judged(1),
  getRowChallenge: () => {
    const { f, id } = drawn()
    return { world: f.world, args: [id], from: stranger }
  },
}
