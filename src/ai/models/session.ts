import { createRequire } from 'node:module'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { invariant, messageOf, NodeError } from '../../errors/errors.ts'
import { RUNTIME_PROFILE } from './profile.ts'

/** A tensor as it goes in: `dims` has one size per axis; the data lies row by row. */
export type TensorValue =
  | { readonly type: 'float32'; readonly data: Float32Array; readonly dims: readonly number[] }
  | { readonly type: 'float64'; readonly data: Float64Array; readonly dims: readonly number[] }
  | { readonly type: 'int64'; readonly data: BigInt64Array; readonly dims: readonly number[] }

export type Feeds = Readonly<Record<string, TensorValue>>

/**
 * One ONNX graph in the runtime, under the runtime profile. A run holds the thread that calls it until it is done,
 * so sessions live in worker threads only.
 */
export class OnnxSession {
  readonly #session: InferenceSession

  private constructor(session: InferenceSession) {
    this.#session = session
  }

  static async open(model: Uint8Array): Promise<OnnxSession> {
    checkRuntimeVersion()
    try {
      const session = await InferenceSession.create(model, {
        executionProviders: [RUNTIME_PROFILE.executionProvider],
        intraOpNumThreads: RUNTIME_PROFILE.intraOpThreads,
        interOpNumThreads: RUNTIME_PROFILE.interOpThreads,
        executionMode: RUNTIME_PROFILE.executionMode,
        graphOptimizationLevel: RUNTIME_PROFILE.graphOptimization,
        logSeverityLevel: 3,
      })
      return new OnnxSession(session)
    } catch (error) {
      throw new NodeError('BAD_MODEL', `The runtime refuses the model: ${messageOf(error)}`, {}, error)
    }
  }

  /** The named float outputs, row by row. */
  async run<Name extends string>(
    feeds: Feeds,
    outputs: readonly Name[],
  ): Promise<Record<Name, Float32Array | Float64Array>> {
    const tensors = Object.fromEntries(
      Object.entries(feeds).map(([name, { type, data, dims }]) => [name, new Tensor(type, data, dims)]),
    )
    const results = await this.#session.run(tensors, outputs)
    const values = outputs.map((name) => {
      const data = results[name]?.data
      invariant(data instanceof Float32Array || data instanceof Float64Array, `${name} is a float output`)
      return [name, data] as const
    })
    return Object.fromEntries(values) as Record<Name, Float32Array | Float64Array>
  }

  async close(): Promise<void> {
    await this.#session.release()
  }
}

function checkRuntimeVersion(): void {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }
  if (version !== RUNTIME_PROFILE.runtimeVersion) {
    throw new NodeError(
      'BAD_MODEL',
      `The profile wants onnxruntime ${RUNTIME_PROFILE.runtimeVersion}, not ${version}.`,
    )
  }
}
