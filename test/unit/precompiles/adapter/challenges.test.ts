import fc from 'fast-check'
import { encodePacked, keccak256 } from 'viem'
import { describe, expect, it } from 'vitest'
import { divideLost, divideSlashed } from '../../../../precompiles/adapter/challenge.ts'
import { type Account, OPEN, testParameters, World } from '../../../support/precompileWorld.ts'
import {
  active,
  auditors,
  bob,
  challenge,
  challenger,
  commit,
  created,
  draw,
  type Fixture,
  fixture,
  judge,
  owner,
  published,
  publishNext,
  registerAuditors,
  resolve,
  reveal,
} from './fixture.ts'

const { challengeWindowBlocks, rowAuditCommitBlocks, auditRevealBlocks, rowChallengeBondWei } = testParameters
const FOLD = 2 ** 32 - 1

function withAuditors(): Fixture {
  const f = fixture()
  registerAuditors(f)
  return f
}

const blockOf = (f: Fixture) => Number(f.world.chain.number)
const adapterOf = (f: Fixture, id: bigint) => f.world.adapters.read('getAdapter', [id])
const versionOf = (f: Fixture, id: bigint, version = 1) => f.world.adapters.read('getVersion', [id, version])
const challengeOf = (f: Fixture, id: bigint) => f.world.adapters.read('getRowChallenge', [id])
const credit = (f: Fixture, who: Account) => f.world.adapters.read('credits', [who.address])
const treasuryCredit = (f: Fixture) => f.world.adapters.read('credits', [testParameters.treasuryAddress])
const tryChallenge = (f: Fixture, id: bigint, row = 0, valueWei = rowChallengeBondWei) =>
  f.world.adapters.try('challengeRows', [id, row, ''], { from: challenger.address, valueWei })
const names = (f: Fixture) => f.world.adapters.history().map(({ name }) => name)

/** The account holds what the books say, and the bonds are the adapters' and the open challenges'. */
function checkBooks(f: Fixture, bondsWei: bigint): void {
  const { adapters, chain } = f.world
  const totals = adapters.read('totals')
  expect(totals.bondsWei).toBe(bondsWei)
  expect(chain.balanceOf(adapters.address)).toBe(totals.bondsWei + totals.creditsWei)
}

describe('a challenge', () => {
  it('keeps the version from becoming active until it is decided', () => {
    const f = withAuditors()
    const id = published(f)
    const { challengeEndBlock } = versionOf(f, id)
    expect(challenge(f, id, 3)).toBe(1n)
    expect(challengeOf(f, id)).toMatchObject({
      challengeId: 1n,
      status: 1,
      challenger: expect.stringMatching(new RegExp(challenger.address, 'i')),
      bondWei: rowChallengeBondWei,
      version: 1,
      row: 3,
      challengeBlock: blockOf(f),
      commitEndBlock: 0,
      committee: [],
      verdicts: [],
    })
    expect(versionOf(f, id)).toMatchObject({ status: 2, activeFromBlock: 0, challengeEndBlock })
    f.world.chain.advance(10 * challengeWindowBlocks)
    expect(adapterOf(f, id)).toMatchObject({ status: 2, version: 0 })
    expect(f.world.adapters.read('acceptsVersion', [id, 1])).toBe(false)
    checkBooks(f, OPEN + rowChallengeBondWei)
  })

  it('comes while the window is open, and one at a time', () => {
    const f = withAuditors()
    const id = published(f)
    f.world.chain.advance(challengeWindowBlocks - 1)
    expect(tryChallenge(f, id)).toMatchObject({ ok: true })
    expect(tryChallenge(f, id)).toMatchObject({ error: 'WrongChallengeStatus', args: [id, 1] })
    draw(f, id)
    expect(tryChallenge(f, id)).toMatchObject({ error: 'WrongChallengeStatus', args: [id, 2] })
    const late = published(f)
    f.world.chain.advance(challengeWindowBlocks)
    expect(tryChallenge(f, late)).toMatchObject({ error: 'WrongStatus', args: [3] })
  })

  it('is of a row that is there, or of the fold', () => {
    const f = withAuditors()
    const id = published(f)
    expect(tryChallenge(f, id, 5)).toMatchObject({ error: 'UnknownRow', args: [5] })
    expect(tryChallenge(f, id, FOLD - 1)).toMatchObject({ error: 'UnknownRow' })
    expect(tryChallenge(f, id, FOLD)).toMatchObject({ ok: true })
    expect(challengeOf(f, id).row).toBe(FOLD)
  })

  it('has exactly the bond', () => {
    const f = withAuditors()
    const id = published(f)
    for (const valueWei of [rowChallengeBondWei - 1n, rowChallengeBondWei + 1n]) {
      expect(tryChallenge(f, id, 0, valueWei)).toMatchObject({
        error: 'WrongBond',
        args: [valueWei, rowChallengeBondWei],
      })
    }
  })

  it('keeps the adapter from its end while it is open', () => {
    const f = withAuditors()
    const id = published(f)
    challenge(f, id)
    const deprecate = () => f.world.adapters.try('deprecate', [id], { from: owner.address })
    expect(deprecate()).toMatchObject({ error: 'WrongChallengeStatus', args: [id, 1] })
    judge(f, id, [1, 1, 1])
    expect(deprecate()).toMatchObject({ error: 'WrongChallengeStatus', args: [id, 2] })
    resolve(f, id)
    expect(deprecate()).toMatchObject({ ok: true })
    expect(tryChallenge(f, id)).toMatchObject({ error: 'WrongStatus', args: [5] })
  })
})

describe('the committee', () => {
  it('is drawn from the next block on, by the seed that anyone can compute', () => {
    const f = withAuditors()
    const id = published(f)
    challenge(f, id, FOLD)
    const at = f.world.chain.number
    const early = f.world.adapters.try('drawRowAudit', [id], { from: bob.address })
    expect(early).toMatchObject({ error: 'TooEarly', args: [at + 1n] })
    const committee = draw(f, id)
    const seed = keccak256(
      encodePacked(['bytes32', 'uint64', 'uint32', 'uint32'], [f.world.chain.randao(at + 1n), id, 1, FOLD]),
    )
    const left = auditors.map((auditor, index) => ({ auditor, bondWei: BigInt(10 + index) * OPEN }))
    const expected = [0, 1, 2].map((seat) => {
      const total = left.reduce((sum, { bondWei }) => sum + bondWei, 0n)
      let ticket = BigInt(keccak256(encodePacked(['bytes32', 'uint8'], [seed, seat]))) % total
      const index = left.findIndex(({ bondWei }) => {
        ticket -= bondWei
        return ticket < 0n
      })
      return left.splice(index, 1)[0]!.auditor.address
    })
    expect(committee.map(({ address }) => address)).toEqual(expected)
    expect(challengeOf(f, id)).toMatchObject({
      status: 2,
      commitEndBlock: blockOf(f) + rowAuditCommitBlocks,
      revealEndBlock: blockOf(f) + rowAuditCommitBlocks + auditRevealBlocks,
      verdicts: [0, 0, 0],
    })
    const again = f.world.adapters.try('drawRowAudit', [id], { from: bob.address })
    expect(again).toMatchObject({ error: 'WrongChallengeStatus', args: [id, 2] })
  })

  it('has neither the owner nor the challenger nor anybody who registered after the challenge', () => {
    for (let seed = 0; seed < 8; seed++) {
      const f = fixture()
      f.world.chain.reseed(seed)
      registerAuditors(f, [owner, challenger, ...auditors.slice(0, 3)])
      const id = published(f)
      challenge(f, id)
      f.world.chain.advance()
      const late = { from: auditors[4].address, valueWei: 1000n * OPEN }
      f.world.attribution.send('registerAuditor', [f.baseModelId], late)
      const seated = draw(f, id).map(({ address }) => address)
      expect([...seated].sort()).toEqual(
        auditors
          .slice(0, 3)
          .map(({ address }) => address)
          .sort(),
      )
    }
  })

  it('of an auditor that has left since still has its seat', () => {
    const f = withAuditors()
    const id = published(f)
    challenge(f, id)
    const [first] = draw(f, id)
    f.world.attribution.send('deregisterAuditor', [f.baseModelId], { from: first!.address })
    expect(commit(f, first!, [id], [1])).toMatchObject({ ok: true })
  })

  it('that cannot be filled drops the challenge: bond back, and the version goes on', () => {
    const f = fixture()
    registerAuditors(f, [owner, ...auditors.slice(0, 2)])
    const id = published(f)
    const { challengeEndBlock } = versionOf(f, id)
    challenge(f, id)
    expect(draw(f, id)).toEqual([])
    expect(challengeOf(f, id)).toMatchObject({ status: 6, committee: [] })
    expect(credit(f, challenger)).toBe(rowChallengeBondWei)
    expect(versionOf(f, id)).toMatchObject({ challengeEndBlock, activeFromBlock: challengeEndBlock })
    checkBooks(f, OPEN)
    // and when the draw comes late, from that block on
    const late = published(f)
    challenge(f, late)
    f.world.chain.advance(challengeWindowBlocks + 5)
    draw(f, late)
    expect(versionOf(f, late)).toMatchObject({ status: 3, activeFromBlock: blockOf(f) })
  })
})

describe('verdicts', () => {
  it('are committed to the last block of the window, and revealed from the next to the last of theirs', () => {
    const f = withAuditors()
    const id = published(f)
    challenge(f, id)
    const [a, b, c] = draw(f, id)
    const { commitEndBlock, revealEndBlock } = challengeOf(f, id)
    const advanceTo = (block: number) => f.world.chain.advance(block - blockOf(f))
    expect(commit(f, a!, [id], [1])).toMatchObject({ ok: true })
    expect(reveal(f, a!, [id], [1])).toMatchObject({ error: 'TooEarly', args: [BigInt(commitEndBlock + 1)] })
    advanceTo(commitEndBlock)
    expect(commit(f, b!, [id], [2])).toMatchObject({ ok: true })
    expect(reveal(f, b!, [id], [2])).toMatchObject({ error: 'TooEarly' })
    advanceTo(commitEndBlock + 1)
    expect(commit(f, c!, [id], [1])).toMatchObject({ error: 'TooLate', args: [BigInt(commitEndBlock)] })
    expect(reveal(f, a!, [id], [1])).toMatchObject({ ok: true })
    const early = f.world.adapters.try('resolveRowChallenge', [id], { from: bob.address })
    expect(early).toMatchObject({ error: 'TooEarly', args: [BigInt(revealEndBlock + 1)] })
    advanceTo(revealEndBlock)
    expect(reveal(f, b!, [id], [2])).toMatchObject({ ok: true })
    expect(challengeOf(f, id)).toMatchObject({ committed: 0b011, revealed: 0b011, verdicts: [1, 2, 0] })
    // all who committed have revealed
    expect(resolve(f, id)).toBe(5)
  })

  it('that are not revealed in time do not count', () => {
    const f = withAuditors()
    const id = published(f)
    challenge(f, id)
    const committee = draw(f, id)
    for (const auditor of committee) commit(f, auditor, [id], [2])
    reveal(f, committee[0]!, [id], [2])
    const { revealEndBlock } = challengeOf(f, id)
    f.world.chain.advance(revealEndBlock - blockOf(f))
    const early = f.world.adapters.try('resolveRowChallenge', [id], { from: bob.address })
    expect(early).toMatchObject({ error: 'TooEarly' })
    f.world.chain.advance()
    expect(reveal(f, committee[1]!, [id], [2])).toMatchObject({
      error: 'TooLate',
      args: [BigInt(revealEndBlock)],
    })
    expect(resolve(f, id)).toBe(5)
    expect(credit(f, committee[0]!)).toBe(0n)
  })

  it('are opened as soon as the whole committee has committed', () => {
    const f = withAuditors()
    const id = published(f)
    challenge(f, id)
    const committee = draw(f, id)
    for (const auditor of committee) expect(commit(f, auditor, [id], [1])).toMatchObject({ ok: true })
    for (const auditor of committee) expect(reveal(f, auditor, [id], [1])).toMatchObject({ ok: true })
    expect(resolve(f, id)).toBe(3)
  })

  it('are those that were committed to, by their auditor, once', () => {
    const f = withAuditors()
    const id = published(f)
    challenge(f, id)
    const [a, b, c] = draw(f, id)
    expect(commit(f, a!, [id, id], [1, 1])).toMatchObject({ error: 'AlreadyCommitted', args: [id] })
    expect(commit(f, a!, [id], [1])).toMatchObject({ ok: true })
    expect(commit(f, a!, [id], [2])).toMatchObject({ error: 'AlreadyCommitted', args: [id] })
    // a copy of another's commitment opens for nobody but that one
    const copied = [
      [id],
      f.world.adapters.history().findLast(({ name }) => name === 'RowAuditCommitted')!.args.commitment,
    ]
    f.world.adapters.send('commitRowAudit', copied, { from: b!.address })
    commit(f, c!, [id], [1])
    expect(reveal(f, a!, [id], [2])).toMatchObject({ error: 'UnknownCommitment' })
    expect(reveal(f, b!, [id], [1])).toMatchObject({ error: 'UnknownCommitment' })
    expect(reveal(f, a!, [id], [1])).toMatchObject({ ok: true })
    expect(reveal(f, a!, [id], [1])).toMatchObject({ error: 'UnknownCommitment' })
  })

  it('of several adapters go into one commitment', () => {
    const f = withAuditors()
    const ids = [published(f), published(f)] as const
    for (const id of ids) challenge(f, id)
    const [first, second] = [draw(f, ids[0]), draw(f, ids[1])]
    const both = first.find((auditor) => second.includes(auditor))!
    expect(commit(f, both, ids, [1, 4])).toMatchObject({ ok: true })
    f.world.chain.advance(rowAuditCommitBlocks + 1)
    expect(reveal(f, both, [...ids].reverse(), [4, 1])).toMatchObject({ error: 'UnknownCommitment' })
    expect(reveal(f, both, ids, [1, 4])).toMatchObject({ ok: true })
    const verdictOf = (id: bigint, committee: Account[]) =>
      challengeOf(f, id).verdicts[committee.indexOf(both)]
    expect([verdictOf(ids[0], first), verdictOf(ids[1], second)]).toEqual([1, 4])
  })

  it('of an earlier challenge do not open in a later one of the same adapter', () => {
    const f = fixture()
    // as many as there are seats, so that both committees are the same
    registerAuditors(f, auditors.slice(0, 3))
    const id = published(f)
    challenge(f, id)
    const committee = draw(f, id)
    for (const auditor of committee) commit(f, auditor, [id], [1])
    reveal(f, committee[0]!, [id], [1])
    reveal(f, committee[1]!, [id], [1])
    f.world.chain.advance(rowAuditCommitBlocks + auditRevealBlocks + 1)
    expect(resolve(f, id)).toBe(3)
    challenge(f, id)
    draw(f, id)
    const both = committee[2]!
    expect(reveal(f, both, [id], [1])).toMatchObject({ error: 'UnknownCommitment' })
    expect(commit(f, both, [id], [2])).toMatchObject({ ok: true })
    f.world.chain.advance(rowAuditCommitBlocks + 1)
    expect(reveal(f, both, [id], [1])).toMatchObject({ error: 'UnknownCommitment' })
    expect(reveal(f, both, [id], [2])).toMatchObject({ ok: true })
  })
})

describe('rows that are refuted', () => {
  it('end an adapter whose first version they are, and cost it the whole bond', () => {
    const f = withAuditors()
    // an odd bond, so that every floor shows
    const bondWei = OPEN + 7n
    const outcome = f.create({}, bondWei)
    const id = outcome.ok ? outcome.value : 0n
    f.world.publishRows(id, owner, f.rows)
    challenge(f, id, 2)
    const committee = judge(f, id, [2, 1, 4])
    expect(resolve(f, id)).toBe(4)
    expect(adapterOf(f, id)).toMatchObject({ status: 6, version: 0, bondWei: 0n })
    expect(versionOf(f, id)).toMatchObject({ status: 6, activeFromBlock: 0 })
    const each = bondWei / 4n / 2n
    expect(committee.map((auditor) => credit(f, auditor))).toEqual([each, 0n, each])
    expect(credit(f, challenger)).toBe(rowChallengeBondWei + bondWei / 2n)
    expect(treasuryCredit(f)).toBe(bondWei - bondWei / 2n - 2n * each)
    checkBooks(f, 0n)
    f.world.chain.advance(1000)
    expect(f.world.adapters.read('isActive', [id])).toBe(false)
    expect(f.world.adapters.read('acceptsVersion', [id, 1])).toBe(false)
    expect(f.create({ parents: [{ adapterId: id, royaltyBps: 1 }] })).toMatchObject({
      error: 'InvalidParent',
    })
    const by = { from: owner.address }
    for (const method of ['deprecate', 'dropDraft', 'releaseBond', 'unpause'] as const) {
      expect(f.world.adapters.try(method, [id], by)).toMatchObject({ error: 'WrongStatus' })
    }
    const names_ = names(f)
    expect(names_.slice(names_.lastIndexOf('RowChallengeEnded'))).toContain('AdapterSlashed')
  })

  it('leave the current version as it is; the next one needs a fresh bond', () => {
    const f = withAuditors()
    const id = active(f)
    const { version, activeFromBlock } = publishNext(f, id)
    expect(versionOf(f, id, 1).retiredBlock).toBe(activeFromBlock + testParameters.priceRiseDelayBlocks)
    challenge(f, id)
    expect(versionOf(f, id, 1).retiredBlock).toBe(0)
    judge(f, id, [4, 2, 0])
    expect(resolve(f, id)).toBe(4)
    f.world.chain.advance(1000)
    expect(adapterOf(f, id)).toMatchObject({ status: 3, version: 1, newestVersion: version, bondWei: 0n })
    expect(versionOf(f, id, 1)).toMatchObject({ status: 3, retiredBlock: 0 })
    expect(f.world.adapters.read('acceptsVersion', [id, 1])).toBe(true)
    expect(f.world.adapters.read('acceptsVersion', [id, 2])).toBe(false)

    const draft = f.world.versionDraft([{ datanetId: f.datanetId, version: 1 }])
    const next = (valueWei: bigint) =>
      f.world.adapters.try('newVersion', [id, draft], { from: owner.address, valueWei })
    expect(next(OPEN - 1n)).toMatchObject({ error: 'BondTooLow', args: [OPEN - 1n, OPEN] })
    expect(next(OPEN)).toMatchObject({ ok: true, value: 3 })
    f.world.publishRows(id, owner, f.rows)
    f.world.chain.advance(challengeWindowBlocks)
    expect(adapterOf(f, id)).toMatchObject({ version: 3, bondWei: OPEN })
    checkBooks(f, OPEN)
  })

  it('refute the adapter also where an earlier draft was dropped', () => {
    const f = withAuditors()
    const id = created(f)
    f.world.adapters.send('dropDraft', [id], { from: owner.address })
    publishNext(f, id)
    challenge(f, id)
    judge(f, id, [2, 2, 2])
    resolve(f, id)
    expect(adapterOf(f, id).status).toBe(6)
  })

  it('need more than half of all seats, not of the reveals', () => {
    const f = withAuditors()
    const id = published(f)
    challenge(f, id)
    judge(f, id, [2, 0, 0])
    expect(resolve(f, id)).toBe(5)
    expect(adapterOf(f, id)).toMatchObject({ status: 3, bondWei: OPEN })
  })
})

describe('rows that are right', () => {
  it('cost the challenger its bond: half to the auditors who said so, the rest to the owner', () => {
    const f = withAuditors()
    const id = published(f)
    challenge(f, id)
    const committee = judge(f, id, [1, 2, 1])
    expect(resolve(f, id)).toBe(3)
    const each = rowChallengeBondWei / 2n / 2n
    expect(committee.map((auditor) => credit(f, auditor))).toEqual([each, 0n, each])
    expect(credit(f, owner)).toBe(rowChallengeBondWei - 2n * each)
    expect(credit(f, challenger)).toBe(0n)
    checkBooks(f, OPEN)
  })

  it('can be challenged for as many blocks as were left, so that a challenge of one’s own gains nothing', () => {
    const f = withAuditors()
    const id = published(f)
    f.world.chain.advance(3)
    const left = challengeWindowBlocks - 3
    challenge(f, id)
    judge(f, id, [1, 1, 0])
    resolve(f, id)
    const end = blockOf(f) + left
    expect(versionOf(f, id)).toMatchObject({ status: 2, challengeEndBlock: end, activeFromBlock: end })
    f.world.chain.advance(left - 1)
    expect(adapterOf(f, id).status).toBe(2)
    const before = f.world.chain.number
    challenge(f, id, 4)
    judge(f, id, [1, 1, 1])
    resolve(f, id)
    // one block was left
    expect(versionOf(f, id).activeFromBlock).toBe(blockOf(f) + 1)
    expect(f.world.chain.number).toBeGreaterThan(before)
    f.world.chain.advance()
    expect(adapterOf(f, id)).toMatchObject({ status: 3, version: 1 })
    expect(tryChallenge(f, id)).toMatchObject({ error: 'WrongStatus', args: [3] })
  })

  it('retire the version before only from when they are active', () => {
    const f = withAuditors()
    const id = active(f)
    publishNext(f, id)
    challenge(f, id, FOLD)
    judge(f, id, [1, 1, 1])
    resolve(f, id)
    const { activeFromBlock } = versionOf(f, id, 2)
    expect(activeFromBlock).toBe(blockOf(f) + challengeWindowBlocks)
    expect(versionOf(f, id, 1).retiredBlock).toBe(activeFromBlock + testParameters.priceRiseDelayBlocks)
  })

  it('are free again to be challenged when the next challenge is of another version', () => {
    const f = withAuditors()
    const id = published(f)
    challenge(f, id)
    judge(f, id, [1, 1, 1])
    resolve(f, id)
    f.world.chain.advance(challengeWindowBlocks)
    publishNext(f, id)
    expect(challenge(f, id, 1)).toBe(2n)
    expect(challengeOf(f, id)).toMatchObject({
      challengeId: 2n,
      version: 2,
      status: 1,
      committed: 0,
      revealed: 0,
      committee: [],
    })
  })
})

describe('a challenge without a majority', () => {
  it('gives the bond back; the version is active from the decision, or from the end of its window', () => {
    const f = withAuditors()
    const id = published(f)
    challenge(f, id)
    judge(f, id, [1, 2, 0])
    expect(resolve(f, id)).toBe(5)
    expect(credit(f, challenger)).toBe(rowChallengeBondWei)
    checkBooks(f, OPEN)
    const decided = blockOf(f)
    // published 8 blocks before its end, decided 8 blocks after the challenge
    expect(versionOf(f, id)).toMatchObject({
      status: 3,
      activeFromBlock: decided,
      challengeEndBlock: decided,
    })

    const longWindow = {
      ...testParameters,
      challengeWindowBlocks: 24,
      hostExitBlocks: 60,
      adapterExitBlocks: 60,
      auditorExitBlocks: 60,
    }
    const slow = fixture(5, new World(longWindow))
    registerAuditors(slow)
    const other = published(slow)
    const { challengeEndBlock } = versionOf(slow, other)
    challenge(slow, other)
    judge(slow, other, [4, 1, 0])
    resolve(slow, other)
    expect(blockOf(slow)).toBeLessThan(challengeEndBlock)
    expect(versionOf(slow, other)).toMatchObject({ status: 2, activeFromBlock: challengeEndBlock })
  })
})

describe('bonds', () => {
  const wei = fc.bigInt({ min: 0n, max: (1n << 96n) - 1n })
  const seats = fc.integer({ min: 0, max: 3 })

  it('are divided without a remainder, by the shares that the rules name', () => {
    fc.assert(
      fc.property(wei, seats, (bondWei, auditors_) => {
        const count = BigInt(auditors_)
        const slashed = divideSlashed(bondWei, auditors_)
        expect(slashed.challengerWei + slashed.auditorWei * count + slashed.treasuryWei).toBe(bondWei)
        expect(slashed.challengerWei).toBe(bondWei / 2n)
        expect(slashed.auditorWei * count).toBeLessThanOrEqual(bondWei / 4n)
        expect(slashed.treasuryWei >= bondWei / 4n).toBe(true)
        const lost = divideLost(bondWei, auditors_)
        expect(lost.auditorWei * count + lost.ownerWei).toBe(bondWei)
        expect(lost.auditorWei * count).toBeLessThanOrEqual(bondWei / 2n)
        if (auditors_ > 0) {
          expect(bondWei / 4n - slashed.auditorWei * count).toBeLessThan(count)
          expect(bondWei / 2n - lost.auditorWei * count).toBeLessThan(count)
        }
      }),
    )
  })
})
