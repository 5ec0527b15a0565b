import type { Address } from '../../../src/primitives/hex.ts'
import type { Dice } from '../callFuzzer.ts'
import type { World } from '../precompileWorld.ts'
import type { ReferenceRegistry } from './registries.ts'
import type { RunningWorld } from './runningWorld.ts'

/** A call that a player wants to see made: mostly one that succeeds. */
export interface Move {
  readonly from: Address
  readonly to: Address
  readonly data: Uint8Array
  readonly valueWei?: bigint
  /** Blocks to let pass first, where the move needs it; else the sequence decides. */
  readonly advance?: number
}

/** Makes up the calls of one sequence, out of what the native world has come to. */
export interface Player {
  next(): Promise<Move>
  /** Blocks near which something changes, for a sequence to stop at. */
  boundaries(): readonly bigint[]
}

/** A registry as its reference is compared with it. */
export interface Subject<Start extends { readonly world: World }> {
  readonly registry: ReferenceRegistry
  /** Calls of one sequence; trees count as one. */
  readonly length: number
  /** Where every sequence starts. */
  start(): Start
  player(dice: Dice, start: Start, native: RunningWorld): Player
}

/** A subject whose start only itself understands. */
export type AnySubject = Subject<{ readonly world: World }>
