import { messageOf } from '../errors/errors.ts'
import { type Clock, systemClock } from './clock.ts'
import { deadline, raceSignal } from './deadline.ts'
import type { Logger } from './logger.ts'

/** Time for all services together to stop; a supervisor kills after some more. */
const STOP_MS = 3_500
/** What each gets even when those before it have used up the time. */
const LEAST_STOP_MS = 100
const STOP_NOTICE_MS = 1_000

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
  readonly #clock: Clock
  #started: Service[] = []

  constructor(name: string, services: readonly Service[], logger: Logger, clock: Clock = systemClock) {
    this.#clock = clock
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

  /** A service that does not stop in its share of the time is left behind: the others, and the disk, must be closed. */
  async stop(): Promise<void> {
    let leftMs = STOP_MS
    for (const service of this.#started.splice(0).reverse()) {
      const startMs = this.#clock.nowMs()
      try {
        await this.#stopOne(service, Math.max(leftMs, LEAST_STOP_MS))
      } catch (error) {
        this.#logger.error({ service: service.name, error: messageOf(error) }, 'service did not stop cleanly')
      }
      leftMs -= this.#clock.nowMs() - startMs
    }
  }

  async #stopOne(service: Service, mostMs: number): Promise<void> {
    const { name } = service
    const { signal, cancel } = deadline(this.#clock, mostMs)
    const cancelNotice = this.#clock.after(STOP_NOTICE_MS, () => {
      this.#logger.warn({ service: name }, 'stopping: still waiting for this service')
    })
    try {
      await raceSignal(service.stop(), signal)
    } finally {
      cancelNotice()
      cancel()
    }
  }
}

/**
 * Ends the process with its exit code once nothing is left to do, or after `patienceMs` when something that should be
 * closed still keeps it alive; the log then names it.
 */
export function exitWhenIdle(patienceMs: number, logger: Logger): void {
  setTimeout(() => {
    logger.debug({ resources: process.getActiveResourcesInfo() }, 'ending with something left open')
    process.exit()
  }, patienceMs).unref()
}
