import { once } from 'node:events'
import { type IncomingHttpHeaders, request } from 'node:http'
import { connect } from 'node:net'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { limits } from '../../../src/config/limits.ts'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import type { CallObserver } from '../../../src/rpc/dispatcher.ts'
import { isAllowedHost } from '../../../src/rpc/guards.ts'
import { DEFAULT_NAMESPACES } from '../../../src/rpc/methods/registry.ts'
import { RpcServer, type RpcServerOptions } from '../../../src/rpc/server.ts'
import { type Logger, silentLogger } from '../../../src/runtime/logger.ts'
import { systemRandom } from '../../../src/runtime/random.ts'
import { signed } from '../mempool/fixtures.ts'
import {
  type Answer,
  EMITTER,
  FakeNode,
  makeBlock,
  RECIPIENT,
  sampleTransactions,
  TOPIC,
  wallet,
} from './fixtures.ts'

const started: RpcServer[] = []
const sockets: WebSocket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate()
  for (const server of started.splice(0)) await server.stop()
})

interface Extras {
  readonly node?: FakeNode
  readonly logger?: Logger
  readonly observe?: CallObserver
}

async function serve(options: Partial<RpcServerOptions> = {}, extras: Extras = {}) {
  const node = extras.node ?? new FakeNode([makeBlock(0, []), makeBlock(1, sampleTransactions())])
  const server = new RpcServer(
    {
      host: '127.0.0.1',
      port: 0,
      namespaces: DEFAULT_NAMESPACES,
      allowedHosts: [],
      corsOrigins: [],
      defaultTipWei: 100n,
      ...options,
    },
    {
      ports: node,
      clock: node.clock,
      random: systemRandom,
      logger: extras.logger ?? silentLogger,
      ...(extras.observe === undefined ? {} : { observe: extras.observe }),
    },
  )
  started.push(server)
  return { node, server, port: await server.listen(0) }
}

interface Reply {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

function send(port: number, body: string | Buffer, init: Record<string, unknown> = {}): Promise<Reply> {
  const {
    headers = {},
    method = 'POST',
    path = '/',
  } = init as {
    headers?: Record<string, string>
    method?: string
    path?: string
  }
  return new Promise((resolve, reject) => {
    const all = { 'content-type': 'application/json', ...headers }
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers: all }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk) => chunks.push(chunk))
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode,
          headers: incoming.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      )
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

const CHAIN_ID_REQUEST = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}'
const errorOf = (reply: Reply) => (JSON.parse(reply.text) as Answer).error?.code

async function open(port: number, options: Record<string, unknown> = {}): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, options)
  sockets.push(socket)
  await once(socket, 'open')
  return socket
}

/** The messages of a socket, one at a time. */
function reader(socket: WebSocket) {
  const ready: unknown[] = []
  const waiting: ((message: unknown) => void)[] = []
  socket.on('message', (data) => {
    const message: unknown = JSON.parse(data.toString())
    const taker = waiting.shift()
    if (taker === undefined) ready.push(message)
    else taker(message)
  })
  return (): Promise<unknown> =>
    ready.length > 0 ? Promise.resolve(ready.shift()) : new Promise((resolve) => waiting.push(resolve))
}

describe('HTTP', () => {
  it('answers a request, a batch and a notification', async () => {
    const { port } = await serve()
    const single = await send(port, CHAIN_ID_REQUEST)
    expect(single).toMatchObject({ status: 200, text: '{"jsonrpc":"2.0","id":1,"result":"0x275bc"}' })
    expect(single.headers['content-type']).toContain('application/json')
    const batch = await send(port, `[${CHAIN_ID_REQUEST},5]`)
    expect((JSON.parse(batch.text) as Answer[]).map(({ result, error }) => result ?? error?.code)).toEqual([
      '0x275bc',
      -32600,
    ])
    const notification = await send(port, '{"jsonrpc":"2.0","method":"eth_chainId"}')
    expect(notification).toMatchObject({ status: 204, text: '' })
    const withCharset = await send(port, CHAIN_ID_REQUEST, {
      headers: { 'content-type': 'application/json; charset=utf-8' },
    })
    expect(withCharset.status).toBe(200)
  })

  it('answers what it cannot take with a JSON-RPC error all the same', async () => {
    const { port } = await serve()
    const cases: [Reply, number, number][] = [
      [await send(port, '{'), 200, -32700],
      [await send(port, ''), 200, -32700],
      [await send(port, CHAIN_ID_REQUEST, { headers: { 'content-type': 'text/plain' } }), 415, -32600],
      [await send(port, CHAIN_ID_REQUEST, { path: '/rpc' }), 404, -32600],
      [await send(port, '', { method: 'GET' }), 404, -32600],
      [await send(port, CHAIN_ID_REQUEST, { method: 'PUT' }), 404, -32600],
      [await send(port, Buffer.alloc(limits.rpcBodyBytes + 1, 32)), 413, -32005],
    ]
    for (const [reply, status, code] of cases) {
      expect(reply.status).toBe(status)
      expect(errorOf(reply)).toBe(code)
    }
    expect((await send(port, CHAIN_ID_REQUEST)).status).toBe(200)
  })

  it('answers only hosts that it knows, against DNS rebinding', async () => {
    const { port } = await serve({ allowedHosts: ['node.example'] })
    const status = async (host: string) => (await send(port, CHAIN_ID_REQUEST, { headers: { host } })).status
    for (const host of [
      'localhost',
      `localhost:${port}`,
      '127.0.0.1',
      '10.1.2.3:8545',
      '[::1]:8545',
      'NODE.example:1',
    ]) {
      expect(await status(host), host).toBe(200)
    }
    for (const host of [
      'attacker.example',
      'localhost.attacker.example',
      'node.example.com',
      '127.0.0.1.nip.io',
    ]) {
      expect(await status(host), host).toBe(403)
    }
    const none = { allowedHosts: [], corsOrigins: [] }
    for (const host of [undefined, '', ':8545', 'a b', '[::1', 'localhost:x']) {
      expect(isAllowedHost(host === undefined ? {} : { host }, none)).toBe(false)
    }
    expect(isAllowedHost({ host: 'any.example' }, { ...none, allowedHosts: ['*'] })).toBe(true)
  })

  it('lets only the web pages in that the operator names', async () => {
    const { port } = await serve({ corsOrigins: ['https://app.example'] })
    const preflight = (origin: string) =>
      send(port, '', {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type',
        },
      })
    const allowed = await preflight('https://app.example')
    expect(allowed.status).toBe(204)
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'content-type',
      vary: 'origin',
    })
    const refused = await preflight('https://other.example')
    expect(refused.headers['access-control-allow-origin']).toBe(undefined)
    const answered = await send(port, CHAIN_ID_REQUEST, { headers: { origin: 'https://app.example' } })
    expect(answered.headers['access-control-allow-origin']).toBe('https://app.example')
    const open = await serve({ corsOrigins: ['*'] })
    const any = await send(open.port, CHAIN_ID_REQUEST, { headers: { origin: 'https://x.example' } })
    expect(any.headers['access-control-allow-origin']).toBe('*')
  })

  it('offers only the enabled namespaces', async () => {
    const { port } = await serve({ namespaces: ['net'] })
    expect(errorOf(await send(port, CHAIN_ID_REQUEST))).toBe(-32601)
    expect(errorOf(await send(port, '{"jsonrpc":"2.0","id":1,"method":"net_version"}'))).toBe(undefined)
  })

  it('reports each call by a bounded set of names', async () => {
    const calls: [string, number | undefined][] = []
    const { port } = await serve({}, { observe: ({ method, errorCode }) => calls.push([method, errorCode]) })
    await send(port, `[${CHAIN_ID_REQUEST},{"jsonrpc":"2.0","id":1,"method":"made_up"},7]`)
    expect(new Map(calls)).toEqual(
      new Map([
        ['eth_chainId', undefined],
        ['unknown', -32601],
      ]),
    )
  })
})

describe('the server', () => {
  it('says that a port is in use, and gives it back when stopped', async () => {
    const first = await serve()
    const second = new RpcServer(
      {
        host: '127.0.0.1',
        port: first.port,
        namespaces: [],
        allowedHosts: [],
        corsOrigins: [],
        defaultTipWei: 0n,
      },
      { ports: first.node, clock: first.node.clock, random: systemRandom, logger: silentLogger },
    )
    await expect(second.start()).rejects.toMatchObject({ code: 'PORT_IN_USE', details: { port: first.port } })
    await first.server.stop()
    expect(first.node.headListeners).toBe(0)
    await second.start()
    started.push(second)
    expect(errorOf(await send(first.port, CHAIN_ID_REQUEST))).toBe(-32601)
  })

  it('stops with connections open', async () => {
    const { server, port } = await serve()
    const socket = await open(port)
    const closed = once(socket, 'close')
    const idle = connect(port, '127.0.0.1')
    idle.on('error', () => {})
    await once(idle, 'connect')
    const idleClosed = once(idle, 'close')
    await server.stop()
    await Promise.all([closed, idleClosed])
  })
})

describe('WebSocket', () => {
  it('answers requests and batches on the same port', async () => {
    const { port } = await serve()
    const socket = await open(port)
    const next = reader(socket)
    socket.send(CHAIN_ID_REQUEST)
    expect(await next()).toEqual({ jsonrpc: '2.0', id: 1, result: '0x275bc' })
    socket.send(Buffer.from(`[${CHAIN_ID_REQUEST}]`))
    expect(await next()).toEqual([{ jsonrpc: '2.0', id: 1, result: '0x275bc' }])
    socket.send('nonsense')
    expect(await next()).toMatchObject({ id: null, error: { code: -32700 } })
  })

  it('pushes heads, logs, pending transactions and syncing, to those who asked', async () => {
    const { node, port } = await serve()
    const socket = await open(port)
    const next = reader(socket)
    const subscribe = async (...params: unknown[]) => {
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params }))
      return ((await next()) as Answer).result as string
    }
    const event = async () => ((await next()) as { params: { subscription: string; result: never } }).params
    const heads = await subscribe('newHeads')
    const logs = await subscribe('logs', { address: EMITTER, topics: [TOPIC] })
    const block = makeBlock(2, sampleTransactions(5))
    node.append(block)
    expect(await event()).toMatchObject({
      subscription: heads,
      result: { hash: bytesToHex(block.hash()), number: '0x2', parentHash: expect.any(String) },
    })
    expect(await event()).toMatchObject({ subscription: logs, result: { logIndex: '0x0', address: EMITTER } })
    expect(await event()).toMatchObject({ subscription: logs, result: { logIndex: '0x2', address: EMITTER } })

    const hashes = await subscribe('newPendingTransactions')
    const whole = await subscribe('newPendingTransactions', true)
    const alice = wallet(0)
    node.world.set(alice.address, {})
    const { hash } = node.pool.add(signed(alice))
    expect(await event()).toEqual({ subscription: hashes, result: hash })
    expect(await event()).toMatchObject({
      subscription: whole,
      result: { hash, from: alice.address, blockHash: null },
    })

    const syncing = await subscribe('syncing')
    node.setSyncing({ startingBlock: 1n, currentBlock: 2n, highestBlock: 3n })
    expect(await event()).toEqual({
      subscription: syncing,
      result: { syncing: true, status: { startingBlock: '0x1', currentBlock: '0x2', highestBlock: '0x3' } },
    })
    node.setSyncing(undefined)
    expect(await event()).toEqual({ subscription: syncing, result: false })

    socket.send(JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'eth_unsubscribe', params: [heads] }))
    expect(await next()).toEqual({ jsonrpc: '2.0', id: 2, result: true })
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: 3, method: 'eth_unsubscribe', params: [heads] }))
    expect(await next()).toEqual({ jsonrpc: '2.0', id: 3, result: false })
    node.append(makeBlock(3, []))
    socket.send(CHAIN_ID_REQUEST)
    expect(await next()).toMatchObject({ result: '0x275bc' })
  })

  it('tells a client the id of a subscription before it pushes to it', async () => {
    const { node, port } = await serve()
    const socket = await open(port)
    const next = reader(socket)
    node.calls.call = async () => {
      node.append(makeBlock(node.blocks.length, []))
      return { output: new Uint8Array(0), gasUsed: 0n, gasRefund: 0n }
    }
    // The call makes a block while the answer to the batch is still being put together.
    const subscribe = { jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['newHeads'] }
    const call = { jsonrpc: '2.0', id: 2, method: 'eth_call', params: [{}] }
    socket.send(JSON.stringify([subscribe, call]))
    const [answer] = (await next()) as [Answer]
    expect(await next()).toMatchObject({ params: { subscription: answer.result, result: { number: '0x2' } } })
  })

  it('bounds the subscriptions of a connection and refuses wrong ones', async () => {
    const { port } = await serve()
    const socket = await open(port)
    const next = reader(socket)
    const ask = async (...params: unknown[]) => {
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params }))
      return (await next()) as Answer
    }
    expect((await ask('newBlocks')).error?.code).toBe(-32602)
    expect((await ask('logs', { address: 'x' })).error?.code).toBe(-32602)
    expect((await ask('newPendingTransactions', 'yes')).error?.code).toBe(-32602)
    for (let count = 0; count < limits.rpcSubscriptions; count++)
      expect((await ask('newHeads')).error).toBe(undefined)
    expect((await ask('newHeads')).error?.code).toBe(-32005)
  })

  it('refuses foreign hosts, foreign pages, and messages above the bound', async () => {
    const { port } = await serve({ corsOrigins: ['https://app.example'] })
    const refused = (options: Record<string, unknown>) =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}`, options)
        sockets.push(socket)
        socket.on('error', (error) => resolve(error.message))
        socket.on('open', () => resolve('open'))
      })
    expect(await refused({ headers: { host: 'attacker.example' } })).toContain('403')
    expect(await refused({ origin: 'https://attacker.example' })).toContain('403')
    expect(await refused({ origin: 'https://app.example' })).toBe('open')
    const socket = await open(port)
    const closed = once(socket, 'close')
    socket.on('error', () => {})
    socket.send(Buffer.alloc(limits.rpcBodyBytes + 1, 32))
    expect((await closed)[0]).toBe(1009)
  })

  it('serves no more than its bound of connections', async () => {
    const { port } = await serve()
    for (let count = 0; count < limits.rpcSockets; count++) await open(port)
    const extra = new WebSocket(`ws://127.0.0.1:${port}`)
    sockets.push(extra)
    const [error] = await once(extra, 'error')
    expect((error as Error).message).toContain('503')
    const closed = once(sockets[0]!, 'close')
    sockets[0]!.close()
    await closed
    await open(port)
  })

  it('drops a client that is gone without a word', async () => {
    const { node, port } = await serve()
    const alive = await open(port)
    const dead = await open(port, { autoPong: false })
    const closed = once(dead, 'close')
    const pinged = once(alive, 'ping')
    node.clock.advance(limits.rpcSocketPingMs)
    await pinged
    // The answer to the ping must be in before the next one goes out: a request behind it shows that.
    const next = reader(alive)
    alive.send(CHAIN_ID_REQUEST)
    await next()
    node.clock.advance(limits.rpcSocketPingMs)
    await closed
    alive.send(CHAIN_ID_REQUEST)
    expect(await next()).toMatchObject({ result: '0x275bc' })
  })

  it('cuts off a subscriber that does not read, and nobody else', async () => {
    const lines: string[] = []
    let noticed = () => {}
    const cut = new Promise<void>((resolve) => {
      noticed = resolve
    })
    const sink = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk))
        if (String(chunk).includes('too slowly')) noticed()
        done()
      },
    })
    const { node, port } = await serve({}, { logger: pino({ level: 'info' }, sink) })
    const slow = await open(port)
    const nextOfSlow = reader(slow)
    const subscribe = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['logs', {}] })
    slow.send(subscribe)
    await nextOfSlow()
    slow.pause()
    const quick = await open(port)
    const nextOfQuick = reader(quick)
    quick.send(CHAIN_ID_REQUEST)
    await nextOfQuick()
    const block = makeBlock(2, sampleTransactions(5))
    const large = { address: RECIPIENT, topics: [], data: new Uint8Array(2 * 1024 * 1024) }
    const receipts = [
      { status: 1 as const, cumulativeGasUsed: 1n, logsBloom: new Uint8Array(256), logs: [large] },
    ]
    const closed = once(slow, 'close')
    for (let count = 0; count < 12; count++) {
      node.append(block, receipts)
      // Lets the server's socket take what the kernel still holds.
      quick.send(CHAIN_ID_REQUEST)
      await nextOfQuick()
    }
    await cut
    slow.on('error', () => {})
    slow.resume()
    await closed
    quick.send(CHAIN_ID_REQUEST)
    expect(await nextOfQuick()).toMatchObject({ result: '0x275bc' })
  })

  it('answers in full when asked faster than it answers', async () => {
    const { node, port } = await serve()
    let running = 0
    let most = 0
    node.calls.call = async () => {
      running++
      most = Math.max(most, running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      return { output: new Uint8Array(1_000), gasUsed: 0n, gasRefund: 0n }
    }
    const socket = await open(port)
    const next = reader(socket)
    const ids = Array.from({ length: 500 }, (_, id) => id)
    for (const id of ids)
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'eth_call', params: [{}] }))
    const answered = new Set<unknown>()
    for (const _ of ids) answered.add(((await next()) as Answer).id)
    expect(answered.size).toBe(ids.length)
    expect(most).toBe(limits.rpcSocketInFlight)
  })
})
