import type { NativePrecompile } from '../../precompiles/host.ts'
import type { ChainSpec } from '../chainspec/chainSpec.ts'

/** Every version of every native precompile that this node can run, with the parameters of its chain. */
export function nativePrecompiles(_spec: ChainSpec): readonly NativePrecompile[] {
  return []
}
