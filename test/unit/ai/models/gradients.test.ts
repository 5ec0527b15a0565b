import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { backward } from '../../../../src/ai/models/graph/backward.ts'
import { encodeOnnx } from '../../../../src/ai/models/graph/encode.ts'
import { GraphBuilder } from '../../../../src/ai/models/graph/graphBuilder.ts'
import * as op from '../../../../src/ai/models/graph/operations.ts'
import type { Tensor } from '../../../../src/ai/models/graph/tensor.ts'
import { numbers } from '../../../support/models.ts'

/**
 * The check of every rule: the emitted gradient of Σ weight·output against central differences along random
 * directions, all in float64.
 */
async function gradientError(
  shapes: Record<string, readonly number[]>,
  build: (g: GraphBuilder, inputs: Record<string, Tensor>) => Tensor,
  shift = 0,
): Promise<number> {
  const g = new GraphBuilder('check')
  const inputs = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, g.input(name, shape, { trainable: true })]),
  )
  const output = build(g, inputs)
  const seed = g.input('seed', output.shape)
  g.output(output, 'output')
  backward(g, output, seed, Object.values(inputs)).forEach((gradient, i) => {
    g.output(gradient, `grad.${Object.keys(shapes)[i]}`)
  })
  const session = await InferenceSession.create(encodeOnnx(g, 'float64'), { intraOpNumThreads: 1 })
  const draw = numbers(7)
  const fill = (shape: readonly number[]) =>
    Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => draw() + shift)
  const values = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, fill(shape)]))
  const seedShape = output.shape.map(Number)
  const weights = fill(seedShape)
  const run = async (at: Record<string, Float64Array>) => {
    const feeds = Object.fromEntries(
      Object.entries(at).map(([name, data]) => [
        name,
        new OrtTensor('float64', data, [...(shapes[name] ?? [])]),
      ]),
    )
    return session.run({ ...feeds, seed: new OrtTensor('float64', weights, seedShape) })
  }
  const objective = async (at: Record<string, Float64Array>) =>
    (((await run(at)).output?.data ?? []) as Float64Array).reduce(
      (sum, value, i) => sum + value * (weights[i] ?? 0),
      0,
    )
  const analytic = await run(values)
  let worst = 0
  for (const [name, at] of Object.entries(values)) {
    const direction = at.map(() => draw())
    const move = (step: number) => ({
      ...values,
      [name]: at.map((value, i) => value + step * (direction[i] ?? 0)),
    })
    const step = 1e-5
    const difference = ((await objective(move(step))) - (await objective(move(-step)))) / (2 * step)
    const gradient = analytic[`grad.${name}`]?.data as Float64Array
    expect(analytic[`grad.${name}`]?.dims).toEqual(shapes[name])
    const slope = gradient.reduce((sum, value, i) => sum + value * (direction[i] ?? 0), 0)
    worst = Math.max(worst, Math.abs(slope - difference) / (Math.abs(slope) + Math.abs(difference) + 1e-9))
  }
  await session.release()
  return worst
}

const TOLERANCE = 1e-6

describe('gradient rules agree with finite differences', () => {
  test.each<[string, Record<string, readonly number[]>, Parameters<typeof gradientError>[1]]>([
    [
      'add, broadcast over leading and inner axes',
      { a: [2, 3, 4], b: [3, 1] },
      (g, { a, b }) => op.add(g, a!, b!),
    ],
    ['subtract, broadcast on the left', { a: [4], b: [3, 4] }, (g, { a, b }) => op.subtract(g, a!, b!)],
    ['multiply, broadcast', { a: [2, 3], b: [3] }, (g, { a, b }) => op.multiply(g, a!, b!)],
    ['multiply by itself', { a: [5] }, (g, { a }) => op.multiply(g, a!, a!)],
    ['matmul, batched on both sides', { a: [2, 3, 4], b: [2, 4, 5] }, (g, { a, b }) => op.matmul(g, a!, b!)],
    ['matmul, a shared right side', { a: [2, 3, 4], b: [4, 5] }, (g, { a, b }) => op.matmul(g, a!, b!)],
    ['transpose', { a: [2, 3, 4] }, (g, { a }) => op.transpose(g, a!, [2, 0, 1])],
    [
      'reshape',
      { a: [2, 6] },
      (g, { a }) => op.reshape(g, a!, { target: [0, 2, 3], shape: [2, 2, 3], back: [0, 6] }),
    ],
    ['relu', { a: [3, 4] }, (g, { a }) => op.relu(g, a!)],
    ['tanh', { a: [3, 4] }, (g, { a }) => op.tanh(g, a!)],
    ['sum over a middle axis', { a: [2, 3, 4] }, (g, { a }) => op.sum(g, a!, 1)],
    ['mean over the last axis', { a: [2, 5] }, (g, { a }) => op.meanLast(g, a!)],
    ['squeeze', { a: [2, 1, 3] }, (g, { a }) => op.squeeze(g, a!, 1)],
    ['softmax', { a: [3, 4] }, (g, { a }) => op.softmaxLast(g, a!)],
    [
      'layer normalisation',
      { a: [3, 6], scale: [6], bias: [6] },
      (g, { a, scale, bias }) => op.layerNorm(g, a!, { scale: scale!, bias: bias!, epsilon: 1e-6 }),
    ],
    [
      'split, with one part unused',
      { a: [2, 6] },
      (g, { a }) => {
        const [left, , right] = op.splitLast(g, a!, [2, 3, 1])
        return op.multiply(g, left!, right!)
      },
    ],
    [
      'a value used twice',
      { a: [2, 3], b: [3, 3] },
      (g, { a, b }) => op.add(g, op.matmul(g, a!, b!), op.tanh(g, a!)),
    ],
  ])('%s', async (_name, shapes, build) => {
    expect(await gradientError(shapes, build)).toBeLessThan(TOLERANCE)
  })

  test('inverse square root of positive values', async () => {
    expect(await gradientError({ a: [4] }, (g, { a }) => op.inverseSqrt(g, a!), 2)).toBeLessThan(TOLERANCE)
  })

  test('cross entropy', async () => {
    const error = await gradientError({ logits: [3, 4] }, (g, { logits }) => {
      const oneHot = g.weight('labels', Float32Array.of(1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0), [3, 4])
      return op.crossEntropy(g, logits!, oneHot)
    })
    expect(error).toBeLessThan(TOLERANCE)
  })
})

test('a confident answer keeps a precise gradient: float32 agrees with float64 in every direction', async () => {
  const gradient = async (width: 'float32' | 'float64') => {
    const g = new GraphBuilder('confident')
    const logits = g.input('logits', [1, 3], { trainable: true })
    const loss = op.crossEntropy(g, logits, g.weight('labels', Float32Array.of(1, 0, 0), [1, 3]))
    g.output(backward(g, loss, g.weight('one', Float32Array.of(1), [1]), [logits])[0]!, 'gradient')
    const session = await InferenceSession.create(encodeOnnx(g, width))
    const data = width === 'float32' ? Float32Array.of(16, 0, 1) : Float64Array.of(16, 0, 1)
    const output = await session.run({ logits: new OrtTensor(width, data as Float32Array, [1, 3]) })
    return [...(output.gradient!.data as Float32Array)]
  }
  const exact = await gradient('float64')
  // p − 1 in float32 would be wrong by a tenth here
  for (const [i, value] of (await gradient('float32')).entries())
    expect(value / exact[i]! - 1).toBeCloseTo(0, 5)
})

test('the derivative of ReLU with a band rises in a straight line, and is a step without', async () => {
  const slopes = async (band: number) => {
    const g = new GraphBuilder('relu')
    const x = g.input('x', [5], { trainable: true })
    const ones = g.weight('ones', new Float32Array(5).fill(1), [5])
    g.output(backward(g, op.relu(g, x, band), ones, [x])[0]!, 'gradient')
    const session = await InferenceSession.create(encodeOnnx(g))
    const output = await session.run({
      x: new OrtTensor('float32', Float32Array.of(-0.3, -0.05, 0, 0.05, 0.3), [5]),
    })
    return [...(output.gradient!.data as Float32Array)]
  }
  expect(await slopes(0.1)).toEqual([0, expect.closeTo(0.25), 0.5, expect.closeTo(0.75), 1])
  expect(await slopes(0)).toEqual([0, 0, 0, 1, 1])
})

test('a parameter that the output does not depend on is refused', () => {
  const g = new GraphBuilder('unused')
  const used = g.input('used', [1], { trainable: true })
  const unused = g.input('unused', [1], { trainable: true })
  expect(() => backward(g, op.tanh(g, used), g.scalar(1), [unused])).toThrow(TypeError)
})
