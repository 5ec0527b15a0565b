import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { RpcSocket } from '../../../src/rpc/socket.ts'
import { SubscriptionHub } from '../../../src/rpc/subscriptionHub.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { countingRandom, FakeNode, makeBlock, makeRpc } from './fixtures.ts'

/** A WebSocket whose unsent bytes are set by hand. */
class FakeWebSocket extends EventEmitter {
  readonly readyState = 1
  readonly sent: string[] = []
  bufferedAmount = 0
  isPaused = false
  isTerminated = false
  closeCode: number | undefined
  #callbacks: (() => void)[] = []

  send(text: string, callback?: () => void): void {
    this.sent.push(text)
    if (callback !== undefined) this.#callbacks.push(callback)
  }

  /** All that was sent has left. */
  flush(): void {
    this.bufferedAmount = 0
    for (const callback of this.#callbacks.splice(0)) callback()
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  close(code: number): void {
    this.closeCode = code
  }

  terminate(): void {
    this.isTerminated = true
    this.emit('close')
  }

  ping(): void {}
}

function setup() {
  const node = new FakeNode([makeBlock(0, [])])
  const { dispatcher } = makeRpc(node)
  const hub = new SubscriptionHub({
    events: node.events,
    mempool: node.pool,
    sync: node.sync,
    random: countingRandom(),
  })
  hub.start()
  const socket = new FakeWebSocket()
  new RpcSocket(socket as never, { dispatcher, hub, clock: node.clock, logger: silentLogger })
  const receive = (body: unknown) => socket.emit('message', Buffer.from(JSON.stringify(body)))
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  return { node, hub, socket, receive, settled }
}

const REQUEST = { jsonrpc: '2.0', id: 1, method: 'eth_chainId' }
const SUBSCRIBE = { jsonrpc: '2.0', id: 2, method: 'eth_subscribe', params: ['newHeads'] }

describe('a WebSocket connection', () => {
  it('stops reading while its answers are not taken, and goes on when they are', async () => {
    const { socket, receive, settled } = setup()
    for (let count = 0; count < limits.rpcSocketInFlight + 3; count++) receive(REQUEST)
    await settled()
    expect(socket.sent.length).toBe(limits.rpcSocketInFlight)
    expect(socket.isPaused).toBe(true)
    socket.flush()
    await settled()
    expect(socket.sent.length).toBe(limits.rpcSocketInFlight + 3)
    expect(socket.isPaused).toBe(false)
  })

  it('stops reading for unsent notifications, and goes on when they are out', async () => {
    const { node, socket, receive, settled } = setup()
    receive(SUBSCRIBE)
    await settled()
    socket.flush()
    node.append(makeBlock(1, []))
    socket.bufferedAmount = limits.rpcSocketUnsentBytes
    receive(REQUEST)
    await settled()
    expect(socket.sent.length).toBe(2)
    expect(socket.isPaused).toBe(true)
    socket.flush()
    await settled()
    expect(socket.sent.length).toBe(3)
    expect(socket.isPaused).toBe(false)
  })

  it('ends for a subscriber with too many unsent bytes', async () => {
    const { node, socket, receive, settled } = setup()
    receive(SUBSCRIBE)
    await settled()
    socket.bufferedAmount = limits.rpcSocketUnsentBytes + 1
    node.append(makeBlock(1, []))
    expect(socket.closeCode).toBe(1008)
    expect(socket.isTerminated).toBe(true)
    node.append(makeBlock(2, []))
    expect(socket.sent.length).toBe(1)
  })

  it('sends a notification once its subscription is answered, and keeps no more than its bound until then', async () => {
    const { node, hub } = setup()
    const sent: string[] = []
    const reasons: string[] = []
    const session = hub.open({ send: (text) => sent.push(text), cutOff: (reason) => reasons.push(reason) })
    const request = session.forRequest()
    const other = session.forRequest()
    const id = request.subscribe({ type: 'newHeads' })
    node.append(makeBlock(1, []))
    other.answered()
    expect(sent).toEqual([])
    request.answered()
    expect(sent.map((text) => JSON.parse(text).params.subscription)).toEqual([id])
    other.subscribe({ type: 'syncing' })
    for (let count = 0; count < limits.rpcHeldNotifications; count++) node.setSyncing(undefined)
    expect(reasons).toEqual([])
    node.setSyncing(undefined)
    expect(reasons.length).toBe(1)
    session.close()
    node.setSyncing(undefined)
    expect(reasons.length).toBe(1)
    expect(request.unsubscribe(id)).toBe(false)
  })
})
