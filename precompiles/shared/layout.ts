import { invariant } from '../../src/errors/errors.ts'
import {
  bigIntToBytes,
  bytesToBigInt,
  bytesToUtf8,
  concatBytes,
  utf8ToBytes,
} from '../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hash } from '../../src/primitives/hex.ts'
import { keccak256 } from '../../src/primitives/keccak.ts'
import type { SlotReader, Store } from './store.ts'
import { wordToBytes } from './word.ts'

/**
 * Solidity's storage layout, so that a contract with the same structs under the same namespaces has the same slots:
 * values are packed from the low bits up and never cross a slot; a mapping's value lies at keccak256(key ‖ slot); a
 * dynamic array keeps its length in its slot and its items from keccak256(slot) on.
 */
type UintBits = 8 | 16 | 32 | 40 | 64 | 80 | 96 | 128 | 256
type FixedArray = `uint${UintBits}[${number}]` | `bytes32[${number}]`
export type FieldType =
  | `uint${UintBits}`
  | 'address'
  | 'bool'
  | 'bytes32'
  | 'string'
  | 'mapping'
  | 'array'
  | FixedArray
type Fields = Readonly<Record<string, FieldType>>

type ValueType = Exclude<FieldType, 'string' | 'mapping' | 'array' | FixedArray>
type Value<T extends FieldType> = T extends 'uint8' | 'uint16' | 'uint32' | 'uint40'
  ? number
  : T extends `uint${string}`
    ? bigint
    : T extends 'address'
      ? Address
      : T extends 'bool'
        ? boolean
        : T extends 'bytes32'
          ? Hash
          : never

type ValueNames<F extends Fields> = { [K in keyof F]: F[K] extends ValueType ? K : never }[keyof F]
type OtherNames<F extends Fields> = Exclude<keyof F, ValueNames<F>>
export type StructValues<F extends Fields> = { readonly [K in ValueNames<F>]: Value<F[K]> }

interface Place {
  readonly type: FieldType
  readonly slot: bigint
  /** Bits from the low end of the slot. */
  readonly offset: bigint
  readonly bits: number
  readonly mask: bigint
}

export interface Struct<F extends Fields> {
  readonly fields: F
  readonly places: { readonly [K in keyof F]: Place }
  readonly slots: number
}

/** The fields that a struct was made of. */
export type FieldsOf<S> = S extends Struct<infer F> ? F : never

/** Bits that a field takes up; a fixed array takes whole slots. */
function bitsOf(type: FieldType): number {
  const array = /^(.+)\[(\d+)\]$/.exec(type)
  if (array !== null) {
    const itemsPerSlot = Math.floor(256 / bitsOf(array[1] as FieldType))
    return Math.ceil(Number(array[2]) / itemsPerSlot) * 256
  }
  if (type.startsWith('uint')) return Number(type.slice('uint'.length))
  if (type === 'address') return 160
  return type === 'bool' ? 8 : 256
}

function isValue(type: FieldType): boolean {
  return type !== 'string' && type !== 'mapping' && type !== 'array' && !type.endsWith(']')
}

/** Places the fields of a struct, in the order given. */
export function struct<const F extends Fields>(fields: F): Struct<F> {
  const places: Record<string, Place> = {}
  let slot = 0
  let used = 0
  for (const [name, type] of Object.entries(fields)) {
    const bits = bitsOf(type)
    if (used > 0 && used + bits > 256) {
      slot += 1
      used = 0
    }
    places[name] = { type, slot: BigInt(slot), offset: BigInt(used), bits, mask: (1n << BigInt(bits)) - 1n }
    if (bits <= 256) {
      used += bits
      continue
    }
    // a fixed array starts and ends with whole slots; `used` of a full slot makes the next field open a new one
    slot += bits / 256 - 1
    used = 256
  }
  return { fields, places: places as Struct<F>['places'], slots: slot + 1 }
}

/** The first slot of a namespace (EIP-7201). */
export function namespaceSlot(id: string): bigint {
  const inner = bytesToBigInt(keccak256(utf8ToBytes(id))) - 1n
  return bytesToBigInt(keccak256(bigIntToBytes(inner, 32))) & ~0xffn
}

/** A struct in storage, for reading. */
export class StructView<F extends Fields> {
  readonly slot: bigint
  protected readonly layout: Struct<F>
  readonly #reader: SlotReader

  constructor(reader: SlotReader, layout: Struct<F>, slot: bigint) {
    this.#reader = reader
    this.layout = layout
    this.slot = slot
  }

  get<K extends ValueNames<F>>(name: K): Value<F[K]> {
    const place = this.layout.places[name]
    const raw = (this.#reader.load(this.slot + place.slot) >> place.offset) & place.mask
    return fromRaw(place, raw) as Value<F[K]>
  }

  /** Every field that is a value. */
  values(): StructValues<F> {
    const read: Record<string, unknown> = {}
    for (const [name, place] of Object.entries<Place>(this.layout.places)) {
      if (!isValue(place.type)) continue
      read[name] = this.get(name as unknown as ValueNames<F>)
    }
    return read as StructValues<F>
  }

  /** The slot of a mapping, array or string. */
  at(name: OtherNames<F>): bigint {
    return this.slot + this.layout.places[name].slot
  }

  text(name: OtherNames<F>): string {
    return readText(this.#reader, this.at(name))
  }
}

/** A struct in the precompile's own storage, for reading and writing. */
export class StructRef<F extends Fields> extends StructView<F> {
  readonly #store: Store

  constructor(store: Store, layout: Struct<F>, slot: bigint) {
    super(store, layout, slot)
    this.#store = store
  }

  set<K extends ValueNames<F>>(name: K, value: Value<F[K]>): void {
    const place = this.layout.places[name]
    const raw = toRaw(place, value)
    const slot = this.slot + place.slot
    const rest = place.bits === 256 ? 0n : this.#store.load(slot) & ~(place.mask << place.offset)
    this.#store.save(slot, rest | (raw << place.offset))
  }

  update(values: Partial<StructValues<F>>): void {
    for (const [name, value] of Object.entries(values)) {
      this.set(name as unknown as ValueNames<F>, value as Value<F[ValueNames<F>]>)
    }
  }

  setText(name: OtherNames<F>, text: string): void {
    writeText(this.#store, this.at(name), text)
  }
}

function fromRaw(place: Place, raw: bigint): unknown {
  switch (place.type) {
    case 'address':
      return bytesToHex(bigIntToBytes(raw, 20))
    case 'bytes32':
      return bytesToHex(bigIntToBytes(raw, 32))
    case 'bool':
      return raw !== 0n
    default:
      return place.bits <= 40 ? Number(raw) : raw
  }
}

function toRaw(place: Place, value: unknown): bigint {
  const raw = typeof value === 'boolean' ? (value ? 1n : 0n) : BigInt(value as string | number | bigint)
  invariant(raw >= 0n && (raw & place.mask) === raw, `${raw} does not fit ${place.type}`)
  return raw
}

/** The slot of a mapping's value; a key is a number, an address or 32 bytes. */
export function mappingSlot(reader: SlotReader, slot: bigint, key: bigint | number | Hash | Address): bigint {
  return BigInt(reader.hash(concatBytes(wordToBytes(BigInt(key)), wordToBytes(slot))))
}

/** The slot of the first item of a dynamic array or long string. */
export function arrayDataSlot(reader: SlotReader, slot: bigint): bigint {
  return BigInt(reader.hash(wordToBytes(slot)))
}

function packedPlace(
  slot: bigint,
  index: number,
  bits: number,
): { slot: bigint; offset: bigint; mask: bigint } {
  const perSlot = Math.floor(256 / bits)
  return {
    slot: slot + BigInt(Math.floor(index / perSlot)),
    offset: BigInt((index % perSlot) * bits),
    mask: (1n << BigInt(bits)) - 1n,
  }
}

/** Item `index` of an array of uints that starts at `slot`, packed as Solidity packs arrays. */
export function readPacked(reader: SlotReader, slot: bigint, index: number, bits: number): bigint {
  const place = packedPlace(slot, index, bits)
  return (reader.load(place.slot) >> place.offset) & place.mask
}

export function writePacked(store: Store, slot: bigint, index: number, bits: number, value: bigint): void {
  const place = packedPlace(slot, index, bits)
  invariant(value >= 0n && (value & place.mask) === value, `${value} does not fit ${bits} bits`)
  store.save(place.slot, (store.load(place.slot) & ~(place.mask << place.offset)) | (value << place.offset))
}

/** `string` storage: up to 31 bytes in the slot with 2·length, longer ones from keccak256(slot) with 2·length + 1. */
function readText(reader: SlotReader, slot: bigint): string {
  const head = reader.load(slot)
  if ((head & 1n) === 0n) {
    return bytesToUtf8(bigIntToBytes(head, 32).subarray(0, Number((head & 0xffn) >> 1n)))
  }
  const length = Number(head >> 1n)
  const data = arrayDataSlot(reader, slot)
  const words = Array.from({ length: Math.ceil(length / 32) }, (_, index) =>
    bigIntToBytes(reader.load(data + BigInt(index)), 32),
  )
  return bytesToUtf8(concatBytes(...words).subarray(0, length))
}

function writeText(store: Store, slot: bigint, text: string): void {
  const bytes = utf8ToBytes(text)
  clearText(store, slot, bytes.length)
  const word = (at: number) => {
    const padded = new Uint8Array(32)
    padded.set(bytes.subarray(at, at + 32))
    return bytesToBigInt(padded)
  }
  if (bytes.length <= 31) {
    store.save(slot, word(0) | BigInt(bytes.length * 2))
    return
  }
  store.save(slot, BigInt(bytes.length * 2 + 1))
  const data = arrayDataSlot(store, slot)
  for (let at = 0; at < bytes.length; at += 32) store.save(data + BigInt(at / 32), word(at))
}

/** Clears the words of a longer text that the new one, of `length` bytes, does not write. */
function clearText(store: Store, slot: bigint, length: number): void {
  const head = store.load(slot)
  if ((head & 1n) === 0n) return
  const data = arrayDataSlot(store, slot)
  const kept = length <= 31 ? 0 : Math.ceil(length / 32)
  for (let at = kept; at < Math.ceil(Number(head >> 1n) / 32); at++) store.save(data + BigInt(at), 0n)
}
