import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import { canonicalModules, ENCODER, type LoraModule, moduleWidths } from '../models/architecture.ts'
import { CLASSIFIER_BIAS, CLASSIFIER_WEIGHT, LORA_SCALE, loraA, loraB } from '../models/encoderGraph.ts'
import type { TensorValue } from '../models/session.ts'
import { SeededStream } from '../seededStream.ts'

/** A LoRA adapter of the base encoder with a classification head. */
export interface AdapterConfig {
  readonly rank: number
  /** The low-rank term is multiplied by alpha / rank. */
  readonly alpha: number
  /** Adapted matrices, in canonical order. */
  readonly modules: readonly LoraModule[]
  /** Names of the classes; a class is an index into it. */
  readonly labels: readonly string[]
}

/** Where one parameter lies in the flat vector of all: values from `offset`, row by row. */
export interface ParameterSlice {
  readonly name: string
  readonly shape: readonly number[]
  readonly offset: number
  readonly length: number
}

export interface Adapter {
  readonly config: AdapterConfig
  /** All parameters, laid out as `parameterLayout` says. The same order is that of gradients and features. */
  readonly values: Float32Array
}

/** Checks a configuration from outside and puts its modules in canonical order. */
export function checkedConfig(config: AdapterConfig): AdapterConfig {
  const { rank, alpha, labels } = config
  if (!Number.isInteger(rank) || rank < 1 || rank > limits.loraRank) {
    throw new NodeError('BAD_MODEL', `A rank is from 1 to ${limits.loraRank}.`, { rank })
  }
  if (!Number.isInteger(alpha) || alpha < 1 || alpha > limits.loraAlpha) {
    throw new NodeError('BAD_MODEL', `Alpha is an integer from 1 to ${limits.loraAlpha}.`, { alpha })
  }
  if (labels.length < 2 || labels.length > limits.classes || new Set(labels).size !== labels.length) {
    throw new NodeError('BAD_MODEL', `An adapter has 2 to ${limits.classes} classes of different names.`)
  }
  return { ...config, modules: canonicalModules(config.modules) }
}

/** A and B of each module in canonical order, then the head's weight and bias. */
export function parameterLayout(config: AdapterConfig): readonly ParameterSlice[] {
  const shapes: (readonly [name: string, shape: readonly number[]])[] = []
  for (const module of config.modules) {
    const { input, output } = moduleWidths(module)
    shapes.push([loraA(module), [config.rank, input]], [loraB(module), [output, config.rank]])
  }
  shapes.push(
    [CLASSIFIER_WEIGHT, [config.labels.length, ENCODER.width]],
    [CLASSIFIER_BIAS, [config.labels.length]],
  )
  let offset = 0
  return shapes.map(([name, shape]) => {
    const length = shape.reduce((product, size) => product * size, 1)
    const slice = { name, shape, offset, length }
    offset += length
    return slice
  })
}

export function parameterCount(config: AdapterConfig): number {
  return parameterLayout(config).reduce((total, slice) => total + slice.length, 0)
}

/**
 * A fresh adapter, as PEFT starts one: A uniform within ±1/√inputs, B zero, so that the base model's answer is
 * unchanged; the head is zero, so that all classes start equal.
 */
export function initialAdapter(config: AdapterConfig, seed: Hash): Adapter {
  const checked = checkedConfig(config)
  const values = new Float32Array(parameterCount(checked))
  const stream = new SeededStream(seed)
  for (const { name, shape, offset, length } of parameterLayout(checked)) {
    if (!name.endsWith('.lora_A')) continue
    const bound = 1 / Math.sqrt(shape[1] ?? 1)
    for (let i = 0; i < length; i++) values[offset + i] = (2 * stream.fraction() - 1) * bound
  }
  return { config: checked, values }
}

/** The adapter as inputs of a graph that was built for its modules. */
export function adapterFeeds(adapter: Adapter): Record<string, TensorValue> {
  const { config, values } = adapter
  const feeds: Record<string, TensorValue> = {}
  for (const { name, shape, offset, length } of parameterLayout(config)) {
    feeds[name] = { type: 'float32', data: values.subarray(offset, offset + length), dims: shape }
  }
  if (config.modules.length > 0) {
    feeds[LORA_SCALE] = { type: 'float32', data: Float32Array.of(config.alpha / config.rank), dims: [] }
  }
  return feeds
}
