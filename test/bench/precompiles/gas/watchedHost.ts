import type { NativePrecompile, PrecompileHost } from '../../../../precompiles/host.ts'
import type { Address, Hash } from '../../../../src/primitives/hex.ts'

/** What a call does beside state and logs, which have the EVM's prices: the module's own work, hashes, signatures. */
export interface NativeWork {
  gas: bigint
  ns: number
}

const CALIBRATION_RUNS = 2_000
const CALIBRATIONS = 20

/** What timing one read or one call of the host adds to the time of everything else, at the least. */
export const overheadNs = (() => {
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
