import { type ErrorCode, isNodeError } from '../errors/errors.ts'

/** JSON-RPC 2.0 section 5.1, and EIP-1474. */
export const RPC_CODES = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  invalidInput: -32000,
  notFound: -32001,
  unavailable: -32002,
  transactionRejected: -32003,
  limitExceeded: -32005,
  /** Not in a standard, but what all clients answer when a call reverts; `data` is then the revert data. */
  reverted: 3,
} as const

/** The JSON-RPC code of every failure of the node. */
const CODE_OF: Readonly<Record<ErrorCode, number>> = {
  BAD_HEX: RPC_CODES.invalidParams,
  BAD_RLP: RPC_CODES.invalidParams,
  BAD_ENCODING: RPC_CODES.invalidParams,
  BAD_SIGNATURE: RPC_CODES.invalidParams,
  BAD_PROOF: RPC_CODES.invalidParams,
  LIMIT_EXCEEDED: RPC_CODES.limitExceeded,
  BAD_CONFIG: RPC_CODES.internal,
  BAD_GENESIS: RPC_CODES.internal,
  WRONG_CHAIN: RPC_CODES.invalidInput,
  PORT_IN_USE: RPC_CODES.internal,
  DATA_DIR_LOCKED: RPC_CODES.internal,
  DATA_CORRUPT: RPC_CODES.internal,
  DATA_LAYOUT_UNKNOWN: RPC_CODES.internal,
  STORAGE_FAILED: RPC_CODES.internal,
  CRYPTO_FAILED: RPC_CODES.internal,
  BAD_HEADER: RPC_CODES.invalidInput,
  BAD_BODY: RPC_CODES.invalidInput,
  BAD_CERTIFICATE: RPC_CODES.invalidInput,
  BAD_EXECUTION: RPC_CODES.invalidInput,
  UNKNOWN_PARENT: RPC_CODES.notFound,
  STATE_PRUNED: RPC_CODES.unavailable,
  TX_FAULT: RPC_CODES.internal,
  TX_TOO_SLOW: RPC_CODES.internal,
  TX_INVALID: RPC_CODES.transactionRejected,
  TX_KNOWN: RPC_CODES.transactionRejected,
  TX_NONCE_TOO_LOW: RPC_CODES.transactionRejected,
  TX_NONCE_GAP: RPC_CODES.transactionRejected,
  TX_UNDERPRICED: RPC_CODES.transactionRejected,
  TX_REPLACEMENT_UNDERPRICED: RPC_CODES.transactionRejected,
  TX_INSUFFICIENT_FUNDS: RPC_CODES.transactionRejected,
  TX_POOL_FULL: RPC_CODES.transactionRejected,
  TX_TYPE_REFUSED: RPC_CODES.transactionRejected,
  TX_GAS_TOO_HIGH: RPC_CODES.transactionRejected,
  TX_GAS_TOO_LOW: RPC_CODES.transactionRejected,
  TX_WRONG_CHAIN: RPC_CODES.transactionRejected,
  TX_ACCOUNT_LIMIT: RPC_CODES.transactionRejected,
  DOUBLE_SIGN_REFUSED: RPC_CODES.internal,
  WAL_CORRUPT: RPC_CODES.internal,
  SIGNER_UNAVAILABLE: RPC_CODES.internal,
  PEER_UNREACHABLE: RPC_CODES.unavailable,
  PEER_MISBEHAVED: RPC_CODES.unavailable,
  PEER_BUSY: RPC_CODES.unavailable,
  PEER_FAILED: RPC_CODES.unavailable,
  PROTOCOL_UNSUPPORTED: RPC_CODES.unavailable,
  TIMEOUT: RPC_CODES.unavailable,
  BAD_MODEL: RPC_CODES.invalidInput,
  BAD_DATASET: RPC_CODES.invalidInput,
  BAD_REQUEST: RPC_CODES.invalidInput,
  BAD_RECEIPT: RPC_CODES.invalidInput,
  PAYMENT_REQUIRED: RPC_CODES.invalidInput,
  FEE_TOO_LOW: RPC_CODES.invalidInput,
  DEPOSIT_TOO_LOW: RPC_CODES.invalidInput,
  ADAPTER_NOT_ACTIVE: RPC_CODES.invalidInput,
  HOST_NOT_READY: RPC_CODES.unavailable,
  ALREADY_SETTLED: RPC_CODES.invalidInput,
  FORBIDDEN: RPC_CODES.invalidInput,
  BUSY: RPC_CODES.limitExceeded,
  BAD_CID: RPC_CODES.invalidParams,
  CONTENT_MISMATCH: RPC_CODES.invalidInput,
  QUOTA_EXCEEDED: RPC_CODES.limitExceeded,
  NOT_FOUND: RPC_CODES.notFound,
  CANCELLED: RPC_CODES.unavailable,
  INTERNAL: RPC_CODES.internal,
}

/** A failure that already knows its JSON-RPC form. */
export class RpcError extends Error {
  readonly code: number
  readonly data: unknown

  constructor(code: number, message: string, data?: unknown) {
    super(message)
    this.name = 'RpcError'
    this.code = code
    this.data = data
  }
}

export interface RpcErrorObject {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

/**
 * What a client gets to see of a failure. Node errors carry their own stable code in `data.code`; anything
 * unexpected is only called internal, so that nothing of the machine leaks.
 */
export function toErrorObject(error: unknown): RpcErrorObject {
  if (error instanceof RpcError) {
    const { code, message, data } = error
    return data === undefined ? { code, message } : { code, message, data }
  }
  const code = isNodeError(error) ? CODE_OF[error.code] : RPC_CODES.internal
  if (isNodeError(error) && code !== RPC_CODES.internal) {
    return { code, message: error.message, data: { code: error.code } }
  }
  return { code: RPC_CODES.internal, message: 'Internal error.' }
}

export const invalidParams = (message: string): RpcError => new RpcError(RPC_CODES.invalidParams, message)
export const notFound = (message: string): RpcError => new RpcError(RPC_CODES.notFound, message)
export const limitExceeded = (message: string): RpcError => new RpcError(RPC_CODES.limitExceeded, message)
