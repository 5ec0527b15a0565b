import type { PruneProgress, StoredState } from './pruneProgress.ts'

/** What decides which states are kept. */
export interface PrunePoint {
  readonly headHeight: number
  readonly epochBlocks: number
}

/** A state to drop, and the heights of the states that stay: all from `keptFrom` on, and some before it. */
export interface DueDrop {
  readonly state: StoredState
  readonly keptFrom: number
  readonly keptBefore: readonly number[]
}

/**
 * The next state to drop, if one is due: the oldest beyond the last `blocks` states, then ends of epochs before the
 * last two. A drop that has begun is always ended. The progress that comes back holds the ends of epochs passed over.
 */
export function nextDrop(
  progress: PruneProgress,
  point: PrunePoint,
): { progress: PruneProgress; due: DueDrop | undefined } {
  if (progress.mode === 'archive') return { progress, due: undefined }
  const lowest = point.headHeight - progress.blocks + 1
  const passed = passKeptEnds(progress, lowest, point)
  const { next, held } = passed
  if (next.height < lowest || next.after !== undefined) {
    return { progress: passed, due: { state: next, keptFrom: next.height + 1, keptBefore: wholeOf(held) } }
  }
  const state = held.find(
    ({ height, after }) => after !== undefined || (height < lowest && !isKeptEnd(height, point)),
  )
  if (state === undefined) return { progress: passed, due: undefined }
  const keptBefore = wholeOf(held.filter((one) => one !== state))
  return { progress: passed, due: { state, keptFrom: next.height, keptBefore } }
}

/** The progress when the drop of a state got as far as `after`; undefined: to its end. */
export function progressAfter(
  progress: PruneProgress,
  height: number,
  after: readonly number[] | undefined,
): PruneProgress {
  const { next, held } = progress
  if (height === next.height) {
    return { ...progress, next: after === undefined ? wholeState(height + 1) : { height, after } }
  }
  const others = held.filter((one) => one.height !== height)
  const all = after === undefined ? others : [...others, { height, after }]
  return { ...progress, held: all.sort((a, b) => a.height - b.height) }
}

export const wholeState = (height: number): StoredState => ({ height, after: undefined })

function passKeptEnds(progress: PruneProgress, lowest: number, point: PrunePoint): PruneProgress {
  let { next } = progress
  const held = [...progress.held]
  while (next.height < lowest && next.after === undefined && isKeptEnd(next.height, point)) {
    held.push(next)
    next = wholeState(next.height + 1)
  }
  return next === progress.next ? progress : { ...progress, next, held }
}

/** Genesis counts as the end of an epoch. */
function isKeptEnd(height: number, { headHeight, epochBlocks }: PrunePoint): boolean {
  const last = headHeight - (headHeight % epochBlocks)
  return height === last || height === last - epochBlocks
}

function wholeOf(states: readonly StoredState[]): number[] {
  return states.filter(({ after }) => after === undefined).map(({ height }) => height)
}
