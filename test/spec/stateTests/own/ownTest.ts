import type { Address } from '../../../../src/primitives/hex.ts'
import type { StateTest } from '../fixture.ts'

export interface OwnTest {
  readonly test: StateTest
  /**
   * Slots that hold these values after the transaction with this data (and the first gas limit) under a fork, so that
   * a test is known to do what it is for.
   */
  readonly slots: (
    fork: string,
    data: number,
  ) => readonly (readonly [account: Address, slot: bigint, value: bigint])[]
}

/** The forks that the tests run under, oldest first. */
export const forks: readonly string[] = [
  'Frontier',
  'Homestead',
  'EIP150',
  'EIP158',
  'Byzantium',
  'Constantinople',
  'ConstantinopleFix',
  'Istanbul',
  'Berlin',
  'London',
  'Paris',
  'Shanghai',
  'Cancun',
  'Prague',
  'Osaka',
]

export const since = (fork: string) => forks.slice(forks.indexOf(fork))
export const isSince = (fork: string, first: string) => forks.indexOf(fork) >= forks.indexOf(first)
