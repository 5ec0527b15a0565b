import type { Genesis } from '../../chainspec/schema.ts'
import { limits } from '../../config/limits.ts'
import { messageOf, NodeError } from '../../errors/errors.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import type {
  AccessListResult,
  AccountProof,
  CallRequest,
  CallResult,
  CallTarget,
  LocatedLog,
  LogQuery,
} from '../../rpc/ports.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Service } from '../../runtime/lifecycle.ts'
import type { Logger } from '../../runtime/logger.ts'
import { WorkerClient } from '../../runtime/worker.ts'
import type { HeavyReads } from './callService.ts'

/** What the calls thread is started with. */
export interface CallsInput {
  readonly folder: string
  readonly genesis: Genesis
}

interface CallInput {
  readonly request: CallRequest
  readonly target: CallTarget
}

interface ProofInput {
  readonly address: Address
  readonly slots: readonly Hash[]
  readonly blockNumber: bigint
}

export interface HeavyCalls {
  call: { input: CallInput; output: CallResult }
  createAccessList: { input: CallInput; output: AccessListResult }
  logs: { input: LogQuery; output: readonly LocatedLog[] }
  proof: { input: ProofInput; output: AccountProof }
}

export interface CallsThreadModules {
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * Heavy reads in a thread of their own, one after the other, so that nothing else waits for them. It starts with the
 * first of them: a validator that nobody asks does not pay for it. One that died, of too little memory say, is replaced
 * at the next read.
 */
export class CallsThread implements HeavyReads, Service {
  readonly name = 'calls'
  readonly #input: CallsInput
  readonly #modules: CallsThreadModules
  #client: WorkerClient<HeavyCalls> | undefined
  #isReady = false
  #isStopped = false

  constructor(input: CallsInput, modules: CallsThreadModules) {
    this.#input = input
    this.#modules = modules
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#client?.close()
  }

  call(request: CallRequest, target: CallTarget): Promise<CallResult> {
    return this.#ask('call', { request, target })
  }

  createAccessList(request: CallRequest, target: CallTarget): Promise<AccessListResult> {
    return this.#ask('createAccessList', { request, target })
  }

  /** In stretches, between which other calls have their turn. */
  async logs(query: LogQuery): Promise<readonly LocatedLog[]> {
    const found: LocatedLog[] = []
    const stretch = BigInt(limits.rpcLogBlocksATurn)
    for (let fromBlock = query.fromBlock; fromBlock <= query.toBlock; fromBlock += stretch) {
      const last = fromBlock + stretch - 1n
      const toBlock = last < query.toBlock ? last : query.toBlock
      const limit = query.limit - found.length
      for (const log of await this.#ask('logs', { ...query, fromBlock, toBlock, limit })) found.push(log)
      if (found.length > query.limit) break
    }
    return found
  }

  proof(address: Address, slots: readonly Hash[], blockNumber: bigint): Promise<AccountProof> {
    return this.#ask('proof', { address, slots, blockNumber })
  }

  #ask<Method extends keyof HeavyCalls>(
    method: Method,
    input: HeavyCalls[Method]['input'],
  ): Promise<HeavyCalls[Method]['output']> {
    if (this.#isStopped) return Promise.reject(new NodeError('CANCELLED', 'The node is stopping.'))
    this.#client ??= this.#startThread()
    const timeoutMs = limits.rpcCallMs + (this.#isReady ? 0 : limits.callsStartMs)
    return this.#client.call(method, input, { timeoutMs })
  }

  #startThread(): WorkerClient<HeavyCalls> {
    const { clock, logger } = this.#modules
    const client = new WorkerClient<HeavyCalls>(
      {
        name: 'calls',
        module: new URL('./callsWorker.ts', import.meta.url),
        input: this.#input,
        queueLength: limits.rpcCallQueue,
        // its handle of the store must be closed
        onClose: 'finish',
        niceness: limits.backgroundNiceness,
        resourceLimits: { maxOldGenerationSizeMb: limits.rpcCallHeapMb },
      },
      {
        clock,
        onFailure: (error) => {
          logger.error({ error: messageOf(error) }, 'the thread for calls ended and is started again')
          if (this.#client === client) this.#client = undefined
        },
      },
    )
    this.#isReady = false
    const whenReady = () => {
      this.#isReady = true
    }
    client.ready().then(whenReady, () => undefined)
    return client
  }
}
