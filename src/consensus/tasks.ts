import { messageOf } from '../errors/errors.ts'
import type { Certificate } from '../ledger/certificate.ts'
import type { Hash } from '../primitives/hex.ts'
import type { Cancel, Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Effect, Input, Step } from './core/types.ts'
import type { HeightValues } from './heightValues.ts'
import type { BuiltValue, ConsensusApp } from './ports.ts'

export type TaskResult =
  | { readonly type: 'input'; readonly input: Input }
  | { readonly type: 'built'; readonly round: number; readonly value: BuiltValue }

type ValidateEffect = Extract<Effect, { type: 'validateValue' }>

export interface TaskOptions {
  readonly height: number
  /** Pause before a value is judged again that could not be judged. */
  readonly retryMs: number
}

export interface TaskModules {
  readonly app: Pick<ConsensusApp, 'buildValue' | 'validateValue'>
  readonly clock: Clock
  readonly logger: Logger
}

/** What runs on the side while a height is decided: building, validating, timers. `stop` ends all of it. */
export class HeightTasks {
  readonly #options: TaskOptions
  readonly #modules: TaskModules
  readonly #values: HeightValues
  readonly #emit: (result: TaskResult) => void
  readonly #builds = new Map<number, AbortController>()
  readonly #validations = new Map<string, { effect: ValidateEffect; running: AbortController | null }>()
  readonly #timers = new Set<Cancel>()
  #isStopped = false

  constructor(
    options: TaskOptions,
    modules: TaskModules,
    values: HeightValues,
    emit: (result: TaskResult) => void,
  ) {
    this.#options = options
    this.#modules = modules
    this.#values = values
    this.#emit = emit
  }

  /** A build that fails is only logged: the propose timeout takes care of the round. */
  async build(round: number, parentCertificate: Certificate | null): Promise<void> {
    const running = new AbortController()
    this.#builds.set(round, running)
    try {
      const { app } = this.#modules
      const value = await app.buildValue(this.#options.height, round, parentCertificate, running.signal)
      if (!running.signal.aborted) this.#emit({ type: 'built', round, value })
    } catch (error) {
      if (running.signal.aborted) return
      const context = { height: this.#options.height, round, error: messageOf(error) }
      this.#modules.logger.error(context, 'building a block failed')
    } finally {
      if (this.#builds.get(round) === running) this.#builds.delete(round)
    }
  }

  cancelBuild(round: number): void {
    this.#builds.get(round)?.abort()
    this.#builds.delete(round)
  }

  /** Starts at once if the envelope is here, otherwise when `onValue` brings it. */
  validate(effect: ValidateEffect): void {
    const key = keyOf(effect)
    this.#validations.set(key, { effect, running: null })
    this.#tryValidate(key)
  }

  cancelValidation(blockHash: Hash, freshRound: number | null): void {
    const key = keyOf({ blockHash, freshRound })
    this.#validations.get(key)?.running?.abort()
    this.#validations.delete(key)
  }

  onValue(blockHash: Hash): void {
    for (const [key, { effect }] of this.#validations) {
      if (effect.blockHash === blockHash) this.#tryValidate(key)
    }
  }

  schedule(kind: Step, round: number, delayMs: number): void {
    this.after(delayMs, () => this.#emit({ type: 'input', input: { type: 'timeout', kind, round } }))
  }

  after(delayMs: number, callback: () => void): void {
    const cancel = this.#modules.clock.after(delayMs, () => {
      this.#timers.delete(cancel)
      callback()
    })
    this.#timers.add(cancel)
  }

  stop(): void {
    this.#isStopped = true
    for (const running of this.#builds.values()) running.abort()
    for (const { running } of this.#validations.values()) running?.abort()
    for (const cancel of this.#timers) cancel()
    this.#builds.clear()
    this.#validations.clear()
    this.#timers.clear()
  }

  #tryValidate(key: string): void {
    const task = this.#validations.get(key)
    const envelope = task === undefined ? undefined : this.#values.get(task.effect.blockHash)
    if (task === undefined || task.running !== null || envelope === undefined) return
    task.running = new AbortController()
    void this.#validate(key, task.effect, envelope, task.running.signal)
  }

  async #validate(
    key: string,
    effect: ValidateEffect,
    envelope: Uint8Array,
    signal: AbortSignal,
  ): Promise<void> {
    const { blockHash, freshRound, round, proposer } = effect
    const request = { height: this.#options.height, round, fresh: freshRound !== null, proposer }
    let valid: boolean
    try {
      valid = await this.#modules.app.validateValue(envelope, request, signal)
    } catch (error) {
      if (signal.aborted) return
      const context = { height: request.height, round, blockHash, error: messageOf(error) }
      this.#modules.logger.error(context, 'a proposed block could not be judged')
      if (freshRound === null) {
        this.#retryLater(key)
        return
      }
      // A fresh proposal is judged in its round or not at all: nil is the honest vote.
      valid = false
    }
    if (signal.aborted) return
    this.#validations.delete(key)
    this.#emit({ type: 'input', input: { type: 'validated', blockHash, freshRound, valid } })
  }

  #retryLater(key: string): void {
    const task = this.#validations.get(key)
    if (task === undefined || this.#isStopped) return
    this.after(this.#options.retryMs, () => {
      task.running = null
      this.#tryValidate(key)
    })
  }
}

function keyOf({ blockHash, freshRound }: { blockHash: Hash; freshRound: number | null }): string {
  return `${blockHash}:${freshRound}`
}
