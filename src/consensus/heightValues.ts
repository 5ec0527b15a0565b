import { limits } from '../config/limits.ts'
import type { Hash } from '../primitives/hex.ts'
import type { Logger } from '../runtime/logger.ts'
import type { HeightDriver } from './core/driver.ts'
import type { WriteAheadLog } from './wal.ts'

/** Envelopes of one height, by block hash, in memory and in the log. */
export class HeightValues {
  readonly #max: number
  readonly #envelopes = new Map<Hash, Uint8Array>()
  readonly #logged = new Set<Hash>()

  constructor(max: number) {
    this.#max = max
  }

  get(blockHash: Hash): Uint8Array | undefined {
    return this.#envelopes.get(blockHash)
  }

  has(blockHash: Hash): boolean {
    return this.#envelopes.has(blockHash)
  }

  hashes(): Hash[] {
    return [...this.#envelopes.keys()]
  }

  /** When full, the oldest that is not `needed` makes room. */
  put(blockHash: Hash, envelope: Uint8Array, needed: ReadonlySet<Hash>): void {
    this.#envelopes.set(blockHash, envelope)
    for (const old of this.#envelopes.keys()) {
      if (this.#envelopes.size <= this.#max) return
      if (old !== blockHash && !needed.has(old)) this.#envelopes.delete(old)
    }
  }

  /** Read back from the log. */
  restore(blockHash: Hash, envelope: Uint8Array): void {
    this.#envelopes.set(blockHash, envelope)
    this.#logged.add(blockHash)
  }

  /**
   * Writes the value to the log, once, unsynced: what follows syncs it. Half of the log is left to messages, which
   * are small, so that it stays readable after any number of rounds.
   */
  async log(blockHash: Hash, wal: WriteAheadLog, logger: Logger): Promise<void> {
    const envelope = this.#envelopes.get(blockHash)
    if (envelope === undefined || this.#logged.has(blockHash)) return
    if (wal.length + envelope.length > limits.walBytes / 2) {
      logger.warn({ blockHash }, 'the consensus log is full; the block is kept in memory only')
      return
    }
    this.#logged.add(blockHash)
    await wal.append({ kind: 'value', blockHash, envelope }, false)
  }
}

/** Values that the height may still end with. */
export function neededValues(driver: HeightDriver): Set<Hash> {
  const { locked, valid, round } = driver.state
  const needed = new Set(driver.awaitedValues())
  for (const blockHash of [locked?.blockHash, valid?.blockHash, driver.proposals.at(round)?.blockHash]) {
    if (blockHash !== undefined) needed.add(blockHash)
  }
  return needed
}
