import type { NativePrecompile } from '../../precompiles/host.ts'
import type { PrecompileParameters } from '../../precompiles/parameters.ts'
import { availablePrecompiles, type Change, PrecompileRegistry } from '../../precompiles/registry.ts'
import { nativeAddresses, predeploys } from '../chainspec/addresses.ts'
import type { ChainSpec } from '../chainspec/chainSpec.ts'
import { NodeError } from '../errors/errors.ts'
import type { Address } from '../primitives/hex.ts'

/**
 * The native precompiles as the genesis file schedules them, out of those that this node has. BAD_GENESIS when it lacks
 * one of the versions, or when an account is not as a native one has to be.
 */
export function precompilesOf(
  spec: ChainSpec,
  available: readonly NativePrecompile[] = availablePrecompiles(precompileParameters(spec)),
): PrecompileRegistry {
  const registry = new PrecompileRegistry(
    spec.genesis.precompiles.map(({ name, version, timestamp }): Change => {
      const fromTimestamp = BigInt(timestamp)
      const versions = available.filter((one) => one.name === name)
      const precompile = versions.find((one) => one.version === version)
      if (precompile !== undefined) return { fromTimestamp, precompile }
      const [known] = versions
      if (version === null && known !== undefined) return { fromTimestamp, removes: known.address }
      const what = version === null ? 'no' : `no version ${version} of the`
      throw new NodeError('BAD_GENESIS', `This node has ${what} precompile "${name}".`)
    }),
  )
  for (const address of registry.addresses) checkAccount(spec, address)
  return registry
}

/** Where nothing runs, the account's code must make a call fail, and an account without code would let it succeed. */
function checkAccount(spec: ChainSpec, address: Address): void {
  const account = spec.genesis.alloc[address]
  if (account?.code === '0xfe' && account.nonce === 1) return
  throw new NodeError(
    'BAD_GENESIS',
    `The account ${address} of a native precompile lacks code 0xfe or nonce 1.`,
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
