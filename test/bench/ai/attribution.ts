// Trains, evaluates and attributes on a real data set, and shows what each kind of account would be paid.
//   node --import tsx test/bench/ai/attribution.ts [cwe|spam] [seed byte, e.g. 11] [--json FILE]
import { writeFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { CWE_LABELS, loadCwe } from '../../../scripts/demo/data/cwe.ts'
import {
  type AccountKind,
  DEMONSTRATION,
  type Demonstration,
  makeDemonstration,
} from '../../../scripts/demo/data/demonstration.ts'
import { loadSpamAssassin, SPAM_LABELS } from '../../../scripts/demo/data/spamAssassin.ts'
import {
  type Member,
  settleWindow,
  type WeightedQuery,
  withoutClusters,
} from '../../../src/ai/attribution/scores.ts'
import {
  evaluateInWorker,
  openEncoder,
  rowsInWorker,
  type Timed,
  trainInWorker,
} from '../../../src/ai/engine/engine.ts'
import type { Interval } from '../../../src/ai/factory/metrics.ts'
import { DEFAULT_TRAINING } from '../../../src/ai/factory/trainingOptions.ts'
import { clusterPlaces } from '../../../src/ai/records/clusters.ts'
import { describeContribution, labelledTexts } from '../../../src/ai/records/record.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import { systemClock } from '../../../src/runtime/clock.ts'

const QUERIES = 64
const WINDOW = 32
const POT_WEI = 10n ** 18n
const WEIGHT = 256
const modules = { clock: systemClock }

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' } } })
const [name = 'cwe', seedByte = '11'] = positionals
const seed: Hash = `0x${seedByte.repeat(32)}`
const spam = name === 'spam'
const labels = spam ? SPAM_LABELS : CWE_LABELS
const demonstration = makeDemonstration(spam ? await loadSpamAssassin() : await loadCwe(), labels, {
  ...DEMONSTRATION,
  seed,
  perClass: spam ? 1000 : DEMONSTRATION.perClass,
})
const data = {
  labels,
  training: labelledTexts(
    demonstration.contributions.flatMap(({ records }) => records),
    labels,
  ),
  validation: labelledTexts(demonstration.validation, labels),
}
const heldOut = labelledTexts(demonstration.heldOut, labels)
const projection = { k: 1024, projectionSeed: seed }
const seconds: Record<string, number> = {}

print(`${name}, seed ${seedByte}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}`)
print(`${data.training.length} records in ${demonstration.contributions.length} contributions`)

const trained = await timed('train', () =>
  trainInWorker({ data, options: { ...DEFAULT_TRAINING, seed } }, { onProgress: show('training') }, modules),
)
for (const result of trained.epochs) {
  const { epoch, trainingLoss, validationLoss, validationAccuracy } = result
  const mark = epoch === trained.bestEpoch ? ' <' : ''
  print(
    `  epoch ${epoch}: loss ${trainingLoss.toFixed(3)}, validation ${validationLoss.toFixed(3)}, right ${validationAccuracy.toFixed(3)}${mark}`,
  )
}
print(`adapter ${trained.hash}, ${trained.files.weights.length} bytes`)

const evaluation = await timed('evaluate', () =>
  evaluateInWorker(
    { adapter: trained.files, data: { classes: labels.length, ...data, heldOut }, seed },
    { onProgress: show('evaluating') },
    modules,
  ),
)
for (const [model, { accuracy, macroF1 }] of Object.entries(evaluation)) {
  print(`  ${model.padEnd(14)} accuracy ${shown(accuracy)}  macro F1 ${shown(macroF1)}`)
}

const contributions = demonstration.contributions.map(({ records }) => ({
  records: labelledTexts(records, labels),
}))
const rows = await timed('rows', () =>
  rowsInWorker(
    { adapter: trained.files, contributions, parameters: { ...projection, alpha: 2 } },
    { onProgress: show('rows') },
    modules,
  ),
)

const members = await timed('signatures', async () => clusterMembers(demonstration))
const queries = await timed('queries', () => ask())
const outcome = {
  clusters: shares(members),
  'no clusters': shares(withoutClusters(members)),
}
print('share of the pots per record, 1 = an equal share for every record:')
for (const [rule, parts] of Object.entries(outcome)) print(`  ${rule.padEnd(12)} ${pairs(parts)}`)
print(`seconds: ${pairs(seconds)}`)
if (values.json !== undefined) {
  writeFileSync(values.json, JSON.stringify({ name, seed, evaluation, outcome, seconds, hash: trained.hash }))
}

async function ask(): Promise<readonly WeightedQuery[]> {
  const encoder = await openEncoder({}, modules)
  await encoder.loadAdapter(trained.files)
  const asked: WeightedQuery[] = []
  for (const { text } of heldOut.slice(0, QUERIES)) {
    asked.push({ row: (await encoder.attribute(trained.hash, text, projection)).queryRow, weight: WEIGHT })
  }
  await encoder.close()
  return asked
}

function clusterMembers({ contributions: all }: Demonstration): readonly Member[] {
  const places = clusterPlaces(all.map(({ records }) => describeContribution(records).minhash))
  const found = all.filter(({ copyOf }, i) => copyOf !== undefined && places[i]?.leader === copyOf).length
  const wrong = all.filter(({ copyOf }, i) => places[i]?.leader !== i && places[i]?.leader !== copyOf).length
  print(
    `copies found ${found} of ${all.filter(({ kind }) => kind === 'copier').length}, others clustered ${wrong}`,
  )
  return all.map(({ records }, i) => ({
    id: i + 1,
    leaderId: (places[i]?.leader ?? i) + 1,
    noveltyBps: places[i]?.noveltyBps ?? 0,
    recordCount: records.length,
  }))
}

/** Pay per record of each kind of account over all windows, relative to an equal share. */
function shares(all: readonly Member[]): Record<AccountKind | 'unpaid contributions', number> {
  const paid = all.map(() => 0)
  for (let start = 0; start < queries.length; start += WINDOW) {
    const window = { queries: queries.slice(start, start + WINDOW), potWei: POT_WEI }
    settleWindow(window, rows, all).paidWei.forEach((wei, i) => {
      paid[i] = (paid[i] ?? 0) + Number(wei)
    })
  }
  const records = all.reduce((sum, { recordCount }) => sum + recordCount, 0)
  const total = paid.reduce((sum, wei) => sum + wei, 0)
  const perRecord = (kind: AccountKind) => {
    const places = all.map((_, i) => i).filter((i) => demonstration.contributions[i]?.kind === kind)
    const wei = places.reduce((sum, i) => sum + (paid[i] ?? 0), 0)
    const count = places.reduce((sum, i) => sum + (all[i]?.recordCount ?? 0), 0)
    return Math.round((1000 * (wei / count)) / (total / records)) / 1000
  }
  return {
    honest: perRecord('honest'),
    flipper: perRecord('flipper'),
    copier: perRecord('copier'),
    'unpaid contributions': paid.filter((wei) => wei === 0).length,
  }
}

async function timed<Result>(step: string, run: () => Promise<Result>): Promise<Result> {
  const startedMs = systemClock.nowMs()
  const result = await run()
  seconds[step] = (systemClock.nowMs() - startedMs) / 1000
  return result
}

function show(step: string): (progress: Timed<unknown>) => void {
  return ({ remainingMs }) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${step}: ${(remainingMs / 1000).toFixed(0)} s left   `)
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function pairs(entries: Readonly<Record<string, number>>): string {
  return Object.entries(entries)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ')
}

function shown({ value, low, high }: Interval): string {
  return `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`
}
