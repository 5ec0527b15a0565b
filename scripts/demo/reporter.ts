import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** What the demonstration tells: a headline for each step, facts below it, and JSON for scripts. */
export class Reporter {
  readonly #isJson: boolean
  readonly #startedMs = performance.now()
  #step = 0

  constructor(isJson: boolean) {
    this.#isJson = isJson
  }

  step(title: string): void {
    this.#step += 1
    const seconds = Math.round((performance.now() - this.#startedMs) / 1000)
    if (this.#isJson) this.#emit({ event: 'step', step: this.#step, title, seconds })
    else console.log(`\n${this.#step}. ${title}  (${seconds} s)`)
  }

  say(text: string): void {
    if (!this.#isJson) console.log(`   ${text.replaceAll('\n', '\n   ')}`)
  }

  fact(name: string, value: unknown): void {
    if (this.#isJson) this.#emit({ event: 'fact', name, value })
  }

  /** Every id that somebody else's script needs: printed, and whole in a file. */
  async ids(path: string, ids: Readonly<Record<string, unknown>>): Promise<void> {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, `${JSON.stringify(ids, bigintsAsText, 2)}\n`)
    this.fact('ids', ids)
    const lines = Object.entries(ids).map(([name, value]) => `  ${name.padEnd(20)} ${shortened(value)}`)
    this.say(`\nFor scripts of your own (whole: ${path})\n${lines.join('\n')}`)
  }

  get elapsedSeconds(): number {
    return (performance.now() - this.#startedMs) / 1000
  }

  #emit(fields: Record<string, unknown>): void {
    console.log(JSON.stringify(fields, bigintsAsText))
  }
}

const bigintsAsText = (_key: string, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)

const SHOWN_OF_A_LIST = 3

function shortened(value: unknown): string {
  if (Array.isArray(value)) {
    const more = value.length - SHOWN_OF_A_LIST
    return value.slice(0, SHOWN_OF_A_LIST).join(' ') + (more > 0 ? ` … and ${more} more` : '')
  }
  if (typeof value !== 'object' || value === null) return String(value)
  return shortened(Object.entries(value).map(([name, one]) => `${name}=${one}`))
}

/** A table with right-aligned columns after the first. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  return all
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n')
}
