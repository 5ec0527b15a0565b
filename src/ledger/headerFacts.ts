import { limits } from '../config/limits.ts'
import type { Hash } from '../primitives/hex.ts'
import { keccakHex } from '../primitives/keccak.ts'
import { asBigInt, asHash, asInt, asList, decodeRlp } from '../primitives/rlp.ts'

/** What a light client needs of a header. */
export interface HeaderFacts {
  readonly hash: Hash
  readonly height: number
  readonly stateRoot: Hash
  /** Seconds since the Unix epoch. */
  readonly timestamp: bigint
}

// places in a header (Yellow Paper, section 4.4)
const STATE_ROOT = 3
const NUMBER = 8
const TIMESTAMP = 11

/** Facts of a header in RLP, under the rules of any fork. What its hash is trusted for is for the caller. BAD_RLP. */
export function decodeHeaderFacts(bytes: Uint8Array): HeaderFacts {
  const fields = asList(decodeRlp(bytes, limits.headerBytes))
  return {
    hash: keccakHex(bytes),
    height: asInt(fields[NUMBER]),
    stateRoot: asHash(fields[STATE_ROOT]),
    timestamp: asBigInt(fields[TIMESTAMP], 8),
  }
}
