import type { ConsensusEngine } from '../../consensus/engine.ts'
import type { ChainView } from '../../execution/chainView.ts'
import type { Mempool } from '../../mempool/mempool.ts'
import type { Network } from '../../network/network.ts'
import type { NodeReader } from '../../rpc/ports.ts'
import type { Service } from '../../runtime/lifecycle.ts'
import type { Syncer } from '../../sync/syncer.ts'
import type { HeldSigner, NodeKeys } from '../validatorRole.ts'
import { nodeReader, peersWithAddresses } from './nodeReader.ts'
import { type OperatorPortModules, operatorPort } from './operatorPort.ts'

export interface NetworkedOperatorModules extends Omit<OperatorPortModules, 'sources' | 'peers'> {
  readonly clientVersion: string
  readonly chain: ChainView
  readonly keys: NodeKeys
  readonly mempool: Mempool
  readonly network: Pick<Network, 'peerId' | 'peers'>
  readonly engine: Pick<ConsensusEngine, 'status'>
  readonly syncer: Pick<Syncer, 'status'>
  readonly signer: HeldSigner | undefined
  /** Why the node is about to end. */
  readonly failure: () => string | undefined
}

/** What the operator of a node of a network sees of it: by JSON-RPC, and on the operator port. */
export function networkedOperator(modules: NetworkedOperatorModules): {
  readonly node: NodeReader
  readonly services: readonly Service[]
} {
  const { chain, keys, metrics, network, engine, syncer, signer, failure } = modules
  const { peers, peerId } = network
  const sync = () => syncer.status()
  const consensus = () => engine.status()
  const isSignerConnected = signer?.isConnected
  metrics.watchPeers(peers)
  metrics.watchSync(sync)
  if (isSignerConnected !== undefined) metrics.watchSigner(isSignerConnected)
  const node = nodeReader({
    ...{ clientVersion: modules.clientVersion, chain, mempool: modules.mempool },
    ...{ validator: keys.validator, isSignerConnected },
    network: { peerId, peers: () => peers.list(), consensus, sync },
  })
  // the only validator of a chain needs no peers
  const needsPeers = chain.head.nextSet.size > 1 || keys.validator === undefined
  const sources = {
    ...{ failure, sync, isBehind: () => consensus().isBehind },
    ...(needsPeers ? { peerCount: () => peers.list().length } : {}),
    ...(isSignerConnected === undefined ? {} : { isSignerConnected }),
  }
  const services = operatorPort({ ...modules, sources, peers: () => peersWithAddresses(peers.list()) })
  return { node, services }
}
