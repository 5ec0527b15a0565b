import { join } from 'node:path'
import type { Verdict } from './judge.ts'
import type { PoolEvents } from './pool.ts'
import type { JobResult } from './runFile.ts'

export interface ReportOptions {
  /** As it was given on the command line. */
  readonly root: string
  readonly files: number
  readonly isJson: boolean
}

type Counts = Record<Verdict['status'], number>

const PROGRESS_MS = 5_000
/** A file that takes longer is named. */
const SLOW_MS = 20_000
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
  /** Files under way, and when each was begun. */
  readonly #running = new Map<string, number>()
  readonly #timer: NodeJS.Timeout

  constructor(options: ReportOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#sayProgress(), PROGRESS_MS)
  }

  onStart(file: string): void {
    this.#running.set(file, performance.now())
  }

  onCase(): void {
    this.#cases++
  }

  onResult({ file, verdicts, error }: JobResult): void {
    this.#files++
    this.#running.delete(file)
    if (error !== undefined) {
      this.#totals.failed++
      this.#sayFailure({ file, problems: [error] }, `FAILED ${file}\n  ${error}`)
    }
    for (const verdict of verdicts) this.#add(verdict)
  }

  /** The exit code. */
  finish(): number {
    clearInterval(this.#timer)
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

  #sayProgress(): void {
    const now = performance.now()
    const seconds = (since: number) => Math.round((now - since) / 1000)
    const { files } = this.#options
    const slow = [...this.#running].filter(([, since]) => now - since > SLOW_MS)
    const counts = `${this.#files} of ${files} files, ${this.#cases} cases, ${this.#totals.failed} failed`
    const waiting = slow.map(([file, since]) => `, ${seconds(since)} s on ${file}`).join('')
    process.stderr.write(`${seconds(this.#started)} s: ${counts}${waiting}\n`)
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
