import type { Input } from '../../consensus/core/types.ts'
import type { ConsensusObserver, ObservedState } from '../../consensus/ports.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { HistogramMetric, Metrics } from '../../runtime/metrics.ts'

/** Around the interval of blocks, 1 s, and the phases within it. */
const INTERVAL_BUCKETS_SECONDS = [0.5, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 5, 10, 30]
const PHASE_BUCKETS_SECONDS = [0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2, 5]
const STEPS = { propose: 0, prevote: 1, precommit: 2 } as const

/** Moments of the height in work, on the clock of this node. */
interface Marks {
  proposedMs?: number
  validatedMs?: number
  precommitMs?: number
}

/** What consensus does, seen from its loop: where it stands, how long rounds and their phases take. */
export class ConsensusMetrics implements ConsensusObserver {
  readonly #clock: Clock
  readonly #interval: HistogramMetric
  readonly #round: HistogramMetric
  readonly #phases: HistogramMetric
  readonly #total: HistogramMetric
  #state: ObservedState = { height: 0, round: -1, step: 'propose' }
  #marks: Marks = {}
  #roundStartMs: number | undefined
  #decidingMs: number | undefined
  #lastCommitMs: number | undefined
  #busySinceMs: number | undefined

  constructor(metrics: Metrics, modules: { clock: Clock }) {
    this.#clock = modules.clock
    metrics.gauge('consensus_height', 'Height that consensus works on', () => this.#state.height)
    metrics.gauge('consensus_round', 'Round of that height; -1 before it starts', () => this.#state.round)
    metrics.gauge('consensus_step', '0 propose, 1 prevote, 2 precommit', () => STEPS[this.#state.step])
    this.#interval = metrics.histogram(
      'consensus_block_interval_seconds',
      'Time between two commits on this node',
      INTERVAL_BUCKETS_SECONDS,
    )
    this.#round = metrics.histogram('consensus_round_seconds', 'Time of a round', INTERVAL_BUCKETS_SECONDS)
    this.#phases = metrics.histogram(
      'consensus_phase_seconds',
      'From the proposal to the commit: validate, prevote, precommit, commit',
      PHASE_BUCKETS_SECONDS,
      ['phase'],
    )
    this.#total = metrics.histogram(
      'consensus_proposal_to_commit_seconds',
      'From taking the proposal to the block on disk',
      PHASE_BUCKETS_SECONDS,
    )
  }

  /** Since when the loop works on one event; undefined while it waits for the next. */
  get busySinceMs(): number | undefined {
    return this.#busySinceMs
  }

  onWork(isBusy: boolean): void {
    this.#busySinceMs = isBusy ? this.#clock.nowMs() : undefined
  }

  onInput(input: Input, state: ObservedState): void {
    const nowMs = this.#clock.nowMs()
    const before = this.#state
    this.#state = state
    if (state.height !== before.height || state.round !== before.round) this.#roundBegins(nowMs, before)
    if (input.type === 'proposal' && input.proposal.round === state.round) this.#marks.proposedMs ??= nowMs
    if (input.type === 'validated' && input.valid) this.#marks.validatedMs ??= nowMs
    if (state.step === 'precommit') this.#marks.precommitMs ??= nowMs
  }

  onDecide(): void {
    this.#decidingMs = this.#clock.nowMs()
  }

  onCommitted(height: number): void {
    const nowMs = this.#clock.nowMs()
    if (this.#lastCommitMs !== undefined) this.#interval.observe((nowMs - this.#lastCommitMs) / 1_000)
    if (this.#roundStartMs !== undefined) this.#round.observe((nowMs - this.#roundStartMs) / 1_000)
    this.#observePhases(nowMs)
    this.#lastCommitMs = nowMs
    this.#marks = {}
    this.#roundStartMs = undefined
    this.#decidingMs = undefined
    this.#state = { height: height + 1, round: -1, step: 'propose' }
  }

  /** Only of blocks that went the whole way here; a block that was fetched has no phases. */
  #observePhases(committedMs: number): void {
    const { proposedMs, validatedMs, precommitMs } = this.#marks
    const decidedMs = this.#decidingMs
    if (proposedMs === undefined || precommitMs === undefined || decidedMs === undefined) return
    // the own block is known to be valid as soon as it is proposed, and quorums may form before this node has judged
    const judgedMs = Math.min(validatedMs ?? proposedMs, precommitMs)
    const times = [proposedMs, Math.max(proposedMs, judgedMs), precommitMs, decidedMs, committedMs]
    for (const [index, phase] of ['validate', 'prevote', 'precommit', 'commit'].entries()) {
      const lengthMs = (times[index + 1] ?? 0) - (times[index] ?? 0)
      this.#phases.observe(Math.max(0, lengthMs) / 1_000, { phase })
    }
    this.#total.observe((committedMs - proposedMs) / 1_000)
  }

  #roundBegins(nowMs: number, before: ObservedState): void {
    if (this.#roundStartMs !== undefined && before.round >= 0) {
      this.#round.observe((nowMs - this.#roundStartMs) / 1_000)
    }
    this.#roundStartMs = nowMs
    this.#marks = {}
  }
}
