import { encodeAbiParameters, keccak256 } from 'viem'
import { iProofOfAttributionAbi } from '../../../../contracts/generated/IProofOfAttribution.ts'
import type { Address, Hash } from '../../../../src/primitives/hex.ts'
import { account, type MadeReceipt } from '../../precompileWorld.ts'

/** Who takes part, and what is kept of receipts and commitments. */

/** Length of a feature. */
export const K = 16

export const OWNER = account(1)
export const SCORER = account(2)
export const CONTRIBUTORS = [3, 4, 5].map(account)
export const REQUESTERS = [6, 16].map(account)
export const HOSTS = [7, 17].map(account)
export const SIGNERS = [8, 18].map(account)
export const SETTLER = account(9)
export const AUDITORS = [10, 11, 12, 13, 19].map(account)
/** In OPEN: the first could not lose anything, and three of the others are exactly two thirds. */
export const BONDS = [10n, 50n, 30n, 40n, 50n] as const
export const APPLICATION = account(14)
export const STRANGER = account(15)
export const GOVERNANCE = account(20)

/** A receipt, with what finalize must be told of it. */
export interface Known extends MadeReceipt {
  readonly requester: Address
  readonly application: Address
  readonly host: Address
}

const REVEAL = iProofOfAttributionAbi.find((item) => item.type === 'function' && item.name === 'revealAudit')

/** What an auditor will reveal. */
export interface Committed {
  readonly auditor: Address
  readonly receiptIds: readonly Hash[]
  readonly verdicts: readonly number[]
  readonly digests: readonly Hash[]
  readonly salt: Hash
}

export function commitmentOf({ auditor, receiptIds, verdicts, digests, salt }: Committed): Hash {
  const inputs = [{ name: 'auditor', type: 'address' }, ...(REVEAL?.inputs ?? [])]
  return keccak256(
    encodeAbiParameters(inputs as never, [auditor, receiptIds, verdicts, digests, salt] as never),
  )
}

const VOTE = iProofOfAttributionAbi.find((item) => item.type === 'function' && item.name === 'revealAppeal')

/** The commitment to votes in appeals, which need no digests. */
export function voteOf({ auditor, receiptIds, verdicts, salt }: Committed): Hash {
  const inputs = [{ name: 'auditor', type: 'address' }, ...(VOTE?.inputs ?? [])]
  return keccak256(encodeAbiParameters(inputs as never, [auditor, receiptIds, verdicts, salt] as never))
}
