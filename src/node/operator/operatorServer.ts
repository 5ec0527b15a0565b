import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { limits } from '../../config/limits.ts'
import { messageOf, NodeError } from '../../errors/errors.ts'
import type { Service } from '../../runtime/lifecycle.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { HealthMonitor, HealthReport } from './health.ts'

export interface OperatorServerModules {
  readonly metrics: { readonly contentType: string; text(): Promise<string> }
  readonly health: Pick<HealthMonitor, 'health' | 'ready'>
  readonly peers: () => readonly object[]
  readonly logger: Logger
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

const JSON_TYPE = 'application/json; charset=utf-8'

/** What operators' tools read, on a port of its own: nothing of it belongs on the port of JSON-RPC. */
export class OperatorServer implements Service {
  readonly name = 'operator port'
  readonly #options: { readonly host: string; readonly port: number }
  readonly #modules: OperatorServerModules
  #server: Server | undefined

  constructor(options: { host: string; port: number }, modules: OperatorServerModules) {
    this.#options = options
    this.#modules = modules
  }

  async start(): Promise<void> {
    await this.listen()
  }

  /** Returns the port that was bound. Fails with PORT_IN_USE. */
  async listen(): Promise<number> {
    const { host, port } = this.#options
    const server = createServer(
      {
        headersTimeout: limits.operatorRequestMs,
        requestTimeout: limits.operatorRequestMs,
        maxHeaderSize: limits.operatorHeaderBytes,
      },
      (request, response) => void this.#serve(request, response),
    )
    server.maxConnections = limits.operatorConnections
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        const code = error.code === 'EADDRINUSE' ? 'PORT_IN_USE' : 'BAD_CONFIG'
        reject(new NodeError(code, `The operator port ${host}:${port}: ${error.message}.`, { port }, error))
      })
      server.listen(port, host, () => resolve())
    })
    this.#server = server
    const bound = (server.address() as AddressInfo).port
    this.#modules.logger.info({ host, port: bound }, 'the operator port listens')
    return bound
  }

  async stop(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: Answer
    try {
      answer = await this.#answer(request)
    } catch (error) {
      this.#modules.logger.error({ error: messageOf(error) }, 'a request to the operator port failed')
      answer = json(500, { error: 'INTERNAL' })
    }
    response.writeHead(answer.status, { 'content-type': answer.type, 'cache-control': 'no-store' })
    response.end(request.method === 'HEAD' ? '' : answer.body)
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const { metrics, health, peers } = this.#modules
    if (request.method !== 'GET' && request.method !== 'HEAD') return json(405, { error: 'GET only' })
    const [path] = (request.url ?? '/').split('?')
    switch (path) {
      case '/metrics':
        return { status: 200, type: metrics.contentType, body: await metrics.text() }
      case '/health':
        return ofReport(health.health())
      case '/ready':
        return ofReport(await health.ready())
      case '/peers':
        return json(200, peers())
      default:
        return json(404, { paths: ['/metrics', '/health', '/ready', '/peers'] })
    }
  }
}

const json = (status: number, body: object): Answer => ({
  status,
  type: JSON_TYPE,
  body: `${JSON.stringify(body)}\n`,
})

const ofReport = (report: HealthReport): Answer => json(report.ok ? 200 : 503, report)
