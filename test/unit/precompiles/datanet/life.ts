import { encodeAbiParameters, hashTypedData, keccak256, parseAbiParameters } from 'viem'
import { expect } from 'vitest'
import { DATANET_ADDRESS } from '../../../../precompiles/addresses.ts'
import type { Hash } from '../../../../src/primitives/hex.ts'
import {
  type Account,
  account,
  type ContributionSpec,
  contribution,
  datanetTerms,
  nearMinhash,
  numbers,
  OPEN,
  signHex,
  testHash,
  testParameters,
  type World,
} from '../../../support/precompileWorld.ts'

const SALT = testHash('life salt')
const owner = account(200)
const heir = account(201)
const contributors = [account(202), account(203), account(204)] as const
const sponsor = account(205)
const challenger = account(206)
const appointed = Array.from({ length: 4 }, (_, n) => account(210 + n))
const bonded = Array.from({ length: 7 }, (_, n) => account(220 + n))
const everybody = [owner, heir, ...contributors, sponsor, challenger, ...appointed, ...bonded]

const commitTypes = {
  Commit: [
    { name: 'datanetId', type: 'uint64' },
    { name: 'commitment', type: 'bytes32' },
    { name: 'sponsor', type: 'address' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadlineBlock', type: 'uint64' },
    { name: 'genesisHash', type: 'bytes32' },
  ],
} as const

interface Offered {
  readonly id: bigint
  readonly spec: ContributionSpec
}

interface Opinion {
  readonly by: Account
  readonly id: bigint
  readonly report: unknown
}

type Numbers = () => number

/** Steps that the weights of a test choose from. */
export const datanetSteps = [
  'commit',
  'time',
  'reveal',
  'order',
  'draw',
  'score',
  'open',
  'resolve',
  'challenge',
  'release',
  'answer',
  'purse',
  'seats',
  'claim',
  'terms',
  'round',
] as const
export type DatanetStep = (typeof datanetSteps)[number]

/** One random life of a curated and an open Datanet; every step is tried, and many are refused. */
export class DatanetLife {
  readonly world: World
  readonly datanets: readonly [curated: bigint, open: bigint]
  readonly #offered: Offered[] = []
  readonly #planted = new Map<bigint, readonly [number, number]>()
  #opinions: Opinion[] = []
  #count = 0

  constructor(world: World) {
    this.world = world
    for (const { address } of everybody) world.chain.fund(address, 1_000_000n * OPEN)
    const terms = { bountyPerRecordWei: OPEN / 7n, scorerPayWei: OPEN / 3n }
    this.datanets = [world.createDatanet(owner, { terms }), world.createDatanet(owner, { terms, policy: 0 })]
    const [curated, open] = this.datanets
    for (const { address } of appointed) this.#try('appointScorer', [curated, address], owner)
    bonded.forEach((who, n) => {
      this.#try('joinScorers', [open], who, 100n * OPEN + BigInt(n) * 77n * OPEN)
    })
    for (const datanetId of this.datanets) this.#try('fund', [datanetId], heir, 3n * OPEN)
  }

  step(step: DatanetStep, seed: number): void {
    this.#steps[step](numbers(seed))
  }

  readonly #steps: Readonly<Record<DatanetStep, (next: Numbers) => void>> = {
    commit: (next) => this.#commit(next),
    time: (next) => this.world.chain.advance(1 + (next() % 3)),
    reveal: (next) => {
      for (const { id, spec } of this.#offered.filter(() => next() % 4 > 0).slice(-12)) {
        this.#try('revealContribution', this.world.revealArgs(id, spec), next() % 5 === 0 ? sponsor : spec.by)
      }
    },
    order: (next) => {
      for (const datanetId of this.datanets) this.#try('settleOrder', [datanetId, 1 + (next() % 8)], heir)
    },
    draw: () => this.#tryAll('drawScorers', [10, 11]),
    score: (next) => this.#score(next),
    open: (next) => {
      const opened = this.#opinions
      this.#opinions = []
      for (const opinion of opened) {
        const args = [[opinion.id], [opinion.report], SALT]
        const isOpen = next() % 8 > 0 && this.#try('revealScores', args, opinion.by)
        if (!isOpen && next() % 4 > 0) this.#opinions.push(opinion)
      }
    },
    resolve: () => this.#tryAll('resolve', [3, 11]),
    challenge: (next) => {
      const id = this.#ids([4]).at(-1 - (next() % 2))
      const { contributionChallengeBondWei } = testParameters
      if (id !== undefined)
        this.#try('challengeContribution', [id, 1, ''], challenger, contributionChallengeBondWei)
    },
    release: () => this.#tryAll('releaseContributions', [4, 5, 6]),
    answer: () => {
      for (const [id, range] of this.#planted) {
        const offered = this.#offered.find((one) => one.id === id)
        if (offered !== undefined) this.#try('revealKnownAnswer', [id, ...range, SALT], offered.spec.by)
      }
    },
    purse: (next) => {
      const datanetId = this.datanets[next() % 2]!
      this.#try('fund', [datanetId], heir, BigInt(next()) * 100_000_000n)
      const { purseWei } = this.world.datanets.read('getDatanet', [datanetId])
      if (next() % 3 === 0) this.#try('requestPurse', [datanetId, purseWei / BigInt(1 + (next() % 3))], owner)
      if (next() % 6 === 0) this.world.chain.advance(testParameters.purseExitBlocks)
      this.#try('withdrawPurse', [datanetId], owner)
    },
    seats: (next) => {
      const [curated, open] = this.datanets
      const [fixed, free] = [appointed[next() % 4]!, bonded[next() % 7]!]
      this.#try('dismissScorer', [curated, fixed.address], owner)
      if (next() % 4 > 0) this.#try('appointScorer', [curated, fixed.address], owner)
      if (next() % 3 === 0) this.#try('leaveScorers', [open], free)
      for (const who of bonded) this.#try('withdrawScorerBond', [open], who)
      this.#try('joinScorers', [open], free, BigInt(100 + (next() % 300)) * OPEN)
    },
    claim: (next) => {
      this.#try('claim', [], everybody[next() % everybody.length]!)
    },
    // all that brings contributions to their decisions, each step as incomplete as alone
    round: (next) => {
      this.world.chain.advance(2)
      const steps = ['reveal', 'order', 'time', 'draw', 'score', 'open', 'open', 'resolve'] as const
      for (const step of steps) this.#steps[step](next)
      if (next() % 3 > 0) return
      const { scoreCommitBlocks, scoreRevealBlocks } = testParameters
      this.world.chain.advance(scoreCommitBlocks + 1)
      this.#steps.open(next)
      this.world.chain.advance(scoreRevealBlocks)
      this.#steps.resolve(next)
    },
    terms: (next) => {
      const terms = datanetTerms({
        bountyPerRecordWei: BigInt(next()) * 100_000_000n,
        scorerPayWei: BigInt(next()) * 1_000_000_000n,
      })
      this.#try('setTerms', [this.datanets[next() % 2]!, terms], owner)
    },
  }

  #try(method: string, args: readonly unknown[], by: Account, valueWei = 0n): boolean {
    return this.world.datanets.try(method as never, args, { from: by.address, valueWei }).ok
  }

  #facts(id: bigint) {
    return this.world.datanets.read('getContribution', [id])
  }

  /** The newest contributions that are in one of these states. */
  #ids(statuses: readonly number[]): bigint[] {
    const newest = this.#offered.slice(-16).map(({ id }) => id)
    return newest.filter((id) => statuses.includes(this.#facts(id).status))
  }

  #tryAll(method: string, statuses: readonly number[]): void {
    const ids = this.#ids(statuses)
    if (ids.length > 0) this.#try(method, [ids], heir)
  }

  #commit(next: Numbers): void {
    this.#count += 1
    const datanetId = this.datanets[next() % 2]!
    const by = contributors[next() % 3]!
    const base = contribution(50_000 + this.#count, by)
    const earlier = this.#offered.at(-1 - (next() % 4))
    const target = this.#ids([4]).filter((id) => this.#facts(id).datanetId === datanetId)
    const spec: ContributionSpec = {
      ...base,
      ...(earlier !== undefined &&
        next() % 3 === 0 && { minhash: nearMinhash(earlier.spec.minhash, next() % 40) }),
      ...(earlier !== undefined && next() % 9 === 0 && { contentRoot: earlier.spec.contentRoot }),
      ...(target[0] !== undefined && next() % 3 === 0 && { kind: 2, targetId: target[0] }),
    }
    const contributions = this.world.datanets.read('counts')[1]
    const commitment = this.world.commitmentOf(datanetId, spec)
    const bondWei = OPEN + BigInt(next())
    const isDone =
      next() % 4 === 0
        ? this.#sponsored(datanetId, by, commitment, bondWei)
        : this.#try('commitContribution', [datanetId, commitment], by, bondWei)
    if (!isDone) return
    const id = contributions + 1n
    this.#offered.push({ id, spec })
    if (next() % 5 === 0) this.#plant(datanetId, id, by, next)
  }

  #sponsored(datanetId: bigint, by: Account, commitment: Hash, valueWei: bigint): boolean {
    const deadlineBlock = this.world.chain.number
    const message = {
      datanetId,
      commitment,
      sponsor: sponsor.address,
      nonce: this.world.datanets.read('nonces', [by.address]),
      deadlineBlock,
      genesisHash: this.world.chain.genesisHash,
    }
    const digest = hashTypedData({
      domain: { ...this.world.domain, verifyingContract: DATANET_ADDRESS },
      types: commitTypes,
      primaryType: 'Commit',
      message,
    })
    const args = [datanetId, by.address, commitment, deadlineBlock, signHex(digest, by)]
    return this.#try('commitContributionFor', args, sponsor, valueWei)
  }

  #plant(datanetId: bigint, id: bigint, by: Account, next: Numbers): void {
    const range = [next() % 5000, 5000 + (next() % 5000)] as const
    const types = parseAbiParameters('address, uint64, uint16, uint16, bytes32')
    const commitment = keccak256(encodeAbiParameters(types, [by.address, id, ...range, SALT]))
    if (this.#try('plantKnownAnswer', [datanetId, commitment], owner)) this.#planted.set(id, range)
  }

  /** Whoever is on a panel commits, mostly to much the same. */
  #score(next: Numbers): void {
    for (const id of this.#ids([3, 11])) {
      const offered = this.#offered.find((one) => one.id === id)
      if (offered === undefined) continue
      const common = [9000, 7000, 100][next() % 3]!
      const differs = next() % 4 === 0
      for (const seat of this.world.datanets.read('panelOf', [id])) {
        const by = everybody.find(({ address }) => address === seat.account.toLowerCase())
        if (by === undefined || next() % 8 === 0) continue
        const quality = next() % 6 === 0 ? next() % 10_001 : common
        const honest = this.world.report(offered.spec, quality, next() % 8)
        const report = differs && next() % 5 > 0 ? { ...honest, byteCount: 1n } : honest
        const commitment = this.world.scoreCommitment(by, [id], [report], SALT)
        if (this.#try('commitScores', [[id], commitment], by)) this.#opinions.push({ by, id, report })
      }
    }
  }

  /** What the registry's buckets are made of, for the Datanets and contributions of the whole chain. */
  check(others: readonly bigint[] = []): void {
    const { datanets } = this.world
    const totals = datanets.read('totals')
    const [datanetCount, contributionCount] = datanets.read('counts')
    const range = (count: bigint) => Array.from({ length: Number(count) }, (_, n) => BigInt(n + 1))
    const all = range(contributionCount).map((id) => this.#facts(id))
    const sum = (list: readonly bigint[]) => list.reduce((total, wei) => total + wei, 0n)
    const seats = [...this.datanets, ...others].flatMap((id) =>
      everybody.map(({ address }) => datanets.read('scorerInfo', [id, address]).bondWei),
    )
    const held = all.map((one) => one.bondWei + one.challengeBondWei)
    expect(sum([...held, ...seats])).toBe(totals.bondsWei)
    const purses = range(datanetCount).map((id) => datanets.read('getDatanet', [id]))
    expect(sum(purses.map((one) => one.purseWei + one.promisedWei))).toBe(totals.potsWei)
    purses.forEach(({ promisedWei }, index) => {
      const own = all.filter(({ datanetId }) => datanetId === BigInt(index + 1))
      expect(sum(own.map(({ bountyWei }) => bountyWei))).toBe(promisedWei)
    })
    for (const one of all) {
      const isBound = [1, 2, 3, 4, 10, 11].includes(one.status)
      if (!isBound) expect([one.bondWei, one.bountyWei]).toEqual([0n, 0n])
      if (one.status !== 11) expect(one.challengeBondWei).toBe(0n)
    }
  }
}
