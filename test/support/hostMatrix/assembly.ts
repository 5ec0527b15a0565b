import { concatBytes, utf8ToBytes } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccak256 } from '../../../src/primitives/keccak.ts'

export type CallOpcode = 'call' | 'callcode' | 'delegatecall' | 'staticcall'

const OPCODES: Readonly<Record<CallOpcode, string>> = {
  call: 'f1',
  callcode: 'f2',
  delegatecall: 'f4',
  staticcall: 'fa',
}

/** The call itself with what lies at 0, `length` bytes of it; then success and what came back, as the output. */
function callAndReturn(opcode: CallOpcode, to: Address, length: string): string {
  const value = opcode === 'call' || opcode === 'callcode' ? '34' : ''
  return `5f5f${length}5f${value}73${to.slice(2)}5a${OPCODES[opcode]}5f523d5f60203e3d6020015ff3`
}

/** Code that passes its calldata and, where the opcode can, its value on to `to`. Returns success ‖ what came back. */
export function forwarder(opcode: CallOpcode, to: Address): Hex {
  return `0x365f5f37${callAndReturn(opcode, to, '36')}`
}

/** Creation code that calls `to` with `input`; the contract that it makes has success ‖ what came back as its code. */
export function callingConstructor(to: Address, input: Uint8Array): Uint8Array {
  const push3 = (value: number) => `62${value.toString(16).padStart(6, '0')}`
  const body = (offset: number) =>
    `${push3(input.length)}${push3(offset)}5f39${callAndReturn('call', to, push3(input.length))}`
  const offset = body(0).length / 2
  return concatBytes(hexToBytes(`0x${body(offset)}`), input)
}

/** An address that no test account has. */
export function contractAddress(name: string): Address {
  return bytesToHex(keccak256(utf8ToBytes(`contract ${name}`)).subarray(12))
}
