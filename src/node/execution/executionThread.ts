import type { PrecompileRegistry } from '../../../precompiles/registry.ts'
import type { ChainSpec } from '../../chainspec/chainSpec.ts'
import type { Genesis } from '../../chainspec/schema.ts'
import { limits } from '../../config/limits.ts'
import type { NodeError } from '../../errors/errors.ts'
import { ChainFollower } from '../../execution/chainFollower.ts'
import type { BuildRequest, BuiltBlock, ExecutionPort } from '../../execution/ports.ts'
import type { Certificate } from '../../ledger/certificate.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Logger, LogLevel } from '../../runtime/logger.ts'
import { WorkerClient } from '../../runtime/worker.ts'
import type { StateKeeping } from '../../state/pruneProgress.ts'
import type { KvStore } from '../../storage/kv.ts'

/** What the execution thread is started with. */
export interface ExecutionInput {
  readonly folder: string
  readonly genesis: Genesis
  readonly keeping: Partial<StateKeeping>
  readonly log: { readonly level: LogLevel; readonly file: string | undefined }
}

export interface ExecutionCalls {
  /** Opens the chain. Nothing else is asked before it. */
  open: { input: undefined; output: undefined }
  build: { input: BuildRequest; output: BuiltBlock }
  validate: { input: Uint8Array; output: undefined }
  commit: { input: { readonly envelope: Uint8Array; readonly certificate: Certificate }; output: undefined }
}

export interface ThreadOptions {
  readonly spec: ChainSpec
  readonly precompiles: PrecompileRegistry
  readonly keeping: Partial<StateKeeping>
  /** Of the store that this thread has open. */
  readonly folder: string
  readonly logFile: string | undefined
}

export interface ThreadModules {
  readonly kv: KvStore
  readonly clock: Clock
  readonly logger: Logger
  /** Told when the thread ends by itself: nobody executes blocks any more. */
  readonly onFailure: (error: NodeError) => void
}

/** Starts the execution thread, which opens the chain of the store. Fails as `Chain.open` does. */
export async function openExecutionThread(
  options: ThreadOptions,
  modules: ThreadModules,
): Promise<{ chain: ChainFollower; execution: ThreadExecution }> {
  const { spec, precompiles, keeping, folder, logFile } = options
  const { kv, logger } = modules
  const input: ExecutionInput = {
    folder,
    genesis: spec.genesis,
    keeping,
    log: { level: logger.level as LogLevel, file: logFile },
  }
  const client = new WorkerClient<ExecutionCalls>(
    {
      name: 'execution',
      module: new URL('./executionWorker.ts', import.meta.url),
      input,
      queueLength: limits.executionQueue,
      // its write under way must come to its end, and its handle of the store be closed
      onClose: 'finish',
    },
    modules,
  )
  try {
    await client.call('open', undefined)
    const chain = new ChainFollower({ spec, precompiles }, { kv, logger })
    return { chain, execution: new ThreadExecution({ client, chain }) }
  } catch (error) {
    await client.close()
    throw error
  }
}

/** Execution in a thread of its own, whose chain this thread follows. */
export class ThreadExecution implements ExecutionPort {
  readonly #client: WorkerClient<ExecutionCalls>
  readonly #chain: ChainFollower

  constructor(modules: { client: WorkerClient<ExecutionCalls>; chain: ChainFollower }) {
    this.#client = modules.client
    this.#chain = modules.chain
  }

  build(request: BuildRequest, signal: AbortSignal): Promise<BuiltBlock> {
    return this.#client.call('build', request, { signal })
  }

  async validate(envelope: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#client.call('validate', tight(envelope), { signal })
  }

  async commit(envelope: Uint8Array, certificate: Certificate): Promise<void> {
    await this.#client.call('commit', { envelope: tight(envelope), certificate })
    this.#chain.advance(certificate.blockHash)
  }

  interrupt(): void {
    this.#client.interrupt()
  }

  async close(): Promise<void> {
    await this.#client.close()
    await this.#chain.close()
  }
}

/** A view of a larger buffer would take all of that to the other thread. */
function tight(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice()
}
