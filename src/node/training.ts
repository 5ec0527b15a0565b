import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { encodeRow, rowsRoot } from '../ai/attribution/rows.ts'
import { evaluateInWorker, rowsInWorker, type Timed, trainInWorker } from '../ai/engine/engine.ts'
import type { Evaluation } from '../ai/factory/evaluate.ts'
import type { TrainingProgress } from '../ai/factory/trainer.ts'
import { DEFAULT_TRAINING, type TrainingOptions, trainingManifest } from '../ai/factory/trainingOptions.ts'
import { canonicalJson, sha256 } from '../ai/hashes.ts'
import { BASE_MODEL } from '../ai/models/modelFolder.ts'
import { RUNTIME_PROFILE_HASH } from '../ai/models/profile.ts'
import { type DataRecord, labelledTexts, parseRecords } from '../ai/records/record.ts'
import { NodeError } from '../errors/errors.ts'
import { concatBytes, utf8ToBytes } from '../primitives/bytes.ts'
import type { Hash } from '../primitives/hex.ts'
import type { Clock } from '../runtime/clock.ts'

export interface TrainingRequest {
  /** Folder of `<number>.jsonl` files, one a contribution; their numeric order is the order of the rows. */
  readonly contributionsDir: string
  readonly validationFile: string
  readonly heldOutFile: string
  readonly outDir: string
  readonly seed: Hash
  readonly projectionSeed: Hash
  readonly k: number
  readonly alpha: number
  readonly training: Partial<Omit<TrainingOptions, 'seed'>>
  readonly modelFolder: string | undefined
}

export type TrainingEvent =
  | { readonly stage: 'training'; readonly timed: Timed<TrainingProgress> }
  | {
      readonly stage: 'evaluation' | 'rows'
      readonly done: number
      readonly of: number
      readonly remainingMs: number
    }

/** What a run leaves in `report.json`. */
export interface TrainingReport {
  /** As `registerBaseModel` takes it. */
  readonly baseModel: {
    readonly name: string
    readonly onnxHash: Hash
    readonly tokenizerHash: Hash
    readonly profileHash: Hash
  }
  readonly rank: number
  readonly alpha: number
  /** sha256 of the adapted matrices' names, as canonical JSON. */
  readonly targetsHash: Hash
  readonly labels: readonly string[]
  readonly contributions: number
  readonly records: number
  readonly bestEpoch: number
  readonly epochs: readonly object[]
  readonly adapterHash: Hash
  readonly manifestHash: Hash
  readonly rowsRoot: Hash
  readonly k: number
  readonly projectionSeed: Hash
  readonly evaluation: Evaluation
  readonly seconds: { readonly training: number; readonly evaluation: number; readonly rows: number }
}

/**
 * Trains an adapter on contributions, compares it with the baselines on held-out records, and makes its attribution
 * rows. Writes the adapter as PEFT does, the rows, the manifest to run it again, and a report.
 */
export async function runTraining(
  request: TrainingRequest,
  modules: { clock: Clock; onEvent: (event: TrainingEvent) => void },
): Promise<TrainingReport> {
  const { clock, onEvent } = modules
  const contributions = await readContributions(request.contributionsDir)
  const [validation, heldOut] = await Promise.all([
    readRecords(request.validationFile),
    readRecords(request.heldOutFile),
  ])
  const labels = [
    ...new Set(contributions.flatMap(({ records }) => records.map(({ label }) => label))),
  ].sort()
  const options = { ...DEFAULT_TRAINING, ...request.training, seed: request.seed }
  const data = {
    labels,
    training: contributions.flatMap(({ records }) => labelledTexts(records, labels)),
    validation: labelledTexts(validation, labels),
  }
  const { modelFolder } = request
  const seconds = stopwatch(clock)
  const trained = await trainInWorker(
    { data, options },
    { modelFolder, onProgress: (timed) => onEvent({ stage: 'training', timed }) },
    modules,
  )
  const trainingSeconds = seconds()
  const evaluation = await evaluateInWorker(
    {
      adapter: trained.files,
      data: { classes: labels.length, ...data, heldOut: labelledTexts(heldOut, labels) },
      seed: request.seed,
    },
    {
      modelFolder,
      onProgress: ({ progress, remainingMs }) =>
        onEvent({ stage: 'evaluation', done: progress.textsDone, of: progress.texts, remainingMs }),
    },
    modules,
  )
  const evaluationSeconds = seconds()
  const { k, alpha, projectionSeed } = request
  const rows = await rowsInWorker(
    {
      adapter: trained.files,
      contributions: contributions.map(({ records }) => ({ records: labelledTexts(records, labels) })),
      parameters: { k, alpha, projectionSeed },
    },
    {
      modelFolder,
      onProgress: ({ progress, remainingMs }) =>
        onEvent({ stage: 'rows', done: progress.recordsDone, of: progress.records, remainingMs }),
    },
    modules,
  )
  const manifest = trainingManifest({
    options,
    labels,
    trainingRoots: contributions.map(({ contentRoot }) => contentRoot),
    validationRoots: [sha256(await readFile(request.validationFile))],
    adapterHash: trained.hash,
  })
  const report: TrainingReport = {
    baseModel: {
      name: BASE_MODEL.name,
      onnxHash: BASE_MODEL.onnxHash,
      tokenizerHash: BASE_MODEL.tokenizerHash,
      profileHash: RUNTIME_PROFILE_HASH,
    },
    rank: options.rank,
    alpha: options.alpha,
    targetsHash: sha256(utf8ToBytes(canonicalJson([...options.modules].sort()))),
    labels,
    contributions: contributions.length,
    records: data.training.length,
    bestEpoch: trained.bestEpoch,
    epochs: trained.epochs,
    adapterHash: trained.hash,
    manifestHash: manifest.hash,
    rowsRoot: rowsRoot(rows),
    k,
    projectionSeed,
    evaluation,
    seconds: { training: trainingSeconds, evaluation: evaluationSeconds, rows: seconds() },
  }
  await writeOutputs(request.outDir, {
    'adapter_model.safetensors': trained.files.weights,
    'adapter_config.json': trained.files.config,
    'rows.bin': concatBytes(...rows.map(encodeRow)),
    'manifest.json': manifest.bytes,
    'report.json': utf8ToBytes(`${JSON.stringify(report, null, 2)}\n`),
  })
  return report
}

interface ContributionFile {
  readonly records: readonly DataRecord[]
  readonly contentRoot: Hash
}

async function readContributions(folder: string): Promise<ContributionFile[]> {
  const files = (await readdir(folder)).filter((name) => /^\d+\.jsonl$/.test(name))
  if (files.length === 0) {
    throw new NodeError('BAD_DATASET', `${folder} has no contributions; each is a file <number>.jsonl.`)
  }
  files.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
  return Promise.all(
    files.map(async (name) => {
      const path = join(folder, name)
      return { records: await readRecords(path), contentRoot: sha256(await readFile(path)) }
    }),
  )
}

/** All records of a file; a line that is wrong ends the job, for a row left out would shift the others. */
async function readRecords(path: string): Promise<readonly DataRecord[]> {
  const { records, problems } = parseRecords(await readFile(path))
  const [first] = problems
  if (first !== undefined) {
    throw new NodeError('BAD_DATASET', `${basename(path)}, line ${first.line}: ${first.problem}.`)
  }
  if (records.length === 0) throw new NodeError('BAD_DATASET', `${basename(path)} has no records.`)
  return records
}

async function writeOutputs(folder: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes)
}

/** Seconds since it was last asked. */
function stopwatch(clock: Clock): () => number {
  let last = clock.nowMs()
  return () => {
    const before = last
    last = clock.nowMs()
    return (last - before) / 1000
  }
}
