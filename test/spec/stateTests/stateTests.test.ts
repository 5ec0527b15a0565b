import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bigIntToBytes } from '../../../src/primitives/bytes.ts'
import { bytesToHex, toAddress } from '../../../src/primitives/hex.ts'
import type { StateDiff } from '../../../src/state/types.ts'
import { sampled } from '../../support/exhaustive.ts'
import { casesOf, parseStateTests, type StateTest, type StateTestCase } from './fixture.ts'
import { commonOf } from './forks.ts'
import { judge } from './judge.ts'
import { nativePrecompiles } from './natives.ts'
import { expectedByReference } from './own/expectations.ts'
import { ownTests } from './own/tests.ts'
import { runFile } from './runFile.ts'
import { runOnNode } from './runOnNode.ts'

const precompiles = nativePrecompiles()

/** Of more than these every third is run, unless all are asked for. */
const CASES_MAX = 24

function slotAfter(test: StateTest, diff: StateDiff, address: string, slot: bigint): bigint {
  const key = bytesToHex(bigIntToBytes(slot, 32))
  if (diff.accounts.get(toAddress(address)) === null) return 0n
  const changed = diff.storage.get(toAddress(address))?.get(key)
  if (changed !== undefined || diff.clearedStorage.has(toAddress(address))) return changed ?? 0n
  return BigInt(test.pre[address]?.storage[`0x${slot.toString(16)}`] ?? 0)
}

async function nodeDiff(testCase: StateTestCase): Promise<StateDiff> {
  const common = commonOf(testCase.fork, 1)
  if (common === undefined) throw new Error('unknown fork')
  return (await runOnNode(testCase, common, precompiles)).diff
}

describe('state tests of our own', () => {
  it.each(Object.entries(ownTests))('%s: this node and ethereumjs alone agree', async (name, own) => {
    const test = await expectedByReference(name, own.test)
    // through the text of a file, as published tests come
    const cases = casesOf('own.json', parseStateTests(JSON.stringify({ [name]: test })))
    expect(cases.length).toBeGreaterThan(0)
    for (const testCase of cases.length > CASES_MAX ? sampled(cases, 3) : cases) {
      expect(await judge(testCase, { precompiles })).toMatchObject({ status: 'passed' })
      if (testCase.expected.indexes.gas > 0) continue
      const diff = await nodeDiff(testCase)
      for (const [address, slot, value] of own.slots(testCase.fork, testCase.expected.indexes.data)) {
        const found = slotAfter(own.test, diff, address, slot)
        expect(found, `${name} under ${testCase.fork}, slot ${slot}`).toBe(value)
      }
    }
  })

  it('fails a case for one wrong bit in what it expects, or a refusal that does not come', async () => {
    const own = ownTests.storageClears?.test
    if (own === undefined) throw new Error('the test is gone')
    const sound = await expectedByReference('own', { ...own, post: { Osaka: own.post.Osaka ?? [] } })
    const [testCase] = casesOf('own.json', { own: sound })
    if (testCase === undefined) throw new Error('no case')
    const verdictOf = (change: object) =>
      judge({ ...testCase, expected: { ...testCase.expected, ...change } }, { precompiles })
    const flip = (hash: string) => `${hash.slice(0, -1)}${hash.endsWith('0') ? '1' : '0'}`
    expect(await verdictOf({})).toMatchObject({ status: 'passed' })
    for (const change of [
      { hash: flip(testCase.expected.hash) },
      { logs: flip(testCase.expected.logs) },
      { expectException: 'TransactionException.NONCE_IS_MAX' },
    ]) {
      expect(await verdictOf(change)).toMatchObject({ status: 'failed' })
    }
    expect(await judge({ ...testCase, fork: 'Atlantis' }, { precompiles })).toMatchObject({
      status: 'skipped',
    })
  })
})

/** A folder of published state tests: not in the repository, so not there in CI. */
const published =
  process.env.OPENLEDGER_STATE_TESTS ??
  join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'state-tests')
const SAMPLE_FILES = 40
const SAMPLE_CASES = 4
const SAMPLE_BYTES = 200_000

describe('published state tests', () => {
  const isThere = existsSync(published)
  const why = isThere ? published : 'set OPENLEDGER_STATE_TESTS to a folder of them'

  it.skipIf(!isThere)(`pass in a sample (${why})`, { timeout: 120_000 }, async () => {
    const files = readdirSync(published, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.json') && !entry.name.startsWith('.'))
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => !path.includes('stTimeConsuming') && statSync(path).size < SAMPLE_BYTES)
      .sort()
    const step = Math.max(1, Math.floor(files.length / SAMPLE_FILES))
    for (const path of files.filter((_, index) => index % step === 0)) {
      const options = { fork: undefined, filter: undefined, useReference: false, mostCases: SAMPLE_CASES }
      const { verdicts, error } = await runFile({ path, file: path, ...options })
      expect(error).toBeUndefined()
      expect(verdicts.filter(({ status }) => status === 'failed')).toEqual([])
    }
  })
})
