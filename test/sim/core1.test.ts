import { expect, it } from 'vitest'
import { runSeeds } from './lib/seeds.ts'

// Half of the seeds: files run side by side.
const SEEDS = { from: 1, to: 2500 }

it('four validators agree under every fault, and finish within a bound of rounds once it is over', async () => {
  const report = await runSeeds({ profile: 'core', validators: 4, heights: 20 }, SEEDS)
  process.stdout.write(`${report.seeds} seeds\n${report.lines().join('\n')}\n`)
  expect(report.missing()).toEqual([])
}, 600_000)
