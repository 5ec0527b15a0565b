import type { Hash } from '../../primitives/hex.ts'

/** A validation that was asked for and has not been answered. */
export interface PendingJudgement {
  readonly blockHash: Hash
  /** The round whose fresh proposal is judged, or null for the block alone. */
  readonly freshRound: number | null
}

/**
 * What is known of the values of a height: valid(v), which depends on nothing but the block, and apart from it
 * whether a fresh proposal was acceptable in its round, where clock and builder count. A fresh proposal that was
 * refused says nothing of valid(v): the block may have been late only.
 */
export class Judgements {
  readonly #validity = new Map<Hash, boolean>()
  readonly #fresh = new Map<number, { readonly blockHash: Hash; readonly acceptable: boolean }>()
  readonly #pending = new Map<string, PendingJudgement>()

  validity(blockHash: Hash): boolean | undefined {
    return this.#validity.get(blockHash)
  }

  fresh(blockHash: Hash, round: number): boolean | undefined {
    if (this.#validity.get(blockHash) === false) return false
    const judged = this.#fresh.get(round)
    return judged?.blockHash === blockHash ? judged.acceptable : undefined
  }

  /** Whether the request is new: an equal one, or for validity alone any one of the same value, is under way. */
  request(blockHash: Hash, freshRound: number | null): boolean {
    const underWay =
      freshRound === null
        ? this.pending().some((pending) => pending.blockHash === blockHash)
        : this.#pending.has(keyOf(blockHash, freshRound))
    if (underWay) return false
    this.#pending.set(keyOf(blockHash, freshRound), { blockHash, freshRound })
    return true
  }

  settle(blockHash: Hash, freshRound: number | null, valid: boolean): void {
    this.#pending.delete(keyOf(blockHash, freshRound))
    if (valid || freshRound === null) this.#validity.set(blockHash, valid)
    if (freshRound !== null) this.#fresh.set(freshRound, { blockHash, acceptable: valid })
  }

  /** Forgets the requests for fresh proposals of rounds before `round`, and returns them. */
  dropFreshBefore(round: number): PendingJudgement[] {
    const dropped = this.pending().filter(({ freshRound }) => freshRound !== null && freshRound < round)
    for (const { blockHash, freshRound } of dropped) this.#pending.delete(keyOf(blockHash, freshRound))
    return dropped
  }

  pending(): PendingJudgement[] {
    return [...this.#pending.values()]
  }
}

function keyOf(blockHash: Hash, freshRound: number | null): string {
  return `${blockHash}:${freshRound ?? 'any'}`
}
