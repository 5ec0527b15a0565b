import { bitmapBytes } from '../../ledger/certificate.ts'
import type { ValidatorSet } from '../../ledger/validators.ts'
import type { Vote, VoteType } from '../../ledger/vote.ts'
import type { Hash } from '../../primitives/hex.ts'

export interface VoteOutcome {
  /** Whether the vote was new and is counted now, or will be when its round comes within reach. */
  readonly added: boolean
  /** The validator's earlier, different vote of this round and type, the first time that one is caught. */
  readonly conflictsWith: Vote | null
}

type Choice = Hash | 'nil'

/** Votes of one round and type. */
interface Tally {
  /** The first vote of each validator, by its index in the set. */
  readonly first: Map<number, Vote>
  readonly firstPower: Map<Choice, bigint>
  /** Second votes of validators that were caught, by choice and index; see `VoteKeeper`. */
  readonly second: Map<Choice, Map<number, Vote>>
  readonly power: Map<Choice, bigint>
  totalPower: bigint
}

/**
 * The message log of one height, votes only. The first vote of a validator for a round and type counts. A second,
 * different one is evidence; it counts too, but only for a choice that more than 1/3 of the power made with its
 * first votes. Dropping it altogether would let one faulty validator show a quorum to one honest node and hide it
 * from the others for ever: the locked node could then never convince them (line 28). At most two choices can have
 * such support, so memory stays bounded, and anyone's power counts once for each choice, as in the paper.
 *
 * Rounds up to `futureRounds` above the own one are kept whole; of what lies beyond only each validator's highest
 * vote of each type is kept, which is what a node left far behind needs to catch up.
 */
export class VoteKeeper {
  readonly #set: ValidatorSet
  readonly #futureRounds: number
  readonly #tallies = new Map<number, Record<VoteType, Tally>>()
  readonly #far: Record<VoteType, Map<number, Vote>> = { prevote: new Map(), precommit: new Map() }
  readonly #reported = new Set<string>()
  /** Highest round in which each validator, by index, sent anything. */
  readonly #highestRound = new Map<number, number>()

  constructor(set: ValidatorSet, futureRounds: number) {
    this.#set = set
    this.#futureRounds = futureRounds
  }

  /** Whether `add` would count or report the vote; lets the caller skip a signature check. */
  isNew(vote: Vote, ownRound: number): boolean {
    const index = this.#set.indexOf(vote.validator)
    if (index === undefined) return false
    const known = this.#find(vote.type, vote.round, index)
    if (known !== undefined) {
      if (known.blockHash === vote.blockHash) return false
      return !this.#reported.has(slotOf(vote, index)) || this.#isSupportedSecond(vote, index)
    }
    if (!this.#isFar(vote.round, ownRound)) return true
    const far = this.#far[vote.type].get(index)
    return far === undefined || far.round < vote.round
  }

  add(vote: Vote, ownRound: number): VoteOutcome {
    const index = this.#set.indexOf(vote.validator)
    if (index === undefined || !this.isNew(vote, ownRound)) return { added: false, conflictsWith: null }
    const known = this.#find(vote.type, vote.round, index)
    if (known !== undefined) return this.#addSecond(vote, known, index)
    this.noteRound(index, vote.round)
    if (this.#isFar(vote.round, ownRound)) this.#far[vote.type].set(index, vote)
    else this.#addFirst(vote, index)
    return { added: true, conflictsWith: null }
  }

  /** A message of another kind (a proposal) shows that its sender is in that round. */
  noteRound(index: number, round: number): void {
    if (round > (this.#highestRound.get(index) ?? -1)) this.#highestRound.set(index, round)
  }

  /** Counts the far votes that a later own round brought within reach. */
  advance(ownRound: number): void {
    for (const far of Object.values(this.#far)) {
      for (const [index, vote] of far) {
        if (this.#isFar(vote.round, ownRound)) continue
        far.delete(index)
        this.#addFirst(vote, index)
      }
    }
  }

  /** 2f+1 votes of this round and type for this block hash, or for nil (null). */
  hasQuorum(type: VoteType, round: number, blockHash: Hash | null): boolean {
    const power = this.#tallies.get(round)?.[type].power.get(choiceOf(blockHash)) ?? 0n
    return this.#set.isQuorum(power)
  }

  /** The block hash (null for nil) that holds 2f+1 votes, or undefined. */
  quorumChoice(type: VoteType, round: number): Hash | null | undefined {
    const tally = this.#tallies.get(round)?.[type]
    if (tally === undefined) return undefined
    for (const [choice, power] of tally.power) {
      if (this.#set.isQuorum(power)) return choice === 'nil' ? null : choice
    }
    return undefined
  }

  /** 2f+1 votes of this round and type, for whatever (the paper's ∗). */
  hasAnyQuorum(type: VoteType, round: number): boolean {
    return this.#set.isQuorum(this.#tallies.get(round)?.[type].totalPower ?? 0n)
  }

  /**
   * The highest round that validators of more than 1/3 of the power have reached, −1 if none. Line 55 asks for f+1
   * messages of one round; f+1 validators at that round *or above* hold an honest one as well, and one that is
   * above it has been through it, so the weaker condition is as safe and catches up sooner.
   */
  supportedRound(): number {
    const byRound = [...this.#highestRound].sort(([, a], [, b]) => b - a)
    let power = 0n
    for (const [index, round] of byRound) {
      power += this.#powerOf(index)
      if (this.#set.isHonestSupport(power)) return round
    }
    return -1
  }

  /** First votes, in the order of the set. */
  votes(type: VoteType, round: number): Vote[] {
    return inOrder(this.#tallies.get(round)?.[type].first ?? new Map())
  }

  /** All votes counted for this choice, in the order of the set. */
  votesFor(type: VoteType, round: number, blockHash: Hash | null): Vote[] {
    const tally = this.#tallies.get(round)?.[type]
    if (tally === undefined) return []
    const votes = new Map(tally.second.get(choiceOf(blockHash)))
    for (const [index, vote] of tally.first) if (vote.blockHash === blockHash) votes.set(index, vote)
    return inOrder(votes)
  }

  /** Whose first vote is here, as a bitmap in the order of the set (the form of `Certificate.signers`). */
  bitmap(type: VoteType, round: number): Uint8Array {
    const bits = new Uint8Array(bitmapBytes(this.#set.size))
    for (const index of this.#tallies.get(round)?.[type].first.keys() ?? []) {
      bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7))
    }
    return bits
  }

  /** Rounds with any counted vote, ascending. */
  rounds(): number[] {
    return [...this.#tallies.keys()].sort((a, b) => a - b)
  }

  #isFar(round: number, ownRound: number): boolean {
    return round > ownRound + this.#futureRounds
  }

  #find(type: VoteType, round: number, index: number): Vote | undefined {
    const counted = this.#tallies.get(round)?.[type].first.get(index)
    if (counted !== undefined) return counted
    const far = this.#far[type].get(index)
    return far?.round === round ? far : undefined
  }

  /** Not counted yet, and for a choice with honest support among first votes. */
  #isSupportedSecond(vote: Vote, index: number): boolean {
    const tally = this.#tallies.get(vote.round)?.[vote.type]
    if (tally === undefined) return false
    const choice = choiceOf(vote.blockHash)
    if (tally.second.get(choice)?.has(index)) return false
    return this.#set.isHonestSupport(tally.firstPower.get(choice) ?? 0n)
  }

  #addSecond(vote: Vote, known: Vote, index: number): VoteOutcome {
    const slot = slotOf(vote, index)
    const conflictsWith = this.#reported.has(slot) ? null : known
    this.#reported.add(slot)
    const added = this.#isSupportedSecond(vote, index)
    if (added) {
      const tally = this.#tally(vote)
      const choice = choiceOf(vote.blockHash)
      const votes = tally.second.get(choice) ?? new Map<number, Vote>()
      tally.second.set(choice, votes.set(index, vote))
      addPower(tally.power, choice, this.#powerOf(index))
    }
    return { added, conflictsWith }
  }

  #addFirst(vote: Vote, index: number): void {
    const tally = this.#tally(vote)
    const choice = choiceOf(vote.blockHash)
    tally.first.set(index, vote)
    addPower(tally.firstPower, choice, this.#powerOf(index))
    addPower(tally.power, choice, this.#powerOf(index))
    tally.totalPower += this.#powerOf(index)
  }

  #tally(vote: Vote): Tally {
    let round = this.#tallies.get(vote.round)
    if (round === undefined) {
      round = { prevote: emptyTally(), precommit: emptyTally() }
      this.#tallies.set(vote.round, round)
    }
    return round[vote.type]
  }

  #powerOf(index: number): bigint {
    return this.#set.at(index)?.power ?? 0n
  }
}

function emptyTally(): Tally {
  return { first: new Map(), firstPower: new Map(), second: new Map(), power: new Map(), totalPower: 0n }
}

function addPower(powers: Map<Choice, bigint>, choice: Choice, power: bigint): void {
  powers.set(choice, (powers.get(choice) ?? 0n) + power)
}

function choiceOf(blockHash: Hash | null): Choice {
  return blockHash ?? 'nil'
}

function inOrder(votes: ReadonlyMap<number, Vote>): Vote[] {
  return [...votes].sort(([a], [b]) => a - b).map(([, vote]) => vote)
}

function slotOf(vote: Vote, index: number): string {
  return `${vote.round}:${vote.type}:${index}`
}
