import { NodeError } from '../errors/errors.ts'
import { NAMESPACES } from '../rpc/methods/registry.ts'
import type { NodeReader, StateAccess, SyncStatus } from '../rpc/ports.ts'
import { RpcServer } from '../rpc/server.ts'
import type { Core } from './core.ts'
import type { CallsThread } from './execution/callsThread.ts'
import { openLedgerReader } from './openLedgerReader.ts'
import { rpcCalls, rpcChainEvents, rpcChainReader, rpcStateAccess } from './rpcPorts.ts'
import { lightReader } from './sync/lightReader.ts'
import type { TransactionPool } from './transactionPool.ts'
import { CLIENT_VERSION } from './version.ts'

const DEFAULT_TIP_WEI = 1_000_000_000n

/** JSON-RPC over the chain as it is here; heavy reads go to `calls` where that is given. */
export function createRpc(
  core: Core,
  pool: TransactionPool,
  network: { sync: SyncStatus; peerCount: () => number; node: NodeReader },
  calls?: CallsThread,
): RpcServer {
  const { config, chain, head, kv, epochs, clock, random, logger } = core
  const local = rpcStateAccess({ chain, head, kv })
  const state: StateAccess =
    calls === undefined ? local : { at: local.at, proof: (...of) => calls.proof(...of) }
  const unknown = config.rpcNamespaces.find((name) => !NAMESPACES.some((known) => known === name))
  if (unknown !== undefined) {
    throw new NodeError('BAD_CONFIG', `There is no JSON-RPC namespace "${unknown}".`, { known: NAMESPACES })
  }
  const namespaces = NAMESPACES.filter((name) => config.rpcNamespaces.includes(name))
  return new RpcServer(
    {
      host: config.rpcHost,
      port: config.rpcPort,
      namespaces,
      allowedHosts: [],
      corsOrigins: config.rpcCors,
      defaultTipWei: DEFAULT_TIP_WEI,
    },
    {
      ports: {
        chain: rpcChainReader(chain, calls && ((query) => calls.logs(query))),
        state,
        calls: calls ?? rpcCalls({ chain, state }),
        mempool: pool.mempool,
        sync: network.sync,
        events: rpcChainEvents(chain),
        facts: {
          chainId: chain.spec.chainId,
          clientVersion: CLIENT_VERSION,
          peerCount: network.peerCount,
          isListening: () => true,
        },
        openledger: { ...openLedgerReader({ chain, state }), ...lightReader({ store: chain.store, epochs }) },
        node: network.node,
      },
      observe: core.metrics.rpc,
      clock,
      random,
      logger,
    },
  )
}
