import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createChainSpec } from '../../../src/chainspec/chainSpec.ts'
import { type GenesisInput, parseGenesis } from '../../../src/chainspec/schema.ts'
import { type ErrorCode, NodeError } from '../../../src/errors/errors.ts'
import { createGenesisState, TOTAL_SUPPLY_WEI } from '../../../src/execution/genesis.ts'
import { blockHashOf } from '../../../src/ledger/block.ts'
import { devnetGenesisAccounts, devnetGenesisValidators } from '../../../src/node/devnet/keys.ts'
import { formatGenesis, withConstructedAlloc } from '../../../src/node/genesisFile.ts'
import { devnetGenesis } from '../../support/chain.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const files = ['devnet', 'bench', 'testnet', 'mainnet'].map((name) => `genesis/${name}.json`)

function codeOf(work: () => unknown): ErrorCode | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return error instanceof NodeError ? error.code : undefined
  }
}

describe('genesis files', () => {
  it.each(files)('%s is bit for bit what construction gives', async (file) => {
    const text = readFileSync(join(root, file), 'utf8')
    const json = JSON.parse(text) as GenesisInput
    expect(formatGenesis(await withConstructedAlloc(json, file))).toBe(text)
  })

  it('the devnet’s validators and accounts are the published ones', () => {
    const genesis = devnetGenesis()
    expect(genesis.validators).toEqual(devnetGenesisValidators(4))
    expect(genesis.accounts).toEqual(devnetGenesisAccounts(4))
  })

  it('allocate the whole supply and no more', async () => {
    const { state } = await createGenesisState(createChainSpec(parseGenesis(devnetGenesis(), 'test')))
    const total = [...state.diff.accounts.values()].reduce(
      (sum, account) => sum + (account?.balanceWei ?? 0n),
      0n,
    )
    expect(total).toBe(TOTAL_SUPPLY_WEI)
  })

  it('fund the ten accounts that Anvil and Hardhat use', () => {
    const { accounts } = devnetGenesis()
    const known = ['0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266', '0xa0ee7a142d267c1f36714e4a8f75612f20a79720']
    for (const address of known) {
      expect(accounts[address as `0x${string}`]?.balanceWei).toBe((10_000n * 10n ** 18n).toString())
    }
  })
})

describe('the genesis hash', () => {
  const genesis = devnetGenesis()
  const hashWith = async (change: Partial<GenesisInput>) => {
    const spec = createChainSpec(parseGenesis({ ...genesis, ...change }, 'test'))
    return blockHashOf((await createGenesisState(spec)).block)
  }
  const [first, ...others] = genesis.precompiles
  const upgrade = (timestamp: number) => ({
    precompiles: [...genesis.precompiles, { ...first!, version: 2, timestamp }],
  })

  it('stays when an upgrade of a precompile is scheduled for later, or scheduled anew', async () => {
    const hash = await hashWith({})
    expect(await hashWith(upgrade(genesis.timestamp + 1))).toBe(hash)
    expect(await hashWith(upgrade(genesis.timestamp + 1_000_000))).toBe(hash)
  })

  it('is another when other precompiles run from genesis on, or other parameters hold', async () => {
    const hashes = await Promise.all([
      hashWith({}),
      hashWith({ precompiles: others }),
      hashWith(upgrade(0)),
      hashWith(upgrade(genesis.timestamp)),
      hashWith({ builderBudgetMs: genesis.builderBudgetMs + 1 }),
    ])
    expect(new Set(hashes).size).toBe(hashes.length)
  })
})

describe('a genesis file is refused', () => {
  const wrong: readonly [what: string, change: Record<string, unknown>][] = [
    ['with an unknown field', { gasLimits: 1 }],
    ['with an amount that is a number', { baseFeeWei: 1_000_000_000 }],
    ['with a malformed address', { accounts: { '0x12': { balanceWei: '1' } } }],
    ['with the chain id of another network', { chainId: 1612 }],
    [
      'with validators that need no whole OPEN',
      { staking: { ...devnetGenesis().staking, minimumStakeWei: (10n ** 18n - 1n).toString() } },
    ],
    ['with a negative gas limit', { gasLimit: -1 }],
  ]
  it.each(wrong)('%s', (_what, change) => {
    expect(codeOf(() => parseGenesis({ ...devnetGenesis(), ...change }, 'test'))).toBe('BAD_GENESIS')
  })

  it('without a chain id, or without validators, when it is to start', () => {
    for (const change of [{ chainId: null }, { validators: [] }]) {
      const genesis = parseGenesis({ ...devnetGenesis(), ...change }, 'test')
      expect(codeOf(() => createChainSpec(genesis))).toBe('BAD_GENESIS')
    }
  })

  it('when stakes and accounts hold more than the supply', async () => {
    const genesis = devnetGenesis()
    const rich = {
      ...genesis,
      accounts: { [`0x${'12'.repeat(20)}`]: { balanceWei: (10n ** 27n).toString() } },
    }
    await expect(withConstructedAlloc(rich, 'test')).rejects.toHaveProperty('code', 'BAD_GENESIS')
  })
})
