import { Interface } from 'ethers'
import { describe, expect, it } from 'vitest'
import { iAdapterRegistryAbi } from '../../../../contracts/generated/IAdapterRegistry.ts'
import { iDatanetRegistryAbi } from '../../../../contracts/generated/IDatanetRegistry.ts'
import { iProofOfAttributionAbi } from '../../../../contracts/generated/IProofOfAttribution.ts'
import { devnetParameters } from '../../../../precompiles/parameters.ts'
import { availablePrecompiles } from '../../../../precompiles/registry.ts'
import { abiHash } from '../../../../precompiles/shared/abiHash.ts'
import type { Abi } from '../../../../precompiles/shared/abiTypes.ts'
import { testHash } from '../../../support/precompileWorld.ts'

const abis: Readonly<Record<string, Abi>> = {
  datanetRegistry: iDatanetRegistryAbi,
  adapterRegistry: iAdapterRegistryAbi,
  proofOfAttribution: iProofOfAttributionAbi,
}

describe('the hash of an interface', () => {
  it.each(availablePrecompiles(devnetParameters))('of $name is that of what ethers writes', (precompile) => {
    const abi = abis[precompile.name]!
    const lines = new Interface(abi as never).format(true)
    expect(precompile.abiHash).toBe(testHash([...lines].sort().join('\n')))
  })

  it('changes with a type, a mutability and a name, not with the order or a parameter’s name', () => {
    const item = {
      type: 'function',
      name: 'f',
      inputs: [{ name: 'a', type: 'uint8' }],
      outputs: [],
      stateMutability: 'view',
    } as const
    const error = { type: 'error', name: 'e', inputs: [] } as const
    const hash = abiHash([item, error])
    expect(abiHash([error, { ...item, inputs: [{ name: 'b', type: 'uint8' }] }])).toBe(hash)
    expect(abiHash([error])).not.toBe(hash)
    expect(abiHash([error, { ...item, name: 'g' }])).not.toBe(hash)
    expect(abiHash([error, { ...item, stateMutability: 'payable' }])).not.toBe(hash)
    expect(abiHash([error, { ...item, inputs: [{ name: 'a', type: 'uint16' }] }])).not.toBe(hash)
    expect(abiHash([error, { ...item, outputs: [{ name: '', type: 'uint8' }] }])).not.toBe(hash)
  })
})
