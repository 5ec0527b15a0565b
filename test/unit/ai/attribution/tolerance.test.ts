import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attributionRows, featureProjection, queryRow } from '../../../../src/ai/attribution/attribute.ts'
import { auditDigest, compareQueryRows, digestsAgree } from '../../../../src/ai/attribution/audit.ts'
import { Projection } from '../../../../src/ai/attribution/projection.ts'
import { quantizeQuery } from '../../../../src/ai/attribution/rows.ts'
import {
  type Adapter,
  adapterFeeds,
  initialAdapter,
  parameterLayout,
} from '../../../../src/ai/lora/adapter.ts'
import type { EncoderRuntime } from '../../../../src/ai/lora/encoderRuntime.ts'
import { buildEncoderGraph, gradientOf } from '../../../../src/ai/models/encoderGraph.ts'
import { encodeOnnx } from '../../../../src/ai/models/graph/encode.ts'
import { OnnxSession, type TensorValue } from '../../../../src/ai/models/session.ts'
import { isNodeError } from '../../../../src/errors/errors.ts'
import { baseModel, baseRuntime, numbers, seedOf } from '../../../support/models.ts'
import { toyRecords } from '../../../support/toyRecords.ts'

const modules = ['layers.1.attention.qkv', 'layers.1.attention.out'] as const
const parameters = { k: 1024, alpha: 2, projectionSeed: seedOf(3) }
let runtime: EncoderRuntime
let adapter: Adapter

beforeAll(() => {
  runtime = baseRuntime()
  adapter = initialAdapter({ rank: 4, alpha: 4, modules, labels: ['a', 'b', 'c'] }, seedOf(1))
  const draw = numbers(2)
  adapter.values.forEach((value, i) => {
    adapter.values[i] = value + draw() / 10
  })
})
afterAll(() => runtime.close())

/** The same gradient with every float of the graph in float64: what an ideal machine would find. */
async function exactGradients(texts: readonly string[], label: number): Promise<readonly Float32Array[]> {
  const graph = buildEncoderGraph(baseModel().weights, { from: 'tokens', to: 'gradients', modules })
  const session = await OnnxSession.open(encodeOnnx(graph, 'float64'))
  const double = (data: ArrayLike<number>, dims: readonly number[]): TensorValue => ({
    type: 'float64',
    data: Float64Array.from(data),
    dims,
  })
  const fixed = Object.fromEntries(
    Object.entries(adapterFeeds(adapter)).map(([name, { data, dims }]) => [
      name,
      double(data as Float32Array, dims),
    ]),
  )
  const gradients: Float32Array[] = []
  for (const text of texts) {
    const ids = runtime.tokenize(text)
    const feeds = {
      ...fixed,
      ids: { type: 'int64' as const, data: BigInt64Array.from(ids, BigInt), dims: [1, ids.length] },
      mask: double(new Array<number>(ids.length).fill(1), [1, ids.length]),
      oneHot: double(
        [0, 1, 2].map((c) => (c === label ? 1 : 0)),
        [1, 3],
      ),
      weight: double([1], [1]),
    }
    const layout = parameterLayout(adapter.config)
    const outputs = await session.run(
      feeds,
      layout.map(({ name }) => gradientOf(name)),
    )
    const gradient = new Float32Array(adapter.values.length)
    for (const { name, offset } of layout) gradient.set(outputs[gradientOf(name)]!, offset)
    gradients.push(gradient)
  }
  await session.close()
  return gradients
}

test('float32 rows and digests stay within the tolerance of those of exact arithmetic', async () => {
  const texts = toyRecords(12, 8).map(({ text }) => text)
  const exact = await exactGradients(texts, 1)
  const projection = featureProjection(adapter, parameters)
  const second = new Projection(seedOf(40), adapter.values.length, 256)
  for (const [i, text] of texts.entries()) {
    const input = await runtime.prepare(runtime.tokenize(text), modules)
    const row = await queryRow(runtime, adapter, input, 1, projection)
    expect(compareQueryRows(row, quantizeQuery(projection.feature(exact[i]!)))).toBe('ok')
    const digest = auditDigest(await runtime.gradient(adapter, input, 1), second)
    expect(digestsAgree(digest, auditDigest(exact[i]!, second))).toBe(true)
  }
})

describe('what is out of bounds is refused', () => {
  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'none',
      (error: unknown) => (isNodeError(error) ? error.code : `unexpected ${String(error)}`),
    )
  const one = [{ records: [{ text: 'a text', label: 0 }] }]
  const rows = (contributions: typeof one, change: Partial<typeof parameters> = {}) =>
    codeOf(attributionRows(runtime, adapter, contributions, { ...parameters, ...change }, () => undefined))

  test.each<[string, typeof one, Partial<typeof parameters>, string]>([
    ['no records', [{ records: [] }], {}, 'BAD_DATASET'],
    ['an unknown class', [{ records: [{ text: 'a text', label: 3 }] }], {}, 'BAD_DATASET'],
    ['k of zero', one, { k: 0 }, 'BAD_REQUEST'],
    ['k above the bound', one, { k: 1 << 20 }, 'BAD_REQUEST'],
    ['no damping', one, { alpha: 0 }, 'BAD_REQUEST'],
  ])('%s', async (_name, contributions, change, code) => {
    expect(await rows(contributions, change)).toBe(code)
  })

  test('a contribution without records among others has a row of zeros', async () => {
    const made = await attributionRows(
      runtime,
      adapter,
      [...one, { records: [] }],
      { ...parameters, k: 64 },
      () => undefined,
    )
    expect(made[1]).toEqual({ scale: 0, values: new Int8Array(64) })
    expect(made[0]!.scale).toBeGreaterThan(0)
  })
})
