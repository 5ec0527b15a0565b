import { invariant, NodeError } from '../../errors/errors.ts'

/** Rows of features taken together when their products are added up: they stay in the processor's cache. */
const BLOCK = 16

/**
 * The damped inverse in the space of features: M = α(Σφφᵀ + αI)⁻¹ over all training records, in float64. Adding
 * every record's φ and then asking for M·v gives the exact influence of v at the optimum of a quadratic loss.
 * Memory is k² numbers, whatever the number of records.
 */
export class Fold {
  readonly k: number
  readonly alpha: number
  /** Lower triangle of Σφφᵀ + αI, row by row; after `factorise` its Cholesky factor. */
  readonly #matrix: Float64Array
  readonly #block: Float64Array
  #blockRows = 0
  #factorised = false

  constructor(k: number, alpha: number) {
    invariant(k >= 1 && alpha > 0, 'a fold has columns and a positive damping')
    this.k = k
    this.alpha = alpha
    this.#matrix = new Float64Array(k * k)
    this.#block = new Float64Array(BLOCK * k)
  }

  add(feature: Float64Array): void {
    invariant(!this.#factorised && feature.length === this.k, 'features are added before the factor is made')
    this.#block.set(feature, this.#blockRows * this.k)
    this.#blockRows += 1
    if (this.#blockRows === BLOCK) this.#flush()
  }

  /** Makes the Cholesky factor L of Σφφᵀ + αI = L·Lᵀ, once. */
  factorise(): void {
    if (this.#factorised) return
    this.#flush()
    const { k } = this
    const a = this.#matrix
    for (let i = 0; i < k; i++) a[i * k + i] = (a[i * k + i] ?? 0) + this.alpha
    for (let i = 0; i < k; i++) {
      for (let j = 0; j <= i; j++) {
        const rest = (a[i * k + j] ?? 0) - dot(a, i * k, a, j * k, j)
        if (i !== j) {
          a[i * k + j] = rest / (a[j * k + j] ?? 1)
        } else if (rest > 0) {
          a[i * k + i] = Math.sqrt(rest)
        } else {
          throw new NodeError('BAD_DATASET', 'The features of the records have no damped inverse.')
        }
      }
    }
    this.#factorised = true
  }

  /** M·v. */
  apply(vector: Float64Array): Float64Array {
    this.factorise()
    const { k } = this
    const l = this.#matrix
    const x = new Float64Array(k)
    for (let i = 0; i < k; i++) {
      x[i] = ((vector[i] ?? 0) * this.alpha - dot(l, i * k, x, 0, i)) / (l[i * k + i] ?? 1)
    }
    for (let i = k - 1; i >= 0; i--) {
      const solved = (x[i] ?? 0) / (l[i * k + i] ?? 1)
      x[i] = solved
      for (let j = 0; j < i; j++) x[j] = (x[j] ?? 0) - solved * (l[i * k + j] ?? 0)
    }
    return x
  }

  #flush(): void {
    const { k } = this
    const a = this.#matrix
    const block = this.#block
    for (let i = 0; i < k; i++) {
      for (let row = 0; row < this.#blockRows; row++) {
        const weight = block[row * k + i] ?? 0
        if (weight === 0) continue
        const from = row * k
        const to = i * k
        for (let j = 0; j <= i; j++) a[to + j] = (a[to + j] ?? 0) + weight * (block[from + j] ?? 0)
      }
    }
    this.#blockRows = 0
  }
}

/** Σ a[aFrom + n] · b[bFrom + n] for n below `length`, in order. */
function dot(a: Float64Array, aFrom: number, b: Float64Array, bFrom: number, length: number): number {
  let sum = 0
  for (let n = 0; n < length; n++) sum += (a[aFrom + n] ?? 0) * (b[bFrom + n] ?? 0)
  return sum
}
