import { iAdapterRegistryAbi } from '../../contracts/generated/IAdapterRegistry.ts'
import { iDatanetRegistryAbi } from '../../contracts/generated/IDatanetRegistry.ts'
import { iProofOfAttributionAbi } from '../../contracts/generated/IProofOfAttribution.ts'
import { availablePrecompiles } from '../../precompiles/registry.ts'
import type { Abi, AbiError, AbiFunction, AbiParameter } from '../../precompiles/shared/abiTypes.ts'
import { selectorOf } from '../../precompiles/shared/binding.ts'
import { bigIntToBytes, bytesToBigInt, concatBytes } from '../../src/primitives/bytes.ts'
import type { Address } from '../../src/primitives/hex.ts'
import { testParameters } from './precompileWorld.ts'

export interface Target {
  /** Of the precompile, as genesis names it. */
  readonly precompile: string
  readonly address: Address
  readonly abi: Abi
  readonly item: AbiFunction
  /** precompile.method */
  readonly name: string
  readonly writes: boolean
}

/** The interfaces of all native precompiles that there are. */
export const interfaces: Readonly<Record<string, Abi>> = {
  datanetRegistry: iDatanetRegistryAbi,
  adapterRegistry: iAdapterRegistryAbi,
  proofOfAttribution: iProofOfAttributionAbi,
}

/** Every method of every native precompile, as their interfaces have them. */
export const targets: readonly Target[] = availablePrecompiles(testParameters).flatMap(
  ({ name, address }) => {
    const abi = interfaces[name]
    if (abi === undefined)
      throw new Error(`Add the interface of ${name} to test/support/precompileTargets.ts.`)
    return abi
      .filter((item): item is AbiFunction => item.type === 'function')
      .map((item) => ({
        precompile: name,
        address,
        abi,
        item,
        name: `${name}.${item.name}`,
        writes: item.stateMutability === 'nonpayable' || item.stateMutability === 'payable',
      }))
  },
)

export function errorsOf(abi: Abi): readonly AbiError[] {
  return abi.filter((item): item is AbiError => item.type === 'error')
}

export const selectorOfTarget = ({ item }: Target): Uint8Array => selectorOf(item.name, item.inputs)

/** A place in an input where it can be damaged. */
interface Place {
  readonly what: 'offset' | 'length' | 'padding'
  /** Of the byte to change. */
  readonly at: number
}

const WORD = 32
const isDynamic = ({ type, components }: AbiParameter): boolean =>
  type.endsWith('[]') ||
  type === 'bytes' ||
  type === 'string' ||
  (type === 'tuple' && (components ?? []).some(isDynamic))
const headBytes = (parameter: AbiParameter): number =>
  parameter.type === 'tuple' && !isDynamic(parameter)
    ? (parameter.components ?? []).reduce((sum, field) => sum + headBytes(field), 0)
    : WORD

/** Offsets, lengths and unused bytes of a canonical encoding of these parameters, whose head is at `base`. */
function places(input: Uint8Array, parameters: readonly AbiParameter[], base: number): Place[] {
  const found: Place[] = []
  const number = (at: number) => Number(bytesToBigInt(input.subarray(at, at + WORD)))
  let head = base
  for (const parameter of parameters) {
    if (isDynamic(parameter)) {
      found.push({ what: 'offset', at: head + WORD - 1 })
      found.push(...dynamicPlaces(input, parameter, base + number(head)))
    } else if (parameter.type === 'tuple') {
      found.push(...places(input, parameter.components ?? [], head))
    } else {
      const at = paddingOf(parameter.type)
      if (at !== undefined) found.push({ what: 'padding', at: head + at })
    }
    head += headBytes(parameter)
  }
  return found
}

function dynamicPlaces(input: Uint8Array, { type, components }: AbiParameter, at: number): Place[] {
  if (type === 'tuple') return places(input, components ?? [], at)
  const length = Number(bytesToBigInt(input.subarray(at, at + WORD)))
  // 256 more, because one byte more may be a zero that is there
  const found: Place[] = [{ what: 'length', at: at + WORD - 2 }]
  if (type.endsWith('[]')) {
    const item = { name: '', type: type.slice(0, -2), components: components ?? [] }
    return [...found, ...places(input, Array<AbiParameter>(length).fill(item), at + WORD)]
  }
  if (length % WORD === 0) return found
  return [...found, { what: 'padding', at: at + WORD + length }]
}

/** Within the word of a value; undefined where the type uses all of it. */
function paddingOf(type: string): number | undefined {
  if (type === 'bytes32' || type === 'uint256' || type === 'int256') return undefined
  return /^bytes\d+$/.test(type) ? WORD - 1 : 0
}

function damaged(input: Uint8Array, { what, at }: Place): Uint8Array {
  const bytes = input.slice()
  bytes[at] = what === 'padding' ? (bytes[at] ?? 0) ^ 0x01 : (bytes[at] ?? 0) + 1
  return bytes
}

/** The input in every way in which one offset, one length or one unused byte is wrong. */
export function damages(target: Target, input: Uint8Array): { what: Place['what']; input: Uint8Array }[] {
  return places(input, target.item.inputs, 4).map((place) => ({
    what: place.what,
    input: damaged(input, place),
  }))
}

export const FORMS = ['well-formed', 'malformed', 'truncated', 'oversized', 'dirty-padded'] as const
export type Form = (typeof FORMS)[number]

/** Longer than a call may be, by the fewest words. */
const OVERSIZED_BYTES = 128 * 1024 + WORD

/** The well-formed input in this form; undefined where the method's types leave no room for it. */
export function formed(target: Target, input: Uint8Array, form: Form): Uint8Array | undefined {
  const all = form === 'malformed' || form === 'dirty-padded' ? damages(target, input) : []
  switch (form) {
    case 'well-formed':
      return input
    case 'malformed':
      // a word more than there should be is wrong for every method
      return all.find(({ what }) => what !== 'padding')?.input ?? concatBytes(input, bigIntToBytes(0n, WORD))
    case 'truncated':
      return input.subarray(0, -1)
    case 'oversized':
      return concatBytes(input, new Uint8Array(Math.max(OVERSIZED_BYTES - input.length, 0)))
    case 'dirty-padded':
      return all.find(({ what }) => what === 'padding')?.input
  }
}
