import { describe, expect, test } from 'vitest'
import { Fold } from '../../../../src/ai/attribution/fold.ts'
import { lengthOf, Projection } from '../../../../src/ai/attribution/projection.ts'
import { keystream } from '../../../../src/ai/seededStream.ts'
import { isNodeError } from '../../../../src/errors/errors.ts'
import { numbers, seedOf } from '../../../support/models.ts'

const gradientOf = (length: number, seed: number) => {
  const draw = numbers(seed)
  return Float32Array.from({ length }, () => draw())
}

/** R as its definition has it, one entry at a time. */
function sign(stream: Uint8Array, k: number, row: number, column: number): number {
  return (stream[Math.floor(row / 8) * k + column]! >> (row % 8)) & 1 ? 1 : -1
}

describe('features', () => {
  test.each([
    [16, 4],
    [83, 32],
    [1001, 64],
  ])('of %d coordinates in %d columns equal the product with R, entry by entry', (dimension, k) => {
    const gradient = gradientOf(dimension, dimension)
    const stream = keystream(seedOf(5), Math.ceil(dimension / 8) * k)
    const norm = Math.hypot(...gradient)
    const feature = new Projection(seedOf(5), dimension, k).feature(gradient)
    for (let j = 0; j < k; j++) {
      let sum = 0
      gradient.forEach((value, d) => {
        sum += value * sign(stream, k, d, j)
      })
      expect(feature[j]).toBeCloseTo(sum / (norm * Math.sqrt(k)), 12)
    }
  })

  test('do not depend on the length of the gradient, and keep angles', () => {
    const projection = new Projection(seedOf(6), 4000, 1024)
    const a = gradientOf(4000, 1)
    const noise = gradientOf(4000, 2)
    const b = a.map((value, i) => value + 0.8 * noise[i]!)
    const dot = (x: ArrayLike<number>, y: ArrayLike<number>) =>
      Array.from(x).reduce((sum, value, i) => sum + value * y[i]!, 0)
    const cosine = dot(a, b) / (lengthOf(a) * lengthOf(b))
    const [fa, fb] = [projection.feature(a), projection.feature(b)]
    // a squared length of 1 has the deviation √(2/k) = 0.044
    expect(Math.abs(dot(fa, fa) - 1)).toBeLessThan(0.15)
    // the error of a projected product has the deviation 1/√k = 0.03
    expect(Math.abs(dot(fa, fb) - cosine)).toBeLessThan(0.1)
    const doubled = projection.feature(a.map((value) => 4 * value))
    doubled.forEach((value, i) => {
      expect(value).toBeCloseTo(fa[i]!, 12)
    })
  })

  test('of a gradient of zeros are zeros; another seed gives others', () => {
    const projection = new Projection(seedOf(7), 64, 16)
    expect(projection.feature(new Float32Array(64)).every((value) => value === 0)).toBe(true)
    const gradient = gradientOf(64, 3)
    expect(projection.feature(gradient)).not.toEqual(new Projection(seedOf(8), 64, 16).feature(gradient))
  })
})

describe('the fold', () => {
  const k = 20
  const alpha = 2
  const features = Array.from({ length: 33 }, (_, i) => Float64Array.from(gradientOf(k, 100 + i)))

  test('is α(Σφφᵀ + αI)⁻¹: multiplying back gives the vector', () => {
    const fold = new Fold(k, alpha)
    for (const feature of features) fold.add(feature)
    const v = Float64Array.from(gradientOf(k, 9))
    const x = fold.apply(v)
    const back = Array.from({ length: k }, (_, i) => {
      let sum = alpha * x[i]!
      for (const feature of features)
        sum += feature[i]! * feature.reduce((dot, value, j) => dot + value * x[j]!, 0)
      return sum / alpha
    })
    back.forEach((value, i) => {
      expect(value).toBeCloseTo(v[i]!, 10)
    })
  })

  test('without records leaves a vector as it is', () => {
    const v = Float64Array.from(gradientOf(k, 9))
    new Fold(k, alpha).apply(v).forEach((value, i) => {
      expect(value).toBeCloseTo(v[i]!, 12)
    })
  })

  test('shortens the sum of n records to √(αn)/2 at most, which is what a row’s 32-bit scale rests on', () => {
    for (const repeat of [1, 2, 7, 40]) {
      const fold = new Fold(k, alpha)
      const unit = features[0]!.map((value) => value / lengthOf(features[0]!))
      for (let i = 0; i < repeat; i++) fold.add(unit)
      const length = lengthOf(fold.apply(unit.map((value) => repeat * value)))
      expect(length).toBeCloseTo((alpha * repeat) / (repeat + alpha), 9)
      expect(length).toBeLessThanOrEqual(Math.sqrt(alpha * repeat) / 2 + 1e-12)
    }
  })

  test('numbers that are not finite are refused', () => {
    const fold = new Fold(2, alpha)
    fold.add(Float64Array.of(Number.NaN, 1))
    let error: unknown
    try {
      fold.factorise()
    } catch (caught) {
      error = caught
    }
    expect(isNodeError(error, 'BAD_DATASET')).toBe(true)
  })
})
