import { NodeError } from '../../../src/errors/errors.ts'

/** The code of the NodeError that a promise fails with; anything else fails the test. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (error instanceof NodeError) return error.code
    throw error
  }
  return 'no error'
}

/** The code of the NodeError that a call throws. */
export function thrownCode(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    if (error instanceof NodeError) return error.code
    throw error
  }
  return 'no error'
}
