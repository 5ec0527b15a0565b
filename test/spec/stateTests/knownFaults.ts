import { indexesText, type StateTestCase } from './fixture.ts'

export interface KnownFault {
  /** Name of the test in its file. */
  readonly name: string
  readonly forks: readonly string[]
  /** Why ethereumjs's own VM and state fail it as well. */
  readonly reason: string
}

/** Cases that ethereumjs's own VM fails with its own state and crypto too; `--reference` shows that. */
export const knownFaults: readonly KnownFault[] = []

export function knownFaultOf({ name, fork }: StateTestCase): KnownFault | undefined {
  return knownFaults.find((fault) => fault.name === name && fault.forks.includes(fork))
}

export function titleOf(testCase: StateTestCase): string {
  return `${testCase.name} ${indexesText(testCase.fork, testCase.expected)}`
}
