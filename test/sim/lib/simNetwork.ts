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
  /** Group of each node; nodes of different groups do not reach each other. */
  #groups = new Map<number, number>()
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

  partition(groups: readonly (readonly number[])[]): void {
    this.#groups = new Map(groups.flatMap((group, index) => group.map((node) => [node, index])))
  }

  heal(): void {
    this.#groups.clear()
    this.#announceAll()
  }

  /** Brings a node's life onto the network. */
  attach(node: number, life: Life, endpoint: Endpoint): ConsensusTransport {
    const port: Port = { life, endpoint, exchange: null, peerListener: null }
    this.#ports.set(node, port)
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
  }

  nodes(): number[] {
    return [...this.#ports.keys()].sort((a, b) => a - b)
  }

  broadcast(from: number, kind: 'vote' | 'proposal', bytes: Uint8Array): void {
    for (const to of this.nodes()) if (to !== from) this.send(from, to, kind, bytes)
  }

  send(from: number, to: number, kind: 'vote' | 'proposal', bytes: Uint8Array): void {
    this.#observer.onSend(kind, from, to, bytes)
    if (this.interfere(kind, from, to, bytes)) return
    const copies = this.#random.chance(this.options.duplication) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      if (this.#random.chance(this.options.loss)) continue
      this.#clock.after(this.#delayMs(), () => {
        const port = this.#ports.get(to)
        if (port === undefined || !this.#isConnected(from, to)) return
        if (kind === 'vote') port.endpoint.onVote(bytes)
        else port.endpoint.onProposal(bytes, String(from))
      })
    }
  }

  #exchange(from: number, life: Life, to: number, request: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const fail = () => reject(new NodeError('PEER_UNREACHABLE', 'The stream broke.'))
      const travel = (isDropped: boolean, arrive: () => void) => {
        const isLost = this.#random.chance(this.options.loss) || !this.#isConnected(from, to)
        life.after(this.#delayMs(), isLost || isDropped ? fail : arrive)
      }
      this.#observer.onSend('request', from, to, request)
      travel(this.interfere('request', from, to, request), () => {
        const handler = this.#ports.get(to)?.exchange
        if (handler === undefined || handler === null) return fail()
        handler(String(from), request).then((response) => {
          this.#observer.onSend('response', to, from, response)
          travel(this.interfere('response', to, from, response), () => resolve(response))
        }, fail)
      })
    })
  }

  #announceAll(): void {
    for (const node of this.nodes()) this.#clock.after(this.#random.int(1, 200), () => this.#announce(node))
  }

  /** Tells a node and those it reaches of each other. */
  #announce(node: number): void {
    for (const other of this.#reachable(node)) {
      this.#ports.get(node)?.peerListener?.(String(other))
      this.#ports.get(other)?.peerListener?.(String(node))
    }
  }

  #reachable(node: number): number[] {
    return this.nodes().filter((other) => other !== node && this.#isConnected(node, other))
  }

  #isConnected(a: number, b: number): boolean {
    return this.#ports.has(a) && this.#ports.has(b) && this.#groups.get(a) === this.#groups.get(b)
  }

  #delayMs(): number {
    return this.#random.int(this.options.minDelayMs, this.options.maxDelayMs)
  }
}
