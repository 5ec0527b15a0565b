import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'

/** A new folder for each test of the file that calls this, gone after the test. Ask for it within a test. */
export function temporaryFolder(): () => string {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'openledger-test-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))
  return () => folder
}
