import { it } from 'vitest'
import { expectCoreToAgree } from './lib/agree.ts'

// Half of the seeds: files run side by side.
it(
  'four validators agree under every fault, and finish within a bound of rounds once it is over',
  () => expectCoreToAgree({ from: 2501, to: 5000 }),
  600_000,
)
