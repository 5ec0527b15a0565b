import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import { ENCODER, firstAdaptedLayer, type LoraModule } from '../models/architecture.ts'
import { buildEncoderGraph, type EncoderGraphOptions, gradientOf } from '../models/encoderGraph.ts'
import { encodeOnnx } from '../models/graph/encode.ts'
import type { BaseModel } from '../models/modelFolder.ts'
import { type Feeds, OnnxSession } from '../models/session.ts'
import { UnigramTokenizer } from '../models/tokenizer.ts'
import { type Adapter, adapterFeeds, parameterCount, parameterLayout } from './adapter.ts'

/**
 * An input, tokenized and run through the layers that an adapter leaves as they are: `hidden` [tokens, 512] where
 * the first layer is untouched, else the token ids alone. Both kinds of graph give the same answer.
 */
export interface PreparedInput {
  readonly ids: readonly number[]
  readonly hidden: Float32Array | undefined
}

/** The encoder with its adapters, one request a run. Lives in a worker thread, for a run holds its thread. */
export class EncoderRuntime {
  readonly #model: BaseModel
  readonly #tokenizer: UnigramTokenizer
  readonly #sessions = new Map<string, Promise<OnnxSession>>()

  constructor(model: BaseModel) {
    this.#model = model
    this.#tokenizer = new UnigramTokenizer(model.tokenizer)
  }

  /** Token ids of a text, cut at the profile's length. A text without any token cannot be answered. */
  tokenize(text: string): readonly number[] {
    if (text.length > limits.inputCharacters) {
      throw new NodeError('LIMIT_EXCEEDED', `A text has ${limits.inputCharacters} characters at most.`)
    }
    const ids = this.#tokenizer.encode(text, ENCODER.maxTokens)
    if (ids.length === 0) throw new NodeError('BAD_REQUEST', 'The text is empty.')
    return ids
  }

  /** The base model's unit embedding, [512]. */
  async embed(ids: readonly number[]): Promise<Float32Array> {
    const session = await this.#base()
    return float32((await session.run(tokenFeeds(ids), ['embedding'])).embedding)
  }

  async prepare(ids: readonly number[], modules: readonly LoraModule[]): Promise<PreparedInput> {
    if (firstAdaptedLayer(modules) === 0) return { ids, hidden: undefined }
    const session = await this.session({ from: 'tokens', to: 'hidden', modules: [] })
    return { ids, hidden: float32((await session.run(tokenFeeds(ids), ['hidden'])).hidden) }
  }

  /** One logit per class. */
  async logits(adapter: Adapter, input: PreparedInput): Promise<Float32Array> {
    const session = await this.session({
      from: graphStart(input),
      to: 'logits',
      modules: adapter.config.modules,
    })
    return float32((await session.run({ ...inputFeeds(input), ...adapterFeeds(adapter) }, ['logits'])).logits)
  }

  /** The gradient of the cross entropy of class `label`, in the order of the adapter's parameters. */
  async gradient(adapter: Adapter, input: PreparedInput, label: number): Promise<Float32Array> {
    const { config } = adapter
    const session = await this.session({ from: graphStart(input), to: 'gradients', modules: config.modules })
    const classes = config.labels.length
    const oneHot = new Float32Array(classes)
    oneHot[label] = 1
    const layout = parameterLayout(config)
    const outputs = await session.run(
      {
        ...inputFeeds(input),
        ...adapterFeeds(adapter),
        oneHot: { type: 'float32', data: oneHot, dims: [1, classes] },
        weight: { type: 'float32', data: Float32Array.of(1), dims: [1] },
      },
      layout.map(({ name }) => gradientOf(name)),
    )
    const gradient = new Float32Array(parameterCount(config))
    for (const { name, offset } of layout) gradient.set(outputs[gradientOf(name)] ?? [], offset)
    return gradient
  }

  /** The session of a graph; made once, at the first use. */
  session(options: EncoderGraphOptions): Promise<OnnxSession> {
    const key = `${options.from} ${options.to} ${options.modules.join(' ')}`
    let session = this.#sessions.get(key)
    if (session === undefined) {
      session = OnnxSession.open(encodeOnnx(buildEncoderGraph(this.#model.weights, options)))
      this.#sessions.set(key, session)
    }
    return session
  }

  async close(): Promise<void> {
    const sessions = [...this.#sessions.values()]
    this.#sessions.clear()
    for (const session of sessions) await (await session).close()
  }

  /** The registered model itself, byte for byte. */
  #base(): Promise<OnnxSession> {
    let session = this.#sessions.get('base')
    if (session === undefined) {
      session = OnnxSession.open(this.#model.onnx)
      this.#sessions.set('base', session)
    }
    return session
  }
}

function graphStart(input: PreparedInput): EncoderGraphOptions['from'] {
  return input.hidden === undefined ? 'tokens' : 'hidden'
}

function inputFeeds(input: PreparedInput): Feeds {
  const { ids, hidden } = input
  if (hidden === undefined) return tokenFeeds(ids)
  const dims = [1, ids.length, ENCODER.width]
  return { hidden: { type: 'float32', data: hidden, dims }, mask: fullMask(ids.length) }
}

function tokenFeeds(ids: readonly number[]): Feeds {
  const data = BigInt64Array.from(ids, BigInt)
  return { ids: { type: 'int64', data, dims: [1, ids.length] }, mask: fullMask(ids.length) }
}

function fullMask(length: number): Feeds[string] {
  return { type: 'float32', data: new Float32Array(length).fill(1), dims: [1, length] }
}

/** A copy that does not keep the runtime's buffer. */
function float32(values: Float32Array | Float64Array): Float32Array {
  return Float32Array.from(values)
}
