import { parseEther } from 'viem'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type NodeConfig, nodeSettings, readSettings, type Setting } from '../../../src/config/settings.ts'
import { NodeError } from '../../../src/errors/errors.ts'
import { thrownCode } from '../../support/network/outcome.ts'

type Key = keyof NodeConfig

const read = (flags: Record<string, unknown>, env: Record<string, string | undefined> = {}) =>
  readSettings(nodeSettings, flags, env)

/** As the command line would give it. */
const flagOf = (key: Key) => nodeSettings[key].flag.split(' ')[0] ?? ''

/** What the failure says of this value, given by flag; and by environment, which has to be the same. */
function refusalOf(key: Key, value: unknown): string {
  const told: string[] = []
  const sources = [() => read({ [key]: value })]
  if (typeof value === 'string') sources.push(() => read({}, { [nodeSettings[key].env]: value }))
  for (const source of sources) {
    expect(thrownCode(source)).toBe('BAD_CONFIG')
    try {
      source()
    } catch (error) {
      told.push(error instanceof NodeError ? error.message : '')
    }
  }
  expect(new Set(told).size).toBe(1)
  return told[0] ?? ''
}

describe('a setting', () => {
  it('comes from the flag, then from the environment, then from its default', () => {
    const env = { OPENLEDGER_RPC_PORT: '2000' }
    expect(read({ rpcPort: '1000' }, env).rpcPort).toBe(1000)
    expect(read({}, env).rpcPort).toBe(2000)
    expect(read({}).rpcPort).toBe(8545)
    expect(read({ rpcPort: undefined }, { OPENLEDGER_RPC_PORT: undefined }).rpcPort).toBe(8545)
  })

  it('does not fall back on the environment when the flag is bad', () => {
    expect(thrownCode(() => read({ rpcPort: 'x' }, { OPENLEDGER_RPC_PORT: '2000' }))).toBe('BAD_CONFIG')
    // and is not looked at where the flag is good
    expect(read({ rpcPort: '1000' }, { OPENLEDGER_RPC_PORT: 'x' }).rpcPort).toBe(1000)
  })

  it('has a variable named after its flag, no two alike', () => {
    expect(nodeSettings.contentQuotaMb.env).toBe('OPENLEDGER_CONTENT_QUOTA_MB')
    expect(nodeSettings.single.env).toBe('OPENLEDGER_SINGLE')
    const all: Setting<unknown>[] = Object.values(nodeSettings)
    expect(new Set(all.map(({ env }) => env)).size).toBe(all.length)
    for (const [key, { flag }] of Object.entries(nodeSettings)) {
      const camel = flag
        .split(' ')[0]
        ?.slice(2)
        .replace(/-./g, (dashed) => dashed.slice(1).toUpperCase())
      // commander names the value of a flag like this
      expect(camel).toBe(key)
    }
  })

  it('has a default that its own rule takes', () => {
    for (const [key, { schema, fallback }] of Object.entries(nodeSettings)) {
      expect([key, z.safeParse(schema, fallback).data]).toEqual([key, fallback])
    }
  })

  it('that nobody knows is left out', () => {
    expect(read({ supervised: true })).toEqual(read({}))
  })
})

describe('values', () => {
  it.each<[Key, string, unknown]>([
    ['rpcPort', '0', 0],
    ['p2pPort', '65535', 65_535],
    ['contentQuotaMb', '1', 1],
    ['rpcNamespaces', 'eth,,net', ['eth', 'net']],
    ['rpcCors', '', []],
    ['bootnodes', '/ip4/127.0.0.1/tcp/1/p2p/x', ['/ip4/127.0.0.1/tcp/1/p2p/x']],
    ['hostBond', '0.5', parseEther('0.5')],
    ['hostRisk', '0', 0n],
    ['hostMostBond', '999999999999.000000000000000001', parseEther('999999999999') + 1n],
    ['single', 'true', true],
    ['single', '1', true],
    ['audit', 'off', 'off'],
    ['state', 'pruned', 'pruned'],
    ['stateBlocks', '16', 16],
    ['logLevel', 'silent', 'silent'],
    ['validatorKey', 'key.json', 'key.json'],
  ])('%s takes %j', (key, text, expected) => {
    expect(read({ [key]: text })[key]).toEqual(expected)
    expect(read({}, { [nodeSettings[key].env]: text })[key]).toEqual(expected)
  })

  it('may have their type already', () => {
    const flags = { rpcPort: 7, single: true, hostBond: 5n, rpcCors: ['*'] }
    expect(read(flags)).toMatchObject(flags)
  })

  it.each<[Key, unknown]>([
    ['dataDir', ''],
    ['genesis', ''],
    ['rpcHost', ''],
    ['p2pHost', 7],
    ['hostAddress', ''],
    ['rpcPort', ''],
    ['rpcPort', ' '],
    ['rpcPort', '-1'],
    ['rpcPort', '65536'],
    ['rpcPort', '80.5'],
    ['rpcPort', '0x50'],
    ['rpcPort', '1e3'],
    ['rpcPort', true],
    ['p2pPort', 'http'],
    ['hostPort', 'NaN'],
    ['contentQuotaMb', '0'],
    ['contentQuotaMb', '1000001'],
    ['contentQuotaMb', ''],
    ['rpcNamespaces', [7]],
    ['rpcCors', ['']],
    ['bootnodes', 7],
    ['hostCors', {}],
    ['validatorKey', ''],
    ['hostKey', ''],
    ['modelDir', ''],
    ['logFile', ''],
    ['hostBond', ''],
    ['hostBond', '-1'],
    ['hostBond', '1e18'],
    ['hostBond', '.5'],
    ['hostBond', '1.'],
    ['hostBond', '1,5'],
    ['hostBond', 100],
    ['hostMostBond', '1.0000000000000000001'],
    ['hostRisk', '1000000000000'],
    ['audit', 'yes'],
    ['state', 'full'],
    ['stateBlocks', '15'],
    ['stateBlocks', ''],
    ['single', 'yes'],
    ['single', ''],
    ['logLevel', 'verbose'],
  ])('%s refuses %j by the name of its flag', (key, value) => {
    expect(refusalOf(key, value).startsWith(`${flagOf(key)}: `)).toBe(true)
  })

  it('of every setting are refused when they are nothing that it knows', () => {
    for (const key of Object.keys(nodeSettings) as Key[]) {
      expect(refusalOf(key, Symbol.iterator).startsWith(`${flagOf(key)}: `)).toBe(true)
    }
  })
})
