import { limits } from '../../config/limits.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { Clock } from '../../runtime/clock.ts'
import { type CallOptions, runInWorker, WorkerClient, type WorkerOptions } from '../../runtime/worker.ts'
import type { AttributionRow } from '../attribution/rows.ts'
import type { Evaluation } from '../factory/evaluate.ts'
import type { TrainingProgress } from '../factory/trainer.ts'
import type { AdapterFiles } from '../lora/peft.ts'
import { defaultModelFolder } from '../models/modelFolder.ts'
import type {
  Answer,
  AttributedAnswer,
  AuditFindings,
  AuditRequest,
  Embedding,
  EngineCalls,
  EngineInput,
  EvaluationJob,
  EvaluationProgress,
  LoadedAdapter,
  QueryProjection,
  RowsJob,
  RowsProgress,
  TrainedAdapter,
  TrainingJob,
} from './calls.ts'

export interface EncoderOptions {
  /** Where the base model lies or is built; `.cache/models` of the package by default. */
  readonly modelFolder?: string | undefined
  /** Requests that may wait; one more is refused. */
  readonly queueLength?: number | undefined
  /** Longest time from request to answer, waiting included. */
  readonly timeoutMs?: number | undefined
}

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
}

/**
 * The base encoder and its adapters, in a worker thread: the caller's thread never waits for the runtime. One
 * request runs at a time, alone in its batch, as the runtime profile says.
 *
 * Errors: BAD_REQUEST for an empty text, LIMIT_EXCEEDED for one that is too long or a full queue, NOT_FOUND for an
 * adapter that is not loaded, TIMEOUT, CANCELLED.
 */
export class Encoder {
  readonly #client: WorkerClient<EngineCalls>
  readonly #timeoutMs: number

  private constructor(client: WorkerClient<EngineCalls>, timeoutMs: number) {
    this.#client = client
    this.#timeoutMs = timeoutMs
  }

  /** Starts the thread and resolves when the model is loaded and gives its golden outputs. */
  static async open(options: EncoderOptions, modules: { clock: Clock }): Promise<Encoder> {
    const queueLength = options.queueLength ?? limits.encoderQueue
    const client = new WorkerClient<EngineCalls>(
      { ...thread('encoder', options.modelFolder), queueLength },
      modules,
    )
    try {
      await client.ready()
    } catch (error) {
      await client.close()
      throw error
    }
    return new Encoder(client, options.timeoutMs ?? limits.encoderTimeoutMs)
  }

  /** Tokens that the model would read of a text; costs no inference. */
  countTokens(text: string, options?: RequestOptions): Promise<number> {
    return this.#client.call('countTokens', { text }, this.#within(options))
  }

  embed(text: string, options?: RequestOptions): Promise<Embedding> {
    return this.#client.call('embed', { text }, this.#within(options))
  }

  /** Loads an adapter from its PEFT files; the one used least recently makes room when there are too many. */
  loadAdapter(files: AdapterFiles, options?: RequestOptions): Promise<LoadedAdapter> {
    return this.#client.call('loadAdapter', files, this.#within(options))
  }

  /** False when it was not loaded. */
  unloadAdapter(hash: Hash, options?: RequestOptions): Promise<boolean> {
    return this.#client.call('unloadAdapter', { hash }, this.#within(options))
  }

  classify(adapterHash: Hash, text: string, options?: RequestOptions): Promise<Answer> {
    return this.#client.call('classify', { adapterHash, text }, this.#within(options))
  }

  /** An answer with the query row that its receipt carries. */
  attribute(
    adapterHash: Hash,
    text: string,
    projection: QueryProjection,
    options?: RequestOptions,
  ): Promise<AttributedAnswer> {
    return this.#client.call('attribute', { adapterHash, text, ...projection }, this.#within(options))
  }

  /** What an auditor needs to judge a host's answer and query row. */
  audit(request: AuditRequest, options?: RequestOptions): Promise<AuditFindings> {
    return this.#client.call('audit', request, this.#within(options))
  }

  /** Ends the thread; open requests are cancelled. */
  close(): Promise<void> {
    return this.#client.close()
  }

  #within(options: RequestOptions | undefined): RequestOptions {
    return { signal: options?.signal, timeoutMs: options?.timeoutMs ?? this.#timeoutMs }
  }
}

export function openEncoder(options: EncoderOptions, modules: { clock: Clock }): Promise<Encoder> {
  return Encoder.open(options, modules)
}

/** How far a job is, and when it will be done if it goes on as it did. */
export interface Timed<Progress> {
  readonly progress: Progress
  readonly elapsedMs: number
  readonly remainingMs: number
}

export interface JobOptions<Progress> {
  readonly modelFolder?: string | undefined
  /** Ends the job at its next step. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: Timed<Progress>) => void) | undefined
}

/** Trains an adapter in a thread of its own. BAD_DATASET when nothing can be learnt from the data. */
export function trainInWorker(
  job: TrainingJob,
  options: JobOptions<TrainingProgress>,
  modules: { clock: Clock },
): Promise<TrainedAdapter> {
  const share = ({ epoch, epochs, step, steps }: TrainingProgress) => (epoch - 1 + step / steps) / epochs
  const call = { method: 'train' as const, input: job, ...timed(options, share, modules.clock) }
  return runInWorker<EngineCalls, 'train'>(thread('training', options.modelFolder), modules, call)
}

/** Makes the attribution rows of an adapter in a thread of its own: one a contribution, in their order. */
export function rowsInWorker(
  job: RowsJob,
  options: JobOptions<RowsProgress>,
  modules: { clock: Clock },
): Promise<readonly AttributionRow[]> {
  const share = ({ recordsDone, records }: RowsProgress) => recordsDone / records
  const call = { method: 'rows' as const, input: job, ...timed(options, share, modules.clock) }
  return runInWorker<EngineCalls, 'rows'>(thread('rows', options.modelFolder), modules, call)
}

/** Compares an adapter with the baselines in a thread of its own. */
export function evaluateInWorker(
  job: EvaluationJob,
  options: JobOptions<EvaluationProgress>,
  modules: { clock: Clock },
): Promise<Evaluation> {
  const share = ({ textsDone, texts }: EvaluationProgress) => textsDone / texts
  const call = { method: 'evaluate' as const, input: job, ...timed(options, share, modules.clock) }
  return runInWorker<EngineCalls, 'evaluate'>(thread('evaluation', options.modelFolder), modules, call)
}

function thread(name: string, modelFolder: string | undefined): Omit<WorkerOptions, 'queueLength'> {
  const input: EngineInput = { modelFolder: modelFolder ?? defaultModelFolder() }
  // the runtime is native code: a thread that is cut off inside it takes the process with it
  const { backgroundNiceness: niceness } = limits
  return { name, module: new URL('./engineWorker.ts', import.meta.url), input, onClose: 'finish', niceness }
}

function timed<Progress>(
  options: JobOptions<Progress>,
  shareOf: (progress: Progress) => number,
  clock: Clock,
): CallOptions<Progress> {
  const { signal, onProgress } = options
  if (onProgress === undefined) return { signal }
  const startedMs = clock.nowMs()
  return {
    signal,
    onProgress: (progress) => {
      const elapsedMs = clock.nowMs() - startedMs
      onProgress({ progress, elapsedMs, remainingMs: Math.round(elapsedMs * (1 / shareOf(progress) - 1)) })
    },
  }
}
