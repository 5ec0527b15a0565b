import { describe, expect, it } from 'vitest'
import { reproduceCommand } from './lib/report.ts'
import { runScenario } from './lib/scenario.ts'

describe('a seed', () => {
  it('gives the same trace each time it runs, and another seed another', async () => {
    const run = (seed: number) => runScenario({ profile: 'core', seed, validators: 4, heights: 20 })
    const traces = new Set<string>()
    for (let seed = 1; seed <= 20; seed++) {
      const first = await run(seed)
      expect(await run(seed)).toEqual(first)
      traces.add(first.traceHash)
    }
    expect(traces.size).toBe(20)
  })

  it('does so for whole chains', async () => {
    const run = (seed: number) => runScenario({ profile: 'full', seed, validators: 4, heights: 8 })
    const [first, other, again] = [await run(101), await run(102), await run(101)]
    expect(again).toEqual(first)
    expect(other.traceHash).not.toBe(first.traceHash)
  }, 300_000)

  it('has a command that names all that it depends on', () => {
    expect(reproduceCommand({ profile: 'full', seed: 7, validators: 5, heights: 9 })).toBe(
      './scripts/sim --profile full --seeds 1 --start 7 --validators 5 --heights 9',
    )
  })
})
