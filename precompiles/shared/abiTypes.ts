import type { Address, Hash, Hex } from '../../src/primitives/hex.ts'

/**
 * TypeScript types of ABI items, so that handlers, events and errors are typed from the compiled Solidity interface.
 * Integers up to 48 bits are numbers, wider ones bigints, `bytes` Uint8Array, tuples and lists of arguments objects
 * by name.
 */
export interface AbiParameter {
  readonly name: string
  readonly type: string
  readonly indexed?: boolean
  readonly components?: readonly AbiParameter[]
}

export type Mutability = 'pure' | 'view' | 'nonpayable' | 'payable'

export interface AbiFunction {
  readonly type: 'function'
  readonly name: string
  readonly inputs: readonly AbiParameter[]
  readonly outputs: readonly AbiParameter[]
  readonly stateMutability: Mutability
}

export interface AbiEvent {
  readonly type: 'event'
  readonly name: string
  readonly inputs: readonly AbiParameter[]
}

export interface AbiError {
  readonly type: 'error'
  readonly name: string
  readonly inputs: readonly AbiParameter[]
}

export type AbiItem = AbiFunction | AbiEvent | AbiError
export type Abi = readonly AbiItem[]

type NumberBits = '8' | '16' | '24' | '32' | '40' | '48'

type ScalarOf<T extends string> = T extends `uint${infer Bits}` | `int${infer Bits}`
  ? Bits extends NumberBits
    ? number
    : bigint
  : T extends 'address'
    ? Address
    : T extends 'bool'
      ? boolean
      : T extends 'string'
        ? string
        : T extends 'bytes'
          ? Uint8Array
          : T extends 'bytes32'
            ? Hash
            : T extends `bytes${string}`
              ? Hex
              : never

type Components<P extends AbiParameter> = P extends { readonly components: infer C } ? C : readonly []

export type ValueOf<P extends AbiParameter> = P['type'] extends `${infer Item}[]`
  ? readonly ValueOf<{ name: ''; type: Item; components: Extract<Components<P>, readonly AbiParameter[]> }>[]
  : P['type'] extends 'tuple'
    ? NamedValues<Extract<Components<P>, readonly AbiParameter[]>>
    : ScalarOf<P['type']>

export type NamedValues<Ps extends readonly AbiParameter[]> = {
  readonly [P in Ps[number] as P['name']]: ValueOf<P>
}

type ItemOf<A extends Abi, Kind extends AbiItem['type'], Name extends string> = Extract<
  A[number],
  { readonly type: Kind; readonly name: Name }
>

export type FunctionName<A extends Abi> = Extract<A[number], { readonly type: 'function' }>['name']
export type EventName<A extends Abi> = Extract<A[number], { readonly type: 'event' }>['name']
export type ErrorName<A extends Abi> = Extract<A[number], { readonly type: 'error' }>['name']

export type InputsOf<A extends Abi, Name extends string> = NamedValues<ItemOf<A, 'function', Name>['inputs']>
export type EventValues<A extends Abi, Name extends string> = NamedValues<ItemOf<A, 'event', Name>['inputs']>
export type ErrorValues<A extends Abi, Name extends string> = NamedValues<ItemOf<A, 'error', Name>['inputs']>

type Outputs<Ps extends readonly AbiParameter[]> = Ps extends readonly []
  ? undefined
  : Ps extends readonly [infer Only extends AbiParameter]
    ? ValueOf<Only>
    : NamedValues<Ps>

/** Nothing, the one output, or an object of the outputs by name. */
export type OutputOf<A extends Abi, Name extends string> = Outputs<ItemOf<A, 'function', Name>['outputs']>
