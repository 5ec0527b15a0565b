import { iAdapterRegistryAbi } from '../../../contracts/generated/IAdapterRegistry.ts'
import { invariant } from '../../../src/errors/errors.ts'
import { type Hash, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { bounds } from '../../bounds.ts'
import { tupleCodec } from '../../shared/abiCodec.ts'
import { encodeParameters } from '../../shared/abiEncode.ts'
import { verdict as verdicts } from '../../shared/audit.ts'
import { hasBit, withBit } from '../../shared/bits.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { mappingSlot } from '../../shared/layout.ts'
import {
  type AdapterAbi,
  type AdapterCall,
  blockOf,
  type ChallengeRef,
  challengeAt,
  checkCount,
  emit,
  existingAdapter,
  fail,
} from '../call.ts'
import { commitsClosed, seatsOf } from '../committee.ts'
import { challengeStatus, VERDICT_BITS } from '../layout.ts'

// the preimage of a commitment: the auditor, then the arguments of the reveal
const reveal = iAdapterRegistryAbi.find((item) => item.type === 'function' && item.name === 'revealRowAudit')
invariant(reveal !== undefined, 'revealRowAudit is in the interface')
const preimageFields = tupleCodec([{ name: 'auditor', type: 'address' }, ...reveal.inputs]).fields
const idsFields = tupleCodec([{ name: 'challengeIds', type: 'uint64[]' }]).fields

/** Forged rows, and rows that nobody can derive again; a mismatch of outputs is another audit's. */
const VERDICTS: readonly number[] = [verdicts.ok, verdicts.outputMismatch, verdicts.unavailable]

/** The caller's seat in an open audit. */
interface Duty {
  readonly adapterId: bigint
  readonly challenge: ChallengeRef
  readonly seat: number
}

export const rowAuditMethods: Methods<AdapterAbi, AdapterCall, 'commitRowAudit' | 'revealRowAudit'> = {
  commitRowAudit: {
    gas: 0n,
    run(call, { adapterIds, commitment }) {
      const { host, store } = call
      checkCount(adapterIds.length, 1, bounds.auditsPerCall)
      if (commitment === ZERO_HASH) fail('ZeroCommitment')
      const duties = adapterIds.map((adapterId) => dutyOf(call, adapterId))
      for (const { adapterId, challenge, seat } of duties) {
        const lastBlock = challenge.get('commitEndBlock')
        if (blockOf(call) > lastBlock) fail('TooLate', { lastBlock: BigInt(lastBlock) })
        const committed = BigInt(challenge.get('committed'))
        if (hasBit(committed, seat)) fail('AlreadyCommitted', { adapterId })
        challenge.set('committed', Number(withBit(committed, seat)))
      }
      // the challenges are bound too: an adapter can have several, one after the other
      store.save(commitmentSlot(call, commitment), BigInt(hashOfChallenges(call, duties)))
      emit(host, 'RowAuditCommitted', { auditor: host.caller, commitment, adapterIds })
    },
  },

  revealRowAudit: {
    gas: 0n,
    run(call, args) {
      const { host, store } = call
      const { adapterIds, verdicts: given } = args
      checkCount(adapterIds.length, 1, bounds.auditsPerCall)
      if (given.length !== adapterIds.length) fail('LengthMismatch')
      const duties = adapterIds.map((adapterId) => dutyOf(call, adapterId))
      const commitment = host.keccak(encodeParameters(preimageFields, { auditor: host.caller, ...args }))
      const slot = commitmentSlot(call, commitment)
      if (store.load(slot) !== BigInt(hashOfChallenges(call, duties)))
        fail('UnknownCommitment', { commitment })
      store.save(slot, 0n)
      duties.forEach((duty, index) => {
        recordVerdict(call, duty, given[index] ?? verdicts.none)
      })
    },
  },
}

function dutyOf(call: AdapterCall, adapterId: bigint): Duty {
  const { caller } = call.host
  existingAdapter(call, adapterId)
  const challenge = challengeAt(call, adapterId)
  const status = challenge.get('status')
  if (status !== challengeStatus.audit) fail('WrongChallengeStatus', { adapterId, status })
  const seat = seatsOf(challenge).findIndex(({ auditor }) => auditor === caller)
  if (seat < 0) fail('NotInCommittee', { adapterId, caller })
  return { adapterId, challenge, seat }
}

function recordVerdict(call: AdapterCall, { adapterId, challenge, seat }: Duty, verdict: number): void {
  const lastBlock = challenge.get('revealEndBlock')
  if (blockOf(call) > lastBlock) fail('TooLate', { lastBlock: BigInt(lastBlock) })
  if (!commitsClosed(call, challenge)) {
    fail('TooEarly', { fromBlock: BigInt(challenge.get('commitEndBlock') + 1) })
  }
  if (!VERDICTS.includes(verdict)) fail('InvalidVerdict', { verdict })
  const revealed = BigInt(challenge.get('revealed'))
  invariant(!hasBit(revealed, seat), 'a seat commits once, and a reveal takes its commitment away')
  challenge.set('revealed', Number(withBit(revealed, seat)))
  challenge.set('verdicts', challenge.get('verdicts') | (verdict << (seat * VERDICT_BITS)))
  const { caller: auditor } = call.host
  const challengeId = challenge.get('challengeId')
  emit(call.host, 'RowAuditRevealed', { adapterId, challengeId, auditor, verdict })
}

function commitmentSlot({ host, store, registry }: AdapterCall, commitment: Hash): bigint {
  return mappingSlot(store, mappingSlot(store, registry.at('rowCommitments'), host.caller), commitment)
}

function hashOfChallenges({ host }: AdapterCall, duties: readonly Duty[]): Hash {
  const challengeIds = duties.map(({ challenge }) => challenge.get('challengeId'))
  return host.keccak(encodeParameters(idsFields, { challengeIds }))
}
