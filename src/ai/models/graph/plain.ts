import type { GraphBuilder } from './graphBuilder.ts'
import { broadcastShape, permuteShape, type Shape, type Tensor } from './tensor.ts'

// Operations outside the tape: what gradient rules are made of.

export function plainAdd(g: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  return g.node('Add', [a, b], broadcastShape(a.shape, b.shape))
}

export function plainSubtract(g: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  return g.node('Sub', [a, b], broadcastShape(a.shape, b.shape))
}

export function plainMultiply(g: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  return g.node('Mul', [a, b], broadcastShape(a.shape, b.shape))
}

export function plainNegate(g: GraphBuilder, a: Tensor): Tensor {
  return g.node('Neg', [a], a.shape)
}

export function plainTranspose(g: GraphBuilder, a: Tensor, permutation: readonly number[]): Tensor {
  return g.node('Transpose', [a], permuteShape(a.shape, permutation), { attributes: { perm: permutation } })
}

/** Swaps the last two axes. */
export function plainTransposeLast(g: GraphBuilder, a: Tensor): Tensor {
  const permutation = a.shape.map((_, axis) => axis)
  const rank = permutation.length
  permutation[rank - 1] = rank - 2
  permutation[rank - 2] = rank - 1
  return plainTranspose(g, a, permutation)
}

export function plainMatmul(g: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2))
  return g.node('MatMul', [a, b], [...batch, a.shape.at(-2) ?? 1, b.shape.at(-1) ?? 1])
}

/** Sums over `axis` (negative counts from the end) and keeps it with size 1. */
export function plainSum(g: GraphBuilder, a: Tensor, axis: number): Tensor {
  const at = (axis + a.shape.length) % a.shape.length
  const shape = a.shape.map((size, i) => (i === at ? 1 : size))
  return g.node('ReduceSum', [a, g.integers([at])], shape, { attributes: { keepdims: 1 } })
}

export function plainSqueeze(g: GraphBuilder, a: Tensor, axis: number): Tensor {
  const shape = a.shape.filter((_, i) => i !== axis)
  return g.node('Squeeze', [a, g.integers([axis])], shape)
}

export function plainUnsqueeze(g: GraphBuilder, a: Tensor, axis: number): Tensor {
  const shape = [...a.shape.slice(0, axis), 1, ...a.shape.slice(axis)]
  return g.node('Unsqueeze', [a, g.integers([axis])], shape)
}

/** Repeats `a` to the run-time shape of `like`. */
export function expandLike(g: GraphBuilder, a: Tensor, like: Tensor): Tensor {
  const shape = g.node('Shape', [like], [like.shape.length], { elementType: 'int64' })
  return g.node('Expand', [a, shape], like.shape)
}

/** Undoes broadcasting: sums `gradient` over the axes along which an operand of `shape` was repeated. */
export function reduceToShape(g: GraphBuilder, gradient: Tensor, shape: Shape): Tensor {
  const extra = gradient.shape.length - shape.length
  const axes = gradient.shape
    .map((size, axis) => ({ axis, repeated: axis < extra || (shape[axis - extra] === 1 && size !== 1) }))
    .filter(({ repeated }) => repeated)
    .map(({ axis }) => axis)
  if (axes.length === 0) return gradient
  const kept = gradient.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
  const reduced = g.node('ReduceSum', [gradient, g.integers(axes)], kept, { attributes: { keepdims: 1 } })
  if (extra === 0) return reduced
  const leading = Array.from({ length: extra }, (_, i) => i)
  return g.node('Squeeze', [reduced, g.integers(leading)], reduced.shape.slice(extra))
}
