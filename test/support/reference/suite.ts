import { beforeAll, describe, expect, it } from 'vitest'
import { Comparison } from './compare.ts'
import { decodedCall, isBranch } from './message.ts'
import type { RegistryName } from './registries.ts'

// REFERENCE_RUNS sequences; FUZZ_SEED chooses them. A failure says how it comes again.
export const RUNS = Number(process.env.REFERENCE_RUNS ?? 500)
const SEED = Number(process.env.FUZZ_SEED ?? 1)
const PARTS = 10
/** Of each method that writes, in all sequences together. */
const LEAST_SUCCESSES = Math.floor(RUNS / 250)

const seedOf = (run: number) => SEED * 100_003 + run

/** The tests of one registry, in so many sequences. */
export function compareWithReference(registry: RegistryName, runs = RUNS): void {
  describe(`the native ${registry} registry and its reference in Solidity`, () => {
    let comparison: Comparison
    beforeAll(async () => {
      comparison = await Comparison.of({ registry })
    })

    it.each(Array.from({ length: PARTS }, (_, part) => part))(
      'agree on status, return data, logs and all accounts (part %i)',
      async (part) => {
        for (let run = part; run < runs; run += PARTS) {
          const finding = await comparison.run(seedOf(run))
          if (finding !== undefined) expect.fail(comparison.describe(seedOf(run), finding))
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

/** What a reference with another parameter must be found by. */
export interface Deviation {
  readonly registry: RegistryName
  readonly parameter: string
  readonly value: unknown
  /** Methods that show it, each on its own. */
  readonly shownBy: readonly string[]
}

/** A difference in one parameter is found, and shrunk to the call that shows it. */
export function findsDeviation({ registry, parameter, value, shownBy }: Deviation): void {
  it(`differ when ${parameter} does, which is shown by ${shownBy.join(' or ')}`, async () => {
    const comparison = await Comparison.of({ registry, otherParameters: { [parameter]: value } })
    for (let seed = 1; seed <= 200; seed++) {
      const finding = await comparison.run(seed)
      if (finding === undefined) continue
      let leaf = finding.steps.at(-1)?.node
      while (leaf !== undefined && isBranch(leaf)) leaf = leaf.children.at(-1)?.node
      const method = leaf === undefined ? undefined : decodedCall(leaf)?.method
      expect(shownBy).toContain(method)
      return
    }
    expect.fail('200 sequences did not show it')
  })
}
