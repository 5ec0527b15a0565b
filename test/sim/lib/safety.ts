import { createHash } from 'node:crypto'
import { decodeExchangeRequest, decodeProposalMessage } from '../../../src/consensus/codec.ts'
import type { Certificate } from '../../../src/ledger/certificate.ts'
import {
  decodeVote,
  type Proposal,
  proposalDigest,
  type SigningDomain,
  type Vote,
  voteDigest,
} from '../../../src/ledger/vote.ts'
import { type Address, bytesToHex, type Hash } from '../../../src/primitives/hex.ts'
import { CertificateChecker, decodeBlock } from './simApp.ts'
import type { MessageKind } from './simNetwork.ts'

/** A property that must hold in every run did not. */
export class SimFailure extends Error {}

/** Watches everything that is sent and committed. */
export class SafetyMonitor {
  readonly #domain: SigningDomain
  readonly #certificates: CertificateChecker
  readonly #isHonest: (address: Address) => boolean
  readonly #decided = new Map<number, Hash>()
  readonly #signed = new Map<string, Hash>()
  maxRound = 0
  roundsAboveZero = 0

  constructor(domain: SigningDomain, addresses: readonly Address[], isHonest: (address: Address) => boolean) {
    this.#domain = domain
    this.#certificates = new CertificateChecker(domain, addresses)
    this.#isHonest = isHonest
  }

  /** One block per height, decided by a quorum of the height's set, built by a member. */
  onCommit(node: number, height: number, envelope: Uint8Array, certificate: Certificate): void {
    this.#certificates.check(certificate)
    const first = this.#decided.get(height)
    if (first !== undefined && first !== certificate.blockHash) {
      throw new SimFailure(
        `Node ${node} decided ${certificate.blockHash} at height ${height}, others ${first}.`,
      )
    }
    if (decodeBlock(envelope).height !== height || certificate.height !== height) {
      throw new SimFailure(`Node ${node} committed another height's block at ${height}.`)
    }
    if (first === undefined && certificate.round > 0) this.roundsAboveZero++
    this.maxRound = Math.max(this.maxRound, certificate.round)
    this.#decided.set(height, certificate.blockHash)
  }

  onSend(kind: MessageKind, bytes: Uint8Array): void {
    if (kind === 'vote') this.#onVote(decodeVote(bytes))
    else if (kind === 'proposal') this.#onProposal(decodeProposalMessage(bytes).proposal)
    else if (kind === 'request') {
      const request = decodeExchangeRequest(bytes)
      for (const vote of request.votes) this.#onVote(vote)
      if (request.proposal !== null) this.#onProposal(request.proposal)
    }
  }

  decidedHash(height: number): Hash | undefined {
    return this.#decided.get(height)
  }

  #onVote(vote: Vote): void {
    const place = `${vote.validator}:${vote.height}:${vote.round}:${vote.type}`
    this.#note(vote.validator, place, bytesToHex(voteDigest(this.#domain, vote)))
  }

  #onProposal(proposal: Proposal): void {
    const place = `${proposal.proposer}:${proposal.height}:${proposal.round}:proposal`
    this.#note(proposal.proposer, place, bytesToHex(proposalDigest(this.#domain, proposal)))
  }

  #note(signer: Address, place: string, digest: Hash): void {
    if (!this.#isHonest(signer)) return
    const first = this.#signed.get(place)
    if (first !== undefined && first !== digest)
      throw new SimFailure(`An honest validator signed twice: ${place}.`)
    this.#signed.set(place, digest)
  }
}

/** A running hash over everything that happens; equal runs have equal traces. */
export class Trace {
  readonly #hash = createHash('sha256')
  events = 0

  add(timeMs: number, what: string, bytes: Uint8Array | null = null): void {
    this.events++
    this.#hash.update(`${timeMs} ${what}\n`)
    if (bytes !== null) this.#hash.update(bytes)
  }

  digest(): string {
    return this.#hash.digest('hex')
  }
}
