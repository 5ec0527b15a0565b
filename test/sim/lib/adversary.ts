import { decodeProposalMessage } from '../../../src/consensus/codec.ts'
import { decodeVote } from '../../../src/ledger/vote.ts'
import type { Cluster } from './cluster.ts'
import type { Prng } from './prng.ts'
import type { MessageKind } from './simNetwork.ts'

interface Plan {
  /** The node that sees less than the others, or more than they. */
  readonly victim: number
  readonly hidesFromAll: boolean
}

/**
 * A network that works against locks. Random loss alone hardly ever makes the one history that locks exist for: some
 * nodes lock a value, one decides it and is gone, and the next proposer has seen nothing of it. So in each round one
 * node is kept from the prevotes, or all but one are, half of the precommits are lost, exchanges hardly ever work, and
 * whoever decides first is often cut off at once.
 */
export class Adversary {
  readonly #cluster: Cluster
  readonly #random: Prng
  readonly #plans = new Map<string, Plan>()
  readonly #cutOff = new Set<number>()
  readonly #decidedHeights = new Set<number>()
  /** Some runs do the one, some the other, some both. */
  readonly #hidingShare: number
  #isActive = true

  constructor(cluster: Cluster, random: Prng) {
    this.#cluster = cluster
    this.#random = random
    this.#hidingShare = random.pick([0, 0, 0.5, 1])
    cluster.network.interfere = (kind, from, to, bytes) => this.#isDropped(kind, from, to, bytes)
    cluster.onCommit = (node, height) => this.#onCommit(node, height)
  }

  stop(): void {
    this.#isActive = false
    this.#cutOff.clear()
  }

  #isDropped(kind: MessageKind, from: number, to: number, bytes: Uint8Array): boolean {
    if (!this.#isActive) return false
    if (this.#cutOff.has(from) || this.#cutOff.has(to)) return true
    switch (kind) {
      case 'request':
      case 'response':
        return this.#random.chance(0.85)
      case 'proposal': {
        const { height, round } = decodeProposalMessage(bytes).proposal
        return this.#plan(height, round).victim === to && this.#random.chance(0.5)
      }
      case 'vote': {
        const { type, height, round } = decodeVote(bytes)
        if (type === 'precommit') return this.#random.chance(0.5)
        const { victim, hidesFromAll } = this.#plan(height, round)
        return hidesFromAll
          ? to !== victim && this.#random.chance(0.6)
          : to === victim && this.#random.chance(0.9)
      }
    }
  }

  #plan(height: number, round: number): Plan {
    const key = `${height}:${round}`
    const known = this.#plans.get(key)
    if (known !== undefined) return known
    const victim = this.#random.int(0, this.#cluster.nodes.length - 1)
    const plan = { victim, hidesFromAll: this.#random.chance(this.#hidingShare) }
    this.#plans.set(key, plan)
    return plan
  }

  #onCommit(node: number, height: number): void {
    if (!this.#isActive || this.#decidedHeights.has(height)) return
    this.#decidedHeights.add(height)
    if (!this.#random.chance(0.7)) return
    this.#cutOff.add(node)
    this.#cluster.clock.after(this.#random.int(3_000, 12_000), () => this.#cutOff.delete(node))
  }
}
