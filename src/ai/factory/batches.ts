import { limits } from '../../config/limits.ts'
import type { PreparedInput } from '../lora/encoderRuntime.ts'
import { ENCODER } from '../models/architecture.ts'
import type { Feeds } from '../models/session.ts'
import type { SeededStream } from '../seededStream.ts'

/** One training example, run through the frozen layers. */
export interface Example {
  readonly input: PreparedInput
  readonly label: number
  /** Weight of its loss; 1 on average. */
  readonly weight: number
}

/** Batches whose examples are sorted by length together, so that little of a batch is padding. */
const SORT_WINDOW = 8

/** The batches of one epoch, as places: shuffled, sorted by length within windows, the batches shuffled again. */
export function epochBatches(
  lengths: readonly number[],
  batchSize: number,
  stream: SeededStream,
): readonly (readonly number[])[] {
  const order = stream.shuffle(lengths.map((_, place) => place))
  const batches: number[][] = []
  for (let start = 0; start < order.length; start += SORT_WINDOW * batchSize) {
    const window = order.slice(start, start + SORT_WINDOW * batchSize)
    window.sort((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0) || a - b)
    for (let at = 0; at < window.length; at += batchSize) batches.push(window.slice(at, at + batchSize))
  }
  return stream.shuffle(batches)
}

/** Inputs of the gradient graph for one batch, padded to its longest example. */
export function batchFeeds(examples: readonly Example[], classes: number): Feeds {
  const count = examples.length
  const tokens = examples.reduce((longest, { input }) => Math.max(longest, input.ids.length), 1)
  const mask = new Float32Array(count * tokens)
  const oneHot = new Float32Array(count * classes)
  const weight = new Float32Array(count)
  examples.forEach(({ input, label, weight: exampleWeight }, i) => {
    mask.fill(1, i * tokens, i * tokens + input.ids.length)
    oneHot[i * classes + label] = 1
    weight[i] = exampleWeight / count
  })
  return {
    ...inputs(examples, tokens),
    mask: { type: 'float32', data: mask, dims: [count, tokens] },
    oneHot: { type: 'float32', data: oneHot, dims: [count, classes] },
    weight: { type: 'float32', data: weight, dims: [count] },
  }
}

function inputs(examples: readonly Example[], tokens: number): Feeds {
  const count = examples.length
  if (examples[0]?.input.hidden === undefined) {
    const ids = new BigInt64Array(count * tokens)
    examples.forEach(({ input }, i) => {
      ids.set(BigInt64Array.from(input.ids, BigInt), i * tokens)
    })
    return { ids: { type: 'int64', data: ids, dims: [count, tokens] } }
  }
  const hidden = new Float32Array(count * tokens * ENCODER.width)
  examples.forEach(({ input }, i) => {
    hidden.set(input.hidden ?? [], i * tokens * ENCODER.width)
  })
  return { hidden: { type: 'float32', data: hidden, dims: [count, tokens, ENCODER.width] } }
}

/** Whether the frozen layers' output of that many tokens may stay in memory between epochs. */
export function fitsCache(totalTokens: number): boolean {
  return totalTokens <= limits.trainingCachedTokens
}
