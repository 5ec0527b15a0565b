import type { Fault } from './fault.ts'
import { logFaults } from './log.ts'
import { quorumFaults } from './quorums.ts'
import { ruleFaults } from './rules.ts'
import { signingFaults } from './signing.ts'

export const faults: readonly Fault[] = [...ruleFaults, ...quorumFaults, ...logFaults, ...signingFaults]

/** The file with the fault in it. Throws when the fault does not fit the file any more. */
export function withFault(fault: Fault, text: string): string {
  const parts = text.split(fault.find)
  if (parts.length !== 2) {
    const found = parts.length === 1 ? 'is not there' : `is there ${parts.length - 1} times`
    throw new Error(`The fault “${fault.name}” does not apply: what it replaces in ${fault.file} ${found}.`)
  }
  return parts.join(fault.replace)
}
