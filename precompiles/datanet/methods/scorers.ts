import { type Address, ZERO_ADDRESS } from '../../../src/primitives/hex.ts'
import { bitsIn, hasBit, lowestClear, withBit, withoutBit } from '../../shared/bits.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { refOf } from '../../shared/money.ts'
import {
  blockOf,
  checkAccount,
  type DatanetAbi,
  type DatanetCall,
  type DatanetRef,
  datanetWithRole,
  emit,
  existingDatanet,
  fail,
  scorerAt,
  seatOf,
  setSeat,
} from '../call.ts'
import { creditReason, POLICY_OPEN, role, SEATS } from '../layout.ts'

const NO_SEAT = { seated: false, seat: 0, bondWei: 0n, tests: 0, hits: 0, withdrawableBlock: 0 } as const

function requireOpen(datanet: DatanetRef): void {
  const policy = datanet.get('policy')
  if (policy !== POLICY_OPEN) fail('WrongPolicy', { policy })
}

/** The Datanet of a manager who appoints its scorers. */
function managedSeats(call: DatanetCall, datanetId: bigint): DatanetRef {
  const datanet = datanetWithRole(call, datanetId, role.manager)
  const policy = datanet.get('policy')
  if (policy === POLICY_OPEN) fail('WrongPolicy', { policy })
  return datanet
}

/** Gives the account the lowest free seat. */
function takeSeat(call: DatanetCall, datanet: DatanetRef, account: Address, bondWei: bigint): number {
  if (seatOf(call, datanet, account) !== undefined) fail('AlreadyScorer', { scorer: account })
  const taken = datanet.get('takenSeats')
  const seat = lowestClear(taken, SEATS)
  if (seat === undefined) return fail('NoScorerSeat')
  const seating = datanet.get('seatings') + 1
  datanet.update({
    takenSeats: withBit(taken, seat),
    activeSeats: withBit(datanet.get('activeSeats'), seat),
    seatings: seating,
  })
  scorerAt(call, datanet, seat).update({ account, bondWei, seating })
  setSeat(call, datanet, account, seat)
  return seat
}

export const scorerMethods: Methods<
  DatanetAbi,
  DatanetCall,
  | 'appointScorer'
  | 'dismissScorer'
  | 'joinScorers'
  | 'leaveScorers'
  | 'withdrawScorerBond'
  | 'scorerInfo'
  | 'scorersOf'
> = {
  appointScorer: {
    gas: 0n,
    run(call, { datanetId, scorer }) {
      const datanet = managedSeats(call, datanetId)
      checkAccount(call, scorer)
      const seat = takeSeat(call, datanet, scorer, 0n)
      emit(call.host, 'ScorerAppointed', { datanetId, scorer, seat, bondWei: 0n })
      return seat
    },
  },

  dismissScorer: {
    gas: 0n,
    run(call, { datanetId, scorer }) {
      const datanet = managedSeats(call, datanetId)
      const seat = seatOf(call, datanet, scorer)
      if (seat === undefined) return fail('NotScorer', { account: scorer })
      freeSeat(call, datanet, scorer, seat)
      datanet.set('activeSeats', withoutBit(datanet.get('activeSeats'), seat))
      emit(call.host, 'ScorerDismissed', { datanetId, scorer, seat })
    },
  },

  joinScorers: {
    gas: 0n,
    run(call, { datanetId }) {
      const { host, money, parameters } = call
      const datanet = existingDatanet(call, datanetId)
      requireOpen(datanet)
      const bondWei = host.valueWei
      const minimumWei = parameters.scorerBondWei
      if (bondWei < minimumWei) fail('BondTooLow', { bondWei, minimumWei })
      const seat = takeSeat(call, datanet, host.caller, bondWei)
      money.receive('bondsWei', bondWei)
      emit(host, 'ScorerAppointed', { datanetId, scorer: host.caller, seat, bondWei })
      return seat
    },
  },

  leaveScorers: {
    gas: 0n,
    run(call, { datanetId }) {
      const { host, parameters } = call
      const datanet = existingDatanet(call, datanetId)
      requireOpen(datanet)
      const seat = seatOf(call, datanet, host.caller)
      const active = datanet.get('activeSeats')
      if (seat === undefined || !hasBit(active, seat)) return fail('NotScorer', { account: host.caller })
      const withdrawableBlock = blockOf(call) + parameters.scorerExitBlocks
      datanet.set('activeSeats', withoutBit(active, seat))
      scorerAt(call, datanet, seat).set('withdrawableBlock', withdrawableBlock)
      emit(host, 'ScorerLeaving', { datanetId, scorer: host.caller, withdrawableBlock })
      return withdrawableBlock
    },
  },

  withdrawScorerBond: {
    gas: 0n,
    run(call, { datanetId }) {
      const { host, money } = call
      const datanet = existingDatanet(call, datanetId)
      requireOpen(datanet)
      const seat = seatOf(call, datanet, host.caller)
      if (seat === undefined) return fail('NotScorer', { account: host.caller })
      const scorer = scorerAt(call, datanet, seat)
      const withdrawableBlock = scorer.get('withdrawableBlock')
      if (withdrawableBlock === 0 || blockOf(call) < withdrawableBlock) {
        fail('ScorerStillBound', { withdrawableBlock })
      }
      const bondWei = scorer.get('bondWei')
      freeSeat(call, datanet, host.caller, seat)
      money.credit('bondsWei', host.caller, creditReason.scorerBond, refOf(datanetId), bondWei)
      return bondWei
    },
  },

  scorerInfo: {
    gas: 0n,
    run(call, { datanetId, account }) {
      const datanet = existingDatanet(call, datanetId)
      const seat = seatOf(call, datanet, account)
      if (seat === undefined) return NO_SEAT
      return { seated: true, seat, ...scorerAt(call, datanet, seat).values() }
    },
  },

  scorersOf: {
    gas: 0n,
    run(call, { datanetId }) {
      const datanet = existingDatanet(call, datanetId)
      return bitsIn(datanet.get('activeSeats')).map((seat) => scorerAt(call, datanet, seat).get('account'))
    },
  },
}

function freeSeat(call: DatanetCall, datanet: DatanetRef, account: Address, seat: number): void {
  scorerAt(call, datanet, seat).update({
    account: ZERO_ADDRESS,
    bondWei: 0n,
    withdrawableBlock: 0,
    seating: 0,
    tests: 0,
    hits: 0,
  })
  datanet.set('takenSeats', withoutBit(datanet.get('takenSeats'), seat))
  setSeat(call, datanet, account, undefined)
}
