import { describe, expect, it } from 'vitest'
import { NodeError } from '../../../src/errors/errors.ts'
import { type Service, ServiceGroup } from '../../../src/runtime/lifecycle.ts'
import { type Logger, silentLogger } from '../../../src/runtime/logger.ts'
import { SimClock } from '../../sim/lib/simClock.ts'
import { settle } from '../../support/network/manualClock.ts'
import { codeOf } from '../../support/network/outcome.ts'

/** Services that note what is done to them; those named fail, after they noted it. */
function group(names: readonly string[], failing: { start?: string; stop?: string } = {}) {
  const done: string[] = []
  const services = names.map((name): Service => {
    const step = async (what: 'start' | 'stop') => {
      done.push(`${what} ${name}`)
      await settle()
      done.push(`${name} done`)
      if (failing[what] === name)
        throw new NodeError(what === 'start' ? 'PORT_IN_USE' : 'STORAGE_FAILED', name)
    }
    return { name, start: () => step('start'), stop: () => step('stop') }
  })
  return { done, group: new ServiceGroup('node', services, silentLogger) }
}

/** What was begun, without the ends. */
const begun = (done: readonly string[]) => done.filter((step) => !step.endsWith(' done'))

describe('a group of services', () => {
  it('starts them in order, each when the one before it works', async () => {
    const { done, group: node } = group(['a', 'b'])
    await node.start()
    expect(done).toEqual(['start a', 'a done', 'start b', 'b done'])
  })

  it('stops them in reverse order, one after the other', async () => {
    const { done, group: node } = group(['a', 'b', 'c'])
    await node.start()
    done.length = 0
    await node.stop()
    expect(done).toEqual(['stop c', 'c done', 'stop b', 'b done', 'stop a', 'a done'])
  })

  it('stops what had started when one does not start, and fails as that one', async () => {
    const { done, group: node } = group(['a', 'b', 'c', 'd'], { start: 'c' })
    expect(await codeOf(node.start())).toBe('PORT_IN_USE')
    expect(begun(done)).toEqual(['start a', 'start b', 'start c', 'stop b', 'stop a'])
  })

  it('fails as the start did where stopping fails too', async () => {
    const { done, group: node } = group(['a', 'b', 'c'], { start: 'c', stop: 'b' })
    expect(await codeOf(node.start())).toBe('PORT_IN_USE')
    expect(begun(done).slice(-2)).toEqual(['stop b', 'stop a'])
  })

  it('leaves behind what does not stop in time, and says what it waits for', async () => {
    const clock = new SimClock(0)
    const done: string[] = []
    const told: string[] = []
    const logger = {
      warn: ({ service }: { service: string }) => told.push(`waits for ${service}`),
      error: ({ service }: { service: string }) => told.push(`left ${service}`),
    } as unknown as Logger
    const hanging = (name: string, stop: () => Promise<void>): Service => ({
      name,
      start: async () => undefined,
      stop: () => {
        done.push(name)
        return stop()
      },
    })
    const never = () => new Promise<void>(() => undefined)
    const services = [hanging('a', async () => undefined), hanging('b', never), hanging('c', never)]
    const node = new ServiceGroup('node', services, logger, clock)
    await node.start()
    const stopped = node.stop()
    while (await clock.advance(5_000));
    await stopped
    expect(done).toEqual(['c', 'b', 'a'])
    expect(told).toEqual(['waits for c', 'left c', 'left b'])
    expect(clock.nowMs()).toBeLessThan(4_000)
  })

  it('stops the others when one does not stop', async () => {
    const { done, group: node } = group(['a', 'b', 'c'], { stop: 'b' })
    await node.start()
    await node.stop()
    expect(begun(done).slice(3)).toEqual(['stop c', 'stop b', 'stop a'])
  })

  it('stops nothing that did not start, and nothing twice', async () => {
    const { done, group: node } = group(['a', 'b'])
    await node.stop()
    expect(done).toEqual([])
    await node.start()
    await Promise.all([node.stop(), node.stop()])
    await node.stop()
    expect(begun(done)).toEqual(['start a', 'start b', 'stop b', 'stop a'])
  })

  it('starts again after it stopped', async () => {
    const { done, group: node } = group(['a'])
    for (let n = 0; n < 2; n++) {
      await node.start()
      await node.stop()
    }
    expect(begun(done)).toEqual(['start a', 'stop a', 'start a', 'stop a'])
  })

  it('is a service that another group can hold', async () => {
    const { done, group: inner } = group(['a', 'b'])
    const outer = new ServiceGroup('outer', [inner], silentLogger)
    await outer.start()
    await outer.stop()
    expect(begun(done)).toEqual(['start a', 'start b', 'stop b', 'stop a'])
  })
})
