import { bytesToBigInt, bytesToUtf8 } from '../../primitives/bytes.ts'
import { bytesToHex } from '../../primitives/hex.ts'
import { RPC_CODES, RpcError } from '../errors.ts'
import type { CallFailure } from '../ports.ts'

const ERROR_SELECTOR = '0x08c379a0'
const PANIC_SELECTOR = '0x4e487b71'

/** The Solidity documentation, “Panic via assert and Error via require”. */
const PANICS: ReadonlyMap<bigint, string> = new Map([
  [0x00n, 'generic panic'],
  [0x01n, 'assert(false)'],
  [0x11n, 'arithmetic underflow or overflow'],
  [0x12n, 'division or modulo by zero'],
  [0x21n, 'enum overflow'],
  [0x22n, 'invalid encoded storage byte array accessed'],
  [0x31n, 'out-of-bounds array access; popping on an empty array'],
  [0x32n, 'out-of-bounds access of an array or bytesN'],
  [0x41n, 'out of memory'],
  [0x51n, 'uninitialized function'],
])

/** The error of a failed call: code 3 with the revert data untouched, or the EVM's own words. */
export function callError(failure: CallFailure, output: Uint8Array): RpcError {
  if (!failure.isRevert) return new RpcError(RPC_CODES.invalidInput, failure.message)
  const reason = revertReason(output)
  const message = reason === undefined ? 'execution reverted' : `execution reverted: ${reason}`
  return new RpcError(RPC_CODES.reverted, message, bytesToHex(output))
}

/** The text of Error(string) or Panic(uint256); undefined for anything else, custom errors included. */
export function revertReason(output: Uint8Array): string | undefined {
  const selector = bytesToHex(output.subarray(0, 4))
  const body = output.subarray(4)
  if (selector === PANIC_SELECTOR && body.length === 32) {
    const code = bytesToBigInt(body)
    return PANICS.get(code) ?? `unknown panic code: 0x${code.toString(16)}`
  }
  if (selector !== ERROR_SELECTOR || body.length < 64) return undefined
  const offset = bytesToBigInt(body.subarray(0, 32))
  const length = bytesToBigInt(body.subarray(32, 64))
  if (offset !== 32n || length > BigInt(body.length - 64)) return undefined
  try {
    return bytesToUtf8(body.subarray(64, 64 + Number(length)))
  } catch {
    return undefined
  }
}
