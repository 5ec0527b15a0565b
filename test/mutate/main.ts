import { parseArgs } from 'node:util'
import type { Fault } from './faults/fault.ts'
import { faults } from './faults/table.ts'
import { type Outcome, tryFaults } from './runner.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    list: { type: 'boolean', default: false },
    workers: { type: 'string', default: '2' },
  },
})
const workers = Number(values.workers)
if (!Number.isSafeInteger(workers) || workers < 1) {
  process.stderr.write('--workers wants a number of at least 1.\n')
  process.exit(2)
}

const nameOf = ({ file, name }: Fault) => `${file.split('/').at(-1)}: ${name}`
const chosen = faults.filter((fault) => values.only === undefined || nameOf(fault).includes(values.only))
const print = (line: string) => process.stdout.write(`${line}\n`)

if (chosen.length === 0) {
  process.stderr.write(`No fault has “${values.only}” in its name. --list shows them.\n`)
  process.exit(2)
}
if (values.list) {
  for (const fault of chosen) print(nameOf(fault))
  process.exit(0)
}

// Leaving this way takes the copies of the tree and what runs in them along.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const startedAt = performance.now()
const outcomes = await tryFaults(chosen, {
  workers,
  onOutcome: (fault, outcome) => print(`${outcome.padEnd(9)} ${nameOf(fault)}`),
})
const count = (outcome: Outcome) => outcomes.filter((each) => each === outcome).length
const seconds = Math.round((performance.now() - startedAt) / 1_000)
print(
  `${chosen.length} faults in ${seconds} s: ${count('killed')} killed, ${count('timed out')} timed out, ` +
    `${count('survived')} survived, ${count('unusable')} unusable`,
)
process.exit(count('survived') + count('unusable') === 0 ? 0 : 1)
