import { type Level, type Logger, pino } from 'pino'

export type { Logger } from 'pino'
export type LogLevel = Level | 'silent'

/** Structured logs, one JSON object a line, to standard error or to a file. */
export function createLogger(options: { level: LogLevel; file?: string; name?: string }): Logger {
  const destination =
    options.file === undefined
      ? pino.destination(2)
      : pino.destination({ dest: options.file, mkdir: true, sync: true })
  return pino(
    {
      level: options.level,
      base: options.name === undefined ? {} : { node: options.name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  )
}

export const silentLogger: Logger = pino({ level: 'silent' })
