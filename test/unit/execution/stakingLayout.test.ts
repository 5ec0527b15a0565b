import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

interface Place {
  readonly label: string
  readonly slot: string
  readonly offset: number
  readonly type: string
}
interface StorageLayout {
  readonly storage: readonly Place[]
  readonly types: Readonly<Record<string, { readonly label: string; readonly members?: readonly Place[] }>>
}
interface Solc {
  compile(input: string, callbacks: { import(path: string): { contents: string } }): string
}

const root = join(import.meta.dirname, '..', '..', '..')

/** solc's own layout; what the node reads by slot, and what later versions must keep. */
function layoutOf(contract: string): StorageLayout {
  const file = `contracts/system/${contract}.sol`
  const read = (path: string) => ({ contents: readFileSync(join(root, path), 'utf8') })
  const solc = createRequire(import.meta.url)('solc') as Solc
  const input = {
    language: 'Solidity',
    sources: { [file]: { content: read(file).contents } },
    settings: { outputSelection: { [file]: { [contract]: ['storageLayout'] } } },
  }
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: read }))
  return output.contracts[file][contract].storageLayout
}

const table = (places: readonly Place[], { types }: StorageLayout) =>
  places.map(
    ({ label, slot, offset, type }) =>
      `${slot}.${offset} ${label}: ${types[type]?.label.replace(/^mapping\(.*\)$/, 'mapping')}`,
  )

function struct(layout: StorageLayout, name: string): readonly string[] {
  const type = Object.values(layout.types).find(({ label }) => label === `struct ${name}`)
  return table(type?.members ?? [], layout)
}

describe('the storage of the predeploys', () => {
  const staking = layoutOf('Staking')

  it('has the state variables of Staking where they have always been', () => {
    expect(table(staking.storage, staking)).toEqual([
      '0.0 _active: struct IStaking.Member[]',
      '1.0 _previous: struct IStaking.Member[]',
      '2.0 _validators: mapping',
      '3.0 _keys: mapping',
      '4.0 _unbondings: mapping',
      '5.0 _candidates: address[]',
      '6.0 _totalStakeWei: uint256',
      '7.0 _rewardPerStake: uint256',
      '8.0 _genesisHash: bytes32',
      '9.0 _reserved: uint256[23]',
    ])
  })

  it('packs what consensus reads as src/execution/stakingView.ts expects', () => {
    expect(struct(staking, 'IStaking.Member')).toEqual([
      '0.0 consensusKey: address',
      '0.20 power: uint64',
      '1.0 feeRecipient: address',
      '2.0 operator: address',
    ])
    expect(struct(staking, 'IStaking.Validator')).toEqual([
      '0.0 consensusKey: address',
      '0.20 jailedUntil: uint64',
      '0.28 tombstoned: bool',
      '0.29 place: uint16',
      '1.0 feeRecipient: address',
      '2.0 randomnessTip: bytes32',
      '3.0 nextRandomnessTip: bytes32',
      '4.0 stakeWei: uint128',
      '4.16 rewardsWei: uint128',
      '5.0 rewardDebt: uint256',
      '6.0 participation: struct IStaking.Participation',
    ])
  })

  it('keeps counts of a validator in one slot, and its keys and unbonding stake in one each', () => {
    expect(struct(staking, 'IStaking.Participation')).toEqual([
      '0.0 memberBlocks: uint64',
      '0.8 missedBlocks: uint64',
      '0.16 memberUntil: uint64',
      '0.24 window: uint32',
      '0.28 missedInWindow: uint32',
    ])
    expect(struct(staking, 'Staking.Key')).toEqual(['0.0 operator: address', '0.20 votesUntil: uint64'])
    expect(struct(staking, 'IStaking.Unbonding')).toEqual([
      '0.0 amountWei: uint128',
      '0.16 withdrawableAt: uint64',
    ])
  })

  it('has nothing in Slashing but the bounties kept', () => {
    const slashing = layoutOf('Slashing')
    expect(table(slashing.storage, slashing)).toEqual(['0.0 _bounties: mapping'])
  })
})
