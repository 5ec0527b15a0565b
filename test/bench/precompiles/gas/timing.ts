import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Block } from '@ethereumjs/block'
import { createAddressFromString } from '@ethereumjs/util'
import type { NativePrecompile } from '../../../../precompiles/host.ts'
import { type Address, type Hash, ZERO_HASH } from '../../../../src/primitives/hex.ts'
import { stateCommitOps } from '../../../../src/state/commitOps.ts'
import { FlatState } from '../../../../src/state/flatState.ts'
import { StateJournal } from '../../../../src/state/stateJournal.ts'
import type { AccountRecord, StateDiff, StateReader } from '../../../../src/state/types.ts'
import { LevelStore } from '../../../../src/storage/levelStore.ts'
import { openEvm } from '../../../support/evmWorld.ts'
import { type NativeWork, overheadNs, watchNativeWork } from './watchedHost.ts'

/** A message for the EVM, on a state that `Disk` or memory holds. */
export interface TimedCall {
  readonly name: string
  readonly block: Block
  readonly genesisHash: Hash
  readonly natives: readonly NativePrecompile[]
  readonly from: Address
  readonly to: Address
  readonly input: Uint8Array
  readonly valueWei: bigint
  readonly gasLimit: bigint
  /** How it has to end: 'ok' unless it is a loop that ends with its gas. */
  readonly status: string
}

export interface Run {
  readonly ns: number
  /** Of these, in the store. */
  readonly readNs: number
  /** What the caller pays in the end: with the price of the call itself, and refunds taken off. */
  readonly gas: bigint
}

/** Nothing is called for less than a CALL of a warm account (EIP-2929), and its time is part of every measurement. */
const CALL_GAS = 100n

/** A state that adds up how long its answers took, but for the two accounts that every transaction has read before. */
class TimedReader implements StateReader {
  ms = 0
  reads = 0
  readonly #state: StateReader
  readonly #known: readonly Address[]

  constructor(state: StateReader, known: readonly Address[]) {
    this.#state = state
    this.#known = known
  }

  account(address: Address): AccountRecord | undefined {
    if (this.#known.includes(address)) return this.#state.account(address)
    return this.#timed(() => this.#state.account(address))
  }

  storage(address: Address, slot: Hash): bigint {
    return this.#timed(() => this.#state.storage(address, slot))
  }

  code(codeHash: Hash): Uint8Array {
    return this.#timed(() => this.#state.code(codeHash))
  }

  #timed<T>(read: () => T): T {
    const start = performance.now()
    const answer = read()
    this.ms += performance.now() - start
    this.reads += 1
    return answer
  }
}

/** EIP-3529 */
const MAX_REFUND_QUOTIENT = 5n

/** One call in a journal of its own; setting up is not timed. The whole way is: EVM, journal, host, module, state. */
export async function runOnce(call: TimedCall, state: StateReader): Promise<Run> {
  const { genesisHash, natives: precompiles } = call
  const reader = new TimedReader(state, [call.from, call.to])
  const evm = openEvm({ genesisHash, precompiles }, new StateJournal(reader))
  const message = {
    block: call.block,
    caller: createAddressFromString(call.from),
    to: createAddressFromString(call.to),
    data: call.input,
    value: call.valueWei,
    gasLimit: call.gasLimit,
    skipNonceIncrement: true,
  }
  const cpuBefore = process.cpuUsage()
  const start = performance.now()
  const { execResult } = await evm.runCall(message)
  const wallNs = (performance.now() - start) * 1e6
  const { user, system } = process.cpuUsage(cpuBefore)
  // where others use the machine too, a long call waits for its turn: what it took of the processor is less
  const ns = wallNs > CPU_TIME_FROM_NS ? Math.min(wallNs, (user + system) * 1e3) : wallNs
  const status = execResult.exceptionError?.error ?? 'ok'
  if (status !== call.status) throw new Error(`${call.name} ended as ${status}`)
  const used = execResult.executionGasUsed + CALL_GAS
  const refund = execResult.gasRefund ?? 0n
  const most = used / MAX_REFUND_QUOTIENT
  const readNs = Math.max(reader.ms * 1e6 - reader.reads * overheadNs, 0)
  return { ns: ns - reader.reads * overheadNs, readNs, gas: used - (refund < most ? refund : most) }
}

/** Shorter calls are seldom interrupted, and the processor's clock is coarser than the wall's. */
const CPU_TIME_FROM_NS = 2e6

const WARM_MS = 250
const WARM_RUNS = { min: 8, max: 400 } as const
const COLD_RUNS = 8

/** The fastest of many runs on an open store: what other work on the machine adds is no part of it. */
export async function warm(call: TimedCall, state: StateReader): Promise<Run> {
  const start = performance.now()
  let best = await runOnce(call, state)
  for (let run = 1; run < WARM_RUNS.max; run++) {
    if (run >= WARM_RUNS.min && performance.now() - start > WARM_MS) break
    const next = await runOnce(call, state)
    if (next.ns < best.ns) best = next
  }
  return best
}

/** A state in a LevelDB folder that is there for the time of a measurement. */
export class Disk {
  readonly #folder = mkdtempSync(join(tmpdir(), 'gas-bench-'))

  async write(diff: StateDiff): Promise<void> {
    const store = await LevelStore.open(this.#folder)
    await store.write(await stateCommitOps(store, { stateRoot: ZERO_HASH, diff, trieOps: [] }), {
      sync: true,
    })
    await store.close()
    // opening it again moves what was written from the log into tables
    await (await LevelStore.open(this.#folder)).close()
  }

  async with<T>(work: (state: StateReader) => Promise<T>): Promise<T> {
    const store = await LevelStore.open(this.#folder)
    try {
      return await work(new FlatState(store))
    } finally {
      await store.close()
    }
  }

  /**
   * The least time that the reads of the call's state take on a store opened just before: nothing of its data is in
   * memory but the tables' indexes, as in a running node. The system's page cache stays as it is. Only reads are cold: what the code itself gains from having just run is the
   * same whatever the data do.
   */
  async coldReadNs(call: TimedCall): Promise<number> {
    let best = Number.POSITIVE_INFINITY
    for (let run = 0; run < COLD_RUNS; run++) {
      const { readNs } = await this.with((state) => {
        for (const account of [call.from, call.to]) state.account(account)
        return runOnce(call, state)
      })
      best = Math.min(best, readNs)
    }
    return best
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** The module's own work in the fastest of a few runs. */
export async function nativeWork(call: TimedCall, state: StateReader): Promise<NativeWork> {
  const work: NativeWork = { gas: 0n, ns: Number.POSITIVE_INFINITY }
  const best: NativeWork = { ...work }
  const natives = call.natives.map((native) => watchNativeWork(native, work))
  const start = performance.now()
  for (let run = 0; run < WARM_RUNS.max; run++) {
    if (run >= WARM_RUNS.min && performance.now() - start > WARM_MS) break
    await runOnce({ ...call, natives }, state)
    if (work.ns < best.ns) Object.assign(best, work)
  }
  return best
}
