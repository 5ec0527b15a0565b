import { utf8ToBytes } from '../../src/primitives/bytes.ts'
import type { Hash } from '../../src/primitives/hex.ts'
import { keccakHex } from '../../src/primitives/keccak.ts'
import { canonicalType } from './abiCodec.ts'
import type { Abi, AbiItem, AbiParameter } from './abiTypes.ts'

/**
 * Tells two interfaces apart by what a caller can see, not by names of parameters: keccak256 of all functions, events
 * and errors in the minimal human-readable form that ethers writes, one a line, the lines in byte order.
 */
export function abiHash(abi: Abi): Hash {
  return keccakHex(utf8ToBytes(abi.map(line).sort().join('\n')))
}

function line(item: AbiItem): string {
  const head = `${item.type} ${item.name}(${item.inputs.map(parameter).join(',')})`
  if (item.type !== 'function') return head
  const mutability = item.stateMutability === 'nonpayable' ? '' : ` ${item.stateMutability}`
  const outputs = item.outputs.length === 0 ? '' : ` returns (${item.outputs.map(parameter).join(',')})`
  return `${head}${mutability}${outputs}`
}

function parameter(one: AbiParameter): string {
  return `${canonicalType(one)}${one.indexed === true ? ' indexed' : ''}`
}
