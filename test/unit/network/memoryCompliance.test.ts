import { describe } from 'vitest'
import { memoryCluster } from '../../support/network/testNode.ts'
import { gossipCompliance } from './compliance/gossip.ts'
import { peerCompliance } from './compliance/peers.ts'
import { requestCompliance } from './compliance/requests.ts'

describe('the network in memory', () => {
  gossipCompliance(memoryCluster)
  requestCompliance(memoryCluster)
  peerCompliance(memoryCluster)
})
