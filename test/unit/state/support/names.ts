import { type Address, type Hash, hexToBytes } from '../../../../src/primitives/hex.ts'
import { keccak256, keccakHex } from '../../../../src/primitives/keccak.ts'
import type { AccountRecord, StateReader } from '../../../../src/state/types.ts'

/** Few names, so that random operations meet each other. */
export const addresses: readonly Address[] = Array.from(
  { length: 6 },
  (_, i) => `0x${(i * 37 + 1).toString(16).padStart(2, '0').repeat(20)}` as const,
)
const slotOf = (number: number): Hash => `0x${number.toString(16).padStart(64, '0')}`

/** Slots whose hashes begin alike, so that their tries have extensions, which split and join as slots come and go. */
export const deepSlots: readonly Hash[] = [
  ...slotsWithPrefix(0x5a, 4),
  ...slotsWithPrefix(0x5b, 2),
  ...slotsWithPrefix(0xe0, 2),
]

function slotsWithPrefix(prefix: number, count: number): Hash[] {
  const found: Hash[] = []
  for (let number = 0; found.length < count; number++) {
    if (keccak256(hexToBytes(slotOf(number)))[0] === prefix) found.push(slotOf(number))
  }
  return found
}

export const slots: readonly Hash[] = [...[0, 1, 2, 3, 4].map(slotOf), ...deepSlots.slice(0, 3)]
export const slotValues: readonly bigint[] = [0n, 1n, 0x80n, 1n << 200n, (1n << 256n) - 1n]
export const codes: readonly Uint8Array[] = [
  new Uint8Array(0),
  Uint8Array.of(0x80),
  Uint8Array.of(0x60, 0x01),
  new Uint8Array(300).fill(7),
]
export const codeHashes: readonly Hash[] = codes.map(keccakHex)

/** Everything that a reader says about the names above; storage roots only where they are final. */
export function readAll(state: StateReader, withRoots = false): unknown {
  return addresses.map((address) => {
    const account = state.account(address)
    if (account === undefined) return [address, undefined, slots.map((slot) => state.storage(address, slot))]
    return [
      address,
      withRoots ? account : fieldsOf(account),
      slots.map((slot) => state.storage(address, slot)),
      state.code(account.codeHash),
    ]
  })
}

export function fieldsOf({ nonce, balanceWei, codeHash }: AccountRecord) {
  return { nonce, balanceWei, codeHash }
}
