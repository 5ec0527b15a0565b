import { limits } from '../config/limits.ts'
import { messageOf, NodeError } from '../errors/errors.ts'
import { bytesToBigInt } from '../primitives/bytes.ts'
import { type Cancel, type Clock, sleep } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Random } from '../runtime/random.ts'
import { decodeExchangeResponse, type ExchangeResponse } from './codec.ts'
import type { ConsensusTransport, PeerId } from './ports.ts'

export interface ExchangerOptions {
  /** Pause between rounds of exchanges while a height is undecided. */
  readonly intervalMs: number
  readonly timeoutMs: number
  /** Pause before peers are asked again for a value that is waited for; doubles each time. */
  readonly fetchRetryMs: number
  /** How long one peer is waited for before the next is asked for such a value. */
  readonly fetchPatienceMs: number
}

export interface ExchangerModules {
  readonly transport: ConsensusTransport
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

export interface ExchangeHost {
  /** The encoded request of this moment. */
  request(): Uint8Array
  /** Takes an answer in; true when the same peer should be asked again at once. */
  receive(peer: PeerId, response: ExchangeResponse): Promise<boolean>
  /** Whether a value is waited for whose bytes are not here. */
  isWanting(): boolean
}

/** After these tries a value that is waited for is left to the timer. */
const FETCH_TRIES = 3

/** Decides when to exchange with whom: on a timer, with a peer that just came, and at once for a missing value. */
export class Exchanger {
  readonly #options: ExchangerOptions
  readonly #modules: ExchangerModules
  readonly #host: ExchangeHost
  readonly #underWay = new Map<PeerId, Promise<void>>()
  readonly #stopping = new AbortController()
  /** Ends the exchanges under way. */
  readonly #interrupts = new Set<() => void>()
  #cancelTimer: Cancel = () => undefined
  #isFetching = false
  #fetchFirst: PeerId | null = null

  constructor(options: ExchangerOptions, modules: ExchangerModules, host: ExchangeHost) {
    this.#options = options
    this.#modules = modules
    this.#host = host
  }

  /** The first round of exchanges comes one interval after `delayMs`, further ones until armed again. */
  arm(delayMs: number): void {
    this.#cancelTimer()
    if (this.#stopping.signal.aborted) return
    this.#cancelTimer = this.#modules.clock.after(delayMs + this.#options.intervalMs, () => {
      this.arm(0)
      for (const peer of this.#choosePeers()) void this.ask(peer)
    })
  }

  /** One exchange with the peer, and more while they bring us forward; joins one that is under way. */
  ask(peer: PeerId): Promise<void> {
    const running = this.#underWay.get(peer)
    if (running !== undefined) return running
    const asking = this.#askUntilLevel(peer).finally(() => this.#underWay.delete(peer))
    this.#underWay.set(peer, asking)
    return asking
  }

  /** Asks peers, `first` before others, until the values waited for are here or the tries are used up. */
  fetch(first: PeerId | null): void {
    this.#fetchFirst = first ?? this.#fetchFirst
    if (!this.#isFetching) void this.#fetch()
  }

  async stop(): Promise<void> {
    this.#cancelTimer()
    this.#stopping.abort()
    for (const interrupt of this.#interrupts) interrupt()
    await Promise.all(this.#underWay.values())
  }

  async #fetch(): Promise<void> {
    this.#isFetching = true
    try {
      let pauseMs = this.#options.fetchRetryMs
      for (let attempt = 0; attempt < FETCH_TRIES; attempt++, pauseMs *= 2) {
        if (attempt > 0) await sleep(this.#modules.clock, pauseMs, this.#stopping.signal)
        const first = this.#fetchFirst
        this.#fetchFirst = null
        const peers = this.#choosePeers()
        for (const peer of first === null ? peers : [first, ...peers.filter((each) => each !== first)]) {
          if (!this.#host.isWanting() || this.#stopping.signal.aborted) return
          await this.#askWithPatience(peer)
        }
      }
    } finally {
      this.#isFetching = false
    }
  }

  /** A peer that is slow to answer must not keep the others from being asked; its answer still counts. */
  async #askWithPatience(peer: PeerId): Promise<void> {
    const patience = new AbortController()
    const { clock } = this.#modules
    await Promise.race([this.ask(peer), sleep(clock, this.#options.fetchPatienceMs, patience.signal)])
    patience.abort()
  }

  async #askUntilLevel(peer: PeerId): Promise<void> {
    const { logger, transport } = this.#modules
    let bytes: Uint8Array
    do {
      try {
        bytes = await this.#exchange(peer)
      } catch (error) {
        logger.debug({ peer, error: messageOf(error) }, 'a peer did not answer an exchange')
        return
      }
    } while (!this.#stopping.signal.aborted && (await receive(this.#host)))

    async function receive(host: ExchangeHost): Promise<boolean> {
      try {
        return await host.receive(peer, decodeExchangeResponse(bytes))
      } catch (error) {
        logger.debug({ peer, error: messageOf(error) }, 'a peer answered an exchange badly')
        if (error instanceof NodeError && error.code !== 'CANCELLED') {
          transport.reportPeer(peer, messageOf(error))
        }
        return false
      }
    }
  }

  async #exchange(peer: PeerId): Promise<Uint8Array> {
    const { transport, clock } = this.#modules
    const abort = new AbortController()
    let release: Cancel = () => undefined
    const interrupted = new Promise<never>((_, reject) => {
      const interrupt = (error: NodeError) => {
        reject(error)
        abort.abort()
      }
      const onStop = () => interrupt(new NodeError('CANCELLED', 'Consensus is stopping.'))
      const cancelTimer = clock.after(this.#options.timeoutMs, () =>
        interrupt(new NodeError('TIMEOUT', 'The peer did not answer an exchange in time.', { peer })),
      )
      this.#interrupts.add(onStop)
      release = () => {
        cancelTimer()
        this.#interrupts.delete(onStop)
      }
    })
    try {
      return await Promise.race([transport.exchange(peer, this.#host.request(), abort.signal), interrupted])
    } finally {
      release()
    }
  }

  /** All, or as many as the bound allows, drawn anew each time. */
  #choosePeers(): PeerId[] {
    const { transport, random } = this.#modules
    const peers = [...transport.peers()]
    if (peers.length <= limits.exchangePeers) return peers
    for (let index = 0; index < limits.exchangePeers; index++) {
      const draw = bytesToBigInt(random.bytes(4))
      const other = index + Number(draw % BigInt(peers.length - index))
      const [a, b] = [peers[index], peers[other]]
      if (a !== undefined && b !== undefined) {
        peers[index] = b
        peers[other] = a
      }
    }
    return peers.slice(0, limits.exchangePeers)
  }
}
