import type { Hash } from '../../primitives/hex.ts'
import type { AttributionParameters, ContributionRecords } from '../attribution/attribute.ts'
import type { AttributionRow } from '../attribution/rows.ts'
import type { Evaluation, EvaluationData } from '../factory/evaluate.ts'
import type { EpochResult, TrainingData, TrainingProgress } from '../factory/trainer.ts'
import type { TrainingOptions } from '../factory/trainingOptions.ts'
import type { AdapterConfig } from '../lora/adapter.ts'
import type { AdapterFiles } from '../lora/peft.ts'

// What the worker thread of the models is asked, and what it answers.

export interface EngineInput {
  readonly modelFolder: string
}

export interface Embedding {
  /** Unit length, 512 values. */
  readonly embedding: Float32Array
  readonly inputTokens: number
}

export interface Answer {
  /** Index of the class. */
  readonly label: number
  readonly logits: Float32Array
  /** How far the best logit lies above the next. */
  readonly margin: number
  readonly inputTokens: number
}

/** Which projection a query row is made with: the adapter's published k and seed. */
export interface QueryProjection {
  readonly k: number
  readonly projectionSeed: Hash
}

export interface AttributedAnswer extends Answer {
  /** int8 feature of the input and the returned class. */
  readonly queryRow: Int8Array
}

export interface AuditRequest extends QueryProjection {
  readonly adapterHash: Hash
  readonly text: string
  /** The class that the host returned. */
  readonly answer: number
  readonly auditSeed: Hash
}

export interface AuditFindings {
  /** The auditor's own answer. */
  readonly own: Answer
  /** Query row and digest of the host's answer. */
  readonly queryRow: Int8Array
  readonly digest: Hash
}

export interface LoadedAdapter {
  readonly hash: Hash
  readonly config: AdapterConfig
}

export interface TrainingJob {
  readonly data: TrainingData
  readonly options: TrainingOptions
}

export interface TrainedAdapter {
  readonly files: AdapterFiles
  readonly hash: Hash
  readonly epochs: readonly EpochResult[]
  readonly bestEpoch: number
}

export interface RowsJob {
  readonly adapter: AdapterFiles
  readonly contributions: readonly ContributionRecords[]
  readonly parameters: AttributionParameters
}

export interface RowsProgress {
  readonly recordsDone: number
  readonly records: number
}

export interface EvaluationJob {
  readonly adapter: AdapterFiles
  readonly data: EvaluationData
  /** Seeds the bootstrap. */
  readonly seed: Hash
}

export interface EvaluationProgress {
  /** Texts that the encoder has read; each held-out text is read twice. */
  readonly textsDone: number
  readonly texts: number
}

export interface EngineCalls {
  countTokens: { input: { readonly text: string }; output: number }
  embed: { input: { readonly text: string }; output: Embedding }
  loadAdapter: { input: AdapterFiles; output: LoadedAdapter }
  unloadAdapter: { input: { readonly hash: Hash }; output: boolean }
  classify: { input: { readonly adapterHash: Hash; readonly text: string }; output: Answer }
  attribute: {
    input: { readonly adapterHash: Hash; readonly text: string } & QueryProjection
    output: AttributedAnswer
  }
  audit: { input: AuditRequest; output: AuditFindings }
  train: { input: TrainingJob; output: TrainedAdapter; progress: TrainingProgress }
  rows: { input: RowsJob; output: readonly AttributionRow[]; progress: RowsProgress }
  evaluate: { input: EvaluationJob; output: Evaluation; progress: EvaluationProgress }
}
