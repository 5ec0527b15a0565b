import { InvariantError, messageOf, NodeError } from '../errors/errors.ts'

// What a worker thread and its client (worker.ts, workerThread.ts) say to each other.

/** What a worker can do: method names with the types of what goes in, what comes out and what is reported between. */
export type WorkerCalls<Calls = unknown> = { readonly [Method in keyof Calls]: WorkerCall }
export interface WorkerCall {
  readonly input: unknown
  readonly output: unknown
  readonly progress?: unknown
}

export type WorkerHandlers<Calls extends WorkerCalls<Calls>> = {
  /**
   * `report` tells the caller how far the call is. It throws CANCELLED once the call was given up or the worker is
   * closing: a long call reports often, and so ends soon. `signal` says the same to a call that has nothing to report.
   */
  readonly [Method in keyof Calls]: (
    input: Calls[Method]['input'],
    report: (progress: NonNullable<Calls[Method]['progress']>) => void,
    signal: { readonly aborted: boolean },
  ) => Calls[Method]['output'] | Promise<Calls[Method]['output']>
}

/** What the thread is started with, beside the options' own input. */
export interface ThreadData {
  readonly input: unknown
  readonly stop: Int32Array
  readonly niceness: number
}
/** Places of the shared integers: 1 when the worker is closing; id of the call that was given up last. */
export const CLOSING = 0
export const GIVEN_UP = 1

export interface Request {
  readonly id: number
  readonly method: string
  readonly input: unknown
}
/** Ends the worker once the call that runs is done. */
export const CLOSE = 'close'
export type Reply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly id: number; readonly progress: unknown }
  | { readonly kind: 'done'; readonly id: number; readonly output: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: WireError }
export interface WireError {
  readonly code: NodeError['code'] | undefined
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
}

export const cancelled = (name: string) => new NodeError('CANCELLED', `The call to ${name} was cancelled.`)

export function toWire(error: unknown): WireError {
  return error instanceof NodeError
    ? { code: error.code, message: error.message, details: error.details }
    : { code: undefined, message: messageOf(error), details: {} }
}

export function fromWire(error: WireError): Error {
  return error.code === undefined
    ? new InvariantError(error.message)
    : new NodeError(error.code, error.message, error.details)
}
