import type { Certificate } from '../ledger/certificate.ts'
import type { Address, Hash } from '../primitives/hex.ts'

// Execution as the rest of the node reaches it. It may run in another thread, so bytes and plain data go in and out;
// what it decides is read from the store.

/** A transaction that a builder may include. */
export interface OfferedTransaction {
  readonly hash: Hash
  /** As it travels. */
  readonly bytes: Uint8Array
  /** Public key of its sender, recovered from its signature by this node; not recovered again. */
  readonly senderKey: Uint8Array
  /** It is ended after this time and passed over; run to its end where it is left out. */
  readonly timeMs?: number | undefined
}

export interface BuildRequest {
  readonly feeRecipient: Address
  /** 32 bytes: the builder's next preimage. */
  readonly reveal: Uint8Array
  /** Seconds since the Unix epoch; above the parent's. */
  readonly timestamp: bigint
  /** A fuller certificate of the parent than the one that it was committed with, if one is known. */
  readonly parentCertificate: Certificate | null
  /** In the order to try; each sender's in the order of their nonces. */
  readonly transactions: readonly OfferedTransaction[]
  /** Includes no more than this; as many as fit where it is left out. */
  readonly mostTransactions?: number | undefined
  /**
   * From the moment that the building begins. A transaction that runs then is run on; the time of the first that was
   * too slow does not count, so that it cannot keep a block empty.
   */
  readonly budgetMs: number
}

export interface BuiltBlock {
  readonly blockHash: Hash
  readonly envelope: Uint8Array
  /** Those that made the execution fail by itself, and would in each block (TX_FAULT). */
  readonly faulty: readonly Hash[]
  /** Those that were ended because they took longer than their time (TX_TOO_SLOW). */
  readonly slow: readonly Hash[]
}

/** Builds, judges and commits blocks on the head: one piece of work at a time, in the order of the calls. */
export interface ExecutionPort {
  /** CANCELLED once `signal` says so, also within a transaction. */
  build(request: BuildRequest, signal: AbortSignal): Promise<BuiltBlock>
  /** Throws BAD_HEADER, BAD_BODY, BAD_EXECUTION, BAD_CERTIFICATE or UNKNOWN_PARENT, and CANCELLED as `build` does. */
  validate(envelope: Uint8Array, signal: AbortSignal): Promise<void>
  /**
   * Makes a decided block the head; its certificate was checked by the caller. When it resolves, block and state are on
   * disk, and whoever follows the chain has seen it.
   */
  commit(envelope: Uint8Array, certificate: Certificate): Promise<void>
  /** Gives up an execution that no write depends on yet, so that closing does not wait for it. Nothing may follow. */
  interrupt(): void
  /** Waits for a write under way. To be called before the store is closed. */
  close(): Promise<void>
}
