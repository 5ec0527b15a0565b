import type { GradientRule, GraphBuilder } from './graphBuilder.ts'
import {
  expandLike,
  plainAdd,
  plainMatmul,
  plainMultiply,
  plainNegate,
  plainSqueeze,
  plainSubtract,
  plainSum,
  plainTranspose,
  plainTransposeLast,
  plainUnsqueeze,
  reduceToShape,
} from './plain.ts'
import { broadcastShape, fixedSize, permuteShape, type Shape, type Tensor } from './tensor.ts'

// Differentiable operations. Each emits its ONNX node and puts the rule of its gradient on the tape.

function recordOne(
  g: GraphBuilder,
  output: Tensor,
  inputs: readonly Tensor[],
  rule: (gradient: Tensor) => ReturnType<GradientRule>,
): Tensor {
  const [marked] = g.record([output], inputs, ([gradient]) => (gradient === undefined ? [] : rule(gradient)))
  return marked ?? output
}

export function add(g: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  const output = g.node('Add', [a, b], broadcastShape(a.shape, b.shape))
  return recordOne(g, output, [a, b], (gradient) => [
    a.needsGradient ? reduceToShape(g, gradient, a.shape) : undefined,
    b.needsGradient ? reduceToShape(g, gradient, b.shape) : undefined,
  ])
}

export function subtract(g: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  const output = g.node('Sub', [a, b], broadcastShape(a.shape, b.shape))
  return recordOne(g, output, [a, b], (gradient) => [
    a.needsGradient ? reduceToShape(g, gradient, a.shape) : undefined,
    b.needsGradient ? reduceToShape(g, plainNegate(g, gradient), b.shape) : undefined,
  ])
}

export function multiply(g: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  const output = g.node('Mul', [a, b], broadcastShape(a.shape, b.shape))
  return recordOne(g, output, [a, b], (gradient) => [
    a.needsGradient ? reduceToShape(g, plainMultiply(g, gradient, b), a.shape) : undefined,
    b.needsGradient ? reduceToShape(g, plainMultiply(g, gradient, a), b.shape) : undefined,
  ])
}

export function matmul(g: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  return recordOne(g, plainMatmul(g, a, b), [a, b], (gradient) => [
    a.needsGradient
      ? reduceToShape(g, plainMatmul(g, gradient, plainTransposeLast(g, b)), a.shape)
      : undefined,
    b.needsGradient
      ? reduceToShape(g, plainMatmul(g, plainTransposeLast(g, a), gradient), b.shape)
      : undefined,
  ])
}

export function transpose(g: GraphBuilder, a: Tensor, permutation: readonly number[]): Tensor {
  const output = g.node('Transpose', [a], permuteShape(a.shape, permutation), {
    attributes: { perm: permutation },
  })
  const inverse = permutation.map((_, axis) => permutation.indexOf(axis))
  return recordOne(g, output, [a], (gradient) => [plainTranspose(g, gradient, inverse)])
}

/** Reshapes where the leading axes (kept by 0 in `target` and `back`) stay as they are. */
export function reshape(
  g: GraphBuilder,
  a: Tensor,
  options: { target: readonly number[]; shape: Shape; back: readonly number[] },
): Tensor {
  const output = g.node('Reshape', [a, g.integers(options.target)], options.shape)
  return recordOne(g, output, [a], (gradient) => [
    g.node('Reshape', [gradient, g.integers(options.back)], a.shape),
  ])
}

/** Cuts the last axis into parts of `sizes`. */
export function splitLast(g: GraphBuilder, a: Tensor, sizes: readonly number[]): readonly Tensor[] {
  const shapes = sizes.map((size): Shape => [...a.shape.slice(0, -1), size])
  const parts = g.multiNode('Split', [a, g.integers(sizes)], shapes, { axis: -1 })
  return g.record(parts, [a], (gradients) => {
    const whole = parts.map((part, i) => gradients[i] ?? expandLike(g, g.scalar(0), part))
    return [g.node('Concat', whole, a.shape, { attributes: { axis: -1 } })]
  })
}

/**
 * max(0, a). Its derivative is a step at 0: where a is nearly 0, the last bits of a float decide whether a whole
 * path of the gradient counts, and machines that differ in those bits differ in the gradient. With a `band` above 0
 * the step becomes a straight rise over ±band, which such differences hardly move. With 0 it is exact.
 */
export function relu(g: GraphBuilder, a: Tensor, band = 0): Tensor {
  return recordOne(g, g.node('Relu', [a], a.shape), [a], (gradient) => {
    if (band > 0) {
      const rise = plainAdd(g, plainMultiply(g, a, g.scalar(0.5 / band)), g.scalar(0.5))
      const slope = g.node('Clip', [rise, g.scalar(0), g.scalar(1)], a.shape)
      return [plainMultiply(g, gradient, slope)]
    }
    const positive = g.node('Greater', [a, g.scalar(0)], a.shape, { elementType: 'bool' })
    return [plainMultiply(g, gradient, g.node('Cast', [positive], a.shape, { attributes: { to: 1 } }))]
  })
}

export function tanh(g: GraphBuilder, a: Tensor): Tensor {
  const output = g.node('Tanh', [a], a.shape)
  return recordOne(g, output, [a], (gradient) => [
    plainMultiply(g, gradient, plainSubtract(g, g.scalar(1), plainMultiply(g, output, output))),
  ])
}

/** 1/√a. */
export function inverseSqrt(g: GraphBuilder, a: Tensor): Tensor {
  const output = g.node('Reciprocal', [g.node('Sqrt', [a], a.shape)], a.shape)
  return recordOne(g, output, [a], (gradient) => {
    const cube = plainMultiply(g, output, plainMultiply(g, output, output))
    return [plainMultiply(g, gradient, plainMultiply(g, g.scalar(-0.5), cube))]
  })
}

/** Sum over `axis`, kept with size 1. */
export function sum(g: GraphBuilder, a: Tensor, axis: number): Tensor {
  return recordOne(g, plainSum(g, a, axis), [a], (gradient) => [expandLike(g, gradient, a)])
}

/** Mean over the last axis, kept with size 1. */
export function meanLast(g: GraphBuilder, a: Tensor): Tensor {
  const size = fixedSize(a, -1)
  const shape = [...a.shape.slice(0, -1), 1]
  const output = g.node('ReduceMean', [a], shape, { attributes: { axes: [-1], keepdims: 1 } })
  return recordOne(g, output, [a], (gradient) => [
    expandLike(g, plainMultiply(g, gradient, g.scalar(1 / size)), a),
  ])
}

export function squeeze(g: GraphBuilder, a: Tensor, axis: number): Tensor {
  return recordOne(g, plainSqueeze(g, a, axis), [a], (gradient) => [plainUnsqueeze(g, gradient, axis)])
}

/** Softmax over the last axis. */
export function softmaxLast(g: GraphBuilder, a: Tensor): Tensor {
  const output = g.node('Softmax', [a], a.shape, { attributes: { axis: -1 } })
  return recordOne(g, output, [a], (gradient) => {
    const weighted = plainMultiply(g, gradient, output)
    return [plainSubtract(g, weighted, plainMultiply(g, plainSum(g, weighted, -1), output))]
  })
}

/** Layer normalisation over the last axis. */
export function layerNorm(
  g: GraphBuilder,
  a: Tensor,
  parameters: { scale: Tensor; bias: Tensor; epsilon: number },
): Tensor {
  const centred = subtract(g, a, meanLast(g, a))
  const variance = meanLast(g, multiply(g, centred, centred))
  const normal = multiply(g, centred, inverseSqrt(g, add(g, variance, g.scalar(parameters.epsilon))))
  return add(g, multiply(g, normal, parameters.scale), parameters.bias)
}

/**
 * Cross entropy of each example: logits [B, C] and one-hot labels [B, C] give losses [B].
 * The gradient of the logits is p − y. For the labelled class it is taken as −Σ of the other probabilities: the
 * same value, but without the cancellation of p − 1 that would leave a confident answer's gradient to rounding.
 */
export function crossEntropy(g: GraphBuilder, logits: Tensor, oneHot: Tensor): Tensor {
  const logProbabilities = g.node('LogSoftmax', [logits], logits.shape, { attributes: { axis: -1 } })
  const picked = plainSum(g, plainMultiply(g, logProbabilities, oneHot), -1)
  const losses = plainNegate(g, plainSqueeze(g, picked, logits.shape.length - 1))
  return recordOne(g, losses, [logits], (gradient) => {
    const probabilities = g.node('Softmax', [logits], logits.shape, { attributes: { axis: -1 } })
    const others = plainMultiply(g, probabilities, plainSubtract(g, g.scalar(1), oneHot))
    const difference = plainSubtract(g, others, plainMultiply(g, oneHot, plainSum(g, others, -1)))
    return [plainMultiply(g, plainUnsqueeze(g, gradient, gradient.shape.length), difference)]
  })
}
