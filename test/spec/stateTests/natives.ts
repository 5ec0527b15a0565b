import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NativePrecompile } from '../../../precompiles/host.ts'
import { createChainSpec } from '../../../src/chainspec/chainSpec.ts'
import { parseGenesis } from '../../../src/chainspec/schema.ts'
import { precompilesOf } from '../../../src/node/precompiles.ts'

/** The native precompiles of the devnet. Tests call none of them; they must not feel that they are there. */
export function nativePrecompiles(): readonly NativePrecompile[] {
  const file = join(import.meta.dirname, '..', '..', '..', 'genesis', 'devnet.json')
  const spec = createChainSpec(parseGenesis(JSON.parse(readFileSync(file, 'utf8')), 'devnet'))
  return precompilesOf(spec).activeAt(BigInt(spec.genesis.timestamp))
}
