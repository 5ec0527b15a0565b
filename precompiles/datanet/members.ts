import { invariant } from '../../src/errors/errors.ts'
import { type Address, bytesToHex, hexToBytes } from '../../src/primitives/hex.ts'

/** Bits of a member's flags. A flagged member has a row of zeros in every adapter. */
export const memberFlag = {
  /** An accepted correction stands for it; it stays so that their cluster's pay is shared by novelty. */
  superseded: 1,
  /** Of a private Datanet, with so few records that a row would say too much about them. */
  withoutRow: 2,
} as const

/** One accepted contribution of a frozen version. */
export interface Member {
  readonly contributionId: bigint
  readonly leaderId: bigint
  readonly noveltyBps: number
  readonly recordCount: number
  readonly contributor: Address
  /** Bits of `memberFlag`. */
  readonly flags: number
}

/** uint64 contributionId ‖ uint64 leaderId ‖ uint16 noveltyBps ‖ uint32 recordCount ‖ address contributor ‖ uint8 flags. */
export const MEMBER_BYTES = 8 + 8 + 2 + 4 + 20 + 1
const FLAGS_AT = MEMBER_BYTES - 1

export function encodeMembers(members: readonly Member[]): Uint8Array {
  const bytes = new Uint8Array(members.length * MEMBER_BYTES)
  const view = new DataView(bytes.buffer)
  members.forEach((member, index) => {
    const at = index * MEMBER_BYTES
    view.setBigUint64(at, member.contributionId)
    view.setBigUint64(at + 8, member.leaderId)
    view.setUint16(at + 16, member.noveltyBps)
    view.setUint32(at + 18, member.recordCount)
    bytes.set(hexToBytes(member.contributor), at + 22)
    view.setUint8(at + FLAGS_AT, member.flags)
  })
  return bytes
}

export function decodeMembers(bytes: Uint8Array): readonly Member[] {
  invariant(bytes.length % MEMBER_BYTES === 0, 'a chunk holds whole members')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: bytes.length / MEMBER_BYTES }, (_, index) => {
    const at = index * MEMBER_BYTES
    return {
      contributionId: view.getBigUint64(at),
      leaderId: view.getBigUint64(at + 8),
      noveltyBps: view.getUint16(at + 16),
      recordCount: view.getUint32(at + 18),
      contributor: bytesToHex(bytes.subarray(at + 22, at + FLAGS_AT)),
      flags: view.getUint8(at + FLAGS_AT),
    }
  })
}
