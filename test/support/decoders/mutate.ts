import { RLP } from '@ethereumjs/rlp'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import { decodeRlp, type RlpItem } from '../../../src/primitives/rlp.ts'
import { mutateJson } from './mutateJson.ts'
import type { SeededRandom } from './random.ts'

export type SampleForm = 'rlp' | 'json' | 'bytes'

const ANY_SIZE = Number.MAX_SAFE_INTEGER
/** Inputs stay below this, so that a run tries many. */
const GROWN_BYTES = 256 * 1024

/** An input for a decoder: a valid sample damaged once or several times, or nothing but noise. */
export function makeInput(
  random: SeededRandom,
  samples: readonly Uint8Array[],
  form: SampleForm,
): Uint8Array {
  if (random.oneIn(16)) return random.bytes(random.below(random.oneIn(4) ? 2_000 : 60))
  let input = random.pick(samples)
  for (let edits = 1 + random.below(3); edits > 0; edits--) {
    input = mutate(random, input, samples, form)
    if (input.length > GROWN_BYTES) input = input.subarray(0, GROWN_BYTES)
  }
  return input
}

function mutate(
  random: SeededRandom,
  input: Uint8Array,
  samples: readonly Uint8Array[],
  form: SampleForm,
): Uint8Array {
  // structured damage gets past the first check; damage to bytes finds what the structure does not know of
  if (form === 'rlp' && !random.oneIn(3))
    return mutateRlp(random, input) ?? mutateBytes(random, input, samples)
  if (form === 'json' && !random.oneIn(3))
    return mutateJson(random, input) ?? mutateBytes(random, input, samples)
  return mutateBytes(random, input, samples)
}

const LENGTHS = [0, 1, 55, 56, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x7fff_ffff, 0xffff_ffff]

function mutateBytes(random: SeededRandom, input: Uint8Array, samples: readonly Uint8Array[]): Uint8Array {
  const at = random.below(input.length + 1)
  const to = Math.min(input.length, at + random.below(random.oneIn(3) ? input.length + 1 : 9))
  const bytes = Uint8Array.from(input)
  switch (random.below(8)) {
    case 0:
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
      return bytes
    case 1:
      if (at < bytes.length)
        bytes[at] = random.pick([0, 1, 0x7f, 0x80, 0x81, 0xb7, 0xb8, 0xc0, 0xf7, 0xf8, 0xff])
      return bytes
    case 2:
      return bytes.slice(0, at)
    case 3:
      return concatBytes(bytes.slice(0, at), bytes.slice(to))
    case 4:
      return concatBytes(bytes.slice(0, to), bytes.slice(at))
    case 5:
      return concatBytes(bytes.slice(0, at), random.bytes(random.below(12)), bytes.slice(at))
    case 6: {
      const other = random.pick(samples)
      return concatBytes(bytes.slice(0, at), other.slice(random.below(other.length + 1)))
    }
    default: {
      if (at + 4 > bytes.length) return bytes
      new DataView(bytes.buffer).setUint32(at, random.pick(LENGTHS), random.oneIn(2))
      return bytes
    }
  }
}

/** A change in the tree of an RLP encoding, or in an encoding within one of its strings; undefined if it is none. */
function mutateRlp(random: SeededRandom, input: Uint8Array): Uint8Array | undefined {
  let root: RlpItem
  try {
    root = decodeRlp(input, ANY_SIZE)
  } catch {
    return undefined
  }
  return RLP.encode(changed(random, root) as never)
}

function changed(random: SeededRandom, item: RlpItem): RlpItem {
  if (item instanceof Uint8Array) return changedString(random, item)
  if (item.length === 0 || random.oneIn(6)) return changedList(random, item)
  const at = random.below(item.length)
  const child = item[at]
  return child === undefined ? item : item.with(at, changed(random, child))
}

function changedList(random: SeededRandom, list: readonly RlpItem[]): RlpItem {
  const at = random.below(list.length)
  const child = list[at]
  switch (random.below(7)) {
    case 0:
      return list.toSpliced(at, 1)
    case 1:
      return child === undefined ? [] : list.toSpliced(at, 0, child)
    case 2:
      return list.toSpliced(at, 0, random.oneIn(2) ? [] : random.bytes(random.below(40)))
    case 3:
      return list.toReversed()
    case 4:
      return deep(random.below(20), [...list])
    case 5: {
      const copies = 1 + random.below(random.oneIn(8) ? 3_000 : 20)
      return child === undefined ? [] : [...list, ...Array.from({ length: copies }, () => child)]
    }
    default:
      return new Uint8Array(random.below(40))
  }
}

const deep = (levels: number, item: RlpItem): RlpItem => (levels === 0 ? item : deep(levels - 1, [item]))

function changedString(random: SeededRandom, bytes: Uint8Array): RlpItem {
  const within = bytes.length > 2 && random.oneIn(2) ? mutateRlp(random, bytes) : undefined
  if (within !== undefined) return within
  switch (random.below(8)) {
    case 0:
      return new Uint8Array(0)
    case 1:
      return concatBytes(Uint8Array.of(0), bytes)
    case 2:
      return bytes.slice(0, random.below(bytes.length + 1))
    case 3:
      return concatBytes(bytes, random.bytes(1 + random.below(40)))
    case 4:
      return new Uint8Array(bytes.length).fill(0xff)
    case 5:
      return [bytes]
    case 6:
      return random.bytes(random.pick([1, 4, 7, 8, 9, 20, 32, 33, 65, 66]))
    default: {
      const copy = Uint8Array.from(bytes)
      if (copy.length > 0) copy[random.below(copy.length)] = random.below(256)
      return copy
    }
  }
}
