import { limits } from '../config/limits.ts'
import { invariant, isNodeError } from '../errors/errors.ts'
import type { Certificate } from '../ledger/certificate.ts'
import type { SigningDomain } from '../ledger/vote.ts'
import type { Service } from '../runtime/lifecycle.ts'
import {
  decodeExchangeRequest,
  type ExchangeRequest,
  type ExchangeResponse,
  encodeExchangeRequest,
  encodeExchangeResponse,
  type ProposalMessage,
} from './codec.ts'
import type { ConsensusTimeouts } from './core/timeouts.ts'
import type { Step } from './core/types.ts'
import { type HeightView, makeRequest, makeResponse } from './exchange.ts'
import { Exchanger } from './exchanger.ts'
import { FutureMessages, HeightTracker } from './futureMessages.ts'
import { type IntakeView, MessageIntake, type Verdict } from './intake.ts'
import { ConsensusLoop, type LoopModules } from './loop.ts'
import type { ConsensusListener, ConsensusTransport, DecidedBlock, HeightContext, PeerId } from './ports.ts'

export interface EngineOptions {
  readonly domain: SigningDomain
  readonly timeouts: ConsensusTimeouts
  /** Pause between rounds of exchanges while a height is undecided; 500 unless given. */
  readonly exchangeIntervalMs?: number
  /** How long a peer may take to answer an exchange; 5,000 unless given. */
  readonly exchangeTimeoutMs?: number
  /** Name of the log's file; `consensus.wal` unless given. */
  readonly walName?: string
}

export interface EngineModules extends LoopModules {
  readonly transport: ConsensusTransport
}

export interface ConsensusStatus {
  readonly height: number
  /** −1 while the height has not started. */
  readonly round: number
  readonly step: Step
  /** −1 without a lock, a valid value. */
  readonly lockedRound: number
  readonly validRound: number
  readonly isValidator: boolean
  /** Others have decided this height already. */
  readonly isBehind: boolean
  /** Records of the log that were replayed at start. */
  readonly replayedRecords: number
}

const EXCHANGE_INTERVAL_MS = 500
const EXCHANGE_TIMEOUT_MS = 5_000
const FETCH_RETRY_MS = 100
const FETCH_PATIENCE_MS = 250
const RETRY_MS = 250

/** Consensus of one node: messages in and out around the loop that decides. */
export class ConsensusEngine implements Service {
  readonly name = 'consensus'
  readonly #modules: EngineModules
  readonly #loop: ConsensusLoop
  readonly #intake: MessageIntake
  readonly #exchanger: Exchanger
  readonly #future = new FutureMessages({ heights: limits.futureHeights, rounds: limits.futureRounds })
  readonly #heights = new HeightTracker()
  #state: 'new' | 'running' | 'failed' | 'stopped' = 'new'
  #replayedRecords = 0
  #hintedHeight = 0
  /** Who brought the newest proposal, and so likely holds its value. */
  #proposalSource: PeerId | null = null

  constructor(options: EngineOptions, modules: EngineModules) {
    this.#modules = modules
    const listener: ConsensusListener = {
      ...modules.listener,
      onFatal: (error) => {
        this.#state = 'failed'
        void this.#exchanger.stop()
        modules.listener.onFatal(error)
      },
    }
    this.#loop = new ConsensusLoop(
      {
        domain: options.domain,
        timeouts: options.timeouts,
        walName: options.walName ?? 'consensus.wal',
        retryMs: RETRY_MS,
      },
      { ...modules, listener },
      {
        onHeight: (context) => this.#onHeight(context),
        onMissingValue: () => this.#exchanger.fetch(this.#proposalSource),
        mayStart: () => !this.#isBehind(),
      },
    )
    const loop = this.#loop
    this.#intake = new MessageIntake(options.domain, {
      app: modules.app,
      future: this.#future,
      heights: this.#heights,
      sink: {
        vote: (vote) => loop.offer({ type: 'vote', vote }),
        proposal: (proposal) => loop.offer({ type: 'proposal', proposal }),
        value: (blockHash, envelope) => loop.offerValue(blockHash, envelope),
      },
    })
    const exchangeOptions = {
      intervalMs: options.exchangeIntervalMs ?? EXCHANGE_INTERVAL_MS,
      timeoutMs: options.exchangeTimeoutMs ?? EXCHANGE_TIMEOUT_MS,
      fetchRetryMs: FETCH_RETRY_MS,
      fetchPatienceMs: FETCH_PATIENCE_MS,
    }
    this.#exchanger = new Exchanger(exchangeOptions, modules, {
      request: () => encodeExchangeRequest(makeRequest(this.#heightView())),
      receive: (peer, response) => this.#receive(peer, response),
      isWanting: () => loop.wantedValues().length > 0,
    })
  }

  /** Replays the log, then takes part. */
  async start(): Promise<void> {
    invariant(this.#state === 'new', 'Consensus starts once.')
    this.#replayedRecords = await this.#loop.start()
    this.#state = 'running'
    const { transport } = this.#modules
    transport.onExchange(async (peer, request) => {
      try {
        return await this.#answer(peer, request)
      } catch (error) {
        if (isNodeError(error)) transport.reportPeer(peer, error.message)
        throw error
      }
    })
    transport.onPeer((peer) => {
      if (this.#isRunning()) void this.#exchanger.ask(peer)
    })
    for (const peer of transport.peers()) void this.#exchanger.ask(peer)
  }

  async stop(): Promise<void> {
    if (this.#state !== 'running' && this.#state !== 'failed') return
    this.#state = 'stopped'
    await Promise.all([this.#exchanger.stop(), this.#loop.stop()])
  }

  /**
   * Checks a gossiped vote before it is forwarded; an accepted one is also taken in, so nothing else has to deliver
   * it. Costs one signature recovery at most, and only for a vote that is new.
   */
  checkVoteMessage(bytes: Uint8Array): Verdict {
    if (!this.#isRunning()) return 'ignore'
    const verdict = this.#intake.takeVoteMessage(bytes, this.#intakeView())
    this.#hintBehind()
    return verdict
  }

  /** As `checkVoteMessage`; `from` is the peer that sent it, who is asked first for an envelope left out. */
  checkProposalMessage(bytes: Uint8Array, from: PeerId | null = null): Verdict {
    if (!this.#isRunning()) return 'ignore'
    if (from !== null) this.#proposalSource = from
    return this.#intake.takeProposalMessage(bytes, this.#intakeView())
  }

  /**
   * Takes a block that was decided elsewhere: it is committed if its certificate holds against the set of its height.
   * A block of an earlier height is no error. Fails with BAD_CERTIFICATE, UNKNOWN_PARENT (there is a gap before it) or
   * CANCELLED.
   */
  submitDecided(envelope: Uint8Array, certificate: Certificate): Promise<void> {
    return this.#loop.submitDecided(envelope, certificate)
  }

  status(): ConsensusStatus {
    const { driver } = this.#loop
    const { round, step, locked, valid } = driver.state
    return {
      height: driver.height,
      round,
      step,
      lockedRound: locked?.round ?? -1,
      validRound: valid?.round ?? -1,
      isValidator: driver.self !== null,
      isBehind: this.#isBehind(),
      replayedRecords: this.#replayedRecords,
    }
  }

  #isRunning(): boolean {
    return this.#state === 'running'
  }

  #onHeight(context: HeightContext): void {
    this.#heights.retain(context.set)
    this.#exchanger.arm(Math.max(0, context.earliestStartMs - this.#modules.clock.nowMs()))
    const { votes, proposals } = this.#future.take(context.height)
    const view = this.#intakeView()
    for (const proposal of proposals) this.#tryTake(() => this.#intake.takeProposal(proposal, view))
    for (const vote of votes) this.#tryTake(() => this.#intake.takeVote(vote, view))
  }

  /** More than 1/3 of the power is above this height, so an honest validator is, and the height is decided. */
  #isBehind(): boolean {
    const { driver } = this.#loop
    return this.#heights.supported(driver.set) > driver.height
  }

  #hintBehind(): void {
    const { driver } = this.#loop
    const height = this.#heights.supported(driver.set)
    if (height <= driver.height || height <= this.#hintedHeight) return
    this.#hintedHeight = height
    this.#modules.listener.onBehind(height, null)
  }

  #heightView(): HeightView {
    return { driver: this.#loop.driver, values: this.#loop.values, wanted: this.#loop.wantedValues() }
  }

  #intakeView(): IntakeView {
    const loop = this.#loop
    return {
      driver: loop.driver,
      values: loop.values,
      lastDecision: loop.lastDecision,
      isWanted: (blockHash) => loop.wantedValues().includes(blockHash),
    }
  }

  /** Answers a peer's exchange, and takes in what it says of itself. Bad input fails, which closes the stream. */
  async #answer(peer: PeerId, bytes: Uint8Array): Promise<Uint8Array> {
    const request = decodeExchangeRequest(bytes)
    const { driver } = this.#loop
    this.#takeAll(
      peer,
      request.proposal === null ? [] : [{ proposal: request.proposal, envelope: null }],
      request,
    )
    if (request.height === driver.height) {
      return encodeExchangeResponse(makeResponse(this.#heightView(), request))
    }
    if (request.height > driver.height && this.#isRunning()) void this.#exchanger.ask(peer)
    return encodeExchangeResponse({
      height: driver.height,
      round: driver.state.round,
      decided: request.height < driver.height ? await this.#decided(request) : null,
      proposals: [],
      votes: [],
      envelope: null,
    })
  }

  async #decided(request: ExchangeRequest): Promise<DecidedBlock | null> {
    const block = await this.#modules.app.decided(request.height)
    const { lastDecision } = this.#loop
    if (block === null || lastDecision?.height !== request.height) return block
    return { envelope: block.envelope, certificate: lastDecision.certificate() }
  }

  /** True when the peer brought this node forward and has more. */
  async #receive(peer: PeerId, response: ExchangeResponse): Promise<boolean> {
    const { height } = this.#loop.driver
    if (response.height > height + limits.futureHeights) {
      this.#modules.listener.onBehind(response.height, peer)
    }
    if (response.decided !== null) {
      await this.#loop.submitDecided(response.decided.envelope, response.decided.certificate)
      const { height: reached } = this.#loop.driver
      return reached > height && response.height > reached
    }
    const { envelope } = response
    const blockHash = envelope === null ? null : this.#modules.app.blockHashOf(envelope)
    const isProposed = response.proposals.some((proposal) => proposal.blockHash === blockHash)
    if (envelope !== null && !isProposed) this.#intake.takeEnvelope(envelope, this.#intakeView())
    const messages = response.proposals.map((proposal) => ({
      proposal,
      envelope: proposal.blockHash === blockHash ? envelope : null,
    }))
    this.#takeAll(peer, messages, response)
    return false
  }

  #takeAll(
    peer: PeerId,
    proposals: readonly ProposalMessage[],
    { votes }: Pick<ExchangeResponse, 'votes'>,
  ): void {
    const view = this.#intakeView()
    const verdicts = [
      ...proposals.map((message) => this.#intake.takeProposal(message, view)),
      ...votes.map((vote) => this.#intake.takeVote(vote, view)),
    ]
    this.#hintBehind()
    if (verdicts.includes('reject'))
      this.#modules.transport.reportPeer(peer, 'sent a message that is not valid')
  }

  /** Kept messages were checked against an older set; what the new one refuses is dropped. */
  #tryTake(take: () => Verdict): void {
    try {
      take()
    } catch (error) {
      this.#modules.logger.debug({ error: String(error) }, 'dropped a kept message')
    }
  }
}
