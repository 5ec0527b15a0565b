import { parseArgs } from 'node:util'
import { runScenario, type ScenarioResult } from './lib/scenario.ts'

/** Runs seeds of the consensus simulator and prints what they reached; started by scripts/sim. */
const USAGE = `Usage: scripts/sim [--seeds N] [--start S] [--validators V] [--heights H] [--twice] [--verbose]

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
  const validators = natural('validators', values.validators)
  const heights = natural('heights', values.heights)
  const results: ScenarioResult[] = []
  let failed = 0
  const cpu = process.cpuUsage()
  for (let seed = start; seed < start + seeds; seed++) {
    try {
      const options = { profile: values.profile as 'core' | 'full', seed, validators, heights }
      const result = await runScenario(options)
      if (values.twice && (await runScenario(options)).traceHash !== result.traceHash) {
        throw new Error('two runs of the seed have different traces')
      }
      results.push(result)
      if (values.verbose) say(line(result))
    } catch (error) {
      failed++
      say(`seed ${seed} FAILED: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
      say(
        `  reproduce: ./scripts/sim --seeds 1 --start ${seed} --validators ${validators} --heights ${heights}`,
      )
    }
  }
  say(summary(results, failed))
  say(`  CPU: ${(process.cpuUsage(cpu).user / 1000 / results.length).toFixed(1)} ms a seed`)
  return failed === 0 ? 0 : 1
}

function line({ seed, stats, maxRound, events, traceHash, byzantine, faults, roundsAfterHealing, heights }: ScenarioResult): string {
  const facts = `max round ${maxRound}, after ${roundsAfterHealing}, faults ${faults} crashes ${stats.crashes}, replays ${stats.replays}, byzantine ${byzantine} heights ${heights}`
  return `seed ${seed}: ${facts}, events ${events}, trace ${traceHash.slice(0, 16)}`
}

function summary(results: readonly ScenarioResult[], failed: number): string {
  const sum = (of: (result: ScenarioResult) => number) => results.reduce((total, each) => total + of(each), 0)
  const top = results.reduce((max, { maxRound }) => Math.max(max, maxRound), 0)
  return [
    `${results.length} seeds passed, ${failed} failed`,
    `  heights decided above round 0: ${sum((each) => each.roundsAboveZero)}, highest round ${top}`,
    `  locks moved to a later round: ${sum((each) => each.lockMoves)} to other blocks ${sum((each) => each.lockChanges)}`,
    `  crashes: ${sum((each) => each.stats.crashes)}, logs replayed: ${sum((each) => each.stats.replays)}`,
    `  after ${Math.max(...results.map((e) => e.roundsAfterHealing))} faults min ${Math.min(...results.map((e) => e.faults))}`,
    `  evidence reported: ${sum((each) => each.stats.evidence)}`,
    `  events: ${sum((each) => each.events)}`,
    JSON.stringify(results.map((each) => each.facts)),
  ].join('\n')
}

process.exitCode = await main()
