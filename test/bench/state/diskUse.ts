import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Level } from 'level'
import type { GenesisInput } from '../../../src/chainspec/schema.ts'
import { invariant } from '../../../src/errors/errors.ts'
import { type Address, bytesToHex, type Hash } from '../../../src/primitives/hex.ts'
import { keccak256 } from '../../../src/primitives/keccak.ts'
import type { StateMode } from '../../../src/state/pruneProgress.ts'
import { type KeyKind, kindRange } from '../../../src/storage/keys.ts'
import type { KvStore } from '../../../src/storage/kv.ts'
import { LevelStore } from '../../../src/storage/levelStore.ts'
import { accounts, devnetGenesis, TestChain, VALIDATORS } from '../../support/chain.ts'

const TRANSFERS = 100
const WRITES = 20
/** Accounts that are paid and slots that are written, all of them there from the start. */
const NAMES = 10_000
const KINDS: readonly KeyKind[] = ['trieNode', 'account', 'slot', 'block', 'receipts', 'transaction']

const say = (text: string) => process.stdout.write(`${text}\n`)
const numbered = (i: number) => keccak256(Uint8Array.of(9, i >> 8, i))
const payees: readonly Address[] = Array.from({ length: NAMES }, (_, i) =>
  bytesToHex(numbered(i).subarray(12)),
)
const slots: readonly Hash[] = Array.from({ length: NAMES }, (_, i) => bytesToHex(numbered(i)))
/** Writes its second word to the slot of its first. */
const book: Address = `0x${'b0'.repeat(20)}`
const BOOK_CODE = '0x602035600035550000' as const

/** The devnet with all names in its first block. */
function fullGenesis(): GenesisInput {
  const genesis = devnetGenesis()
  const paid = Object.fromEntries(payees.map((payee) => [payee, { balanceWei: '1' }]))
  const storage = Object.fromEntries(slots.map((slot) => [slot, `0x${'0'.repeat(63)}1` as const]))
  return {
    ...genesis,
    accounts: { ...genesis.accounts, ...paid },
    alloc: { ...genesis.alloc, [book]: { nonce: 1, code: BOOK_CODE, storage } },
  }
}

/** Transactions of the n-th block: payees and slots come in an order that looks random and is the same in every run. */
function transactionsOf(test: TestChain, height: number) {
  const sender = (i: number) => accounts[i % accounts.length] ?? noAccount()
  const pick = (i: number) => (height * 7_919 + i * 104_729) % NAMES
  const transfers = Array.from({ length: TRANSFERS }, (_, i) =>
    test.transaction(sender(i), { to: payees[pick(i)] ?? book, value: 1n, gasLimit: 21_000n }),
  )
  const writes = Array.from({ length: WRITES }, (_, i) => {
    const value = (height * WRITES + i + 2).toString(16).padStart(64, '0')
    const data = `${slots[pick(i)] ?? '0x'}${value}` as const
    return test.transaction(sender(i), { to: book, data, gasLimit: 100_000n })
  })
  return [...transfers, ...writes]
}

function noAccount(): never {
  throw new Error('There are known accounts.')
}

interface Use {
  readonly folderBytes: number
  /** Keys and values, before the store compresses them. */
  readonly byKind: ReadonlyMap<KeyKind, { entries: number; bytes: number }>
}

/** The classic form of `level`, which has it, is what Node gets. */
interface Compacting {
  compactRange(start: Uint8Array, end: Uint8Array, options: { keyEncoding: 'view' }): Promise<void>
}

async function useOf(folder: string): Promise<Use> {
  const level = new Level<Uint8Array, Uint8Array>(folder, { keyEncoding: 'view', valueEncoding: 'view' })
  await level.open()
  const compacting = level as unknown as Compacting
  await compacting.compactRange(Uint8Array.of(0), Uint8Array.of(0xff), { keyEncoding: 'view' })
  await level.close()
  const folderBytes = sizeOf(folder)
  const store = await LevelStore.open(folder)
  const byKind = new Map<KeyKind, { entries: number; bytes: number }>()
  for (const kind of KINDS) byKind.set(kind, await countKind(store, kind))
  await store.close()
  return { folderBytes, byKind }
}

async function countKind(store: KvStore, kind: KeyKind): Promise<{ entries: number; bytes: number }> {
  let entries = 0
  let bytes = 0
  for await (const [key, value] of store.iterate(kindRange(kind))) {
    entries++
    bytes += key.length + value.length
  }
  return { entries, bytes }
}

const sizeOf = (folder: string) =>
  readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`

function quantile(values: readonly number[], q: number): string {
  const sorted = [...values].sort((a, b) => a - b)
  return `${(sorted[Math.floor((sorted.length - 1) * q)] ?? Number.NaN).toFixed(1)} ms`
}

async function measure(mode: StateMode, blocks: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'openledger-bench-'))
  try {
    const genesis = fullGenesis()
    const first = await LevelStore.open(folder)
    await TestChain.open({ kv: first, genesis, keeping: { mode } })
    await first.close()
    const before = await useOf(folder)

    const store = await LevelStore.open(folder)
    const test = await TestChain.open({ kv: store, genesis })
    const commitMs: number[] = []
    const pruneMs: number[] = []
    for (let height = 1; height <= blocks; height++) {
      const candidate = await test.build(transactionsOf(test, height), height % VALIDATORS)
      invariant(candidate.receipts.length === TRANSFERS + WRITES, 'Every transaction is included.')
      const certificate = test.certificate(candidate)
      const start = performance.now()
      await test.chain.commit(candidate.envelope, certificate)
      const committed = performance.now()
      await test.chain.idle()
      commitMs.push(committed - start)
      pruneMs.push(performance.now() - committed)
    }
    await store.close()
    const leftBytes = sizeOf(folder)
    report(mode, { before, after: await useOf(folder), leftBytes, commitMs, pruneMs })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

interface Measured {
  readonly before: Use
  readonly after: Use
  /** The folder as the node leaves it. */
  readonly leftBytes: number
  readonly commitMs: readonly number[]
  readonly pruneMs: readonly number[]
}

function report(mode: StateMode, { before, after, leftBytes, commitMs, pruneMs }: Measured): void {
  say(
    `${mode}: folder ${megabytes(before.folderBytes)} → ${megabytes(after.folderBytes)} (${megabytes(leftBytes)} before ` +
      `compaction), +${megabytes(after.folderBytes - before.folderBytes)}`,
  )
  for (const kind of KINDS) {
    const [old, now] = [before.byKind.get(kind), after.byKind.get(kind)]
    if (old === undefined || now === undefined) continue
    say(
      `  ${kind.padEnd(12)} ${String(now.entries).padStart(9)} entries ${megabytes(now.bytes).padStart(10)}, ` +
        `+${megabytes(now.bytes - old.bytes)}`,
    )
  }
  const [commit, prune] = [commitMs, pruneMs].map(
    (ms) => `${quantile(ms, 0.5)}, ${quantile(ms, 0.99)} at p99`,
  )
  say(`  commit ${commit}; pruning after it ${prune}`)
}

/** What the data folder grows by, in both modes, over blocks of transfers and of writes to one contract. */
export async function reportDiskUse(blocks: number): Promise<void> {
  say(`${blocks} blocks of ${TRANSFERS} transfers and ${WRITES} contract writes, among ${NAMES} of each:`)
  for (const mode of ['archive', 'pruned'] as const) await measure(mode, blocks)
}
