import { decodeProposalMessage } from '../../../src/consensus/codec.ts'
import { decodeVote } from '../../../src/ledger/vote.ts'
import type { Cluster } from './cluster.ts'
import type { Prng } from './prng.ts'
import type { MessageKind } from './simNetwork.ts'

/**
 * A network that works against locks. Random loss alone hardly ever makes the one history that locks exist for: some
 * nodes lock a value, one decides it and is gone, and the next proposer has seen nothing of it. So in each round one
 * node is kept from the prevotes and often the proposal, half of the precommits are lost, exchanges hardly ever work,
 * and whoever decides first is often cut off at once.
 */
export class Adversary {
  readonly #cluster: Cluster
  readonly #random: Prng
  readonly #victims = new Map<string, number>()
  readonly #cutOff = new Set<number>()
  readonly #decidedHeights = new Set<number>()
  #isActive = true

  constructor(cluster: Cluster, random: Prng) {
    this.#cluster = cluster
    this.#random = random
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
        return this.#victim(height, round) === to && this.#random.chance(0.5)
      }
      case 'vote': {
        const { type, height, round } = decodeVote(bytes)
        if (type === 'precommit') return this.#random.chance(0.5)
        return this.#victim(height, round) === to && this.#random.chance(0.9)
      }
    }
  }

  #victim(height: number, round: number): number {
    const key = `${height}:${round}`
    const victim = this.#victims.get(key) ?? this.#random.int(0, this.#cluster.nodes.length - 1)
    this.#victims.set(key, victim)
    return victim
  }

  #onCommit(node: number, height: number): void {
    if (!this.#isActive || this.#decidedHeights.has(height)) return
    this.#decidedHeights.add(height)
    if (!this.#random.chance(0.7)) return
    this.#cutOff.add(node)
    this.#cluster.clock.after(this.#random.int(3_000, 12_000), () => this.#cutOff.delete(node))
  }
}
