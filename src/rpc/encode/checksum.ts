import { utf8ToBytes } from '../../primitives/bytes.ts'
import type { Address } from '../../primitives/hex.ts'
import { keccakHex } from '../../primitives/keccak.ts'

/** The mixed-case form of an address (EIP-55). `address` is lower case. */
export function checksumAddress(address: Address): string {
  const digits = address.slice(2)
  const digest = keccakHex(utf8ToBytes(digits)).slice(2)
  const mixed = Array.from(digits, (digit, index) =>
    Number.parseInt(digest[index] ?? '0', 16) >= 8 ? digit.toUpperCase() : digit,
  )
  return `0x${mixed.join('')}`
}
