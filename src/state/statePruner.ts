import { limits } from '../config/limits.ts'
import { messageOf, NodeError } from '../errors/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { Logger } from '../runtime/logger.ts'
import { yieldToEventLoop } from '../runtime/yield.ts'
import type { KvOp, KvStore } from '../storage/kv.ts'
import {
  type PruneProgress,
  putProgress,
  readProgress,
  type StateKeeping,
  statesWholeFrom,
} from './pruneProgress.ts'
import { type DueDrop, nextDrop, progressAfter } from './pruneSchedule.ts'
import { StateDrop } from './stateDrop.ts'

export interface StatePrunerOptions {
  /** What the operator asks for; what is left out stays as the folder has it. */
  readonly keeping: Partial<StateKeeping>
  readonly epochBlocks: number
  readonly pace?: PrunePace
}

/** Nodes dropped at most, besides twice as many as a block wrote, and in one turn. */
export interface PrunePace {
  readonly nodesPerBlock: number
  readonly nodesATurn: number
}

const USUAL_PACE: PrunePace = {
  nodesPerBlock: limits.prunedNodesPerBlock,
  nodesATurn: limits.prunedNodesATurn,
}

export interface StatePrunerModules {
  readonly kv: KvStore
  readonly logger: Logger
  /** The state root of a decided block. */
  readonly rootAt: (height: number) => Hash
  /** Runs work while nothing else reads or writes the head's state. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>
}

/** State dropped, state after it, ends of epochs. */
const ROOTS_KEPT = 8

/**
 * Drops states that a node does not keep. In mode `pruned` the states of the last `blocks` blocks are kept, and those
 * of the last two blocks that ended an epoch. States are dropped one by one and oldest first, each in bounded slices.
 * A slice is one atomic write of deletions and of how far they came, and a process that dies goes on from there. It
 * need not be synced: a later block's write never reaches the disk without it.
 *
 * A failure ends the pruning until the next start, never the chain.
 */
export class StatePruner {
  readonly #epochBlocks: number
  readonly #pace: PrunePace
  readonly #modules: StatePrunerModules
  readonly #roots = new Map<number, Hash>()
  #progress: PruneProgress
  #headHeight = 0
  /** Nodes that may still be looked at for the blocks so far. */
  #allowance = 0
  #hasEnded = false
  #running: Promise<void> | undefined

  private constructor(progress: PruneProgress, options: StatePrunerOptions, modules: StatePrunerModules) {
    this.#progress = progress
    this.#epochBlocks = options.epochBlocks
    this.#pace = options.pace ?? USUAL_PACE
    this.#modules = modules
  }

  /** Stores what is asked for, so that the folder remembers it. BAD_CONFIG for a number of states that means nothing. */
  static async open(options: StatePrunerOptions, modules: StatePrunerModules): Promise<StatePruner> {
    const { keeping } = options
    const stored = readProgress(modules.kv)
    const progress = { ...stored, ...keeping }
    if (progress.mode === 'archive' && keeping.blocks !== undefined) {
      throw new NodeError(
        'BAD_CONFIG',
        'A number of states is for a pruned node, and this one keeps all: add --state pruned.',
      )
    }
    if (progress.mode !== stored.mode || progress.blocks !== stored.blocks) {
      await modules.kv.write([putProgress(progress)], { sync: true })
    }
    return new StatePruner(progress, options, modules)
  }

  get keeping(): StateKeeping {
    const { mode, blocks } = this.#progress
    return { mode, blocks }
  }

  /** Every state from this height on is whole. */
  get wholeFrom(): number {
    return statesWholeFrom(this.#progress)
  }

  /**
   * Goes on pruning, now that this block is the head. The more nodes a block wrote the more may be dropped after it,
   * so that the work of a block stays in proportion and what is due never piles up.
   */
  advance(headHeight: number, writtenNodes: number): void {
    if (this.#hasEnded || this.#progress.mode === 'archive') return
    this.#headHeight = headHeight
    this.#allowance += 2 * writtenNodes + this.#pace.nodesPerBlock
    this.#running ??= this.#run()
  }

  /** Resolves when the pruning of the blocks so far is over. */
  async idle(): Promise<void> {
    await this.#running
  }

  /** Ends the pruning after the slice under way. */
  async close(): Promise<void> {
    this.#hasEnded = true
    await this.#running
  }

  async #run(): Promise<void> {
    try {
      while (!this.#hasEnded && this.#allowance > 0) {
        if (!(await this.#modules.inTurn(() => this.#slice()))) break
        await yieldToEventLoop()
      }
    } catch (error) {
      this.#hasEnded = true
      this.#modules.logger.error({ error: messageOf(error) }, 'old states stay: pruning failed')
    }
    this.#allowance = 0
    this.#running = undefined
  }

  /** One write; false when nothing was due. */
  async #slice(): Promise<boolean> {
    const point = { headHeight: this.#headHeight, epochBlocks: this.#epochBlocks }
    const ops: KvOp[] = []
    let left = Math.min(this.#allowance, this.#pace.nodesATurn)
    this.#allowance -= left
    let { progress, due } = nextDrop(this.#progress, point)
    while (due !== undefined && left > 0) {
      const { deletions, after } = this.#drop(due, left)
      ops.push(...deletions)
      // a state of which nothing is left costs its look-ups
      left -= Math.max(1, deletions.length)
      const passed = progressAfter(progress, due.state.height, after)
      ;({ progress, due } = nextDrop(passed, point))
    }
    if (progress === this.#progress) return false
    await this.#modules.kv.write([...ops, putProgress(progress)], { sync: false })
    this.#progress = progress
    return true
  }

  /** Deletions of at most `most` nodes, and the path of the last one where more may follow. */
  #drop(due: DueDrop, most: number): { deletions: KvOp[]; after: readonly number[] | undefined } {
    const { state, keptFrom, keptBefore } = due
    const kept = { from: keptFrom, roots: [keptFrom, ...keptBefore].map((height) => this.#rootAt(height)) }
    const options = { root: this.#rootAt(state.height), kept, after: state.after }
    const deletions: KvOp[] = []
    for (const { key, path } of new StateDrop(options, this.#modules).nodes()) {
      deletions.push({ type: 'del', key })
      if (deletions.length === most) return { deletions, after: path }
    }
    return { deletions, after: undefined }
  }

  /** A root is wanted by several drops in a row. */
  #rootAt(height: number): Hash {
    const root = this.#roots.get(height) ?? this.#modules.rootAt(height)
    this.#roots.delete(height)
    this.#roots.set(height, root)
    const oldest = this.#roots.keys().next().value
    if (this.#roots.size > ROOTS_KEPT && oldest !== undefined) this.#roots.delete(oldest)
    return root
  }
}
