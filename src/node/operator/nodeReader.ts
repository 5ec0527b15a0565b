import type { ConsensusStatus } from '../../consensus/engine.ts'
import type { ChainView } from '../../execution/chainView.ts'
import type { Mempool } from '../../mempool/mempool.ts'
import type { Peer } from '../../network/ports.ts'
import type { NodeReader, Plain } from '../../rpc/ports.ts'
import type { SyncStatus } from '../../sync/syncer.ts'
import type { Validator } from '../validatorRole.ts'

export interface NodeReaderModules {
  readonly clientVersion: string
  readonly chain: ChainView
  readonly mempool: Mempool
  readonly validator: Validator | undefined
  /** Undefined where a key in this process signs. */
  readonly isSignerConnected?: (() => boolean) | undefined
  /** Absent in a node that decides alone. */
  readonly network?: {
    readonly peerId: string
    readonly peers: () => readonly Peer[]
    readonly consensus: () => ConsensusStatus
    readonly sync: () => SyncStatus
  }
}

/** The node as JSON-RPC and the command line show it. */
export function nodeReader(modules: NodeReaderModules): NodeReader {
  const { clientVersion, chain, mempool, network } = modules
  return {
    status: () => {
      const { head } = chain
      const { pending, queued } = mempool.status()
      const sync = network?.sync()
      return {
        clientVersion,
        chainId: chain.spec.chainId,
        genesisHash: chain.genesisHash,
        peerId: network?.peerId ?? null,
        height: BigInt(head.height),
        headHash: head.blockHash,
        headTimestamp: head.block.header.timestamp,
        statesFrom: BigInt(chain.statesFrom),
        peerCount: BigInt(network?.peers().length ?? 0),
        syncing: sync?.syncing ?? false,
        highestHeight: BigInt(sync?.highestHeight ?? head.height),
        pool: { pending: BigInt(pending), queued: BigInt(queued) },
        consensus: network === undefined ? null : plainConsensus(network.consensus()),
        validator: plainValidator(modules),
      }
    },
    peers: () => (network === undefined ? [] : sorted(network.peers()).map(plainPeer)),
  }
}

/** With addresses, which only the operator may see. */
export function peersWithAddresses(peers: readonly Peer[]): object[] {
  return sorted(peers).map(({ id, direction, address, agent, head }) => ({
    id,
    direction,
    address,
    agent,
    height: head.height,
  }))
}

const sorted = (peers: readonly Peer[]) => [...peers].sort((a, b) => (a.id < b.id ? -1 : 1))

function plainPeer({ id, direction, agent, head }: Peer): Plain {
  return { id, direction, agent, height: BigInt(head.height), headHash: head.hash }
}

function plainConsensus({ height, round, step, isBehind }: ConsensusStatus): Plain {
  return { height: BigInt(height), round: round < 0 ? null : BigInt(round), step, isBehind }
}

function plainValidator({ chain, validator, isSignerConnected }: NodeReaderModules): Plain {
  if (validator === undefined) return null
  const member = chain.head.nextSet.get(validator.address)
  return {
    address: validator.address,
    operator: validator.operator,
    isInSet: member !== undefined,
    power: member?.power ?? null,
    signer: isSignerConnected === undefined ? 'local' : 'remote',
    isSignerConnected: isSignerConnected?.() ?? true,
  }
}
