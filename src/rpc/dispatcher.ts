import { limits } from '../config/limits.ts'
import { messageOf } from '../errors/errors.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import { yieldToEventLoop } from '../runtime/yield.ts'
import { limitExceeded, RPC_CODES, RpcError, toErrorObject } from './errors.ts'
import type { RpcContext, RpcMethod, RpcSession } from './method.ts'
import { type ParsedRequest, parseBody, type RpcId, type RpcRequest } from './request.ts'

/** Told of every request that was carried out: for metrics. */
export type CallObserver = (call: {
  readonly method: string
  /** Undefined for success. */
  readonly errorCode: number | undefined
  readonly durationMs: number
}) => void

export interface DispatcherModules {
  readonly context: RpcContext
  /** By name; only these can be called. */
  readonly methods: ReadonlyMap<string, RpcMethod>
  readonly clock: Clock
  readonly logger: Logger
  readonly observe?: CallObserver | undefined
}

/** From the text of a request to the text of its answer; whatever comes in, what goes out is JSON-RPC 2.0. */
export class Dispatcher {
  readonly #modules: DispatcherModules

  constructor(modules: DispatcherModules) {
    this.#modules = modules
  }

  /** The answer to a body; undefined when nothing in it wants one. Never throws. */
  async handle(text: string, session?: RpcSession): Promise<string | undefined> {
    try {
      const { isBatch, requests } = parseBody(text)
      const [first] = requests
      if (isBatch || first === undefined) return await this.#batch(requests, session)
      return await this.#answer(first, session)
    } catch (error) {
      return errorResponse(null, error)
    }
  }

  async #batch(requests: readonly ParsedRequest[], session?: RpcSession): Promise<string | undefined> {
    const answers: string[] = []
    let bytes = 0
    for (let start = 0; start < requests.length; start += limits.rpcBatchConcurrency) {
      if (start > 0) await yieldToEventLoop()
      const group = requests.slice(start, start + limits.rpcBatchConcurrency)
      const isFull = bytes > limits.rpcResponseBytes
      const answered = isFull
        ? group.map(refuseForSize)
        : await Promise.all(group.map((request) => this.#answer(request, session)))
      for (const [index, answer] of answered.entries()) {
        const request = group[index]
        if (answer === undefined || request === undefined) continue
        bytes += answer.length
        answers.push(bytes > limits.rpcResponseBytes ? (refuseForSize(request) ?? '') : answer)
      }
    }
    return answers.length === 0 ? undefined : `[${answers.join(',')}]`
  }

  async #answer(request: ParsedRequest, session?: RpcSession): Promise<string | undefined> {
    if ('error' in request) return errorResponse(request.id, request.error)
    const startMs = this.#modules.clock.nowMs()
    let errorCode: number | undefined
    let answer: string
    try {
      answer = response(request.id, await this.#call(request, session))
    } catch (error) {
      errorCode = this.#report(request, error)
      answer = errorResponse(request.id, error)
    }
    this.#modules.observe?.({
      method: this.#modules.methods.has(request.method) ? request.method : 'unknown',
      errorCode,
      durationMs: this.#modules.clock.nowMs() - startMs,
    })
    return request.isNotification ? undefined : answer
  }

  async #call(request: RpcRequest, session?: RpcSession): Promise<unknown> {
    const method = this.#modules.methods.get(request.method)
    if (method === undefined) {
      throw new RpcError(
        RPC_CODES.methodNotFound,
        `the method ${request.method} does not exist/is not available`,
      )
    }
    if (method.needsSession && session === undefined) {
      throw new RpcError(RPC_CODES.methodNotFound, `${request.method} needs a WebSocket connection`)
    }
    return await method.invoke(request.params, this.#modules.context, session)
  }

  #report(request: RpcRequest, error: unknown): number {
    const { code } = toErrorObject(error)
    if (code === RPC_CODES.internal) {
      const detail = {
        method: request.method,
        error: messageOf(error),
        stack: (error as Error | undefined)?.stack,
      }
      this.#modules.logger.error(detail, 'a request failed unexpectedly')
    }
    return code
  }
}

function response(id: RpcId, result: unknown): string {
  const text = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${JSON.stringify(result ?? null)}}`
  if (text.length > limits.rpcResponseBytes) throw tooLarge()
  return text
}

/** An answer that says what went wrong. */
export function errorResponse(id: RpcId, error: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: toErrorObject(error) })
}

function refuseForSize(request: ParsedRequest): string | undefined {
  return 'isNotification' in request && request.isNotification
    ? undefined
    : errorResponse(request.id, tooLarge())
}

function tooLarge(): RpcError {
  return limitExceeded(`response too large: at most ${limits.rpcResponseBytes} bytes`)
}
