import { beforeAll, describe, expect, it } from 'vitest'
import { Comparison } from './compare.ts'
import type { RegistryName } from './registries.ts'

// REFERENCE_RUNS sequences; FUZZ_SEED chooses them. A failure names the seed that brings it back.
const RUNS = Number(process.env.REFERENCE_RUNS ?? 500)
const SEED = Number(process.env.FUZZ_SEED ?? 1)
const PARTS = 10
/** Of each method that writes, in all sequences together. */
const LEAST_SUCCESSES = Math.floor(RUNS / 100)

/** The tests of one registry. */
export function compareWithReference(name: RegistryName): void {
  describe(`the native ${name} registry and its reference in Solidity`, () => {
    let comparison: Comparison
    beforeAll(async () => {
      comparison = await Comparison.of(name)
    })

    it.each(Array.from({ length: PARTS }, (_, part) => part))(
      'agree on status, return data, logs, storage and balances (part %i)',
      async (part) => {
        for (let run = part; run < RUNS; run += PARTS) {
          const difference = await comparison.run(SEED * 100_003 + run)
          expect(difference, difference).toBeUndefined()
        }
      },
    )

    it('are tried on every method that writes', () => {
      process.stdout.write(`${comparison.coverage.report()}\n`)
      const rare = comparison.coverage.writes().filter(([, times]) => times < LEAST_SUCCESSES)
      expect(rare).toEqual([])
    })
  })
}
