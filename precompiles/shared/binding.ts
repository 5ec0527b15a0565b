import { invariant } from '../../src/errors/errors.ts'
import { concatBytes, utf8ToBytes } from '../../src/primitives/bytes.ts'
import { bytesToHex, type Hash } from '../../src/primitives/hex.ts'
import { keccak256, keccakHex } from '../../src/primitives/keccak.ts'
import { type PrecompileHost, PrecompileRevert } from '../host.ts'
import { type Field, signatureOf, tupleCodec } from './abiCodec.ts'
import { encodeParameters } from './abiEncode.ts'
import type {
  Abi,
  AbiItem,
  AbiParameter,
  ErrorName,
  ErrorValues,
  EventName,
  EventValues,
} from './abiTypes.ts'

type Arguments<V> = keyof V extends never ? [] : [values: V]

/** Reverts with a custom error of the interface. */
export type Fail<A extends Abi> = <N extends ErrorName<A>>(
  name: N,
  ...values: Arguments<ErrorValues<A, N>>
) => never

/** Emits an event of the interface. */
export type Emit<A extends Abi> = <N extends EventName<A>>(
  host: PrecompileHost,
  name: N,
  ...values: Arguments<EventValues<A, N>>
) => void

interface EventCodec {
  readonly topic: Hash
  readonly indexed: readonly Field[]
  readonly data: readonly Field[]
}

const asValues = (values: readonly unknown[]) => (values[0] ?? {}) as Record<string, unknown>

function byName<T>(abi: Abi, type: AbiItem['type'], make: (item: AbiItem) => T): ReadonlyMap<string, T> {
  const made = new Map<string, T>()
  for (const item of abi) {
    if (item.type !== type) continue
    invariant(!made.has(item.name), `${item.name} is overloaded`)
    made.set(item.name, make(item))
  }
  return made
}

/** The first four bytes of the hash of a function's or error's signature. */
export function selectorOf(name: string, inputs: readonly AbiParameter[]): Uint8Array {
  return keccak256(utf8ToBytes(signatureOf(name, inputs))).subarray(0, 4)
}

export function bindErrors<const A extends Abi>(abi: A): Fail<A> {
  const codecs = byName(abi, 'error', ({ name, inputs }) => ({
    selector: selectorOf(name, inputs),
    fields: tupleCodec(inputs).fields,
  }))
  return (name, ...values) => {
    const codec = codecs.get(name)
    invariant(codec !== undefined, `${name} is not in the interface`)
    const data = concatBytes(codec.selector, encodeParameters(codec.fields, asValues(values)))
    throw new PrecompileRevert(data, name)
  }
}

export function bindEvents<const A extends Abi>(abi: A): Emit<A> {
  const codecs = byName(abi, 'event', (item): EventCodec => {
    const fields = (indexed: boolean) =>
      tupleCodec(item.inputs.filter((input: AbiParameter) => (input.indexed ?? false) === indexed)).fields
    const indexed = fields(true)
    invariant(
      indexed.every(({ codec }) => !codec.dynamic && codec.headBytes === 32),
      `${item.name} indexes more than a word`,
    )
    return {
      topic: keccakHex(utf8ToBytes(signatureOf(item.name, item.inputs))),
      indexed,
      data: fields(false),
    }
  })
  return (host, name, ...values) => {
    const codec = codecs.get(name)
    invariant(codec !== undefined, `${name} is not in the interface`)
    const named = asValues(values)
    const topics = codec.indexed.map((field) => bytesToHex(encodeParameters([field], named)))
    host.emit([codec.topic, ...topics], encodeParameters(codec.data, named))
  }
}
