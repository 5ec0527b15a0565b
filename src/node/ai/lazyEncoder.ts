import { type Encoder, openEncoder } from '../../ai/engine/engine.ts'
import { ensureBaseModel } from '../../ai/models/modelFolder.ts'
import type { Clock } from '../../runtime/clock.ts'

/** Opens the encoder's thread at the first use: a validator without audits never pays for one. */
export class LazyEncoder {
  readonly #modelFolder: string
  readonly #clock: Clock
  #opening: Promise<Encoder> | undefined

  constructor(options: { modelFolder: string }, modules: { clock: Clock }) {
    this.#modelFolder = options.modelFolder
    this.#clock = modules.clock
  }

  get(): Promise<Encoder> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  async close(): Promise<void> {
    const encoder = await this.#opening?.catch(() => undefined)
    await encoder?.close()
  }

  async #open(): Promise<Encoder> {
    ensureBaseModel(this.#modelFolder)
    return openEncoder({ modelFolder: this.#modelFolder }, { clock: this.#clock })
  }
}
