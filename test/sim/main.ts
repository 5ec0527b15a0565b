import { parseArgs } from 'node:util'
import { Report, reproduceCommand } from './lib/report.ts'
import { type Profile, runScenario, type ScenarioResult } from './lib/scenario.ts'

/** Runs seeds of the simulator and prints what they reached; started by scripts/sim. */
const USAGE = `Usage: scripts/sim [--profile core|full] [--seeds N] [--start S] [--validators V] [--heights H]
                   [--twice] [--verbose]

  --profile P      core: consensus, log and signer over a hash chain; full: everything but sockets (core)
  --seeds N        how many seeds to run (100)
  --start S        the first seed (1)
  --validators V   validators of the cluster (4)
  --heights H      heights that every node must reach (20)
  --twice          run each seed twice and compare the traces
  --verbose        print a line for each seed
`

const say = (text: string) => process.stdout.write(`${text}\n`)

const OPTIONS = {
  profile: { type: 'string', default: 'core' },
  seeds: { type: 'string', default: '100' },
  start: { type: 'string', default: '1' },
  validators: { type: 'string', default: '4' },
  heights: { type: 'string', default: '20' },
  twice: { type: 'boolean', default: false },
  verbose: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const
/** With fewer seeds it is chance whether each thing has happened. */
const SEEDS_TO_JUDGE = 100
const PROGRESS_SEEDS = 1_000

function refuse(reason: string): never {
  say(`${reason}\n\n${USAGE}`)
  process.exit(2)
}

function natural(name: string, text: string): number {
  const value = Number(text)
  return Number.isSafeInteger(value) && value > 0
    ? value
    : refuse(`--${name} wants a number above zero, not "${text}".`)
}

function profileOf(text: string): Profile {
  return text === 'core' || text === 'full' ? text : refuse(`--profile is core or full, not "${text}".`)
}

function parse() {
  try {
    return parseArgs({ options: OPTIONS }).values
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

async function main(): Promise<number> {
  const values = parse()
  if (values.help) {
    say(USAGE)
    return 0
  }
  const seeds = natural('seeds', values.seeds)
  const start = natural('start', values.start)
  const common = {
    profile: profileOf(values.profile),
    validators: natural('validators', values.validators),
    heights: natural('heights', values.heights),
  }
  const report = new Report()
  const failed: number[] = []
  const used = process.cpuUsage()
  for (let seed = start; seed < start + seeds; seed++) {
    const options = { ...common, seed }
    try {
      const result = await runScenario(options)
      if (values.twice && (await runScenario(options)).traceHash !== result.traceHash) {
        throw new Error('two runs of the seed have different traces')
      }
      report.add(result)
      if (values.verbose) say(line(result))
    } catch (error) {
      failed.push(seed)
      say(`seed ${seed} FAILED: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
      say(`  reproduce: ${reproduceCommand(options)}`)
    }
    if ((seed - start + 1) % PROGRESS_SEEDS === 0) say(`${seed - start + 1} of ${seeds} seeds …`)
  }
  const cpuMs = process.cpuUsage(used).user / 1_000 / seeds
  say(
    `${report.seeds} seeds passed, ${failed.length} failed${failed.length > 0 ? `: ${failed.join(', ')}` : ''}`,
  )
  for (const text of report.lines()) say(text)
  say(`  CPU time: ${cpuMs.toFixed(1)} ms a seed`)
  const missing = report.missing()
  for (const name of missing) say(`NOTHING of this happened: ${name}`)
  return failed.length > 0 || (seeds >= SEEDS_TO_JUDGE && missing.length > 0) ? 1 : 0
}

function line({ seed, stats, maxRound, heights, byzantine, faults, traceHash }: ScenarioResult): string {
  const facts = [
    `heights ${heights}`,
    `highest round ${maxRound}`,
    `faults ${faults}`,
    `crashes ${stats.crashes}`,
    `replays ${stats.replays}`,
    `faulty: ${byzantine.join(' ') || 'none'}`,
  ]
  return `seed ${seed}: ${facts.join(', ')}, trace ${traceHash}`
}

process.exitCode = await main()
