import { expect, test } from 'vitest'
import { checkGolden } from '../../../../src/ai/models/golden.ts'
import { isNodeError } from '../../../../src/errors/errors.ts'
import { baseRuntime } from '../../../support/models.ts'

test('this machine gives the golden outputs; one that strays is refused', async () => {
  const runtime = baseRuntime()
  const seen: Float32Array[] = []
  const embed = async (ids: readonly number[]) => {
    const embedding = await runtime.embed(ids)
    seen.push(embedding)
    return embedding
  }
  await checkGolden({ tokenize: (text) => runtime.tokenize(text), embed })
  expect(seen.length).toBe(3)
  const straying = {
    tokenize: (text: string) => runtime.tokenize(text),
    embed: async (ids: readonly number[]) => (await runtime.embed(ids)).map((value) => value + 2e-5),
  }
  const error = await checkGolden(straying).catch((caught: unknown) => caught)
  expect(isNodeError(error, 'BAD_MODEL')).toBe(true)
  await runtime.close()
})
