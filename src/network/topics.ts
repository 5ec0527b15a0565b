import { limits } from '../config/limits.ts'
import { NodeError } from '../errors/errors.ts'
import { concatBytes, utf8ToBytes } from '../primitives/bytes.ts'
import type { Hash } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'

/** The chain that a network belongs to; it is part of every topic and protocol name. */
export interface ChainIdentity {
  readonly chainId: bigint
  readonly genesisHash: Hash
}

interface TopicRules {
  readonly maxBytes: number
  /**
   * content: the same bytes are one message, whoever publishes them. publication: each time of publishing is a
   * message of its own, so that a vote or proposal repeated later is not swallowed by the memory of the first.
   */
  readonly identity: 'content' | 'publication'
}

const rules = {
  tx: { maxBytes: limits.gossipTransactionsBytes, identity: 'content' },
  proposal: { maxBytes: limits.proposalMessageBytes, identity: 'publication' },
  vote: { maxBytes: limits.voteBytes, identity: 'publication' },
  evidence: { maxBytes: limits.evidenceMessageBytes, identity: 'content' },
  receipt: { maxBytes: limits.gossipReceiptsBytes, identity: 'content' },
} as const satisfies Record<string, TopicRules>

export type TopicName = keyof typeof rules

export interface Topic extends TopicRules {
  readonly name: TopicName
  /** As it stands on the wire. */
  readonly id: string
}

export type TopicTable = Readonly<Record<TopicName, Topic>>

/** `/openledger/<chain id>/<first 8 bytes of the genesis hash>`: two devnets of one chain id do not mix. */
export function chainPrefix(chain: ChainIdentity): string {
  return `/openledger/${chain.chainId}/${chain.genesisHash.slice(2, 18)}`
}

export function topicTable(chain: ChainIdentity): TopicTable {
  const topic = (name: TopicName): Topic => ({ name, id: `${chainPrefix(chain)}/${name}/1`, ...rules[name] })
  return {
    tx: topic('tx'),
    proposal: topic('proposal'),
    vote: topic('vote'),
    evidence: topic('evidence'),
    receipt: topic('receipt'),
  }
}

const PROTOCOL_NAME = /^[a-z][a-z0-9-]{0,31}\/[0-9]{1,3}$/

/** The protocol on the wire for a name and version such as `sync/1`. */
export function protocolId(chain: ChainIdentity, protocol: string): string {
  if (!PROTOCOL_NAME.test(protocol)) {
    throw new NodeError('BAD_CONFIG', `Protocol ${JSON.stringify(protocol)} is not of the form name/version.`)
  }
  return `${chainPrefix(chain)}/request/${protocol}`
}

/**
 * The id under which a gossip message is remembered, 20 bytes. `author` and `sequence` (8 bytes, new for each
 * publication) are signed with the message.
 */
export function messageId(
  topic: Topic,
  message: { readonly data: Uint8Array; readonly author: Uint8Array; readonly sequence: Uint8Array },
): Uint8Array {
  const scope = utf8ToBytes(`${topic.id}\0`)
  const rest = topic.identity === 'content' ? [message.data] : [message.author, message.sequence]
  return keccak256(concatBytes(scope, ...rest)).subarray(0, 20)
}
