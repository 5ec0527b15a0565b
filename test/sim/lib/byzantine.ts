import {
  decodeExchangeRequest,
  decodeExchangeResponse,
  decodeProposalMessage,
  encodeExchangeRequest,
  encodeExchangeResponse,
  encodeProposalMessage,
} from '../../../src/consensus/codec.ts'
import type { ConsensusTransport } from '../../../src/consensus/ports.ts'
import { NodeError } from '../../../src/errors/errors.ts'
import {
  decodeVote,
  encodeVote,
  type Proposal,
  proposalDigest,
  type SigningDomain,
  secp256k1Scheme,
  type UnsignedProposal,
  type UnsignedVote,
  type Vote,
  voteDigest,
} from '../../../src/ledger/vote.ts'
import type { Address, Hash } from '../../../src/primitives/hex.ts'
import { keccakHex } from '../../../src/primitives/keccak.ts'
import type { Prng } from './prng.ts'
import type { Life } from './simClock.ts'
import type { SimNetwork } from './simNetwork.ts'

export const BEHAVIOURS = [
  'equivocateVotes',
  'equivocateProposals',
  'withhold',
  'replay',
  'halves',
  'invalidBlocks',
  'amnesia',
] as const
export type Behaviour = (typeof BEHAVIOURS)[number]

export interface ByzantineModules {
  readonly network: SimNetwork
  readonly life: Life
  readonly node: number
  readonly address: Address
  readonly domain: SigningDomain
  readonly privateKey: Uint8Array
  readonly random: Prng
  readonly onVoteSigned: (vote: UnsignedVote) => void
  /**
   * Of each round in which one of the faulty proposed two blocks: what it showed to each of the two sides. They know
   * it all of each other, and vote with each side for what it was shown.
   */
  readonly shown: Map<string, readonly Hash[]>
  hashOf(envelope: Uint8Array): Hash | null
  alternative(envelope: Uint8Array): Uint8Array | null
  invalid(envelope: Uint8Array): Uint8Array
}

/** Messages that are kept to be sent again. */
const REPLAYED = 64
/** Of messages that are withheld, some come after all, when it is too late. */
const LATE_MS = [1_000, 6_000] as const

type Choice = Hash | null

/**
 * A faulty validator: a real engine whose messages are changed, forged, doubled or kept back on their way out. It
 * signs with its own key only; all else is up to it.
 */
export class Byzantine {
  readonly #behaviours: ReadonlySet<Behaviour>
  readonly #modules: ByzantineModules
  /** Blocks proposed to it, by height and round. */
  readonly #proposed = new Map<string, Hash>()
  readonly #seen = new Map<number, Hash>()
  readonly #old: { readonly kind: 'vote' | 'proposal'; readonly bytes: Uint8Array }[] = []

  constructor(behaviours: readonly Behaviour[], modules: ByzantineModules) {
    this.#behaviours = new Set(behaviours)
    this.#modules = modules
  }

  /** A message that it got. */
  observe(kind: 'vote' | 'proposal', bytes: Uint8Array): void {
    this.#remember(kind, bytes)
    if (kind === 'proposal' && this.#does('amnesia')) this.#noteProposal(bytes)
  }

  wrap(transport: ConsensusTransport): ConsensusTransport {
    return {
      ...transport,
      broadcastVote: (bytes) => this.#broadcastVote(bytes),
      broadcastProposal: (bytes) => this.#broadcastProposal(bytes),
      exchange: (peer, request, signal) => transport.exchange(peer, this.#strippedRequest(request), signal),
      onExchange: (handler) =>
        transport.onExchange(async (peer, request) => {
          if (this.#does('withhold') && this.#modules.random.chance(0.5)) {
            throw new NodeError('PEER_UNREACHABLE', 'A faulty peer does not answer.')
          }
          return this.#strippedResponse(await handler(peer, request))
        }),
    }
  }

  #does(behaviour: Behaviour): boolean {
    return this.#behaviours.has(behaviour)
  }

  #broadcastVote(bytes: Uint8Array): void {
    const { random } = this.#modules
    const vote = decodeVote(bytes)
    if (vote.blockHash !== null) this.#seen.set(vote.height, vote.blockHash)
    const own = this.#does('amnesia') ? this.#withoutLock(vote, bytes) : bytes
    const invented = keccakHex(random.bytes(8))
    const lie = random.pick([null, invented, this.#seen.get(vote.height) ?? invented])
    const lieBytes = this.#does('equivocateVotes')
      ? this.#signedVote(vote, vote.blockHash === lie ? invented : lie)
      : own
    for (const to of this.#peers()) {
      const side = this.#modules.shown.get(`${vote.height}:${vote.round}`)?.[this.#sideOf(to, vote.height)]
      const honestOrLie = random.chance(0.5) ? own : lieBytes
      this.#send(to, 'vote', side === undefined ? honestOrLie : this.#signedVote(vote, side))
    }
    this.#remember('vote', bytes)
    this.#sendOld()
  }

  #broadcastProposal(bytes: Uint8Array): void {
    const { random } = this.#modules
    const message = decodeProposalMessage(bytes)
    this.#noteProposal(bytes)
    const { proposal, envelope } = message
    let shown: readonly Uint8Array[] = [bytes, bytes]
    if (envelope !== null && this.#does('invalidBlocks') && random.chance(0.7)) {
      const bad = this.#proposalOf(proposal, this.#modules.invalid(envelope))
      shown = [bad, random.chance(0.5) ? bad : bytes]
    } else if (envelope !== null && this.#does('equivocateProposals') && proposal.validRound < 0) {
      const other = this.#modules.alternative(envelope)
      const blockHash = other === null ? null : this.#modules.hashOf(other)
      if (other !== null && blockHash !== null) {
        shown = [bytes, this.#proposalOf(proposal, other)]
        this.#modules.shown.set(`${proposal.height}:${proposal.round}`, [proposal.blockHash, blockHash])
      }
    }
    for (const to of this.#peers())
      this.#send(to, 'proposal', shown[this.#sideOf(to, proposal.height)] ?? bytes)
    this.#remember('proposal', bytes)
    this.#sendOld()
  }

  /** The lock is forgotten: what is proposed is voted for, and precommitted with or without a polka. */
  #withoutLock(vote: Vote, bytes: Uint8Array): Uint8Array {
    const proposed = this.#proposed.get(`${vote.height}:${vote.round}`)
    if (proposed === undefined || proposed === vote.blockHash) return bytes
    if (vote.type === 'precommit' && this.#modules.random.chance(0.3)) return bytes
    return this.#signedVote(vote, proposed)
  }

  #send(to: number, kind: 'vote' | 'proposal', bytes: Uint8Array): void {
    const { network, node, random, life } = this.#modules
    if (this.#does('halves') && (to + node) % 2 === 0) return
    if (this.#does('withhold') && random.chance(0.5)) {
      if (random.chance(0.5)) life.after(random.int(...LATE_MS), () => network.send(node, to, kind, bytes))
      return
    }
    network.send(node, to, kind, bytes)
  }

  #sendOld(): void {
    const { network, node, random } = this.#modules
    if (!this.#does('replay') || this.#old.length === 0) return
    for (const to of this.#peers()) {
      const { kind, bytes } = random.pick(this.#old)
      network.send(node, to, kind, bytes)
    }
  }

  #remember(kind: 'vote' | 'proposal', bytes: Uint8Array): void {
    if (!this.#does('replay')) return
    const { random } = this.#modules
    if (this.#old.length < REPLAYED) this.#old.push({ kind, bytes })
    else this.#old[random.int(0, REPLAYED - 1)] = { kind, bytes }
  }

  #noteProposal(bytes: Uint8Array): void {
    try {
      const { height, round, blockHash } = decodeProposalMessage(bytes).proposal
      this.#proposed.set(`${height}:${round}`, blockHash)
    } catch {
      // Another faulty one's; of no use.
    }
  }

  /** Of a lie no trace is left in exchanges, where the engine would show what it voted itself. */
  #strippedRequest(bytes: Uint8Array): Uint8Array {
    if (!this.#does('amnesia')) return bytes
    return encodeExchangeRequest({ ...decodeExchangeRequest(bytes), votes: [] })
  }

  #strippedResponse(bytes: Uint8Array): Uint8Array {
    if (!this.#does('amnesia')) return bytes
    const response = decodeExchangeResponse(bytes)
    const votes = response.votes.filter(({ validator }) => validator !== this.#modules.address)
    return encodeExchangeResponse({ ...response, votes })
  }

  #signedVote(vote: Vote, blockHash: Choice): Uint8Array {
    const { domain, privateKey } = this.#modules
    const other = { ...vote, blockHash }
    this.#modules.onVoteSigned(other)
    const signature = (domain.scheme ?? secp256k1Scheme).sign(voteDigest(domain, other), privateKey)
    return encodeVote({ ...other, signature })
  }

  #proposalOf(proposal: Proposal, envelope: Uint8Array): Uint8Array {
    const blockHash = this.#modules.hashOf(envelope) ?? keccakHex(envelope)
    const unsigned: UnsignedProposal = { ...proposal, blockHash }
    const { domain, privateKey } = this.#modules
    const signature = (domain.scheme ?? secp256k1Scheme).sign(proposalDigest(domain, unsigned), privateKey)
    return encodeProposalMessage({ proposal: { ...unsigned, signature }, envelope })
  }

  #peers(): number[] {
    return this.#modules.network.nodes().filter((each) => each !== this.#modules.node)
  }

  #sideOf(peer: number, height: number): number {
    return (peer + height) % 2
  }
}
