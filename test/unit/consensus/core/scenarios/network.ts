import { HeightDriver } from '../../../../../src/consensus/core/driver.ts'
import { devnetTimeouts } from '../../../../../src/consensus/core/timeouts.ts'
import type { Effect, Evidence, Input } from '../../../../../src/consensus/core/types.ts'
import { OutstandingEffects } from '../../../../../src/consensus/outstanding.ts'
import { proposerAt } from '../../../../../src/consensus/proposer.ts'
import type { ValidatorSet } from '../../../../../src/ledger/validators.ts'
import type { Proposal, UnsignedVote, Vote, VoteType } from '../../../../../src/ledger/vote.ts'
import type { Hash } from '../../../../../src/primitives/hex.ts'
import { SIGNATURE_BYTES } from '../../../../../src/primitives/secp256k1.ts'
import { addressOf, HEIGHT, hashOf, makeSet, proposal, vote } from '../../support.ts'

const DELAY_MS = 10
const BUILD_MS = 20
const JUDGE_MS = 5
/** How often a node that has not decided is sent again what the others know. */
const REPEAT_MS = 400
const NO_SIGNATURE = new Uint8Array(SIGNATURE_BYTES)

export type Message = Extract<Input, { type: 'proposal' | 'vote' }>
export type Judgement = Extract<Effect, { type: 'validateValue' }>

export interface ScenarioOptions {
  /** Four validators of power 1 unless given. */
  readonly powers?: readonly number[]
  /** Validators that run no node; the test speaks for them. */
  readonly absent?: readonly number[]
}

interface Node {
  readonly index: number
  driver: HeightDriver
  /** Every input that the core took, in order: all that a restart has. */
  readonly log: Input[]
  incarnation: number
  readonly evidence: Evidence[]
  /** Requests that were withdrawn. */
  readonly cancelled: Set<string>
  decided: { readonly round: number; readonly blockHash: Hash; readonly by: readonly Vote[] } | null
  isHalted: boolean
}

interface Event {
  readonly atMs: number
  /** An own message goes before whatever else happens at that moment. */
  readonly isOwn: boolean
  readonly node: Node
  readonly incarnation: number
  /** Who sent it, or null for what happens inside of the node. */
  readonly from: number | null
  readonly run: () => void
}

/**
 * One height of several cores, with nothing else real: a message takes 10 ms, what is signed is believed, and a value
 * is its hash. The log of inputs is what a restart replays. It throws as soon as two nodes decide differently or one
 * signs two votes for one place.
 */
export class ScenarioNetwork {
  readonly set: ValidatorSet
  readonly nodes: readonly Node[]
  nowMs = 0
  /** Events that were handled. */
  handled = 0
  /** Whether a message gets from one validator to another now. */
  passes: (from: number, to: number, message: Message) => boolean = () => true
  /** What the application of a node says. */
  judge: (node: number, request: Judgement) => boolean = () => true
  readonly #priorities: readonly bigint[]
  readonly #signed = new Map<string, Hash | null>()
  #queue: Event[] = []
  #decision: Hash | null = null

  constructor(options: ScenarioOptions = {}) {
    this.set = makeSet(...(options.powers ?? [1, 1, 1, 1]))
    this.#priorities = this.set.validators.map(() => 0n)
    this.nodes = this.set.validators
      .map((_, index) => index)
      .filter((index) => !options.absent?.includes(index))
      .map((index) => ({
        index,
        driver: this.#driverOf(index),
        log: [],
        incarnation: 0,
        evidence: [],
        cancelled: new Set(),
        decided: null,
        isHalted: false,
      }))
    for (const node of this.nodes) this.#begin(node)
  }

  proposer(round: number): number {
    return this.set.indexOf(proposerAt(this.set, this.#priorities, round))!
  }

  node(index: number): Node {
    return this.nodes.find((node) => node.index === index)!
  }

  /** What the proposer of a round builds. */
  valueOf(round: number): Hash {
    return hashOf(`built in round ${round}`)
  }

  rounds(): number[] {
    return this.nodes.map(({ driver }) => driver.state.round)
  }

  /** The block that each node decided. */
  decisions(): (Hash | null)[] {
    return this.nodes.map(({ decided }) => decided?.blockHash ?? null)
  }

  isDecided(): boolean {
    return this.nodes.every(({ decided }) => decided !== null)
  }

  /** Handles one event; false when there is none. */
  step(): boolean {
    const event = this.#take()
    if (event === undefined) return false
    this.nowMs = event.atMs
    if (event.incarnation !== event.node.incarnation) return true
    this.handled++
    event.run()
    return true
  }

  /** Lets time pass until `until` holds or so much of it has; says whether it held. */
  run(maxMs: number, until: () => boolean = () => this.isDecided()): boolean {
    const endMs = this.nowMs + maxMs
    while (!until()) {
      const next = this.#next()
      if (next === undefined || next.atMs > endMs) {
        this.nowMs = endMs
        return false
      }
      this.step()
    }
    return true
  }

  /** All that is under way is lost. */
  loseMessages(lost: (from: number, to: number) => boolean = () => true): void {
    this.#queue = this.#queue.filter(({ from, node }) => from === null || !lost(from, node.index))
  }

  /** The node loses everything but its log, and comes back at once. */
  restart(index: number): void {
    const node = this.node(index)
    node.incarnation++
    node.driver = this.#driverOf(index)
    node.cancelled.clear()
    const outstanding = new OutstandingEffects()
    for (const input of node.log) {
      outstanding.settle(input)
      outstanding.add(node.driver.process(input))
    }
    this.#begin(node)
    for (const effect of outstanding.list()) this.#perform(node, effect)
  }

  /** A vote of a validator that the test speaks for. */
  vote(from: number, type: VoteType, round: number, blockHash: Hash | null, to?: readonly number[]): void {
    this.#send(from, { type: 'vote', vote: vote(from, type, round, blockHash) }, to)
  }

  /** Likewise a proposal. */
  propose(from: number, round: number, blockHash: Hash, validRound = -1, to?: readonly number[]): void {
    this.#send(from, { type: 'proposal', proposal: proposal(from, round, blockHash, validRound) }, to)
  }

  #driverOf(index: number): HeightDriver {
    return new HeightDriver({
      height: HEIGHT,
      set: this.set,
      priorities: this.#priorities,
      self: addressOf(index),
      timeouts: devnetTimeouts,
      futureRounds: 16,
    })
  }

  #begin(node: Node): void {
    if (node.driver.state.round < 0) this.#after(node, 0, () => this.#input(node, { type: 'start' }))
    const repeat = () => {
      for (const input of node.log) {
        if (input.type === 'vote' || input.type === 'proposal') this.#send(node.index, input)
      }
      this.#after(node, REPEAT_MS, repeat)
    }
    this.#after(node, REPEAT_MS, repeat)
  }

  #input(node: Node, input: Input): void {
    if (!node.driver.wants(input)) return
    node.log.push(input)
    for (const effect of node.driver.process(input)) this.#perform(node, effect)
  }

  #perform(node: Node, effect: Effect): void {
    switch (effect.type) {
      case 'signVote':
        this.#noteSigned(effect.vote)
        this.#own(node, { type: 'vote', vote: { ...effect.vote, signature: NO_SIGNATURE } })
        return
      case 'signProposal': {
        const signed: Proposal = { ...effect.proposal, signature: NO_SIGNATURE }
        this.#own(node, { type: 'proposal', proposal: signed })
        return
      }
      case 'broadcastVote':
        this.#send(node.index, { type: 'vote', vote: effect.vote })
        return
      case 'broadcastProposal':
        this.#send(node.index, { type: 'proposal', proposal: effect.proposal })
        return
      case 'buildValue': {
        const { round } = effect
        const built: Input = { type: 'built', round, blockHash: this.valueOf(round) }
        this.#after(node, BUILD_MS, () => {
          if (node.driver.isBuilding(round)) this.#input(node, built)
        })
        return
      }
      case 'validateValue':
        this.#validate(node, effect)
        return
      case 'cancelValidation':
        node.cancelled.add(`${effect.blockHash}:${effect.freshRound}`)
        return
      case 'scheduleTimeout': {
        const { kind, round, delayMs } = effect
        this.#after(node, delayMs, () => this.#input(node, { type: 'timeout', kind, round }))
        return
      }
      case 'decide':
        this.#decide(node, effect)
        return
      case 'reportEvidence':
        node.evidence.push(effect.evidence)
        return
      case 'halt':
        node.isHalted = true
        return
      case 'cancelBuild':
      case 'persistValue':
        return
    }
  }

  #validate(node: Node, request: Judgement): void {
    const { blockHash, freshRound } = request
    const valid = this.judge(node.index, request)
    this.#after(node, JUDGE_MS, () => {
      if (node.cancelled.has(`${blockHash}:${freshRound}`)) return
      this.#input(node, { type: 'validated', blockHash, freshRound, valid })
    })
  }

  #decide(node: Node, { round, blockHash, precommits }: Extract<Effect, { type: 'decide' }>): void {
    this.#decision ??= blockHash
    if (this.#decision !== blockHash) throw new Error(`Node ${node.index} decided another block.`)
    node.decided = { round, blockHash, by: precommits }
  }

  #noteSigned({ type, round, blockHash, validator }: UnsignedVote): void {
    const place = `${validator} ${type} ${round}`
    const before = this.#signed.get(place)
    if (before !== undefined && before !== blockHash) throw new Error(`Signed twice: ${place}.`)
    this.#signed.set(place, blockHash)
  }

  #own(node: Node, message: Message): void {
    this.#after(node, 0, () => this.#input(node, message), true)
  }

  #send(from: number, message: Message, to?: readonly number[]): void {
    for (const node of this.nodes) {
      if (node.index === from || node.decided !== null || to?.includes(node.index) === false) continue
      if (!this.passes(from, node.index, message)) continue
      this.#push(node, DELAY_MS, from, false, () => this.#input(node, message))
    }
  }

  #after(node: Node, delayMs: number, run: () => void, isOwn = false): void {
    this.#push(node, delayMs, null, isOwn, run)
  }

  #push(node: Node, delayMs: number, from: number | null, isOwn: boolean, run: () => void): void {
    this.#queue.push({
      atMs: this.nowMs + delayMs,
      isOwn,
      node,
      incarnation: node.incarnation,
      from,
      run,
    })
  }

  /** The earliest; own messages first, then in the order in which they came about. */
  #next(): Event | undefined {
    return this.#queue.reduce<Event | undefined>((first, event) => {
      if (first === undefined || event.atMs < first.atMs) return event
      return event.atMs === first.atMs && event.isOwn && !first.isOwn ? event : first
    }, undefined)
  }

  #take(): Event | undefined {
    const next = this.#next()
    if (next !== undefined) this.#queue.splice(this.#queue.indexOf(next), 1)
    return next
  }
}
