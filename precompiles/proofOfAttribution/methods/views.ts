import { bigIntToBytes } from '../../../src/primitives/bytes.ts'
import { bytesToHex, type Hash } from '../../../src/primitives/hex.ts'
import { bounds } from '../../bounds.ts'
import type { Methods } from '../../shared/dispatch.ts'
import {
  type AttributionAbi,
  type AttributionCall,
  adapterWindowsAt,
  batchAt,
  checkCount,
  existingReceipt,
  fail,
  hostById,
  type WindowRef,
  windowAt,
} from '../call.ts'
import { appealEndBlock, committeeOf, revealsClosed, seatsOf } from '../committee.ts'
import { DIGEST_BITS, windowState } from '../layout.ts'
import { storedScores, windowAllocation, windowQueryBytes, windowVersion } from '../windowReader.ts'

function existingWindow(call: AttributionCall, adapterId: bigint, windowIndex: bigint): WindowRef {
  const window = windowAt(call, adapterId, windowIndex)
  if (window.get('state') === windowState.none) fail('UnknownWindow', { adapterId, windowIndex })
  return window
}

function committeeAccounts(call: AttributionCall, receiptId: Hash) {
  existingReceipt(call, receiptId)
  return committeeOf(call, receiptId)
}

export const viewMethods: Methods<
  AttributionAbi,
  AttributionCall,
  | 'getReceipt'
  | 'getAudit'
  | 'committee'
  | 'getWindow'
  | 'windowsOf'
  | 'windowQuery'
  | 'windowScores'
  | 'windowShares'
> = {
  getReceipt: {
    gas: 0n,
    run(call, { receiptId }) {
      const receipt = existingReceipt(call, receiptId)
      const { adapterId, windowIndex, settledBlock } = batchAt(call, receipt.get('batchId')).values()
      const host = hostById(call, receipt.get('hostId')).get('account')
      const adapterVersion = windowAt(call, adapterId, windowIndex).get('version')
      return { ...receipt.values(), host, adapterId, adapterVersion, windowIndex, settledBlock }
    },
  },

  getAudit: {
    gas: 0n,
    run(call, { receiptId }) {
      const committee = committeeAccounts(call, receiptId)
      const seats = seatsOf(call, committee)
      const hasEnded = seats.length > 0 && revealsClosed(call, committee)
      return {
        ...committee.audit.values(),
        appealEndBlock: hasEnded ? appealEndBlock(call, committee) : 0,
        committee: committee.accounts,
        verdicts: seats.map((seat) => seat.verdict),
        digests: seats.map((seat) => bytesToHex(bigIntToBytes(seat.digest, DIGEST_BITS / 8))),
      }
    },
  },

  committee: { gas: 0n, run: (call, { receiptId }) => committeeAccounts(call, receiptId).accounts },

  getWindow: {
    gas: 0n,
    run: (call, { adapterId, windowIndex }) => existingWindow(call, adapterId, windowIndex).values(),
  },

  windowsOf: {
    gas: 0n,
    run(call, { adapterId }) {
      const { opened, closed } = adapterWindowsAt(call, adapterId).values()
      return { newest: opened, closed }
    },
  },

  windowQuery: {
    gas: 0n,
    run(call, { adapterId, windowIndex }) {
      existingWindow(call, adapterId, windowIndex)
      return (
        windowQueryBytes(call, adapterId, windowIndex) ?? fail('WindowNotReady', { adapterId, windowIndex })
      )
    },
  },

  windowScores: {
    gas: 0n,
    run(call, { adapterId, windowIndex, start, count }) {
      checkCount(count, bounds.pageItems)
      const window = existingWindow(call, adapterId, windowIndex)
      const end = Math.min(start + count, window.get('scoredRows'))
      const k = windowVersion(call, adapterId, window).view.get('k')
      return storedScores(call, adapterId, windowIndex, k, start, end)
    },
  },

  windowShares: {
    gas: 0n,
    run(call, { adapterId, windowIndex, start, count }) {
      checkCount(count, bounds.pageItems)
      const window = existingWindow(call, adapterId, windowIndex)
      const of = windowVersion(call, adapterId, window)
      const scored = window.get('scoredRows') === of.view.get('rowCount')
      if (!scored) fail('WindowNotReady', { adapterId, windowIndex })
      const { amountsWei } = windowAllocation(call, of, windowIndex, window)
      return amountsWei.slice(start, start + count)
    },
  },
}
