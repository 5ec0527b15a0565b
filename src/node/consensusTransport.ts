import { limits } from '../config/limits.ts'
import type { ConsensusEngine } from '../consensus/engine.ts'
import type { ConsensusTransport } from '../consensus/ports.ts'
import { messageOf } from '../errors/errors.ts'
import type { GossipPort, PeersPort, RequestPort } from '../network/ports.ts'
import type { TopicName } from '../network/topics.ts'
import type { Logger } from '../runtime/logger.ts'

const PROTOCOL = 'consensus/1'
/** An exchange is one small request; a peer that answers later than this is asked again on the next tick. */
const EXCHANGE_TIMEOUT_MS = 5_000

export interface ConsensusTransportModules {
  readonly gossip: GossipPort
  readonly requests: RequestPort
  readonly peers: PeersPort
  readonly logger: Logger
}

/** Consensus messages over gossip and direct streams. */
export function consensusTransport(modules: ConsensusTransportModules): ConsensusTransport {
  const { gossip, requests, peers, logger } = modules
  const publish = (topic: TopicName, message: Uint8Array) => {
    gossip.publish(topic, message).catch((error: unknown) => {
      logger.warn({ topic, error: messageOf(error) }, 'consensus message not gossiped')
    })
  }
  return {
    broadcastProposal: (message) => publish('proposal', message),
    broadcastVote: (message) => publish('vote', message),
    exchange: (peer, request, signal) =>
      requests.request(peer, PROTOCOL, request, {
        timeoutMs: EXCHANGE_TIMEOUT_MS,
        maxResponseBytes: limits.exchangeResponseBytes,
        signal,
      }),
    onExchange: (handler) => {
      requests.handle(PROTOCOL, handler, {
        maxRequestBytes: limits.exchangeRequestBytes,
        maxConcurrentPerPeer: 4,
        maxConcurrent: 64,
        burst: 32,
        requestsPerSecond: 16,
      })
    },
    peers: () => peers.list().map((peer) => peer.id),
    onPeer: (listener) => {
      peers.onConnect((peer) => listener(peer.id))
    },
    reportPeer: (peer, reason) => peers.report(peer, 'misbehaved', reason),
  }
}

/** Gossiped consensus messages go to the engine, which judges them before they are forwarded. */
export function subscribeConsensus(gossip: GossipPort, engine: ConsensusEngine): void {
  gossip.subscribe('vote', (bytes) => engine.checkVoteMessage(bytes))
  gossip.subscribe('proposal', (bytes, from) => engine.checkProposalMessage(bytes, from))
}
