import { limits } from '../config/limits.ts'
import { invariant, messageOf, NodeError } from '../errors/errors.ts'
import { type Certificate, checkCertificate, makeCertificate } from '../ledger/certificate.ts'
import { encodeVote, type SigningDomain } from '../ledger/vote.ts'
import type { Hash } from '../primitives/hex.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Random } from '../runtime/random.ts'
import { encodeProposalMessage } from './codec.ts'
import { HeightDriver } from './core/driver.ts'
import type { ConsensusTimeouts } from './core/timeouts.ts'
import type { Effect, Input, Proposal } from './core/types.ts'
import type { LoopEvent, SignEffect } from './events.ts'
import { HeightValues, neededValues } from './heightValues.ts'
import { LastDecision } from './lastDecision.ts'
import { OutstandingEffects } from './outstanding.ts'
import { OwnMessages } from './ownMessages.ts'
import type {
  BuiltValue,
  ConsensusApp,
  ConsensusFiles,
  ConsensusListener,
  ConsensusObserver,
  ConsensusSigner,
  ConsensusTransport,
  HeightContext,
} from './ports.ts'
import { HeightTasks, type TaskResult } from './tasks.ts'
import { WriteAheadLog } from './wal.ts'

export interface LoopOptions {
  readonly domain: SigningDomain
  readonly timeouts: ConsensusTimeouts
  readonly walName: string
  /** Pause before something that could not be done is tried again. */
  readonly retryMs: number
}

export interface LoopModules {
  readonly app: ConsensusApp
  readonly transport: Pick<ConsensusTransport, 'broadcastProposal' | 'broadcastVote'>
  readonly files: ConsensusFiles
  readonly signer: ConsensusSigner | null
  readonly listener: ConsensusListener
  readonly observer?: ConsensusObserver
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** What the loop needs from around it. */
export interface LoopHooks {
  /** A height begins. */
  onHeight(context: HeightContext): void
  /** A value is waited for whose bytes are not here. */
  onMissingValue(): void
  /** False while others have decided this height already: a round of our own would be of no use. */
  mayStart(): boolean
}

interface Height {
  readonly context: HeightContext
  readonly driver: HeightDriver
  readonly values: HeightValues
  readonly tasks: HeightTasks
}

/**
 * Performs what the core asks for, one event at a time: an input is logged, taken by the core, and its effects are
 * performed in order before the next. Only this loop writes the log, signs and commits, so there is one order of
 * everything, and a replay of the log follows it.
 */
export class ConsensusLoop {
  readonly #options: LoopOptions
  readonly #modules: LoopModules
  readonly #hooks: LoopHooks
  /** These go before everything else. */
  readonly #own: OwnMessages
  #events: LoopEvent[] = []
  #height: Height | null = null
  #wal: WriteAheadLog | null = null
  #lastDecision: LastDecision | null = null
  /** Decided by the core, but the bytes of the block are not here yet. */
  #pendingDecision: Certificate | null = null
  #isRunning = false
  #isPumping = false
  #idle: Promise<void> = Promise.resolve()

  constructor(options: LoopOptions, modules: LoopModules, hooks: LoopHooks) {
    this.#options = options
    this.#modules = modules
    this.#hooks = hooks
    this.#own = new OwnMessages(modules.signer, modules.logger)
  }

  get driver(): HeightDriver {
    return this.#current.driver
  }

  get values(): HeightValues {
    return this.#current.values
  }

  get lastDecision(): LastDecision | null {
    return this.#lastDecision
  }

  /** Replays the log of the height in work and goes on with it. Returns the number of records replayed. */
  async start(): Promise<number> {
    const { app, files, random, logger } = this.#modules
    const context = await app.context()
    const walOptions = { name: this.#options.walName, genesisHash: this.#options.domain.genesisHash }
    const { wal, records, cutBytes } = await WriteAheadLog.open(walOptions, { files, random }, context.height)
    this.#wal = wal
    this.#setHeight(context)
    const outstanding = new OutstandingEffects()
    for (const record of records) {
      if (record.kind === 'value') {
        this.values.restore(record.blockHash, record.envelope)
      } else {
        outstanding.settle(record.input)
        outstanding.add(this.driver.process(record.input))
      }
    }
    if (records.length > 0 || cutBytes > 0) {
      const { round, step } = this.driver.state
      logger.info(
        { height: context.height, round, step, records: records.length, cutBytes },
        'replayed the log',
      )
    }
    this.#isRunning = true
    this.#beginHeight()
    this.#pump(() => this.#perform(outstanding.list()))
    return records.length
  }

  /** Ends when the event in work is done. */
  async stop(): Promise<void> {
    this.#isRunning = false
    this.#height?.tasks.stop()
    await this.#idle
    this.#dropEvents()
    await this.#wal?.close()
    this.#wal = null
  }

  /** An input from outside, checked already; false when there are too many. */
  offer(input: Input): boolean {
    return this.#offer({ type: 'input', height: this.driver.height, input })
  }

  offerValue(blockHash: Hash, envelope: Uint8Array): boolean {
    return this.#offer({ type: 'value', height: this.driver.height, blockHash, envelope })
  }

  /** A block decided elsewhere: checked against the set of its height, committed, and consensus goes on after it. */
  submitDecided(envelope: Uint8Array, certificate: Certificate): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: unknown) => (error === undefined ? resolve() : reject(error))
      if (this.#offer({ type: 'decided', envelope, certificate, settle })) return
      reject(new NodeError('CANCELLED', 'Consensus is not running or too busy to take a block.'))
    })
  }

  /** Hashes of values that are waited for and not here. */
  wantedValues(): Hash[] {
    const wanted = this.driver.awaitedValues()
    if (this.#pendingDecision !== null) wanted.push(this.#pendingDecision.blockHash)
    return wanted.filter((blockHash) => !this.values.has(blockHash))
  }

  get #current(): Height {
    invariant(this.#height !== null, 'Consensus has started.')
    return this.#height
  }

  #offer(event: LoopEvent): boolean {
    if (!this.#isRunning || this.#events.length >= limits.consensusQueue) return false
    this.#enqueue(event)
    return true
  }

  #enqueue(event: LoopEvent): void {
    if (!this.#isRunning) return
    this.#events.push(event)
    this.#pump()
  }

  #pump(first: () => Promise<void> = async () => undefined): void {
    if (this.#isPumping) return
    this.#isPumping = true
    this.#idle = this.#drain(first)
  }

  async #drain(first: () => Promise<void>): Promise<void> {
    try {
      // Whoever brought the event goes on first.
      await Promise.resolve()
      await first()
      while (this.#isRunning) {
        const own = this.#own.next()
        const event = own === undefined ? this.#events.shift() : undefined
        this.#modules.observer?.onWork(own !== undefined || event !== undefined)
        if (own !== undefined) await this.#step(own)
        else if (event !== undefined) await this.#handle(event)
        else break
      }
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#isPumping = false
    }
  }

  async #handle(event: LoopEvent): Promise<void> {
    if (event.type === 'decided') return this.#takeDecided(event)
    const { driver, tasks } = this.#current
    if (event.height !== driver.height) return
    switch (event.type) {
      case 'input':
        return driver.wants(event.input) ? this.#step(event.input) : undefined
      case 'built':
        return this.#takeBuilt(event.round, event.value)
      case 'sign':
        return this.#performOne(event.effect)
      case 'value':
        this.#putValue(event.blockHash, event.envelope)
        tasks.onValue(event.blockHash)
        if (this.#pendingDecision?.blockHash !== event.blockHash) return
        return this.#commit(event.envelope, this.#pendingDecision)
    }
  }

  /** Log, then think, then act. */
  async #step(input: Input): Promise<void> {
    await this.#log(input)
    const effects = this.driver.process(input)
    const { height, state } = this.driver
    this.#modules.observer?.onInput(input, { height, round: state.round, step: state.step })
    await this.#perform(effects)
  }

  /** Own messages are on disk before they are sent: sending is an effect of this very input. */
  async #log(input: Input): Promise<void> {
    const { self } = this.driver
    const isOwn =
      (input.type === 'vote' && input.vote.validator === self) ||
      (input.type === 'proposal' && input.proposal.proposer === self)
    await this.#openWal.append({ kind: 'input', input }, isOwn)
  }

  async #perform(effects: readonly Effect[]): Promise<void> {
    for (const effect of effects) await this.#performOne(effect)
  }

  async #performOne(effect: Effect): Promise<void> {
    const { tasks } = this.#current
    const { listener, transport } = this.#modules
    switch (effect.type) {
      case 'signProposal':
        await this.#openWal.sync()
        return this.#signLater(effect, await this.#own.signProposal(effect.proposal))
      case 'signVote':
        // What the vote rests on: without it a restart may want another vote, which the signer refuses. A validator
        // that abstains counts as faulty in this round, and with f others the round would never end.
        await this.#openWal.sync()
        return this.#signLater(effect, await this.#own.signVote(effect.vote))
      case 'broadcastProposal':
        return this.#broadcastProposal(effect.proposal)
      case 'broadcastVote':
        return transport.broadcastVote(encodeVote(effect.vote))
      case 'buildValue':
        void tasks.build(effect.round, this.#lastDecision?.certificate() ?? null)
        return
      case 'cancelBuild':
        return tasks.cancelBuild(effect.round)
      case 'validateValue':
        tasks.validate(effect)
        if (!this.values.has(effect.blockHash)) this.#hooks.onMissingValue()
        return
      case 'cancelValidation':
        return tasks.cancelValidation(effect.blockHash, effect.freshRound)
      case 'persistValue':
        return this.values.log(effect.blockHash, this.#openWal, this.#modules.logger)
      case 'scheduleTimeout':
        return tasks.schedule(effect.kind, effect.round, effect.delayMs)
      case 'decide':
        return this.#decide(makeCertificate(this.driver.set, effect.precommits))
      case 'reportEvidence':
        this.#modules.logger.warn(
          { evidence: effect.evidence.kind },
          'a validator signed two different messages',
        )
        return listener.onEvidence(effect.evidence)
      case 'halt':
        throw new NodeError(
          'BAD_EXECUTION',
          `More than 2/3 of the power decided block ${effect.blockHash}, which this node finds invalid. Stop here: ` +
            'this node and the others run different rules, or the data of this node is damaged.',
          { height: this.driver.height, round: effect.round, blockHash: effect.blockHash },
        )
    }
  }

  /** Without a retry a step in which too many signers were away would wait for votes that nobody makes any more. */
  #signLater(effect: SignEffect, outcome: 'done' | 'later'): void {
    if (outcome === 'done') return
    const { tasks, context } = this.#current
    tasks.after(this.#options.retryMs, () => this.#enqueue({ type: 'sign', height: context.height, effect }))
  }

  #broadcastProposal(proposal: Proposal): void {
    const envelope = this.values.get(proposal.blockHash)
    const isSmall = envelope !== undefined && envelope.length <= limits.gossipEnvelopeBytes
    this.#modules.transport.broadcastProposal(
      encodeProposalMessage({ proposal, envelope: isSmall ? envelope : null }),
    )
  }

  async #takeBuilt(round: number, value: BuiltValue): Promise<void> {
    if (!this.driver.isBuilding(round)) return
    const { blockHash, envelope } = value
    if (envelope.length > limits.envelopeBytes) {
      this.#modules.logger.error({ bytes: envelope.length }, 'the built block is too large to be proposed')
      return
    }
    this.#putValue(blockHash, envelope)
    await this.values.log(blockHash, this.#openWal, this.#modules.logger)
    await this.#step({ type: 'built', round, blockHash })
  }

  async #decide(certificate: Certificate): Promise<void> {
    const envelope = this.values.get(certificate.blockHash)
    if (envelope !== undefined) return this.#commit(envelope, certificate)
    this.#pendingDecision = certificate
    this.#hooks.onMissingValue()
  }

  async #takeDecided(event: Extract<LoopEvent, { type: 'decided' }>): Promise<void> {
    const { envelope, certificate, settle } = event
    const { height, set } = this.driver
    if (certificate.height < height) return settle()
    try {
      if (certificate.height > height) {
        throw new NodeError(
          'UNKNOWN_PARENT',
          `Height ${certificate.height} cannot be decided before ${height}.`,
        )
      }
      if (this.#modules.app.blockHashOf(envelope) !== certificate.blockHash) {
        throw new NodeError('BAD_CERTIFICATE', 'The certificate is not for this block.', { height })
      }
      checkCertificate(this.#options.domain, set, certificate)
    } catch (error) {
      return settle(error)
    }
    try {
      await this.#commit(envelope, certificate)
    } catch (error) {
      // The certificate holds: whatever failed is this node's own matter, and no fault of who brought the block.
      settle(new NodeError('CANCELLED', 'The decided block could not be committed.', { height }, error))
      throw error
    }
    settle()
  }

  async #commit(envelope: Uint8Array, certificate: Certificate): Promise<void> {
    const { driver, tasks } = this.#current
    const { app, listener, logger, observer } = this.#modules
    tasks.stop()
    observer?.onDecide()
    const lastDecision = new LastDecision(driver.set, certificate)
    await this.#sendLastVotes(lastDecision)
    const context = await app.commit(envelope, certificate)
    invariant(context.height === certificate.height + 1, 'The chain grows by one block.')
    this.#lastDecision = lastDecision
    const { height, round, blockHash } = certificate
    observer?.onCommitted(height)
    logger.info({ height, round, blockHash }, 'decided')
    await this.#openWal.reset(context.height)
    this.#setHeight(context)
    listener.onDecided(height, round, blockHash)
    this.#beginHeight()
  }

  /** Own votes that were signed in the step that decided: others count on them, and so does the record of who took part. */
  async #sendLastVotes(lastDecision: LastDecision): Promise<void> {
    for (const input of this.#own.takeAll()) {
      if (input.type !== 'vote') continue
      await this.#log(input)
      lastDecision.add(input.vote)
      this.#modules.transport.broadcastVote(encodeVote(input.vote))
    }
  }

  #setHeight(context: HeightContext): void {
    const { signer, app, clock, logger } = this.#modules
    const { height, set, priorities } = context
    const driver = new HeightDriver({
      height,
      set,
      priorities,
      self: signer?.address ?? null,
      timeouts: this.#options.timeouts,
      futureRounds: limits.futureRounds,
    })
    this.#pendingDecision = null
    const values = new HeightValues(limits.heightValues)
    const emit = (result: TaskResult) => this.#enqueue({ ...result, height })
    const taskOptions = { height, retryMs: this.#options.retryMs }
    const tasks = new HeightTasks(taskOptions, { app, clock, logger }, values, emit)
    this.#height = { context, driver, values, tasks }
  }

  #beginHeight(): void {
    const { context, driver, tasks } = this.#current
    this.#hooks.onHeight(context)
    if (driver.state.round >= 0) return
    const begin = () => {
      if (!this.#hooks.mayStart()) tasks.after(this.#options.retryMs, begin)
      else this.#enqueue({ type: 'input', height: context.height, input: { type: 'start' } })
    }
    tasks.after(Math.max(0, context.earliestStartMs - this.#modules.clock.nowMs()), begin)
  }

  #putValue(blockHash: Hash, envelope: Uint8Array): void {
    const needed = neededValues(this.driver)
    if (this.#pendingDecision !== null) needed.add(this.#pendingDecision.blockHash)
    this.values.put(blockHash, envelope, needed)
  }

  get #openWal(): WriteAheadLog {
    invariant(this.#wal !== null, 'The log is open.')
    return this.#wal
  }

  #dropEvents(): void {
    for (const event of this.#events.splice(0)) {
      if (event.type === 'decided') event.settle(new NodeError('CANCELLED', 'Consensus has stopped.'))
    }
  }

  /** Going on after a failed write or commit could contradict what was sent. */
  #fail(error: unknown): void {
    this.#isRunning = false
    this.#height?.tasks.stop()
    this.#dropEvents()
    this.#modules.logger.fatal({ error: messageOf(error) }, 'consensus has stopped')
    this.#modules.listener.onFatal(error)
  }
}
