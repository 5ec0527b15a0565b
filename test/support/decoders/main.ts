import { parseArgs } from 'node:util'
import { messageOf } from '../../../src/errors/errors.ts'
import { FuzzFailure, fuzzDecoder } from './fuzz.ts'
import { decoderGroups } from './table.ts'

/** Runs decoders on damaged input for as long as wanted; started by scripts/fuzz. */
const USAGE = `Usage: ./scripts/fuzz decoders [--decoder NAME] [--minutes N] [--seed S] [--first I] [--inputs N]

  --decoder NAME  only this one; --list shows their names
  --minutes N     for each decoder (10)
  --inputs N      so many inputs for each in place of minutes
  --seed S        what the inputs follow from (1)
  --first I       the number of the first input, to see a failure again
  --list          names and nothing else
`

const say = (text: string) => process.stdout.write(`${text}\n`)

/** Time of the processor far beyond what any input takes, garbage collection included: a way to stop a node. */
const SLOWEST_MS = 1_000

const OPTIONS = {
  decoder: { type: 'string' },
  minutes: { type: 'string', default: '10' },
  seed: { type: 'string', default: '1' },
  first: { type: 'string', default: '0' },
  inputs: { type: 'string' },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

function refuse(reason: string): never {
  say(`${reason}\n\n${USAGE}`)
  process.exit(2)
}

function parse() {
  try {
    return parseArgs({ options: OPTIONS }).values
  } catch (error) {
    return refuse(messageOf(error))
  }
}

function numberOf(name: string, text: string): number {
  const value = Number(text)
  return Number.isFinite(value) && value >= 0 ? value : refuse(`--${name} wants a number, not "${text}".`)
}

async function main(): Promise<number> {
  const values = parse()
  if (values.help) {
    say(USAGE)
    return 0
  }
  const all = (await Promise.all(Object.values(decoderGroups).map((make) => make()))).flat()
  if (values.list) {
    for (const { name } of all) say(name)
    return 0
  }
  const chosen = all.filter(({ name }) => values.decoder === undefined || name === values.decoder)
  if (chosen.length === 0) refuse(`There is no decoder "${values.decoder}".`)
  const [seed, first, minutes] = (['seed', 'first', 'minutes'] as const).map((name) =>
    numberOf(name, values[name]),
  ) as [number, number, number]
  const inputsWanted = values.inputs === undefined ? undefined : numberOf('inputs', values.inputs)
  let failed = 0
  for (const decoder of chosen) {
    const untilMs = performance.now() + minutes * 60_000
    const isOver = (inputs: number) =>
      inputsWanted === undefined ? performance.now() > untilMs : inputs >= inputsWanted
    try {
      const { inputs, taken, slowestMs } = await fuzzDecoder(decoder, { seed, first, isOver })
      const isSlow = slowestMs > SLOWEST_MS
      if (isSlow) failed += 1
      say(
        `${isSlow ? 'SLOW' : 'ok  '} ${decoder.name}: ${inputs} inputs, ${taken} taken, slowest ${slowestMs.toFixed(1)} ms`,
      )
    } catch (error) {
      if (!(error instanceof FuzzFailure)) throw error
      failed += 1
      say(`FAIL ${error.message}`)
      if (error.cause instanceof Error) say(`  ${error.cause.stack ?? ''}`)
    }
  }
  say(`${chosen.length} decoders, seed ${seed}, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

process.exitCode = await main()
