import type { GenesisInput } from '../../../src/chainspec/schema.ts'
import type { Chain } from '../../../src/execution/chain.ts'
import { withConstructedAlloc } from '../../../src/node/genesisFile.ts'
import type { EpochChain } from '../../../src/sync/epochs/epochRecorder.ts'
import { devnetGenesis } from '../chain.ts'

const made = new Map<number, Promise<GenesisInput>>()

/** The devnet's genesis with epochs of a few blocks; constructed anew, for Staking has their length in its code. */
export function shortEpochs(epochBlocks: number): Promise<GenesisInput> {
  const known = made.get(epochBlocks)
  if (known !== undefined) return known
  const genesis = devnetGenesis()
  const consensus = { ...genesis.consensus, epochBlocks }
  const constructed = withConstructedAlloc({ ...genesis, consensus, alloc: {} }, 'test')
  made.set(epochBlocks, constructed)
  return constructed
}

export function epochChain(chain: Chain): EpochChain {
  return {
    headHeight: () => chain.head.height,
    block: (height) => chain.store.block(height),
    certificate: (height) => chain.store.certificate(height),
    onDecided: (listener) => chain.onDecided(() => listener()),
  }
}
