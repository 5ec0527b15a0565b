import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { epochBatches } from '../../../../src/ai/factory/batches.ts'
import { classifyAll, evaluateAdapter } from '../../../../src/ai/factory/evaluate.ts'
import { accuracyOf } from '../../../../src/ai/factory/metrics.ts'
import {
  type TrainingData,
  type TrainingProgress,
  type TrainingRuntime,
  trainAdapter,
} from '../../../../src/ai/factory/trainer.ts'
import {
  DEFAULT_TRAINING,
  type TrainingOptions,
  trainingManifest,
} from '../../../../src/ai/factory/trainingOptions.ts'
import type { EncoderRuntime } from '../../../../src/ai/lora/encoderRuntime.ts'
import { adapterHash, exportAdapter } from '../../../../src/ai/lora/peft.ts'
import { SeededStream } from '../../../../src/ai/seededStream.ts'
import { isNodeError } from '../../../../src/errors/errors.ts'
import { baseRuntime, seedOf } from '../../../support/models.ts'
import { TOY_LABELS, toyRecords } from '../../../support/toyRecords.ts'

const options: TrainingOptions = { ...DEFAULT_TRAINING, epochs: 4, headRateMicros: 4000, seed: seedOf(1) }
const data: TrainingData = { labels: TOY_LABELS, training: toyRecords(60), validation: toyRecords(15, 2) }
const heldOut = toyRecords(30, 3)
let runtime: EncoderRuntime

beforeAll(() => {
  runtime = baseRuntime()
})
afterAll(() => runtime.close())

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: unknown) => (isNodeError(error) ? error.code : `unexpected ${String(error)}`),
  )

test('learns what the records say, and the same run gives the same bytes', async () => {
  const seen: TrainingProgress[] = []
  const first = await trainAdapter(runtime, data, options, (progress) => seen.push(progress))
  const answers = await classifyAll(runtime, first.adapter, heldOut)
  expect(
    accuracyOf(
      answers,
      heldOut.map(({ label }) => label),
    ),
  ).toBeGreaterThan(0.85)
  expect(seen.at(0)).toMatchObject({ epoch: 1, epochs: 4, step: 1, steps: 4, last: undefined })
  expect(seen.at(-1)!.loss).toBeLessThan(seen[0]!.loss / 2)
  expect(first.epochs[first.bestEpoch - 1]!.validationLoss).toBe(
    Math.min(...first.epochs.map(({ validationLoss }) => validationLoss)),
  )
  const second = await trainAdapter(runtime, data, options, () => undefined)
  expect(adapterHash(exportAdapter(second.adapter))).toBe(adapterHash(exportAdapter(first.adapter)))
  const other = await trainAdapter(runtime, data, { ...options, seed: seedOf(2) }, () => undefined)
  expect(adapterHash(exportAdapter(other.adapter))).not.toBe(adapterHash(exportAdapter(first.adapter)))
})

test('the lower layer can be trained as well', async () => {
  const modules = ['layers.0.attention.qkv', 'layers.1.ffn.down'] as const
  const result = await trainAdapter(runtime, data, { ...options, modules, epochs: 2 }, () => undefined)
  expect(result.epochs.at(-1)!.trainingLoss).toBeLessThan(result.epochs[0]!.trainingLoss)
  expect(result.adapter.config.modules).toEqual(modules)
})

test('without validation records a part is split off; training ends when it stops getting better', async () => {
  const still = { ...options, loraRateMicros: 0, headRateMicros: 0, epochs: 9, patience: 2 }
  const { epochs, bestEpoch } = await trainAdapter(
    runtime,
    { ...data, validation: undefined },
    still,
    () => undefined,
  )
  expect(bestEpoch).toBe(1)
  expect(epochs.length).toBe(3)
})

test('an evaluation puts the adapter beside the baselines', async () => {
  const { adapter } = await trainAdapter(runtime, data, options, () => undefined)
  const sets = { classes: 3, training: data.training, validation: data.validation!, heldOut }
  const evaluation = await evaluateAdapter(runtime, adapter, sets, seedOf(1))
  for (const { accuracy, macroF1 } of Object.values(evaluation)) {
    expect(accuracy.value).toBeGreaterThan(0.6)
    expect(accuracy.low).toBeLessThanOrEqual(accuracy.value)
    expect(macroF1.high).toBeGreaterThanOrEqual(macroF1.value)
  }
})

describe('data and options from which nothing comes are refused', () => {
  const train = (change: Partial<TrainingData>, settings: Partial<TrainingOptions> = {}) =>
    codeOf(
      trainAdapter(runtime, { ...data, ...change }, { ...options, epochs: 1, ...settings }, () => undefined),
    )
  test.each<[string, Partial<TrainingData>, Partial<TrainingOptions>, string]>([
    ['no records', { training: [] }, {}, 'BAD_DATASET'],
    ['no validation records', { validation: [] }, {}, 'BAD_DATASET'],
    ['one class', { training: data.training.filter(({ label }) => label === 0) }, {}, 'BAD_DATASET'],
    ['an unknown class', { training: [...data.training, { text: 'x', label: 9 }] }, {}, 'BAD_DATASET'],
    ['an empty text', { training: [...data.training, { text: '', label: 0 }] }, {}, 'BAD_REQUEST'],
    ['one label', { labels: ['only'], training: [{ text: 'a', label: 0 }] }, {}, 'BAD_DATASET'],
    ['no modules', {}, { modules: [] }, 'BAD_REQUEST'],
    ['too many epochs', {}, { epochs: 100_000 }, 'BAD_REQUEST'],
    ['no seed', {}, { seed: '0x' }, 'BAD_REQUEST'],
    ['an unknown module', {}, { modules: ['q_proj' as 'layers.1.ffn.up'] }, 'BAD_MODEL'],
  ])('%s', async (_name, change, settings, code) => {
    expect(await train(change, settings)).toBe(code)
  })

  test('a loss that leaves the finite numbers', async () => {
    const diverging: TrainingRuntime = {
      tokenize: (text) => runtime.tokenize(text),
      prepare: (ids, modules) => runtime.prepare(ids, modules),
      logits: (adapter, input) => runtime.logits(adapter, input),
      session: async (graph) => {
        const session = await runtime.session(graph)
        let runs = 0
        return {
          run: async (feeds, outputs) => {
            const results = await session.run(feeds, outputs)
            runs += 1
            return runs < 3
              ? results
              : { ...results, loss: results['loss' as keyof typeof results].fill(Number.NaN) }
          },
        }
      },
    }
    expect(await codeOf(trainAdapter(diverging, data, options, () => undefined))).toBe('BAD_DATASET')
  })
})

test('an epoch holds every record once, in batches of like length', () => {
  const lengths = Array.from({ length: 100 }, (_, i) => (i * 37) % 90)
  const batches = epochBatches(lengths, 16, new SeededStream(seedOf(4)))
  expect(batches.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i))
  const padded = batches.reduce(
    (sum, batch) => sum + batch.length * Math.max(...batch.map((i) => lengths[i]!)),
    0,
  )
  const tokens = lengths.reduce((sum, length) => sum + length, 0)
  expect(padded / tokens).toBeLessThan(1.25)
})

test('the manifest tells all that a run depends on, and its hash follows it', () => {
  const facts = {
    options,
    labels: TOY_LABELS,
    trainingRoots: [seedOf(7)],
    validationRoots: [],
    adapterHash: seedOf(8),
  }
  const manifest = trainingManifest(facts)
  expect(JSON.parse(Buffer.from(manifest.bytes).toString())).toMatchObject({
    options: { seed: seedOf(1), rank: 4 },
    trainingRoots: [seedOf(7)],
    adapterHash: seedOf(8),
  })
  expect(trainingManifest({ ...facts, options: { ...options, epochs: 5 } }).hash).not.toBe(manifest.hash)
})
