import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { WorkerHandlers } from '../../runtime/workerProtocol.ts'
import { attributionRows, featureProjection, queryDigest, queryRow } from '../attribution/attribute.ts'
import type { Projection } from '../attribution/projection.ts'
import { evaluateAdapter } from '../factory/evaluate.ts'
import { argmax } from '../factory/metrics.ts'
import { trainAdapter } from '../factory/trainer.ts'
import { type Adapter, parameterCount } from '../lora/adapter.ts'
import type { EncoderRuntime, PreparedInput } from '../lora/encoderRuntime.ts'
import { adapterHash, exportAdapter, importAdapter } from '../lora/peft.ts'
import type { Answer, EngineCalls, QueryProjection } from './calls.ts'
import { LruMap } from './lruMap.ts'

/** Texts between two reports of progress. */
const REPORT_EVERY = 25

/** The calls of the worker thread, on a runtime. Has no thread of its own, so tests may call it as it is. */
export function engineHandlers(runtime: EncoderRuntime): WorkerHandlers<EngineCalls> {
  const adapters = new LruMap<Hash, Adapter>(limits.adaptersLoaded)
  const projections = new LruMap<string, Projection>(limits.projectionsKept)

  const adapterOf = (hash: Hash): Adapter => {
    const adapter = adapters.get(hash)
    if (adapter === undefined) throw new NodeError('NOT_FOUND', `The adapter ${hash} is not loaded.`)
    return adapter
  }
  const projectionOf = (adapter: Adapter, { k, projectionSeed }: QueryProjection): Projection => {
    const dimension = parameterCount(adapter.config)
    const key = `${projectionSeed} ${k} ${dimension}`
    const projection = projections.get(key) ?? featureProjection(adapter, { k, projectionSeed })
    projections.set(key, projection)
    return projection
  }
  const answerTo = async (
    adapter: Adapter,
    text: string,
  ): Promise<{ input: PreparedInput; answer: Answer }> => {
    const input = await runtime.prepare(runtime.tokenize(text), adapter.config.modules)
    const logits = await runtime.logits(adapter, input)
    const label = argmax(logits)
    const answer = { label, logits, margin: marginOf(logits, label), inputTokens: input.ids.length }
    return { input, answer }
  }

  return {
    countTokens: ({ text }) => runtime.tokenize(text).length,
    async embed({ text }) {
      const ids = runtime.tokenize(text)
      return { embedding: await runtime.embed(ids), inputTokens: ids.length }
    },
    loadAdapter(files) {
      const adapter = importAdapter(files)
      const hash = adapterHash(files)
      adapters.set(hash, adapter)
      return { hash, config: adapter.config }
    },
    unloadAdapter: ({ hash }) => adapters.delete(hash),
    async classify({ adapterHash: hash, text }) {
      return (await answerTo(adapterOf(hash), text)).answer
    },
    async attribute({ adapterHash: hash, text, ...projection }) {
      const adapter = adapterOf(hash)
      const { input, answer } = await answerTo(adapter, text)
      const row = await queryRow(runtime, adapter, input, answer.label, projectionOf(adapter, projection))
      return { ...answer, queryRow: row }
    },
    async audit({ adapterHash: hash, text, answer, auditSeed, ...projection }) {
      const adapter = adapterOf(hash)
      if (adapter.config.labels[answer] === undefined) {
        throw new NodeError('BAD_RECEIPT', `The adapter has no class ${answer}.`)
      }
      const { input, answer: own } = await answerTo(adapter, text)
      return {
        own,
        queryRow: await queryRow(runtime, adapter, input, answer, projectionOf(adapter, projection)),
        digest: await queryDigest(runtime, adapter, input, answer, auditSeed),
      }
    },
    async train({ data, options }, report) {
      const { adapter, epochs, bestEpoch } = await trainAdapter(runtime, data, options, report)
      const files = exportAdapter(adapter)
      return { files, hash: adapterHash(files), epochs, bestEpoch }
    },
    rows({ adapter, contributions, parameters }, report) {
      const records = contributions.reduce((total, contribution) => total + contribution.records.length, 0)
      if (records > limits.attributedRecords || contributions.length > limits.attributedContributions) {
        throw new NodeError(
          'LIMIT_EXCEEDED',
          'There are more records or contributions than one adapter may have.',
        )
      }
      return attributionRows(runtime, importAdapter(adapter), contributions, parameters, (recordsDone) => {
        if (recordsDone % REPORT_EVERY === 0 || recordsDone === records) report({ recordsDone, records })
      })
    },
    evaluate({ adapter, data, seed }, report) {
      const texts = data.training.length + data.validation.length + 2 * data.heldOut.length
      let textsDone = 0
      return evaluateAdapter(runtime, importAdapter(adapter), data, seed, () => {
        textsDone += 1
        if (textsDone % REPORT_EVERY === 0 || textsDone === texts) report({ textsDone, texts })
      })
    },
  }
}

function marginOf(logits: Float32Array, best: number): number {
  let next = Number.NEGATIVE_INFINITY
  for (const [i, logit] of logits.entries()) if (i !== best) next = Math.max(next, logit)
  return (logits[best] ?? 0) - next
}
