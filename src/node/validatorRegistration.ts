import { predeploys } from '../chainspec/addresses.ts'
import { bigIntToBytes, concatBytes, utf8ToBytes } from '../primitives/bytes.ts'
import { type Address, bytesToHex, type Hex, hexToBytes } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import { sign } from '../primitives/secp256k1.ts'

const JOIN_TAG = keccak256(utf8ToBytes('openledger.staking.join.v1'))

/**
 * A consensus key's word that `operator` may register it: its signature over Staking's `joinDigest(operator)`. The digest
 * is made here and never asked for: a key that signs what a stranger's node hands it could be made to sign a vote.
 */
export function consensusKeyProof(chainId: bigint, operator: Address, privateKey: Uint8Array): Hex {
  const padding = new Uint8Array(12)
  const digest = keccak256(
    concatBytes(
      JOIN_TAG,
      bigIntToBytes(chainId, 32),
      concatBytes(padding, hexToBytes(predeploys.staking)),
      concatBytes(padding, hexToBytes(operator)),
    ),
  )
  const signature = sign(digest, privateKey)
  signature[64] = 27 + (signature[64] ?? 0)
  return bytesToHex(signature)
}
