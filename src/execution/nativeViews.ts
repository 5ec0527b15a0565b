import type { BlockFacts } from '../../precompiles/host.ts'
import { PrecompileOutOfGas, PrecompileRevert } from '../../precompiles/host.ts'
import { NodeError } from '../errors/errors.ts'
import type { Block } from '../ledger/block.ts'
import { type Address, bytesToHex, type Hash, ZERO_ADDRESS } from '../primitives/hex.ts'
import { StateJournal } from '../state/stateJournal.ts'
import type { StateReader } from '../state/types.ts'
import type { ChainView } from './chainView.ts'
import { type AccessSet, FrameHost } from './evm/frameHost.ts'

/** More than any view of bounded pages needs; a guard, not a price. */
const VIEW_GAS = 10_000_000_000n

/** Nothing is charged for being cold: the node reads its own state. */
const allWarm: AccessSet = {
  isWarmAccount: () => true,
  warmAccount: () => undefined,
  isWarmSlot: () => true,
  warmSlot: () => undefined,
}

/** Where a view reads: the state after a block. */
export interface ViewContext {
  readonly block: Block
  readonly state: StateReader
}

/**
 * Runs a view of a native precompile straight on a state, without an EVM around it: microseconds where `eth_call` takes
 * milliseconds. Synchronous. NOT_FOUND when nothing runs at the address, BAD_REQUEST with the revert data when the view
 * reverts.
 */
export function readNativeView(
  chain: Pick<ChainView, 'spec' | 'genesisHash' | 'precompiles'>,
  context: ViewContext,
  address: Address,
  input: Uint8Array,
): Uint8Array {
  const { header } = context.block
  const precompile = chain.precompiles.at(address, header.timestamp)
  if (precompile === undefined) throw new NodeError('NOT_FOUND', `No native precompile runs at ${address}.`)
  const block: BlockFacts = {
    number: header.number,
    timestamp: header.timestamp,
    chainId: chain.spec.chainId,
    baseFeeWei: header.baseFeePerGas ?? 0n,
    prevRandao: bytesToHex(header.mixHash),
    coinbase: bytesToHex(header.coinbase.bytes),
  }
  const frame = {
    self: address,
    caller: ZERO_ADDRESS,
    origin: ZERO_ADDRESS,
    valueWei: 0n,
    callKind: 'staticcall',
    isStatic: true,
    gasLimit: VIEW_GAS,
    block,
    genesisHash: chain.genesisHash as Hash,
  } as const
  const host = new FrameHost(frame, { state: new StateJournal(context.state), access: allWarm })
  try {
    return precompile.run(host, input)
  } catch (error) {
    if (error instanceof PrecompileRevert) {
      throw new NodeError('BAD_REQUEST', `A view of ${precompile.name} reverted.`, {
        data: bytesToHex(error.data),
      })
    }
    if (error instanceof PrecompileOutOfGas)
      throw new NodeError('LIMIT_EXCEEDED', 'A view took too much work.')
    throw error
  }
}
