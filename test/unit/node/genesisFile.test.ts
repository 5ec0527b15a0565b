import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import {
  formatGenesis,
  readGenesisFile,
  withConstructedAlloc,
  writeGenesisFile,
} from '../../../src/node/genesisFile.ts'
import { devnetGenesis } from '../../support/chain.ts'
import { codeOf } from '../../support/network/outcome.ts'
import { temporaryFolder } from '../../support/temporaryFolder.ts'

const folder = temporaryFolder()
const path = () => join(folder(), 'genesis.json')

describe('a genesis file', () => {
  it('is read as it was written', async () => {
    await writeGenesisFile(path(), devnetGenesis())
    const { json, genesis } = await readGenesisFile(path())
    expect(json).toEqual(devnetGenesis())
    expect(genesis).toMatchObject({ chainId: 161212, gasLimit: 30_000_000, baseFeeWei: 10n ** 9n })
    expect(genesis.validators.length).toBe(4)
  })

  it('may be as large as the limit, and no larger', async () => {
    const text = formatGenesis(devnetGenesis())
    await writeFile(path(), text.padEnd(limits.genesisBytes, ' '))
    expect((await readGenesisFile(path())).json).toEqual(devnetGenesis())
    await writeFile(path(), text.padEnd(limits.genesisBytes + 1, ' '))
    expect(await codeOf(readGenesisFile(path()))).toBe('BAD_GENESIS')
  })

  it('is refused when it is not there, or a folder', async () => {
    expect(await codeOf(readGenesisFile(path()))).toBe('BAD_GENESIS')
    expect(await codeOf(readGenesisFile(folder()))).toBe('BAD_GENESIS')
  })

  it.each<[string, () => string | Uint8Array]>([
    ['empty', () => ''],
    ['cut off', () => formatGenesis(devnetGenesis()).slice(0, -3)],
    ['no UTF-8', () => Buffer.from(formatGenesis(devnetGenesis()).replace('datanetR', 'dàtanetR'), 'latin1')],
    ['no genesis', () => '[]'],
    ['of a chain id that is taken', () => formatGenesis({ ...devnetGenesis(), chainId: 1612 })],
    ['without its gas limit', () => JSON.stringify({ ...devnetGenesis(), gasLimit: undefined })],
    ['with a field that nobody knows', () => JSON.stringify({ ...devnetGenesis(), extra: 1 })],
  ])('is refused when it is %s', async (_what, content) => {
    await writeFile(path(), content())
    expect(await codeOf(readGenesisFile(path()))).toBe('BAD_GENESIS')
  })
})

describe('the predeploys of a network', () => {
  it('are those of the file, however often they are made', async () => {
    const genesis = devnetGenesis()
    const made = await withConstructedAlloc({ ...genesis, alloc: {} }, 'test')
    expect(made.alloc).toEqual(genesis.alloc)
    expect(await withConstructedAlloc(made, 'test')).toEqual(genesis)
  })

  it('are none as long as the network cannot start', async () => {
    const genesis = devnetGenesis()
    expect((await withConstructedAlloc({ ...genesis, validators: [] }, 'test')).alloc).toEqual({})
    expect((await withConstructedAlloc({ ...genesis, chainId: null }, 'test')).alloc).toEqual({})
  })

  it('are not made of a genesis that is wrong', async () => {
    const wrong = withConstructedAlloc({ ...devnetGenesis(), gasLimit: 1 }, 'test')
    expect(await codeOf(wrong)).toBe('BAD_GENESIS')
  })
})
