import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { z } from 'zod'
import { seededRandom } from './link.ts'
import { PerturbedNetwork } from './network.ts'
import { runScenario, type ScenarioReport } from './scenario.ts'

/** Besu's soak of QBFT asks for these, at a block a second. */
const LEAST_PER_MINUTE = { soak: 50, down: 20 } as const
/** A node has so long to end when it is asked to, load or not. */
const STOP_MS = 5_000

const schema = z.strictObject({
  validators: z.coerce.number().int().min(4).max(16),
  delayMs: z.coerce.number().min(0).max(5_000),
  loss: z.coerce.number().min(0).max(50),
  minutes: z.coerce.number().min(0.1).max(600),
  kill: z.boolean().default(false),
  transfers: z.coerce.number().min(0).max(1_000),
  seed: z.coerce.number().int().min(0),
  keep: z.boolean().default(false),
  json: z.boolean().default(false),
})

const program = new Command('perturb')
  .description(
    'Validators in processes of their own, on links that delay and lose. Undisturbed, with f down, with f + 1 down, ' +
      'back again and, with --kill, killed at random; then all blocks, transfers and signatures are checked.',
  )
  .option('--validators <n>', 'how many, 4 to 16', '4')
  .option('--delay-ms <ms>', 'one way, on each link', '0')
  .option('--loss <percent>', 'segments lost on each link; TCP sends them again, so that they come late', '0')
  .option('--minutes <m>', 'of the undisturbed part, of the part with f down and of the kills, each', '1')
  .option('--kill', 'kill -9 at random, one validator at a time')
  .option('--transfers <n>', 'a second', '20')
  .option('--seed <n>', 'of losses and kills; processes and clocks keep their own will', '1')
  .option('--keep', 'leave data folders and logs where they are')
  .option('--json', 'one JSON object a line, for scripts')
  .addHelpText(
    'after',
    '\nExample:\n  ./scripts/perturb --validators 10 --delay-ms 100 --loss 1 --minutes 5 --kill' +
      '\n\nExit code 0: every check passed, with at least 50 blocks a minute undisturbed and 20 with f down.',
  )

const options = schema.parse(program.parse().opts())
const say = (kind: string, fields: Readonly<Record<string, unknown>>) => {
  if (options.json) console.log(JSON.stringify({ event: kind, ...fields }))
  else
    console.log(
      [kind, ...Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`)].join('  '),
    )
}

process.exitCode = await main()

async function main(): Promise<number> {
  const path = await mkdtemp(join(tmpdir(), 'openledger-perturb-'))
  const random = seededRandom(options.seed)
  const { validators, delayMs, loss } = options
  say('start', { ...options, path })
  const network = await PerturbedNetwork.start({
    path,
    validators,
    quality: { delayMs, loss: loss / 100 },
    random,
    onEvent: (text) => say('process', { text }),
  })
  let failures: string[]
  try {
    const ms = options.minutes * 60_000
    const report = await runScenario({
      network,
      transfersPerSecond: options.transfers,
      ...{ soakMs: ms, downMs: ms, stallMs: Math.min(ms, 20_000), killMs: options.kill ? ms : 0 },
      random,
      onFigure: say,
    })
    failures = failuresOf(report)
    say('checked', {
      blocks: report.verdict.head,
      transfers: report.verdict.transactions,
      kills: report.kills,
    })
  } catch (error) {
    failures = [error instanceof Error ? error.message : String(error)]
  }
  const stopMs = await network.stop()
  say('stopped', { slowestMs: Math.max(...stopMs).toFixed(0) })
  if (Math.max(...stopMs) > STOP_MS) failures.push(`a node took more than ${STOP_MS} ms to stop`)
  if (options.keep || failures.length > 0) say('kept', { path })
  else await rm(path, { recursive: true, force: true })
  for (const failure of failures) say('FAILED', { failure })
  if (failures.length === 0) say('passed', {})
  return failures.length === 0 ? 0 : 1
}

function failuresOf(report: ScenarioReport): string[] {
  const { soakPerMinute, downPerMinute, blocksWhileStalled, verdict } = report
  const failures = [...verdict.failures]
  const tooFew = (name: 'soak' | 'down', found: number | undefined) => {
    if (found === undefined || found >= LEAST_PER_MINUTE[name]) return
    failures.push(
      `${name}: ${found.toFixed(1)} blocks a minute, at least ${LEAST_PER_MINUTE[name]} are asked for`,
    )
  }
  tooFew('soak', soakPerMinute)
  tooFew('down', downPerMinute)
  if (blocksWhileStalled > 0) failures.push(`${blocksWhileStalled} blocks while no quorum was up`)
  return failures
}
