import type { z } from 'zod'
import { NodeError } from '../errors/errors.ts'

/** Options as commander found them, checked; the first that is wrong is named. Errors: BAD_CONFIG. */
export function parseOptions<T>(schema: z.ZodType<T>, flags: unknown): T {
  const parsed = schema.safeParse(flags)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new NodeError('BAD_CONFIG', `--${dashed(String(issue?.path[0]))}: ${issue?.message}`)
}

const dashed = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
