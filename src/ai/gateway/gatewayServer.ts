import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import { limits } from '../../config/limits.ts'
import { messageOf, NodeError } from '../../errors/errors.ts'
import type { Service } from '../../runtime/lifecycle.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Random } from '../../runtime/random.ts'
import { Slots } from '../../runtime/slots.ts'
import { inputBytes } from '../receipts/commitments.ts'
import type { HeadReader } from '../receipts/ports.ts'
import type { ReceiptViews } from '../receipts/views.ts'
import { predictionJson, receiptStatusJson } from './answers.ts'
import type { AuditDesk } from './auditDesk.ts'
import { httpFailure, serverFailure } from './httpErrors.ts'
import type { InferenceService } from './inferenceService.ts'
import type { ModelList } from './modelList.ts'
import { type PaymentTermsOptions, paymentTerms } from './paymentTerms.ts'
import type { CidParser, ContentShelf } from './ports.ts'
import {
  type PredictBody,
  parseAuditBody,
  parsePayment,
  parsePredictBody,
  parseReceiptId,
} from './schemas.ts'
import type { ServedRecords } from './servedRecords.ts'

export interface GatewayServerOptions extends PaymentTermsOptions {
  /** Address to bind. */
  readonly address: string
  /** 0 takes a free one. */
  readonly port: number
  /** Whether strangers may store content here. */
  readonly acceptsUploads: boolean
  /** Web pages that may use the gateway: their origins, or `*` for all. */
  readonly corsOrigins: readonly string[]
}

export interface GatewayServerModules {
  readonly inference: InferenceService
  readonly models: ModelList
  readonly desk: AuditDesk
  readonly records: ServedRecords
  readonly views: ReceiptViews
  readonly head: HeadReader
  readonly content: ContentShelf
  readonly parseCid: CidParser
  readonly random: Random
  readonly logger: Logger
}

const JSON_TYPE = 'application/json'
const BYTES_TYPE = 'application/octet-stream'

/** The host's HTTP interface: models, paid predictions, receipts, evidence for auditors, content. */
export class GatewayServer implements Service {
  readonly name = 'gateway'
  readonly #options: GatewayServerOptions
  readonly #modules: GatewayServerModules
  readonly #uploads = new Slots({ atOnce: limits.gatewayUploads, queueLength: limits.gatewayUploadQueue })
  #http: FastifyInstance | undefined

  constructor(options: GatewayServerOptions, modules: GatewayServerModules) {
    this.#options = options
    this.#modules = modules
  }

  async start(): Promise<void> {
    await this.listen()
  }

  /** Returns the port that was bound. Fails with PORT_IN_USE. */
  async listen(): Promise<number> {
    const { address, port } = this.#options
    const http = this.#create()
    try {
      await http.listen({ host: address, port })
    } catch (error) {
      await http.close()
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      const text = `Port ${port} on ${address} is in use; set another port for the host.`
      throw new NodeError('PORT_IN_USE', text, { port }, error)
    }
    this.#http = http
    const bound = (http.server.address() as AddressInfo).port
    this.#modules.logger.info({ address, port: bound }, 'the inference gateway listens')
    return bound
  }

  async stop(): Promise<void> {
    await this.#http?.close()
    this.#http = undefined
  }

  #create(): FastifyInstance {
    const http = fastify({
      bodyLimit: limits.gatewayBodyBytes,
      requestTimeout: limits.gatewayRequestMs,
      connectionTimeout: limits.gatewaySilenceMs,
      keepAliveTimeout: limits.gatewayKeepAliveMs,
      forceCloseConnections: true,
      routerOptions: { maxParamLength: 128 },
    })
    http.server.maxConnections = limits.gatewayConnections
    http.removeAllContentTypeParsers()
    http.addContentTypeParser(JSON_TYPE, { parseAs: 'string' }, (_request, body, done) => {
      done(null, body)
    })
    http.addHook('onRequest', async (request, reply) => this.#allowOrigin(request, reply))
    http.setNotFoundHandler((_request, reply) => reply.code(404).send(serverFailure(404).body))
    http.setErrorHandler((error, request, reply) => this.#fail(error, request, reply))
    this.#route(http)
    return http
  }

  #route(http: FastifyInstance): void {
    const { models, desk, records, views } = this.#modules
    http.get('/v1/models', async () => models.get())
    http.post('/predict', async (request, reply) => this.#predict(request, reply))
    http.get<{ Params: { id: string } }>('/receipts/:id', async (request) => {
      const receiptId = parseReceiptId(request.params.id)
      const view = views.receipt(receiptId)
      const entry = records.entry(receiptId)
      if (view === undefined && entry === undefined) {
        throw new NodeError('NOT_FOUND', 'Neither the chain nor this host knows the receipt.')
      }
      const audit = view === undefined ? undefined : views.audit(receiptId)
      return receiptStatusJson(receiptId, view, audit?.committee.length === 0 ? undefined : audit, entry)
    })
    http.post('/audit', async (request, reply) => {
      const evidence = desk.evidence(parseAuditBody(jsonOf(request)))
      return reply.header('content-type', BYTES_TYPE).send(Buffer.from(evidence))
    })
    http.get<{ Params: { cid: string } }>('/content/:cid', async (request, reply) =>
      this.#sendContent(request.params.cid, reply),
    )
    if (this.#options.acceptsUploads) http.register(async (uploads) => this.#routeUploads(uploads))
    http.options('/*', async (_request, reply) => reply.code(204).send())
  }

  /** Raw bodies are larger than JSON ones, and are taken nowhere else. */
  #routeUploads(http: FastifyInstance): void {
    http.removeAllContentTypeParsers()
    const options = { parseAs: 'buffer', bodyLimit: limits.contentUploadBytes } as const
    http.addContentTypeParser(BYTES_TYPE, options, (_request, body, done) => done(null, body))
    const slots = this.#uploads
    http.post('/content', { bodyLimit: limits.contentUploadBytes }, async (request, reply) => {
      const body = request.body instanceof Uint8Array ? request.body : new Uint8Array()
      const cid = await slots.run(() => this.#modules.content.put(body))
      return reply.code(201).send({ cid })
    })
  }

  async #predict(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const body = parsePredictBody(jsonOf(request))
    const input = inputBytes(body.inputs)
    const header = request.headers['x-payment']
    if (header === undefined) return this.#requirePayment(body, input, reply)
    const payment = parsePayment(String(header))
    const { genesisHash, ...inferenceRequest } = payment.request
    if (genesisHash !== undefined && genesisHash !== this.#options.domain.genesisHash) {
      throw new NodeError('BAD_REQUEST', 'The request is for another chain: its genesis hash differs.')
    }
    if (inferenceRequest.adapterId !== BigInt(body.model)) {
      throw new NodeError('BAD_REQUEST', 'The signed request is for another adapter than the body.')
    }
    const { requesterSignature, inputSalt } = payment
    const record = await this.#modules.inference.answer({
      request: inferenceRequest,
      requesterSignature,
      input,
      inputSalt,
    })
    return reply.send(predictionJson(record))
  }

  async #requirePayment(body: PredictBody, input: Uint8Array, reply: FastifyReply): Promise<FastifyReply> {
    const { inference, head, random } = this.#modules
    const priced = await inference.price(BigInt(body.model), input)
    const { requester, application, auditClass } = body
    const payment = paymentTerms(
      this.#options,
      { input, priced, height: head.height, requester, application, auditClass },
      random,
    )
    const message = 'Sign `payment.typedData` and send it in the header X-PAYMENT.'
    return reply.code(402).send({ error: { code: 'PAYMENT_REQUIRED', message }, payment })
  }

  async #sendContent(text: string, reply: FastifyReply): Promise<FastifyReply> {
    const { content, parseCid } = this.#modules
    const cid = parseCid(text)
    const size = content.sizeOf(cid)
    // the first part is read before the status is sent: only then the object is known to be whole
    const first = size === undefined ? undefined : await content.read(cid, 0, limits.contentChunkBytes)
    if (size === undefined || first === undefined) {
      throw new NodeError('NOT_FOUND', 'This host does not hold this content.')
    }
    return reply
      .header('content-type', BYTES_TYPE)
      .header('content-length', size)
      .header('cache-control', 'public, max-age=31536000, immutable')
      .header('x-content-type-options', 'nosniff')
      .send(Readable.from(partsOf(content, cid, size, first), { objectMode: false }))
  }

  #allowOrigin(request: FastifyRequest, reply: FastifyReply): void {
    const { origin } = request.headers
    const { corsOrigins } = this.#options
    if (origin === undefined) return
    if (!corsOrigins.includes('*') && !corsOrigins.includes(origin)) return
    reply
      .header('access-control-allow-origin', corsOrigins.includes('*') ? '*' : origin)
      .header('vary', 'origin')
      .header('access-control-allow-methods', 'GET, POST')
      .header('access-control-allow-headers', 'content-type, x-payment')
  }

  #fail(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { statusCode } = error as { statusCode?: number }
    const isServers = !(error instanceof NodeError) && statusCode !== undefined && statusCode < 500
    const failure = isServers ? serverFailure(statusCode) : httpFailure(error)
    if (failure.isOurs) {
      this.#modules.logger.error(
        { error: messageOf(error), path: request.routeOptions.url },
        'a request failed',
      )
    }
    return reply.code(failure.status).header('content-type', JSON_TYPE).send(failure.body)
  }
}

/** The body, which may be anything that JSON can say. */
function jsonOf(request: FastifyRequest): unknown {
  try {
    return JSON.parse(typeof request.body === 'string' ? request.body : '')
  } catch (error) {
    throw new NodeError('BAD_REQUEST', 'The body is not JSON.', {}, error)
  }
}

async function* partsOf(
  content: ContentShelf,
  cid: string,
  size: number,
  first: Uint8Array,
): AsyncGenerator<Uint8Array> {
  let part: Uint8Array | undefined = first
  for (let offset = 0; offset < size; offset += part.length) {
    if (offset > 0) part = await content.read(cid, offset, limits.contentChunkBytes)
    // it was deleted meanwhile: the client sees a body that is too short
    if (part === undefined || part.length === 0) throw new NodeError('NOT_FOUND', 'The content is gone.')
    yield part
  }
}
