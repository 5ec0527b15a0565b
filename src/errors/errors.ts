/**
 * Every expected failure of the node is a `NodeError` with a code. Codes are stable: tests, RPC clients and
 * scripts match on them, never on messages. A message says what was wrong, what was expected, what to do.
 */
export type ErrorCode =
  // input from outside that could not be parsed
  | 'BAD_HEX'
  | 'BAD_RLP'
  | 'BAD_ENCODING'
  | 'BAD_SIGNATURE'
  | 'BAD_PROOF'
  | 'LIMIT_EXCEEDED'
  // configuration and start
  | 'BAD_CONFIG'
  | 'BAD_GENESIS'
  | 'WRONG_CHAIN'
  | 'PORT_IN_USE'
  | 'DATA_DIR_LOCKED'
  | 'DATA_CORRUPT'
  | 'DATA_LAYOUT_UNKNOWN'
  | 'STORAGE_FAILED'
  | 'CRYPTO_FAILED'
  // chain
  | 'BAD_HEADER'
  | 'BAD_BODY'
  | 'BAD_CERTIFICATE'
  | 'BAD_EXECUTION'
  | 'UNKNOWN_PARENT'
  | 'STATE_PRUNED'
  // transactions
  | 'TX_INVALID'
  | 'TX_FAULT'
  | 'TX_TOO_SLOW'
  | 'TX_KNOWN'
  | 'TX_NONCE_TOO_LOW'
  | 'TX_NONCE_GAP'
  | 'TX_UNDERPRICED'
  | 'TX_REPLACEMENT_UNDERPRICED'
  | 'TX_INSUFFICIENT_FUNDS'
  | 'TX_POOL_FULL'
  | 'TX_TYPE_REFUSED'
  | 'TX_GAS_TOO_HIGH'
  | 'TX_GAS_TOO_LOW'
  | 'TX_WRONG_CHAIN'
  | 'TX_ACCOUNT_LIMIT'
  // consensus
  | 'DOUBLE_SIGN_REFUSED'
  | 'WAL_CORRUPT'
  | 'SIGNER_UNAVAILABLE'
  // network
  | 'PEER_UNREACHABLE'
  | 'PEER_MISBEHAVED'
  | 'PEER_BUSY'
  | 'PEER_FAILED'
  | 'PROTOCOL_UNSUPPORTED'
  | 'TIMEOUT'
  // AI
  | 'BAD_MODEL'
  | 'BAD_DATASET'
  | 'BAD_REQUEST'
  | 'BAD_RECEIPT'
  | 'PAYMENT_REQUIRED'
  | 'FEE_TOO_LOW'
  | 'DEPOSIT_TOO_LOW'
  | 'ADAPTER_NOT_ACTIVE'
  | 'HOST_NOT_READY'
  | 'ALREADY_SETTLED'
  | 'FORBIDDEN'
  | 'BUSY'
  // content
  | 'BAD_CID'
  | 'CONTENT_MISMATCH'
  | 'QUOTA_EXCEEDED'
  // general
  | 'NOT_FOUND'
  | 'CANCELLED'
  | 'INTERNAL'

export class NodeError extends Error {
  readonly code: ErrorCode
  /** Machine-readable facts about the failure; safe to log and to show. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, details: Record<string, unknown> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'NodeError'
    this.code = code
    this.details = details
  }
}

export function isNodeError(error: unknown, code?: ErrorCode): error is NodeError {
  return error instanceof NodeError && (code === undefined || error.code === code)
}

/** A broken invariant of our own: never caused by input, always a bug. Stops the operation it is thrown in. */
export class InvariantError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'InvariantError'
  }
}

export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message)
}

/** The message of anything that was thrown, for logs. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
