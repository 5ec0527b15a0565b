import { utf8ToBytes } from '../../../src/primitives/bytes.ts'
import type { SeededRandom } from './random.ts'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

const STRANGE: readonly Json[] = [
  null,
  true,
  -1,
  0.5,
  1e308,
  2 ** 53,
  2 ** 32,
  '',
  ' ',
  '0x',
  '0xzz',
  '-1',
  '1e3',
  '\ud800',
  '\u0000',
  '__proto__',
  'x'.repeat(5_000),
  [],
  {},
  [[[[[]]]]],
]
const KEYS = ['__proto__', 'constructor', 'toString', 'length', '', '0', 'x', '__metadata__']

/** A change somewhere in a JSON text, or in the JSON that stands behind a safetensors length; undefined if it is none. */
export function mutateJson(random: SeededRandom, input: Uint8Array): Uint8Array | undefined {
  let value: Json
  try {
    value = JSON.parse(new TextDecoder().decode(input)) as Json
  } catch {
    return undefined
  }
  const text = JSON.stringify(changed(random, value))
  // a key that JavaScript would not write: the parser makes an own property of it
  const poisoned = random.oneIn(12) ? text.replace('{', '{"__proto__":{"a":1},') : text
  return utf8ToBytes(random.oneIn(40) ? `${'['.repeat(20_000)}${poisoned}` : poisoned)
}

function changed(random: SeededRandom, value: Json): Json {
  if (Array.isArray(value)) return random.oneIn(3) ? changedList(random, value) : within(random, value)
  if (typeof value === 'object' && value !== null) return changedObject(random, value)
  if (typeof value === 'string' && value.length > 0 && random.oneIn(2)) return changedText(random, value)
  return random.pick(STRANGE)
}

function within(random: SeededRandom, list: Json[]): Json {
  const at = random.below(list.length)
  const child = list[at]
  return child === undefined ? list : list.with(at, changed(random, child))
}

function changedList(random: SeededRandom, list: Json[]): Json {
  const at = random.below(list.length)
  const child = list[at] ?? null
  switch (random.below(4)) {
    case 0:
      return list.toSpliced(at, 1)
    case 1:
      return [...list, child]
    case 2:
      return Array.from({ length: random.oneIn(8) ? 5_000 : 20 }, () => child)
    default:
      return [list]
  }
}

function changedObject(random: SeededRandom, object: { [key: string]: Json }): Json {
  const keys = Object.keys(object)
  const key = keys.length === 0 ? 'x' : random.pick(keys)
  const { [key]: child = null, ...rest } = object
  switch (random.below(8)) {
    case 0:
      return rest
    case 1:
      return { ...object, [random.pick(KEYS)]: random.pick(STRANGE) }
    case 2:
      return { ...rest, [`${key}x`]: child }
    default:
      return { ...object, [key]: changed(random, child) }
  }
}

function changedText(random: SeededRandom, text: string): string {
  const at = random.below(text.length)
  const put = random.pick(['', '0', 'f', 'F', '\n', '/', '-', '"', 'é', '\ud83d', ' '])
  return text.slice(0, at) + put + text.slice(at + random.below(3))
}
