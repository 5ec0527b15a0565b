/** A number, or the name of a size that is known only when the graph runs. */
export type Dimension = number | string
export type Shape = readonly Dimension[]
/** `float` is float32, or float64 in a graph encoded for gradient checks. */
export type ElementType = 'float' | 'int64' | 'bool'

/** A value of the graph: an input, a constant or the output of a node. */
export interface Tensor {
  readonly name: string
  readonly shape: Shape
  readonly elementType: ElementType
  /** True when a trainable input lies upstream, so that a gradient must flow back through it. */
  readonly needsGradient: boolean
}

/** The shape of an elementwise operation on `a` and `b`, by NumPy's broadcasting rules. */
export function broadcastShape(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i]
    const y = b[b.length - rank + i]
    if (x === undefined || x === 1) return y ?? x ?? 1
    return x
  })
}

export function permuteShape(shape: Shape, permutation: readonly number[]): Shape {
  return permutation.map((axis) => shape[axis] ?? 1)
}

/** The size of an axis that must be known when the graph is built; negative axes count from the end. */
export function fixedSize(tensor: Tensor, axis: number): number {
  const size = tensor.shape.at(axis)
  if (typeof size !== 'number') throw new TypeError(`Axis ${axis} of ${tensor.name} has no fixed size.`)
  return size
}
