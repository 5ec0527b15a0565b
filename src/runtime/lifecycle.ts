import { messageOf } from '../errors/errors.ts'
import type { Logger } from './logger.ts'

/** A part of the node that runs. `start` resolves when it works; `stop` when nothing of it is left. */
export interface Service {
  readonly name: string
  start(): Promise<void>
  stop(): Promise<void>
}

/** Starts services in order and stops those that started in reverse order. */
export class ServiceGroup implements Service {
  readonly name: string
  readonly #services: readonly Service[]
  readonly #logger: Logger
  #started: Service[] = []

  constructor(name: string, services: readonly Service[], logger: Logger) {
    this.name = name
    this.#services = services
    this.#logger = logger
  }

  async start(): Promise<void> {
    for (const service of this.#services) {
      try {
        await service.start()
        this.#started.push(service)
      } catch (error) {
        await this.stop()
        throw error
      }
    }
  }

  async stop(): Promise<void> {
    for (const service of this.#started.splice(0).reverse()) {
      try {
        await service.stop()
      } catch (error) {
        this.#logger.error({ service: service.name, error: messageOf(error) }, 'service did not stop cleanly')
      }
    }
  }
}
