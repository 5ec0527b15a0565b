import {
  type Abi,
  type ContractFunctionArgs,
  type ContractFunctionName,
  type ContractFunctionReturnType,
  decodeErrorResult,
  decodeEventLog,
  decodeFunctionResult,
  encodeFunctionData,
} from 'viem'
import { type Address, bytesToHex, hexToBytes } from '../../src/primitives/hex.ts'
import { type CallResult, type Log, type MemoryChain, transactionGas } from './memoryHost.ts'

export interface SendOptions {
  readonly from: Address
  readonly valueWei?: bigint
  readonly gas?: bigint
}

export interface DecodedEvent {
  readonly name: string
  readonly args: Record<string, unknown>
}

export type Outcome<T> =
  | {
      readonly ok: true
      readonly value: T
      readonly events: readonly DecodedEvent[]
      readonly result: CallResult
    }
  | {
      readonly ok: false
      readonly error: string
      readonly args: readonly unknown[]
      readonly result: CallResult
    }

/** Names of the custom errors that calls have ended in, by precompile, for tests that must have seen them all. */
export const seenErrors = new Map<Address, Set<string>>()

/** A precompile as a client sees it: encoded and decoded by viem, so that every test also checks the codec. */
export class Contract<const A extends Abi> {
  readonly chain: MemoryChain
  readonly address: Address
  readonly abi: A
  readonly #events: DecodedEvent[] = []
  #decodedLogs = 0

  constructor(chain: MemoryChain, address: Address, abi: A) {
    this.chain = chain
    this.address = address
    this.abi = abi
  }

  encode<N extends ContractFunctionName<A>>(
    name: N,
    args: ContractFunctionArgs<A, never, N> | readonly unknown[],
  ) {
    return hexToBytes(
      encodeFunctionData({
        abi: this.abi as Abi,
        functionName: name as string,
        args: args as readonly unknown[],
      }),
    )
  }

  try<N extends ContractFunctionName<A>>(
    name: N,
    args: readonly unknown[],
    options: SendOptions,
  ): Outcome<ContractFunctionReturnType<A, 'nonpayable' | 'payable' | 'view' | 'pure', N>> {
    const data = this.encode(name, args)
    const result = this.chain.call({ ...options, to: this.address, data })
    if (result.status === 'outOfGas') return { ok: false, error: 'outOfGas', args: [], result }
    if (result.status === 'revert') {
      const { errorName, args: errorArgs } = decodeErrorResult({
        abi: this.abi as Abi,
        data: bytesToHex(result.output),
      })
      const seen = seenErrors.get(this.address) ?? new Set<string>()
      seenErrors.set(this.address, seen.add(errorName))
      return { ok: false, error: errorName, args: (errorArgs ?? []) as readonly unknown[], result }
    }
    const value = decodeFunctionResult({
      abi: this.abi as Abi,
      functionName: name as string,
      data: bytesToHex(result.output),
    })
    return { ok: true, value: value as never, events: this.decode(result.logs), result }
  }

  /** Sends and expects success. */
  send<N extends ContractFunctionName<A>>(name: N, args: readonly unknown[], options: SendOptions) {
    const outcome = this.try(name, args, options)
    if (!outcome.ok)
      throw new Error(`${String(name)} reverted with ${outcome.error}(${outcome.args.join(', ')})`)
    return outcome
  }

  /** Reads a view. */
  read<N extends ContractFunctionName<A, 'view'>>(
    name: N,
    args: readonly unknown[] = [],
  ): ContractFunctionReturnType<A, 'view', N> {
    const from: Address = `0x${'99'.repeat(20)}`
    return this.send(name, args, { from }).value as never
  }

  /** Every event of this precompile so far; each log is decoded once. */
  history(): readonly DecodedEvent[] {
    const { logs } = this.chain
    this.#events.push(...this.decode(logs.slice(this.#decodedLogs)))
    this.#decodedLogs = logs.length
    return this.#events
  }

  decode(logs: readonly Log[]): readonly DecodedEvent[] {
    return logs
      .filter((log) => log.address === this.address)
      .map((log) => {
        const { eventName, args } = decodeEventLog({
          abi: this.abi as Abi,
          topics: log.topics as [`0x${string}`, ...`0x${string}`[]],
          data: bytesToHex(log.data),
          strict: true,
        })
        return { name: String(eventName), args: (args ?? {}) as unknown as Record<string, unknown> }
      })
  }

  /** Gas that a transaction with this call alone would pay. */
  gasOf(name: ContractFunctionName<A>, args: readonly unknown[], result: CallResult): bigint {
    return transactionGas(this.encode(name, args), result.gasUsed, result.refund)
  }
}
