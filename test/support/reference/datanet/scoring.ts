import { encodeAbiParameters, keccak256, parseAbiParameters } from 'viem'
import { contributionStatus as status } from '../../../../precompiles/datanet/layout.ts'
import { bitsIn, hasBit } from '../../../../precompiles/shared/bits.ts'
import type { Address, Hash } from '../../../../src/primitives/hex.ts'
import { testHash } from '../../precompileWorld.ts'
import type { Move } from '../subject.ts'
import { PEOPLE } from '../twinWorlds.ts'
import { type Cast, move } from './cast.ts'
import type { Contributing } from './contributing.ts'
import type { ContributionFacts } from './scan.ts'

const SALT = testHash('reference salt')

interface Opinion {
  readonly by: Address
  readonly ids: readonly bigint[]
  readonly reports: readonly unknown[]
  readonly commitment: Hash
  readonly tried: { times: number }
}

/** Panels, scores, decisions, and what undoes decisions. */
export class Scoring {
  readonly #cast: Cast
  readonly #contributing: Contributing
  readonly #answers = new Map<bigint, readonly [from: number, to: number]>()
  #opinions: Opinion[] = []

  constructor(cast: Cast, contributing: Contributing) {
    this.#cast = cast
    this.#contributing = contributing
  }

  draw(): Move | undefined {
    const { dice, scan } = this.#cast
    const ids = this.#cast.ids([status.waiting, status.challenged])
    if (ids.length === 0 && dice.below(12) > 0) return undefined
    const fixed = this.#cast.contributions([status.waiting, status.challenged]).map((one) => one.panelBlock)
    const soon = fixed.includes(scan.block()) && dice.below(3) > 0
    return move('drawScorers', [ids], this.#cast.anybody(), soon ? { advance: 1 } : {})
  }

  commit(): Move | undefined {
    const { dice, scan } = this.#cast
    const last = dice.below(12) === 0 ? 1 : scan.block()
    const open = this.#cast
      .contributions([status.scoring, status.challenged])
      .filter((one) => one.scoreCommitEndBlock >= last && this.#contributing.specOf(one) !== undefined)
    const waiting = open.filter((one) => (one.panel & ~one.scorersCommitted) !== 0n)
    if (waiting.length === 0) return undefined
    const inFocus = waiting.filter((one) => one.datanetId === this.#cast.focus)
    const first = dice.one(inFocus.length > 0 && dice.below(6) > 0 ? inFocus : waiting)
    const seat = dice.one(bitsIn(first.panel & ~first.scorersCommitted))
    const by = scan.scorer(first.datanetId, seat).account
    const also = waiting.filter(
      (one) =>
        one.datanetId === first.datanetId &&
        one.contributionId !== first.contributionId &&
        hasBit(one.panel & ~one.scorersCommitted, seat) &&
        dice.below(4) > 0,
    )
    const all = [first, ...also.slice(0, 5)]
    const ids = all.map(({ contributionId }) => contributionId)
    const reports = all.map((one) => this.#report(one))
    const commitment = this.#cast.start.world.scoreCommitment({ address: by } as never, ids, reports, SALT)
    this.#opinions.push({ by, ids, reports, commitment, tried: { times: 0 } })
    return move('commitScores', [ids, commitment], by)
  }

  /** Scorers of one contribution mostly agree. */
  #report(one: ContributionFacts): unknown {
    const { dice, start } = this.#cast
    const spec = this.#contributing.specOf(one)
    const mood = (Number(one.contributionId) * 7 + one.round * 3) % 10
    const common = mood < 6 ? 8000 : mood < 8 ? 2000 : 5000
    const odd = dice.below(24)
    const quality =
      odd === 0 ? dice.one([0, 10_000, 10_001, 4999, 5000]) : odd < 5 ? dice.below(10_001) : common
    const reason = odd === 5 ? dice.one([8, 255]) : dice.below(8)
    if (spec === undefined) throw new Error('only what is known is scored')
    const honest = start.world.report(spec, quality, reason)
    const lies = mood === 9 ? dice.below(6) > 0 : dice.below(8) === 0
    if (!lies) return honest
    return {
      ...honest,
      ...dice.one([{ byteCount: 1n }, { recordCount: 9 }, { minhashHash: SALT }, { contentRoot: SALT }]),
    }
  }

  reveal(): Move | undefined {
    const { dice, scan } = this.#cast
    const kept = this.#opinions.filter(({ by, commitment }) => scan.hasScoreCommitment(by, commitment))
    const gone = this.#opinions.find((one) => !kept.includes(one))
    this.#opinions = kept
    const choice = gone !== undefined && dice.below(16) === 0 ? [gone] : kept
    if (choice.length === 0) return undefined
    const opinion = dice.one(choice)
    const { by, ids, reports } = opinion
    // what failed twice will not do better
    if (opinion.tried.times > 1) this.#opinions = this.#opinions.filter((one) => one !== opinion)
    opinion.tried.times += 1
    const args = [ids, dice.below(40) === 0 ? reports.slice(1) : reports, SALT]
    const [first] = ids
    const end = first === undefined ? 0 : scan.contribution(first).scoreCommitEndBlock
    const isComplete = ids.every((id) => {
      const { panel, scorersCommitted } = scan.contribution(id)
      return panel === scorersCommitted
    })
    const wait = isComplete ? 0 : end + 1 - scan.block()
    return move('revealScores', args, by, wait > 0 && dice.below(4) > 0 ? { advance: wait } : {})
  }

  resolve(): Move | undefined {
    const { dice, scan } = this.#cast
    const going = this.#cast.contributions([status.scoring, status.challenged])
    const ends = going.map((one) => one.scoreRevealEndBlock + 1 - scan.block()).filter((wait) => wait > 0)
    const wait = ends.length > 0 && dice.below(6) === 0 ? { advance: Math.min(...ends) } : {}
    const ids = this.#cast.ids([status.scoring, status.challenged])
    if (ids.length === 0 && dice.below(12) > 0) return undefined
    return move('resolve', [ids], this.#cast.anybody(), wait)
  }

  challenge(): Move | undefined {
    const { dice, scan, parameters } = this.#cast
    const fresh = this.#cast
      .contributions([status.accepted])
      .filter((one) => one.challengeEndBlock >= scan.block())
    const one =
      fresh.length > 0 && dice.below(8) > 0 ? dice.one(fresh) : this.#cast.contribution(status.accepted)
    if (one === undefined) return undefined
    const { activeSeats } = scan.datanet(one.datanetId)
    const scorers = scan.seats(one.datanetId, activeSeats).map(({ account }) => account)
    const odd = dice.below(10)
    const by = odd === 0 ? one.contributor : dice.one(odd < 3 && scorers.length > 0 ? scorers : PEOPLE)
    const evidence = dice.one(['', 'bafyevidence', 'bafyevidence', '\u200f', 'x'.repeat(129)])
    const reason = dice.below(16) === 0 ? 8 : dice.below(8)
    const bondWei = parameters.contributionChallengeBondWei
    return move('challengeContribution', [one.contributionId, reason, evidence], by, {
      valueWei: dice.below(16) === 0 ? bondWei - 1n : bondWei,
    })
  }

  release(): Move | undefined {
    const { dice, scan } = this.#cast
    const ends = this.#cast
      .contributions([status.accepted])
      .map((one) => one.challengeEndBlock + 1 - scan.block())
      .filter((wait) => wait > 0)
    const wait = ends.length > 0 && dice.below(3) === 0 ? { advance: Math.min(...ends) } : {}
    const ids = this.#cast.ids([status.accepted])
    if (ids.length === 0 && dice.below(12) > 0) return undefined
    return move('releaseContributions', [ids], this.#cast.anybody(), wait)
  }

  /** A known answer for a contribution that is not on its panel yet. */
  plant(): Move | undefined {
    const { dice, scan } = this.#cast
    const one = this.#cast.contribution(status.committed, status.revealed)
    if (one === undefined) return undefined
    const known = this.#answers.get(one.contributionId)
    const again = known !== undefined && dice.below(3) === 0
    const range = again
      ? known
      : dice.one([
          [7000, 9000],
          [0, 10_000],
          [4000, 4500],
          [1000, 3000],
          [5000, 10_000],
          [8000, 8000],
          [9000, 2000],
          [0, 10_001],
        ] as const)
    this.#answers.set(one.contributionId, range)
    const types = parseAbiParameters('address, uint64, uint16, uint16, bytes32')
    const commitment = keccak256(
      encodeAbiParameters(types, [one.contributor, one.contributionId, ...range, SALT]),
    )
    const { owner } = scan.datanet(one.datanetId)
    const kept = dice.below(24) === 0 ? (`0x${'00'.repeat(32)}` as const) : commitment
    return move('plantKnownAnswer', [one.datanetId, kept], owner)
  }

  answer(): Move | undefined {
    const { dice, scan } = this.#cast
    const decided = [...this.#answers.keys()].filter((id) => {
      const { status: now, challengeEndBlock } = scan.contribution(id)
      if (now === status.accepted) return challengeEndBlock >= scan.block()
      return now === status.rejected
    })
    const known = decided.length > 0 && dice.below(6) > 0 ? decided : [...this.#answers.keys()]
    if (known.length === 0) return undefined
    const id = dice.one(known)
    const [from, to] = this.#answers.get(id) ?? [0, 0]
    return move('revealKnownAnswer', [id, from, to, SALT], scan.contribution(id).contributor)
  }
}
