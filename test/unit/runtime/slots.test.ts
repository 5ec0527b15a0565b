import { describe, expect, it } from 'vitest'
import { NodeError } from '../../../src/errors/errors.ts'
import { Slots } from '../../../src/runtime/slots.ts'

/** Work that ends when it is told to. */
function piece(log: string[], name: string) {
  let end: (failed?: Error) => void = () => undefined
  const work = () => {
    log.push(name)
    return new Promise<string>((resolve, reject) => {
      end = (failed) => (failed === undefined ? resolve(name) : reject(failed))
    })
  }
  return { work, end: (failed?: Error) => end(failed) }
}
const turn = () => new Promise(setImmediate)

describe('Slots', () => {
  it('runs so many at once, the others in the order they came, and refuses one too many', async () => {
    const slots = new Slots({ atOnce: 2, queueLength: 2 })
    const log: string[] = []
    const pieces = ['a', 'b', 'c', 'd'].map((name) => piece(log, name))
    const results = pieces.map(({ work }) => slots.run(work))
    await expect(slots.run(async () => 'e')).rejects.toMatchObject({ code: 'BUSY' })
    await turn()
    expect(log).toEqual(['a', 'b'])
    pieces[1]!.end()
    await turn()
    expect(log).toEqual(['a', 'b', 'c'])
    pieces[0]!.end(new Error('failed'))
    await expect(results[0]).rejects.toThrow('failed')
    await turn()
    expect(log).toEqual(['a', 'b', 'c', 'd'])
    pieces[2]!.end()
    pieces[3]!.end()
    expect(await Promise.all(results.slice(1))).toEqual(['b', 'c', 'd'])
    expect(await slots.run(async () => 'f')).toBe('f')
  })

  it('lets one leave the queue, and the next takes its place', async () => {
    const slots = new Slots({ atOnce: 1, queueLength: 2 })
    const log: string[] = []
    const first = piece(log, 'first')
    const running = slots.run(first.work)
    const abort = new AbortController()
    const left = slots.run(async () => 'left', abort.signal)
    const next = slots.run(async () => 'next')
    abort.abort(new NodeError('CANCELLED', 'enough'))
    await expect(left).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect(slots.run(async () => 'late', abort.signal)).rejects.toMatchObject({ code: 'CANCELLED' })
    first.end()
    expect(await Promise.all([running, next])).toEqual(['first', 'next'])
  })
})
