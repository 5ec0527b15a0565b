import { NodeError } from '../../errors/errors.ts'
import { ENCODER, type LoraModule, moduleWidths } from './architecture.ts'
import { backward } from './graph/backward.ts'
import { GraphBuilder } from './graph/graphBuilder.ts'
import {
  add,
  crossEntropy,
  inverseSqrt,
  layerNorm,
  matmul,
  multiply,
  relu,
  reshape,
  softmaxLast,
  splitLast,
  sum,
  tanh,
  transpose,
} from './graph/operations.ts'
import { plainMultiply, plainSubtract, plainSum, plainUnsqueeze } from './graph/plain.ts'
import type { Tensor } from './graph/tensor.ts'
import { POSITIONS, type Weights } from './weights.ts'

/**
 * What a graph of the encoder computes. Shapes: B examples, T tokens, C classes, R the rank of the adapter.
 * - `tokens` in: ids int64 [B, T] and mask [B, T] (1 for a token, 0 for padding);
 *   `hidden` in: hidden [B, T, 512], the output of layer 0, and mask.
 * - `hidden` out: hidden. `embedding` out: embedding [B, 512] of unit length.
 *   `logits` out: embedding and logits [B, C]. `gradients` out: also loss [B] and, for each parameter, the gradient
 *   of Σ weight · loss, named `grad.<parameter>`; in: oneHot [B, C] and weight [B].
 * - Adapter parameters are inputs in PEFT's layout, shared by all examples: `<module>.lora_A` [R, in],
 *   `<module>.lora_B` [out, R], `lora_scale` [], `classifier.weight` [C, 512], `classifier.bias` [C].
 */
export interface EncoderGraphOptions {
  readonly from: 'tokens' | 'hidden'
  readonly to: 'hidden' | 'embedding' | 'logits' | 'gradients'
  readonly modules: readonly LoraModule[]
  /** Of the gradient of ReLU; that of the profile by default, 0 for exact derivatives. */
  readonly reluGradientBand?: number
}

export const LORA_SCALE = 'lora_scale'
export const CLASSIFIER_WEIGHT = 'classifier.weight'
export const CLASSIFIER_BIAS = 'classifier.bias'
export const loraA = (module: LoraModule): string => `${module}.lora_A`
export const loraB = (module: LoraModule): string => `${module}.lora_B`
export const gradientOf = (parameter: string): string => `grad.${parameter}`

const NAMES = {
  applied: 'module_apply_default/Encoder_en/KonaTransformer/Encode/',
  module: 'module/Encoder_en/KonaTransformer/Encode/',
  embeddings: 'module/Embeddings_en',
  tanh: 'module/Encoder_en/hidden_layers/tanh_layer_0/',
} as const
const MASKED = -1e9

/** Builds the graph; the same options and weights always give the same graph. */
export function buildEncoderGraph(weights: Weights, options: EncoderGraphOptions): GraphBuilder {
  return new EncoderGraph(weights, options).build()
}

class EncoderGraph {
  readonly #g: GraphBuilder
  readonly #weights: Weights
  readonly #options: EncoderGraphOptions
  readonly #parameters: Tensor[] = []
  #scale: Tensor | undefined

  constructor(weights: Weights, options: EncoderGraphOptions) {
    this.#g = new GraphBuilder(`encoder-${options.from}-${options.to}`)
    this.#weights = weights
    this.#options = options
  }

  build(): GraphBuilder {
    const g = this.#g
    const { from, to } = this.#options
    const fromTokens = from === 'tokens'
    const ids = fromTokens ? g.input('ids', ['B', 'T'], { elementType: 'int64' }) : undefined
    const mask = g.input('mask', ['B', 'T'])
    const attentionBias = this.#attentionBias(mask)
    let x =
      ids === undefined
        ? g.input('hidden', ['B', 'T', ENCODER.width])
        : this.#layer(0, this.#embed(ids), attentionBias)
    if (to === 'hidden') {
      g.output(x, 'hidden')
      return g
    }
    x = this.#layer(1, x, attentionBias)
    const embedding = this.#pool(x, mask)
    g.output(embedding, 'embedding')
    if (to !== 'embedding') this.#head(embedding)
    return g
  }

  /** Token embeddings with the position signal; the original adds the embedding twice. */
  #embed(ids: Tensor): Tensor {
    const g = this.#g
    const width = ENCODER.embeddingWidth
    const table = this.#weight(NAMES.embeddings, [ENCODER.vocabulary, width])
    const tokens = g.node('Gather', [table, ids], ['B', 'T', width], { attributes: { axis: 0 } })
    const positions = this.#weight(POSITIONS, [ENCODER.maxTokens, width])
    const shape = g.node('Shape', [ids], [2], { elementType: 'int64' })
    const length = g.node('Slice', [shape, g.integers([1]), g.integers([2])], [1], { elementType: 'int64' })
    const signal = g.node('Slice', [positions, g.integers([0]), length, g.integers([0])], ['T', width])
    return add(g, add(g, tokens, signal), tokens)
  }

  /** 0 where a token is, a large negative number where padding is: [B, 1, 1, T]. */
  #attentionBias(mask: Tensor): Tensor {
    const g = this.#g
    const missing = plainSubtract(g, g.scalar(1), mask)
    return plainUnsqueeze(g, plainUnsqueeze(g, plainMultiply(g, missing, g.scalar(MASKED)), 1), 1)
  }

  #layer(index: 0 | 1, input: Tensor, attentionBias: Tensor): Tensor {
    const g = this.#g
    const layer = `Layer_${index}/TransformerLayer/`
    const applied = `${NAMES.applied}${layer}`
    const stacked = `${NAMES.applied}TransformerStack/${layer}`
    const { width, innerWidth } = ENCODER
    const attended = this.#attention(index, this.#norm(input, applied), attentionBias)
    let residual = input
    if (index === 0) {
      const kernel = this.#weight(`${applied}dense/kernel/ConcatPartitions/concat`, [
        ENCODER.embeddingWidth,
        width,
      ])
      residual = add(
        g,
        matmul(g, input, kernel),
        this.#weight(`${applied}dense/bias/ConcatPartitions/concat`, [width]),
      )
    }
    const x = add(g, attended, residual)
    const up = this.#linear(`layers.${index}.ffn.up`, this.#norm(x, `${applied}FFN/`), {
      kernel: this.#weight(`${stacked}FFN/conv1/Tensordot/Reshape_1`, [width, innerWidth]),
      bias: this.#weight(`${applied}FFN/conv1/bias/ConcatPartitions/concat`, [innerWidth]),
    })
    const down = this.#linear(
      `layers.${index}.ffn.down`,
      relu(g, up, this.#options.reluGradientBand ?? ENCODER.reluGradientBand),
      {
        kernel: this.#weight(`${stacked}FFN/conv2/Tensordot/Reshape_1`, [innerWidth, width]),
        bias: this.#weight(`${applied}FFN/conv2/bias/ConcatPartitions/concat`, [width]),
      },
    )
    return add(g, down, x)
  }

  #attention(index: 0 | 1, normal: Tensor, attentionBias: Tensor): Tensor {
    const g = this.#g
    const layer = `Layer_${index}/TransformerLayer/MultiheadAttention/`
    const inner = moduleWidths(`layers.${index}.attention.out`).input
    const { heads } = ENCODER
    const headWidth = inner / heads
    const qkv = this.#linear(`layers.${index}.attention.qkv`, normal, {
      kernel: this.#weight(`${NAMES.module}${layer}qkv_transform_single/kernel/part_0`, [inner, 3 * inner]),
      bias: this.#weight(`${NAMES.applied}${layer}qkv_transform_single/bias/ConcatPartitions/concat`, [
        3 * inner,
      ]),
    })
    const [q, k, v] = splitLast(g, qkv, [inner, inner, inner]).map((part) => {
      const byHead = reshape(g, part, {
        target: [0, 0, heads, headWidth],
        shape: ['B', 'T', heads, headWidth],
        back: [0, 0, inner],
      })
      return transpose(g, byHead, [0, 2, 1, 3])
    })
    if (q === undefined || k === undefined || v === undefined)
      throw new TypeError('The split has three parts.')
    const scaled = multiply(g, q, g.scalar(1 / Math.sqrt(headWidth)))
    const scores = add(g, matmul(g, scaled, transpose(g, k, [0, 1, 3, 2])), attentionBias)
    const mixed = transpose(g, matmul(g, softmaxLast(g, scores), v), [0, 2, 1, 3])
    const joined = reshape(g, mixed, {
      target: [0, 0, inner],
      shape: ['B', 'T', inner],
      back: [0, 0, heads, headWidth],
    })
    return this.#linear(`layers.${index}.attention.out`, joined, {
      kernel: this.#weight(`${NAMES.module}${layer}output_transform_single/kernel/part_0`, [
        inner,
        ENCODER.width,
      ]),
      bias: this.#weight(`${NAMES.applied}${layer}output_transform_single/bias/ConcatPartitions/concat`, [
        ENCODER.width,
      ]),
    })
  }

  /** x·W + scale · (x·Aᵀ)·Bᵀ + b, the middle term where the module is adapted. */
  #linear(module: LoraModule, x: Tensor, frozen: { kernel: Tensor; bias: Tensor }): Tensor {
    const g = this.#g
    const base = matmul(g, x, frozen.kernel)
    if (!this.#options.modules.includes(module)) return add(g, base, frozen.bias)
    const { input, output } = moduleWidths(module)
    this.#scale ??= g.input(LORA_SCALE, [])
    const a = g.input(loraA(module), ['R', input], { trainable: true })
    const b = g.input(loraB(module), [output, 'R'], { trainable: true })
    this.#parameters.push(a, b)
    const low = multiply(g, matmul(g, x, transpose(g, a, [1, 0])), this.#scale)
    return add(g, add(g, base, matmul(g, low, transpose(g, b, [1, 0]))), frozen.bias)
  }

  /** Mean over the tokens, one tanh layer, unit length: [B, 512]. */
  #pool(x: Tensor, mask: Tensor): Tensor {
    const g = this.#g
    const { width } = ENCODER
    const kept = multiply(g, x, plainUnsqueeze(g, mask, 2))
    const total = reshape(g, sum(g, kept, 1), {
      target: [0, width],
      shape: ['B', width],
      back: [0, 1, width],
    })
    const count = plainSum(g, mask, 1)
    const mean = multiply(g, total, g.node('Reciprocal', [count], ['B', 1]))
    const dense = matmul(g, mean, this.#weight(`${NAMES.tanh}weights`, [width, width]))
    const hidden = tanh(g, add(g, dense, this.#weight(`${NAMES.tanh}bias`, [width])))
    return multiply(g, hidden, inverseSqrt(g, sum(g, multiply(g, hidden, hidden), -1)))
  }

  #head(embedding: Tensor): void {
    const g = this.#g
    const weight = g.input(CLASSIFIER_WEIGHT, ['C', ENCODER.width], { trainable: true })
    const bias = g.input(CLASSIFIER_BIAS, ['C'], { trainable: true })
    this.#parameters.push(weight, bias)
    const features = multiply(g, embedding, g.scalar(ENCODER.headInputScale))
    const logits = add(g, matmul(g, features, transpose(g, weight, [1, 0])), bias)
    g.output(logits, 'logits')
    if (this.#options.to !== 'gradients') return
    const oneHot = g.input('oneHot', ['B', 'C'])
    const exampleWeight = g.input('weight', ['B'])
    const loss = crossEntropy(g, logits, oneHot)
    g.output(loss, 'loss')
    const gradients = backward(g, loss, exampleWeight, this.#parameters)
    gradients.forEach((gradient, i) => {
      g.output(gradient, gradientOf(this.#parameters[i]?.name ?? ''))
    })
  }

  #norm(x: Tensor, prefix: string): Tensor {
    const path = `${prefix}layer_prepostprocess/layer_norm/layer_norm_`
    const width = x.shape.at(-1)
    if (typeof width !== 'number') throw new TypeError('The width of a layer is fixed.')
    return layerNorm(this.#g, x, {
      scale: this.#weight(`${path}scale/ConcatPartitions/concat`, [width]),
      bias: this.#weight(`${path}bias/ConcatPartitions/concat`, [width]),
      epsilon: ENCODER.layerNormEpsilon,
    })
  }

  #weight(name: string, shape: readonly number[]): Tensor {
    const { data } = this.#find(name)
    if (data.length !== shape.reduce((product, size) => product * size, 1)) {
      throw new NodeError(
        'BAD_MODEL',
        `The weight ${name} has ${data.length} values, not ${shape.join(' × ')}.`,
      )
    }
    return this.#g.weight(name, data, shape)
  }

  #find(name: string): { readonly data: Float32Array } {
    const weight = this.#weights.get(name)
    if (weight === undefined) throw new NodeError('BAD_MODEL', `The base model lacks the weight ${name}.`)
    return weight
  }
}
