import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import { hexToBytes } from '../../primitives/hex.ts'
import { sha256 } from '../hashes.ts'
import { type Adapter, adapterFeeds, initialAdapter, parameterLayout } from '../lora/adapter.ts'
import type { PreparedInput } from '../lora/encoderRuntime.ts'
import { firstAdaptedLayer, type LoraModule } from '../models/architecture.ts'
import { type EncoderGraphOptions, gradientOf } from '../models/encoderGraph.ts'
import type { OnnxSession } from '../models/session.ts'
import type { LabelledText } from '../records/record.ts'
import { SeededStream } from '../seededStream.ts'
import { Adam, type LearningRate } from './adam.ts'
import { batchFeeds, type Example, epochBatches, fitsCache } from './batches.ts'
import { accuracyOf, argmax, macroF1Of } from './metrics.ts'
import { checkedTraining, type TrainingOptions } from './trainingOptions.ts'

export interface TrainingData {
  readonly labels: readonly string[]
  readonly training: readonly LabelledText[]
  /** Where none is given, a part of the training records is split off. */
  readonly validation?: readonly LabelledText[] | undefined
}

export interface EpochResult {
  readonly epoch: number
  /** Mean weighted cross entropy over the epoch's batches. */
  readonly trainingLoss: number
  readonly validationLoss: number
  readonly validationAccuracy: number
  readonly validationMacroF1: number
}

export interface TrainingProgress {
  /** Epochs and steps count from 1. */
  readonly epoch: number
  readonly epochs: number
  readonly step: number
  readonly steps: number
  readonly loss: number
  /** The last epoch that was validated. */
  readonly last: EpochResult | undefined
}

export interface TrainingResult {
  readonly adapter: Adapter
  readonly epochs: readonly EpochResult[]
  readonly bestEpoch: number
}

/** What training needs of the encoder's runtime. */
export interface TrainingRuntime {
  tokenize(text: string): readonly number[]
  prepare(ids: readonly number[], modules: readonly LoraModule[]): Promise<PreparedInput>
  logits(adapter: Adapter, input: PreparedInput): Promise<Float32Array>
  session(options: EncoderGraphOptions): Promise<GradientSession>
}

type GradientSession = Pick<OnnxSession, 'run'>

/** Trains LoRA and head together and returns the state of the epoch with the lowest validation loss. */
export async function trainAdapter(
  runtime: TrainingRuntime,
  data: TrainingData,
  options: TrainingOptions,
  report: (progress: TrainingProgress) => void,
): Promise<TrainingResult> {
  return new Training(runtime, checkedTraining(options), report).run(data)
}

interface ExampleSource {
  readonly lengths: readonly number[]
  get(place: number): Promise<Example>
}

class Training {
  readonly #runtime: TrainingRuntime
  readonly #options: TrainingOptions
  readonly #report: (progress: TrainingProgress) => void

  constructor(
    runtime: TrainingRuntime,
    options: TrainingOptions,
    report: (progress: TrainingProgress) => void,
  ) {
    this.#runtime = runtime
    this.#options = options
    this.#report = report
  }

  async run(data: TrainingData): Promise<TrainingResult> {
    const { seed, rank, alpha, modules, epochs, patience } = this.#options
    // the order of the batches has a stream of its own beside that of the first matrices
    const stream = new SeededStream(sha256(hexToBytes(seed)))
    const { training, validation } = split(data, this.#options, stream)
    const adapter = initialAdapter({ rank, alpha, modules, labels: data.labels }, seed)
    const source = await this.#source(training, data.labels.length)
    const validationSource = await this.#source(validation, data.labels.length)
    const adam = new Adam(adapter.values.length)
    const results: EpochResult[] = []
    let best = { epoch: 0, loss: Number.POSITIVE_INFINITY, values: adapter.values }
    for (let epoch = 1; epoch <= epochs && epoch - best.epoch <= patience; epoch++) {
      const batches = epochBatches(source.lengths, this.#options.batchSize, stream)
      const trainingLoss = await this.#epoch({ adapter, adam, source, batches, epoch, last: results.at(-1) })
      const result = { epoch, trainingLoss, ...(await this.#validate(adapter, validationSource)) }
      results.push(result)
      if (result.validationLoss < best.loss) {
        best = { epoch, loss: result.validationLoss, values: adapter.values.slice() }
      }
    }
    return {
      adapter: { config: adapter.config, values: best.values },
      epochs: results,
      bestEpoch: best.epoch,
    }
  }

  async #epoch(state: {
    adapter: Adapter
    adam: Adam
    source: ExampleSource
    batches: readonly (readonly number[])[]
    epoch: number
    last: EpochResult | undefined
  }): Promise<number> {
    const { adapter, adam, source, batches, epoch, last } = state
    const session = await this.#gradientSession()
    let total = 0
    for (const [index, places] of batches.entries()) {
      const examples: Example[] = []
      for (const place of places) examples.push(await source.get(place))
      const { loss, gradient } = await this.#gradient(session, adapter, examples)
      adam.step(
        adapter.values,
        gradient,
        this.#rates(adapter, (epoch - 1 + index / batches.length) / this.#options.epochs),
      )
      total += loss
      const { epochs } = this.#options
      this.#report({ epoch, epochs, step: index + 1, steps: batches.length, loss, last })
    }
    return total / batches.length
  }

  async #gradient(
    session: GradientSession,
    adapter: Adapter,
    examples: readonly Example[],
  ): Promise<{ loss: number; gradient: Float32Array }> {
    const layout = parameterLayout(adapter.config)
    const feeds = { ...batchFeeds(examples, adapter.config.labels.length), ...adapterFeeds(adapter) }
    const outputs = await session.run(feeds, ['loss', ...layout.map(({ name }) => gradientOf(name))])
    const losses = outputs.loss ?? []
    const loss = examples.reduce((sum, { weight }, i) => sum + weight * (losses[i] ?? 0), 0) / examples.length
    const gradient = new Float32Array(adapter.values.length)
    for (const { name, offset } of layout) gradient.set(outputs[gradientOf(name)] ?? [], offset)
    if (!Number.isFinite(loss) || !gradient.every(Number.isFinite)) {
      throw new NodeError(
        'BAD_DATASET',
        'Training diverged: the loss is not finite. A lower learning rate may help.',
      )
    }
    return { loss, gradient }
  }

  async #validate(
    adapter: Adapter,
    source: ExampleSource,
  ): Promise<Omit<EpochResult, 'epoch' | 'trainingLoss'>> {
    const predicted: number[] = []
    const actual: number[] = []
    let loss = 0
    for (const place of source.lengths.keys()) {
      const { input, label, weight } = await source.get(place)
      const logits = await this.#runtime.logits(adapter, input)
      predicted.push(argmax(logits))
      actual.push(label)
      loss += weight * crossEntropyOf(logits, label)
    }
    if (!Number.isFinite(loss)) throw diverged()
    return {
      validationLoss: loss / actual.length,
      validationAccuracy: accuracyOf(predicted, actual),
      validationMacroF1: macroF1Of(predicted, actual, adapter.config.labels.length),
    }
  }

  /** Examples with the frozen layers' output, kept between epochs as far as memory allows. */
  async #source(records: readonly LabelledText[], classes: number): Promise<ExampleSource> {
    const { modules, lossWeights } = this.#options
    const weights = lossWeights === 'balanced' ? balancedWeights(records, classes) : undefined
    const ids = records.map(({ text }) => this.#runtime.tokenize(text))
    const lengths = ids.map((tokens) => tokens.length)
    const make = async (place: number): Promise<Example> => {
      const label = records[place]?.label ?? 0
      const input = await this.#runtime.prepare(ids[place] ?? [], modules)
      return { input, label, weight: weights?.[label] ?? 1 }
    }
    if (!fitsCache(lengths.reduce((sum, length) => sum + length, 0))) return { lengths, get: make }
    const examples: Example[] = []
    for (const place of ids.keys()) examples.push(await make(place))
    return {
      lengths,
      get: (place) => {
        const example = examples[place]
        return example === undefined ? make(place) : Promise.resolve(example)
      },
    }
  }

  #gradientSession(): Promise<GradientSession> {
    const { modules } = this.#options
    const from = firstAdaptedLayer(modules) === 0 ? 'tokens' : 'hidden'
    return this.#runtime.session({ from, to: 'gradients', modules })
  }

  /** Rates fall in a straight line from the first step to zero after the last epoch; `done` is the share behind. */
  #rates(adapter: Adapter, done: number): readonly LearningRate[] {
    const { loraRateMicros, headRateMicros } = this.#options
    return parameterLayout(adapter.config).map(({ name, offset, length }) => ({
      from: offset,
      to: offset + length,
      rate: ((name.startsWith('classifier.') ? headRateMicros : loraRateMicros) * (1 - done)) / 1_000_000,
    }))
  }
}

/** The records to train on and those to validate on; refuses data from which nothing can be learnt. */
function split(
  data: TrainingData,
  options: TrainingOptions,
  stream: SeededStream,
): { training: readonly LabelledText[]; validation: readonly LabelledText[] } {
  const { labels } = data
  if (data.training.length + (data.validation?.length ?? 0) > limits.trainingRecords) {
    throw new NodeError('LIMIT_EXCEEDED', `One training takes ${limits.trainingRecords} records at most.`)
  }
  const misfit = [...data.training, ...(data.validation ?? [])].find(
    ({ label }) => labels[label] === undefined,
  )
  if (misfit !== undefined)
    throw new NodeError('BAD_DATASET', `A record has the unknown class ${misfit.label}.`)
  let training = data.training
  let validation = data.validation ?? []
  if (data.validation === undefined) {
    const shuffled = stream.shuffle(data.training)
    const count = Math.max(1, Math.round((shuffled.length * options.validationPercent) / 100))
    validation = shuffled.slice(0, count)
    training = shuffled.slice(count)
  }
  if (training.length === 0 || validation.length === 0) {
    throw new NodeError('BAD_DATASET', 'There are no records to train on, or none to validate on.')
  }
  if (new Set(training.map(({ label }) => label)).size < 2) {
    throw new NodeError('BAD_DATASET', 'All records to train on are of one class.')
  }
  return { training, validation }
}

/** n / (classes there · records of the class): the same for every class in sum. */
function balancedWeights(records: readonly LabelledText[], classes: number): readonly number[] {
  const counts = new Array<number>(classes).fill(0)
  for (const { label } of records) counts[label] = (counts[label] ?? 0) + 1
  const present = counts.filter((count) => count > 0).length
  return counts.map((count) => (count === 0 ? 0 : records.length / (present * count)))
}

const diverged = () =>
  new NodeError('BAD_DATASET', 'Training diverged: the loss is not finite. A lower learning rate may help.')

function crossEntropyOf(logits: Float32Array, label: number): number {
  const highest = logits[argmax(logits)] ?? 0
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - highest), 0)
  return highest + Math.log(total) - (logits[label] ?? 0)
}
