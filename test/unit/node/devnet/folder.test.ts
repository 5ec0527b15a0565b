import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  hostKeyPath,
  openDevnetFolder,
  validatorDir,
  validatorKeyPath,
} from '../../../../src/node/devnet/folder.ts'
import { devnetHostKey, devnetValidator } from '../../../../src/node/devnet/keys.ts'
import { readGenesisFile } from '../../../../src/node/genesisFile.ts'
import { readKeyFile, readValidatorKey } from '../../../../src/node/keyFile.ts'
import { hexToBytes } from '../../../../src/primitives/hex.ts'
import { devnetGenesis, TestChain } from '../../../support/chain.ts'
import { SetClock } from '../../../support/consensusNode.ts'
import { codeOf } from '../../../support/network/outcome.ts'
import { seededRandom } from '../../../support/receiptServices.ts'
import { temporaryFolder } from '../../../support/temporaryFolder.ts'

const template = join(import.meta.dirname, '..', '..', '..', '..', 'genesis', 'devnet.json')
const folder = temporaryFolder()
const path = () => join(folder(), 'devnet')

const open = (options: { validators?: number; seed?: string; ms?: number; at?: string } = {}) =>
  openDevnetFolder(
    { path: options.at ?? path(), templatePath: template, validators: options.validators ?? 4 },
    { clock: new SetClock(options.ms ?? 1_800_000_000_999), random: seededRandom(options.seed ?? 'devnet') },
  )

const genesisOf = async (at: string) => (await readGenesisFile(join(at, 'genesis.json'))).json

describe('the folder of a new devnet', () => {
  it('holds the template’s network, from now on', async () => {
    const made = await open()
    expect(made).toEqual({
      path: path(),
      genesisPath: join(path(), 'genesis.json'),
      validators: 4,
      isNew: true,
    })
    const genesis = await genesisOf(path())
    const { stamp, timestamp } = devnetGenesis()
    expect(genesis.timestamp).toBe(1_800_000_000)
    expect(genesis.stamp).not.toBe(stamp)
    expect({ ...genesis, stamp, timestamp }).toEqual(devnetGenesis())
  })

  it('is another chain each time', async () => {
    await open({ at: join(folder(), 'a'), seed: 'a' })
    await open({ at: join(folder(), 'b'), seed: 'b' })
    const hashes = ['a', 'b'].map(async (name) => {
      const { chain } = await TestChain.open({ genesis: await genesisOf(join(folder(), name)) })
      return chain.genesisHash
    })
    expect(new Set(await Promise.all(hashes)).size).toBe(2)
  })

  it('holds the keys of each validator and of the host, for their owner only', async () => {
    await open()
    for (let index = 0; index < 4; index++) {
      const { consensus, operator, revealSeed } = devnetValidator(index)
      expect(await readValidatorKey(validatorKeyPath(path(), index))).toEqual({
        privateKey: hexToBytes(consensus.privateKey),
        address: consensus.address,
        operator: operator.address,
        revealSeed: hexToBytes(revealSeed),
      })
    }
    expect(await readKeyFile(hostKeyPath(path()))).toEqual({ privateKey: devnetHostKey().privateKey })
    for (const file of [validatorKeyPath(path(), 3), hostKeyPath(path())]) {
      expect((await stat(file)).mode & 0o777).toBe(0o600)
    }
    expect(await readdir(path())).not.toContain('validator-4')
  })

  it('has as many validators as are wanted, with predeploys of their own', async () => {
    const { validators } = await open({ validators: 2 })
    expect(validators).toBe(2)
    const genesis = await genesisOf(path())
    expect(genesis.validators.map(({ consensusKey }) => consensusKey)).toEqual(
      [0, 1].map((index) => devnetValidator(index).consensus.address),
    )
    const { chain } = await TestChain.open({ genesis })
    expect(chain.head.nextSet.size).toBe(2)
    expect(genesis.accounts).toHaveProperty(devnetValidator(1).operator.address)
    expect(genesis.accounts).not.toHaveProperty(devnetValidator(2).operator.address)
  })
})

describe('a folder that is there', () => {
  it('is opened again as it is', async () => {
    await open()
    const before = await readFile(join(path(), 'genesis.json'))
    const again = await open({ seed: 'other', ms: 1_900_000_000_000 })
    expect(again).toMatchObject({ validators: 4, isNew: false })
    expect(await readFile(join(path(), 'genesis.json'))).toEqual(before)
  })

  it('is refused for another number of validators', async () => {
    await open()
    expect(await codeOf(open({ validators: 3 }))).toBe('WRONG_CHAIN')
  })

  it('is refused when another network is in it, and stays as it is', async () => {
    await mkdir(path())
    await writeFile(join(path(), 'genesis.json'), '{}')
    expect(await codeOf(open())).toBe('WRONG_CHAIN')
    expect(await readdir(path())).toEqual(['genesis.json'])
  })

  it('is taken when it is empty', async () => {
    await mkdir(path())
    expect((await open()).isNew).toBe(true)
  })

  it('is refused when its genesis is gone or broken', async () => {
    await open()
    await writeFile(join(path(), 'genesis.json'), '{}')
    expect(await codeOf(open())).toBe('BAD_GENESIS')
  })

  it.each([
    ['is something else', '{"kind":"other","validators":4}'],
    ['has no number', '{"kind":"openledger-devnet"}'],
    ['has more in it', '{"kind":"openledger-devnet","validators":4,"x":1}'],
    ['was cut off', '{"kind":"open'],
    ['is empty', ''],
  ])('is refused when its marker %s', async (_what, content) => {
    await open()
    await writeFile(join(path(), 'devnet.json'), content)
    expect(await codeOf(open())).toBe('DATA_CORRUPT')
  })

  it('is not made from a template that is none', async () => {
    const wrong = openDevnetFolder(
      { path: path(), templatePath: join(folder(), 'nothing.json'), validators: 4 },
      { clock: new SetClock(), random: seededRandom('x') },
    )
    expect(await codeOf(wrong)).toBe('BAD_GENESIS')
    expect(await readdir(folder())).toEqual([])
    expect(validatorDir(path(), 0)).toBe(join(path(), 'validator-0'))
  })
})
