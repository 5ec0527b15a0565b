import { type Hash, ZERO_HASH } from '../../src/primitives/hex.ts'
import { tupleCodec } from '../shared/abiCodec.ts'
import { encodeParameters } from '../shared/abiEncode.ts'
import { mappingSlot } from '../shared/layout.ts'
import { type AttributionCall, fail } from './call.ts'

/** Commitments of auditors to several verdicts at once: those of audits and those of appeals are kept apart. */
export type Commitments = 'auditCommitments' | 'appealCommitments'

const idsFields = tupleCodec([{ name: 'receiptIds', type: 'bytes32[]' }]).fields

/**
 * Keeps the caller's commitment. The ids are bound too: otherwise one could commit twice to the same receipt under two
 * lists and choose later.
 */
export function keepCommitment(
  call: AttributionCall,
  of: Commitments,
  receiptIds: readonly Hash[],
  commitment: Hash,
): void {
  if (commitment === ZERO_HASH) fail('ZeroCommitment')
  call.store.save(commitmentSlot(call, of, commitment), BigInt(hashOfIds(call, receiptIds)))
}

/** Takes the caller's commitment to these receipts away. */
export function openCommitment(
  call: AttributionCall,
  of: Commitments,
  receiptIds: readonly Hash[],
  commitment: Hash,
): void {
  const slot = commitmentSlot(call, of, commitment)
  if (call.store.load(slot) !== BigInt(hashOfIds(call, receiptIds))) fail('UnknownCommitment', { commitment })
  call.store.save(slot, 0n)
}

function commitmentSlot({ host, store, root }: AttributionCall, of: Commitments, commitment: Hash): bigint {
  return mappingSlot(store, mappingSlot(store, root.at(of), host.caller), commitment)
}

function hashOfIds({ host }: AttributionCall, receiptIds: readonly Hash[]): Hash {
  return host.keccak(encodeParameters(idsFields, { receiptIds }))
}
