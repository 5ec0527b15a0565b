import type { PrecompileRegistry } from '../../../precompiles/registry.ts'
import type { ChainSpec } from '../../chainspec/chainSpec.ts'
import { NodeError } from '../../errors/errors.ts'
import type { Cancellation } from '../../execution/cancellation.ts'
import { blockHashOf } from '../../ledger/block.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import type {
  AccessListResult,
  AccountProof,
  CallRequest,
  CallResult,
  Calls,
  CallTarget,
  LocatedLog,
  LogQuery,
  StateAccess,
} from '../../rpc/ports.ts'
import { FlatState } from '../../state/flatState.ts'
import { readProgress, statesWholeFrom } from '../../state/pruneProgress.ts'
import { ChainStore } from '../../storage/chainStore.ts'
import type { KvSnapshot, KvStore } from '../../storage/kv.ts'
import { findLogs, rpcCalls, rpcStateAccess } from '../rpcPorts.ts'

/** What another thread does for JSON-RPC: everything that may take long. */
export interface HeavyReads {
  call(request: CallRequest, target: CallTarget, signal?: Cancellation): Promise<CallResult>
  createAccessList(request: CallRequest, target: CallTarget, signal?: Cancellation): Promise<AccessListResult>
  logs(query: LogQuery, signal?: Cancellation): Promise<readonly LocatedLog[]>
  proof(address: Address, slots: readonly Hash[], blockNumber: bigint): Promise<AccountProof>
}

interface CallOptions {
  readonly spec: ChainSpec
  readonly precompiles: PrecompileRegistry
}

/** The chain as one snapshot of the store has it, so that nothing that is read mixes two blocks or is dropped meanwhile. */
function snapshotChain({ spec, precompiles }: CallOptions, snapshot: KvSnapshot) {
  const store = new ChainStore({ common: spec.common }, { kv: snapshot })
  const height = store.headHeight()
  const genesis = store.block(0)
  if (height === undefined || genesis === undefined) {
    throw new NodeError('DATA_CORRUPT', 'The data folder lacks the genesis block.')
  }
  return {
    ...{ spec, precompiles, store },
    genesisHash: blockHashOf(genesis),
    head: { height, state: new FlatState(snapshot) },
    statesFrom: statesWholeFrom(readProgress(snapshot)),
  }
}

interface SnapshotPorts {
  readonly chain: ReturnType<typeof snapshotChain>
  readonly state: StateAccess
  readonly calls: (signal: Cancellation | undefined) => Calls
}

/** Heavy reads on a store that another thread writes: each takes a snapshot, and the head is what that says. */
export class CallService implements HeavyReads {
  readonly #options: CallOptions
  readonly #kv: Pick<KvStore, 'snapshot'>

  constructor(options: CallOptions, modules: { kv: Pick<KvStore, 'snapshot'> }) {
    this.#options = options
    this.#kv = modules.kv
  }

  call(request: CallRequest, target: CallTarget, signal?: Cancellation): Promise<CallResult> {
    return this.#read(({ calls }) => calls(signal).call(request, target))
  }

  createAccessList(
    request: CallRequest,
    target: CallTarget,
    signal?: Cancellation,
  ): Promise<AccessListResult> {
    return this.#read(({ calls }) => calls(signal).createAccessList(request, target))
  }

  logs(query: LogQuery, signal?: Cancellation): Promise<readonly LocatedLog[]> {
    return this.#read(({ chain }) => findLogs(chain, query, signal))
  }

  proof(address: Address, slots: readonly Hash[], blockNumber: bigint): Promise<AccountProof> {
    return this.#read(({ state }) => state.proof(address, slots, blockNumber))
  }

  async #read<T>(use: (ports: SnapshotPorts) => Promise<T>): Promise<T> {
    const snapshot = this.#kv.snapshot()
    try {
      return await use(this.#ports(snapshot))
    } finally {
      await snapshot.close()
    }
  }

  #ports(snapshot: KvSnapshot): SnapshotPorts {
    const chain = snapshotChain(this.#options, snapshot)
    const state = rpcStateAccess({ chain, head: chain.head, kv: snapshot })
    return { chain, state, calls: (signal) => rpcCalls({ chain, state, signal }) }
  }
}
