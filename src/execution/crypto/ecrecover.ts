import { bytesToBigInt, EMPTY_BYTES } from '../../primitives/bytes.ts'
import { keccak256 } from '../../primitives/keccak.ts'
import { recoverPublicKey } from '../../primitives/secp256k1.ts'
import { padded, precompileAddress, type StandardPrecompile } from './standardPrecompile.ts'

/** Takes a high s too, as the precompile always has. No signature is an error: the output is empty then. */
export const ecrecover: StandardPrecompile = {
  name: 'ecrecover',
  address: precompileAddress(0x01),
  gas: () => 3_000n,
  run: (input) => {
    const fields = padded(input, 128)
    const v = bytesToBigInt(fields.subarray(32, 64))
    if (v !== 27n && v !== 28n) return EMPTY_BYTES
    const publicKey = recover(fields, v === 28n ? 1 : 0)
    if (publicKey === undefined) return EMPTY_BYTES
    const output = new Uint8Array(32)
    output.set(keccak256(publicKey).subarray(12), 12)
    return output
  },
}

function recover(fields: Uint8Array, recovery: number): Uint8Array | undefined {
  const r = bytesToBigInt(fields.subarray(64, 96))
  const s = bytesToBigInt(fields.subarray(96, 128))
  try {
    return recoverPublicKey(fields.subarray(0, 32), recovery, r, s)
  } catch {
    // the library's only answer to r or s out of range, and to an r that is no point
    return undefined
  }
}
