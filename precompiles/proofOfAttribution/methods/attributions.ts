import { bounds } from '../../bounds.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { gasPrices } from '../../shared/gas.ts'
import { type AttributionAbi, type AttributionCall, checkCount } from '../call.ts'
import { scoredReceipt } from '../scoredReceipt.ts'
import { scoreRows, scoreSomeRows } from '../windowReader.ts'

export const attributionViews: Methods<AttributionAbi, AttributionCall, 'score' | 'attributionOf'> = {
  score: {
    gas: 0n,
    run(call, { facts, queryRow, start, count }) {
      checkCount(count, bounds.pageItems)
      const { of, query } = scoredReceipt(call, facts, queryRow)
      return scoreRows(call, of, query, start, Math.min(start + count, of.view.get('rowCount')))
    },
  },

  attributionOf: {
    gas: 0n,
    run(call, { facts, queryRow, start, count }) {
      checkCount(count, bounds.pageItems)
      const { of, query } = scoredReceipt(call, facts, queryRow)
      const members = call.adapters.members(of.view)
      call.host.useGas(gasPrices.member * BigInt(members.length))
      const page = members.slice(start, start + count)
      // what is in the page, and what shares a cluster with it
      const leaders = new Set(page.map(({ leaderId }) => leaderId))
      const rows = members.flatMap(({ leaderId }, row) => (leaders.has(leaderId) ? [row] : []))
      const scores = scoreSomeRows(call, of, query, rows)
      const gone = call.datanets.tombstoned(rows.map((row) => members[row]?.contributionId ?? 0n))
      const scoreOf = new Map<number, bigint>()
      const clusters = new Map<bigint, bigint>()
      rows.forEach((row, n) => {
        const [member, score = 0n] = [members[row], scores[n]]
        scoreOf.set(row, score)
        if (member === undefined || gone.has(member.contributionId)) return
        clusters.set(member.leaderId, (clusters.get(member.leaderId) ?? 0n) + score)
      })
      return page.map(({ contributionId, leaderId, contributor }, n) => ({
        contributionId,
        leaderId,
        contributor,
        row: start + n,
        score: scoreOf.get(start + n) ?? 0n,
        clusterScore: clusters.get(leaderId) ?? 0n,
      }))
    },
  },
}
