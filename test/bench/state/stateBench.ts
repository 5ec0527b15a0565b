import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { invariant } from '../../../src/errors/errors.ts'
import { type Address, bytesToHex, type Hash } from '../../../src/primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak256 } from '../../../src/primitives/keccak.ts'
import { stateCommitOps } from '../../../src/state/commitOps.ts'
import { FlatState } from '../../../src/state/flatState.ts'
import { StateJournal } from '../../../src/state/stateJournal.ts'
import { computeStateRoot } from '../../../src/state/stateRoot.ts'
import { TrieState } from '../../../src/state/trieState.ts'
import type { StateReader } from '../../../src/state/types.ts'
import { LevelStore } from '../../../src/storage/levelStore.ts'
import { reportDiskUse } from './diskUse.ts'

// What the state costs on disk with 20,000 accounts and a contract of 20,000 slots, and what the data folder grows by:
//   ./scripts/bench state [--blocks 1000]
const ACCOUNTS = 20_000
const CHANGES = 1_000
const READS = 20_000

const numbered = (i: number) => keccak256(Uint8Array.of(i >> 16, i >> 8, i))
const names: readonly Address[] = Array.from({ length: ACCOUNTS }, (_, i) =>
  bytesToHex(numbered(i).subarray(12)),
)
const keys: readonly Hash[] = Array.from({ length: ACCOUNTS }, (_, i) => bytesToHex(numbered(i)))
const contract: Address = `0x${'c0'.repeat(20)}`
const say = (text: string) => process.stdout.write(`${text}\n`)

class Chain {
  readonly store: LevelStore
  root: Hash = EMPTY_TRIE_ROOT
  height = 0

  constructor(store: LevelStore) {
    this.store = store
  }

  /** Makes and commits a block; returns the milliseconds of its root and of its write. */
  async block(
    change: (journal: StateJournal) => void,
  ): Promise<{ rootMs: number; writeMs: number; ops: number }> {
    const journal = new StateJournal(new FlatState(this.store))
    change(journal)
    this.height++
    const start = performance.now()
    const result = await computeStateRoot(this.store, this.root, journal.diff(), this.height)
    const computed = performance.now()
    const ops = await stateCommitOps(this.store, result)
    await this.store.write(ops, { sync: true })
    this.root = result.stateRoot
    return { rootMs: computed - start, writeMs: performance.now() - computed, ops: ops.length }
  }
}

/** Median of five runs. */
async function median(run: (round: number) => Promise<number> | number): Promise<number> {
  const runs: number[] = []
  for (let round = 0; round < 5; round++) runs.push(await run(round))
  return runs.sort((a, b) => a - b)[2] ?? Number.NaN
}

async function reportReads(name: string, newState: () => StateReader): Promise<void> {
  const nsPerRead = (read: (state: StateReader, i: number) => unknown) =>
    median(() => {
      const state = newState()
      const start = performance.now()
      for (let i = 0; i < READS; i++)
        invariant(read(state, (i * 7919) % ACCOUNTS) !== undefined, 'All are there.')
      return ((performance.now() - start) * 1e6) / READS
    })
  const account = await nsPerRead((state, i) => state.account(names[i] ?? contract))
  const slot = await nsPerRead((state, i) => state.storage(contract, keys[i] ?? EMPTY_TRIE_ROOT) || undefined)
  say(
    `${name.padEnd(32)} ${account.toFixed(0).padStart(8)} ns/account ${slot.toFixed(0).padStart(8)} ns/slot`,
  )
}

async function reportBlocks(
  chain: Chain,
  name: string,
  change: (journal: StateJournal, i: number) => void,
): Promise<void> {
  const writes: number[] = []
  let ops = 0
  const rootMs = await median(async (round) => {
    const made = await chain.block((journal) => {
      for (let i = 0; i < CHANGES; i++) change(journal, (i * 17 + round * 5_003) % ACCOUNTS)
    })
    writes.push(made.writeMs)
    ops = made.ops
    return made.rootMs
  })
  const writeMs = writes.sort((a, b) => a - b)[2] ?? Number.NaN
  say(
    `${name.padEnd(32)} ${rootMs.toFixed(1).padStart(8)} ms root ${writeMs.toFixed(1).padStart(8)} ms write of ${ops} ops`,
  )
}

async function main(folder: string): Promise<void> {
  const store = await LevelStore.open(folder)
  const chain = new Chain(store)
  const built = await chain.block((journal) => {
    for (const [i, name] of names.entries()) {
      journal.setAccount(name, { nonce: 1n, balanceWei: BigInt(i), codeHash: EMPTY_CODE_HASH })
    }
    journal.setAccount(contract, { nonce: 1n, balanceWei: 0n, codeHash: EMPTY_CODE_HASH })
    for (const [i, key] of keys.entries()) journal.setStorage(contract, key, BigInt(i + 1) << 100n)
  })
  say(
    `first block: ${built.rootMs.toFixed(0)} ms root, ${built.writeMs.toFixed(0)} ms write of ${built.ops} ops`,
  )

  await reportReads('flat', () => new FlatState(store))
  await reportReads('journal over flat, first read', () => new StateJournal(new FlatState(store)))
  const journal = new StateJournal(new FlatState(store))
  for (const [i, name] of names.entries()) {
    journal.account(name)
    journal.storage(contract, keys[i] ?? EMPTY_TRIE_ROOT)
  }
  await reportReads('journal over flat, read again', () => journal)
  await reportReads('trie at a root', () => new TrieState(store, chain.root))

  await reportBlocks(chain, `${CHANGES} changed accounts`, (next, i) => {
    const name = names[i] ?? contract
    next.setAccount(name, {
      nonce: BigInt(chain.height + 2),
      balanceWei: BigInt(i),
      codeHash: EMPTY_CODE_HASH,
    })
  })
  await reportBlocks(chain, `${CHANGES} changed slots`, (next, i) => {
    next.setStorage(contract, keys[i] ?? EMPTY_TRIE_ROOT, BigInt(i + chain.height + 2))
  })
  await store.close()
}

const { values } = parseArgs({ options: { blocks: { type: 'string', default: '1000' } } })
const folder = mkdtempSync(join(tmpdir(), 'openledger-bench-'))
try {
  await main(folder)
} finally {
  rmSync(folder, { recursive: true })
}
await reportDiskUse(Number(values.blocks))
