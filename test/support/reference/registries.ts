import { encodeDeployData, type Abi as ViemAbi } from 'viem'
import { iAdapterRegistryAbi } from '../../../contracts/generated/IAdapterRegistry.ts'
import { iDatanetRegistryAbi } from '../../../contracts/generated/IDatanetRegistry.ts'
import { iProofOfAttributionAbi } from '../../../contracts/generated/IProofOfAttribution.ts'
import {
  adapterMethodsAbi,
  adapterMethodsCreationCode,
} from '../../../contracts/generated/reference/AdapterMethods.ts'
import {
  adapterRegistryAbi,
  adapterRegistryCreationCode,
} from '../../../contracts/generated/reference/AdapterRegistry.ts'
import {
  attributionMethodsAbi,
  attributionMethodsCreationCode,
} from '../../../contracts/generated/reference/AttributionMethods.ts'
import {
  datanetMethodsAbi,
  datanetMethodsCreationCode,
} from '../../../contracts/generated/reference/DatanetMethods.ts'
import {
  datanetRegistryAbi,
  datanetRegistryCreationCode,
} from '../../../contracts/generated/reference/DatanetRegistry.ts'
import {
  proofOfAttributionAbi,
  proofOfAttributionCreationCode,
} from '../../../contracts/generated/reference/ProofOfAttribution.ts'
import * as adapter from '../../../precompiles/adapter/layout.ts'
import { ADAPTER_ADDRESS, ATTRIBUTION_ADDRESS, DATANET_ADDRESS } from '../../../precompiles/addresses.ts'
import * as datanet from '../../../precompiles/datanet/layout.ts'
import type { PrecompileParameters } from '../../../precompiles/parameters.ts'
import * as attribution from '../../../precompiles/proofOfAttribution/layout.ts'
import { remainderLayout } from '../../../precompiles/proofOfAttribution/remainders.ts'
import type { Abi } from '../../../precompiles/shared/abiTypes.ts'
import { endingLayout, settlingLayout } from '../../../precompiles/shared/governed.ts'
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
  /** Its constructor takes a struct whose fields have the names of parameters. */
  readonly registry: Contract
  /** Its IMethods. */
  readonly methods: Contract
  /** The structs of its <Name>Storage.sol, with what lays out the same in the precompile. */
  readonly storage: { readonly file: string; readonly structs: Readonly<Record<string, AnyStruct>> }
}

/** A struct as `precompiles/shared/layout.ts` places it. */
export interface AnyStruct {
  readonly fields: Readonly<Record<string, string>>
  readonly places: Readonly<
    Record<string, { readonly slot: bigint; readonly offset: bigint; readonly bits: number }>
  >
  readonly slots: number
}

/** Every native precompile that has a reference. */
export const referenceRegistries = {
  adapter: {
    name: 'adapterRegistry',
    address: ADAPTER_ADDRESS,
    abi: iAdapterRegistryAbi,
    registry: { abi: adapterRegistryAbi, creationCode: adapterRegistryCreationCode },
    methods: { abi: adapterMethodsAbi, creationCode: adapterMethodsCreationCode },
    storage: {
      file: 'contracts/reference/AdapterStorage.sol',
      structs: {
        StoredRegistry: adapter.registryLayout,
        StoredBaseModel: adapter.baseModelLayout,
        StoredAdapter: adapter.adapterLayout,
        StoredVersion: adapter.versionLayout,
        StoredRowChallenge: adapter.rowChallengeLayout,
        'IAdapterRegistry.Parent': adapter.parentLayout,
        'IAdapterRegistry.DatanetVersion': adapter.datanetVersionLayout,
      },
    },
  },
  datanet: {
    name: 'datanetRegistry',
    address: DATANET_ADDRESS,
    abi: iDatanetRegistryAbi,
    registry: { abi: datanetRegistryAbi, creationCode: datanetRegistryCreationCode },
    methods: { abi: datanetMethodsAbi, creationCode: datanetMethodsCreationCode },
    storage: {
      file: 'contracts/reference/datanet/DatanetStorage.sol',
      structs: {
        RegistryState: datanet.registryLayout,
        DatanetState: datanet.datanetLayout,
        ScorerState: datanet.scorerLayout,
        ContributionState: datanet.contributionLayout,
        VersionState: datanet.versionLayout,
        AccessState: datanet.accessLayout,
      },
    },
  },
  attribution: {
    name: 'proofOfAttribution',
    address: ATTRIBUTION_ADDRESS,
    abi: iProofOfAttributionAbi,
    registry: { abi: proofOfAttributionAbi, creationCode: proofOfAttributionCreationCode },
    methods: { abi: attributionMethodsAbi, creationCode: attributionMethodsCreationCode },
    storage: {
      file: 'contracts/reference/attribution/AttributionStorage.sol',
      structs: {
        StoredRoot: attribution.rootLayout,
        StoredDeposit: attribution.depositLayout,
        StoredHost: attribution.hostLayout,
        StoredAuditor: attribution.auditorLayout,
        StoredReceipt: attribution.receiptLayout,
        StoredBatch: attribution.batchLayout,
        StoredAudit: attribution.auditLayout,
        StoredChallenge: attribution.challengeLayout,
        StoredAppeal: attribution.appealLayout,
        StoredWindows: attribution.adapterWindowsLayout,
        StoredWindow: attribution.windowLayout,
        StoredSettling: settlingLayout,
        StoredEnding: endingLayout,
        StoredRemainder: remainderLayout,
      },
    },
  },
} as const satisfies Record<string, ReferenceRegistry>

export type RegistryName = keyof typeof referenceRegistries

/** What the constructors of references choose from. */
export type ReferenceParameters = PrecompileParameters & { readonly genesisHash: Hash }

/** Creation code with the parameters as the constructor's struct. */
export function creationOf(contract: Contract, parameters: ReferenceParameters): Hex {
  return encodeDeployData({ abi: contract.abi, bytecode: contract.creationCode, args: [parameters] })
}
