import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adapterFeeds, initialAdapter, parameterLayout } from '../../../../src/ai/lora/adapter.ts'
import type { EncoderRuntime } from '../../../../src/ai/lora/encoderRuntime.ts'
import { LORA_MODULES } from '../../../../src/ai/models/architecture.ts'
import { buildEncoderGraph, gradientOf } from '../../../../src/ai/models/encoderGraph.ts'
import { encodeOnnx } from '../../../../src/ai/models/graph/encode.ts'
import { OnnxSession, type TensorValue } from '../../../../src/ai/models/session.ts'
import { isNodeError } from '../../../../src/errors/errors.ts'
import { baseModel, baseRuntime, numbers, originalEncoder, seedOf } from '../../../support/models.ts'

const TEXTS = [
  'How old are you?',
  'I love pizza',
  'A heap-based buffer overflow in the image parser allows remote attackers to execute arbitrary code.',
  'x',
  'word '.repeat(200),
]
const labels = ['a', 'b', 'c']
let runtime: EncoderRuntime

beforeAll(() => {
  runtime = baseRuntime()
})
afterAll(() => runtime.close())

test('embeddings equal those of the original runtime', async () => {
  const original = await originalEncoder()
  for (const text of TEXTS) {
    const ids = runtime.tokenize(text)
    const [ours, theirs] = [await runtime.embed(ids), await original(ids)]
    expect(theirs.length).toBe(512)
    const worst = ours.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - (theirs[i] ?? Number.NaN))),
      0,
    )
    expect(worst).toBeLessThan(2e-6)
  }
})

test('the graph built from the ONNX file is the one that was built from the package, byte for byte', () => {
  const model = baseModel()
  const rebuilt = encodeOnnx(
    buildEncoderGraph(model.weights, { from: 'tokens', to: 'embedding', modules: [] }),
  )
  expect(Buffer.compare(rebuilt, model.onnx)).toBe(0)
})

describe('LoRA', () => {
  test('a fresh adapter leaves the base model as it is, and all classes equal', async () => {
    const adapter = initialAdapter({ rank: 4, alpha: 8, modules: LORA_MODULES, labels }, seedOf(1))
    const input = await runtime.prepare(runtime.tokenize(TEXTS[2]!), adapter.config.modules)
    expect([...(await runtime.logits(adapter, input))]).toEqual([0, 0, 0])
  })

  test('one session serves adapters of different rank, scale and number of classes', async () => {
    const answers = []
    for (const [rank, alpha, count] of [
      [1, 1, 2],
      [2, 8, 3],
      [8, 4, 5],
    ] as const) {
      const names = Array.from({ length: count }, (_, i) => `c${i}`)
      const config = { rank, alpha, modules: ['layers.1.attention.out'] as const, labels: names }
      const adapter = initialAdapter(config, seedOf(rank))
      adapter.values.forEach((_, i) => {
        adapter.values[i] = Math.sin(i) / 20
      })
      const input = await runtime.prepare(runtime.tokenize(TEXTS[0]!), config.modules)
      answers.push((await runtime.logits(adapter, input)).length)
    }
    expect(answers).toEqual([2, 3, 5])
  })

  test('cutting the graph below the first adapted layer does not change the answer', async () => {
    const config = {
      rank: 4,
      alpha: 8,
      modules: ['layers.1.attention.qkv', 'layers.1.ffn.up'] as const,
      labels,
    }
    const adapter = initialAdapter(config, seedOf(3))
    adapter.values.forEach((_, i) => {
      adapter.values[i] = Math.cos(i * 7) / 20
    })
    const ids = runtime.tokenize(TEXTS[2]!)
    const cut = await runtime.prepare(ids, config.modules)
    expect(cut.hidden?.length).toBe(ids.length * 512)
    const [short, whole] = [
      await runtime.logits(adapter, cut),
      await runtime.logits(adapter, { ids, hidden: undefined }),
    ]
    short.forEach((value, i) => {
      expect(value).toBeCloseTo(whole[i]!, 4)
    })
  })

  test('the gradient of the whole encoder agrees with finite differences in float64', async () => {
    const adapter = initialAdapter({ rank: 2, alpha: 4, modules: LORA_MODULES, labels }, seedOf(2))
    const draw = numbers(5)
    const graph = buildEncoderGraph(baseModel().weights, {
      from: 'tokens',
      to: 'gradients',
      modules: LORA_MODULES,
      reluGradientBand: 0,
    })
    const session = await OnnxSession.open(encodeOnnx(graph, 'float64'))
    const double = (data: Iterable<number>, dims: readonly number[]): TensorValue => ({
      type: 'float64',
      data: Float64Array.from(data),
      dims,
    })
    const feeds: Record<string, TensorValue> = {
      ids: { type: 'int64', data: BigInt64Array.of(73n, 12n, 400n, 31n, 2200n, 7n, 0n, 0n), dims: [2, 4] },
      mask: double([1, 1, 1, 1, 1, 1, 0, 0], [2, 4]),
      oneHot: double([1, 0, 0, 0, 0, 1], [2, 3]),
      weight: double([0.5, 2], [2]),
    }
    for (const [name, { dims, data }] of Object.entries(adapterFeeds(adapter))) {
      feeds[name] =
        name === 'lora_scale'
          ? double([2], dims)
          : double(
              Array.from({ length: data.length }, () => draw() / 20),
              dims,
            )
    }
    const loss = async (at: Record<string, TensorValue>) => {
      const values = (await session.run(at, ['loss'])).loss
      return 0.5 * (values[0] ?? 0) + 2 * (values[1] ?? 0)
    }
    const names = parameterLayout(adapter.config).map(({ name }) => name)
    const gradients = await session.run(feeds, names.map(gradientOf))
    for (const name of names) {
      const at = feeds[name]!
      const values = Array.from(at.data, Number)
      const direction = values.map(() => draw())
      const along = (step: number) => ({
        ...feeds,
        [name]: double(
          values.map((value, i) => value + step * direction[i]!),
          at.dims,
        ),
      })
      const difference = ((await loss(along(1e-6))) - (await loss(along(-1e-6)))) / 2e-6
      const slope = direction.reduce(
        (sum, value, i) => sum + value * (gradients[gradientOf(name)]?.[i] ?? 0),
        0,
      )
      expect(Math.abs(slope - difference) / (Math.abs(slope) + Math.abs(difference))).toBeLessThan(1e-6)
    }
    await session.close()
  })
})

describe('the text is checked at the edge', () => {
  test.each([
    ['', 'BAD_REQUEST'],
    ['x'.repeat(40_000), 'LIMIT_EXCEEDED'],
  ] as const)('%#', (text, code) => {
    let error: unknown
    try {
      runtime.tokenize(text)
    } catch (caught) {
      error = caught
    }
    expect(isNodeError(error, code)).toBe(true)
  })
})

test('an ONNX file that is none is refused', async () => {
  const error = await OnnxSession.open(Uint8Array.of(1, 2, 3)).catch((caught: unknown) => caught)
  expect(isNodeError(error, 'BAD_MODEL')).toBe(true)
})
