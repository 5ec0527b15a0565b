import { NodeError } from '../../errors/errors.ts'
import { argmax } from './metrics.ts'
import type { SparseVector } from './tfidf.ts'

export interface RegressionOptions {
  readonly width: number
  readonly classes: number
  /** Strength of the L2 penalty on the weights, beside a mean loss; the bias is free. */
  readonly penalty: number
  /** Largest slope at which the fit counts as done. */
  readonly tolerance: number
  readonly maxSteps: number
}

export interface LabelledVector {
  readonly vector: SparseVector
  readonly label: number
}

/** Accepted share of the decrease that the slope promises (Armijo). */
const SUFFICIENT = 1e-4
const MEMORY = 8

/**
 * Multinomial logistic regression with an L2 penalty, balanced over the classes, fitted by L-BFGS. The loss is
 * convex, so the result does not depend on where the fit starts.
 */
export class LogisticRegression {
  readonly #options: RegressionOptions
  /** [classes][width], then [classes] biases. */
  readonly #parameters: Float64Array

  private constructor(options: RegressionOptions, parameters: Float64Array) {
    this.#options = options
    this.#parameters = parameters
  }

  static fit(examples: readonly LabelledVector[], options: RegressionOptions): LogisticRegression {
    if (examples.length === 0) throw new NodeError('BAD_DATASET', 'There are no examples to fit.')
    const objective = new Objective(examples, options)
    return new LogisticRegression(options, minimise(objective, options))
  }

  /** Mean balanced cross entropy with the penalty, and the largest slope, at the fitted parameters. */
  static quality(
    model: LogisticRegression,
    examples: readonly LabelledVector[],
  ): { loss: number; slope: number } {
    const { value, gradient } = new Objective(examples, model.#options).at(model.#parameters)
    return { loss: value, slope: largest(gradient) }
  }

  logits(vector: SparseVector): Float64Array {
    return scores(this.#parameters, vector, this.#options)
  }

  predict(vector: SparseVector): number {
    return argmax(this.logits(vector))
  }
}

class Objective {
  readonly #examples: readonly LabelledVector[]
  readonly #options: RegressionOptions
  readonly #classWeights: Float64Array

  constructor(examples: readonly LabelledVector[], options: RegressionOptions) {
    this.#examples = examples
    this.#options = options
    const counts = new Float64Array(options.classes)
    for (const { label } of examples) counts[label] = (counts[label] ?? 0) + 1
    const present = counts.filter((count) => count > 0).length
    this.#classWeights = counts.map((count) => (count === 0 ? 0 : 1 / (present * count)))
  }

  at(parameters: Float64Array): { value: number; gradient: Float64Array } {
    const { width, classes, penalty } = this.#options
    const gradient = new Float64Array(parameters.length)
    let value = 0
    for (const { vector, label } of this.#examples) {
      const weight = this.#classWeights[label] ?? 0
      const logits = scores(parameters, vector, this.#options)
      const highest = logits[argmax(logits)] ?? 0
      const total = logits.reduce((sum, logit) => sum + Math.exp(logit - highest), 0)
      value += weight * (highest + Math.log(total) - (logits[label] ?? 0))
      for (let c = 0; c < classes; c++) {
        const probability = Math.exp((logits[c] ?? 0) - highest) / total
        const slope = weight * (probability - (c === label ? 1 : 0))
        addScaled(gradient, c * width, vector, slope)
        gradient[classes * width + c] = (gradient[classes * width + c] ?? 0) + slope
      }
    }
    for (let i = 0; i < classes * width; i++) {
      const parameter = parameters[i] ?? 0
      value += (penalty / 2) * parameter * parameter
      gradient[i] = (gradient[i] ?? 0) + penalty * parameter
    }
    return { value, gradient }
  }
}

/** L-BFGS with backtracking (Nocedal and Wright, Algorithm 7.4). */
function minimise(objective: Objective, options: RegressionOptions): Float64Array {
  let parameters: Float64Array = new Float64Array(options.classes * (options.width + 1))
  let { value, gradient } = objective.at(parameters)
  const history: { change: Float64Array; turn: Float64Array }[] = []
  for (let step = 0; step < options.maxSteps && largest(gradient) > options.tolerance; step++) {
    const direction = descent(gradient, history)
    const promised = dot(direction, gradient)
    let length = 1
    let next = moved(parameters, direction, length)
    let result = objective.at(next)
    while (result.value > value + SUFFICIENT * length * promised) {
      length /= 2
      if (length < 1e-12) return parameters
      next = moved(parameters, direction, length)
      result = objective.at(next)
    }
    const change = difference(next, parameters)
    const turn = difference(result.gradient, gradient)
    if (dot(change, turn) > 0) history.push({ change, turn })
    if (history.length > MEMORY) history.shift()
    parameters = next
    value = result.value
    gradient = result.gradient
  }
  return parameters
}

function descent(
  gradient: Float64Array,
  history: readonly { change: Float64Array; turn: Float64Array }[],
): Float64Array {
  const q = gradient.slice()
  const steps: number[] = []
  for (const { change, turn } of [...history].reverse()) {
    const step = dot(change, q) / dot(change, turn)
    steps.push(step)
    axpy(q, -step, turn)
  }
  const last = history.at(-1)
  const scale = last === undefined ? 1 : dot(last.change, last.turn) / dot(last.turn, last.turn)
  for (let i = 0; i < q.length; i++) q[i] = (q[i] ?? 0) * scale
  for (const { change, turn } of history)
    axpy(q, (steps.pop() ?? 0) - dot(turn, q) / dot(change, turn), change)
  return q.map((value) => -value)
}

function scores(parameters: Float64Array, vector: SparseVector, options: RegressionOptions): Float64Array {
  const { width, classes } = options
  return Float64Array.from({ length: classes }, (_, c) => {
    let sum = parameters[classes * width + c] ?? 0
    for (let n = 0; n < vector.columns.length; n++) {
      sum += (parameters[c * width + (vector.columns[n] ?? 0)] ?? 0) * (vector.values[n] ?? 0)
    }
    return sum
  })
}

function addScaled(target: Float64Array, offset: number, vector: SparseVector, factor: number): void {
  for (let n = 0; n < vector.columns.length; n++) {
    const at = offset + (vector.columns[n] ?? 0)
    target[at] = (target[at] ?? 0) + factor * (vector.values[n] ?? 0)
  }
}

function axpy(target: Float64Array, factor: number, values: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] ?? 0) + factor * (values[i] ?? 0)
}

function moved(from: Float64Array, direction: Float64Array, length: number): Float64Array {
  return from.map((value, i) => value + length * (direction[i] ?? 0))
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value - (b[i] ?? 0))
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)
}

function largest(values: Float64Array): number {
  return values.reduce((peak, value) => Math.max(peak, Math.abs(value)), 0)
}
