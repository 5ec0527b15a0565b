import type { PrecompileParameters } from '../../../precompiles/parameters.ts'
import type { Address, Hash, Hex } from '../../primitives/hex.ts'
import type { LocatedEvent } from './events.ts'
import type { SignedReceipt } from './typedData.ts'

/** What a view call ended in. */
export type ReadOutcome =
  | { readonly ok: true; readonly output: Uint8Array }
  /** A revert; `output` is its data. */
  | { readonly ok: false; readonly output: Uint8Array }

/** Views of the native precompiles on the head state. Synchronous. */
export interface ContractReader {
  read(address: Address, data: Uint8Array): ReadOutcome
}

/** The head, and what follows from it for the next block. */
export interface HeadReader {
  readonly height: number
  readonly nextBaseFeeWei: bigint
}

export interface LogFacts {
  readonly address: Address
  readonly topics: readonly Hash[]
  readonly data: Uint8Array
}

export interface TransactionFacts {
  readonly hash: Hash
  readonly input: Uint8Array
  readonly logs: readonly LogFacts[]
}

/** A decided block, as far as receipts and audits are concerned. */
export interface BlockFacts {
  readonly number: number
  readonly transactions: readonly TransactionFacts[]
}

/** Decided blocks of the past. Synchronous; undefined for what this node does not keep. */
export interface BlockSource {
  block(number: number): BlockFacts | undefined
}

export interface TransactionRequest {
  readonly to: Address
  readonly data: Hex
  readonly valueWei?: bigint
  readonly gasLimit: bigint
}

/** Sends transactions of one account, through this node's pool. */
export interface TransactionSender {
  readonly address: Address
  /** The transaction's hash. Errors: TX_… when the pool refuses it. */
  send(request: TransactionRequest): Hash
}

/** Whose turn it is to do what anyone may do: the builder of the next block, or always where a node works alone. */
export interface Turn {
  isOurs(): boolean
}

/** A part that follows the chain. */
export interface BlockFollower {
  /** Every decided block, in order, also those that are caught up with. */
  follow(events: readonly LocatedEvent[]): void | Promise<void>
  /** Once the newest block has been followed: does what is due now. */
  act(): void | Promise<void>
}

/** The chain's parameters that receipts, audits and windows depend on. */
export type ReceiptRules = Pick<
  PrecompileParameters,
  | 'challengeWindowBlocks'
  | 'appealBlocks'
  | 'settlementGas'
  | 'priceRiseDelayBlocks'
  | 'hostBondMinWei'
  | 'hostBondMultiple'
  | 'queryNormSquaredPerK'
  | 'auditRateBps'
  | 'auditCommittee'
  | 'auditorBondMinWei'
  | 'windowReceipts'
  | 'windowAgeBlocks'
>

export interface StoredEntry {
  readonly key: string
  readonly value: Uint8Array
}

export type StoreOp =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: string }

/** A namespace of the node's key-value store. A write is on disk when it resolves: all of it or nothing. */
export interface DurableMap {
  get(key: string): Uint8Array | undefined
  entries(): AsyncIterable<StoredEntry>
  write(ops: readonly StoreOp[]): Promise<void>
}

export type ReceiptCounter =
  | 'receipts_accepted'
  | 'receipts_ignored'
  | 'receipts_rejected'
  | 'receipts_evicted'
  | 'receipts_untracked'
  | 'transactions_sent'
  | 'transactions_refused'
  | 'audits_done'
  | 'audits_failed'

/** Counters of what receipts and audits come to; labels are of small, fixed sets. */
export interface ReceiptMetrics {
  count(counter: ReceiptCounter, labels?: Readonly<Record<string, string>>): void
}

export const noReceiptMetrics: ReceiptMetrics = { count: () => undefined }

/** An answer to run again. */
export interface AuditJob {
  readonly adapterId: bigint
  readonly adapterVersion: number
  readonly input: Uint8Array
  /** What the host answered. */
  readonly output: Uint8Array
  /** Seeds the second projection, which the digest is made with. */
  readonly auditSeed: Hash
}

/** What this node's engine finds, in the runtime profile of the base model. */
export interface Reexecution {
  /** This node's own answer, in the same canonical bytes as a host's. */
  readonly output: Uint8Array
  /** The own answer was so close that another one is not held against a host: its margin is below the profile's ε. */
  readonly isCloseCall: boolean
  /** Of the input and the host's answer. */
  readonly inputTokens: number
  readonly outputTokens: number
  readonly queryRow: Uint8Array
  readonly digest: Hash
}

export interface AuditEngine {
  /**
   * BAD_RECEIPT when the host's output is no answer that this adapter can give; any other error is this node's own
   * failure and says nothing of the host.
   */
  reexecute(job: AuditJob, signal: AbortSignal): Promise<Reexecution>
}

/** How far apart two query rows of one receipt are: as honest machines may be, in doubt, or further. */
export type RowComparison = (own: Int8Array, theirs: Int8Array) => 'ok' | 'refund' | 'slash'

/** What a host gives to an auditor of one of its receipts. */
export interface Evidence {
  readonly receipt: SignedReceipt
  readonly input: Uint8Array
  readonly inputSalt: Uint8Array
  readonly output: Uint8Array
  readonly outputSalt: Uint8Array
}

export interface EvidenceSource {
  /** From the host at `endpoint`. Any failure is the host's: it is unreachable, refuses, or sends something else. */
  fetch(endpoint: string, receiptId: Hash, signal: AbortSignal): Promise<Evidence>
}
