import { createHash } from 'node:crypto'
import type { IHasher } from 'hash-wasm'
import { precompileAddress, type StandardPrecompile, words } from './standardPrecompile.ts'

export const sha256: StandardPrecompile = {
  name: 'sha256',
  address: precompileAddress(0x02),
  gas: (input) => 60n + 12n * words(input),
  run: (input) => Uint8Array.from(createHash('sha256').update(input).digest()),
}

/** OpenSSL may be built without RIPEMD-160, so it is WebAssembly's. */
export function ripemd160(hasher: IHasher): StandardPrecompile {
  return {
    name: 'ripemd160',
    address: precompileAddress(0x03),
    gas: (input) => 600n + 120n * words(input),
    run: (input) => {
      const output = new Uint8Array(32)
      output.set(hasher.init().update(input).digest('binary'), 12)
      return output
    },
  }
}

export const identity: StandardPrecompile = {
  name: 'identity',
  address: precompileAddress(0x04),
  gas: (input) => 15n + 3n * words(input),
  // not slice: that of a Buffer is no copy
  run: (input) => Uint8Array.from(input),
}
