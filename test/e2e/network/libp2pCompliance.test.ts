import { describe } from 'vitest'
import { libp2pCluster } from '../../support/network/testNode.ts'
import { gossipCompliance } from '../../unit/network/compliance/gossip.ts'
import { peerCompliance } from '../../unit/network/compliance/peers.ts'
import { requestCompliance } from '../../unit/network/compliance/requests.ts'

describe('the network over libp2p', () => {
  gossipCompliance(libp2pCluster)
  requestCompliance(libp2pCluster)
  peerCompliance(libp2pCluster)
})
