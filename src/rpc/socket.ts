import { type RawData, WebSocket } from 'ws'
import { limits } from '../config/limits.ts'
import type { Clock } from '../runtime/clock.ts'
import { every } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { SubscriptionHub, SubscriptionSession } from './subscriptionHub.ts'

export interface SocketModules {
  readonly dispatcher: Dispatcher
  readonly hub: SubscriptionHub
  readonly clock: Clock
  readonly logger: Logger
}

/** RFC 6455, section 7.4.1: the endpoint breaks a rule of this server. */
const POLICY_VIOLATION = 1008

/**
 * One WebSocket. It reads no faster than it answers and the client takes; a subscriber that does not take its
 * notifications is cut off, because they cannot wait.
 */
export class RpcSocket {
  readonly #socket: WebSocket
  readonly #modules: SocketModules
  readonly #session: SubscriptionSession
  readonly #stopPings: () => void
  #waiting: string[] = []
  #inFlight = 0
  #isAlive = true

  constructor(socket: WebSocket, modules: SocketModules) {
    this.#socket = socket
    this.#modules = modules
    this.#session = modules.hub.open({
      send: (text) => this.#notify(text),
      cutOff: (reason) => this.#cutOff(reason),
    })
    socket.on('message', (data) => this.#onMessage(data))
    socket.on('pong', () => {
      this.#isAlive = true
    })
    socket.on('close', () => this.#onClose())
    socket.on('error', (error) => modules.logger.debug({ error: error.message }, 'websocket failed'))
    this.#stopPings = every(modules.clock, limits.rpcSocketPingMs, () => this.#ping())
  }

  terminate(): void {
    this.#socket.terminate()
  }

  #onMessage(data: RawData): void {
    this.#waiting.push(data.toString())
    this.#advance()
  }

  /** Starts what may start, and stops reading while there is no room. */
  #advance(): void {
    while (this.#hasRoom()) {
      const text = this.#waiting.shift()
      if (text === undefined) break
      this.#inFlight++
      void this.#serve(text)
    }
    if (this.#socket.readyState !== WebSocket.OPEN) return
    const shouldPause = this.#waiting.length > 0 || !this.#hasRoom()
    if (shouldPause && !this.#socket.isPaused) this.#socket.pause()
    else if (!shouldPause && this.#socket.isPaused) this.#socket.resume()
  }

  #hasRoom(): boolean {
    return (
      this.#inFlight < limits.rpcSocketInFlight && this.#socket.bufferedAmount < limits.rpcSocketUnsentBytes
    )
  }

  async #serve(text: string): Promise<void> {
    const session = this.#session.forRequest()
    const answer = await this.#modules.dispatcher.handle(text, session)
    const done = () => {
      this.#inFlight--
      this.#advance()
    }
    if (answer === undefined || this.#socket.readyState !== WebSocket.OPEN) {
      done()
    } else {
      // A request counts until its answer has left: many unread answers are as costly as many requests.
      this.#socket.send(answer, done)
    }
    session.answered()
  }

  #notify(text: string): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return
    if (this.#socket.bufferedAmount > limits.rpcSocketUnsentBytes) {
      this.#cutOff('notifications are read too slowly')
      return
    }
    // Reading may have stopped for these bytes, and goes on once they are out.
    this.#socket.send(text, () => {
      if (this.#socket.isPaused) this.#advance()
    })
  }

  #cutOff(reason: string): void {
    this.#modules.logger.info({ reason }, 'websocket closed')
    this.#session.close()
    this.#socket.close(POLICY_VIOLATION, reason)
    // The close frame stands behind the unsent bytes; such a client may never read it.
    this.#socket.terminate()
  }

  #ping(): void {
    if (!this.#isAlive) {
      this.#socket.terminate()
      return
    }
    this.#isAlive = false
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping()
  }

  #onClose(): void {
    this.#stopPings()
    this.#waiting = []
    this.#session.close()
  }
}
