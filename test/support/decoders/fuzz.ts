import { messageOf, NodeError } from '../../../src/errors/errors.ts'
import { equalBytes } from '../../../src/primitives/bytes.ts'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import { makeInput, type SampleForm } from './mutate.ts'
import { SeededRandom } from './random.ts'

/** A decoder of bytes that somebody else wrote. */
export interface FuzzedDecoder {
  readonly name: string
  /** Functions of `src` that this runs, as `file#name`; a test looks for those that no decoder runs. */
  readonly covers: readonly string[]
  readonly form: SampleForm
  /** Valid inputs; each must be taken. */
  readonly samples: readonly Uint8Array[]
  /** What it makes of the bytes; may only throw what `isRefusal` takes. */
  readonly decode: (bytes: Uint8Array) => unknown
  /** Where a value has one encoding: the bytes of it. */
  readonly encode?: (value: never) => Uint8Array
  /** In place of a NodeError. */
  readonly isRefusal?: (error: unknown) => boolean
}

export interface FuzzResult {
  readonly inputs: number
  /** Inputs that were taken; a decoder that takes none of them was not tried. */
  readonly taken: number
  /** Of the processor, so that a busy machine does not count. */
  readonly slowestMs: number
}

/** One input that must not be: its number and the seed make it again. */
export class FuzzFailure extends Error {}

/**
 * Feeds a decoder until `isOver`. Whatever it takes must encode to the same bytes again and be no larger than its
 * bytes allow; whatever it refuses must be refused with a typed error.
 */
export async function fuzzDecoder(
  decoder: FuzzedDecoder,
  options: { readonly seed: number; readonly first?: number; readonly isOver: (inputs: number) => boolean },
): Promise<FuzzResult> {
  const { seed, first = 0, isOver } = options
  for (const sample of decoder.samples) {
    const outcome = await attempt(decoder, sample)
    if (outcome !== 'taken') throw new FuzzFailure(`${decoder.name}: a valid sample was refused`)
  }
  let inputs = 0
  let taken = 0
  let slowestMs = 0
  while (!isOver(inputs)) {
    const number = first + inputs
    const bytes = makeInput(new SeededRandom(seed, number), decoder.samples, decoder.form)
    const before = process.cpuUsage()
    try {
      if ((await attempt(decoder, bytes)) === 'taken') taken += 1
    } catch (error) {
      const shown = bytes.length <= 2_000 ? bytesToHex(bytes) : `${bytes.length} bytes`
      throw new FuzzFailure(
        `${decoder.name}: ${messageOf(error)}\n  again: ./scripts/fuzz decoders --decoder '${decoder.name}' --seed ${seed} --first ${number} --inputs 1\n  input: ${shown}`,
        { cause: error },
      )
    }
    const { user, system } = process.cpuUsage(before)
    slowestMs = Math.max(slowestMs, (user + system) / 1_000)
    inputs += 1
    // timers and signals get their turn
    if (inputs % 256 === 0) await new Promise(setImmediate)
  }
  return { inputs, taken, slowestMs }
}

async function attempt(decoder: FuzzedDecoder, bytes: Uint8Array): Promise<'taken' | 'refused'> {
  const { decode, encode, isRefusal = isNodeError } = decoder
  const before = Uint8Array.from(bytes)
  let value: unknown
  try {
    const made = decode(bytes)
    value = made instanceof Promise ? await made : made
  } catch (error) {
    if (isRefusal(error)) return 'refused'
    throw error
  }
  if (!equalBytes(before, bytes)) throw new Error('it changed its input')
  const parts = countParts(value, partsAllowed(bytes))
  if (parts > partsAllowed(bytes)) throw new Error('what it made is out of proportion to its bytes')
  if (encode !== undefined && !equalBytes(encode(value as never), bytes)) {
    throw new Error('it takes a second encoding of one value')
  }
  return 'taken'
}

function isNodeError(error: unknown): boolean {
  return error instanceof NodeError && error.code !== 'INTERNAL'
}

/** Objects, strings and numbers that so many bytes may become. */
const partsAllowed = (bytes: Uint8Array) => 500 + 4 * bytes.length

function countParts(value: unknown, enough: number): number {
  let parts = 0
  const open: unknown[] = [value]
  while (open.length > 0 && parts <= enough) {
    const next = open.pop()
    parts += 1
    // classes of libraries hold what they like
    if (Array.isArray(next)) open.push(...next)
    else if (typeof next === 'object' && next !== null && Object.getPrototypeOf(next) === Object.prototype) {
      open.push(...Object.values(next))
    } else if (typeof next === 'string') parts += next.length / 16
    else if (ArrayBuffer.isView(next)) parts += next.byteLength / 16
  }
  return parts
}
