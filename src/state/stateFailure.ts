import { type ErrorCode, isNodeError } from '../errors/errors.ts'

const CODES: readonly ErrorCode[] = ['STATE_PRUNED', 'DATA_CORRUPT', 'STORAGE_FAILED']

/** Whether the state could not be read, which says nothing about what was run on it. */
export function isStateFailure(error: unknown): boolean {
  return CODES.some((code) => isNodeError(error, code))
}
