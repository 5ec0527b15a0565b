import { parseArgs } from 'node:util'
import { Comparison, registryNames } from './compare.ts'
import type { RegistryName } from './registries.ts'

/** Compares native precompiles with their references over many seeds; started by scripts/fuzz. */
const USAGE = `Usage: ./scripts/fuzz precompiles [--runs N] [--seed S] [--registry NAME] [--replace NAME,NAME]

  --runs N          sequences of calls to run (500)
  --seed S          of the first sequence; the next has the next (1)
  --registry NAME   whose calls are made: ${registryNames.join(', ')} (all, one after the other)
  --replace NAMES   for which references stand, in one world together (the registry itself)

Example: ./scripts/fuzz precompiles --registry adapter --runs 2000 --seed 7
Ends with 1 when there is a difference, and prints the shortest calls that show it.
`
const OPTIONS = {
  runs: { type: 'string', default: '500' },
  seed: { type: 'string', default: '1' },
  registry: { type: 'string' },
  replace: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const
/** Differences after which it stops: one cause shows in many sequences. */
const FINDINGS = 5

const say = (text: string) => process.stdout.write(`${text}\n`)

function refuse(reason: string): never {
  process.stderr.write(`${reason}\n\n${USAGE}`)
  process.exit(2)
}

function natural(name: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  return refuse(`--${name} wants a number above zero, not "${text}".`)
}

function namesIn(option: string, text: string): readonly RegistryName[] {
  return text.split(',').map((given) => {
    const name = registryNames.find((one) => one === given)
    return name ?? refuse(`--${option} knows no registry "${given}".`)
  })
}

function parse() {
  try {
    return parseArgs({ options: OPTIONS }).values
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

/** How many sequences showed a difference. */
async function compare(comparison: Comparison, first: number, runs: number): Promise<number> {
  let found = 0
  for (let seed = first; seed < first + runs && found < FINDINGS; seed++) {
    const finding = await comparison.run(seed)
    if (finding === undefined) continue
    found += 1
    say(`${comparison.describe(seed, finding)}\n`)
  }
  say(comparison.coverage.report())
  return found
}

async function main(): Promise<number> {
  const values = parse()
  if (values.help) {
    say(USAGE)
    return 0
  }
  const [runs, seed] = [natural('runs', values.runs), natural('seed', values.seed)]
  const registries = values.registry === undefined ? registryNames : namesIn('registry', values.registry)
  let found = 0
  for (const registry of registries) {
    const replaced = values.replace === undefined ? [registry] : namesIn('replace', values.replace)
    found += await compare(await Comparison.of({ registry, replaced }), seed, runs)
  }
  say(found === 0 ? 'No difference.' : `${found} sequences showed a difference.`)
  return found === 0 ? 0 : 1
}

process.exitCode = await main()
