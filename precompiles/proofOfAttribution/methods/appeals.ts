import { iProofOfAttributionAbi } from '../../../contracts/generated/IProofOfAttribution.ts'
import { invariant } from '../../../src/errors/errors.ts'
import { type Hash, ZERO_ADDRESS } from '../../../src/primitives/hex.ts'
import { bounds } from '../../bounds.ts'
import { tupleCodec } from '../../shared/abiCodec.ts'
import { encodeParameters } from '../../shared/abiEncode.ts'
import { disagrees, VERDICT_MAX, verdict as verdicts } from '../../shared/audit.ts'
import { hasBit, withBit } from '../../shared/bits.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { tallyOf } from '../appeal.ts'
import { appealCommitsClosed, appealOf, type OpenAppeal, openAppeal } from '../appeals.ts'
import {
  type AttributionAbi,
  type AttributionCall,
  blockOf,
  checkCount,
  emit,
  existingReceipt,
  fail,
  type ReceiptRef,
} from '../call.ts'
import { keepCommitment, openCommitment } from '../commitments.ts'
import { appealEndBlock, committeeOf, revealsClosed, seatsOf } from '../committee.ts'
import { provenReceipt } from '../facts.ts'
import { receiptFlag, receiptStatus, VERDICT_BITS } from '../layout.ts'

// the preimage of a commitment: the auditor, then the arguments of the reveal
const reveal = iProofOfAttributionAbi.find((item) => item.type === 'function' && item.name === 'revealAppeal')
invariant(reveal !== undefined, 'revealAppeal is in the interface')
const preimageFields = tupleCodec([{ name: 'auditor', type: 'address' }, ...reveal.inputs]).fields

export const appealMethods: Methods<
  AttributionAbi,
  AttributionCall,
  'openAppeal' | 'appealReceipt' | 'commitAppeal' | 'revealAppeal' | 'getAppeal'
> = {
  openAppeal: {
    gas: 0n,
    run(call, { facts }) {
      checkCount(facts.length, bounds.receiptsPerCall)
      return facts.map((item) => {
        const receipt = provenReceipt(call, item)
        if (isDisputed(call, item.receiptId, receipt)) openAppeal(call, item, receipt, ZERO_ADDRESS, 0n)
        return receipt.get('status')
      })
    },
  },

  appealReceipt: {
    gas: 0n,
    run(call, { facts }) {
      const { host, money, parameters } = call
      const { receiptId } = facts
      const receipt = provenReceipt(call, facts)
      const bondWei = host.valueWei
      const expectedWei = parameters.appealBondWei
      if (bondWei !== expectedWei) fail('WrongBond', { bondWei, expectedWei })
      const status = receipt.get('status')
      if (status !== receiptStatus.auditOpen) fail('WrongStatus', { receiptId, status })
      const committee = committeeOf(call, receiptId)
      if (!revealsClosed(call, committee)) {
        fail('TooEarly', { fromBlock: BigInt(committee.audit.get('revealEndBlock') + 1) })
      }
      if (isDisputed(call, receiptId, receipt)) fail('BondNotNeeded', { receiptId })
      const lastBlock = appealEndBlock(call, committee)
      if (blockOf(call) > lastBlock) fail('TooLate', { lastBlock: BigInt(lastBlock) })
      money.receive('bondsWei', bondWei)
      openAppeal(call, facts, receipt, host.caller, bondWei)
    },
  },

  commitAppeal: {
    gas: 0n,
    run(call, { receiptIds, commitment }) {
      checkCount(receiptIds.length, bounds.auditsPerCall)
      keepCommitment(call, 'appealCommitments', receiptIds, commitment)
      for (const receiptId of receiptIds) {
        const { appeal, elector } = openForElector(call, receiptId)
        const lastBlock = appeal.get('commitEndBlock')
        if (blockOf(call) > lastBlock) fail('TooLate', { lastBlock: BigInt(lastBlock) })
        const committed = appeal.get('committed')
        if (hasBit(committed, elector)) fail('AlreadyCommitted', { receiptId })
        appeal.set('committed', withBit(committed, elector))
      }
      emit(call.host, 'AppealCommitted', { auditor: call.host.caller, commitment, receiptIds })
    },
  },

  revealAppeal: {
    gas: 0n,
    run(call, args) {
      const { host } = call
      const { receiptIds, verdicts: given } = args
      checkCount(receiptIds.length, bounds.auditsPerCall)
      if (given.length !== receiptIds.length) fail('LengthMismatch')
      const commitment = host.keccak(encodeParameters(preimageFields, { auditor: host.caller, ...args }))
      openCommitment(call, 'appealCommitments', receiptIds, commitment)
      receiptIds.forEach((receiptId, index) => {
        recordVote(call, receiptId, given[index] ?? verdicts.none)
      })
    },
  },

  getAppeal: {
    gas: 0n,
    run(call, { receiptId }) {
      const receipt = existingReceipt(call, receiptId)
      if ((receipt.get('flags') & receiptFlag.appealed) === 0) {
        fail('WrongStatus', { receiptId, status: receipt.get('status') })
      }
      const { appeal, electors } = appealOf(call, receiptId)
      return {
        ...appeal.values(),
        ...tallyOf(electors),
        electors: electors.map(({ account }) => account),
        bondsWei: electors.map(({ bondWei }) => bondWei),
        verdicts: electors.map(({ verdict }) => verdict),
      }
    },
  },
}

/** Its committee has spoken, and not with one voice. */
function isDisputed(call: AttributionCall, receiptId: Hash, receipt: ReceiptRef): boolean {
  if (receipt.get('status') !== receiptStatus.auditOpen) return false
  const committee = committeeOf(call, receiptId)
  return revealsClosed(call, committee) && disagrees(seatsOf(call, committee))
}

function openForElector(
  call: AttributionCall,
  receiptId: Hash,
): Pick<OpenAppeal, 'appeal'> & { readonly elector: number } {
  const { caller } = call.host
  const status = existingReceipt(call, receiptId).get('status')
  if (status !== receiptStatus.appealed) fail('WrongStatus', { receiptId, status })
  const { appeal, electors } = appealOf(call, receiptId)
  const elector = electors.findIndex(({ account }) => account === caller)
  if (elector < 0) fail('NotElector', { receiptId, caller })
  return { appeal, elector }
}

function recordVote(call: AttributionCall, receiptId: Hash, verdict: number): void {
  const { host } = call
  const { appeal, elector } = openForElector(call, receiptId)
  const lastBlock = appeal.get('revealEndBlock')
  if (blockOf(call) > lastBlock) fail('TooLate', { lastBlock: BigInt(lastBlock) })
  if (!appealCommitsClosed(call, appeal)) {
    fail('TooEarly', { fromBlock: BigInt(appeal.get('commitEndBlock') + 1) })
  }
  const revealed = appeal.get('revealed')
  invariant(!hasBit(revealed, elector), 'an elector commits once, and a reveal takes its commitment away')
  if (verdict === verdicts.none || verdict > VERDICT_MAX) fail('InvalidVerdict', { verdict })
  const place = BigInt(elector * VERDICT_BITS)
  appeal.update({
    revealed: withBit(revealed, elector),
    verdicts: appeal.get('verdicts') | (BigInt(verdict) << place),
  })
  emit(host, 'AppealRevealed', { receiptId, auditor: host.caller, verdict })
}
