import type { Address, Hash } from '../../../../src/primitives/hex.ts'
import { keccakHex } from '../../../../src/primitives/keccak.ts'
import type { AccountRecord, StateReader } from '../../../../src/state/types.ts'

/** Few names, so that random operations meet each other. */
export const addresses: readonly Address[] = Array.from(
  { length: 6 },
  (_, i) => `0x${(i * 37 + 1).toString(16).padStart(2, '0').repeat(20)}` as const,
)
export const slots: readonly Hash[] = Array.from(
  { length: 5 },
  (_, i) => `0x${i.toString(16).padStart(64, '0')}` as const,
)
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
