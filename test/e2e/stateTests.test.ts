import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectedByReference } from '../spec/stateTests/own/expectations.ts'
import { ownTests } from '../spec/stateTests/own/tests.ts'

describe('scripts/state-tests', { timeout: 60_000 }, () => {
  const main = join(import.meta.dirname, '..', 'spec', 'stateTests', 'main.ts')
  let folder: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'state-tests-'))
    const own = ownTests.transientStorage?.test
    if (own === undefined) throw new Error('the test is gone')
    const sound = await expectedByReference('sound', own)
    const wrong = structuredClone(sound)
    for (const expectation of wrong.post.Osaka ?? []) expectation.hash = `0x${'11'.repeat(32)}`
    wrong.post.Atlantis = sound.post.Osaka ?? []
    writeFileSync(join(folder, 'sound.json'), JSON.stringify({ sound }))
    writeFileSync(join(folder, 'wrong.json'), JSON.stringify({ wrong }))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  async function run(...args: string[]): Promise<{ code: number; lines: string[] }> {
    const all = ['--import', 'tsx', main, ...args]
    const options = { cwd: join(import.meta.dirname, '..', '..') }
    try {
      const { stdout } = await promisify(execFile)(process.execPath, all, options)
      return { code: 0, lines: stdout.trim().split('\n') }
    } catch (error) {
      const { code, stdout } = error as { code: number; stdout: string }
      return { code, lines: stdout.trim().split('\n') }
    }
  }

  it('passes a sound file', async () => {
    const { code, lines } = await run(join(folder, 'sound.json'), '--jobs', '1')
    expect([code, lines.at(-1)]).toEqual([0, '3 passed, 0 failed, 0 skipped'])
  })

  it('fails with what differs and how to run it alone, and says why it skips', async () => {
    const { code, lines } = await run(folder, '--jobs', '2')
    expect([code, lines.at(-1)]).toEqual([1, '5 passed, 1 failed, 1 skipped'])
    expect(lines).toContain('FAILED wrong.json wrong [Osaka d0 g0 v0]')
    expect(
      lines.some((line) => line.startsWith(`  state root: expected 0x${'11'.repeat(32)}, found 0x`)),
    ).toBe(true)
    const alone = `./scripts/state-tests '${join(folder, 'wrong.json')}' --filter 'wrong [Osaka d0 g0 v0]'`
    expect(lines).toContain(`  run it alone: ${alone}`)
    expect(lines.some((line) => line.startsWith('skipped 1: the fork Atlantis is not known'))).toBe(true)
    const again = await run(join(folder, 'wrong.json'), '--filter', 'wrong [Osaka d0 g0 v0]')
    expect([again.code, again.lines.at(-1)]).toEqual([1, '0 passed, 1 failed, 0 skipped'])
  })

  it('speaks JSON, and knows one fork from the others', async () => {
    const { code, lines } = await run(folder, '--json', '--fork', 'Osaka', '--jobs', '1')
    expect(code).toBe(1)
    const objects = lines.slice(0, -1).map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(objects).toMatchObject([
      { status: 'failed', file: 'wrong.json', name: 'wrong', fork: 'Osaka' },
      { passed: 1, failed: 1, skipped: 0 },
    ])
  })

  it('fails a file that is no state test, and refuses to run nothing', async () => {
    const bad = join(folder, 'bad.json')
    writeFileSync(bad, '{"x": {"env": {}}}')
    const { code, lines } = await run(bad)
    rmSync(bad)
    expect([code, lines.at(-1)]).toEqual([1, '0 passed, 1 failed, 0 skipped'])
    for (const args of [
      [],
      [join(folder, 'nowhere')],
      [folder, '--jobs', 'x'],
      [folder, '--filter', 'zzz'],
    ]) {
      expect((await run(...args)).code).toBe(2)
    }
  })
})
