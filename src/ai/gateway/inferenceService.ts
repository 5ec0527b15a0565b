import { setMaxListeners } from 'node:events'
import { auditClass, METHOD_GRADIENT, receiptStatus } from '../../../precompiles/proofOfAttribution/layout.ts'
import { limits } from '../../config/limits.ts'
import { invariant, messageOf, NodeError } from '../../errors/errors.ts'
import { type Address, type Hash, ZERO_ADDRESS } from '../../primitives/hex.ts'
import type { Clock } from '../../runtime/clock.ts'
import { deadline } from '../../runtime/deadline.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Random } from '../../runtime/random.ts'
import { Slots } from '../../runtime/slots.ts'
import { encodeReceipt } from '../receipts/codec.ts'
import { contentCommitment, opensCommitment, SALT_BYTES } from '../receipts/commitments.ts'
import type { LocatedEvent } from '../receipts/events.ts'
import { type AdapterTerms, feeWeiOf, isHopeless } from '../receipts/judge.ts'
import { type ReceiptPool, readTerms } from '../receipts/pool.ts'
import type { BlockFollower, HeadReader, ReceiptRules } from '../receipts/ports.ts'
import {
  type InferenceRequest,
  type ReceiptDomain,
  receiptHashes,
  receiptIdOf,
  recoverSigner,
  type SignedReceipt,
  withWalletV,
} from '../receipts/typedData.ts'
import type { ReceiptViews } from '../receipts/views.ts'
import { type AdmissionContext, admit, isWorthServing, quoteFee, type RiskOptions } from './admission.ts'
import { Exposure } from './exposure.ts'
import type { Inference, InferenceEngine, Quote, ReceiptGossip, ReceiptSigner, ServedModel } from './ports.ts'
import type { ServedEntry, ServedRecord, ServedRecords } from './servedRecords.ts'

export interface InferenceOptions extends RiskOptions {
  readonly domain: ReceiptDomain
  readonly rules: ReceiptRules
  /** The account that is registered, bonded and paid. */
  readonly host: Address
}

export interface InferenceModules {
  readonly engine: InferenceEngine
  readonly records: ServedRecords
  readonly pool: ReceiptPool
  readonly views: ReceiptViews
  readonly head: HeadReader
  readonly signer: ReceiptSigner
  readonly gossip: ReceiptGossip
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** A request with what pays for it. */
export interface PaidRequest {
  readonly request: InferenceRequest
  readonly requesterSignature: Uint8Array
  readonly input: Uint8Array
  readonly inputSalt: Uint8Array
}

/** What an input would cost now. */
export interface PricedInput extends Quote {
  readonly model: ServedModel
  readonly feeWei: bigint
}

/**
 * Serves paid inferences: checks what pays, runs the engine, signs the receipt, stores everything, then answers. The
 * same signed request gives the same answer and runs once, however often and whenever it comes.
 */
export class InferenceService implements BlockFollower {
  readonly #options: InferenceOptions
  readonly #modules: InferenceModules
  readonly #exposure = new Exposure()
  readonly #underWay = new Map<Hash, Promise<ServedRecord>>()
  readonly #perRequester = new Map<Address, number>()
  readonly #running = new Slots({ atOnce: limits.gatewayRunning, queueLength: limits.gatewayQueue })
  readonly #quoting = new Slots({ atOnce: limits.gatewayQuotes, queueLength: limits.gatewayQuoteQueue })
  readonly #stopping = new AbortController()

  constructor(options: InferenceOptions, modules: InferenceModules) {
    this.#options = options
    this.#modules = modules
    // one for every quote and inference that may wait
    const listeners =
      limits.gatewayRunning + limits.gatewayQueue + limits.gatewayQuotes + limits.gatewayQuoteQueue
    setMaxListeners(2 * listeners, this.#stopping.signal)
  }

  /** What answers that no block has settled will bring; the bond must stand for it. */
  get owedWei(): bigint {
    return this.#exposure.totalWei
  }

  /** Brings the records to where the chain is. */
  async start(): Promise<void> {
    const { records, views, head } = this.#modules
    const gone: Hash[] = []
    for (const entry of records.entries()) {
      const view = views.receipt(entry.receiptId)
      if (view === undefined && entry.deadlineBlock > head.height) {
        this.#exposure.add(entry.requester, entry.feeWei)
        continue
      }
      entry.isSettled = true
      if (view === undefined || view.status >= receiptStatus.final) gone.push(entry.receiptId)
    }
    await records.remove(gone)
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort(new NodeError('CANCELLED', 'The host stops.'))
    await Promise.allSettled(this.#underWay.values())
  }

  async follow(events: readonly LocatedEvent[]): Promise<void> {
    const { records } = this.#modules
    const ended: Hash[] = []
    for (const { event } of events) {
      if (event.type === 'settled') this.#settled(records.entry(event.facts.receiptId))
      if (event.type === 'ended') ended.push(event.receiptId)
    }
    await records.remove(ended)
  }

  /** Forgets what can no longer settle, and hands on again what waits for settlement. */
  async act(): Promise<void> {
    const { records, head, clock } = this.#modules
    const expired: ServedEntry[] = []
    let published = 0
    for (const entry of records.unsettled()) {
      if (entry.deadlineBlock <= head.height) {
        expired.push(entry)
      } else if (
        published < limits.receiptsRepublished &&
        clock.nowMs() - entry.publishedMs >= limits.receiptRepublishMs
      ) {
        published += 1
        const record = records.get(entry.receiptId)
        if (record !== undefined) this.#publish(record.receipt, entry)
      }
    }
    for (const entry of expired) this.#settled(entry)
    await records.remove(expired.map(({ receiptId }) => receiptId))
  }

  /** Prices an input. Errors: NOT_FOUND, ADAPTER_NOT_ACTIVE, FEE_TOO_LOW, LIMIT_EXCEEDED, BUSY. */
  async price(adapterId: bigint, input: Uint8Array): Promise<PricedInput> {
    const { head } = this.#modules
    const { rules } = this.#options
    const { model, terms } = this.#offer(adapterId)
    const quote = await this.#quote(model, input)
    return { model, ...quote, feeWei: quoteFee(terms, quote, head, this.#options, rules) }
  }

  /** The answer to a signed request. Errors: those of `admit`, BAD_SIGNATURE, BAD_REQUEST, NOT_FOUND, BUSY, TIMEOUT. */
  async answer(paid: PaidRequest): Promise<ServedRecord> {
    const receiptId = this.#check(paid)
    const known = this.#modules.records.get(receiptId)
    if (known !== undefined) return known
    const underWay = this.#underWay.get(receiptId)
    if (underWay !== undefined) return underWay
    const work = this.#inTurn(paid.request.requester, () => this.#serve(receiptId, paid)).finally(() =>
      this.#underWay.delete(receiptId),
    )
    this.#underWay.set(receiptId, work)
    return work
  }

  /** The versions of an adapter that this host serves, the newest first. NOT_FOUND when it serves none. */
  #served(adapterId: bigint): readonly ServedModel[] {
    const models = this.#modules.engine.models().filter((one) => one.adapterId === adapterId)
    if (models.length === 0) {
      throw new NodeError('NOT_FOUND', `This host does not serve adapter ${adapterId}; see GET /v1/models.`)
    }
    return models.sort((a, b) => b.adapterVersion - a.adapterVersion)
  }

  /** The newest version that can be asked for now. Errors: NOT_FOUND, ADAPTER_NOT_ACTIVE. */
  #offer(adapterId: bigint): { readonly model: ServedModel; readonly terms: AdapterTerms } {
    const { views, head } = this.#modules
    for (const model of this.#served(adapterId)) {
      const terms = readTerms(views, adapterId, model.adapterVersion)
      if (terms !== undefined && isWorthServing(terms, head.height + 1, this.#options))
        return { model, terms }
    }
    throw new NodeError('ADAPTER_NOT_ACTIVE', 'The adapter is not active now in a version of this host.')
  }

  /** The version that a request is for. Errors: NOT_FOUND, ADAPTER_NOT_ACTIVE. */
  #modelOf({ adapterId, adapterVersion }: InferenceRequest): ServedModel {
    const model = this.#served(adapterId).find((one) => one.adapterVersion === adapterVersion)
    if (model !== undefined) return model
    throw new NodeError('ADAPTER_NOT_ACTIVE', 'This host does not serve this version of the adapter.')
  }

  /** What needs no chain. Returns the receipt's id. */
  #check({ request, requesterSignature, input, inputSalt }: PaidRequest): Hash {
    const { domain, host } = this.#options
    if (request.host !== host) {
      throw new NodeError('BAD_REQUEST', `The request is for another host; this one is ${host}.`)
    }
    if (request.auditClass > auditClass.unaudited) {
      throw new NodeError(
        'BAD_REQUEST',
        'The audit class is 0 (public), 1 (granted auditors) or 2 (unaudited).',
      )
    }
    if (!opensCommitment(request.inputCommitment, inputSalt, input)) {
      throw new NodeError('BAD_REQUEST', 'The input commitment is not that of this input and salt.')
    }
    const receiptId = receiptIdOf(domain, request)
    if (recoverSigner(receiptId, requesterSignature) !== request.requester) {
      throw new NodeError('BAD_SIGNATURE', 'The request is not signed by its requester for this chain.')
    }
    return receiptId
  }

  /** One requester does not fill the queue alone. */
  async #inTurn<T>(requester: Address, work: () => Promise<T>): Promise<T> {
    const count = this.#perRequester.get(requester) ?? 0
    if (count >= limits.gatewayPerRequester) {
      throw new NodeError('BUSY', `At most ${limits.gatewayPerRequester} requests of one requester wait.`)
    }
    this.#perRequester.set(requester, count + 1)
    try {
      return await work()
    } finally {
      const left = (this.#perRequester.get(requester) ?? 1) - 1
      if (left === 0) this.#perRequester.delete(requester)
      else this.#perRequester.set(requester, left)
    }
  }

  async #serve(receiptId: Hash, paid: PaidRequest): Promise<ServedRecord> {
    const { engine, clock, records } = this.#modules
    const { request, input } = paid
    const model = this.#modelOf(request)
    if (records.size >= limits.gatewayRecords)
      throw new NodeError('BUSY', 'Too many answers wait for their end.')
    const quote = await this.#quote(model, input)
    // from here to the reservation without a pause: two requests must not count on the same money
    const { requester } = request
    const reservedWei = admit(
      request,
      quote,
      this.#context(receiptId, request),
      this.#options,
      this.#options.rules,
    )
    this.#exposure.add(requester, reservedWei)
    const limit = deadline(clock, limits.inferenceTimeoutMs, this.#stopping.signal)
    try {
      const infer = () => engine.infer(model, input, limit.signal)
      const inference = await this.#running.run(infer, limit.signal)
      const record = this.#sign(receiptId, paid, inference)
      await records.add(record)
      this.#exposure.add(requester, record.feeWei)
      this.#publish(record.receipt, records.entry(receiptId))
      return record
    } finally {
      limit.cancel()
      this.#exposure.remove(requester, reservedWei)
    }
  }

  async #quote(model: ServedModel, input: Uint8Array): Promise<Quote> {
    const { engine, clock } = this.#modules
    const limit = deadline(clock, limits.inferenceTimeoutMs, this.#stopping.signal)
    try {
      return await this.#quoting.run(() => engine.quote(model, input, limit.signal), limit.signal)
    } finally {
      limit.cancel()
    }
  }

  #context(receiptId: Hash, request: InferenceRequest): AdmissionContext {
    const { requester, adapterId, adapterVersion } = request
    const { views, head } = this.#modules
    const { host } = this.#options
    return {
      nextBlock: head.height + 1,
      nextBaseFeeWei: head.nextBaseFeeWei,
      terms: readTerms(views, adapterId, adapterVersion),
      accessUntil: views.accessUntil(adapterId, requester),
      auditors: request.auditClass === auditClass.granted ? this.#grantedAuditors(request) : undefined,
      host: views.host(host),
      freeDeposit: views.deposit(requester, ZERO_ADDRESS),
      reservedDeposit: views.deposit(requester, host),
      owedWei: this.#exposure.of(requester),
      allOwedWei: this.#exposure.totalWei,
      isSettled: views.receipt(receiptId) !== undefined,
    }
  }

  /** How many auditors of the adapter's base model are on the requester's list. */
  #grantedAuditors({ requester, adapterId }: InferenceRequest): number {
    const { views } = this.#modules
    const adapter = views.adapter(adapterId)
    const active = adapter === undefined ? [] : views.auditorsOf(adapter.baseModelId)
    const { auditors } = views.grantOf(requester)
    return active.filter((auditor) => auditors.includes(auditor) && auditor !== this.#options.host).length
  }

  #sign(receiptId: Hash, paid: PaidRequest, inference: Inference): ServedRecord {
    const { views, signer, random } = this.#modules
    const { domain, rules } = this.#options
    const { request, requesterSignature, input, inputSalt } = paid
    const { output, predictions, inputTokens, outputTokens, queryRow, profileHash } = inference
    const outputSalt = random.bytes(SALT_BYTES)
    const unsigned = {
      request,
      outputCommitment: contentCommitment(outputSalt, output),
      inputTokens,
      outputTokens,
      method: METHOD_GRADIENT,
      profileHash,
      queryRow,
      requesterSignature: withWalletV(requesterSignature),
    }
    const hostSignature = signer.sign(receiptHashes(domain, unsigned).receiptDigest)
    const receipt = { ...unsigned, hostSignature }
    const terms = readTerms(views, request.adapterId, request.adapterVersion)
    // an engine that gives what the chain would refuse must not cost the requester a nonce
    invariant(terms?.profileHash === profileHash, 'the engine runs the profile of the base model')
    const hasLength = terms.version?.k === queryRow.length
    invariant(hasLength && !isHopeless(receipt, rules), 'the query row is one that settles')
    invariant(output.length <= limits.inferenceOutputBytes, 'the output is not too long for auditors')
    const feeWei = feeWeiOf(receipt, terms.price)
    return { receiptId, receipt, input, inputSalt, output, outputSalt, predictions, feeWei }
  }

  #publish(receipt: SignedReceipt, entry: ServedEntry | undefined): void {
    const { pool, gossip, clock, logger } = this.#modules
    const bytes = encodeReceipt(receipt)
    if (entry !== undefined) entry.publishedMs = clock.nowMs()
    pool.offer(bytes)
    gossip.publish(bytes).catch((error: unknown) => {
      logger.warn({ error: messageOf(error) }, 'a receipt was not handed on; it is tried again')
    })
  }

  #settled(entry: ServedEntry | undefined): void {
    if (entry === undefined || entry.isSettled) return
    entry.isSettled = true
    this.#exposure.remove(entry.requester, entry.feeWei)
  }
}
