import { limits } from '../../config/limits.ts'
import { TRANSACTION_GAS_CAP } from '../../mempool/transaction.ts'
import { EMPTY_CODE_HASH } from '../../primitives/keccak.ts'
import type { StateReader } from '../../state/types.ts'
import { RPC_CODES, RpcError } from '../errors.ts'
import type { CallRequest, CallResult, Calls, CallTarget } from '../ports.ts'
import { callError } from './failure.ts'

/** What a plain transfer costs, and the least that any transaction does. */
const TRANSFER_GAS = 21_000n
/** A frame may be given at most 63/64 of what is left (EIP-150), so the outermost needs a little over its use. */
const CALL_STIPEND = 2_300n
/** The search ends when the bracket is this part of its upper end: closer is not worth more runs. */
const TOLERANCE = { numerator: 15n, denominator: 1_000n }

export interface EstimateModules {
  readonly calls: Pick<Calls, 'call'>
  /** State of the block that the estimate runs on. */
  readonly state: StateReader
  readonly blockGasLimit: bigint
}

/**
 * The least gas limit, within 1.5 %, with which the call succeeds. Fails as the call does when it fails even with
 * the most gas that a transaction may have.
 */
export async function estimateGas(
  request: CallRequest,
  target: CallTarget,
  modules: EstimateModules,
): Promise<bigint> {
  const attempt = (gasLimit: bigint) => modules.calls.call({ ...request, gasLimit }, target)
  let high = gasCeiling(request, target, modules)
  if (isPlainTransfer(request, target, modules.state) && high >= TRANSFER_GAS) {
    const transfer = await attempt(TRANSFER_GAS)
    if (transfer.failure === undefined) return TRANSFER_GAS
  }
  const generous = await attempt(high)
  if (generous.failure !== undefined) throw estimateError(generous, high)
  const needed = generous.gasUsed + generous.gasRefund
  let low = generous.gasUsed - 1n
  const hopeful = ((needed + CALL_STIPEND) * 64n) / 63n
  if (hopeful < high) {
    if ((await attempt(hopeful)).failure === undefined) high = hopeful
    else low = hopeful
  }
  while (low + 1n < high) {
    if ((high - low) * TOLERANCE.denominator < high * TOLERANCE.numerator) break
    // Most calls need little more than they use, so the search leans to the low side.
    const half = (low + high) / 2n
    const middle = half > low * 2n ? low * 2n : half
    if ((await attempt(middle)).failure === undefined) high = middle
    else low = middle
  }
  return high
}

/** What the sender asked for, a block holds, a transaction may take, and the sender can pay. */
function gasCeiling(request: CallRequest, target: CallTarget, modules: EstimateModules): bigint {
  const asked =
    request.gasLimit !== undefined && request.gasLimit >= TRANSFER_GAS ? request.gasLimit : undefined
  let ceiling = asked ?? target.blockOverrides?.gasLimit ?? modules.blockGasLimit
  for (const cap of [TRANSACTION_GAS_CAP, limits.rpcCallGas]) if (cap < ceiling) ceiling = cap
  const priceWei = request.gasPriceWei ?? request.feeCapWei ?? 0n
  if (priceWei === 0n || request.from === undefined) return ceiling
  const balanceWei =
    target.stateOverrides?.get(request.from)?.balanceWei ??
    modules.state.account(request.from)?.balanceWei ??
    0n
  const valueWei = request.valueWei ?? 0n
  if (valueWei > balanceWei) {
    throw new RpcError(RPC_CODES.transactionRejected, 'insufficient funds for gas * price + value')
  }
  const affordable = (balanceWei - valueWei) / priceWei
  return affordable < ceiling ? affordable : ceiling
}

function isPlainTransfer(request: CallRequest, target: CallTarget, state: StateReader): boolean {
  const { to, data, authorizationList, accessList } = request
  if (
    to === undefined ||
    (data?.length ?? 0) > 0 ||
    authorizationList !== undefined ||
    accessList !== undefined
  ) {
    return false
  }
  const override = target.stateOverrides?.get(to)?.code
  return override === undefined
    ? (state.account(to)?.codeHash ?? EMPTY_CODE_HASH) === EMPTY_CODE_HASH
    : override.length === 0
}

function estimateError(result: CallResult, gasLimit: bigint): RpcError {
  const { failure, output } = result
  if (failure !== undefined && failure.message !== 'out of gas') return callError(failure, output)
  return new RpcError(RPC_CODES.invalidInput, `gas required exceeds allowance (${gasLimit})`)
}
