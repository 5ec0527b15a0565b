import { limits } from '../config/limits.ts'
import { isNodeError, messageOf } from '../errors/errors.ts'
import type { Mempool } from '../mempool/mempool.ts'
import type { PeerId, PeersPort, RequestPort } from '../network/ports.ts'
import { type Hash, hexToBytes } from '../primitives/hex.ts'
import { asBytes, asHash, asList, decodeRlp, encodeRlp } from '../primitives/rlp.ts'
import { type Cancel, type Clock, every } from '../runtime/clock.ts'
import type { Service } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logger.ts'

export interface PoolExchangeModules {
  readonly mempool: Mempool
  readonly requests: RequestPort
  readonly peers: PeersPort
  readonly clock: Clock
  readonly logger: Logger
}

const PROTOCOL = 'pool/1'
const TIMEOUT_MS = 5_000
const HASH_BYTES = 33
const REQUEST_BYTES = limits.poolExchangeWanted * HASH_BYTES + 16

/**
 * Gossip tells of a transaction once, to those who listen at that moment. What was sent before the mesh stood, or
 * while a node was away, is pulled: from each new peer, and from one peer after another on a timer. First the hashes
 * of the executable transactions are asked for, then the unknown ones.
 */
export class PoolExchange implements Service {
  readonly name = 'pool exchange'
  readonly #modules: PoolExchangeModules
  readonly #undo: Cancel[] = []
  #turn = 0

  constructor(modules: PoolExchangeModules) {
    this.#modules = modules
  }

  async start(): Promise<void> {
    const { requests, peers, clock } = this.#modules
    this.#undo.push(
      requests.handle(PROTOCOL, (_peer, bytes) => this.#answer(bytes), {
        maxRequestBytes: REQUEST_BYTES,
        maxConcurrentPerPeer: 2,
        maxConcurrent: 16,
        burst: 8,
        requestsPerSecond: 2,
      }),
      peers.onConnect((peer) => this.#pull(peer.id)),
      every(clock, limits.poolExchangeMs, () => {
        const list = peers.list()
        const peer = list[this.#turn++ % Math.max(1, list.length)]
        if (peer !== undefined) this.#pull(peer.id)
      }),
    )
  }

  async stop(): Promise<void> {
    for (const undo of this.#undo.splice(0)) undo()
  }

  #pull(peer: PeerId): void {
    this.#pullFrom(peer).catch((error: unknown) => {
      this.#modules.logger.debug({ peer, error: messageOf(error) }, 'a peer’s pool could not be read')
    })
  }

  async #pullFrom(peer: PeerId): Promise<void> {
    const { mempool } = this.#modules
    const hashes = decodePoolHashes(await this.#ask(peer, []))
    const wanted = hashes.filter((hash) => !mempool.has(hash)).slice(0, limits.poolExchangeWanted)
    if (wanted.length === 0) return
    for (const bytes of decodePoolTransactions(await this.#ask(peer, wanted))) {
      try {
        mempool.add(bytes)
      } catch (error) {
        // one that this node will not have is no reason to refuse the others
        if (!isNodeError(error)) throw error
      }
    }
  }

  #ask(peer: PeerId, hashes: readonly Hash[]): Promise<Uint8Array> {
    return this.#modules.requests.request(peer, PROTOCOL, encodeRlp(hashes.map(hexToBytes)), {
      timeoutMs: TIMEOUT_MS,
      maxResponseBytes: limits.poolExchangeBytes,
    })
  }

  #answer(request: Uint8Array): Uint8Array {
    const { mempool } = this.#modules
    const wanted = decodePoolRequest(request)
    if (wanted.length === 0) {
      const hashes: Uint8Array[] = []
      for (const { hash } of mempool.best()) {
        if (hashes.length === limits.poolExchangeHashes) break
        hashes.push(hexToBytes(hash))
      }
      return encodeRlp(hashes)
    }
    const found: Uint8Array[] = []
    let bytes = 0
    for (const hash of wanted) {
      const transaction = mempool.get(hash)
      if (transaction === undefined) continue
      bytes += transaction.bytes.length + 8
      if (bytes > limits.poolExchangeBytes) break
      found.push(transaction.bytes)
    }
    return encodeRlp(found)
  }
}

/** What a peer wants: nothing named asks for all hashes. Errors of this and the next two: BAD_RLP, LIMIT_EXCEEDED. */
export function decodePoolRequest(bytes: Uint8Array): Hash[] {
  return asList(decodeRlp(bytes, REQUEST_BYTES, limits.poolExchangeWanted + 1)).map(asHash)
}

export function decodePoolHashes(bytes: Uint8Array): Hash[] {
  return asList(decodeRlp(bytes, limits.poolExchangeBytes, limits.poolExchangeHashes + 1)).map(asHash)
}

export function decodePoolTransactions(bytes: Uint8Array): Uint8Array[] {
  const items = asList(decodeRlp(bytes, limits.poolExchangeBytes, limits.poolExchangeWanted + 1))
  return items.map((item) => asBytes(item))
}
