import { limits } from '../config/limits.ts'
import { NodeError } from '../errors/errors.ts'
import { asBytes, asInt, asList, decodeRlp, encodeRlp, fromInt, type RlpItem } from '../primitives/rlp.ts'
import { metadataKey } from '../storage/keys.ts'
import type { KvOp, KvReader } from '../storage/kv.ts'

export type StateMode = 'archive' | 'pruned'

/** Which states a node keeps. */
export interface StateKeeping {
  readonly mode: StateMode
  /** States that `pruned` keeps, the head's included. */
  readonly blocks: number
}

/** A state in the store: whole, or being dropped and gone up to a path (see `StateDrop`). */
export interface StoredState {
  readonly height: number
  readonly after: readonly number[] | undefined
}

/** What the store holds of old states: those from `next` on, of which all others are whole, and the held ones. */
export interface PruneProgress extends StateKeeping {
  readonly next: StoredState
  /** States before `next`, ascending: ends of epochs that are kept, and some that were until lately. */
  readonly held: readonly StoredState[]
}

const PROGRESS_KEY = metadataKey('states')
const MODES: readonly StateMode[] = ['archive', 'pruned']
const NIBBLES_PER_PATH = 128

/** A store without a record keeps all states. */
export function readProgress(kv: KvReader): PruneProgress {
  const value = kv.get(PROGRESS_KEY)
  if (value === undefined) {
    return { mode: 'archive', blocks: limits.stateBlocks, next: { height: 0, after: undefined }, held: [] }
  }
  try {
    const [mode, blocks, next, held] = asList(decodeRlp(value, limits.pruneProgressBytes), 4)
    return {
      mode: MODES[asInt(mode)] ?? malformed(),
      blocks: asInt(blocks),
      next: decodeState(next),
      held: asList(held).map(decodeState),
    }
  } catch (error) {
    throw new NodeError('DATA_CORRUPT', 'The stored record of kept states is malformed.', {}, error)
  }
}

/** Every state from this height on is whole. */
export function statesWholeFrom({ next }: PruneProgress): number {
  return next.after === undefined ? next.height : next.height + 1
}

export function putProgress({ mode, blocks, next, held }: PruneProgress): KvOp {
  const value = encodeRlp([
    fromInt(MODES.indexOf(mode)),
    fromInt(blocks),
    encodeState(next),
    held.map(encodeState),
  ])
  return { type: 'put', key: PROGRESS_KEY, value }
}

function encodeState({ height, after }: StoredState): RlpItem {
  return after === undefined ? [fromInt(height)] : [fromInt(height), Uint8Array.from(after)]
}

function decodeState(item: RlpItem | undefined): StoredState {
  const [height, after, ...rest] = asList(item)
  const path = after && [...asBytes(after)]
  if (rest.length > 0 || path?.some((nibble) => nibble > 0xf)) return malformed()
  if (path !== undefined && path.length > NIBBLES_PER_PATH) return malformed()
  return { height: asInt(height), after: path }
}

function malformed(): never {
  throw new NodeError('BAD_ENCODING', 'A malformed record.')
}
