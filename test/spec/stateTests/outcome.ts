import type { Hash } from '../../../src/primitives/hex.ts'
import { keccakHex } from '../../../src/primitives/keccak.ts'
import { encodeRlp, type RlpItem } from '../../../src/primitives/rlp.ts'

/** What an execution made of a case. */
export interface Outcome {
  readonly stateRoot: Hash
  readonly logsHash: Hash
  /** Why the transaction was not executed; undefined when it was. */
  readonly refusal: string | undefined
}

export type EvmLog = [address: Uint8Array, topics: Uint8Array[], data: Uint8Array]

export function hashOfLogs(logs: readonly EvmLog[]): Hash {
  return keccakHex(encodeRlp(logs as unknown as RlpItem[]))
}

export const NO_LOGS: Hash = keccakHex(encodeRlp([]))
