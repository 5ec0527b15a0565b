import type { ConsensusFiles, LogFile } from '../../../src/consensus/ports.ts'
import { NodeError } from '../../../src/errors/errors.ts'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import type { Prng } from './prng.ts'
import type { Life } from './simClock.ts'

interface StoredFile {
  bytes: Uint8Array
  /** Length that outlives a loss of power. */
  syncedLength: number
}

/** A node's disk. It outlives the node; what was written and not synced is at the mercy of how the node ended. */
export class SimDisk {
  readonly #files = new Map<string, StoredFile>()
  readonly #random: Prng

  constructor(random: Prng) {
    this.#random = random
  }

  /** The disk as one life of the node sees it; operations take time, so that a crash can come in between. */
  mount(life: Life): ConsensusFiles {
    return {
      openLog: async (name) => {
        await life.wait(0)
        if (!this.#files.has(name)) this.#files.set(name, { bytes: new Uint8Array(0), syncedLength: 0 })
        return this.#log(life, name)
      },
      read: async (name, maxBytes) => {
        await life.wait(0)
        const file = this.#files.get(name)
        return file === undefined ? null : bounded(file.bytes, maxBytes)
      },
      replace: async (name, bytes) => {
        await life.wait(this.#random.int(0, 3))
        this.#files.set(name, { bytes: bytes.slice(), syncedLength: bytes.length })
        await life.wait(this.#random.int(0, 2))
      },
    }
  }

  /** Power fails: of each unsynced tail a part is left, and the end of that part may be garbage. */
  losePower(): void {
    for (const file of this.#files.values()) {
      const unsynced = file.bytes.length - file.syncedLength
      if (unsynced === 0) continue
      const kept = this.#random.int(0, unsynced)
      const garbage = this.#random.int(0, Math.min(kept, 40))
      const intact = file.bytes.slice(0, file.syncedLength + kept - garbage)
      file.bytes = concatBytes(intact, this.#random.bytes(garbage))
      file.syncedLength = file.bytes.length
    }
  }

  /** Flips one bit of what is stored. */
  rot(name: string, offset: number): void {
    const file = this.#files.get(name)!
    file.bytes[offset] = file.bytes[offset]! ^ 1
  }

  contents(name: string): Uint8Array | undefined {
    return this.#files.get(name)?.bytes
  }

  #log(life: Life, name: string): LogFile {
    const file = () => this.#files.get(name)!
    return {
      read: async (maxBytes) => bounded(file().bytes, maxBytes),
      append: async (bytes) => {
        const before = file().bytes
        file().bytes = concatBytes(before, bytes)
      },
      sync: async () => {
        await life.wait(this.#random.int(0, 4))
        file().syncedLength = file().bytes.length
      },
      truncate: async (length) => {
        file().bytes = file().bytes.slice(0, length)
        file().syncedLength = Math.min(file().syncedLength, length)
      },
      close: async () => undefined,
    }
  }
}

function bounded(bytes: Uint8Array, maxBytes: number): Uint8Array {
  if (bytes.length > maxBytes) throw new NodeError('LIMIT_EXCEEDED', 'The file is too large.')
  return bytes.slice()
}
