import { messageOf } from '../errors/errors.ts'

/** Why a node must end by itself. The first reason counts. */
export class Failure {
  readonly promise: Promise<never>
  readonly fail: (reason: unknown) => void
  #message: string | undefined

  constructor() {
    let fail: (reason: unknown) => void = () => undefined
    this.promise = new Promise<never>((_resolve, reject) => {
      fail = reject
    })
    // a failure that nobody waits for yet must not end the process by itself
    this.promise.catch(() => undefined)
    this.fail = (reason) => {
      this.#message ??= messageOf(reason)
      fail(reason)
    }
  }

  /** In words; undefined while there is none. */
  get message(): string | undefined {
    return this.#message
  }
}
