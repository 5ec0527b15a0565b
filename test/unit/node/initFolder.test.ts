import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createChainSpec } from '../../../src/chainspec/chainSpec.ts'
import { formatGenesis, readGenesisFile, withConstructedAlloc } from '../../../src/node/genesisFile.ts'
import { initFolder } from '../../../src/node/initFolder.ts'
import { readValidatorKey } from '../../../src/node/keyFile.ts'
import { createKeyFile, readKeyFacts, writeIdentity } from '../../../src/node/newKeys.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { systemRandom } from '../../../src/runtime/random.ts'
import { codeOf } from '../../support/network/outcome.ts'
import { temporaryFolder } from '../../support/temporaryFolder.ts'

const template = join(import.meta.dirname, '..', '..', '..', 'genesis', 'devnet.json')
const operator = `0x${'11'.repeat(20)}` as const
const feeRecipient = `0x${'22'.repeat(20)}` as const
const otherOperator = `0x${'33'.repeat(20)}` as const
const modules = { clock: systemClock, random: systemRandom }
const folder = temporaryFolder()
const at = (...parts: string[]) => join(folder(), ...parts)
const validator = { operator, feeRecipient, password: undefined }

describe('a data folder', () => {
  it('for a network that is there gets its genesis and a node key, and no more', async () => {
    const options = { dataDir: at('node'), validator: undefined, network: { genesisPath: template } }
    const report = await initFolder(options, modules)
    expect(report.network?.chainId).toBe(161212)
    expect(await readFile(at('node', 'genesis.json'), 'utf8')).toBe(await readFile(template, 'utf8'))
    expect((await stat(at('node', 'node-key'))).mode & 0o777).toBe(0o600)
    expect(await readFile(at('node', 'node.env'), 'utf8')).not.toContain('VALIDATOR_KEY')
    expect(await codeOf(initFolder(options, modules))).toBe('BAD_CONFIG')
  })

  it('of a founder is made in two steps, and its key is in the set of the network', async () => {
    const founder = { dataDir: at('b'), validator, network: undefined }
    const first = await initFolder(founder, modules)
    const network = {
      name: 'harbour',
      chainId: 9001,
      templatePath: template,
      founderFiles: [at('b', 'founder.json')],
    }
    expect(await codeOf(initFolder({ dataDir: at('c'), validator, network }, modules))).toBe('BAD_CONFIG')
    const other = { ...validator, operator: otherOperator }
    const maker = await initFolder({ dataDir: at('a'), validator: other, network }, modules)
    const joined = await initFolder(
      { dataDir: at('b'), validator: undefined, network: { genesisPath: at('a', 'genesis.json') } },
      modules,
    )
    expect(joined.network?.genesisHash).toBe(maker.network?.genesisHash)
    expect(joined.peerId).toBe(first.peerId)
    const { genesis, json } = await readGenesisFile(at('a', 'genesis.json'))
    expect(createChainSpec(genesis).chainId).toBe(9001n)
    expect(formatGenesis(await withConstructedAlloc(json, 'x'))).toBe(formatGenesis(json))
    for (const [index, name] of ['b', 'a'].entries()) {
      const key = await readValidatorKey(at(name, 'validator-key.json'))
      const facts = await readKeyFacts(at(name, 'validator-key.json'))
      expect(genesis.validators[index]).toMatchObject({
        operator: index === 0 ? operator : otherOperator,
        feeRecipient,
        consensusKey: key.address,
        randomnessTip: facts.randomnessTip,
      })
    }
    expect(await readFile(at('b', 'node.env'), 'utf8')).toContain(`OPENLEDGER_VALIDATOR_KEY=${at('b')}`)
  })

  it('is not made of a network without founders, nor with a founder that does not read', async () => {
    const network = { name: 'harbour', chainId: 9001, templatePath: template, founderFiles: [] as string[] }
    const options = { dataDir: at('a'), validator: undefined, network }
    expect(await codeOf(initFolder(options, modules))).toBe('BAD_CONFIG')
    const other = { ...options, network: { ...network, founderFiles: [template] } }
    expect(await codeOf(initFolder(other, modules))).toBe('BAD_CONFIG')
  })
})

describe('new key files', () => {
  it('are not written over, and no two are the same', async () => {
    const one = await createKeyFile({ path: at('one.json') }, systemRandom)
    const other = await createKeyFile({ path: at('other.json') }, systemRandom)
    expect(one.address).not.toBe(other.address)
    expect(one.randomnessTip).toBeUndefined()
    expect(await codeOf(createKeyFile({ path: at('one.json') }, systemRandom))).toBe('BAD_CONFIG')
  })

  it('give an identity without the key', async () => {
    const costs = { n: 16, r: 8, p: 1 }
    await createKeyFile({ path: at('key.json'), operator, password: 'x', costs }, systemRandom)
    const facts = await writeIdentity(at('key.json'), at('identity.json'), 'x')
    const identity = JSON.parse(await readFile(at('identity.json'), 'utf8'))
    expect(Object.keys(identity).sort()).toEqual(['address', 'operator', 'revealSeed'])
    expect(identity.address).toBe(facts.address)
    await createKeyFile({ path: at('plain.json') }, systemRandom)
    expect(await codeOf(writeIdentity(at('plain.json'), at('no.json')))).toBe('BAD_CONFIG')
  })
})
