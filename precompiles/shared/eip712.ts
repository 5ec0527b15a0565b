import { bigIntToBytes, concatBytes, utf8ToBytes } from '../../src/primitives/bytes.ts'
import { type Address, type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import { keccak256 } from '../../src/primitives/keccak.ts'

/** Typed data of EIP-712 in the domain of a native precompile: name "OpenLedger", version "1". */
export type Hasher = (data: Uint8Array) => Hash

const DOMAIN_TYPE = 'EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)'

export const typeHash = (type: string) => keccak256(utf8ToBytes(type))
const DOMAIN_PREFIX = concatBytes(typeHash(DOMAIN_TYPE), typeHash('OpenLedger'), typeHash('1'))

export function domainSeparator(hash: Hasher, chainId: bigint, verifyingContract: Address): Hash {
  const contract = bigIntToBytes(BigInt(verifyingContract), 32)
  return hash(concatBytes(DOMAIN_PREFIX, bigIntToBytes(chainId, 32), contract))
}

export function typedDataDigest(hash: Hasher, separator: Hash, structHash: Hash): Hash {
  return hash(concatBytes(Uint8Array.of(0x19, 0x01), hexToBytes(separator), hexToBytes(structHash)))
}
