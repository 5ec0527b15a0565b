import type { Certificate } from '../ledger/certificate.ts'
import type { ValidatorSet } from '../ledger/validators.ts'
import type { UnsignedProposal, UnsignedVote } from '../ledger/vote.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import type { Evidence, Input, Step } from './core/types.ts'
import type { Priorities } from './proposer.ts'

/** What consensus must know to decide a height: nothing of it depends on messages. */
export interface HeightContext {
  /** The height to decide: the head's plus one. */
  readonly height: number
  readonly set: ValidatorSet
  /** Proposer priorities before round 0, in the order of the set. */
  readonly priorities: Priorities
  /** When round 0 may start: the parent's time plus the block interval. */
  readonly earliestStartMs: number
}

export interface BuiltValue {
  readonly blockHash: Hash
  readonly envelope: Uint8Array
}

export interface DecidedBlock {
  readonly envelope: Uint8Array
  readonly certificate: Certificate
}

export interface ValidationRequest {
  readonly height: number
  readonly round: number
  /**
   * A proposal made in this very round: its builder must be `proposer` and its timestamp near the own clock. False
   * for one that was prevoted before: then neither clock nor builder counts.
   */
  readonly fresh: boolean
  /** The proposer of `round`. */
  readonly proposer: Address
}

/** The chain, as consensus uses it. */
export interface ConsensusApp {
  /** The context on top of the committed head. */
  context(): Promise<HeightContext>
  /**
   * The hash of the envelope's block. Must fail unless the hash commits to every byte of the envelope, so that one
   * hash never names two values. Synchronous, because gossip is validated with it: decode and hash, no execution.
   */
  blockHashOf(envelope: Uint8Array): Hash
  /**
   * Builds the next block. `parentCertificate` is the fullest certificate of the parent that this node has seen, with
   * precommits that came after the commit, so that slow validators count as present; null when nothing beyond the
   * committed one is known.
   */
  buildValue(
    height: number,
    round: number,
    parentCertificate: Certificate | null,
    signal: AbortSignal,
  ): Promise<BuiltValue>
  /** Whether the block may be decided. A rejection (not a false) means that it could not be judged. */
  validateValue(envelope: Uint8Array, request: ValidationRequest, signal: AbortSignal): Promise<boolean>
  /**
   * Executes the block if that was not done, and makes it and its certificate the head. Durable when it resolves;
   * a rejection stops consensus. Committing the present head again is no error: a crash may lie in between.
   */
  commit(envelope: Uint8Array, certificate: Certificate): Promise<HeightContext>
  /** A committed block for peers that are behind; null when it is not kept. */
  decided(height: number): Promise<DecidedBlock | null>
}

export type PeerId = string

/** The network, as consensus uses it: everything is bytes, anything may be lost, repeated or late. */
export interface ConsensusTransport {
  /** Gossip to all; never waits. */
  broadcastProposal(message: Uint8Array): void
  broadcastVote(message: Uint8Array): void
  /** One request and one answer over a direct stream. */
  exchange(peer: PeerId, request: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
  /** Answers the exchanges of peers; a rejection closes the stream. */
  onExchange(handler: (peer: PeerId, request: Uint8Array) => Promise<Uint8Array>): void
  peers(): readonly PeerId[]
  onPeer(listener: (peer: PeerId) => void): void
  /** The peer sent what no honest one sends. */
  reportPeer(peer: PeerId, reason: string): void
}

/** Holds the consensus key. */
export interface ConsensusSigner {
  readonly address: Address
  /**
   * The signature, once a record of it is durable. Fails with DOUBLE_SIGN_REFUSED when something else was signed for
   * this height, round and type, or anything later; with SIGNER_UNAVAILABLE while the key cannot be reached, which is
   * tried again for as long as the height is undecided.
   */
  signVote(vote: UnsignedVote): Promise<Uint8Array>
  signProposal(proposal: UnsignedProposal): Promise<Uint8Array>
}

/** Where consensus keeps its few files. Names are fixed by the caller and hold no path. */
export interface ConsensusFiles {
  openLog(name: string): Promise<LogFile>
  /** The file's bytes, or null if there is none. */
  read(name: string, maxBytes: number): Promise<Uint8Array | null>
  /** Puts `bytes` in the file's place: after a crash it holds the old or the new ones, and the new once resolved. */
  replace(name: string, bytes: Uint8Array): Promise<void>
}

/** A file that grows at its end. Appended bytes survive a loss of power only after `sync`. */
export interface LogFile {
  read(maxBytes: number): Promise<Uint8Array>
  append(bytes: Uint8Array): Promise<void>
  sync(): Promise<void>
  /** Cuts the file to `length` bytes; appends continue there. */
  truncate(length: number): Promise<void>
  close(): Promise<void>
}

/** What others may want to know; called from the consensus loop, must not throw or wait. */
export interface ConsensusListener {
  /** A block was committed, with the certificate it was decided by. */
  onDecided(height: number, round: number, blockHash: Hash): void
  /** Others seem to have decided up to `height` − 1; `peer` says so, or more than 1/3 of the power if null. */
  onBehind(height: number, peer: PeerId | null): void
  onEvidence(evidence: Evidence): void
  /** Consensus has stopped for good and the node must: the log, the signer or the chain failed. */
  onFatal(error: unknown): void
}

export interface ObservedState {
  readonly height: number
  readonly round: number
  readonly step: Step
}

/** For metrics and health: told of what the loop does, must not throw or wait. */
export interface ConsensusObserver {
  /** The loop began or ended work on one event. */
  onWork(isBusy: boolean): void
  /** An input was taken; `state` is what it led to. */
  onInput(input: Input, state: ObservedState): void
  /** A block is decided and is about to be committed. */
  onDecide(): void
  onCommitted(height: number): void
}
