import { expect } from 'vitest'
import type { iClaimableAbi } from '../../../../contracts/generated/IClaimable.ts'
import type { Address } from '../../../../src/primitives/hex.ts'
import type { Contract } from '../../../support/contract.ts'
import type { MemoryChain } from '../../../support/memoryHost.ts'

export type Books = Contract<typeof iClaimableAbi>

/** Credits, account by account, are what the events say, and add up to the books. */
export function checkCredits(contract: Books): void {
  const expected = new Map<string, bigint>()
  const add = (who: unknown, wei: unknown) => {
    const key = String(who).toLowerCase()
    expected.set(key, (expected.get(key) ?? 0n) + (wei as bigint))
  }
  for (const { name, args } of contract.history()) {
    if (name === 'Credited') add(args.account, args.amountWei)
    if (name === 'ContributionPaid' || name === 'RemainderPaid') add(args.contributor, args.amountWei)
    if (name === 'Claimed') add(args.account, -(args.amountWei as bigint))
  }
  let total = 0n
  for (const [who, wei] of expected) {
    expect(contract.read('credits', [who as Address])).toBe(wei)
    total += wei
  }
  expect(contract.read('totals').creditsWei).toBe(total)
}

/** The account holds what its books say. */
export function checkBalance(contract: Books): void {
  const books = contract.read('totals')
  const sums = books.depositsWei + books.pendingWei + books.potsWei + books.creditsWei + books.bondsWei
  expect(contract.chain.balanceOf(contract.address)).toBe(sums)
}

/** All money on a chain. */
export function supplyOf(chain: MemoryChain): bigint {
  return [...chain.balances.values()].reduce((sum, wei) => sum + wei, 0n)
}
