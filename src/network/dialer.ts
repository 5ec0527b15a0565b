import { setMaxListeners } from 'node:events'
import { limits } from '../config/limits.ts'
import { isNodeError, messageOf, NodeError } from '../errors/errors.ts'
import type { Cancel, Clock } from '../runtime/clock.ts'
import { deadline } from '../runtime/deadline.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Random } from '../runtime/random.ts'
import type { PeerId } from './ports.ts'
import type { Transport } from './transport.ts'

/** A peer that this node wants to be connected to; its id may be learned only by dialling. */
export interface KnownAddress {
  readonly address: string
  readonly peer: PeerId | undefined
}

interface Target {
  readonly address: string
  peer: PeerId | undefined
  failures: number
  connectedSinceMs: number | undefined
  timer: Cancel | undefined
  dialing: boolean
}

export interface DialerModules {
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/**
 * Keeps connections to known addresses, for ever: after a failure or a lost connection it dials again, after a
 * pause that doubles up to `limits.redialLongestMs` and is drawn within a quarter around that, so that nodes that
 * lost each other at once do not come back in step.
 */
export class Dialer {
  readonly #modules: DialerModules
  readonly #targets: Target[]
  readonly #linked = new Set<PeerId>()
  readonly #stopping = new AbortController()

  constructor(options: { addresses: readonly KnownAddress[] }, modules: DialerModules) {
    if (options.addresses.length > limits.configuredPeers) {
      throw new NodeError('BAD_CONFIG', `At most ${limits.configuredPeers} peers can be configured.`)
    }
    this.#modules = modules
    setMaxListeners(0, this.#stopping.signal)
    this.#targets = options.addresses
      .filter(({ peer }) => peer !== modules.transport.localPeer)
      .map(({ address, peer }) => ({
        address,
        peer,
        failures: 0,
        connectedSinceMs: undefined,
        timer: undefined,
        dialing: false,
      }))
  }

  start(): void {
    for (const target of this.#targets) this.#schedule(target, this.#staggerMs(target))
  }

  stop(): void {
    this.#stopping.abort()
    for (const target of this.#targets) target.timer?.()
  }

  /** A connection to this peer opened, whoever dialled. */
  linkUp(peer: PeerId): void {
    this.#linked.add(peer)
    for (const target of this.#targets) if (target.peer === peer) this.#connected(target)
  }

  linkDown(peer: PeerId): void {
    this.#linked.delete(peer)
    for (const target of this.#targets) {
      if (target.peer !== peer || target.connectedSinceMs === undefined) continue
      const heldMs = this.#modules.clock.nowMs() - target.connectedSinceMs
      target.connectedSinceMs = undefined
      target.failures = heldMs >= limits.stableConnectionMs ? 0 : target.failures + 1
      this.#modules.logger.debug({ address: target.address, peer, heldMs }, 'connection lost')
      if (!target.dialing) this.#schedule(target, this.#pauseMs(target) + this.#staggerMs(target))
    }
  }

  #connected(target: Target): void {
    target.timer?.()
    target.timer = undefined
    target.connectedSinceMs ??= this.#modules.clock.nowMs()
  }

  #schedule(target: Target, delayMs: number): void {
    if (this.#stopping.signal.aborted) return
    target.timer?.()
    target.timer = this.#modules.clock.after(delayMs, () => {
      target.timer = undefined
      this.#dial(target).catch((error: unknown) => {
        this.#modules.logger.error({ error: messageOf(error) }, 'the dialer failed')
      })
    })
  }

  async #dial(target: Target): Promise<void> {
    const { transport, clock, logger } = this.#modules
    if (target.connectedSinceMs !== undefined || target.dialing) return
    target.dialing = true
    const limit = deadline(clock, limits.dialTimeoutMs, this.#stopping.signal)
    try {
      target.peer = await transport.dial(target.address, limit.signal)
      if (!this.#linked.has(target.peer)) throw new NodeError('PEER_UNREACHABLE', 'The peer closed at once.')
      this.#connected(target)
    } catch (error) {
      if (isNodeError(error, 'BAD_CONFIG')) {
        logger.warn({ address: target.address, error: error.message }, 'address is not dialled again')
        return
      }
      target.failures += 1
      logger.debug(
        { address: target.address, failures: target.failures, error: messageOf(error) },
        'dial failed',
      )
      this.#schedule(target, this.#pauseMs(target))
    } finally {
      limit.cancel()
      target.dialing = false
    }
  }

  #pauseMs({ failures }: Target): number {
    const pauseMs = Math.min(limits.redialLongestMs, limits.redialFirstMs * 2 ** Math.max(0, failures - 1))
    const [draw = 0] = this.#modules.random.bytes(1)
    return Math.round(pauseMs * (0.75 + draw / 512))
  }

  /** Two nodes that know each other would open two connections; one of them waits for the other. */
  #staggerMs({ peer }: Target): number {
    return peer !== undefined && this.#modules.transport.localPeer > peer ? limits.dialStaggerMs : 0
  }
}
