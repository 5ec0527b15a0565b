import { decodeErrorResult, encodeFunctionData } from 'viem'
import { describe, expect, it } from 'vitest'
import { iAdapterRegistryAbi } from '../../../contracts/generated/IAdapterRegistry.ts'
import { iDatanetRegistryAbi } from '../../../contracts/generated/IDatanetRegistry.ts'
import { iProofOfAttributionAbi } from '../../../contracts/generated/IProofOfAttribution.ts'
import { ADAPTER_ADDRESS, ATTRIBUTION_ADDRESS, DATANET_ADDRESS } from '../../../precompiles/addresses.ts'
import type { CallKind } from '../../../precompiles/host.ts'
import type { Abi, AbiFunction, AbiParameter } from '../../../precompiles/shared/abiTypes.ts'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'
import { account, World } from '../../support/precompileWorld.ts'

/** Some value of the type: zeros, and lists of one item, so that every tail is there to be damaged. */
function sample({ type, components }: AbiParameter): unknown {
  if (type.endsWith('[]'))
    return [sample({ name: '', type: type.slice(0, -2), components: components ?? [] })]
  if (type === 'tuple')
    return Object.fromEntries((components ?? []).map((field) => [field.name, sample(field)]))
  if (type === 'address') return `0x${'00'.repeat(20)}`
  if (type === 'bool') return false
  if (type === 'string') return 'text'
  if (type === 'bytes') return '0x01'
  const fixed = /^bytes(\d+)$/.exec(type)
  if (fixed !== null) return `0x${'00'.repeat(Number(fixed[1]))}`
  const bits = Number(/\d+$/.exec(type)?.[0])
  return bits <= 48 ? 0 : 0n
}

interface Target {
  readonly name: string
  readonly address: Address
  readonly abi: Abi
  readonly item: AbiFunction
  readonly input: Uint8Array
}

function targetsOf(address: Address, abi: Abi): Target[] {
  return abi
    .filter((item): item is AbiFunction => item.type === 'function')
    .map((item) => {
      const args = item.inputs.map(sample)
      const input = hexToBytes(
        encodeFunctionData({ abi: [item] as never, functionName: item.name, args } as never),
      )
      return { name: item.name, address, abi, item, input }
    })
}

const targets = [
  ...targetsOf(DATANET_ADDRESS, iDatanetRegistryAbi),
  ...targetsOf(ADAPTER_ADDRESS, iAdapterRegistryAbi),
  ...targetsOf(ATTRIBUTION_ADDRESS, iProofOfAttributionAbi),
]
const isView = ({ item }: Target) => item.stateMutability === 'view' || item.stateMutability === 'pure'

interface How {
  readonly callKind?: CallKind
  readonly isStatic?: boolean
  readonly valueWei?: bigint
  readonly input?: Uint8Array
}

let world = new World()

/** The custom error that the call ends in, or how else it ends; a failed call must leave nothing behind. */
function outcome(target: Target, { input = target.input, ...how }: How): string {
  const before = world.chain.snapshot()
  const result = world.chain.call({ from: account(1).address, to: target.address, data: input, ...how })
  if (result.status === 'ok') world = new World()
  else expect(world.chain.snapshot()).toBe(before)
  if (result.status !== 'revert') return result.status
  return decodeErrorResult({ abi: target.abi as never, data: bytesToHex(result.output) }).errorName as string
}

const REFUSALS = ['UnknownSelector', 'CallKindRefused', 'StaticCallRefused', 'ValueRefused', 'MalformedInput']

describe('every method', () => {
  it.each(targets)('$name is refused under DELEGATECALL and CALLCODE', (target) => {
    for (const callKind of ['delegatecall', 'callcode'] as const) {
      expect(outcome(target, { callKind })).toBe('CallKindRefused')
      expect(
        outcome(target, { callKind, valueWei: 1n, input: concatBytes(target.input, Uint8Array.of(0)) }),
      ).toBe('CallKindRefused')
    }
  })

  it.each(targets)('$name writes under CALL only, and reads under STATICCALL', (target) => {
    const results = [
      outcome(target, { callKind: 'staticcall', isStatic: true }),
      outcome(target, { callKind: 'call', isStatic: true }),
    ]
    for (const result of results) {
      if (isView(target)) expect(REFUSALS).not.toContain(result)
      else expect(result).toBe('StaticCallRefused')
    }
    if (!isView(target)) {
      expect(outcome(target, { callKind: 'staticcall', isStatic: true, valueWei: 1n })).toBe(
        'StaticCallRefused',
      )
    }
  })

  it.each(targets)('$name takes wei only where it is payable', (target) => {
    const result = outcome(target, { valueWei: 1n })
    if (target.item.stateMutability === 'payable') expect(REFUSALS).not.toContain(result)
    else expect(result).toBe('ValueRefused')
  })

  it.each(targets)('$name takes its canonical encoding', (target) => {
    expect(REFUSALS).not.toContain(outcome(target, {}))
  })

  it.each(targets)('$name refuses input that is cut or has something after it', (target) => {
    const { input } = target
    expect(outcome(target, { input: concatBytes(input, Uint8Array.of(0)) })).toBe('MalformedInput')
    expect(outcome(target, { input: concatBytes(input, new Uint8Array(32)) })).toBe('MalformedInput')
    for (let length = 4; length < input.length; length += 17) {
      expect(outcome(target, { input: input.subarray(0, length) })).toBe('MalformedInput')
    }
  })

  it.each(targets)('$name refuses a dirty word wherever its type has no room', (target) => {
    for (const [index, parameter] of target.item.inputs.entries()) {
      // static values before the first tuple have their word at their index
      if (target.item.inputs.slice(0, index + 1).some(({ type }) => type === 'tuple')) break
      if (['bytes32', 'uint256'].includes(parameter.type)) continue
      const dirty = target.input.slice()
      const at = 4 + index * 32
      // the first byte is padding for everything but bytes32; a bytesN is dirty at its end, an offset anywhere
      const place = at + (parameter.type.startsWith('bytes') ? 31 : 0)
      dirty[place] = (dirty[place] ?? 0) ^ 0x80
      expect(outcome(target, { input: dirty })).toBe('MalformedInput')
    }
  })
})

describe('an input without a method', () => {
  const [target] = targets
  it.each([
    { what: 'nothing', input: new Uint8Array(0) },
    { what: 'three bytes', input: Uint8Array.of(1, 2, 3) },
    { what: 'a selector that nobody has', input: Uint8Array.of(0xde, 0xad, 0xbe, 0xef) },
  ])('of $what is refused first of all', ({ input }) => {
    expect(outcome(target!, { input })).toBe('UnknownSelector')
    expect(outcome(target!, { input, valueWei: 5n })).toBe('UnknownSelector')
    expect(outcome(target!, { input, callKind: 'delegatecall' })).toBe('UnknownSelector')
  })

  it('longer than 128 KB is refused before it is decoded', () => {
    const settle = targets.find(({ name }) => name === 'settle')!
    const long = concatBytes(settle.input.subarray(0, 4), new Uint8Array(128 * 1024))
    expect(outcome(settle, { input: long })).toBe('MalformedInput')
  })
})
