import type { Hash } from '../primitives/hex.ts'
import type { LocatedLog } from './ports.ts'
import type { LogCriteria } from './schemas/logFilter.ts'

/** What a WebSocket client may subscribe to. */
export type SubscriptionTopic =
  | { readonly type: 'newHeads' }
  | { readonly type: 'logs'; readonly criteria: LogCriteria }
  /** Hashes, or whole transactions. */
  | { readonly type: 'newPendingTransactions'; readonly full: boolean }
  | { readonly type: 'syncing' }

export function matchesLog(criteria: LogCriteria, log: Pick<LocatedLog, 'address' | 'topics'>): boolean {
  const { addresses, topics } = criteria
  if (addresses.length > 0 && !addresses.includes(log.address)) return false
  if (topics.length > log.topics.length) return false
  return topics.every((alternatives, position) => {
    const topic: Hash | undefined = log.topics[position]
    return alternatives.length === 0 || (topic !== undefined && alternatives.includes(topic))
  })
}
