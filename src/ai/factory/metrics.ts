import { invariant } from '../../errors/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import { SeededStream } from '../seededStream.ts'

export interface Interval {
  readonly value: number
  /** Bounds of the bootstrap interval of 95 %. */
  readonly low: number
  readonly high: number
}

export interface Quality {
  readonly accuracy: Interval
  /** Mean of the classes' F1, each class alike. */
  readonly macroF1: Interval
}

const RESAMPLES = 1000

/** The index of the largest value; the earliest of equals. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i
  return best
}

export function accuracyOf(predicted: readonly number[], actual: readonly number[]): number {
  return predicted.filter((label, i) => label === actual[i]).length / actual.length
}

/** F1 of a class that is neither predicted nor there counts as absent, not as 0. */
export function macroF1Of(predicted: readonly number[], actual: readonly number[], classes: number): number {
  const hits = new Float64Array(classes)
  const seen = new Float64Array(classes)
  for (const [i, label] of actual.entries()) {
    const guess = predicted[i] ?? 0
    seen[label] = (seen[label] ?? 0) + 1
    seen[guess] = (seen[guess] ?? 0) + 1
    if (guess === label) hits[label] = (hits[label] ?? 0) + 1
  }
  let sum = 0
  let present = 0
  for (let label = 0; label < classes; label++) {
    const total = seen[label] ?? 0
    if (total === 0) continue
    present += 1
    sum += (2 * (hits[label] ?? 0)) / total
  }
  return sum / present
}

/** Accuracy and macro F1 with percentile bootstrap intervals over the examples. */
export function qualityOf(
  predicted: readonly number[],
  actual: readonly number[],
  classes: number,
  seed: Hash,
): Quality {
  invariant(predicted.length === actual.length && actual.length > 0, 'one prediction for each example')
  const stream = new SeededStream(seed)
  const accuracies: number[] = []
  const scores: number[] = []
  for (let resample = 0; resample < RESAMPLES; resample++) {
    const places = actual.map(() => stream.below(actual.length))
    const guesses = places.map((place) => predicted[place] ?? 0)
    const labels = places.map((place) => actual[place] ?? 0)
    accuracies.push(accuracyOf(guesses, labels))
    scores.push(macroF1Of(guesses, labels, classes))
  }
  return {
    accuracy: interval(accuracyOf(predicted, actual), accuracies),
    macroF1: interval(macroF1Of(predicted, actual, classes), scores),
  }
}

function interval(value: number, samples: number[]): Interval {
  samples.sort((a, b) => a - b)
  const at = (share: number) =>
    samples[Math.min(samples.length - 1, Math.floor(share * samples.length))] ?? value
  return { value, low: at(0.025), high: at(0.975) }
}
