import { iNativePrecompileAbi } from '../../contracts/generated/INativePrecompile.ts'
import { invariant } from '../../src/errors/errors.ts'
import type { Address, Hex } from '../../src/primitives/hex.ts'
import { bytesToHex } from '../../src/primitives/hex.ts'
import { bounds } from '../bounds.ts'
import type { NativePrecompile, PrecompileHost } from '../host.ts'
import { type Field, tupleCodec } from './abiCodec.ts'
import { AbiDecodeError, decodeParameters } from './abiDecode.ts'
import { encodeParameters } from './abiEncode.ts'
import { abiHash } from './abiHash.ts'
import type { Abi, AbiFunction, FunctionName, InputsOf, Mutability, OutputOf } from './abiTypes.ts'
import { bindErrors, selectorOf } from './binding.ts'
import { gasPrices } from './gas.ts'
import type { Store } from './store.ts'

const fail = bindErrors(iNativePrecompileAbi)

/** What every handler gets beside its arguments. */
export interface Call {
  readonly host: PrecompileHost
  readonly store: Store
}

export interface Method<A extends Abi, C extends Call, N extends string> {
  /** Gas of the native work that does not depend on the arguments. */
  readonly gas: bigint
  run(call: C, args: InputsOf<A, N>): OutputOf<A, N>
}

/** The handlers of some or all functions of an interface. */
export type Methods<A extends Abi, C extends Call, N extends FunctionName<A> = FunctionName<A>> = {
  readonly [Name in N]: Method<A, C, Name>
}

export interface PrecompileOptions<A extends Abi, C extends Call> {
  readonly name: string
  readonly version: number
  readonly address: Address
  readonly abi: A
  readonly methods: Methods<A, C>
  /** Opens the module's view of one call frame. */
  open(host: PrecompileHost): C
}

interface Route<C> {
  readonly name: string
  readonly mutability: Mutability
  readonly inputs: readonly Field[]
  readonly outputs: readonly Field[]
  /** For each word of output. */
  readonly outputGas: bigint
  readonly gas: bigint
  run(call: C, args: unknown): unknown
}

/**
 * Builds a precompile from its interface and handlers. Whether one runs at all at a block's time is the registry's to
 * say; then a call passes these checks in this order: selector known, call kind, static, value, gas, encoding. Then the handler runs on a buffered view of the storage, which is written at the
 * end; whatever throws on the way reverts all of it.
 */
export function definePrecompile<const A extends Abi, C extends Call>(
  options: PrecompileOptions<A, C>,
): NativePrecompile {
  const { name, version, address, open } = options
  const routes = routesOf(options)
  return {
    name,
    version,
    address,
    abiHash: abiHash(options.abi),
    run(host, input) {
      const route = routes.get(selectorIn(input))
      if (route === undefined) return fail('UnknownSelector', { selector: paddedSelector(input) })
      admit(host, route)
      host.useGas(gasPrices.methodBase + route.gas + wordGas(gasPrices.decodeWord, input.length))
      const call = open(host)
      const result = route.run(call, decode(route, input))
      const output = encodeResult(route, result)
      host.useGas(wordGas(route.outputGas, output.length))
      if (route.mutability === 'view') invariant(!call.store.isDirty, `${route.name} is a view and wrote`)
      else call.store.flush()
      return output
    },
  }
}

function admit(host: PrecompileHost, { mutability }: Route<never>): void {
  if (host.callKind === 'delegatecall' || host.callKind === 'callcode') fail('CallKindRefused')
  const reads = mutability === 'view' || mutability === 'pure'
  if (!reads && (host.isStatic || host.callKind === 'staticcall')) fail('StaticCallRefused')
  if (host.valueWei > 0n && mutability !== 'payable') fail('ValueRefused')
}

function decode(route: Route<never>, input: Uint8Array): Record<string, unknown> {
  if (input.length > bounds.inputBytes) return fail('MalformedInput')
  try {
    return decodeParameters(route.inputs, input.subarray(4))
  } catch (error) {
    if (error instanceof AbiDecodeError) return fail('MalformedInput')
    throw error
  }
}

function encodeResult({ outputs }: Route<never>, result: unknown): Uint8Array {
  const [only] = outputs
  if (only !== undefined && outputs.length === 1) return encodeParameters(outputs, { [only.name]: result })
  return encodeParameters(outputs, (result ?? {}) as Record<string, unknown>)
}

function routesOf<A extends Abi, C extends Call>(
  options: PrecompileOptions<A, C>,
): ReadonlyMap<number, Route<C>> {
  const handlers = options.methods as unknown as Record<string, { gas: bigint; run: Route<C>['run'] }>
  const routes = new Map<number, Route<C>>()
  const functions = options.abi.filter((item): item is AbiFunction => item.type === 'function')
  for (const { name, inputs, outputs, stateMutability } of functions) {
    const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined
    invariant(handler !== undefined, `${options.name}.${name} has no handler`)
    const selector = selectorIn(selectorOf(name, inputs))
    invariant(!routes.has(selector), `two functions of ${options.name} share the selector of ${name}`)
    const { fields } = tupleCodec(outputs)
    const isCopied = fields.length === 1 && fields[0]?.codec.kind === 'bytes'
    routes.set(selector, {
      name,
      mutability: stateMutability,
      inputs: tupleCodec(inputs).fields,
      outputs: fields,
      outputGas: isCopied ? gasPrices.copyWord : gasPrices.encodeWord,
      gas: handler.gas,
      run: (call, args) => handler.run(call, args),
    })
  }
  invariant(routes.size === Object.keys(handlers).length, `${options.name} has a handler without a function`)
  return routes
}

/** The selector as a number; −1, which no function has, for less than four bytes. */
function selectorIn(input: Uint8Array): number {
  if (input.length < 4) return -1
  return new DataView(input.buffer, input.byteOffset, 4).getUint32(0)
}

function paddedSelector(input: Uint8Array): Hex {
  const selector = new Uint8Array(4)
  selector.set(input.subarray(0, 4))
  return bytesToHex(selector)
}

function wordGas(price: bigint, bytes: number): bigint {
  return price * BigInt(Math.ceil(bytes / 32))
}
