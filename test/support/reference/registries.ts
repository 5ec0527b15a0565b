import { encodeDeployData, type Abi as ViemAbi } from 'viem'
import { iAdapterRegistryAbi } from '../../../contracts/generated/IAdapterRegistry.ts'
import {
  adapterMethodsAbi,
  adapterMethodsCreationCode,
} from '../../../contracts/generated/reference/AdapterMethods.ts'
import {
  adapterRegistryAbi,
  adapterRegistryCreationCode,
} from '../../../contracts/generated/reference/AdapterRegistry.ts'
import { iDatanetRegistryAbi } from '../../../contracts/generated/IDatanetRegistry.ts'
import {
  datanetMethodsAbi,
  datanetMethodsCreationCode,
} from '../../../contracts/generated/reference/DatanetMethods.ts'
import {
  datanetRegistryAbi,
  datanetRegistryCreationCode,
} from '../../../contracts/generated/reference/DatanetRegistry.ts'
import { ADAPTER_ADDRESS, DATANET_ADDRESS } from '../../../precompiles/addresses.ts'
import type { PrecompileParameters } from '../../../precompiles/parameters.ts'
import type { Abi } from '../../../precompiles/shared/abiTypes.ts'
import type { Address, Hash, Hex } from '../../../src/primitives/hex.ts'

export interface Contract {
  readonly abi: ViemAbi
  readonly creationCode: Hex
}

/** A native precompile and its reference in Solidity. */
export interface ReferenceRegistry {
  /** As genesis names the precompile. */
  readonly name: string
  readonly address: Address
  /** Of the interface. */
  readonly abi: Abi
  /** Its constructor takes a struct whose fields have the names of parameters; one may be `genesisHash`. */
  readonly registry: Contract
  /** Its IMethods. */
  readonly methods: Contract
}

/** Every native precompile that has a reference. */
export const referenceRegistries = {
  adapter: {
    name: 'adapterRegistry',
    address: ADAPTER_ADDRESS,
    abi: iAdapterRegistryAbi,
    registry: { abi: adapterRegistryAbi, creationCode: adapterRegistryCreationCode },
    methods: { abi: adapterMethodsAbi, creationCode: adapterMethodsCreationCode },
  },
  datanet: {
    name: 'datanetRegistry',
    address: DATANET_ADDRESS,
    abi: iDatanetRegistryAbi,
    registry: { abi: datanetRegistryAbi, creationCode: datanetRegistryCreationCode },
    methods: { abi: datanetMethodsAbi, creationCode: datanetMethodsCreationCode },
  },
} as const satisfies Record<string, ReferenceRegistry>

export type RegistryName = keyof typeof referenceRegistries

/** Creation code with the parameters, and the hash of genesis, as the constructor's struct. */
export function creationOf(contract: Contract, parameters: PrecompileParameters, genesisHash: Hash): Hex {
  const args = [{ ...parameters, genesisHash }]
  return encodeDeployData({ abi: contract.abi, bytecode: contract.creationCode, args })
}
