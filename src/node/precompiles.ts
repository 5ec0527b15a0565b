import type { PrecompileParameters } from '../../precompiles/parameters.ts'
import { availablePrecompiles, PrecompileRegistry } from '../../precompiles/registry.ts'
import { nativeAddresses, predeploys } from '../chainspec/addresses.ts'
import type { ChainSpec } from '../chainspec/chainSpec.ts'
import { NodeError } from '../errors/errors.ts'

/** The native precompiles as the genesis file declares them. BAD_GENESIS when this node lacks one of the versions. */
export function precompilesOf(spec: ChainSpec): PrecompileRegistry {
  const available = availablePrecompiles(precompileParameters(spec))
  return new PrecompileRegistry(
    spec.genesis.precompiles.map(({ name, version, timestamp }) => {
      const precompile = available.find((one) => one.name === name && one.version === version)
      if (precompile === undefined) {
        throw new NodeError('BAD_GENESIS', `This node has no version ${version} of the precompile "${name}".`)
      }
      return { fromTimestamp: BigInt(timestamp), precompile }
    }),
  )
}

export function precompileParameters(spec: ChainSpec): PrecompileParameters {
  return {
    ...spec.genesis.attribution,
    stakingAddress: predeploys.staking,
    treasuryAddress: predeploys.treasury,
    systemAccounts: [...Object.values(nativeAddresses), ...Object.values(predeploys)],
  }
}
