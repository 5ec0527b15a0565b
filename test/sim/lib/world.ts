import type { Evidence } from '../../../src/consensus/core/types.ts'
import type { ConsensusApp } from '../../../src/consensus/ports.ts'
import type { SigningDomain } from '../../../src/ledger/vote.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import type { Prng } from './prng.ts'
import type { Life, SimClock } from './simClock.ts'
import type { SimDisk } from './simDisk.ts'

/** One life of a node's application. */
export interface HostLife {
  readonly app: ConsensusApp
  onEvidence(evidence: Evidence): void
}

/** What of a node's application outlives it. */
export interface SimHost {
  /** Of the last committed block. */
  readonly height: number
  open(life: Life, onCrash: () => void): Promise<HostLife>
  /** The process is gone; what it wrote and did not sync is lost if the power failed. */
  crash(power: boolean): Promise<void>
  /** Builds and judges take no longer than they should from now on. */
  calm(): void
  /** Whether a failure that stopped consensus was injected, so that the node may start again. */
  isExpectedFailure?(error: unknown): boolean
}

export interface HostModules {
  readonly index: number
  readonly disk: SimDisk
  readonly random: Prng
  readonly slowShare: number
}

/** What a profile puts around the engines: keys, chains and their rules. */
export interface World {
  readonly domain: SigningDomain
  /** Consensus keys of the validators, and of those that may become one. */
  readonly keys: readonly Uint8Array[]
  readonly startMs: number
  createHost(modules: HostModules): SimHost
  /** Hash of the block in the envelope, however bad it is; null for what is no envelope. */
  hashOf(envelope: Uint8Array): Hash | null
  /** The same block in another form, as valid as the first, for the node that built it; null if there is none. */
  alternative(host: SimHost, envelope: Uint8Array): Uint8Array | null
  /** A block that breaks a rule. */
  invalid(envelope: Uint8Array, random: Prng): Uint8Array
  /** Something to do while the cluster runs. */
  onStart(cluster: WorldCluster): void
  /** Properties of all chains together, when all have reached the end. */
  checkEnd(): Promise<void>
  /** Facts to print, by name. */
  facts(): Record<string, number>
}

/** What a world may see of the cluster that it is in. */
export interface WorldCluster {
  readonly clock: SimClock
  readonly random: Prng
  isByzantine(index: number): boolean
}
