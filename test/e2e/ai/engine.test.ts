import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareQueryRows, digestsAgree } from '../../../src/ai/attribution/audit.ts'
import { settleWindow, withoutClusters } from '../../../src/ai/attribution/scores.ts'
import type { TrainedAdapter } from '../../../src/ai/engine/calls.ts'
import {
  type Encoder,
  evaluateInWorker,
  openEncoder,
  rowsInWorker,
  type Timed,
  trainInWorker,
} from '../../../src/ai/engine/engine.ts'
import type { TrainingProgress } from '../../../src/ai/factory/trainer.ts'
import { DEFAULT_TRAINING } from '../../../src/ai/factory/trainingOptions.ts'
import { initialAdapter } from '../../../src/ai/lora/adapter.ts'
import { exportAdapter } from '../../../src/ai/lora/peft.ts'
import { isNodeError } from '../../../src/errors/errors.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { seedOf } from '../../support/models.ts'
import { TOY_LABELS, toyRecords } from '../../support/toyRecords.ts'

const modules = { clock: systemClock }
const projection = { k: 512, projectionSeed: seedOf(9) }
const options = { ...DEFAULT_TRAINING, epochs: 3, headRateMicros: 4000, seed: seedOf(1) }
const data = { labels: TOY_LABELS, training: toyRecords(60), validation: toyRecords(12, 2) }
let encoder: Encoder
let trained: TrainedAdapter
const progress: Timed<TrainingProgress>[] = []

beforeAll(async () => {
  const onProgress = (step: Timed<TrainingProgress>) => progress.push(step)
  const [opened, result] = await Promise.all([
    openEncoder({}, modules),
    trainInWorker({ data, options }, { onProgress }, modules),
  ])
  encoder = opened
  trained = result
  await encoder.loadAdapter(trained.files)
})
afterAll(() => encoder?.close())

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: unknown) => (isNodeError(error) ? error.code : `unexpected ${String(error)}`),
  )

test('embeddings are unit vectors, near for texts that say the same', async () => {
  const texts = [
    'The match was won by the home team.',
    'The home side won the game.',
    'My compiler crashed again.',
  ]
  const [won, same, other] = await Promise.all(texts.map((text) => encoder.embed(text)))
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0)
  expect(dot(won!.embedding, won!.embedding)).toBeCloseTo(1, 4)
  expect(dot(won!.embedding, same!.embedding)).toBeGreaterThan(dot(won!.embedding, other!.embedding) + 0.2)
  expect(won!.inputTokens).toBe(9)
})

test('training reports how far it is and what is left, and ends in an adapter that answers', async () => {
  expect(progress.length).toBe(3 * 4)
  expect(progress.at(-1)).toMatchObject({ progress: { epoch: 3, step: 4 }, remainingMs: 0 })
  expect(progress[0]!.remainingMs).toBeGreaterThan(0)
  const { label, margin, logits } = await encoder.classify(trained.hash, 'I like the soup and the bread.')
  expect(TOY_LABELS[label]).toBe('food')
  const sorted = [...logits].sort((a, b) => b - a)
  expect(margin).toBeCloseTo(sorted[0]! - sorted[1]!, 5)
})

test('the bits of an answer do not depend on its neighbours', async () => {
  const text = 'We talked about a server and the network.'
  const alone = await encoder.attribute(trained.hash, text, projection)
  const crowd = toyRecords(12, 5).map((record) => encoder.attribute(trained.hash, record.text, projection))
  const among = await Promise.all([
    ...crowd,
    encoder.attribute(trained.hash, text, projection),
    encoder.embed('x '.repeat(90)),
  ])
  expect(among.at(-2)).toEqual(alone)
})

test('an auditor with a runtime of its own finds the same row, and a digest that agrees', async () => {
  const text = 'Nobody mentioned that coach and the league.'
  const answer = await encoder.attribute(trained.hash, text, projection)
  const auditor = await openEncoder({}, modules)
  try {
    await auditor.loadAdapter(trained.files)
    const request = {
      adapterHash: trained.hash,
      text,
      answer: answer.label,
      auditSeed: seedOf(77),
      ...projection,
    }
    const [first, second] = [await auditor.audit(request), await encoder.audit(request)]
    expect(first.own.label).toBe(answer.label)
    expect(compareQueryRows(first.queryRow, answer.queryRow)).toBe('ok')
    expect(digestsAgree(first.digest, second.digest)).toBe(true)
    const wrong = await auditor.audit({ ...request, answer: (answer.label + 1) % 3 })
    expect(compareQueryRows(wrong.queryRow, answer.queryRow)).toBe('slash')
    expect(await codeOf(auditor.audit({ ...request, answer: 3 }))).toBe('BAD_RECEIPT')
  } finally {
    await auditor.close()
  }
})

test('rows pay those whose records made the answers, and not those who flipped labels', async () => {
  const flipped = toyRecords(12, 21).map(({ text, label }) => ({ text, label: (label + 1) % 3 }))
  const contributions = [
    ...[11, 12, 13, 14].map((seed) => ({ records: toyRecords(12, seed) })),
    { records: flipped },
  ]
  const parameters = { ...projection, alpha: 2 }
  const done: number[] = []
  const rows = await rowsInWorker(
    { adapter: trained.files, contributions, parameters },
    { onProgress: (step) => done.push(step.progress.recordsDone) },
    modules,
  )
  expect(rows.length).toBe(5)
  expect(done.at(-1)).toBe(60)
  const queries = []
  for (const { text } of toyRecords(16, 31)) {
    queries.push({ row: (await encoder.attribute(trained.hash, text, projection)).queryRow, weight: 256 })
  }
  const members = contributions.map((_, i) => ({
    id: i + 1,
    leaderId: i + 1,
    noveltyBps: 10_000,
    recordCount: 12,
  }))
  const { paidWei, scores } = settleWindow({ queries, potWei: 10n ** 18n }, rows, withoutClusters(members))
  expect(scores[4]! < 0n).toBe(true)
  expect(paidWei[4]).toBe(0n)
  for (const wei of paidWei.slice(0, 4)) expect(wei).toBeGreaterThan(10n ** 17n)
})

test('an evaluation runs beside the caller and tells how far it is', async () => {
  const seen: number[] = []
  const sets = {
    classes: 3,
    training: data.training,
    validation: data.validation,
    heldOut: toyRecords(15, 41),
  }
  const { adapter, tfidf } = await evaluateInWorker(
    { adapter: trained.files, data: sets, seed: seedOf(2) },
    { onProgress: ({ progress: { textsDone, texts } }) => seen.push(textsDone / texts) },
    modules,
  )
  expect(adapter.accuracy.value).toBeGreaterThan(0.8)
  expect(tfidf.accuracy.value).toBeGreaterThan(0.3)
  expect(seen.at(-1)).toBe(1)
})

describe('requests that cannot be answered', () => {
  test('an adapter that is not loaded, or was unloaded', async () => {
    const config = { rank: 1, alpha: 1, modules: ['layers.1.ffn.up'] as const, labels: ['a', 'b'] }
    const { hash } = await encoder.loadAdapter(exportAdapter(initialAdapter(config, seedOf(3))))
    expect((await encoder.classify(hash, 'x')).logits.length).toBe(2)
    expect(await encoder.unloadAdapter(hash)).toBe(true)
    expect(await encoder.unloadAdapter(hash)).toBe(false)
    expect(await codeOf(encoder.classify(hash, 'x'))).toBe('NOT_FOUND')
  })

  test('a broken adapter, an empty text, a text that is too long', async () => {
    expect(await codeOf(encoder.loadAdapter({ weights: new Uint8Array(9), config: new Uint8Array(2) }))).toBe(
      'BAD_MODEL',
    )
    expect(await codeOf(encoder.embed(''))).toBe('BAD_REQUEST')
    expect(await codeOf(encoder.embed('x'.repeat(50_000)))).toBe('LIMIT_EXCEEDED')
  })

  test('one that is given up, and one after closing', async () => {
    const abort = new AbortController()
    const given = encoder.embed('one', { signal: abort.signal })
    abort.abort()
    expect(await codeOf(given)).toBe('CANCELLED')
    const closed = await openEncoder({ queueLength: 1 }, modules)
    const full = [closed.embed('a'), closed.embed('b'), closed.embed('c')].map(codeOf)
    expect(await Promise.all(full)).toEqual(['none', 'none', 'LIMIT_EXCEEDED'])
    await closed.close()
    expect(await codeOf(closed.embed('one'))).toBe('CANCELLED')
  })
})

test('a job ends with its signal; bad data end it with their code', async () => {
  const abort = new AbortController()
  const job = trainInWorker(
    { data, options },
    { signal: abort.signal, onProgress: () => abort.abort() },
    modules,
  )
  expect(await codeOf(job)).toBe('CANCELLED')
  const oneClass = { ...data, training: data.training.filter(({ label }) => label === 1) }
  expect(await codeOf(trainInWorker({ data: oneClass, options }, {}, modules))).toBe('BAD_DATASET')
})

test('a folder that cannot hold the model fails the opening', async () => {
  expect(await codeOf(openEncoder({ modelFolder: '/dev/null/models' }, modules))).toBe('INTERNAL')
})
