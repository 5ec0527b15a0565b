import { readdirSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { runJobs } from './pool.ts'
import { Report } from './report.ts'
import type { Job } from './runFile.ts'

/** Runs Ethereum's state tests on this node's EVM and state; started by scripts/state-tests. */
const USAGE = `Usage: ./scripts/state-tests DIR [--fork NAME] [--filter TEXT] [--jobs N] [--json] [--reference]

Runs the GeneralStateTests and the EEST state_test files of a folder, or of one file, on this node's EVM and state.
A case passes when the state root and the hash of the logs are exactly those of the file.

  --fork NAME     only the cases of this fork, as the files call it (Cancun)
  --filter TEXT   only the cases whose file, name or indexes hold this text
  --jobs N        worker processes (one for each core)
  --json          one JSON object for each failed or skipped case and one for the totals, in place of text
  --reference     runs ethereumjs's own VM and state in place of this node, to compare
  --help          this text

The last line is "N passed, N failed, N skipped"; the exit code is 1 when a case failed, 2 when nothing could be run.

Example: ./scripts/state-tests ../tests/GeneralStateTests --fork Cancun --filter stSStoreTest
`

const OPTIONS = {
  fork: { type: 'string' },
  filter: { type: 'string' },
  jobs: { type: 'string', default: String(availableParallelism()) },
  json: { type: 'boolean', default: false },
  reference: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

function refuse(reason: string): never {
  process.stderr.write(`${reason}\n\n${USAGE}`)
  process.exit(2)
}

function parse() {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true })
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

/** JSON files under a path, the largest first so that no worker is left alone with one at the end. */
function testFiles(root: string): { path: string; bytes: number }[] {
  const stats = statSync(root, { throwIfNoEntry: false })
  if (stats === undefined) return refuse(`There is no ${root}.`)
  const paths = stats.isFile()
    ? [root]
    : readdirSync(root, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith('.json') && !entry.name.startsWith('.'))
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((path) => !relative(root, path).split('/').includes('.meta'))
  return paths
    .map((path) => ({ path, bytes: statSync(path).size }))
    .sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1))
}

async function main(): Promise<number> {
  const { values, positionals } = parse()
  if (values.help) {
    process.stdout.write(USAGE)
    return 0
  }
  const [folder, ...others] = positionals
  if (folder === undefined || others.length > 0) return refuse('Name one folder or one file of state tests.')
  const workers = Number(values.jobs)
  if (!Number.isSafeInteger(workers) || workers < 1) return refuse(`--jobs wants a number above zero.`)
  // scripts/state-tests changes into the project's folder; paths are meant from where it was called
  const root = resolve(process.env.CALLED_FROM ?? process.cwd(), folder)
  const files = testFiles(root)
  if (files.length === 0) return refuse(`There are no JSON files under ${folder}.`)
  const jobs = files.map(
    ({ path }): Job => ({
      path,
      file: relative(root, path) || path,
      fork: values.fork,
      filter: values.filter,
      useReference: values.reference,
    }),
  )
  const report = new Report({ root: folder, files: jobs.length, isJson: values.json })
  await runJobs(jobs, { workers }, report)
  return report.finish()
}

process.exitCode = await main()
