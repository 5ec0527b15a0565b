import { describe, expect, test } from 'vitest'
import { Adam } from '../../../../src/ai/factory/adam.ts'
import { LogisticRegression } from '../../../../src/ai/factory/logisticRegression.ts'
import { Tfidf } from '../../../../src/ai/factory/tfidf.ts'
import { isNodeError } from '../../../../src/errors/errors.ts'
import { numbers } from '../../../support/models.ts'

const dense = (...values: number[]) => ({
  columns: Int32Array.from(values.keys()),
  values: Float64Array.from(values),
})

describe('TF-IDF', () => {
  test('equals the formula, worked out by hand', () => {
    const tfidf = new Tfidf(['red apple', 'red car', 'blue car'])
    // terms in two texts or more: car, red; the rarity of both is ln(4/3) + 1
    expect(tfidf.width).toBe(2)
    const vector = tfidf.vector('Red red CAR')
    expect([...vector.columns]).toEqual([0, 1])
    expect([...vector.values]).toEqual([expect.closeTo(1 / Math.sqrt(5)), expect.closeTo(2 / Math.sqrt(5))])
  })

  test('pairs of words are terms; unknown words are none', () => {
    const tfidf = new Tfidf(['big red apple', 'big red car'])
    expect(tfidf.width).toBe(3) // big, big red, red
    expect(tfidf.vector('nothing known').columns.length).toBe(0)
  })
})

describe('logistic regression', () => {
  const draw = numbers(3)
  const examples = Array.from({ length: 120 }, (_, i) => {
    const label = i % 3
    return { label, vector: dense(draw() + (label === 0 ? 1 : 0), draw() + (label === 1 ? 1 : 0), draw()) }
  })
  const options = { width: 3, classes: 3, penalty: 1e-3, tolerance: 1e-7, maxSteps: 500 }

  test('ends where the slope is zero, which is the one optimum of a convex loss', () => {
    const model = LogisticRegression.fit(examples, options)
    expect(LogisticRegression.quality(model, examples).slope).toBeLessThan(1e-7)
    expect(LogisticRegression.quality(model, examples).loss).toBeLessThan(Math.log(3))
  })

  test('two points with a penalty: the optimum solves its equation', () => {
    // symmetric classes at ±1 give weights ∓w with penalty·w = σ(−2w)/2, bias 0
    const pair = [
      { label: 0, vector: dense(1) },
      { label: 1, vector: dense(-1) },
    ]
    const model = LogisticRegression.fit(pair, {
      width: 1,
      classes: 2,
      penalty: 0.1,
      tolerance: 1e-10,
      maxSteps: 200,
    })
    const [first = 0, second = 0] = model.logits(dense(1))
    const w = (first - second) / 2
    expect(first + second).toBeCloseTo(0, 6)
    expect(0.1 * w).toBeCloseTo(1 / (1 + Math.exp(2 * w)), 6)
  })

  test('separable classes are separated; unequal ones are balanced', () => {
    const many = [
      ...Array.from({ length: 50 }, () => ({ label: 0, vector: dense(1, 0) })),
      { label: 1, vector: dense(0, 1) },
    ]
    const model = LogisticRegression.fit(many, { ...options, width: 2, classes: 2 })
    expect([model.predict(dense(1, 0)), model.predict(dense(0, 1))]).toEqual([0, 1])
    const [zero = 0, one = 0] = model.logits(dense(0.5, 0.5))
    expect(zero).toBeCloseTo(one, 4)
  })

  test('nothing to fit is refused', () => {
    let error: unknown
    try {
      LogisticRegression.fit([], options)
    } catch (caught) {
      error = caught
    }
    expect(isNodeError(error, 'BAD_DATASET')).toBe(true)
  })
})

describe('Adam', () => {
  test('the first step is the rate in size, against the slope; parts without a rate stay', () => {
    const adam = new Adam(3)
    const values = Float32Array.of(1, 1, 1)
    adam.step(values, Float32Array.of(0.01, -50, 3), [{ from: 0, to: 2, rate: 0.25 }])
    expect([...values]).toEqual([expect.closeTo(0.75, 5), expect.closeTo(1.25, 5), 1])
  })

  test('finds the bottom of a bowl', () => {
    const adam = new Adam(2)
    const values = Float32Array.of(4, -3)
    for (let step = 0; step < 2000; step++) {
      const gradient = Float32Array.of(2 * (values[0]! - 1), 20 * (values[1]! - 2))
      adam.step(values, gradient, [{ from: 0, to: 2, rate: 0.01 }])
    }
    expect(values[0]).toBeCloseTo(1, 3)
    expect(values[1]).toBeCloseTo(2, 3)
  })
})
