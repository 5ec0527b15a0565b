/** Where a command writes: plain text for people, or one JSON object a line for scripts. */
export interface Output {
  readonly isJson: boolean
  /** For people; silent with --json. */
  say(text: string): void
  /** For scripts; silent without --json. */
  emit(event: string, fields?: Readonly<Record<string, unknown>>): void
}

export function createOutput(isJson: boolean): Output {
  return {
    isJson,
    say: (text) => {
      if (!isJson) console.log(text)
    },
    emit: (event, fields = {}) => {
      if (isJson) console.log(JSON.stringify({ event, ...fields }, stringifyBigInt))
    },
  }
}

function stringifyBigInt(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
