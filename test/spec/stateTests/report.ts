import { join } from 'node:path'
import type { Verdict } from './judge.ts'
import type { PoolEvents } from './pool.ts'
import type { JobResult } from './worker.ts'

export interface ReportOptions {
  /** As it was given on the command line. */
  readonly root: string
  readonly files: number
  readonly isJson: boolean
}

type Counts = Record<Verdict['status'], number>

const PROGRESS_MS = 5_000
const write = (line: string) => process.stdout.write(`${line}\n`)
const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

/** Says what failed as soon as it does, how far the run is on standard error, and the totals at the end. */
export class Report implements PoolEvents {
  readonly #options: ReportOptions
  readonly #started = performance.now()
  readonly #byFork = new Map<string, Counts>()
  readonly #reasons = new Map<string, number>()
  readonly #totals: Counts = { passed: 0, failed: 0, skipped: 0 }
  #files = 0
  #cases = 0
  #lastProgress = performance.now()

  constructor(options: ReportOptions) {
    this.#options = options
  }

  onCase(): void {
    this.#cases++
    const now = performance.now()
    if (now - this.#lastProgress < PROGRESS_MS) return
    this.#lastProgress = now
    const { files } = this.#options
    const seconds = Math.round((now - this.#started) / 1000)
    process.stderr.write(
      `${seconds} s: ${this.#files} of ${files} files, ${this.#cases} cases, ${this.#totals.failed} failed\n`,
    )
  }

  onResult({ file, verdicts, error }: JobResult): void {
    this.#files++
    if (error !== undefined) {
      this.#totals.failed++
      this.#sayFailure({ file, problems: [error] }, `FAILED ${file}\n  ${error}`)
    }
    for (const verdict of verdicts) this.#add(verdict)
  }

  /** The exit code. */
  finish(): number {
    const { passed, failed, skipped } = this.#totals
    if (this.#options.isJson) {
      write(JSON.stringify({ passed, failed, skipped, byFork: Object.fromEntries(this.#byFork) }))
    } else {
      this.#sayTables()
    }
    write(`${passed} passed, ${failed} failed, ${skipped} skipped`)
    if (passed + failed + skipped === 0) {
      process.stderr.write('No case matches.\n')
      return 2
    }
    return failed === 0 ? 0 : 1
  }

  #add(verdict: Verdict): void {
    const { status, fork, reason } = verdict
    this.#totals[status]++
    const counts = this.#byFork.get(fork) ?? { passed: 0, failed: 0, skipped: 0 }
    counts[status]++
    this.#byFork.set(fork, counts)
    if (status === 'failed') {
      const { file, name, indexes, problems = [] } = verdict
      const command = `./scripts/state-tests ${quote(this.#pathOf(file))} --filter ${quote(`${name} ${indexes}`)}`
      this.#sayFailure(
        { ...verdict, command },
        [`FAILED ${file} ${name} ${indexes}`, ...problems, `run it alone: ${command}`].join('\n  '),
      )
    }
    if (status === 'skipped') {
      if (this.#options.isJson) write(JSON.stringify(verdict))
      this.#reasons.set(reason ?? '', (this.#reasons.get(reason ?? '') ?? 0) + 1)
    }
  }

  #sayFailure(facts: object, text: string): void {
    write(this.#options.isJson ? JSON.stringify({ status: 'failed', ...facts }) : text)
  }

  #pathOf(file: string): string {
    return file.startsWith('/') ? file : join(this.#options.root, file)
  }

  #sayTables(): void {
    const row = (cells: readonly unknown[]) =>
      cells.map((cell, i) => (i === 0 ? String(cell).padEnd(20) : String(cell).padStart(9))).join(' ')
    write(row(['fork', 'passed', 'failed', 'skipped']))
    for (const [fork, { passed, failed, skipped }] of this.#byFork) {
      write(row([fork, passed, failed, skipped]))
    }
    for (const [reason, count] of this.#reasons) write(`skipped ${count}: ${reason}`)
  }
}
