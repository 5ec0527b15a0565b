import { encodeFunctionData } from 'viem'
import type { AbiParameter } from '../../precompiles/shared/abiTypes.ts'
import { bigIntToBytes, concatBytes } from '../../src/primitives/bytes.ts'
import { type Address, bytesToHex, hexToBytes, ZERO_ADDRESS } from '../../src/primitives/hex.ts'
import type { FrameCall } from './evmWorld.ts'
import { selectorOfTarget, type Target, targets } from './precompileTargets.ts'
import { account, numbers, OPEN, testParameters } from './precompileWorld.ts'
import type { Staged } from './scenes/index.ts'

/** A reproducible source of choices. */
export class Dice {
  readonly #next: () => number

  constructor(seed: number) {
    this.#next = numbers(seed)
  }

  /** From 0 to `count` − 1. */
  below(count: number): number {
    return this.#next() % count
  }

  one<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)]
    if (item === undefined && items.length === 0) throw new Error('nothing to choose from')
    return item as T
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#next() & 0xff)
  }
}

const WORD = 32
/** Words that types, lengths and offsets have their edges at. */
const EDGES: readonly bigint[] = [
  0n,
  1n,
  2n,
  31n,
  32n,
  64n,
  255n,
  256n,
  65_535n,
  1n << 32n,
  (1n << 64n) - 1n,
  1n << 64n,
  (1n << 96n) - 1n,
  1n << 128n,
  1n << 160n,
  1n << 255n,
  (1n << 256n) - 1n,
]
const edgeWord = (dice: Dice) => bigIntToBytes(dice.one(EDGES), WORD)

type Mutation = (dice: Dice, input: Uint8Array, corpus: readonly Uint8Array[]) => Uint8Array

function put(input: Uint8Array, at: number, part: Uint8Array): Uint8Array {
  const bytes = input.slice()
  if (at < bytes.length) bytes.set(part.subarray(0, bytes.length - at), at)
  return bytes
}

const wordAt = (dice: Dice, { length }: Uint8Array) => 4 + WORD * dice.below(Math.max((length - 4) / WORD, 1))

export const mutations: readonly Mutation[] = [
  // a bit
  (dice, input) => {
    if (input.length === 0) return input
    const at = dice.below(input.length)
    return put(input, at, Uint8Array.of((input[at] ?? 0) ^ (1 << dice.below(8))))
  },
  // a word at an edge, or one word more or less
  (dice, input) => put(input, wordAt(dice, input), edgeWord(dice)),
  (dice, input) => {
    const at = wordAt(dice, input)
    return concatBytes(input.subarray(0, at), edgeWord(dice), input.subarray(at))
  },
  (dice, input) => {
    const at = wordAt(dice, input)
    return concatBytes(input.subarray(0, at), input.subarray(at + WORD))
  },
  // a word of another place
  (dice, input) => {
    const from = wordAt(dice, input)
    return put(input, wordAt(dice, input), input.slice(from, from + WORD))
  },
  // the end cut off, or something behind it
  (dice, input) => input.subarray(0, dice.below(input.length + 1)),
  (dice, input) => concatBytes(input, dice.bytes(1 + dice.below(64))),
  // the arguments of another call
  (dice, input, corpus) => concatBytes(input.subarray(0, 4), dice.one(corpus).subarray(4)),
  (dice, input, corpus) => {
    const other = dice.one(corpus)
    const at = Math.min(wordAt(dice, input), wordAt(dice, other))
    return concatBytes(input.subarray(0, at), other.subarray(at))
  },
]

/** A well-formed value, mostly at an edge of its type. */
function argument(dice: Dice, { type, components }: AbiParameter, known: readonly Address[]): unknown {
  if (type.endsWith('[]')) {
    const item = { name: '', type: type.slice(0, -2), components: components ?? [] }
    return Array.from({ length: dice.below(4) }, () => argument(dice, item, known))
  }
  if (type === 'tuple') {
    return Object.fromEntries((components ?? []).map((field) => [field.name, argument(dice, field, known)]))
  }
  if (type === 'address') return dice.one([ZERO_ADDRESS, ...known])
  if (type === 'bool') return dice.below(2) === 1
  if (type === 'string') return dice.one(['', 'text', 'x'.repeat(64), 'x'.repeat(300), 'a\u0000b', 'ü€𝄞'])
  if (type === 'bytes') return bytesToHex(dice.bytes(dice.one([0, 1, 16, 20, 65, 512])))
  const fixed = /^bytes(\d+)$/.exec(type)
  if (fixed !== null) return bytesToHex(dice.bytes(Number(fixed[1])))
  const bits = Number(/\d+$/.exec(type)?.[0])
  const value = BigInt.asUintN(bits, dice.one([...EDGES, BigInt(dice.below(5)), OPEN]))
  const signed = type.startsWith('int') ? BigInt.asIntN(bits, value) : value
  return bits <= 48 ? Number(signed) : signed
}

function encoded(dice: Dice, target: Target, known: readonly Address[]): Uint8Array {
  const { abi, item } = target
  const args = item.inputs.map((input) => argument(dice, input, known))
  return hexToBytes(encodeFunctionData({ abi, functionName: item.name, args } as never))
}

export interface FuzzedCall extends FrameCall {
  readonly target: Target
  readonly gas: bigint
  readonly valueWei: bigint
  readonly isStatic: boolean
}

/** A call of a native precompile that may be anything from noise to nearly right. */
export function fuzzedCall(dice: Dice, scene: Staged, corpus: readonly Uint8Array[]): FuzzedCall {
  const target = dice.below(2) === 0 ? scene.target : dice.one(targets)
  const callers = [scene.from.address, account(3).address, account(7).address]
  const known = [...callers, scene.target.address, testParameters.treasuryAddress]
  const whole = target === scene.target ? scene.input : dice.one(corpus)
  let data = whole
  switch (dice.below(8)) {
    case 0:
      data = dice.bytes(dice.below(600))
      break
    case 1:
      data = concatBytes(selectorOfTarget(target), dice.bytes(dice.below(20) * WORD))
      break
    case 2:
    case 3:
      data = encoded(dice, target, known)
      break
    default:
      for (let times = 1 + dice.below(3); times > 0; times--) data = dice.one(mutations)(dice, data, corpus)
  }
  const isStatic = dice.below(8) === 0
  const value = dice.one([0n, scene.value, scene.value, scene.value, 1n, OPEN])
  return {
    target,
    from: dice.below(4) === 0 ? dice.one(callers) : scene.from.address,
    to: target.address,
    data,
    valueWei: isStatic ? 0n : value,
    gas: dice.below(3) === 0 ? BigInt(dice.below(300_000)) : 16_000_000n,
    isStatic,
  }
}
