import type { Hash } from '../../primitives/hex.ts'
import type { Adapter } from '../lora/adapter.ts'
import type { EncoderRuntime } from '../lora/encoderRuntime.ts'
import type { LabelledText } from '../records/record.ts'
import { type LabelledVector, LogisticRegression } from './logisticRegression.ts'
import { argmax, type Quality, qualityOf } from './metrics.ts'
import { type SparseVector, Tfidf } from './tfidf.ts'

/** Data on which an adapter is compared with what is cheaper. */
export interface EvaluationData {
  readonly classes: number
  readonly training: readonly LabelledText[]
  /** Chooses the penalties of the baselines. */
  readonly validation: readonly LabelledText[]
  readonly heldOut: readonly LabelledText[]
}

export interface Evaluation {
  /** TF-IDF of words and pairs of words with logistic regression. */
  readonly tfidf: Quality
  /** The base model's embeddings, as they are, with logistic regression. */
  readonly frozenEncoder: Quality
  readonly adapter: Quality
}

const PENALTIES = [1e-5, 1e-4, 1e-3, 1e-2] as const
const TOLERANCE = 1e-5
const MAX_STEPS = 200

/**
 * Quality on the held-out records; `seed` draws the bootstrap. The adapter answers under the runtime profile.
 * `onText` hears of every text that the encoder has read.
 */
export async function evaluateAdapter(
  runtime: EncoderRuntime,
  adapter: Adapter,
  data: EvaluationData,
  seed: Hash,
  onText: () => void = () => undefined,
): Promise<Evaluation> {
  const labels = data.heldOut.map(({ label }) => label)
  const quality = (predicted: readonly number[]) => qualityOf(predicted, labels, data.classes, seed)
  const tfidf = new Tfidf(data.training.map(({ text }) => text))
  const sparse = (records: readonly LabelledText[]) =>
    records.map(({ text, label }) => ({ vector: tfidf.vector(text), label }))
  const words = baseline(
    { training: sparse(data.training), validation: sparse(data.validation), heldOut: sparse(data.heldOut) },
    tfidf.width,
    data.classes,
  )
  const dense = async (records: readonly LabelledText[]) => {
    const vectors: LabelledVector[] = []
    for (const { text, label } of records) {
      vectors.push({ vector: denseVector(await runtime.embed(runtime.tokenize(text))), label })
      onText()
    }
    return vectors
  }
  const embedded = {
    training: await dense(data.training),
    validation: await dense(data.validation),
    heldOut: await dense(data.heldOut),
  }
  const frozen = baseline(embedded, embedded.training[0]?.vector.columns.length ?? 0, data.classes)
  return {
    tfidf: quality(words),
    frozenEncoder: quality(frozen),
    adapter: quality(await classifyAll(runtime, adapter, data.heldOut, onText)),
  }
}

/** The adapter's answers, one request a run. */
export async function classifyAll(
  runtime: EncoderRuntime,
  adapter: Adapter,
  records: readonly LabelledText[],
  onText: () => void = () => undefined,
): Promise<readonly number[]> {
  const answers: number[] = []
  for (const { text } of records) {
    const input = await runtime.prepare(runtime.tokenize(text), adapter.config.modules)
    answers.push(argmax(await runtime.logits(adapter, input)))
    onText()
  }
  return answers
}

/** Fits under each penalty, keeps the one that is right most often on the validation records, and predicts. */
function baseline(
  data: Record<'training' | 'validation' | 'heldOut', readonly LabelledVector[]>,
  width: number,
  classes: number,
): readonly number[] {
  let best: { hits: number; model: LogisticRegression } | undefined
  for (const penalty of PENALTIES) {
    const options = { width, classes, penalty, tolerance: TOLERANCE, maxSteps: MAX_STEPS }
    const model = LogisticRegression.fit(data.training, options)
    const hits = data.validation.filter(({ vector, label }) => model.predict(vector) === label).length
    if (best === undefined || hits > best.hits) best = { hits, model }
  }
  return data.heldOut.map(({ vector }) => best?.model.predict(vector) ?? 0)
}

function denseVector(values: Float32Array): SparseVector {
  return { columns: Int32Array.from(values.keys()), values: Float64Array.from(values) }
}
