/** Prices of storage access for native precompiles, the same as the interpreter's. */
export const gasPrices = {
  coldSlot: 2_100n, // EIP-2929 COLD_SLOAD_COST
  warmAccess: 100n, // EIP-2929 WARM_STORAGE_READ_COST
  coldAccount: 2_600n, // EIP-2929 COLD_ACCOUNT_ACCESS_COST
  slotSet: 20_000n, // EIP-2200 SSTORE_SET_GAS
  slotReset: 2_900n, // EIP-2929: 5,000 less COLD_SLOAD_COST
  clearRefund: 4_800n, // EIP-3529 SSTORE_CLEARS_SCHEDULE
  sstoreSentry: 2_300n, // EIP-2200 SSTORE_SENTRY_GAS
  log: 375n,
  logTopic: 375n,
  logByte: 8n,
  keccak: 30n,
  keccakWord: 6n,
  copyWord: 3n,
  ecrecover: 3_000n,
  valueTransfer: 9_000n,
  newAccount: 25_000n,
  create: 32_000n,
  codeDepositByte: 200n,
} as const

export interface StoreCost {
  readonly gas: bigint
  /** Change of the refund counter; may be negative. */
  readonly refund: bigint
}

/** SSTORE of `next` over `current`, which was `original` when the transaction began (EIP-2200 with EIP-3529). */
export function sstoreCost(original: bigint, current: bigint, next: bigint): StoreCost {
  const { warmAccess, slotSet, slotReset, clearRefund } = gasPrices
  if (current === next) return { gas: warmAccess, refund: 0n }
  if (original === current) {
    if (original === 0n) return { gas: slotSet, refund: 0n }
    return { gas: slotReset, refund: next === 0n ? clearRefund : 0n }
  }
  let refund = 0n
  if (original !== 0n) {
    if (current === 0n) refund -= clearRefund
    if (next === 0n) refund += clearRefund
  }
  if (original === next) refund += (original === 0n ? slotSet : slotReset) - warmAccess
  return { gas: warmAccess, refund }
}
