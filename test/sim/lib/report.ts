import type { Profile, ScenarioResult } from './scenario.ts'

export interface ReproduceOptions {
  readonly profile: Profile
  readonly seed: number
  readonly validators: number
  readonly heights: number
}

/** The command that runs one seed again, bit for bit. */
export function reproduceCommand({ profile, seed, validators, heights }: ReproduceOptions): string {
  return `./scripts/sim --profile ${profile} --seeds 1 --start ${seed} --validators ${validators} --heights ${heights}`
}

/** What runs have reached, all together. */
export class Report {
  readonly #sums = new Map<string, number>()
  seeds = 0
  #highestRound = 0
  #roundsAfterHealing = 0
  #fewestFaults = Number.POSITIVE_INFINITY
  readonly #behaviours = new Map<string, number>()

  add(result: ScenarioResult): void {
    this.seeds++
    const { stats, messages } = result
    this.#highestRound = Math.max(this.#highestRound, result.maxRound)
    this.#roundsAfterHealing = Math.max(this.#roundsAfterHealing, result.roundsAfterHealing)
    this.#fewestFaults = Math.min(this.#fewestFaults, result.faults)
    for (const each of result.byzantine) this.#behaviours.set(each, (this.#behaviours.get(each) ?? 0) + 1)
    const counts = {
      'heights decided above round 0': result.roundsAboveZero,
      'locks moved to a later round': result.lockMoves,
      'locks changed to another block': result.lockChanges,
      crashes: stats.crashes,
      'logs replayed': stats.replays,
      'signatures refused after a restart': stats.abstentions,
      'evidence made': stats.evidence,
      partitions: stats.partitions,
      'one-way cuts': stats.oneWayCuts,
      'steps of clocks': stats.skewSteps,
      'messages sent': messages.sent,
      'messages lost': messages.lost,
      'messages doubled': messages.duplicated,
      'runs with faulty validators': result.byzantine.length > 0 ? 1 : 0,
      'runs with a network against locks': result.hasAdversary ? 1 : 0,
      'seconds of fake time': Math.round(result.fakeMs / 1_000),
      ...result.facts,
    }
    for (const [name, count] of Object.entries(counts)) {
      this.#sums.set(name, (this.#sums.get(name) ?? 0) + count)
    }
  }

  get(name: string): number {
    return this.#sums.get(name) ?? 0
  }

  /** Runs in which these did not happen have tested nothing. */
  missing(): string[] {
    return REQUIRED.filter((name) => this.get(name) === 0)
  }

  lines(): string[] {
    const faulty = [...this.#behaviours].sort().map(([name, count]) => `${name} ${count}`)
    return [
      ...[...this.#sums].map(([name, count]) => `  ${name}: ${count}`),
      `  highest round decided in: ${this.#highestRound}`,
      `  most rounds of a height once healed: ${this.#roundsAfterHealing}`,
      `  fewest crashes, cuts and steps of clocks in a seed: ${this.#fewestFaults}`,
      ...(faulty.length === 0 ? [] : [`  faulty validators by what they do: ${faulty.join(', ')}`]),
    ]
  }
}

/** The locks of some hundred seeds move now and then; of a few they need not. */
const REQUIRED = [
  'heights decided above round 0',
  'locks changed to another block',
  'crashes',
  'logs replayed',
  'evidence made',
] as const
