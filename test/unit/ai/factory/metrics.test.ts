import { expect, test } from 'vitest'
import { accuracyOf, argmax, macroF1Of, qualityOf } from '../../../../src/ai/factory/metrics.ts'
import { seedOf } from '../../../support/models.ts'

test('the largest value wins, the earliest of equals', () => {
  expect(argmax([1, 3, 3, 2])).toBe(1)
  expect(argmax(Float32Array.of(-5, -4))).toBe(1)
})

test('accuracy and macro F1 of a table worked out by hand', () => {
  // class 0: 2 hits, 1 false, 1 missed; class 1: 1 hit, 1 false, 1 missed; class 2: nothing to find, none claimed
  const actual = [0, 0, 0, 1, 1]
  const predicted = [0, 0, 1, 1, 0]
  expect(accuracyOf(predicted, actual)).toBeCloseTo(3 / 5)
  expect(macroF1Of(predicted, actual, 3)).toBeCloseTo((4 / 6 + 2 / 4) / 2)
})

test('bootstrap intervals hold the value and have the width that theory gives', () => {
  const actual = Array.from({ length: 400 }, (_, i) => i % 2)
  const predicted = actual.map((label, i) => (i % 5 === 0 ? 1 - label : label))
  const { accuracy } = qualityOf(predicted, actual, 2, seedOf(1))
  expect(accuracy.value).toBeCloseTo(0.8)
  // ±1.96·√(p(1−p)/n) = ±0.039
  expect(accuracy.high - accuracy.low).toBeGreaterThan(0.06)
  expect(accuracy.high - accuracy.low).toBeLessThan(0.1)
  expect(qualityOf(predicted, actual, 2, seedOf(1)).accuracy).toEqual(accuracy)
})
