import type { GossipsubOpts } from '@chainsafe/libp2p-gossipsub'
import { createTopicScoreParams } from '@chainsafe/libp2p-gossipsub/score'
import { type Message, StrictSign } from '@libp2p/interface'
import { limits } from '../../config/limits.ts'
import { bigIntToBytes } from '../../primitives/bytes.ts'
import { messageId, type Topic, type TopicTable } from '../topics.ts'

const HEARTBEAT_MS = 1_000

/**
 * For 4 to 100 validators and the nodes around them. Six mesh neighbours, at least four; small networks are fully
 * meshed. Own messages go to all peers, so that a validator's vote does not wait for the mesh.
 *
 * Scores, and why each part is as it is in a network so small:
 * - time in the mesh (P1) and first deliveries (P2) are worth a little, 50 in all: enough to prefer who has been of
 *   use, too little to buy off more than two rejected messages;
 * - no quota of deliveries (P3): with four nodes most messages come from their author first, and everybody else would
 *   look idle; an idle neighbour costs nothing where all are neighbours;
 * - rejected messages (P4): 10 n² for n of them, of which half is forgotten in 13 seconds. Our validators reject only
 *   what no honest peer hands on, so five end gossip with a peer, seven get it ignored (graylisted), whatever it did
 *   before, and ten cut it off (`PeerScores`);
 * - addresses (P6) count for nothing: validators of one operator, or of a devnet, share a host. Connections of one
 *   host are bounded by the gater;
 * - breaches of gossipsub's own rules (P7) are forgiven up to six: a restarted neighbour grafts too early now and then;
 * - our own bans are apart from this, because they are for requests too and last.
 */
export function gossipsubOptions(
  topics: TopicTable,
  direct: GossipsubOpts['directPeers'],
): Partial<GossipsubOpts> {
  const byId = new Map<string, Topic>(Object.values(topics).map((topic: Topic) => [topic.id, topic]))
  const scoring = createTopicScoreParams({
    topicWeight: 1,
    timeInMeshWeight: 0.01,
    timeInMeshQuantum: 1_000,
    timeInMeshCap: 300,
    firstMessageDeliveriesWeight: 0.1,
    firstMessageDeliveriesDecay: 0.9,
    firstMessageDeliveriesCap: 50,
    meshMessageDeliveriesWeight: 0,
    meshFailurePenaltyWeight: 0,
    invalidMessageDeliveriesWeight: -10,
    invalidMessageDeliveriesDecay: 0.95,
  })
  return {
    globalSignaturePolicy: StrictSign,
    asyncValidation: true,
    msgIdFn: (message) => idOf(message, byId),
    msgIdToStrFn: (id) => Buffer.from(id.buffer, id.byteOffset, id.length).toString('base64'),
    emitSelf: false,
    fallbackToFloodsub: false,
    floodPublish: true,
    batchPublish: true,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    allowedTopics: new Set(byId.keys()),
    awaitRpcHandler: true,
    awaitRpcMessageHandler: true,
    directPeers: direct,
    // lost direct peers are dialled by the dialer, which paces itself
    directConnectTicks: Number.MAX_SAFE_INTEGER,
    doPX: false,
    D: 6,
    Dlo: 4,
    Dhi: 12,
    Dout: 2,
    Dlazy: 6,
    heartbeatInterval: HEARTBEAT_MS,
    // a message is kept for forwarding longer than its validation may take
    mcacheLength: limits.gossipValidationMs / HEARTBEAT_MS + 2,
    mcacheGossip: 3,
    seenTTL: limits.gossipSeenMs,
    // a restarted neighbour is to be grafted again soon
    pruneBackoff: 15_000,
    maxInboundStreams: 2,
    maxOutboundStreams: 2,
    maxInboundDataLength: limits.gossipFrameBytes,
    maxOutboundBufferSize: limits.gossipOutboundBytes,
    decodeRpcLimits: {
      maxSubscriptions: limits.gossipFrameSubscriptions,
      maxMessages: limits.gossipFrameMessages,
      maxIhaveMessageIDs: limits.gossipFrameMessages,
      maxIwantMessageIDs: limits.gossipFrameMessages,
      maxIdontwantMessageIDs: limits.gossipFrameMessages,
      maxControlMessages: limits.gossipFrameSubscriptions,
      maxPeerInfos: limits.gossipFrameSubscriptions,
    },
    scoreParams: {
      topics: Object.fromEntries([...byId.keys()].map((id) => [id, scoring])),
      topicScoreCap: 50,
      IPColocationFactorWeight: 0,
      behaviourPenaltyWeight: -1,
      behaviourPenaltyThreshold: 6,
      behaviourPenaltyDecay: 0.9,
      retainScore: 600_000,
    },
    scoreThresholds: {
      gossipThreshold: -100,
      publishThreshold: -200,
      graylistThreshold: -400,
      // addresses told by peers are never dialled
      acceptPXThreshold: Number.MAX_SAFE_INTEGER,
      opportunisticGraftThreshold: 1,
    },
  }
}

function idOf(message: Message, topics: ReadonlyMap<string, Topic>): Uint8Array {
  const topic = topics.get(message.topic)
  // both are ruled out before: allowedTopics and StrictSign
  if (topic === undefined || message.type !== 'signed')
    throw new TypeError('Unknown topic or unsigned message.')
  return messageId(topic, {
    data: message.data,
    author: message.from.toMultihash().bytes,
    sequence: bigIntToBytes(message.sequenceNumber, 8),
  })
}
