import { bounds } from '../../bounds.ts'
import { bitsIn, hasBit, lowestClear, withBit, withoutBit } from '../../shared/bits.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { refOf } from '../../shared/money.ts'
import {
  blockOf,
  checkText,
  type DatanetAbi,
  type DatanetCall,
  type DatanetRef,
  datanetAt,
  emit,
  existingDatanet,
  fail,
  ownedDatanet,
  scorerAt,
  seatOf,
  setSeat,
} from '../call.ts'
import { creditReason, POLICY_CURATED, POLICY_OPEN, POLICY_PRIVATE, SEATS } from '../layout.ts'

const KINDS = 3

function requirePolicy(datanet: DatanetRef, policy: number): void {
  const actual = datanet.get('policy')
  if (actual !== policy) fail('WrongPolicy', { policy: actual })
}

/** Gives the account the lowest free seat. */
function takeSeat(call: DatanetCall, datanet: DatanetRef, account: DatanetCall['host']['caller']): number {
  if (seatOf(call, datanet, account) !== undefined) fail('AlreadyScorer', { scorer: account })
  const taken = datanet.get('takenSeats')
  const seat = lowestClear(taken, SEATS)
  if (seat === undefined) return fail('NoScorerSeat')
  datanet.set('takenSeats', withBit(taken, seat))
  datanet.set('activeSeats', withBit(datanet.get('activeSeats'), seat))
  setSeat(call, datanet, account, seat)
  return seat
}

export const datanetMethods: Methods<
  DatanetAbi,
  DatanetCall,
  | 'createDatanet'
  | 'appointScorer'
  | 'dismissScorer'
  | 'joinScorers'
  | 'leaveScorers'
  | 'withdrawScorerBond'
  | 'scorersOf'
> = {
  createDatanet: {
    gas: 1_000n,
    run(call, args) {
      const { name, kind, policy, licence, metadataCid, minBondWei, acceptThresholdBps } = args
      checkText(name, bounds.nameBytes)
      checkText(licence, bounds.licenceBytes)
      checkText(metadataCid, bounds.cidBytes, true)
      if (kind >= KINDS) fail('InvalidKind', { kind })
      if (policy === POLICY_PRIVATE) fail('PrivatePolicyUnavailable')
      if (policy > POLICY_PRIVATE) fail('InvalidPolicy', { policy })
      if (acceptThresholdBps > 10_000) fail('InvalidThreshold', { acceptThresholdBps })
      const datanetId = call.registry.get('datanetCount') + 1n
      call.registry.set('datanetCount', datanetId)
      const datanet = datanetAt(call, datanetId)
      const owner = call.host.caller
      datanet.update({ owner, kind, policy, acceptThresholdBps, minBondWei })
      datanet.setText('name', name)
      datanet.setText('licence', licence)
      datanet.setText('metadataCid', metadataCid)
      emit(call.host, 'DatanetCreated', { datanetId, owner, ...args })
      return datanetId
    },
  },

  appointScorer: {
    gas: 0n,
    run(call, { datanetId, scorer }) {
      const datanet = ownedDatanet(call, datanetId)
      requirePolicy(datanet, POLICY_CURATED)
      if (BigInt(scorer) === 0n || call.parameters.systemAccounts.includes(scorer)) {
        fail('InvalidScorer', { scorer })
      }
      const seat = takeSeat(call, datanet, scorer)
      scorerAt(call, datanet, seat).update({ account: scorer, bondWei: 0n, withdrawableBlock: 0 })
      emit(call.host, 'ScorerAppointed', { datanetId, scorer, seat, bondWei: 0n })
      return seat
    },
  },

  dismissScorer: {
    gas: 0n,
    run(call, { datanetId, scorer }) {
      const datanet = ownedDatanet(call, datanetId)
      requirePolicy(datanet, POLICY_CURATED)
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
      requirePolicy(datanet, POLICY_OPEN)
      const { scorerBondWei } = parameters
      if (host.valueWei !== scorerBondWei) {
        fail('WrongBond', { bondWei: host.valueWei, neededWei: scorerBondWei })
      }
      const seat = takeSeat(call, datanet, host.caller)
      scorerAt(call, datanet, seat).update({
        account: host.caller,
        bondWei: scorerBondWei,
        withdrawableBlock: 0,
      })
      money.receive('bondsWei', scorerBondWei)
      emit(host, 'ScorerAppointed', { datanetId, scorer: host.caller, seat, bondWei: scorerBondWei })
      return seat
    },
  },

  leaveScorers: {
    gas: 0n,
    run(call, { datanetId }) {
      const { host, parameters } = call
      const datanet = existingDatanet(call, datanetId)
      requirePolicy(datanet, POLICY_OPEN)
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
      requirePolicy(datanet, POLICY_OPEN)
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

  scorersOf: {
    gas: 0n,
    run(call, { datanetId }) {
      const datanet = existingDatanet(call, datanetId)
      return bitsIn(datanet.get('activeSeats')).map((seat) => scorerAt(call, datanet, seat).get('account'))
    },
  },
}

function freeSeat(
  call: DatanetCall,
  datanet: DatanetRef,
  account: DatanetCall['host']['caller'],
  seat: number,
): void {
  scorerAt(call, datanet, seat).update({ account: `0x${'00'.repeat(20)}`, bondWei: 0n, withdrawableBlock: 0 })
  datanet.set('takenSeats', withoutBit(datanet.get('takenSeats'), seat))
  setSeat(call, datanet, account, undefined)
}
