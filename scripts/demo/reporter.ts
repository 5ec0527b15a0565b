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

  get elapsedSeconds(): number {
    return (performance.now() - this.#startedMs) / 1000
  }

  #emit(fields: Record<string, unknown>): void {
    console.log(
      JSON.stringify(fields, (_key, value) => (typeof value === 'bigint' ? value.toString() : value)),
    )
  }
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
