import { bigIntToMinimalBytes } from '../../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hex } from '../../../../src/primitives/hex.ts'

// Yellow Paper, appendix H, and later EIPs
const opcodes = {
  STOP: 0x00,
  ADD: 0x01,
  SUB: 0x03,
  ISZERO: 0x15,
  KECCAK256: 0x20,
  BALANCE: 0x31,
  CALLDATALOAD: 0x35,
  CALLDATASIZE: 0x36,
  CALLDATACOPY: 0x37,
  EXTCODESIZE: 0x3b,
  RETURNDATASIZE: 0x3d,
  RETURNDATACOPY: 0x3e,
  SELFBALANCE: 0x47,
  BLOBHASH: 0x49,
  BLOBBASEFEE: 0x4a,
  POP: 0x50,
  MLOAD: 0x51,
  MSTORE: 0x52,
  SLOAD: 0x54,
  SSTORE: 0x55,
  GAS: 0x5a,
  JUMPDEST: 0x5b,
  JUMP: 0x56,
  TLOAD: 0x5c,
  TSTORE: 0x5d,
  DUP1: 0x80,
  SWAP1: 0x90,
  LOG1: 0xa1,
  CREATE: 0xf0,
  CALL: 0xf1,
  CALLCODE: 0xf2,
  RETURN: 0xf3,
  DELEGATECALL: 0xf4,
  CREATE2: 0xf5,
  STATICCALL: 0xfa,
  REVERT: 0xfd,
  INVALID: 0xfe,
  SELFDESTRUCT: 0xff,
} as const

/** An opcode by its name, a number to push, or parts in a row. */
export type Part = keyof typeof opcodes | bigint | readonly Part[]

export function program(...parts: readonly Part[]): Hex {
  return bytesToHex(Uint8Array.from(bytesOf(parts)))
}

function bytesOf(parts: readonly Part[]): number[] {
  return parts.flatMap((part) => {
    if (typeof part === 'string') return [opcodes[part]]
    if (typeof part !== 'bigint') return bytesOf(part)
    // PUSH0 is younger than some of the forks
    const bytes = part === 0n ? [0] : [...bigIntToMinimalBytes(part)]
    return [0x5f + bytes.length, ...bytes]
  })
}

/** Stores what the parts leave on the stack. */
export const store = (slot: bigint, ...value: readonly Part[]): Part => [...value, slot, 'SSTORE']

/** The first 32 bytes of memory as the topicless part of a log. */
export const log = (topic: bigint): Part => [topic, 32n, 0n, 'LOG1']

/** Leaves whether the call succeeded. Its input is what memory starts with. */
export function call(
  to: Address,
  { gas = 500_000n, value = 0n, inputBytes = 0n }: { gas?: bigint; value?: bigint; inputBytes?: bigint } = {},
): Part {
  return [0n, 0n, inputBytes, 0n, value, BigInt(to), gas, 'CALL']
}

export function delegateCall(to: Address, gas = 500_000n): Part {
  return [0n, 0n, 0n, 0n, BigInt(to), gas, 'DELEGATECALL']
}

/** Puts up to 32 bytes at the start of memory. */
export function toMemory(code: Hex): Part {
  const bytes = code.slice(2)
  if (bytes.length > 64) throw new Error('at most 32 bytes of code')
  return [BigInt(`0x${bytes.padEnd(64, '0')}`), 0n, 'MSTORE']
}

/** Init code of a contract without code. */
export const EMPTY_INIT: Hex = program(0n, 0n, 'RETURN')
