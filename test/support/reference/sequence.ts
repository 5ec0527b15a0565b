import type { Address } from '../../../src/primitives/hex.ts'
import { Dice, mutations } from '../callFuzzer.ts'
import {
  type Branch,
  type CallKind,
  type Child,
  describeStep,
  type Ending,
  endingsOf,
  isBranch,
  type Message,
  type Node,
  type Step,
} from './message.ts'
import type { Move, Player } from './subject.ts'
import { type Difference, PEOPLE, TREES, type TwinWorlds } from './twinWorlds.ts'

/** Larger inputs run as frames: the reference would run out of a transaction's gas. */
const TRANSACTION_BYTES = 2_048
const TREE_DEPTH = 3

/** Dresses a player's moves up as steps: when, how, in what tree of calls, and now and then damaged. */
class Director {
  readonly #dice: Dice
  readonly #player: Player
  readonly #blockNumber: () => bigint
  readonly #corpus: Uint8Array[] = []

  constructor(dice: Dice, player: Player, blockNumber: () => bigint) {
    this.#dice = dice
    this.#player = player
    this.#blockNumber = blockNumber
  }

  async next(): Promise<Step> {
    const dice = this.#dice
    const move = await this.#move()
    const advance = move.advance ?? this.#pause()
    if (dice.below(6) === 0) {
      return { advance, from: dice.one(PEOPLE), way: 'frame', node: await this.#branch(move, 0) }
    }
    if (TREES.includes(move.from)) {
      return { advance, from: dice.one(PEOPLE), way: 'frame', node: only(move, dice.below(16) === 0) }
    }
    const way = dice.below(24) === 0 ? 'static' : this.#frameOrTransaction(move)
    const valueWei = way === 'static' ? 0n : (move.valueWei ?? 0n)
    return { advance, from: move.from, way, node: { ...messageOf(move), valueWei } }
  }

  #frameOrTransaction({ data, from }: Move): 'frame' | 'transaction' {
    const isSmall = data.length <= TRANSACTION_BYTES
    return isSmall && PEOPLE.includes(from) && this.#dice.below(4) === 0 ? 'transaction' : 'frame'
  }

  /** The player's next move, or something like it that is wrong. */
  async #move(): Promise<Move> {
    const dice = this.#dice
    const move = await this.#player.next()
    this.#corpus.push(move.data)
    switch (dice.below(24)) {
      case 0:
        return { ...move, data: dice.one(mutations)(dice, move.data, this.#corpus) }
      case 1:
        return { ...move, from: dice.one([...PEOPLE, ...TREES]) }
      case 2:
        return { ...move, valueWei: dice.one([0n, 1n, (move.valueWei ?? 0n) + 1n]) }
      default:
        return move
    }
  }

  #pause(): number {
    const dice = this.#dice
    const kind = dice.below(10)
    if (kind < 6) return 0
    if (kind < 8) return 1
    if (kind === 8) return 2 + dice.below(4)
    const now = this.#blockNumber()
    const near = this.#player.boundaries().flatMap((block) => [block - 1n, block, block + 1n])
    const ahead = near.filter((block) => block > now && block < now + 80n)
    return ahead.length === 0 ? 3 : Number(dice.one(ahead) - now)
  }

  /** A tree of calls that the move's account makes or has made, with the move somewhere in it. */
  async #branch(move: Move, depth: number): Promise<Branch> {
    const dice = this.#dice
    const to = CALLERS.has(move.from) ? move.from : dice.one(TREES)
    const children: Child[] = []
    const place = dice.below(3)
    for (let index = 0; index < 3; index++) {
      if (index === place) {
        const deeper = depth < TREE_DEPTH && dice.below(2) === 0
        const node = deeper ? await this.#branch(move, depth + 1) : messageOf(move)
        children.push({ kind: this.#kind(node), node })
      } else if (dice.below(2) === 0) {
        const node = this.#callFrom(to, await this.#move())
        children.push({ kind: this.#kind(node), node })
      }
    }
    return { to, valueWei: 0n, children, undo: dice.below(3) === 0 }
  }

  /** The move as a call of `caller`, which mostly asks the right account to make it. */
  #callFrom(caller: Address, move: Move): Node {
    const { from } = move
    if (from === caller || !CALLERS.has(from) || this.#dice.below(8) === 0) return messageOf(move)
    return only(move, this.#dice.below(6) === 0)
  }

  #kind(node: Node): CallKind {
    const odd = this.#dice.below(20)
    if (odd === 0) return 'statically'
    if (odd === 1) return isBranch(node) ? 'plain' : 'delegated'
    if (odd === 2) return isBranch(node) ? 'plain' : 'code'
    return 'plain'
  }
}

/** Whoever can be told to make calls. */
const CALLERS: ReadonlySet<Address> = new Set([...PEOPLE, ...TREES])

/** A branch of one call. */
function only(move: Move, undo: boolean): Branch {
  return { to: move.from, valueWei: 0n, children: [{ kind: 'plain', node: messageOf(move) }], undo }
}

function messageOf({ to, data, valueWei = 0n }: Move): Message {
  return { to, data, valueWei }
}

/** A sequence that shows a difference in its last step. */
export interface Finding {
  readonly steps: readonly Step[]
  readonly difference: Difference
}

export interface SequenceOptions {
  readonly seed: number
  readonly length: number
  /** Makes the player once the worlds are at their start. */
  player(dice: Dice): Player
}

/** Runs one sequence in both worlds. Stops at the first difference. */
export async function runSequence(
  worlds: TwinWorlds,
  options: SequenceOptions,
  observe: (ending: Ending) => void,
): Promise<Finding | undefined> {
  const { seed, length, player } = options
  const dice = new Dice(seed)
  worlds.restart(seed)
  const director = new Director(dice, player(dice), () => worlds.native.blockNumber)
  const steps: Step[] = []
  for (let index = 0; index < length; index++) {
    const step = await director.next()
    steps.push(step)
    const { ended, difference } = await worlds.run(step)
    if (difference !== undefined) return { steps, difference }
    const output = { ok: ended.status === 'ok', output: ended.output }
    for (const ending of endingsOf(step.node, output)) observe(ending)
  }
  return undefined
}

/** The steps up to the first difference; undefined when there is none. */
export async function replay(
  worlds: TwinWorlds,
  seed: number,
  steps: readonly Step[],
): Promise<Finding | undefined> {
  worlds.restart(seed)
  for (const [index, step] of steps.entries()) {
    const { difference } = await worlds.run(step)
    if (difference !== undefined) return { steps: steps.slice(0, index + 1), difference }
  }
  return undefined
}

/** Leaves steps and calls out for as long as there still is a difference. */
export async function shrink(worlds: TwinWorlds, seed: number, finding: Finding): Promise<Finding> {
  let best = finding
  for (let progress = true; progress; ) {
    progress = false
    for (const steps of shorter(best.steps)) {
      const found = await replay(worlds, seed, steps)
      if (found === undefined) continue
      best = found
      progress = true
      break
    }
  }
  return best
}

/** Every way to leave out some steps before the last, many first, or one call of a step. */
function* shorter(steps: readonly Step[]): Generator<readonly Step[]> {
  for (let count = Math.floor(steps.length / 2); count >= 1; count = Math.floor(count / 2)) {
    for (let end = steps.length - 1; end - count >= 0; end -= count) yield without(steps, end - count, end)
  }
  for (const [index, step] of steps.entries()) {
    for (const node of smaller(step.node)) yield steps.with(index, { ...step, node })
  }
}

/** The blocks that these steps waited for pass before the next one. */
function without(steps: readonly Step[], from: number, to: number): readonly Step[] {
  const waited = steps.slice(from, to).reduce((sum, { advance }) => sum + advance, 0)
  return steps
    .slice(0, from)
    .concat(
      steps
        .slice(to)
        .map((step, index) => (index === 0 ? { ...step, advance: step.advance + waited } : step)),
    )
}

function* smaller(node: Node): Generator<Node> {
  if (!isBranch(node)) return
  for (const [index, child] of node.children.entries()) {
    yield { ...node, children: node.children.toSpliced(index, 1) }
    for (const inner of smaller(child.node)) {
      yield { ...node, children: node.children.with(index, { ...child, node: inner }) }
    }
  }
  if (node.undo) yield { ...node, undo: false }
}

export function describeFinding(seed: number, { steps, difference }: Finding): string {
  return [
    `The worlds differ in ${difference.what} (seed ${seed}, step ${steps.length - 1}):`,
    `  native     ${difference.native}`,
    `  reference  ${difference.reference}`,
    'after the steps',
    ...steps.map(describeStep),
  ].join('\n')
}
