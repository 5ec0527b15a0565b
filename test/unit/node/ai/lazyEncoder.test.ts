import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { modelPath } from '../../../../src/ai/models/modelFolder.ts'
import { LazyEncoder } from '../../../../src/node/ai/lazyEncoder.ts'
import { systemClock } from '../../../../src/runtime/clock.ts'
import { codeOf } from '../../../support/network/outcome.ts'
import { temporaryFolder } from '../../../support/temporaryFolder.ts'

const folder = temporaryFolder()
const models = () => join(folder(), 'models')
const open = () => new LazyEncoder({ modelFolder: models() }, { clock: systemClock })

describe('the encoder', () => {
  it('is not opened by a node that never uses it', async () => {
    await open().close()
    expect(existsSync(models())).toBe(false)
  })

  it('is opened at its first use, for all that ask, also after it could not be', async () => {
    const lazy = open()
    // a file where the folder should be
    await writeFile(models(), '')
    await expect(lazy.get()).rejects.toHaveProperty('code', 'ENOTDIR')
    await lazy.close()
    await rm(models())
    const [encoder, same] = await Promise.all([lazy.get(), lazy.get()])
    expect(same).toBe(encoder)
    expect(existsSync(modelPath(models()))).toBe(true)
    expect(await encoder.countTokens('one two')).toBeGreaterThan(0)
    await lazy.close()
    expect(await codeOf(encoder.countTokens('one'))).toBe('CANCELLED')
  })
})
