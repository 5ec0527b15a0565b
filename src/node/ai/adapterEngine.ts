import type { AttributedAnswer, QueryProjection } from '../../ai/engine/calls.ts'
import type { Encoder } from '../../ai/engine/engine.ts'
import type { Inference, InferenceEngine, Prediction, Quote, ServedModel } from '../../ai/gateway/ports.ts'
import { canonicalJson } from '../../ai/hashes.ts'
import type { AdapterFiles } from '../../ai/lora/peft.ts'
import { RUNTIME_PROFILE, RUNTIME_PROFILE_HASH } from '../../ai/models/profile.ts'
import type { AuditEngine, AuditJob, Reexecution } from '../../ai/receipts/ports.ts'
import { isNodeError, NodeError } from '../../errors/errors.ts'
import { bytesToUtf8, equalBytes, utf8ToBytes } from '../../primitives/bytes.ts'
import type { Hash } from '../../primitives/hex.ts'

/** What the chain says of a version of an adapter, as far as running it needs. */
export interface AdapterRecord extends QueryProjection {
  readonly weightsHash: Hash
}

export interface AdapterEngineModules {
  readonly encoder: () => Promise<Encoder>
  /** Undefined for a version that is not on the chain. */
  readonly adapterRecord: (model: ServedModel) => AdapterRecord | undefined
  readonly files: (model: ServedModel, signal: AbortSignal) => Promise<AdapterFiles>
}

interface LoadedAdapter {
  readonly hash: Hash
  readonly labels: readonly string[]
  readonly projection: QueryProjection
}

const CLOSE_CALL_MARGIN = Number.parseFloat(RUNTIME_PROFILE.answerMarginEpsilon)

/** Adapters of the chain, each in its versions, on this node's encoder: answers for requesters, and for audits. */
export class AdapterEngine implements InferenceEngine, AuditEngine {
  readonly #modules: AdapterEngineModules
  readonly #served = new Map<string, ServedModel>()
  readonly #loaded = new Map<string, LoadedAdapter>()
  readonly #files = new Map<string, AdapterFiles>()

  constructor(modules: AdapterEngineModules) {
    this.#modules = modules
  }

  /** Loads a version and serves it from now on. Fails when its files are not to be had or are wrong. */
  async serve(model: ServedModel, signal: AbortSignal): Promise<void> {
    this.#loaded.set(keyOf(model), await this.#load(model, signal))
    this.#served.set(keyOf(model), model)
  }

  /** Serves a version no longer. Audits of its receipts still run. */
  retire(model: ServedModel): void {
    this.#served.delete(keyOf(model))
  }

  models(): readonly ServedModel[] {
    return [...this.#served.values()]
  }

  async quote(_model: ServedModel, input: Uint8Array, signal: AbortSignal): Promise<Quote> {
    const encoder = await this.#modules.encoder()
    const inputTokens = await encoder.countTokens(bytesToUtf8(input), { signal })
    return { inputTokens, maxOutputTokens: 0 }
  }

  async infer(model: ServedModel, input: Uint8Array, signal: AbortSignal): Promise<Inference> {
    const encoder = await this.#modules.encoder()
    const text = bytesToUtf8(input)
    const { adapter, result: answer } = await this.#on(model, signal, ({ hash, projection }) =>
      encoder.attribute(hash, text, projection, { signal }),
    )
    return {
      output: encodeAnswer(labelOf(adapter, answer.label)),
      predictions: predictionsOf(adapter.labels, answer),
      inputTokens: answer.inputTokens,
      outputTokens: 0,
      queryRow: rowBytes(answer.queryRow),
      profileHash: RUNTIME_PROFILE_HASH,
    }
  }

  async reexecute(job: AuditJob, signal: AbortSignal): Promise<Reexecution> {
    const encoder = await this.#modules.encoder()
    const label = decodeAnswer(job.output)
    const { adapter, result } = await this.#on(job, signal, ({ hash, labels, projection }) => {
      const answer = labels.indexOf(label)
      if (answer < 0)
        throw new NodeError('BAD_RECEIPT', 'The host’s answer is none of the adapter’s classes.')
      const request = { adapterHash: hash, text: bytesToUtf8(job.input), answer, auditSeed: job.auditSeed }
      return encoder.audit({ ...request, ...projection }, { signal })
    })
    const { own, queryRow, digest } = result
    return {
      output: encodeAnswer(labelOf(adapter, own.label)),
      isCloseCall: own.margin < CLOSE_CALL_MARGIN,
      inputTokens: own.inputTokens,
      outputTokens: 0,
      queryRow: rowBytes(queryRow),
      digest,
    }
  }

  /** Runs on an adapter; the encoder forgets those it used least, so one that is gone is loaded again. */
  async #on<T>(
    model: ServedModel,
    signal: AbortSignal,
    run: (adapter: LoadedAdapter) => Promise<T>,
  ): Promise<{ adapter: LoadedAdapter; result: T }> {
    const known = this.#loaded.get(keyOf(model))
    if (known !== undefined) {
      try {
        return { adapter: known, result: await run(known) }
      } catch (error) {
        if (!isNodeError(error, 'NOT_FOUND')) throw error
      }
    }
    const adapter = await this.#load(model, signal)
    this.#loaded.set(keyOf(model), adapter)
    return { adapter, result: await run(adapter) }
  }

  async #load(model: ServedModel, signal: AbortSignal): Promise<LoadedAdapter> {
    const { adapterRecord } = this.#modules
    const encoder = await this.#modules.encoder()
    const record = adapterRecord(model)
    if (record === undefined) throw new NodeError('NOT_FOUND', `Adapter ${keyOf(model)} is not on the chain.`)
    const { hash, config } = await encoder.loadAdapter(await this.#filesOf(model, signal), { signal })
    if (hash !== record.weightsHash) {
      throw new NodeError(
        'BAD_MODEL',
        `The files of adapter ${keyOf(model)} are not those that the chain names.`,
      )
    }
    const { k, projectionSeed } = record
    return { hash, labels: config.labels, projection: { k, projectionSeed } }
  }

  async #filesOf(model: ServedModel, signal: AbortSignal): Promise<AdapterFiles> {
    const known = this.#files.get(keyOf(model))
    if (known !== undefined) return known
    const files = await this.#modules.files(model, signal)
    this.#files.set(keyOf(model), files)
    const oldest = this.#files.keys().next().value
    if (this.#files.size > FILES_KEPT && oldest !== undefined) this.#files.delete(oldest)
    return files
  }
}

/** Versions whose files stay in memory, a hundred kilobytes each. */
const FILES_KEPT = 256

const keyOf = ({ adapterId, adapterVersion }: ServedModel) => `${adapterId}/${adapterVersion}`

function labelOf(adapter: LoadedAdapter, index: number): string {
  const label = adapter.labels[index]
  if (label === undefined) throw new NodeError('INTERNAL', `The adapter has no class ${index}.`)
  return label
}

/** The canonical bytes of a classification: what a receipt commits to and auditors compare. */
function encodeAnswer(label: string): Uint8Array {
  return utf8ToBytes(canonicalJson({ label }))
}

function decodeAnswer(output: Uint8Array): string {
  const fail = () => new NodeError('BAD_RECEIPT', 'The host’s output is no classification.')
  let value: unknown
  try {
    value = JSON.parse(bytesToUtf8(output))
  } catch {
    throw fail()
  }
  const label = typeof value === 'object' && value !== null && 'label' in value ? value.label : undefined
  // other bytes of the same meaning would be another commitment
  if (typeof label !== 'string' || !equalBytes(encodeAnswer(label), output)) throw fail()
  return label
}

/** Softmax of the logits, the likeliest first. For people: it is not part of what is committed. */
function predictionsOf(labels: readonly string[], { logits }: AttributedAnswer): Prediction[] {
  const largest = Math.max(...logits)
  const weights = Array.from(logits, (logit) => Math.exp(logit - largest))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return labels
    .map((label, index) => ({ label, score: (weights[index] ?? 0) / total }))
    .sort((a, b) => b.score - a.score)
}

const rowBytes = (row: Int8Array) => new Uint8Array(row.buffer, row.byteOffset, row.length)
