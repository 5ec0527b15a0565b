import { type Address, ZERO_ADDRESS } from '../../src/primitives/hex.ts'
import { bounds } from '../bounds.ts'
import { disagrees, type Outcome, outcomeOf, paidSeats, type Seat } from '../shared/audit.ts'
import { payeesOf, type Tally, tallyOf, votersOf } from './appeal.ts'
import { appealClosed, appealOf, openAppeal } from './appeals.ts'
import {
  type AttributionCall,
  type BatchRef,
  batchAt,
  blockOf,
  challengeEndBlock,
  type HostRef,
  hostById,
  type ReceiptFacts,
  type ReceiptRef,
  receiptAt,
} from './call.ts'
import { appealEndBlock, committeeOf, revealsClosed, seatsOf } from './committee.ts'
import { drawAudit } from './draw.ts'
import { digestOf } from './facts.ts'
import { type Finalisation, finalisation, isOpen, receiptStatus } from './layout.ts'

/** The end of an appeal. */
export interface Decision {
  readonly tally: Tally
  /** Electors who voted for the side that the receipt ends with. */
  readonly voters: readonly Address[]
}

/** A receipt whose time has come, with how it ends. */
export interface Ending {
  readonly facts: ReceiptFacts
  readonly receipt: ReceiptRef
  readonly batch: BatchRef
  readonly host: HostRef
  readonly feeWei: bigint
  readonly outcome: 'final' | 'rejected' | 'refunded'
  /** Whether a committee or an appeal found the receipt right. */
  readonly audited: boolean
  readonly paidAuditors: readonly Address[]
  /** Of the committee; none without an audit. */
  readonly seats: readonly Seat[]
  readonly appeal: Decision | undefined
}

type Found = Pick<Ending, 'outcome' | 'audited' | 'paidAuditors' | 'seats' | 'appeal'>

/** How the receipt ends, or a code for why it does not end now. Opens an audit or appeal that is due. */
export function endingOf(call: AttributionCall, facts: ReceiptFacts): Finalisation | Ending {
  const receipt = receiptAt(call, facts.receiptId)
  const status = receipt.get('status')
  if (status === receiptStatus.none) return finalisation.unknownReceipt
  if (!isOpen(status)) return finalisation.alreadyFinal
  if (receipt.get('digest') !== digestOf(call, facts)) return finalisation.factsMismatch
  const found = findingOf(call, facts, receipt)
  if (typeof found === 'number') return found
  const batch = batchAt(call, receipt.get('batchId'))
  if (blockOf(call) < challengeEndBlock(call, batch)) return finalisation.notYet
  const host = hostById(call, receipt.get('hostId'))
  return { facts, receipt, batch, host, feeWei: receipt.get('feeWei'), ...found }
}

function findingOf(call: AttributionCall, facts: ReceiptFacts, receipt: ReceiptRef): Finalisation | Found {
  switch (receipt.get('status')) {
    case receiptStatus.settled:
      return withoutAudit(call, facts, receipt)
    case receiptStatus.auditOpen:
      return byCommittee(call, facts, receipt)
    default:
      return byAppeal(call, facts)
  }
}

function withoutAudit(call: AttributionCall, facts: ReceiptFacts, receipt: ReceiptRef): Finalisation | Found {
  const draw = drawAudit(call, facts.receiptId, receipt)
  if (draw === 'opened') return finalisation.auditOpened
  if (draw === 'notYet') return finalisation.notYet
  return { outcome: 'final', audited: false, paidAuditors: [], seats: [], appeal: undefined }
}

function byCommittee(call: AttributionCall, facts: ReceiptFacts, receipt: ReceiptRef): Finalisation | Found {
  const committee = committeeOf(call, facts.receiptId)
  if (!revealsClosed(call, committee)) return finalisation.notYet
  const seats = seatsOf(call, committee)
  if (disagrees(seats)) {
    openAppeal(call, facts, receipt, ZERO_ADDRESS, 0n)
    return finalisation.appealOpened
  }
  if (blockOf(call) <= appealEndBlock(call, committee)) return finalisation.notYet
  const outcome = outcomeOf(seats)
  const paidAuditors = accountsOf(committee.accounts, paidSeats(seats, outcome))
  return { ...endOf(outcome), paidAuditors, seats, appeal: undefined }
}

function byAppeal(call: AttributionCall, { receiptId }: ReceiptFacts): Finalisation | Found {
  const { appeal, electors } = appealOf(call, receiptId)
  if (!appealClosed(call, appeal)) return finalisation.notYet
  const committee = committeeOf(call, receiptId)
  const seats = seatsOf(call, committee)
  const tally = tallyOf(electors)
  const { outcome } = tally
  const winners = outcome === 'noQuorum' ? [] : votersOf(electors, outcome)
  const voters = winners.map(({ account }) => account)
  const paid = accountsOf(committee.accounts, paidSeats(seats, outcome))
  const paidAuditors = payeesOf(paid, voters, bounds.paidAuditors)
  return { ...endOf(outcome), paidAuditors, seats, appeal: { tally, voters } }
}

function endOf(outcome: Outcome): Pick<Ending, 'outcome' | 'audited'> {
  switch (outcome) {
    case 'ok':
      return { outcome: 'final', audited: true }
    case 'against':
      return { outcome: 'rejected', audited: false }
    case 'noQuorum':
      return { outcome: 'refunded', audited: false }
  }
}

function accountsOf(accounts: readonly Address[], seats: readonly number[]): readonly Address[] {
  return seats.map((seat) => accounts[seat] ?? ZERO_ADDRESS)
}
