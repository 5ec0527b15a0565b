import { expect, it } from 'vitest'
import { faults } from '../mutate/faults/table.ts'
import { tryFaults } from '../mutate/runner.ts'

/** A sample of the table that `./scripts/mutate faults` goes through. */
const EVERY = 27

it('tests of consensus find the faults that are put into it', async () => {
  const sample = faults.filter((_, index) => index % EVERY === 3)
  expect(sample.length).toBeGreaterThanOrEqual(8)
  const outcomes = await tryFaults(sample, { workers: 2 })
  expect(outcomes.map((outcome, index) => `${outcome}: ${sample[index]?.name}`)).toEqual(
    sample.map(({ name }) => `killed: ${name}`),
  )
}, 300_000)
