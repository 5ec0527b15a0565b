import { devnetParameters } from '../../../../precompiles/parameters.ts'
import { concatBytes } from '../../../../src/primitives/bytes.ts'
import type { Dice } from '../../callFuzzer.ts'
import type { MemberFacts } from './start.ts'

const SPARSE = 20
const SCALE_MAX = 2n ** 32n - 1n

function squareRoot(value: bigint): bigint {
  if (value < 2n) return value
  let root = 1n << (BigInt(value.toString(2).length + 1) / 2n)
  for (;;) {
    const next = (root + value / root) / 2n
    if (next >= root) return root
    root = next
  }
}

/** The largest scale that these values may have. */
function largestScale(values: Int8Array, { recordCount }: MemberFacts): bigint {
  const squares = values.reduce((sum, value) => sum + value * value, 0)
  const most = BigInt(recordCount) * devnetParameters.rowNormPerRecord
  const scale = squareRoot((most * most) / BigInt(Math.max(squares, 1)))
  return scale < SCALE_MAX ? scale : SCALE_MAX
}

function rowOf(scale: bigint, values: Int8Array): Uint8Array {
  const bytes = new Uint8Array(4 + values.length)
  new DataView(bytes.buffer).setUint32(0, Number(scale))
  bytes.set(new Uint8Array(values.buffer), 4)
  return bytes
}

/** A row that a member may have: of zeros, of any norm, or of the largest. */
export function validRow(dice: Dice, k: number, member: MemberFacts): Uint8Array {
  const zeros = new Int8Array(k)
  if (member.flags !== 0 || dice.below(8) === 0) return rowOf(0n, zeros)
  // one value of 64 makes the norm a whole number, which can be as large as it may be and no larger
  if (dice.below(4) === 0) {
    zeros[dice.below(k)] = dice.one([64, -64])
    return rowOf(largestScale(zeros, member), zeros)
  }
  const values = new Int8Array(k)
  // long rows are sparse: the reference looks at each byte that is not zero
  for (const byte of dice.bytes(SPARSE)) values[dice.below(k)] = Math.max(-127, (byte << 24) >> 24)
  values[dice.below(k)] = dice.one([127, -127, 64, -64])
  const largest = largestScale(values, member)
  return rowOf(dice.one([1n, largest, 1n + BigInt(dice.below(1_000_000))]), values)
}

/** A row that is wrong for its member; now and then one that happens to be right. */
export function wrongRow(dice: Dice, k: number, member: MemberFacts): Uint8Array {
  if (member.flags !== 0 && dice.below(2) === 0) return validRow(dice, k, { ...member, flags: 0 })
  const values = new Int8Array(k)
  switch (dice.below(6)) {
    case 0:
      return rowOf(1n, values)
    case 1:
      return rowOf(0n, values.fill(64, 0, 1))
    case 2:
      return rowOf(1n, values.fill(dice.one([63, -63]), 0, SPARSE))
    case 3:
      return rowOf(1n, values.fill(64, 0, 1).fill(-128, 1, 2))
    case 4: {
      values.fill(dice.one([127, -127, 64]), 0, dice.one([1, SPARSE]))
      const scale = largestScale(values, member) + 1n
      return rowOf(scale < SCALE_MAX ? scale : SCALE_MAX, values)
    }
    default:
      return rowOf(5n, values.fill(100, 0, SPARSE))
  }
}

/** Rows of the members, one of them wrong now and then. */
export function rowsFor(dice: Dice, k: number, members: readonly MemberFacts[]): Uint8Array {
  const flagged = members.findIndex(({ flags }) => flags !== 0)
  const place = flagged >= 0 && dice.below(2) === 0 ? flagged : dice.below(members.length)
  const wrong = dice.below(8) === 0 ? place : -1
  return concatBytes(
    ...members.map((member, index) => (index === wrong ? wrongRow : validRow)(dice, k, member)),
  )
}
