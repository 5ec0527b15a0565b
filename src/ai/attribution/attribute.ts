import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import { type Adapter, parameterCount } from '../lora/adapter.ts'
import type { EncoderRuntime, PreparedInput } from '../lora/encoderRuntime.ts'
import type { LabelledText } from '../records/record.ts'
import { AUDIT_DIGEST_K, auditDigest } from './audit.ts'
import { Fold } from './fold.ts'
import { lengthOf, Projection } from './projection.ts'
import { type AttributionRow, quantizeQuery, quantizeRow } from './rows.ts'

export interface AttributionParameters {
  readonly k: number
  /** Damping of the fold. */
  readonly alpha: number
  /** Seed of the projection, published with the adapter. */
  readonly projectionSeed: Hash
}

/** One contribution's records, with classes as indices. */
export interface ContributionRecords {
  readonly records: readonly LabelledText[]
}

/**
 * The rows of all contributions of an adapter's frozen versions, in their order: gradients of every record at the
 * published adapter, projected, folded, summed per contribution, rounded. `report` hears the records done.
 */
export async function attributionRows(
  runtime: EncoderRuntime,
  adapter: Adapter,
  contributions: readonly ContributionRecords[],
  parameters: AttributionParameters,
  report: (recordsDone: number) => void,
): Promise<readonly AttributionRow[]> {
  const { k, alpha, projectionSeed } = parameters
  if (!(alpha > 0)) throw new NodeError('BAD_REQUEST', 'The damping of the fold is above 0.', { alpha })
  const projection = featureProjection(adapter, { k, projectionSeed })
  const fold = new Fold(k, alpha)
  const sums: Float64Array[] = []
  let done = 0
  for (const { records } of contributions) {
    const sum = new Float64Array(k)
    for (const { text, label } of records) {
      const input = await runtime.prepare(runtime.tokenize(text), adapter.config.modules)
      const feature = projection.feature(await checkedGradient(runtime, adapter, input, label))
      fold.add(feature)
      for (let i = 0; i < k; i++) sum[i] = (sum[i] ?? 0) + (feature[i] ?? 0)
      done += 1
      report(done)
    }
    sums.push(sum)
  }
  if (done === 0) throw new NodeError('BAD_DATASET', 'There is no record to attribute to.')
  return sums.map((sum) => quantizeRow(fold.apply(sum)))
}

/** The projection of an adapter's gradients; refuses a k out of bounds. */
export function featureProjection(
  adapter: Adapter,
  { k, projectionSeed }: Pick<AttributionParameters, 'k' | 'projectionSeed'>,
): Projection {
  if (!Number.isInteger(k) || k < 1 || k > limits.attributionK) {
    throw new NodeError('BAD_REQUEST', `k is an integer from 1 to ${limits.attributionK}.`, { k })
  }
  return new Projection(projectionSeed, parameterCount(adapter.config), k)
}

/** The query row of an input and the class that was answered. */
export async function queryRow(
  runtime: EncoderRuntime,
  adapter: Adapter,
  input: PreparedInput,
  answer: number,
  projection: Projection,
): Promise<Int8Array> {
  return quantizeQuery(projection.feature(await checkedGradient(runtime, adapter, input, answer)))
}

/** An auditor's digest of the same gradient under the seed that was drawn after settlement. */
export async function queryDigest(
  runtime: EncoderRuntime,
  adapter: Adapter,
  input: PreparedInput,
  answer: number,
  auditSeed: Hash,
): Promise<Hash> {
  const gradient = await checkedGradient(runtime, adapter, input, answer)
  return auditDigest(gradient, new Projection(auditSeed, gradient.length, AUDIT_DIGEST_K))
}

async function checkedGradient(
  runtime: EncoderRuntime,
  adapter: Adapter,
  input: PreparedInput,
  label: number,
): Promise<Float32Array> {
  if (adapter.config.labels[label] === undefined) {
    throw new NodeError('BAD_DATASET', `The adapter has no class ${label}.`)
  }
  const gradient = await runtime.gradient(adapter, input, label)
  if (!Number.isFinite(lengthOf(gradient))) {
    throw new NodeError('BAD_MODEL', 'The gradient of the adapter is not finite.')
  }
  return gradient
}
