// What things cost in OPEN and gas: ./scripts/bench costs
import { parseArgs } from 'node:util'
import { cheapRows, dearRows, writeRows, writtenRows } from './table.ts'

const usage = `Usage: ./scripts/bench costs [--check | --write]
Gas of whole transactions at k = 1024, and OPEN at a base fee of one gwei; the same on every machine. --check compares
them with the table in precompiles/proofOfAttribution/README.md, --write puts them there.`

const { values: options } = parseArgs({
  options: {
    check: { type: 'boolean' },
    write: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
})
if (options.help) {
  process.stdout.write(`${usage}\n`)
  process.exit(0)
}

const rows = [...cheapRows(), ...dearRows()]
process.stdout.write(`${rows.join('\n')}\n`)
if (options.write) writeRows(rows)
if (options.check) {
  const written = writtenRows()
  const missing = rows.filter((row) => !written.includes(row))
  const stale = written.filter((row) => !rows.includes(row))
  for (const row of stale) process.stdout.write(`not so any more: ${row}\n`)
  for (const row of missing) process.stdout.write(`not in the README: ${row}\n`)
  if (missing.length + stale.length > 0) process.exit(1)
  process.stdout.write('The README has these figures.\n')
}
