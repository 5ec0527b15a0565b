import type { ConsensusFiles, LogFile } from '../../../src/consensus/ports.ts'
import { concatBytes } from '../../../src/primitives/bytes.ts'

/** Files in memory, with a record of what was done to them and a switch that makes writes fail. */
export class MemoryFiles implements ConsensusFiles {
  readonly contents = new Map<string, Uint8Array>()
  readonly done: string[] = []
  failWrites = false

  async openLog(name: string): Promise<LogFile> {
    if (!this.contents.has(name)) this.contents.set(name, new Uint8Array(0))
    const get = () => this.contents.get(name)!
    return {
      read: async () => get().slice(),
      append: async (bytes) => {
        this.#note('append')
        this.contents.set(name, concatBytes(get(), bytes))
      },
      sync: async () => this.#note('sync'),
      truncate: async (length) => {
        this.#note('truncate')
        this.contents.set(name, get().slice(0, length))
      },
      close: async () => undefined,
    }
  }

  async read(name: string): Promise<Uint8Array | null> {
    return this.contents.get(name)?.slice() ?? null
  }

  async replace(name: string, bytes: Uint8Array): Promise<void> {
    this.#note('replace')
    this.contents.set(name, bytes.slice())
  }

  #note(what: string): void {
    if (this.failWrites) throw new Error('the disk is gone')
    this.done.push(what)
  }
}
