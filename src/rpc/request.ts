import { limits } from '../config/limits.ts'
import { RPC_CODES, RpcError } from './errors.ts'

export type RpcId = string | number | null

/** One well-formed request. A notification has no id and gets no answer. */
export interface RpcRequest {
  readonly id: RpcId
  readonly isNotification: boolean
  readonly method: string
  readonly params: readonly unknown[]
}

/** A request that is not well formed, with the id to answer it under. */
export interface BadRequest {
  readonly id: RpcId
  readonly error: RpcError
}

export type ParsedRequest = RpcRequest | BadRequest

export interface ParsedBody {
  readonly isBatch: boolean
  readonly requests: readonly ParsedRequest[]
}

const MAX_METHOD_LENGTH = 100
const MAX_ID_LENGTH = 1_000

/** Reads a request body as JSON-RPC 2.0. Throws when not even one request can be made out. */
export function parseBody(text: string): ParsedBody {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw new RpcError(RPC_CODES.parseError, 'Parse error: the request is not JSON.')
  }
  if (!Array.isArray(body)) return { isBatch: false, requests: [parseRequest(body)] }
  if (body.length === 0) throw new RpcError(RPC_CODES.invalidRequest, 'empty batch')
  if (body.length > limits.rpcBatchRequests) {
    throw new RpcError(
      RPC_CODES.limitExceeded,
      `batch too large: ${body.length} requests, at most ${limits.rpcBatchRequests}`,
    )
  }
  return { isBatch: true, requests: body.map(parseRequest) }
}

function parseRequest(value: unknown): ParsedRequest {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return bad(null, 'a request is an object')
  }
  // Only own properties count: a request must not inherit its method.
  const field = (name: string): unknown => (Object.hasOwn(value, name) ? (value as never)[name] : undefined)
  const id = field('id')
  if (!isId(id)) return bad(null, 'the id must be a string, a number or null')
  if (field('jsonrpc') !== '2.0') return bad(id ?? null, 'the jsonrpc version must be "2.0"')
  const method = field('method')
  if (typeof method !== 'string' || method.length === 0 || method.length > MAX_METHOD_LENGTH) {
    return bad(id ?? null, 'the method must be a string')
  }
  const params = field('params') ?? []
  if (!Array.isArray(params)) {
    const isObject = typeof params === 'object'
    return {
      id: id ?? null,
      error: isObject
        ? new RpcError(RPC_CODES.invalidParams, 'non-array args: parameters go by position')
        : new RpcError(RPC_CODES.invalidRequest, 'the params must be an array'),
    }
  }
  return { id: id ?? null, isNotification: id === undefined, method, params }
}

function isId(value: unknown): value is RpcId | undefined {
  if (typeof value === 'string') return value.length <= MAX_ID_LENGTH
  return value === undefined || value === null || (typeof value === 'number' && Number.isFinite(value))
}

function bad(id: RpcId, message: string): BadRequest {
  return { id, error: new RpcError(RPC_CODES.invalidRequest, `invalid request: ${message}`) }
}
