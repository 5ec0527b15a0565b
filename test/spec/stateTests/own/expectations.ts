import { expect } from 'vitest'
import { casesOf, type StateTest } from '../fixture.ts'
import { referenceCommonOf } from '../forks.ts'
import { runOnReference } from '../runOnReference.ts'

/** The test with the roots and hashes that ethereumjs's own VM and state find. */
export async function expectedByReference(name: string, test: StateTest): Promise<StateTest> {
  const post: StateTest['post'] = {}
  for (const testCase of casesOf('own.json', { [name]: test })) {
    const common = referenceCommonOf(testCase.fork, 1)
    if (common === undefined) throw new Error(`the tests name an unknown fork: ${testCase.fork}`)
    const { stateRoot, logsHash, refusal } = await runOnReference(testCase, common)
    const { expectException } = testCase.expected
    expect(refusal !== undefined, `${name} under ${testCase.fork}: ${refusal}`).toBe(
      expectException !== undefined,
    )
    const expected = { ...testCase.expected, hash: stateRoot, logs: logsHash }
    post[testCase.fork] = [...(post[testCase.fork] ?? []), expected]
  }
  return { ...test, post }
}
