import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../../../../src/primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak256 } from '../../../../src/primitives/keccak.ts'
import { silentLogger } from '../../../../src/runtime/logger.ts'
import { decodeAccount } from '../../../../src/state/accountCodec.ts'
import { readProgress, type StateKeeping } from '../../../../src/state/pruneProgress.ts'
import type { StateJournal } from '../../../../src/state/stateJournal.ts'
import { type PrunePace, StatePruner } from '../../../../src/state/statePruner.ts'
import { TrieState } from '../../../../src/state/trieState.ts'
import { decodeTrieNode, isHash } from '../../../../src/state/trieWalk.ts'
import { FaultyStore } from '../../../../src/storage/faultyStore.ts'
import { ACCOUNT_TRIE_OWNER, kindRange, trieNodeKey } from '../../../../src/storage/keys.ts'
import type { KvReader, KvStore } from '../../../../src/storage/kv.ts'
import { addresses, deepSlots } from './names.ts'
import { World } from './world.ts'

/** More than these names make, one node at a time. */
const MOST_SLICES = 10_000

export type Change =
  | { kind: 'pay'; address: Address; weiDelta: bigint }
  | { kind: 'slot'; address: Address; slot: Hash; value: bigint }
  | { kind: 'delete' | 'clear'; address: Address }
  | { kind: 'clone'; address: Address; from: Address }

const address = fc.constantFrom(...addresses)
/** Few values, so that a state comes back often. */
const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('pay' as const),
      address,
      weiDelta: fc.constantFrom(-1n, 0n, 1n),
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constant('slot' as const),
      address,
      slot: fc.constantFrom(...deepSlots),
      value: fc.constantFrom(0n, 1n, 1n << 255n),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('delete' as const, 'clear' as const), address }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('clone' as const), address, from: address }) },
)
/** Some blocks change nothing at all. */
export const changes = fc.array(change, { maxLength: 8, size: 'max' })

type PlainSlots = Map<Hash, bigint>
interface PlainAccount {
  balanceWei: bigint
  slots: PlainSlots
}
/** A whole state, in maps. */
export type Plain = Map<Address, PlainAccount>

function applyTo(state: Plain, each: Change): void {
  const account = state.get(each.address)
  switch (each.kind) {
    case 'pay': {
      const balanceWei = (account?.balanceWei ?? 0n) + each.weiDelta
      if (balanceWei >= 0n) state.set(each.address, { balanceWei, slots: account?.slots ?? new Map() })
      return
    }
    case 'slot':
      if (each.value === 0n) account?.slots.delete(each.slot)
      else account?.slots.set(each.slot, each.value)
      return
    case 'clear':
      account?.slots.clear()
      return
    case 'delete':
      state.delete(each.address)
      return
    case 'clone': {
      const source = state.get(each.from)
      if (source !== undefined) state.set(each.address, structuredClone(source))
    }
  }
}

function applyToJournal(journal: StateJournal, state: Plain, each: Change): void {
  if (each.kind === 'pay' || each.kind === 'clone') {
    const account = state.get(each.address)
    if (account === undefined) return
    journal.setAccount(each.address, {
      nonce: 1n,
      balanceWei: account.balanceWei,
      codeHash: EMPTY_CODE_HASH,
    })
    if (each.kind === 'pay') return
    journal.clearStorage(each.address)
    for (const [slot, value] of account.slots) journal.setStorage(each.address, slot, value)
  } else if (each.kind === 'slot') {
    if (state.has(each.address)) journal.setStorage(each.address, each.slot, each.value)
  } else if (each.kind === 'delete') {
    journal.deleteAccount(each.address)
  } else {
    journal.clearStorage(each.address)
  }
}

/** Keys of all nodes under a root, storage tries included; fails where one is missing or is not what its hash says. */
export function walkState(kv: KvReader, root: Hash): Set<string> {
  const keys = new Set<string>()
  const walk = (owner: Uint8Array, hash: Uint8Array, path: readonly number[]): void => {
    const key = trieNodeKey(owner, hash)
    const stored = kv.get(key)?.subarray(8)
    if (stored === undefined) throw new Error(`no node ${bytesToHex(hash)}`)
    if (bytesToHex(keccak256(stored)) !== bytesToHex(hash)) throw new Error(`not ${bytesToHex(hash)}`)
    keys.add(bytesToHex(key))
    const node = decodeTrieNode(stored)
    if (node.kind === 'branch') {
      for (const [nibble, child] of node.children.entries())
        if (isHash(child)) walk(owner, child, [...path, nibble])
    } else if (node.kind === 'extension') {
      if (isHash(node.child)) walk(owner, node.child, [...path, ...node.nibbles])
    } else if (owner === ACCOUNT_TRIE_OWNER) {
      const digits = [...path, ...node.nibbles].map((nibble) => nibble.toString(16)).join('')
      const { storageRoot } = decodeAccount(node.value)
      if (storageRoot !== EMPTY_TRIE_ROOT) walk(hexToBytes(`0x${digits}`), hexToBytes(storageRoot), [])
    }
  }
  if (root !== EMPTY_TRIE_ROOT) walk(ACCOUNT_TRIE_OWNER, hexToBytes(root), [])
  return keys
}

/** All that a root says about the names, in the form of the model. */
export function readPlain(kv: KvReader, root: Hash): Plain {
  const trie = new TrieState(kv, root)
  const state: Plain = new Map()
  for (const name of addresses) {
    const account = trie.account(name)
    const values = deepSlots.map((slot) => [slot, trie.storage(name, slot)] as const)
    const slots = new Map(values.filter(([, value]) => value !== 0n))
    if (account !== undefined) state.set(name, { balanceWei: account.balanceWei, slots })
    else if (slots.size > 0) throw new Error('storage without an account')
  }
  return state
}

export async function storedNodes(store: KvStore): Promise<Set<string>> {
  const keys = new Set<string>()
  for await (const [key] of store.iterate(kindRange('trieNode'))) keys.add(bytesToHex(key))
  return keys
}

/** States up to this height that a store claims to hold whole. */
export function wholeHeights(kv: KvReader, headHeight: number): number[] {
  const { next, held } = readProgress(kv)
  const early = held.filter(({ after }) => after === undefined).map(({ height }) => height)
  const from = next.after === undefined ? next.height : next.height + 1
  return [...early, ...Array.from({ length: headHeight - from + 1 }, (_, index) => from + index)]
}

/** Blocks on a store whose states a pruner keeps or drops; each block's state is kept in maps beside it. */
export class PrunedWorld {
  readonly store: KvStore
  readonly epochBlocks: number
  /** By height: the state in maps, and a reader that was opened when it was the newest. */
  readonly history: { root: Hash; state: Plain; reader: TrieState }[]
  readonly world: World
  readonly #pace: PrunePace | undefined
  #pruner: StatePruner | undefined

  constructor(store: KvStore, options: { epochBlocks: number; pace?: PrunePace }) {
    this.store = store
    this.world = new World(store)
    const reader = new TrieState(store, EMPTY_TRIE_ROOT)
    this.history = [{ root: EMPTY_TRIE_ROOT, state: new Map(), reader }]
    this.epochBlocks = options.epochBlocks
    this.#pace = options.pace
  }

  get pruner(): StatePruner {
    if (this.#pruner === undefined) throw new Error('not open')
    return this.#pruner
  }

  get height(): number {
    return this.world.height
  }

  /** As a node does at its start. */
  async open(keeping: Partial<StateKeeping> = {}, pace = this.#pace): Promise<void> {
    this.#pruner = await StatePruner.open(
      { keeping, epochBlocks: this.epochBlocks, ...(pace === undefined ? {} : { pace }) },
      {
        kv: this.store,
        logger: silentLogger,
        rootAt: (height) => this.history[height]!.root,
        inTurn: (work) => work(),
      },
    )
  }

  /** Goes on from the blocks of another one, whose store this one has. */
  follow(other: PrunedWorld): void {
    this.world.height = other.world.height
    this.world.root = other.world.root
    this.history.splice(0, this.history.length, ...other.history)
  }

  async block(each: readonly Change[]): Promise<void> {
    const state = structuredClone(this.history.at(-1)!.state)
    const journal = this.world.journal()
    for (const one of each) {
      applyTo(state, one)
      applyToJournal(journal, state, one)
    }
    const result = await this.world.compute(journal)
    await this.world.commit(result)
    const { root } = this.world
    this.history.push({ root, state, reader: new TrieState(this.store, root) })
    await this.prune(result.trieOps.length)
  }

  /** What follows a block; ends early where the process dies. */
  async prune(writtenNodes = 0): Promise<void> {
    this.pruner.advance(this.height, writtenNodes)
    const died = this.store instanceof FaultyStore ? [this.store.whenStopped()] : []
    await Promise.race([this.pruner.idle(), ...died])
  }

  /** Prunes until nothing is due any more. */
  async finish(): Promise<void> {
    for (let i = 0; i < MOST_SLICES; i++) {
      const before = readProgress(this.store)
      await this.prune()
      if (isDeepStrictEqual(readProgress(this.store), before)) return
    }
    throw new Error('pruning does not end')
  }

  /** States that the store claims to hold whole. */
  whole(): number[] {
    return wholeHeights(this.store, this.height)
  }

  /** States of the last `blocks` blocks, and of the last two ends of epochs. */
  kept(blocks: number): number[] {
    const lastEnd = this.height - (this.height % this.epochBlocks)
    return this.history.flatMap((_state, height) =>
      height > this.height - blocks || height === lastEnd || height === lastEnd - this.epochBlocks
        ? [height]
        : [],
    )
  }
}
