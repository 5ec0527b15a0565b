import { bigIntToBytes } from '../../../../src/primitives/bytes.ts'
import { bytesToHex, type Hex } from '../../../../src/primitives/hex.ts'

/** Slots of a `twins` contract. */
const SLOTS = 48
/** Rounds of a loop that does nothing, between two reads. */
const IDLE_ROUNDS = 150

const hex = (value: number, bytes: number) => value.toString(16).padStart(2 * bytes, '0')

/** Code of hex instructions; `name:` marks a place and `@name` pushes its offset in two bytes. */
function assemble(source: string): string {
  const words = source.split(/\s+/).filter((word) => word !== '')
  const places = new Map<string, number>()
  let offset = 0
  for (const word of words) {
    if (word.endsWith(':')) places.set(word.slice(0, -1), offset)
    offset += word.endsWith(':') ? 1 : word.startsWith('@') ? 3 : word.length / 2
  }
  const code = words.map((word) => {
    if (word.endsWith(':')) return '5b'
    return word.startsWith('@') ? `61${hex(places.get(word.slice(1))!, 2)}` : word
  })
  return code.join('')
}

/**
 * Called with a word, the contract writes it to all its slots. Called without, it reads them one by one, slowly, and
 * returns the value, or reverts where two differ: then it saw two blocks mixed.
 */
const runtime = assemble(`
  36 @write 57
  5f 54 6001
  read: 80 60${hex(SLOTS, 1)} 14 @equal 57
  60${hex(IDLE_ROUNDS, 1)}
  idle: 6001 90 03 80 @idle 57 50
  80 54 82 14 15 @mixed 57
  6001 01 @read 56
  equal: 50 5f 52 6020 5f f3
  mixed: 5f 5f fd
  write: 5f
  next: 80 60${hex(SLOTS, 1)} 14 @end 57
  5f 35 81 55 6001 01 @next 56
  end: 00
`)

/** Copies what follows it. */
const deploy = (code: string) => `60${hex(code.length / 2, 1)}8060095f395ff3${code}`

export const twinsCreationCode: Hex = `0x${deploy(runtime)}`
export const twinsInput = (value: number): Hex => bytesToHex(bigIntToBytes(BigInt(value), 32))
