import { it } from 'vitest'
import { expectFullToAgree } from './lib/agree.ts'

// Half of the seeds: files run side by side.
it(
  'whole chains agree on blocks, states, receipts and money, while validators join, leave and are slashed',
  () => expectFullToAgree({ from: 1, to: 20 }),
  600_000,
)
