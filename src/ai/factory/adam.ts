import { invariant } from '../../errors/errors.ts'

const BETA1 = 0.9
const BETA2 = 0.999
const EPSILON = 1e-8

/** Adam (arXiv 1412.6980, Algorithm 1) on a flat vector, with a learning rate of its own for each part of it. */
export class Adam {
  readonly #first: Float64Array
  readonly #second: Float64Array
  #steps = 0

  constructor(length: number) {
    this.#first = new Float64Array(length)
    this.#second = new Float64Array(length)
  }

  /** One step; changes `values` where a rate is given. */
  step(values: Float32Array, gradient: Float32Array, rates: readonly LearningRate[]): void {
    invariant(values.length === this.#first.length && gradient.length === values.length, 'equal lengths')
    this.#steps += 1
    const correction1 = 1 - BETA1 ** this.#steps
    const correction2 = 1 - BETA2 ** this.#steps
    for (const { from, to, rate } of rates) {
      for (let i = from; i < to; i++) {
        const slope = gradient[i] ?? 0
        const first = BETA1 * (this.#first[i] ?? 0) + (1 - BETA1) * slope
        const second = BETA2 * (this.#second[i] ?? 0) + (1 - BETA2) * slope * slope
        this.#first[i] = first
        this.#second[i] = second
        const change = (rate * (first / correction1)) / (Math.sqrt(second / correction2) + EPSILON)
        values[i] = (values[i] ?? 0) - change
      }
    }
  }
}

/** The learning rate of coordinates from `from` to below `to`. */
export interface LearningRate {
  readonly from: number
  readonly to: number
  readonly rate: number
}
