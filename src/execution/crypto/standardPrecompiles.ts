import { createRIPEMD160 } from 'hash-wasm'
import { messageOf, NodeError } from '../../errors/errors.ts'
import { openBlake2f } from './blake2f.ts'
import { bls12381Precompiles, openBls12381 } from './bls12381.ts'
import { bn254Precompiles, openBn254 } from './bn254.ts'
import { ecrecover } from './ecrecover.ts'
import { identity, ripemd160, sha256 } from './hashes.ts'
import { pointEvaluation } from './kzg.ts'
import { modexp } from './modexp.ts'
import { p256Verify } from './p256.ts'
import type { StandardPrecompile } from './standardPrecompile.ts'

/** What has to be started before there are precompiles. */
const libraries = { createRIPEMD160, openBn254, openBlake2f, openBls12381 }

let loaded: Promise<readonly StandardPrecompile[]> | undefined

/**
 * The precompiles of Ethereum up to Osaka, in the order of their addresses. Their WebAssembly is instantiated once in
 * a thread, the first time; who opens a chain asks for it before anything else, and CRYPTO_FAILED ends the start.
 */
export function loadStandardPrecompiles(): Promise<readonly StandardPrecompile[]> {
  loaded ??= openStandardPrecompiles(libraries)
  return loaded
}

export async function openStandardPrecompiles(
  open: typeof libraries,
): Promise<readonly StandardPrecompile[]> {
  try {
    const [hasher, bn254, blake2f, bls12381] = await Promise.all([
      open.createRIPEMD160(),
      open.openBn254(),
      open.openBlake2f(),
      open.openBls12381(),
    ])
    return [
      ecrecover,
      sha256,
      ripemd160(hasher),
      identity,
      modexp,
      ...bn254Precompiles(bn254),
      blake2f,
      pointEvaluation(bls12381),
      ...bls12381Precompiles(bls12381),
      p256Verify,
    ]
  } catch (error) {
    const reason = `The cryptography of the precompiles does not start: ${messageOf(error)}`
    throw new NodeError('CRYPTO_FAILED', reason, {}, error)
  }
}
