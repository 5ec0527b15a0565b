import { encodeAbiParameters, keccak256 } from 'viem'
import type { Address, Hash } from '../primitives/hex.ts'

/** In place of a row in `challengeRows`: the fold M, of which all rows are made. */
export const WHOLE_FOLD = 2 ** 32 - 1

/** What an auditor may find of challenged rows. */
export const rowVerdicts = { right: 1, forged: 2, unavailable: 4 } as const

/** What `commitRowAudit` takes: the verdicts on the open challenges of these adapters, in the same order. */
export function rowAuditCommitment(commit: {
  readonly auditor: Address
  readonly adapterIds: readonly bigint[]
  readonly verdicts: readonly number[]
  /** 32 random bytes, kept until the reveal. */
  readonly salt: Hash
}): Hash {
  const { auditor, adapterIds, verdicts, salt } = commit
  return keccak256(
    encodeAbiParameters(
      [{ type: 'address' }, { type: 'uint64[]' }, { type: 'uint8[]' }, { type: 'bytes32' }],
      [auditor, adapterIds, verdicts, salt],
    ),
  )
}
