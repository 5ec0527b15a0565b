import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Block } from '@ethereumjs/block'
import { createAddressFromString } from '@ethereumjs/util'
import type { NativePrecompile, PrecompileHost } from '../../../../precompiles/host.ts'
import { type Address, type Hash, ZERO_HASH } from '../../../../src/primitives/hex.ts'
import { stateCommitOps } from '../../../../src/state/commitOps.ts'
import { FlatState } from '../../../../src/state/flatState.ts'
import { StateJournal } from '../../../../src/state/stateJournal.ts'
import type { AccountRecord, StateDiff, StateReader } from '../../../../src/state/types.ts'
import { LevelStore } from '../../../../src/storage/levelStore.ts'
import { openEvm } from '../../../support/evmWorld.ts'

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

const CALIBRATION_RUNS = 2_000
const CALIBRATIONS = 20

/** What timing one read or one call of the host adds to the time of everything else, at the least. */
const overheadNs = (() => {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < CALIBRATIONS; round++) {
    let inside = 0
    const start = performance.now()
    for (let run = 0; run < CALIBRATION_RUNS; run++) {
      const before = performance.now()
      inside += performance.now() - before
    }
    best = Math.min(best, performance.now() - start - inside)
  }
  return (best * 1e6) / CALIBRATION_RUNS
})()

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

/** What a call does beside state and logs, which have the EVM's prices: the module's own work, hashes, signatures. */
export interface NativeWork {
  gas: bigint
  ns: number
}

/** The precompile, adding up its work: the time and the gas outside of the host's state and logs. */
export function watchNativeWork(native: NativePrecompile, work: NativeWork): NativePrecompile {
  return {
    ...native,
    run(host, input) {
      const watched = new WatchedHost(host)
      const gasBefore = watched.gasLeft
      const start = performance.now()
      const output = native.run(watched, input)
      const ns = (performance.now() - start - watched.hostMs) * 1e6 - watched.calls * overheadNs
      work.gas = gasBefore - watched.gasLeft - watched.stateGas
      work.ns = Math.max(ns, 0)
      return output
    },
  }
}

class WatchedHost implements PrecompileHost {
  readonly self: PrecompileHost['self']
  readonly caller: PrecompileHost['caller']
  readonly origin: PrecompileHost['origin']
  readonly valueWei: bigint
  readonly callKind: PrecompileHost['callKind']
  readonly isStatic: boolean
  readonly block: PrecompileHost['block']
  readonly genesisHash: Hash
  stateGas = 0n
  hostMs = 0
  calls = 0
  readonly #host: PrecompileHost

  constructor(host: PrecompileHost) {
    this.#host = host
    this.self = host.self
    this.caller = host.caller
    this.origin = host.origin
    this.valueWei = host.valueWei
    this.callKind = host.callKind
    this.isStatic = host.isStatic
    this.block = host.block
    this.genesisHash = host.genesisHash
  }

  get gasLeft(): bigint {
    return this.#host.gasLeft
  }

  useGas(amount: bigint): void {
    this.#host.useGas(amount)
  }

  sload(slot: bigint): bigint {
    return this.#timed(() => this.#host.sload(slot))
  }

  sstore(slot: bigint, value: bigint): void {
    this.#timed(() => this.#host.sstore(slot, value))
  }

  sloadOf(account: Address, slot: bigint): bigint {
    return this.#timed(() => this.#host.sloadOf(account, slot))
  }

  emit(topics: readonly Hash[], data: Uint8Array): void {
    this.#timed(() => this.#host.emit(topics, data))
  }

  balanceWei(account: Address): bigint {
    return this.#timed(() => this.#host.balanceWei(account))
  }

  transfer(to: Address, amountWei: bigint): void {
    this.#timed(() => this.#host.transfer(to, amountWei))
  }

  readBlob(owner: Address, id: Hash): Uint8Array | undefined {
    return this.#timed(() => this.#host.readBlob(owner, id))
  }

  writeBlob(id: Hash, payload: Uint8Array): void {
    this.#timed(() => this.#host.writeBlob(id, payload))
  }

  keccak(data: Uint8Array): Hash {
    return this.#host.keccak(data)
  }

  recover(digest: Hash, signature: Uint8Array): Address | undefined {
    return this.#host.recover(digest, signature)
  }

  #timed<T>(work: () => T): T {
    const gasBefore = this.#host.gasLeft
    const start = performance.now()
    try {
      return work()
    } finally {
      this.hostMs += performance.now() - start
      this.stateGas += gasBefore - this.#host.gasLeft
      this.calls += 1
    }
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
