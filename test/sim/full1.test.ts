import { expect, it } from 'vitest'
import { runSeeds } from './lib/seeds.ts'

// Half of the seeds: files run side by side.
const SEEDS = { from: 1, to: 20 }

it('whole chains agree on blocks, states, receipts and money, while validators join, leave and are slashed', async () => {
  const report = await runSeeds({ profile: 'full', validators: 4, heights: 12 }, SEEDS)
  process.stdout.write(`${report.seeds} seeds\n${report.lines().join('\n')}\n`)
  const wanted = [
    'crashes',
    'logs replayed',
    'evidence made',
    'heights decided above round 0',
    'joined',
    'left',
    'slashed',
  ]
  expect(wanted.filter((name) => report.get(name) === 0)).toEqual([])
  expect(report.get('locks moved to a later round')).toBeGreaterThan(0)
  expect(report.get('states compared')).toBeGreaterThan(20 * 4 * 12)
}, 600_000)
