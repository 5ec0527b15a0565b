import { type Certificate, checkCertificate } from '../../../src/ledger/certificate.ts'
import type { ValidatorSet } from '../../../src/ledger/validators.ts'
import type { SigningDomain, UnsignedProposal, UnsignedVote } from '../../../src/ledger/vote.ts'
import type { Address, Hash } from '../../../src/primitives/hex.ts'

/** A property that must hold in every run did not. */
export class SimFailure extends Error {}

/** Two certificates for one height: with at most f faulty validators there is none. */
export interface Fork {
  readonly height: number
  readonly set: ValidatorSet
  readonly first: Certificate
  readonly second: Certificate
}

interface Decision {
  readonly certificate: Certificate
  readonly set: ValidatorSet
}

type Choice = Hash | null

export interface MonitorOptions {
  readonly domain: SigningDomain
  readonly isHonest: (address: Address) => boolean
  /** More than f validators are faulty: forks are collected and end no run. */
  readonly expectsForks?: boolean
}

/**
 * Watches everything that is signed and committed. What goes over the wire is a part of what is signed, so a rule that
 * holds for all signatures holds for the wire. A violation is thrown.
 */
export class SafetyMonitor {
  readonly #options: MonitorOptions
  readonly #sets = new Map<number, ValidatorSet>()
  readonly #decided = new Map<number, Decision>()
  /** What each validator signed at a place; more than one choice only from faulty ones. */
  readonly #signed = new Map<string, string>()
  /** Prevotes by height, then by round and block. */
  readonly #prevotes = new Map<number, Map<string, Set<Address>>>()
  /** The newest precommit of each validator for a block, which is its lock. */
  readonly #locks = new Map<Address, { height: number; round: number; blockHash: Hash }>()
  /** Highest round in which an honest validator signed, by height. */
  readonly #rounds = new Map<number, number>()
  readonly forks: Fork[] = []
  /** Rounds that honest validators may reach, by height, once the network has healed. */
  roundBound: (height: number) => number = () => Number.POSITIVE_INFINITY
  maxRound = 0
  /** Heights decided above round 0. */
  roundsAboveZero = 0
  /** Locks that moved to a later round, and those of them that moved to another block. */
  lockMoves = 0
  lockChanges = 0

  constructor(options: MonitorOptions) {
    this.#options = options
  }

  /** All nodes must take the same set for a height. */
  onHeight(node: number, height: number, set: ValidatorSet): void {
    const known = this.#sets.get(height)
    if (known === undefined) this.#sets.set(height, set)
    else if (known !== set && textOf(known) !== textOf(set) && this.#options.expectsForks !== true) {
      throw new SimFailure(`Node ${node} takes another validator set for height ${height}.`)
    }
  }

  setAt(height: number): ValidatorSet | undefined {
    return this.#sets.get(height)
  }

  /** One block per height, decided by a quorum of the height's set. */
  onCommit(node: number, height: number, certificate: Certificate): void {
    const set = this.#sets.get(height)
    if (set === undefined || certificate.height !== height) {
      throw new SimFailure(`Node ${node} committed another height's block at ${height}.`)
    }
    const first = this.#decided.get(height)
    if (first !== undefined && first.certificate.blockHash === certificate.blockHash) {
      if (first.certificate !== certificate) this.#checkOnce(set, certificate)
      return
    }
    checkCertificate(this.#options.domain, set, certificate)
    this.maxRound = Math.max(this.maxRound, certificate.round)
    if (first === undefined) {
      if (certificate.round > 0) this.roundsAboveZero++
      this.#decided.set(height, { certificate, set })
      this.#forget(height)
      return
    }
    this.forks.push({ height, set, first: first.certificate, second: certificate })
    if (this.#options.expectsForks !== true) {
      throw new SimFailure(
        `Node ${node} decided ${certificate.blockHash} at height ${height}, others ${first.certificate.blockHash}.`,
      )
    }
  }

  decided(height: number): Certificate | undefined {
    return this.#decided.get(height)?.certificate
  }

  onVoteSigned(vote: UnsignedVote): void {
    const { type, height, round, blockHash, validator } = vote
    const isHonest = this.#options.isHonest(validator)
    if (isHonest) {
      this.#note(`${validator}:${height}:${round}:${type}`, blockHash ?? 'nil')
      this.#checkRound(height, round, validator)
      if (type === 'prevote') this.#checkLock(vote)
    }
    if (type === 'prevote') this.#addPrevote(height, round, blockHash, validator)
    else if (isHonest && blockHash !== null) this.#lock(validator, { height, round, blockHash })
  }

  onProposalSigned(proposal: UnsignedProposal): void {
    const { height, round, blockHash, validRound, proposer } = proposal
    if (!this.#options.isHonest(proposer)) return
    this.#note(`${proposer}:${height}:${round}:proposal`, `${blockHash}:${validRound}`)
    this.#checkRound(height, round, proposer)
  }

  highestRound(height: number): number {
    return this.#rounds.get(height) ?? -1
  }

  highestRoundAfter(height: number): number {
    return Math.max(-1, ...[...this.#rounds].filter(([each]) => each > height).map(([, round]) => round))
  }

  #note(place: string, choice: string): void {
    const first = this.#signed.get(place)
    if (first === undefined) this.#signed.set(place, choice)
    else if (first !== choice) throw new SimFailure(`An honest validator signed twice: ${place}.`)
  }

  #checkRound(height: number, round: number, validator: Address): void {
    if (round > this.highestRound(height)) this.#rounds.set(height, round)
    if (round <= this.roundBound(height)) return
    throw new SimFailure(
      `${validator} is in round ${round} of height ${height}; ${this.roundBound(height)} rounds are enough once ` +
        'the network has healed.',
    )
  }

  /**
   * Whoever precommitted a block prevotes for another one only after a polka for that one in the round of its lock or a
   * later one (lines 23 and 29): the invariant on which safety rests, so its loss shows long before a fork does.
   */
  #checkLock({ height, round, blockHash, validator }: UnsignedVote): void {
    const lock = this.#locks.get(validator)
    if (lock === undefined || lock.height !== height || blockHash === null) return
    if (blockHash === lock.blockHash || round <= lock.round) return
    for (let each = lock.round; each < round; each++) if (this.#hasPolka(height, each, blockHash)) return
    throw new SimFailure(
      `${validator} is locked on ${lock.blockHash} since round ${lock.round} of height ${height} and prevoted for ` +
        `${blockHash} in round ${round}, which no polka allows.`,
    )
  }

  #lock(validator: Address, lock: { height: number; round: number; blockHash: Hash }): void {
    const before = this.#locks.get(validator)
    if (before?.height === lock.height && before.round < lock.round) {
      this.lockMoves++
      if (before.blockHash !== lock.blockHash) this.lockChanges++
    }
    this.#locks.set(validator, lock)
  }

  #addPrevote(height: number, round: number, blockHash: Choice, validator: Address): void {
    if (blockHash === null) return
    const ofHeight = this.#prevotes.get(height) ?? new Map<string, Set<Address>>()
    this.#prevotes.set(height, ofHeight)
    const key = `${round}:${blockHash}`
    const voters = ofHeight.get(key)
    if (voters === undefined) ofHeight.set(key, new Set([validator]))
    else voters.add(validator)
  }

  #hasPolka(height: number, round: number, blockHash: Hash): boolean {
    const set = this.#sets.get(height)
    const voters = this.#prevotes.get(height)?.get(`${round}:${blockHash}`)
    if (set === undefined || voters === undefined) return false
    let power = 0n
    for (const validator of voters) power += set.get(validator)?.power ?? 0n
    return set.isQuorum(power)
  }

  /** Each of the few certificates that a height gets is checked; nodes hand in equal ones many times. */
  readonly #checked = new WeakSet<Certificate>()
  #checkOnce(set: ValidatorSet, certificate: Certificate): void {
    if (this.#checked.has(certificate)) return
    this.#checked.add(certificate)
    checkCertificate(this.#options.domain, set, certificate)
  }

  /** Nodes still vote on the last heights when one is decided; on much older ones they do not. */
  #forget(height: number): void {
    this.#prevotes.delete(height - 50)
  }
}

function textOf(set: ValidatorSet): string {
  return set.validators
    .map(({ address, feeRecipient, power }) => `${address}:${feeRecipient}:${power}`)
    .join(',')
}
