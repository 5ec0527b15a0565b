import type { Chain } from '../../../src/execution/chain.ts'
import { rpcChainReader, rpcStateAccess } from '../../../src/node/rpcPorts.ts'
import { lightReader } from '../../../src/node/sync/lightReader.ts'
import type { RpcContext } from '../../../src/rpc/method.ts'
import { enabledMethods } from '../../../src/rpc/methods/registry.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import type { LightRpc } from '../../../src/sdk/proofs/lightRpc.ts'
import type { KvStore } from '../../../src/storage/kv.ts'
import { EpochRecorder } from '../../../src/sync/epochs/epochRecorder.ts'
import { EpochStore } from '../../../src/sync/epochs/epochStore.ts'
import { epochChain } from './epochs.ts'

/** The node's own JSON-RPC methods over a chain in memory, as far as a light client asks for them. */
export async function lightServer(chain: Chain, kv: KvStore): Promise<LightRpc> {
  const epochs = await EpochStore.open(kv)
  const recorder = new EpochRecorder(
    { epochBlocks: chain.spec.genesis.consensus.epochBlocks },
    { chain: epochChain(chain), store: epochs, kv, logger: silentLogger },
  )
  await recorder.start()
  await recorder.stop()
  const context = {
    chain: rpcChainReader(chain),
    state: rpcStateAccess({ chain, kv, head: chain.head as never }),
    facts: { chainId: chain.spec.chainId },
    openledger: lightReader({ store: chain.store, epochs }),
  } as unknown as RpcContext
  const methods = enabledMethods(['eth', 'openledger'])
  return async (method, params) => {
    const found = methods.get(method)
    if (found === undefined) throw new Error(`no method ${method}`)
    return JSON.parse(JSON.stringify((await found.invoke(params, context)) ?? null))
  }
}
