import type { z } from 'zod'
import { limits } from '../../config/limits.ts'
import { invalidParams } from '../errors.ts'
import type { CallRequest } from '../ports.ts'
import type { callRequest } from '../schemas/call.ts'

/** Bounds the gas of a call and checks that it is meant for this chain. */
export function prepareCall(parsed: z.output<typeof callRequest>, chainId: bigint): CallRequest {
  const { chainId: wanted, ...request } = parsed
  if (wanted !== undefined && wanted !== chainId) {
    throw invalidParams(`chainId does not match node's (have=${wanted}, want=${chainId})`)
  }
  const { gasLimit } = request
  const bounded = gasLimit === undefined || gasLimit > limits.rpcCallGas ? limits.rpcCallGas : gasLimit
  return { ...request, gasLimit: bounded }
}
