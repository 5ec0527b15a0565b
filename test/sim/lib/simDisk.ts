import type { ConsensusFiles, LogFile } from '../../../src/consensus/ports.ts'
import { NodeError } from '../../../src/errors/errors.ts'
import { concatBytes, EMPTY_BYTES } from '../../../src/primitives/bytes.ts'
import type { Prng } from './prng.ts'
import { type Life, never } from './simClock.ts'

interface StoredFile {
  /** What was appended, piece by piece: files are written far more often than read. */
  pieces: Uint8Array[]
  length: number
  /** Length that outlives a loss of power. */
  syncedLength: number
  /** Of a disk that lies: what a loss of power brings back in place of this file. */
  onDisk: StoredFile | null
}

/** Where in an operation the process ends: nothing of it was done, a part, or all but its caller never hears. */
export type CrashPoint = 'before' | 'during' | 'after'

export interface CrashPlan {
  /** The n-th operation from now on, counted from 1. */
  operations: number
  readonly at: CrashPoint
}

/** Faults that an honest disk does not have, to see whether the simulator finds them. */
export interface DiskLies {
  /** A sync says that it is done, and nothing is on disk. */
  readonly ignoresSync?: boolean
  /** This file is empty after every start. */
  readonly forgets?: string
}

/** A node's disk. It outlives the node; what was written and not synced is at the mercy of how the node ended. */
export class SimDisk {
  readonly #files = new Map<string, StoredFile>()
  readonly #random: Prng
  readonly #lies: DiskLies
  #plan: CrashPlan | null = null
  #onCrash: () => void = () => undefined

  constructor(random: Prng, lies: DiskLies = {}) {
    this.#random = random
    this.#lies = lies
  }

  /** Ends the process in one of the next operations; `onCrash` has to kill it. */
  crashAt(plan: CrashPlan, onCrash: () => void): void {
    this.#plan = { ...plan }
    this.#onCrash = onCrash
  }

  /** The disk as one life of the node sees it; operations take time, so that a crash can also come in between. */
  mount(life: Life): ConsensusFiles {
    const { forgets } = this.#lies
    if (forgets !== undefined) this.#files.delete(forgets)
    return {
      openLog: (name) =>
        this.operate(life, () => {
          if (!this.#files.has(name)) this.#files.set(name, emptyFile())
          return this.#log(life, name)
        }),
      read: (name, maxBytes) =>
        this.operate(life, () => {
          const file = this.#files.get(name)
          return file === undefined ? null : contentOf(file, maxBytes)
        }),
      // A rename: a part of it is all of it or nothing.
      replace: (name, bytes) =>
        this.operate(
          life,
          () => this.#replace(name, bytes),
          () => (this.#random.chance(0.5) ? this.#replace(name, bytes) : undefined),
          this.#random.int(0, 3),
        ),
    }
  }

  /** One operation of this node's storage, whatever it stores: the process may end before, in and after it. */
  operate<T>(life: Life, apply: () => T, applyPart: () => void = () => undefined, delayMs = 0): Promise<T> {
    if (!life.isAlive) return never()
    if (delayMs > 0) return life.wait(delayMs).then(() => this.#perform(apply, applyPart))
    return this.#perform(apply, applyPart)
  }

  async #perform<T>(apply: () => T, applyPart: () => void): Promise<T> {
    const at = this.nextPoint()
    if (at === 'before') return this.#crash()
    if (at === 'during') {
      applyPart()
      return this.#crash()
    }
    const result = apply()
    return at === 'after' ? this.#crash() : result
  }

  /** Power fails: of each unsynced tail a part is left, and the end of that part may be garbage. */
  losePower(): void {
    for (const [name, { onDisk }] of this.#files) if (onDisk !== null) this.#files.set(name, onDisk)
    for (const file of this.#files.values()) {
      const unsynced = file.length - file.syncedLength
      if (unsynced <= 0) continue
      const kept = this.#random.int(0, unsynced)
      const garbage = this.#random.int(0, Math.min(kept, 40))
      const intact = bytesOf(file).subarray(0, file.syncedLength + kept - garbage)
      setBytes(file, concatBytes(intact, this.#random.bytes(garbage)))
      file.syncedLength = file.length
    }
  }

  /** Flips one bit of what is stored. */
  rot(name: string, offset: number): void {
    const file = this.#files.get(name)!
    const bytes = bytesOf(file).slice()
    bytes[offset] = bytes[offset]! ^ 1
    setBytes(file, bytes)
  }

  contents(name: string): Uint8Array | undefined {
    const file = this.#files.get(name)
    return file === undefined ? undefined : bytesOf(file).slice()
  }

  #replace(name: string, bytes: Uint8Array): void {
    const { length } = bytes
    const before = this.#files.get(name) ?? null
    const onDisk = this.#lies.ignoresSync === true ? (before?.onDisk ?? before) : null
    this.#files.set(name, { pieces: [bytes.slice()], length, syncedLength: length, onDisk })
  }

  /** Counts one operation; where in it the process ends, if it does. */
  nextPoint(): CrashPoint | null {
    if (this.#plan === null || --this.#plan.operations > 0) return null
    const { at } = this.#plan
    this.#plan = null
    return at
  }

  #crash(): Promise<never> {
    this.#onCrash()
    return never()
  }

  #log(life: Life, name: string): LogFile {
    const file = () => this.#files.get(name)!
    return {
      read: (maxBytes) => this.operate(life, () => contentOf(file(), maxBytes)),
      append: (bytes) =>
        this.operate(
          life,
          () => append(file(), bytes),
          () => append(file(), bytes.subarray(0, this.#random.int(0, bytes.length))),
        ),
      sync: () =>
        this.operate(
          life,
          () => {
            if (this.#lies.ignoresSync !== true) file().syncedLength = file().length
          },
          () => {
            const { syncedLength, length } = file()
            file().syncedLength = this.#random.int(syncedLength, length)
          },
          this.#random.int(0, 3),
        ),
      truncate: (length) =>
        this.operate(life, () => {
          const stored = file()
          setBytes(stored, bytesOf(stored).slice(0, length))
          stored.syncedLength = Math.min(stored.syncedLength, length)
        }),
      close: async () => undefined,
    }
  }
}

function emptyFile(): StoredFile {
  return { pieces: [], length: 0, syncedLength: 0, onDisk: null }
}

function append(file: StoredFile, bytes: Uint8Array): void {
  file.pieces.push(bytes)
  file.length += bytes.length
}

function bytesOf(file: StoredFile): Uint8Array {
  if (file.pieces.length !== 1) file.pieces = [concatBytes(...file.pieces)]
  return file.pieces[0] ?? EMPTY_BYTES
}

function setBytes(file: StoredFile, bytes: Uint8Array): void {
  file.pieces = [bytes]
  file.length = bytes.length
}

function contentOf(file: StoredFile, maxBytes: number): Uint8Array {
  if (file.length > maxBytes) throw new NodeError('LIMIT_EXCEEDED', 'The file is too large.')
  return bytesOf(file).slice()
}
