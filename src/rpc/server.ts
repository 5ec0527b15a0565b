import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import { WebSocketServer } from 'ws'
import { limits } from '../config/limits.ts'
import { NodeError } from '../errors/errors.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Service } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Random } from '../runtime/random.ts'
import { type CallObserver, Dispatcher, errorResponse } from './dispatcher.ts'
import { limitExceeded, RPC_CODES, RpcError } from './errors.ts'
import { FeeOracle, type FeeOracleOptions } from './fees/feeOracle.ts'
import { FilterStore } from './filterStore.ts'
import { corsOrigin, type GuardOptions, isAllowedHost, isAllowedOrigin } from './guards.ts'
import { enabledMethods, type Namespace } from './methods/registry.ts'
import type { RpcPorts } from './ports.ts'
import { RpcSocket } from './socket.ts'
import { SubscriptionHub } from './subscriptionHub.ts'

export interface RpcServerOptions extends GuardOptions, FeeOracleOptions {
  /** Address to bind; loopback unless the operator says else. */
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly namespaces: readonly Namespace[]
}

export interface RpcServerModules {
  readonly ports: RpcPorts
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly observe?: CallObserver
}

const JSON_TYPE = 'application/json'

/** JSON-RPC over HTTP (POST to /) and WebSocket, on one port. */
export class RpcServer implements Service {
  readonly name = 'rpc'
  readonly #options: RpcServerOptions
  readonly #modules: RpcServerModules
  readonly #dispatcher: Dispatcher
  readonly #hub: SubscriptionHub
  readonly #filters: FilterStore
  readonly #sockets = new Set<RpcSocket>()
  readonly #upgrades: WebSocketServer
  #http: FastifyInstance | undefined

  constructor(options: RpcServerOptions, modules: RpcServerModules) {
    const { clock, random, logger, observe } = modules
    // Named one by one: a port may be a getter or a method of a class, which a spread would lose.
    const { chain, state, calls, mempool, sync, events, facts, openledger, node } = modules.ports
    const fees = new FeeOracle(options, { chain })
    const filters = new FilterStore({ chain, mempool, clock, random })
    this.#options = options
    this.#modules = modules
    this.#filters = filters
    this.#hub = new SubscriptionHub({ events, mempool, sync, random })
    this.#dispatcher = new Dispatcher({
      context: { chain, state, calls, mempool, sync, events, facts, openledger, node, fees, filters },
      methods: enabledMethods(options.namespaces),
      clock,
      logger,
      observe,
    })
    this.#upgrades = new WebSocketServer({
      noServer: true,
      maxPayload: limits.rpcBodyBytes,
      perMessageDeflate: false,
    })
  }

  async start(): Promise<void> {
    await this.listen(this.#options.port)
  }

  /** Returns the port that was bound. Fails with PORT_IN_USE. */
  async listen(port: number): Promise<number> {
    const http = this.#createHttp()
    try {
      await http.listen({ host: this.#options.host, port })
    } catch (error) {
      await http.close()
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      throw new NodeError(
        'PORT_IN_USE',
        `Port ${port} on ${this.#options.host} is in use; stop the other program or set another RPC port.`,
        { port },
        error,
      )
    }
    this.#http = http
    this.#hub.start()
    this.#filters.start()
    const bound = (http.server.address() as AddressInfo).port
    this.#modules.logger.info({ host: this.#options.host, port: bound }, 'JSON-RPC listens')
    return bound
  }

  async stop(): Promise<void> {
    this.#hub.stop()
    this.#filters.stop()
    for (const socket of this.#sockets) socket.terminate()
    this.#sockets.clear()
    await this.#http?.close()
    this.#http = undefined
  }

  #createHttp(): FastifyInstance {
    const http = fastify({
      bodyLimit: limits.rpcBodyBytes,
      requestTimeout: limits.rpcRequestMs,
      connectionTimeout: limits.rpcSilenceMs,
      keepAliveTimeout: limits.rpcKeepAliveMs,
      forceCloseConnections: true,
      exposeHeadRoutes: false,
    })
    http.server.maxConnections = limits.rpcConnections
    http.removeAllContentTypeParsers()
    http.addContentTypeParser(JSON_TYPE, { parseAs: 'string' }, (_request, body, done) => done(null, body))
    http.addHook('onRequest', async (request, reply) => this.#guard(request, reply))
    http.post('/', async (request, reply) => this.#post(request, reply))
    http.options('/', async (_request, reply) => reply.code(204).send())
    http.setNotFoundHandler((_request, reply) => {
      sendError(reply, 404, new RpcError(RPC_CODES.invalidRequest, 'JSON-RPC is served by POST to /'))
    })
    http.setErrorHandler((error, _request, reply) => this.#onHttpError(error, reply))
    http.server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
    return http
  }

  async #guard(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (!isAllowedHost(request.headers, this.#options)) {
      sendError(reply, 403, new RpcError(RPC_CODES.invalidRequest, 'invalid host specified'))
      return
    }
    const origin = corsOrigin(request.headers, this.#options)
    if (origin === undefined) return
    reply.header('access-control-allow-origin', origin).header('vary', 'origin')
    if (request.method === 'OPTIONS') {
      reply
        .header('access-control-allow-methods', 'POST')
        .header('access-control-allow-headers', 'content-type')
        .header('access-control-max-age', '600')
    }
  }

  async #post(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const answer = await this.#dispatcher.handle(typeof request.body === 'string' ? request.body : '')
    if (answer === undefined) return reply.code(204).send()
    return reply.header('content-type', JSON_TYPE).send(answer)
  }

  #onHttpError(error: unknown, reply: FastifyReply): void {
    const { statusCode, code } = error as { statusCode?: number; code?: string }
    if (statusCode === 413) {
      sendError(reply, 413, limitExceeded(`request too large: at most ${limits.rpcBodyBytes} bytes`))
    } else if (statusCode === 415) {
      sendError(reply, 415, new RpcError(RPC_CODES.invalidRequest, `the content type must be ${JSON_TYPE}`))
    } else if (statusCode !== undefined && statusCode < 500) {
      sendError(reply, statusCode, new RpcError(RPC_CODES.invalidRequest, 'invalid request'))
    } else {
      this.#modules.logger.error({ code, error: String(error) }, 'an HTTP request failed unexpectedly')
      sendError(reply, 500, error)
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refuse = (status: string) => {
      socket.on('error', () => socket.destroy())
      socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
    }
    const isAllowed =
      isAllowedHost(request.headers, this.#options) && isAllowedOrigin(request.headers, this.#options)
    if (!isAllowed || this.#sockets.size >= limits.rpcSockets) {
      refuse(isAllowed ? '503 Service Unavailable' : '403 Forbidden')
      return
    }
    this.#upgrades.handleUpgrade(request, socket, head, (webSocket) => {
      const { clock, logger } = this.#modules
      const connection = new RpcSocket(webSocket, {
        dispatcher: this.#dispatcher,
        hub: this.#hub,
        clock,
        logger,
      })
      this.#sockets.add(connection)
      webSocket.on('close', () => this.#sockets.delete(connection))
    })
  }
}

function sendError(reply: FastifyReply, status: number, error: unknown): void {
  reply.code(status).header('content-type', JSON_TYPE).send(errorResponse(null, error))
}
