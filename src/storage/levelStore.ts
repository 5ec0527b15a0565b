import { existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { Level } from 'level'
import { limits } from '../config/limits.ts'
import { messageOf, NodeError } from '../errors/errors.ts'
import type { KvEntry, KvOp, KvRange, KvSnapshot, KvStore } from './kv.ts'

type Database = Level<Uint8Array, Uint8Array>
type Snapshot = ReturnType<Database['snapshot']>

/**
 * Folders open in this thread. LevelDB's lock keeps other processes out, but with `multithreading` one process may
 * open a folder many times, which is meant for worker threads; two nodes in one thread are a mistake.
 */
const openFolders = new Set<string>()

/**
 * The store on disk: LevelDB in one folder, opened by one process. Worker threads of that process may open the same
 * folder to read. Two facts of the native library bind its users:
 * - the thread that opened a folder first closes it last, because its block cache serves all of them;
 * - nothing in the process may open and close the file LOCK (a copy of the folder, say): POSIX drops the lock of
 *   the whole process with the first such close.
 */
export class LevelStore implements KvStore {
  readonly folder: string
  readonly #db: Database
  #lastWrite: Promise<void> = Promise.resolve()

  private constructor(folder: string, db: Database) {
    this.folder = folder
    this.#db = db
  }

  /** Throws DATA_DIR_LOCKED, DATA_CORRUPT, or STORAGE_FAILED when the folder cannot be used at all. */
  static async open(path: string): Promise<LevelStore> {
    const folder = makeFolder(path)
    if (openFolders.has(folder)) throw lockedError(folder)
    openFolders.add(folder)
    try {
      if (hasLostManifest(folder)) throw corruptError(folder, 'its MANIFEST file is missing')
      // The constructor itself opens the folder soon after, so all options go there.
      const db: Database = new Level(folder, {
        keyEncoding: 'view',
        valueEncoding: 'view',
        multithreading: true,
        cacheSize: limits.levelCacheBytes,
        writeBufferSize: limits.levelWriteBufferBytes,
        maxFileSize: limits.levelFileBytes,
        maxOpenFiles: limits.levelOpenFiles,
      })
      await db.open()
      return new LevelStore(folder, db)
    } catch (error) {
      openFolders.delete(folder)
      throw storeError(folder, error)
    }
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return readSync(this.folder, this.#db, key, undefined)
  }

  async write(ops: readonly KvOp[], options: { readonly sync: boolean }): Promise<void> {
    try {
      // A chained batch copies each pair into native memory at once: five times faster than an array of operations,
      // and the caller may reuse its bytes.
      const batch = this.#db.batch()
      for (const op of ops) {
        if (op.type === 'put') batch.put(op.key, op.value)
        else batch.del(op.key)
      }
      // Native writes run on a pool of threads; the chain keeps them in the order of the calls.
      const written = this.#lastWrite.then(() => batch.write({ sync: options.sync }))
      this.#lastWrite = written.catch(() => undefined)
      await written
    } catch (error) {
      throw storeError(this.folder, error)
    }
  }

  iterate(range: KvRange): AsyncIterable<KvEntry> {
    return iterate(this.folder, this.#db, range, undefined)
  }

  snapshot(): KvSnapshot {
    const { folder } = this
    const db = this.#db
    let snapshot: Snapshot
    try {
      snapshot = db.snapshot()
    } catch (error) {
      throw storeError(folder, error)
    }
    return {
      get: (key) => readSync(folder, db, key, snapshot),
      iterate: (range) => iterate(folder, db, range, snapshot),
      close: () => snapshot.close(),
    }
  }

  /** Waits for the writes under way. */
  async close(): Promise<void> {
    await this.#lastWrite
    try {
      await this.#db.close()
    } catch (error) {
      throw storeError(this.folder, error)
    }
    openFolders.delete(this.folder)
  }
}

function readSync(
  folder: string,
  db: Database,
  key: Uint8Array,
  snapshot: Snapshot | undefined,
): Uint8Array | undefined {
  try {
    const value = snapshot === undefined ? db.getSync(key) : db.getSync(key, { snapshot })
    return value === undefined ? undefined : plain(value)
  } catch (error) {
    throw storeError(folder, error)
  }
}

async function* iterate(
  folder: string,
  db: Database,
  range: KvRange,
  snapshot: Snapshot | undefined,
): AsyncIterable<KvEntry> {
  const options = {
    gte: range.gte,
    lt: range.lt,
    reverse: range.reverse ?? false,
    limit: range.limit ?? -1,
    ...(snapshot === undefined ? {} : { snapshot }),
  }
  try {
    for await (const [key, value] of db.iterator(options)) yield [plain(key), plain(value)]
  } catch (error) {
    throw storeError(folder, error)
  }
}

/** The native library returns Buffers, whose `slice` does not copy as that of a Uint8Array does. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** One spelling for each folder, because the native library shares its handle by path. */
function makeFolder(path: string): string {
  try {
    mkdirSync(path, { recursive: true })
    return realpathSync(path)
  } catch (error) {
    throw new NodeError(
      'STORAGE_FAILED',
      `The data folder ${path} cannot be used: ${messageOf(error)}.`,
      { path },
      error,
    )
  }
}

/** LevelDB reports this kind of damage as an I/O error like any other. */
function hasLostManifest(folder: string): boolean {
  const current = join(folder, 'CURRENT')
  return existsSync(current) && !existsSync(join(folder, readFileSync(current, 'utf8').trim()))
}

function storeError(folder: string, error: unknown): Error {
  if (error instanceof NodeError || !(error instanceof Error)) return error as Error
  const code = codeOf(error.cause) ?? codeOf(error)
  const reason = error.cause instanceof Error ? error.cause : error
  if (code === 'LEVEL_LOCKED') return lockedError(folder, error)
  if (code === 'LEVEL_CORRUPTION') return corruptError(folder, messageOf(reason), error)
  return new NodeError(
    'STORAGE_FAILED',
    `The store ${folder} failed: ${messageOf(reason)}.`,
    { folder },
    error,
  )
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

function lockedError(folder: string, cause?: unknown): NodeError {
  return new NodeError(
    'DATA_DIR_LOCKED',
    `The data folder ${folder} is in use by a running node. Stop that node, or choose another folder.`,
    { folder },
    cause,
  )
}

function corruptError(folder: string, reason: string, cause?: unknown): NodeError {
  return new NodeError(
    'DATA_CORRUPT',
    `The data folder ${folder} is damaged (${reason}). Restore a copy, or sync again into an empty folder.`,
    { folder },
    cause,
  )
}
