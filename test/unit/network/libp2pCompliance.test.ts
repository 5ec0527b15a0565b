import { describe } from 'vitest'
import { libp2pCluster } from '../../support/network/testNode.ts'
import { gossipCompliance } from './compliance/gossip.ts'
import { peerCompliance } from './compliance/peers.ts'
import { requestCompliance } from './compliance/requests.ts'

describe('the network over libp2p', () => {
  gossipCompliance(libp2pCluster)
  requestCompliance(libp2pCluster)
  peerCompliance(libp2pCluster)
})
