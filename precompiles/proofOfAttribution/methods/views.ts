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
import { committeeOf, seatsOf } from '../committee.ts'
import { provenReceipt } from '../facts.ts'
import { DIGEST_BITS, windowState } from '../layout.ts'
import { scoreRows, storedScores, windowAllocation, windowQueryBytes } from '../windowReader.ts'

function existingWindow(call: AttributionCall, adapterId: bigint, windowIndex: bigint): WindowRef {
  const window = windowAt(call, adapterId, windowIndex)
  if (window.get('state') === windowState.none) fail('UnknownWindow', { adapterId, windowIndex })
  return window
}

function existingAdapter(call: AttributionCall, adapterId: bigint) {
  const adapter = call.adapters.adapter(adapterId)
  return adapter ?? fail('UnknownAdapter', { adapterId })
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
  | 'score'
> = {
  getReceipt: {
    gas: 0n,
    run(call, { receiptId }) {
      const receipt = existingReceipt(call, receiptId)
      const { adapterId, windowIndex, settledBlock } = batchAt(call, receipt.get('batchId')).values()
      const host = hostById(call, receipt.get('hostId')).get('account')
      return { ...receipt.values(), host, adapterId, windowIndex, settledBlock }
    },
  },

  getAudit: {
    gas: 0n,
    run(call, { receiptId }) {
      const committee = committeeAccounts(call, receiptId)
      const seats = seatsOf(call, committee)
      return {
        ...committee.audit.values(),
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
      const end = Math.min(start + count, existingWindow(call, adapterId, windowIndex).get('scoredRows'))
      const k = existingAdapter(call, adapterId).get('k')
      return storedScores(call, adapterId, windowIndex, k, start, end)
    },
  },

  windowShares: {
    gas: 0n,
    run(call, { adapterId, windowIndex, start, count }) {
      checkCount(count, bounds.pageItems)
      const window = existingWindow(call, adapterId, windowIndex)
      const adapter = existingAdapter(call, adapterId)
      const scored = window.get('scoredRows') === adapter.get('rowCount')
      if (!scored) fail('WindowNotReady', { adapterId, windowIndex })
      const { amountsWei } = windowAllocation(call, adapterId, windowIndex, adapter, window)
      return amountsWei.slice(start, start + count)
    },
  },

  score: {
    gas: 0n,
    run(call, { facts, queryRow, start, count }) {
      checkCount(count, bounds.pageItems)
      const receipt = provenReceipt(call, facts)
      if (call.host.keccak(queryRow) !== facts.queryRowHash) fail('InvalidRow')
      const { adapterId } = batchAt(call, receipt.get('batchId')).values()
      const adapter = existingAdapter(call, adapterId)
      const query = new Int8Array(queryRow.buffer, queryRow.byteOffset, queryRow.length)
      return scoreRows(
        call,
        adapterId,
        adapter,
        query,
        start,
        Math.min(start + count, adapter.get('rowCount')),
      )
    },
  },
}
