import { encodeAbiParameters, keccak256, type PublicClient, parseAbiParameters } from 'viem'
import { iProofOfAttributionAbi } from '../../contracts/generated/IProofOfAttribution.ts'
import { nativeAddresses } from '../chainspec/addresses.ts'
import { type Address, type Hash, toAddress } from '../primitives/hex.ts'
import type { ReceiptFacts } from './contributions.ts'

const AUDIT = parseAbiParameters('address, bytes32[], uint8[], bytes32[], bytes32')
const APPEAL = parseAbiParameters('address, bytes32[], uint8[], bytes32')

/** What an auditor may find of a receipt. 2, 3 and 4 are against it. */
export const auditVerdicts = {
  ok: 1,
  outputMismatch: 2,
  rowMismatch: 3,
  unavailable: 4,
  undecided: 5,
} as const

export interface AuditCommit {
  readonly auditor: Address
  readonly receiptIds: readonly Hash[]
  readonly verdicts: readonly number[]
  /** Of the gradients under the audits' seeds. */
  readonly digests: readonly Hash[]
  /** 32 random bytes, kept until the reveal. */
  readonly salt: Hash
}

/** What `commitAudit` takes: the verdicts of a committee's auditor on these receipts, in the same order. */
export function auditCommitment({ auditor, receiptIds, verdicts, digests, salt }: AuditCommit): Hash {
  return keccak256(encodeAbiParameters(AUDIT, [auditor, receiptIds, verdicts, digests, salt]))
}

/** What `commitAppeal` takes: the votes of an elector in the appeals of these receipts, in the same order. */
export function appealCommitment(commit: Omit<AuditCommit, 'digests'>): Hash {
  const { auditor, receiptIds, verdicts, salt } = commit
  return keccak256(encodeAbiParameters(APPEAL, [auditor, receiptIds, verdicts, salt]))
}

/**
 * The facts of a settled receipt, which `challengeReceipt`, `appealReceipt`, `openAppeal`, `markWrong`, `finalize` and
 * `score` take, out of the event of its settlement. Undefined when it settled in none of the blocks looked at.
 */
export async function receiptFacts(
  client: Pick<PublicClient, 'getContractEvents'>,
  receiptId: Hash,
  blocks: { readonly fromBlock: bigint; readonly toBlock?: bigint },
): Promise<ReceiptFacts | undefined> {
  const [settled] = await client.getContractEvents({
    address: nativeAddresses.proofOfAttribution,
    abi: iProofOfAttributionAbi,
    eventName: 'ReceiptSettled',
    args: { receiptId },
    strict: true,
    ...blocks,
  })
  if (settled === undefined) return undefined
  const { requester, application, settlerWei, queryRowHash, receiptHash } = settled.args
  return {
    receiptId,
    requester: toAddress(requester),
    application: toAddress(application),
    settlerWei,
    queryRowHash,
    receiptHash,
  }
}
