import { describe, expect, it } from 'vitest'
import { fuzzDecoder } from './fuzz.ts'
import { type DecoderGroup, decoderGroups } from './table.ts'

/**
 * CI's share for each decoder, and for each of those that read what this node or its operator wrote. FUZZ_SECONDS and
 * FUZZ_SEED choose others. ./scripts/fuzz decoders runs them for long.
 */
const SECONDS = Number(process.env.FUZZ_SECONDS ?? 10)
const OWN_FILES_SECONDS = Math.min(SECONDS, 2)
const OWN_FILES: readonly DecoderGroup[] = ['settings', 'stored']
const SEED = Number(process.env.FUZZ_SEED ?? 1)
/** A few in any case, however slow the machine is. */
const LEAST_INPUTS = 200

/** A test for each decoder of a group. How many inputs fit the time differs; whatever fails comes again by its number. */
export async function fuzzGroup(group: DecoderGroup): Promise<void> {
  const decoders = await decoderGroups[group]()
  describe(`decoders of ${group}`, () => {
    const seconds = OWN_FILES.includes(group) ? OWN_FILES_SECONDS : SECONDS
    it.each(decoders)('$name', async (decoder) => {
      const untilMs = performance.now() + seconds * 1_000
      const isOver = (inputs: number) => inputs >= LEAST_INPUTS && performance.now() > untilMs
      const { taken } = await fuzzDecoder(decoder, { seed: SEED, isOver })
      // one that refused all of them would have been tried on nothing but its first check
      expect(taken).toBeGreaterThan(0)
    })
  })
}
