import { type ContractEventName, decodeEventLog, type Hex, toEventSelector } from 'viem'
import { iProofOfAttributionAbi } from '../../../contracts/generated/IProofOfAttribution.ts'
import { ATTRIBUTION_ADDRESS } from '../../../precompiles/addresses.ts'
import { type Address, bytesToHex, type Hash, toAddress } from '../../primitives/hex.ts'
import type { BlockFacts, LogFacts } from './ports.ts'

/** What settlement tells of a receipt; `finalize` wants it back. */
export interface ReceiptFacts {
  readonly receiptId: Hash
  readonly requester: Address
  readonly application: Address
  readonly settlerWei: bigint
  readonly queryRowHash: Hash
  readonly receiptHash: Hash
}

export type AttributionEvent =
  | {
      readonly type: 'settled'
      readonly facts: ReceiptFacts
      readonly host: Address
      readonly adapterId: bigint
      readonly windowIndex: bigint
      readonly feeWei: bigint
    }
  | { readonly type: 'notSettled'; readonly receiptId: Hash; readonly settlement: number }
  | {
      readonly type: 'auditOpened'
      readonly receiptId: Hash
      readonly auditSeed: Hash
      readonly committee: readonly Address[]
      readonly commitEndBlock: number
      readonly revealEndBlock: number
    }
  | { readonly type: 'auditSkipped'; readonly receiptId: Hash }
  | {
      readonly type: 'auditCommitted'
      readonly auditor: Address
      readonly commitment: Hash
      readonly receiptIds: readonly Hash[]
    }
  | {
      readonly type: 'auditRevealed'
      readonly receiptId: Hash
      readonly auditor: Address
      readonly verdict: number
    }
  | { readonly type: 'markedWrong'; readonly receiptId: Hash }
  | { readonly type: 'challenged'; readonly receiptId: Hash }
  | {
      readonly type: 'appealOpened'
      readonly receiptId: Hash
      readonly electors: readonly Address[]
      readonly commitEndBlock: number
      readonly revealEndBlock: number
    }
  | {
      readonly type: 'appealCommitted'
      readonly auditor: Address
      readonly commitment: Hash
      readonly receiptIds: readonly Hash[]
    }
  | {
      readonly type: 'appealRevealed'
      readonly receiptId: Hash
      readonly auditor: Address
      readonly verdict: number
    }
  /** Final, rejected or refunded: nothing more happens to it. */
  | { readonly type: 'ended'; readonly receiptId: Hash }
  | { readonly type: 'windowOpened'; readonly adapterId: bigint; readonly windowIndex: bigint }
  /** Its query is fixed, or further rows are scored: the closing goes on. */
  | { readonly type: 'windowClosing'; readonly adapterId: bigint; readonly windowIndex: bigint }
  | { readonly type: 'windowClosed'; readonly adapterId: bigint; readonly windowIndex: bigint }

/** An event with its place in the block. */
export interface LocatedEvent {
  readonly event: AttributionEvent
  readonly transactionIndex: number
}

const FOLLOWED = [
  'ReceiptSettled',
  'ReceiptNotSettled',
  'AuditOpened',
  'AuditSkipped',
  'AuditCommitted',
  'AuditRevealed',
  'MarkedWrong',
  'ReceiptChallenged',
  'AppealOpened',
  'AppealCommitted',
  'AppealRevealed',
  'ReceiptFinalized',
  'ReceiptReversed',
  'WindowOpened',
  'WindowSummed',
  'WindowScored',
  'WindowClosed',
] as const satisfies readonly ContractEventName<typeof iProofOfAttributionAbi>[]

const followedAbi = iProofOfAttributionAbi.filter(
  (item): item is Extract<(typeof iProofOfAttributionAbi)[number], { name: (typeof FOLLOWED)[number] }> =>
    item.type === 'event' && FOLLOWED.some((name) => name === item.name),
)
const followedTopics = new Set<Hex>(followedAbi.map((item) => toEventSelector(item)))

/** Events of Proof of Attribution in a block that open work depends on, in order. */
export function attributionEvents(block: BlockFacts): readonly LocatedEvent[] {
  return block.transactions.flatMap(({ logs }, transactionIndex) =>
    logs.flatMap((log) => {
      const event = decodeLog(log)
      return event === undefined ? [] : [{ event, transactionIndex }]
    }),
  )
}

function decodeLog({ address, topics, data }: LogFacts): AttributionEvent | undefined {
  const [topic] = topics
  if (address !== ATTRIBUTION_ADDRESS || topic === undefined || !followedTopics.has(topic)) return undefined
  const { eventName, args } = decodeEventLog({
    abi: followedAbi,
    topics: topics as [Hex, ...Hex[]],
    data: bytesToHex(data),
    strict: true,
  })
  switch (eventName) {
    case 'ReceiptSettled': {
      const { receiptId, settlerWei, queryRowHash, receiptHash, adapterId, windowIndex, feeWei } = args
      const requester = toAddress(args.requester)
      const application = toAddress(args.application)
      const facts = { receiptId, requester, application, settlerWei, queryRowHash, receiptHash }
      return { type: 'settled', facts, host: toAddress(args.host), adapterId, windowIndex, feeWei }
    }
    case 'ReceiptNotSettled':
      return { type: 'notSettled', ...args }
    case 'AuditOpened':
      return { type: 'auditOpened', ...args, committee: args.committee.map(toAddress) }
    case 'AuditSkipped':
      return { type: 'auditSkipped', receiptId: args.receiptId }
    case 'AuditCommitted':
      return { type: 'auditCommitted', ...args, auditor: toAddress(args.auditor) }
    case 'AuditRevealed': {
      const { receiptId, verdict } = args
      return { type: 'auditRevealed', receiptId, verdict, auditor: toAddress(args.auditor) }
    }
    case 'MarkedWrong':
      return { type: 'markedWrong', receiptId: args.receiptId }
    case 'ReceiptChallenged':
      return { type: 'challenged', receiptId: args.receiptId }
    case 'AppealOpened':
      return { type: 'appealOpened', ...args, electors: args.electors.map(toAddress) }
    case 'AppealCommitted':
      return { type: 'appealCommitted', ...args, auditor: toAddress(args.auditor) }
    case 'AppealRevealed': {
      const { receiptId, verdict } = args
      return { type: 'appealRevealed', receiptId, verdict, auditor: toAddress(args.auditor) }
    }
    case 'ReceiptFinalized':
    case 'ReceiptReversed':
      return { type: 'ended', receiptId: args.receiptId }
    case 'WindowOpened':
      return { type: 'windowOpened', adapterId: args.adapterId, windowIndex: args.windowIndex }
    case 'WindowSummed':
    case 'WindowScored':
      return { type: 'windowClosing', adapterId: args.adapterId, windowIndex: args.windowIndex }
    case 'WindowClosed':
      return { type: 'windowClosed', adapterId: args.adapterId, windowIndex: args.windowIndex }
  }
}
