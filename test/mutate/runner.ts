import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Compiler } from './compiler.ts'
import type { Fault } from './faults/fault.ts'
import { withFault } from './faults/table.ts'

const root = join(import.meta.dirname, '..', '..')
/** What the tests named in the table need of the tree. */
const COPIED = [
  'src',
  'precompiles',
  'contracts',
  'test',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
]
/** Some faults make a rule fire for ever. */
const TIME_LIMIT_MS = 120_000

/**
 * killed: a test failed. timed out: the tests did not end, which is found as well. survived: all tests passed.
 * unusable: the fault does not compile, or the tests did not run; it says nothing.
 */
export type Outcome = 'killed' | 'timed out' | 'survived' | 'unusable'

export interface RunOptions {
  readonly workers: number
  readonly onOutcome?: (fault: Fault, outcome: Outcome) => void
}

/** Tries each fault on a copy of the tree. The copy without a fault must pass every test first. */
export async function tryFaults(faults: readonly Fault[], options: RunOptions): Promise<Outcome[]> {
  const compiler = new Compiler(root, [...new Set(faults.map(({ file }) => file))])
  const outcomes = new Map<Fault, Outcome>()
  const queue = [...faults]
  const work = async (): Promise<void> => {
    const tree = await Tree.make()
    try {
      for (let fault = queue.shift(); fault !== undefined; fault = queue.shift()) {
        const outcome = compiler.accepts(fault) ? await tree.tryFault(fault) : 'unusable'
        outcomes.set(fault, outcome)
        options.onOutcome?.(fault, outcome)
      }
    } finally {
      await tree.remove()
    }
  }
  const tree = await Tree.make()
  try {
    const outcome = await tree.runTests([...new Set(faults.flatMap(({ tests }) => tests))])
    if (outcome !== 'survived') throw new Error('The tests fail without any fault; make them pass first.')
  } finally {
    await tree.remove()
  }
  await Promise.all(Array.from({ length: Math.min(options.workers, faults.length) }, work))
  return faults.map((fault) => outcomes.get(fault) ?? 'unusable')
}

/** A copy of the tree in a temporary folder; packages are those of the original. */
class Tree {
  readonly #folder: string
  /** Leader of the group of processes that run tests now. */
  #group: number | null = null
  readonly #clean = () => {
    this.#killTests()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  private constructor(folder: string) {
    this.#folder = folder
    process.once('exit', this.#clean)
  }

  static async make(): Promise<Tree> {
    const folder = await mkdtemp(join(tmpdir(), 'openledger-mutate-'))
    for (const name of COPIED) await cp(join(root, name), join(folder, name), { recursive: true })
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    return new Tree(folder)
  }

  async remove(): Promise<void> {
    process.off('exit', this.#clean)
    await rm(this.#folder, { recursive: true, force: true })
  }

  async tryFault(fault: Fault): Promise<Outcome> {
    const path = join(this.#folder, fault.file)
    const text = await readFile(path, 'utf8')
    await writeFile(path, withFault(fault, text))
    try {
      return await this.runTests(fault.tests)
    } finally {
      await writeFile(path, text)
    }
  }

  async runTests(tests: readonly string[]): Promise<Outcome> {
    const report = join(this.#folder, 'report.json')
    await rm(report, { force: true })
    const args = ['--project=unit', '--maxWorkers=1', '--bail=1', '--reporter=json', `--outputFile=${report}`]
    const isDone = await this.#vitest(['run', ...args, ...tests])
    if (!isDone) return 'timed out'
    return outcomeOf(await readFile(report, 'utf8').catch(() => null))
  }

  /** False when it had to be killed: a worker that loops would outlive its parent, so it all dies together. */
  #vitest(args: readonly string[]): Promise<boolean> {
    const program = join(root, 'node_modules', 'vitest', 'vitest.mjs')
    const child = spawn(process.execPath, [program, ...args], {
      cwd: this.#folder,
      detached: true,
      stdio: 'ignore',
    })
    this.#group = child.pid ?? null
    return new Promise((resolve, reject) => {
      let isDone = true
      const timer = setTimeout(() => {
        isDone = false
        this.#killTests()
      }, TIME_LIMIT_MS)
      const settle = (done: () => void) => {
        clearTimeout(timer)
        this.#group = null
        done()
      }
      child.once('error', (error) => settle(() => reject(error)))
      child.once('exit', () => settle(() => resolve(isDone)))
    })
  }

  #killTests(): void {
    if (this.#group === null) return
    try {
      process.kill(-this.#group, 'SIGKILL')
    } catch {
      // They have ended by themselves.
    }
  }
}

/** A file that could not be loaded has no results: that is no verdict. */
function outcomeOf(report: string | null): Outcome {
  if (report === null) return 'unusable'
  const { testResults } = JSON.parse(report) as {
    testResults: { status: string; assertionResults: { status: string }[] }[]
  }
  const results = testResults.flatMap(({ assertionResults }) => assertionResults)
  if (results.some(({ status }) => status === 'failed')) return 'killed'
  const isWhole = results.length > 0 && testResults.every(({ status }) => status === 'passed')
  return isWhole ? 'survived' : 'unusable'
}
