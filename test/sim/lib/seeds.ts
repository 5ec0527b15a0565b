import { Report, reproduceCommand } from './report.ts'
import { SimFailure } from './safety.ts'
import { runScenario, type ScenarioOptions } from './scenario.ts'

export interface SeedRange {
  readonly from: number
  readonly to: number
}

/** Runs seeds one after the other; a failure names the command that shows it again. */
export async function runSeeds(options: Omit<ScenarioOptions, 'seed'>, seeds: SeedRange): Promise<Report> {
  const report = new Report()
  for (let seed = seeds.from; seed <= seeds.to; seed++) {
    try {
      report.add(await runScenario({ ...options, seed }))
    } catch (error) {
      const command = reproduceCommand({ ...options, seed })
      throw new SimFailure(`Seed ${seed} failed; reproduce with ${command}`, { cause: error })
    }
  }
  return report
}

/** The number of the first seed that fails, or null if none does. */
export async function firstFailing(
  run: (seed: number) => Promise<unknown>,
  seeds: number,
): Promise<{ seed: number; error: unknown } | null> {
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      await run(seed)
    } catch (error) {
      return { seed, error }
    }
  }
  return null
}
