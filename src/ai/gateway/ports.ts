import type { Address, Hash } from '../../primitives/hex.ts'

/** An adapter that this host has loaded. */
export interface ServedModel {
  readonly adapterId: bigint
  readonly adapterVersion: number
}

/** One class of an answer, as Text-Embeddings-Inference gives it. */
export interface Prediction {
  readonly label: string
  readonly score: number
}

export interface Quote {
  readonly inputTokens: number
  /** As many as the answer may have. */
  readonly maxOutputTokens: number
}

export interface Inference {
  /** Canonical bytes of the answer: what the receipt commits to and auditors compare. */
  readonly output: Uint8Array
  /** The answer for people; not part of what is committed. */
  readonly predictions: readonly Prediction[]
  readonly inputTokens: number
  readonly outputTokens: number
  /** k int8 for the input and this answer. */
  readonly queryRow: Uint8Array
  readonly profileHash: Hash
}

/** The engine behind the gateway: this node's own models, or a server of models that speaks for them. */
export interface InferenceEngine {
  models(): readonly ServedModel[]
  /** LIMIT_EXCEEDED when the input is too long for the model. Costs no inference. */
  quote(model: ServedModel, input: Uint8Array, signal: AbortSignal): Promise<Quote>
  infer(model: ServedModel, input: Uint8Array, signal: AbortSignal): Promise<Inference>
}

/** Signs receipts for the host. */
export interface ReceiptSigner {
  readonly address: Address
  /** r ‖ s ‖ v, v 27 or 28, low-s. */
  sign(digest: Hash): Uint8Array
}

/** Hands receipts on to other nodes. */
export interface ReceiptGossip {
  publish(bytes: Uint8Array): Promise<void>
}

/** The content store, as the gateway shows it. */
export interface ContentShelf {
  /** Errors: LIMIT_EXCEEDED, QUOTA_EXCEEDED, STORAGE_FAILED. */
  put(bytes: Uint8Array): Promise<string>
  sizeOf(cid: string): number | undefined
  read(cid: string, offset: number, length: number): Promise<Uint8Array | undefined>
}

/** A CID in its one form; BAD_CID otherwise. */
export type CidParser = (text: string) => string
