import { NodeError } from '../errors/errors.ts'
import { EMPTY_CODE_HASH } from '../primitives/keccak.ts'
import type { AccountRecord } from '../state/types.ts'
import { isDelegation } from './authorities.ts'
import type { PoolHead, PoolState } from './ports.ts'
import type { Entry } from './senderQueue.ts'
import { isReplayProtected, type PooledTransaction } from './transaction.ts'

export interface PriceRules {
  /** The chain's lowest base fee: a fee cap below it can never be paid out. */
  readonly minimumBaseFeeWei: bigint
  /** The lowest tip that this node cares to pool. */
  readonly minimumTipWei: bigint
  /** Whether to take legacy transactions whose signature holds on every chain. */
  readonly allowUnprotected: boolean
}

/** What the transaction itself must satisfy for the next block to take it. */
export function checkOffer(transaction: PooledTransaction, head: PoolHead, rules: PriceRules): void {
  if (!rules.allowUnprotected && !isReplayProtected(transaction)) {
    throw new NodeError(
      'TX_INVALID',
      'only replay-protected (EIP-155) transactions allowed; sign with the chain id.',
      { reason: 'unprotected' },
    )
  }
  if (transaction.gasLimit > head.gasLimit) {
    throw new NodeError(
      'TX_GAS_TOO_HIGH',
      `Gas limit ${transaction.gasLimit} exceeds the block gas limit ${head.gasLimit}.`,
    )
  }
  // Intrinsic gas, and the floor by calldata of EIP-7623.
  const minimumGas = transaction.tx.getMinimumGasLimit()
  if (transaction.gasLimit < minimumGas) {
    throw new NodeError(
      'TX_GAS_TOO_LOW',
      `intrinsic gas too low: the limit is ${transaction.gasLimit}, at least ${minimumGas} is needed.`,
    )
  }
  if (transaction.feeCapWei < rules.minimumBaseFeeWei || transaction.tipCapWei < rules.minimumTipWei) {
    throw new NodeError(
      'TX_UNDERPRICED',
      `transaction underpriced: the fee cap must reach ${rules.minimumBaseFeeWei} wei and the tip ${rules.minimumTipWei} wei.`,
    )
  }
}

/** What its sender must satisfy. Returns whether the sender runs delegated code. */
export function checkSender(
  transaction: PooledTransaction,
  account: AccountRecord | undefined,
  state: PoolState,
): { isDelegated: boolean } {
  const codeHash = account?.codeHash ?? EMPTY_CODE_HASH
  const isDelegated = codeHash !== EMPTY_CODE_HASH && isDelegation(state.code(codeHash))
  if (codeHash !== EMPTY_CODE_HASH && !isDelegated) {
    throw new NodeError('TX_INVALID', 'The sender is a contract (EIP-3607).', { reason: 'sender' })
  }
  const nonce = account?.nonce ?? 0n
  if (transaction.nonce < nonce) {
    throw new NodeError(
      'TX_NONCE_TOO_LOW',
      `nonce too low: the next nonce of ${transaction.sender} is ${nonce}, the transaction has ${transaction.nonce}.`,
    )
  }
  return { isDelegated }
}

/** A replacement must raise the fee cap and the tip, both by `percent`. */
export function checkReplacement(transaction: PooledTransaction, present: Entry, percent: number): void {
  const old = present.transaction
  const isEnough = (next: bigint, previous: bigint) =>
    next > previous && next * 100n >= previous * BigInt(100 + percent)
  if (isEnough(transaction.feeCapWei, old.feeCapWei) && isEnough(transaction.tipCapWei, old.tipCapWei)) {
    return
  }
  throw new NodeError(
    'TX_REPLACEMENT_UNDERPRICED',
    `replacement transaction underpriced: raise fee cap and tip by ${percent} % over ${old.feeCapWei} and ${old.tipCapWei} wei.`,
    { replaces: old.hash },
  )
}

/** All that one sender has pooled must be covered by its balance, so that no transaction can starve another. */
export function checkFunds(transaction: PooledTransaction, totalCostWei: bigint, balanceWei: bigint): void {
  if (totalCostWei <= balanceWei) return
  throw new NodeError(
    'TX_INSUFFICIENT_FUNDS',
    `insufficient funds for gas * price + value: ${transaction.sender} has ${balanceWei} wei and its pooled transactions need ${totalCostWei}.`,
  )
}

/** What the transaction pays the proposer per gas at this base fee; negative when it cannot pay the base fee. */
export function effectiveTipWei(transaction: PooledTransaction, baseFeeWei: bigint): bigint {
  const overBaseFee = transaction.feeCapWei - baseFeeWei
  return overBaseFee < transaction.tipCapWei ? overBaseFee : transaction.tipCapWei
}
