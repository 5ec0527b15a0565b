import type { Effect, Input } from './core/types.ts'

/**
 * Effects that a replayed log asked for and did not answer: what has to be done after a restart. Messages are not
 * among them; peers get those by exchange.
 */
export class OutstandingEffects {
  readonly #effects = new Map<string, Effect>()

  /** The input answers an effect of before. */
  settle(input: Input): void {
    const key = answeredBy(input)
    if (key !== null) this.#effects.delete(key)
  }

  add(effects: readonly Effect[]): void {
    for (const effect of effects) {
      const cancelled = cancelledBy(effect)
      if (cancelled !== null) this.#effects.delete(cancelled)
      const key = keyOf(effect)
      if (key !== null) this.#effects.set(key, effect)
    }
  }

  list(): Effect[] {
    return [...this.#effects.values()]
  }
}

function keyOf(effect: Effect): string | null {
  switch (effect.type) {
    case 'signProposal':
      return `sign:proposal:${effect.proposal.round}`
    case 'signVote':
      return `sign:${effect.vote.type}:${effect.vote.round}`
    case 'buildValue':
      return `build:${effect.round}`
    case 'validateValue':
      return `validate:${effect.blockHash}:${effect.freshRound}`
    case 'scheduleTimeout':
      return `timeout:${effect.kind}:${effect.round}`
    case 'persistValue':
      return `persist:${effect.blockHash}`
    case 'decide':
    case 'halt':
      return effect.type
    case 'reportEvidence': {
      const { first } = effect.evidence
      const type = 'type' in first ? first.type : 'proposal'
      return `evidence:${type}:${first.round}:${'validator' in first ? first.validator : first.proposer}`
    }
    case 'broadcastProposal':
    case 'broadcastVote':
    case 'cancelBuild':
    case 'cancelValidation':
      return null
  }
}

function answeredBy(input: Input): string | null {
  switch (input.type) {
    case 'proposal':
      return `sign:proposal:${input.proposal.round}`
    case 'timeout':
      return `timeout:${input.kind}:${input.round}`
    case 'built':
      return `build:${input.round}`
    case 'validated':
      return `validate:${input.blockHash}:${input.freshRound}`
    case 'vote':
    case 'start':
      return null
  }
}

function cancelledBy(effect: Effect): string | null {
  switch (effect.type) {
    case 'cancelBuild':
      return `build:${effect.round}`
    case 'cancelValidation':
      return `validate:${effect.blockHash}:${effect.freshRound}`
    // An own vote or proposal that is there to be sent was signed.
    case 'broadcastVote':
      return `sign:${effect.vote.type}:${effect.vote.round}`
    case 'broadcastProposal':
      return `sign:proposal:${effect.proposal.round}`
    default:
      return null
  }
}
