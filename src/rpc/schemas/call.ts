import { z } from 'zod'
import type { Hash } from '../../primitives/hex.ts'
import type { AccountOverride, BlockOverrides, CallRequest, StateOverrides } from '../ports.ts'
import { address, data, hash, uint64, uint256 } from './hex.ts'

/** Clients send null for what they leave out. */
function maybe<T extends z.ZodType>(schema: T) {
  return schema.nullish().transform((value) => value ?? undefined)
}

const accessList = z.array(
  z.object({ address, storageKeys: maybe(z.array(hash)).transform((keys) => keys ?? []) }),
)

const authorizationList = z.array(
  z.object({ chainId: uint256, address, nonce: uint64, yParity: uint64, r: uint256, s: uint256 }),
)

const sameBytes = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0

/** The transaction object of eth_call, eth_estimateGas and eth_createAccessList; unknown fields are ignored. */
export const callRequest = z
  .object({
    type: maybe(z.string()),
    from: maybe(address),
    to: maybe(address),
    gas: maybe(uint64),
    gasPrice: maybe(uint256),
    maxFeePerGas: maybe(uint256),
    maxPriorityFeePerGas: maybe(uint256),
    maxFeePerBlobGas: maybe(uint256),
    value: maybe(uint256),
    nonce: maybe(uint64),
    input: maybe(data),
    data: maybe(data),
    chainId: maybe(uint256),
    accessList: maybe(accessList),
    authorizationList: maybe(authorizationList),
    blobVersionedHashes: maybe(z.array(hash)),
  })
  .refine((call) => !(call.input && call.data) || sameBytes(call.input, call.data), {
    error: 'both "data" and "input" are set and not equal; use "input"',
  })
  .refine(
    (call) =>
      call.gasPrice === undefined ||
      (call.maxFeePerGas === undefined && call.maxPriorityFeePerGas === undefined),
    { error: 'both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified' },
  )
  .refine(
    (call) =>
      call.maxFeePerGas === undefined ||
      call.maxPriorityFeePerGas === undefined ||
      call.maxPriorityFeePerGas <= call.maxFeePerGas,
    { error: 'maxPriorityFeePerGas is above maxFeePerGas' },
  )
  .transform((call): CallRequest & { readonly chainId?: bigint | undefined } => ({
    from: call.from,
    to: call.to,
    gasLimit: call.gas,
    gasPriceWei: call.gasPrice,
    feeCapWei: call.maxFeePerGas,
    tipCapWei: call.maxPriorityFeePerGas,
    valueWei: call.value,
    data: call.input ?? call.data,
    nonce: call.nonce,
    accessList: call.accessList,
    authorizationList: call.authorizationList,
    blobFeeCapWei: call.maxFeePerBlobGas,
    blobVersionedHashes: call.blobVersionedHashes,
    chainId: call.chainId,
  }))

const slots = z
  .record(hash, hash)
  .transform((record): ReadonlyMap<Hash, Hash> => new Map(Object.entries(record) as [Hash, Hash][]))

const accountOverride = z
  .object({
    nonce: maybe(uint64),
    balance: maybe(uint256),
    code: maybe(data),
    state: maybe(slots),
    stateDiff: maybe(slots),
    movePrecompileToAddress: maybe(address),
  })
  .refine(({ state, stateDiff }) => state === undefined || stateDiff === undefined, {
    error: 'an account has both "state" and "stateDiff"',
  })
  .transform(
    (account): AccountOverride => ({
      nonce: account.nonce,
      balanceWei: account.balance,
      code: account.code,
      state: account.state,
      stateDiff: account.stateDiff,
      movePrecompileTo: account.movePrecompileToAddress,
    }),
  )

export const stateOverrides = z
  .record(address, accountOverride)
  .transform((record): StateOverrides => new Map(Object.entries(record) as [Hash, AccountOverride][]))

export const blockOverrides = z
  .object({
    number: maybe(uint64),
    time: maybe(uint64),
    gasLimit: maybe(uint64),
    feeRecipient: maybe(address),
    prevRandao: maybe(hash),
    baseFeePerGas: maybe(uint256),
    blobBaseFee: maybe(uint256),
  })
  .transform(
    (block): BlockOverrides => ({
      number: block.number,
      timestamp: block.time,
      gasLimit: block.gasLimit,
      coinbase: block.feeRecipient,
      prevRandao: block.prevRandao,
      baseFeeWei: block.baseFeePerGas,
      blobBaseFeeWei: block.blobBaseFee,
    }),
  )
