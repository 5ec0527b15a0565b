import { it } from 'vitest'
import { expectCoreToAgree } from './lib/agree.ts'

// Half of the seeds: files run side by side.
it(
  'four validators agree under every fault, and finish within a bound of rounds once it is over',
  () => expectCoreToAgree({ from: 1, to: 2500 }),
  600_000,
)
