import { limits } from '../config/limits.ts'
import type { Evidence } from '../consensus/core/types.ts'
import {
  checkContradiction,
  checkEvidenceSignatures,
  decodeEvidenceMessage,
  encodeEvidenceMessage,
  offenderOf,
} from '../consensus/evidenceMessage.ts'
import { isNodeError, messageOf } from '../errors/errors.ts'
import type { ValidatorSet } from '../ledger/validators.ts'
import type { SigningDomain } from '../ledger/vote.ts'
import type { GossipPort, Verdict } from '../network/ports.ts'
import { BoundedMap } from '../network/quota.ts'
import type { Address } from '../primitives/hex.ts'
import type { Logger } from '../runtime/logger.ts'

/** What evidence is judged by. */
export interface EvidenceChain {
  height(): number
  /** The set that votes on the next block. */
  set(): ValidatorSet
  onDecided(listener: () => void): void
}

export interface EvidenceGossipModules {
  readonly gossip: GossipPort
  readonly domain: SigningDomain
  readonly chain: EvidenceChain
  /** Has the offender slashed; does nothing in a node that sends no transactions. */
  readonly report: (evidence: Evidence) => void
  /** Whether this node proposes the next block. */
  readonly isOurTurn: () => boolean
  readonly logger: Logger
}

/**
 * Hands proofs of double signatures on, so that one node that saw both messages is enough, also one without a key or
 * one whose own transactions are censored. Who saw it reports at once; who heard of it reports when it proposes next,
 * in its own block, so that a hundred validators do not send the same transaction at the same time.
 */
export class EvidenceGossip {
  readonly #modules: EvidenceGossipModules
  /** Offenders of whom a proof was handed on; any further proof says nothing new. */
  readonly #known = new BoundedMap<Address, true>(limits.evidenceOffenders)
  /** Members of the sets since the start: one who has just left still has stake to lose. */
  readonly #members = new BoundedMap<Address, true>(2 * limits.validators)
  readonly #unreported = new BoundedMap<Address, Evidence>(limits.evidenceOffenders)
  #set: ValidatorSet | undefined

  constructor(modules: EvidenceGossipModules) {
    this.#modules = modules
  }

  start(): void {
    const { gossip, chain } = this.#modules
    this.#noteMembers()
    chain.onDecided(() => {
      this.#noteMembers()
      this.#reportInTurn()
    })
    gossip.subscribe('evidence', (bytes) => this.judge(bytes))
  }

  /** Consensus of this node saw it. */
  found(evidence: Evidence): void {
    const { gossip, report, logger } = this.#modules
    const offender = offenderOf(evidence)
    this.#unreported.delete(offender)
    report(evidence)
    if (this.#known.has(offender)) return
    this.#known.set(offender, true)
    gossip.publish('evidence', encodeEvidenceMessage(evidence)).catch((error: unknown) => {
      logger.warn({ offender, error: messageOf(error) }, 'evidence not gossiped')
    })
  }

  /** Cheap checks first; only a member's contradiction, of whom nothing is known yet, costs two recoveries. */
  judge(bytes: Uint8Array): Verdict {
    const { domain, chain, logger } = this.#modules
    try {
      const evidence = decodeEvidenceMessage(bytes)
      checkContradiction(evidence)
      const offender = offenderOf(evidence)
      // which sets a peer knows, and how far it is, depends on its head: no reason to blame it
      const ageBlocks = chain.height() - evidence.first.height
      if (ageBlocks > limits.evidenceBlocks || ageBlocks < -limits.futureHeights) return 'ignore'
      if (!this.#members.has(offender) || this.#known.has(offender)) return 'ignore'
      checkEvidenceSignatures(domain, evidence)
      this.#known.set(offender, true)
      this.#unreported.set(offender, evidence)
      logger.warn({ offender, height: evidence.first.height }, 'a peer proved that a validator signed twice')
      return 'accept'
    } catch (error) {
      if (isNodeError(error)) return 'reject'
      throw error
    }
  }

  #noteMembers(): void {
    const set = this.#modules.chain.set()
    if (set === this.#set) return
    this.#set = set
    for (const { address } of set.validators) this.#members.set(address, true)
  }

  #reportInTurn(): void {
    if (this.#unreported.size === 0 || !this.#modules.isOurTurn()) return
    for (const [offender, evidence] of this.#unreported.entries()) {
      this.#unreported.delete(offender)
      this.#modules.report(evidence)
    }
  }
}
