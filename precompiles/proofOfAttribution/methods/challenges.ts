import type { Methods } from '../../shared/dispatch.ts'
import {
  type AttributionAbi,
  type AttributionCall,
  blockOf,
  challengeAt,
  emit,
  existingReceipt,
  fail,
  hostById,
  requireInChallengeWindow,
} from '../call.ts'
import { drawAudit } from '../draw.ts'
import { provenReceipt } from '../facts.ts'
import { receiptFlag, receiptStatus } from '../layout.ts'

const NOT_AUDITED = receiptFlag.unaudited | receiptFlag.notDrawn

export const challengeMethods: Methods<AttributionAbi, AttributionCall, 'challengeReceipt' | 'getChallenge'> =
  {
    challengeReceipt: {
      gas: 0n,
      run(call, { facts }) {
        const { host, money, parameters } = call
        const { receiptId, requester } = facts
        const receipt = provenReceipt(call, facts)
        const { caller: challenger, valueWei: bondWei } = host
        const expectedWei = parameters.receiptChallengeBondWei
        if (bondWei !== expectedWei) fail('WrongBond', { bondWei, expectedWei })
        requireStatus(receipt.get('status'))
        if (challenger === hostById(call, receipt.get('hostId')).get('account'))
          fail('OwnReceipt', { receiptId })
        const flags = receipt.get('flags')
        if ((flags & receiptFlag.challenged) !== 0) fail('AlreadyChallenged', { receiptId })
        // its audit would let others read an input that only the host was to see
        if ((flags & receiptFlag.unaudited) !== 0 && challenger !== requester) {
          fail('NotRequester', { caller: challenger })
        }
        requireInChallengeWindow(call, receipt)
        // a committee that chance has drawn is not exchanged for another by a challenge
        drawAudit(call, receiptId, receipt)
        requireStatus(receipt.get('status'))
        const drawn = receipt.get('flags')
        receipt.set('flags', (drawn & ~NOT_AUDITED) | receiptFlag.challenged)
        challengeAt(call, receiptId).update({ challenger, bondWei, challengeBlock: blockOf(call) })
        money.receive('bondsWei', bondWei)
        emit(host, 'ReceiptChallenged', { receiptId, challenger, bondWei })

        function requireStatus(status: number): void {
          if (status !== receiptStatus.settled) fail('WrongStatus', { receiptId, status })
        }
      },
    },

    getChallenge: {
      gas: 0n,
      run(call, { receiptId }) {
        existingReceipt(call, receiptId)
        return challengeAt(call, receiptId).values()
      },
    },
  }
