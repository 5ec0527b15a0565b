import { connect, createServer, type Server, type Socket } from 'node:net'

export interface LinkQuality {
  /** One way. */
  readonly delayMs: number
  /** Segments lost, 0 to 1. */
  readonly loss: number
}

const SEGMENT_BYTES = 1_460
/** Linux's least retransmission timeout. */
const LEAST_TIMEOUT_MS = 200
/** Segments that must follow a lost one for the sender to learn of it by duplicate acknowledgements (RFC 5681). */
const FAST_RETRANSMIT_SEGMENTS = 3
/** Bytes on the way in one direction; a sender that has more waits, as for a window. */
const WINDOW_BYTES = 4 * 1024 * 1024

/**
 * A TCP link between two nodes: what one side sends comes out at the other after a delay. Bytes of TCP are never
 * lost, they come late: a lost segment holds up all that follows it, for one round trip when enough follows to
 * trigger a fast retransmission, else for a retransmission timeout. That is what loss is here; each direction has its
 * own. Congestion windows are not modelled.
 */
export class Link {
  readonly #quality: LinkQuality
  readonly #target: { readonly host: string; readonly port: number }
  readonly #random: () => number
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #isCut = false
  /** Connections that went through. */
  connections = 0

  constructor(target: { host: string; port: number }, quality: LinkQuality, random: () => number) {
    this.#target = target
    this.#quality = quality
    this.#random = random
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      // as in TCP itself, one direction may end before the other
      const server = createServer({ allowHalfOpen: true }, (socket) => this.#join(socket))
      server.once('error', reject)
      server.listen(port, this.#target.host, () => resolve())
      this.#server = server
    })
  }

  /** No new connections and none of the present ones, until it is mended. */
  cut(isCut: boolean): void {
    this.#isCut = isCut
    if (isCut) for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #join(near: Socket): void {
    if (this.#isCut) {
      near.destroy()
      return
    }
    this.connections++
    const far = connect({ ...this.#target, allowHalfOpen: true })
    for (const socket of [near, far]) {
      socket.setNoDelay(true)
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
      socket.on('error', () => undefined)
    }
    this.#forward(near, far)
    this.#forward(far, near)
  }

  #forward(from: Socket, to: Socket): void {
    const lane = new Lane()
    let freeAtMs = 0
    let underWay = 0
    from.on('data', (bytes) => {
      freeAtMs = Math.max(freeAtMs, performance.now() + this.#quality.delayMs) + this.#stallMs(bytes.length)
      underWay += bytes.length
      if (underWay > WINDOW_BYTES) from.pause()
      lane.at(freeAtMs, () => {
        underWay -= bytes.length
        if (from.isPaused() && underWay <= WINDOW_BYTES / 2) from.resume()
        if (!to.destroyed) to.write(bytes)
      })
    })
    from.once('end', () => lane.at(freeAtMs, () => to.end()))
    from.once('close', () => lane.at(freeAtMs, () => to.destroy()))
  }

  /** How long the losses among these bytes hold up the stream. */
  #stallMs(bytes: number): number {
    const { delayMs, loss } = this.#quality
    if (loss === 0) return 0
    const segments = Math.ceil(bytes / SEGMENT_BYTES)
    let stallMs = 0
    for (let segment = 0; segment < segments; segment++) {
      if (this.#random() >= loss) continue
      const following = segments - segment - 1
      const roundTripMs = 2 * delayMs
      const timeoutMs = Math.max(LEAST_TIMEOUT_MS, 2 * roundTripMs)
      stallMs += following >= FAST_RETRANSMIT_SEGMENTS ? roundTripMs : timeoutMs
    }
    return stallMs
  }
}

/** Does things at their times and in their order, which timers of their own would not keep: they are cut to whole ms. */
class Lane {
  readonly #waiting: { readonly atMs: number; readonly work: () => void }[] = []
  #isArmed = false

  /** `atMs` never falls from call to call. */
  at(atMs: number, work: () => void): void {
    this.#waiting.push({ atMs, work })
    this.#arm()
  }

  #arm(): void {
    const [next] = this.#waiting
    if (this.#isArmed || next === undefined) return
    this.#isArmed = true
    setTimeout(() => this.#run(), Math.max(0, next.atMs - performance.now()))
  }

  #run(): void {
    this.#isArmed = false
    while ((this.#waiting[0]?.atMs ?? Number.POSITIVE_INFINITY) <= performance.now() + 1)
      this.#waiting.shift()?.work()
    this.#arm()
  }
}

/** Numbers from 0 to 1 that a seed fixes (mulberry32). Not for secrets. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
