import { expect } from 'vitest'
import { runSeeds, type SeedRange } from './seeds.ts'

const say = (seeds: number, lines: readonly string[]) =>
  process.stdout.write(`${seeds} seeds\n${lines.join('\n')}\n`)

/** Four validators on a chain of hashes agree in all of these seeds, and every kind of fault was there. */
export async function expectCoreToAgree(seeds: SeedRange): Promise<void> {
  const report = await runSeeds({ profile: 'core', validators: 4, heights: 20 }, seeds)
  say(report.seeds, report.lines())
  expect(report.missing()).toEqual([])
}

const WANTED = [
  'crashes',
  'logs replayed',
  'evidence made',
  'heights decided above round 0',
  'locks moved to a later round',
  'joined',
  'left',
  'slashed',
]

/** Four whole nodes agree in all of these seeds, and what should happen among them did. */
export async function expectFullToAgree(seeds: SeedRange): Promise<void> {
  const heights = 12
  const validators = 4
  const report = await runSeeds({ profile: 'full', validators, heights }, seeds)
  say(report.seeds, report.lines())
  expect(WANTED.filter((name) => report.get(name) === 0)).toEqual([])
  expect(report.get('states compared')).toBeGreaterThan((seeds.to - seeds.from + 1) * validators * heights)
}
