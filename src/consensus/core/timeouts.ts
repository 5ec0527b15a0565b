import type { Step } from './types.ts'

/** Genesis parameters: how long each step waits in round 0, and what each further round adds. */
export interface ConsensusTimeouts {
  readonly proposeMs: number
  readonly prevoteMs: number
  readonly precommitMs: number
  readonly perRoundMs: number
}

export const devnetTimeouts: ConsensusTimeouts = {
  proposeMs: 1_500,
  prevoteMs: 500,
  precommitMs: 500,
  perRoundMs: 300,
}

/** Grows with the round, so that some round outlasts any delay that the network settles to (section 3.3 of the paper). */
export function timeoutMs(timeouts: ConsensusTimeouts, kind: Step, round: number): number {
  const growth = timeouts.perRoundMs * round
  switch (kind) {
    case 'propose':
      return timeouts.proposeMs + growth
    case 'prevote':
      return timeouts.prevoteMs + growth
    case 'precommit':
      return timeouts.precommitMs + growth
  }
}
