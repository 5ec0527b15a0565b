import type { ConsensusTransport, PeerId } from '../../../src/consensus/ports.ts'
import { NodeError } from '../../../src/errors/errors.ts'
import type { Prng } from './prng.ts'
import type { Life, SimClock } from './simClock.ts'

export interface NetworkOptions {
  /** Probability that a message, or either way of an exchange, is lost. */
  readonly loss: number
  readonly duplication: number
  readonly minDelayMs: number
  /** Messages overtake each other when this exceeds the minimum. */
  readonly maxDelayMs: number
}

export type MessageKind = 'vote' | 'proposal' | 'request' | 'response'

/** How a node takes messages. */
export interface Endpoint {
  onVote(bytes: Uint8Array): void
  onProposal(bytes: Uint8Array, from: PeerId): void
}

export interface NetworkObserver {
  onSend(kind: MessageKind, from: number, to: number, bytes: Uint8Array): void
  onReport(from: number, peer: number, reason: string): void
}

export interface NetworkStats {
  sent: number
  lost: number
  duplicated: number
}

interface Port {
  readonly life: Life
  readonly endpoint: Endpoint
  exchange: ((peer: PeerId, request: Uint8Array) => Promise<Uint8Array>) | null
  peerListener: ((peer: PeerId) => void) | null
}

/** A full mesh of nodes with faults drawn from a seed. A peer's id is its index. */
export class SimNetwork {
  readonly #clock: SimClock
  readonly #random: Prng
  readonly #observer: NetworkObserver
  readonly #ports = new Map<number, Port>()
  #nodes: readonly number[] | null = null
  /** Ways on which nothing arrives, as `from > to`. */
  readonly #cut = new Set<string>()
  readonly stats: NetworkStats = { sent: 0, lost: 0, duplicated: 0 }
  options: NetworkOptions
  /** Drops a message by its content, beyond what chance does. */
  interfere: (kind: MessageKind, from: number, to: number, bytes: Uint8Array) => boolean = () => false

  constructor(
    options: NetworkOptions,
    modules: { clock: SimClock; random: Prng; observer: NetworkObserver },
  ) {
    this.options = options
    this.#clock = modules.clock
    this.#random = modules.random
    this.#observer = modules.observer
  }

  /** Groups that do not reach each other. */
  partition(groups: readonly (readonly number[])[]): void {
    for (const group of groups) {
      for (const other of groups) if (other !== group) this.cut(group, other)
    }
  }

  /** Nothing goes from the ones to the others any more; the way back stays as it is. */
  cut(from: readonly number[], to: readonly number[]): void {
    for (const a of from) for (const b of to) this.#cut.add(wayOf(a, b))
  }

  heal(): void {
    if (this.#cut.size === 0) return
    this.#cut.clear()
    for (const node of this.nodes()) this.#clock.after(this.#random.int(1, 200), () => this.#announce(node))
  }

  /** Brings a node's life onto the network. */
  attach(node: number, life: Life, endpoint: Endpoint): ConsensusTransport {
    const port: Port = { life, endpoint, exchange: null, peerListener: null }
    this.#ports.set(node, port)
    this.#nodes = null
    this.#clock.after(this.#random.int(1, 200), () => this.#announce(node))
    return {
      broadcastProposal: (bytes) => this.broadcast(node, 'proposal', bytes),
      broadcastVote: (bytes) => this.broadcast(node, 'vote', bytes),
      exchange: (peer, request) => this.#exchange(node, life, Number(peer), request),
      onExchange: (handler) => {
        port.exchange = handler
      },
      peers: () => this.#reachable(node).map(String),
      onPeer: (listener) => {
        port.peerListener = listener
      },
      reportPeer: (peer, reason) => this.#observer.onReport(node, Number(peer), reason),
    }
  }

  detach(node: number): void {
    this.#ports.delete(node)
    this.#nodes = null
  }

  /** Those that run, in order. */
  nodes(): readonly number[] {
    this.#nodes ??= [...this.#ports.keys()].sort((a, b) => a - b)
    return this.#nodes
  }

  broadcast(from: number, kind: 'vote' | 'proposal', bytes: Uint8Array): void {
    for (const to of this.nodes()) if (to !== from) this.send(from, to, kind, bytes)
  }

  send(from: number, to: number, kind: 'vote' | 'proposal', bytes: Uint8Array): void {
    if (!this.#ports.has(from)) return
    this.#observer.onSend(kind, from, to, bytes)
    this.stats.sent++
    const isDropped = this.interfere(kind, from, to, bytes)
    const copies = this.#random.chance(this.options.duplication) ? 2 : 1
    this.stats.duplicated += copies - 1
    for (let copy = 0; copy < copies; copy++) {
      if (isDropped || this.#random.chance(this.options.loss) || !this.#isOpen(from, to)) {
        this.stats.lost++
        continue
      }
      this.#clock.after(this.#delayMs(), () => {
        const port = this.#ports.get(to)
        if (port === undefined || !this.#isOpen(from, to)) return
        if (kind === 'vote') port.endpoint.onVote(bytes)
        else port.endpoint.onProposal(bytes, String(from))
      })
    }
  }

  #exchange(from: number, life: Life, to: number, request: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const fail = () => reject(broken)
      const travel = (way: [number, number], isDropped: boolean, arrive: () => void) => {
        const isLost = isDropped || this.#random.chance(this.options.loss) || !this.#isOpen(...way)
        this.stats.sent++
        if (isLost) this.stats.lost++
        life.after(this.#delayMs(), isLost ? fail : arrive)
      }
      this.#observer.onSend('request', from, to, request)
      travel([from, to], this.interfere('request', from, to, request), () => {
        const port = this.#ports.get(to)
        if (port === undefined || port.exchange === null) return fail()
        port.exchange(String(from), request).then((response) => {
          if (!port.life.isAlive) return fail()
          this.#observer.onSend('response', to, from, response)
          travel([to, from], this.interfere('response', to, from, response), () => resolve(response))
        }, fail)
      })
    })
  }

  /** Tells a node and those it reaches of each other. */
  #announce(node: number): void {
    for (const other of this.#reachable(node)) {
      this.#ports.get(node)?.peerListener?.(String(other))
      this.#ports.get(other)?.peerListener?.(String(node))
    }
  }

  #reachable(node: number): number[] {
    return this.nodes().filter((other) => other !== node && this.#isOpen(node, other))
  }

  #isOpen(from: number, to: number): boolean {
    return this.#ports.has(from) && this.#ports.has(to) && !this.#cut.has(wayOf(from, to))
  }

  #delayMs(): number {
    return this.#random.int(this.options.minDelayMs, this.options.maxDelayMs)
  }
}

/** One for all: a stack trace for each lost message would be most of an error's cost. */
const broken = new NodeError('PEER_UNREACHABLE', 'The stream broke.')

function wayOf(from: number, to: number): string {
  return `${from}>${to}`
}
