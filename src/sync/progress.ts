import { limits } from '../config/limits.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'

/** Tells the log from time to time how fast sync is and how long it will take. */
export class Progress {
  readonly #clock: Clock
  readonly #logger: Logger
  #height: number
  #atMs: number

  constructor(modules: { clock: Clock; logger: Logger }, startHeight: number) {
    this.#clock = modules.clock
    this.#logger = modules.logger
    this.#height = startHeight
    this.#atMs = modules.clock.nowMs()
  }

  reached(height: number, targetHeight: number): void {
    const elapsedMs = this.#clock.nowMs() - this.#atMs
    if (elapsedMs < limits.syncProgressMs) return
    const blocksPerSecond = ((height - this.#height) * 1_000) / elapsedMs
    const left = Math.max(0, targetHeight - height)
    this.#logger.info(
      {
        height,
        targetHeight,
        blocksPerSecond: Number(blocksPerSecond.toFixed(1)),
        etaSeconds: blocksPerSecond === 0 ? null : Math.ceil(left / blocksPerSecond),
      },
      'syncing',
    )
    this.#height = height
    this.#atMs = this.#clock.nowMs()
  }
}
