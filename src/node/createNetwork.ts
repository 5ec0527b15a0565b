import { join } from 'node:path'
import { createLibp2pNetwork } from '../network/libp2p/libp2pNetwork.ts'
import { loadOrCreateNodeKey } from '../network/libp2p/nodeKey.ts'
import { readSwarmKey } from '../network/libp2p/swarmKey.ts'
import type { Network } from '../network/network.ts'
import type { Head } from '../network/ports.ts'
import type { Hash } from '../primitives/hex.ts'
import type { Core } from './core.ts'
import { AGENT } from './version.ts'

const LOOPBACK = '127.0.0.1'

/** The network of a node whose chain is open. */
export function createNetwork(core: Core): Promise<Network> {
  const { chain } = core
  return openNetwork(core, { chainId: chain.spec.chainId, genesisHash: chain.genesisHash }, () => ({
    height: chain.head.height,
    hash: chain.head.blockHash,
  }))
}

/** A network before there is a chain, too: then it says so in its head. */
export async function openNetwork(
  {
    config,
    clock,
    random,
    logger,
    metrics,
  }: Pick<Core, 'config' | 'clock' | 'random' | 'logger' | 'metrics'>,
  chain: { chainId: bigint; genesisHash: Hash },
  head: () => Head,
): Promise<Network> {
  const { p2pHost, p2pPort, bootnodes, dataDir } = config
  const swarmKeyFile = config.p2pPrivateKeyFile
  return createLibp2pNetwork(
    {
      chain,
      agent: AGENT,
      nodeKey: await loadOrCreateNodeKey(join(dataDir, 'node-key'), random),
      listen: [`/ip4/${p2pHost}/tcp/${p2pPort}`],
      bootstrap: bootnodes,
      direct: [],
      loopbackOnly: p2pHost === LOOPBACK,
      announce: config.p2pAnnounce,
      access: {
        allow: config.p2pAllow,
        deny: config.p2pDeny,
        only: config.p2pOnly,
        reserved: config.p2pReserved,
      },
      mdns: config.p2pMdns,
      ...(config.p2pDiscovery === 'on' ? { addressBookFile: join(dataDir, 'peers.rlp') } : {}),
      ...(swarmKeyFile === undefined ? {} : { swarmKey: await readSwarmKey(swarmKeyFile) }),
    },
    {
      clock,
      random,
      logger,
      metrics: metrics.network,
      head,
    },
  )
}
