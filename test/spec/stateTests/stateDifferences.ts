import { bigIntToBytes } from '../../../src/primitives/bytes.ts'
import { bytesToHex, hexToBytes, toAddress } from '../../../src/primitives/hex.ts'
import { keccakHex } from '../../../src/primitives/keccak.ts'
import type { StateDiff } from '../../../src/state/types.ts'
import type { TestAccounts } from './fixture.ts'
import { toBigInt } from './numbers.ts'

const MOST_SHOWN = 8

/** Where the state differs from the expected one, a few lines at most. */
export function differences(pre: TestAccounts, expected: TestAccounts, diff: StateDiff): string[] {
  const lines: string[] = []
  const byAddress = (accounts: TestAccounts) =>
    new Map(Object.entries(accounts).map(([name, account]) => [toAddress(name), account]))
  const before = byAddress(pre)
  const wanted = byAddress(expected)
  for (const address of new Set([...before.keys(), ...wanted.keys(), ...diff.accounts.keys()])) {
    const [old, want, changed] = [before.get(address), wanted.get(address), diff.accounts.get(address)]
    const exists = changed === undefined ? old !== undefined : changed !== null
    if (exists !== (want !== undefined)) {
      lines.push(`  ${address}: expected ${want === undefined ? 'no' : 'an'} account`)
      continue
    }
    if (want === undefined) continue
    const note = (field: string, expectedValue: unknown, found: unknown) => {
      if (expectedValue !== found) {
        lines.push(`  ${address} ${field}: expected ${expectedValue}, found ${found}`)
      }
    }
    note('nonce', toBigInt(want.nonce), changed?.nonce ?? toBigInt(old?.nonce ?? '0x'))
    note('balance', toBigInt(want.balance), changed?.balanceWei ?? toBigInt(old?.balance ?? '0x'))
    const oldHash = keccakHex(hexToBytes(old?.code ?? '0x'))
    note('code hash', keccakHex(hexToBytes(want.code)), changed?.codeHash ?? oldHash)
    const found = diff.clearedStorage.has(address) ? new Map() : slotsOf(old?.storage ?? {})
    for (const [slot, value] of diff.storage.get(address) ?? []) found.set(slot, value)
    const slots = slotsOf(want.storage)
    for (const slot of new Set([...slots.keys(), ...found.keys()])) {
      note(`slot ${slot}`, slots.get(slot) ?? 0n, found.get(slot) ?? 0n)
    }
  }
  return lines.slice(0, MOST_SHOWN)
}

function slotsOf(storage: Readonly<Record<string, string>>): Map<string, bigint> {
  return new Map(
    Object.entries(storage).map(([slot, value]) => [
      bytesToHex(bigIntToBytes(toBigInt(slot), 32)),
      toBigInt(value),
    ]),
  )
}
