import { type ErrorCode, isNodeError } from '../../errors/errors.ts'

/** HTTP statuses of failures that a client can do something about; all others are the host's own. */
const STATUS_OF: Partial<Readonly<Record<ErrorCode, number>>> = {
  BAD_REQUEST: 400,
  BAD_HEX: 400,
  BAD_CID: 400,
  BAD_ENCODING: 400,
  BAD_SIGNATURE: 400,
  PAYMENT_REQUIRED: 402,
  FEE_TOO_LOW: 402,
  DEPOSIT_TOO_LOW: 402,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  ADAPTER_NOT_ACTIVE: 409,
  ALREADY_SETTLED: 409,
  LIMIT_EXCEEDED: 413,
  BUSY: 429,
  HOST_NOT_READY: 503,
  CANCELLED: 503,
  TIMEOUT: 504,
  QUOTA_EXCEEDED: 507,
}

export interface HttpFailure {
  readonly status: number
  readonly body: {
    readonly error: { readonly code: string; readonly message: string; readonly details?: object }
  }
  /** A fault of this host, to be logged. */
  readonly isOurs: boolean
}

export function httpFailure(error: unknown): HttpFailure {
  const status = isNodeError(error) ? STATUS_OF[error.code] : undefined
  if (isNodeError(error) && status !== undefined) {
    const { code, message, details } = error
    const hasDetails = Object.keys(details).length > 0
    return { status, body: { error: { code, message, ...(hasDetails ? { details } : {}) } }, isOurs: false }
  }
  const message = 'The host failed; nothing was charged. Try again later.'
  return { status: 500, body: { error: { code: 'INTERNAL', message } }, isOurs: true }
}

/** What the HTTP server itself refuses, in the same shape. */
export function serverFailure(statusCode: number): HttpFailure {
  const failures: Readonly<Record<number, readonly [ErrorCode, string]>> = {
    404: ['NOT_FOUND', 'There is nothing at this path.'],
    413: ['LIMIT_EXCEEDED', 'The body is too large.'],
    415: ['BAD_REQUEST', 'The content type is not taken here.'],
  }
  const [code, message] = failures[statusCode] ?? ['BAD_REQUEST', 'The request is malformed.']
  return { status: statusCode, body: { error: { code, message } }, isOurs: false }
}
