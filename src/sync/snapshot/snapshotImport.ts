import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import { keccakHex } from '../../primitives/keccak.ts'
import { type ImportedChunk, importAccounts, importSlots } from '../../state/snapshot/chunkImport.ts'
import { codeKey, type KeyKind, kindRange, workRecordRange } from '../../storage/keys.ts'
import type { KvOp, KvRange, KvStore } from '../../storage/kv.ts'
import {
  type Chunk,
  decodeAccountChunk,
  decodeCodes,
  decodeSlotChunk,
  type SnapshotRequest,
} from './codec.ts'
import {
  deleteTarget,
  deleteTask,
  putTarget,
  putTask,
  readTarget,
  readTasks,
  type SnapshotTarget,
  type SnapshotTask,
  taskName,
} from './tasks.ts'

/** What goes to one peer in one request: one part, or several codes. */
export type Assignment = readonly [SnapshotTask, ...SnapshotTask[]]

export interface ImportCounts {
  chunks: number
  bytes: number
  accounts: number
  slots: number
  codes: number
}

/** Kinds of keys that an unfinished snapshot has written. */
const WRITTEN: readonly KeyKind[] = ['account', 'slot', 'code', 'trieNode', 'preimage']

/**
 * A state on its way into an empty store. All that is still missing stands in the store as tasks: each chunk that was
 * proven is written together with the end of its task and the tasks that it gives rise to, so an import that is cut
 * off anywhere goes on from there.
 */
export class SnapshotImport {
  readonly target: SnapshotTarget
  readonly counts: ImportCounts = { chunks: 0, bytes: 0, accounts: 0, slots: 0, codes: 0 }
  readonly #kv: KvStore
  readonly #open = new Map<string, SnapshotTask>()
  /** Taken from the end, so that a part is finished before the next one is split: few are open at a time. */
  readonly #ready: SnapshotTask[] = []
  readonly #readyCodes: SnapshotTask[] = []

  private constructor(target: SnapshotTarget, kv: KvStore) {
    this.target = target
    this.#kv = kv
  }

  /** Goes on with what the store holds, or begins with this target. */
  static async begin(target: SnapshotTarget, kv: KvStore): Promise<SnapshotImport> {
    const found = readTarget(kv)
    const isSame = found?.blockHash === target.blockHash && found.stateRoot === target.stateRoot
    if (found !== undefined && !isSame) await discardSnapshot(kv)
    const it = new SnapshotImport(target, kv)
    if (isSame) {
      for (const task of await readTasks(kv)) it.#add(task)
      return it
    }
    const first: SnapshotTask = { kind: 'accounts', prefix: [] }
    await kv.write([putTarget(target), putTask(first)], { sync: true })
    it.#add(first)
    return it
  }

  get isDone(): boolean {
    return this.#open.size === 0
  }

  get openTasks(): number {
    return this.#open.size
  }

  /** The part of the accounts that is there, from 0 to 1; large storages and codes come on top. */
  get share(): number {
    let missing = 0
    for (const task of this.#open.values()) if (task.kind === 'accounts') missing += 16 ** -task.prefix.length
    return 1 - missing
  }

  /** The next part that nobody was asked for; undefined while all are under way. */
  take(): Assignment | undefined {
    const isTurnOfCodes = this.#readyCodes.length >= limits.snapshotCodes || this.#ready.length === 0
    if (!isTurnOfCodes) {
      const task = this.#ready.pop()
      return task && [task]
    }
    const [first, ...others] = this.#readyCodes.splice(0, limits.snapshotCodes)
    return first && [first, ...others]
  }

  /** Gives back what a peer did not bring. */
  release(assignment: Assignment): void {
    for (const task of assignment) if (this.#open.has(taskName(task))) this.#makeReady(task)
  }

  requestFor([first, ...others]: Assignment): SnapshotRequest {
    switch (first.kind) {
      case 'accounts':
        return { kind: 'accounts', stateRoot: this.target.stateRoot, prefix: first.prefix }
      case 'slots':
        return first
      case 'code':
        return {
          kind: 'codes',
          hashes: [first, ...others].flatMap((task) => (task.kind === 'code' ? [task.codeHash] : [])),
        }
    }
  }

  /** Proves an answer and writes it. Whatever is wrong with the bytes is thrown before anything is written. */
  async accept(assignment: Assignment, answer: Uint8Array): Promise<void> {
    const [first] = assignment
    const ops = first.kind === 'code' ? this.#codes(assignment, answer) : this.#chunk(first, answer)
    await this.#kv.write(ops.writes, { sync: false })
    for (const task of ops.done) this.#open.delete(taskName(task))
    this.release(assignment)
    for (const task of ops.added) this.#add(task)
    this.counts.chunks += 1
    this.counts.bytes += answer.length
  }

  #add(task: SnapshotTask): void {
    this.#open.set(taskName(task), task)
    this.#makeReady(task)
  }

  #makeReady(task: SnapshotTask): void {
    if (task.kind === 'code') this.#readyCodes.push(task)
    else this.#ready.push(task)
  }

  #chunk(task: Exclude<SnapshotTask, { kind: 'code' }>, answer: Uint8Array) {
    const { stateRoot, height } = this.target
    let imported: ImportedChunk
    if (task.kind === 'accounts') {
      const chunk = toState(decodeAccountChunk(answer))
      imported = importAccounts({ stateRoot, prefix: task.prefix, height }, chunk)
      this.counts.accounts += chunk.items?.length ?? 0
      this.counts.slots += chunk.items?.reduce((sum, { slots }) => sum + slots.length, 0) ?? 0
    } else {
      const chunk = toState(decodeSlotChunk(answer))
      imported = importSlots({ ...task, height }, chunk)
      this.counts.slots += chunk.items?.length ?? 0
    }
    const added: SnapshotTask[] = [
      ...imported.prefixes.map((prefix) => ({ ...task, prefix })),
      ...imported.storages.map((storage) => ({ kind: 'slots' as const, ...storage, prefix: [] })),
      // a code that several accounts have is fetched once
      ...[...new Set(imported.codes)]
        .filter((codeHash) => this.#kv.get(codeKey(codeHash)) === undefined)
        .filter((codeHash) => !this.#open.has(taskName({ kind: 'code', codeHash })))
        .map((codeHash) => ({ kind: 'code' as const, codeHash })),
    ]
    return { writes: [...imported.ops, deleteTask(task), ...added.map(putTask)], done: [task], added }
  }

  #codes(assignment: Assignment, answer: Uint8Array) {
    const codes = decodeCodes(answer)
    if (codes.length === 0 || codes.length > assignment.length) {
      throw new NodeError('BAD_PROOF', 'There are no codes, or more than were asked for.')
    }
    const writes: KvOp[] = []
    const done: SnapshotTask[] = []
    for (const [index, code] of codes.entries()) {
      const task = assignment[index]
      if (task?.kind !== 'code' || keccakHex(code) !== task.codeHash) {
        throw new NodeError('BAD_PROOF', 'A code is not the one that was asked for.')
      }
      writes.push({ type: 'put', key: codeKey(task.codeHash), value: code }, deleteTask(task))
      done.push(task)
    }
    this.counts.codes += codes.length
    return { writes, done, added: [] }
  }
}

/** Removes what an unfinished snapshot has written; the mark that there is one goes last. */
export async function discardSnapshot(kv: KvStore): Promise<void> {
  for (const kind of WRITTEN) await deleteRange(kv, kindRange(kind))
  for (const task of await readTasks(kv)) await kv.write([deleteTask(task)], { sync: false })
  await kv.write([deleteTarget], { sync: true })
  await deleteRange(kv, workRecordRange('snapshot'))
}

async function deleteRange(kv: KvStore, range: KvRange): Promise<void> {
  for (;;) {
    const ops: KvOp[] = []
    for await (const [key] of kv.iterate({ ...range, limit: limits.snapshotDeletions }))
      ops.push({ type: 'del', key })
    if (ops.length === 0) return
    await kv.write(ops, { sync: false })
  }
}

function toState<T>({ proof, isSplit, items }: Chunk<T>) {
  if (isSplit && items.length > 0) throw new NodeError('BAD_PROOF', 'A part that is too large has no items.')
  return { proof, items: isSplit ? undefined : items }
}
