import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createChainSpec } from '../chainspec/chainSpec.ts'
import type { Chain } from '../execution/chain.ts'
import { systemClock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import { ensureLayout } from '../storage/layout.ts'
import { LevelStore } from '../storage/levelStore.ts'
import { ChainConsensusApp } from './consensusApp.ts'
import { openLocalExecution } from './execution/localExecution.ts'
import { readGenesisFile } from './genesisFile.ts'
import { precompilesOf } from './precompiles.ts'

export interface OpenChain {
  readonly chain: Chain
  /** Commits decided blocks as consensus does, proposer priorities included. */
  readonly app: ChainConsensusApp
  close(): Promise<void>
}

/** The chain of a data folder for a tool, while no node runs on it. Errors: DATA_DIR_LOCKED, WRONG_CHAIN, … */
export async function openChain(
  options: { dataDir: string; genesis: string },
  logger: Logger,
): Promise<OpenChain> {
  const { genesis } = await readGenesisFile(options.genesis)
  const spec = createChainSpec(genesis)
  await mkdir(options.dataDir, { recursive: true })
  const kv = await LevelStore.open(join(options.dataDir, 'chain'))
  try {
    await ensureLayout(kv)
    const ends = { kv, clock: systemClock, logger }
    const { chain, execution } = await openLocalExecution({ spec, precompiles: precompilesOf(spec) }, ends)
    const modules = { ...ends, chain, execution, transactions: NO_TRANSACTIONS }
    const app = new ChainConsensusApp({ builder: undefined }, modules)
    return {
      chain,
      app,
      close: async () => {
        await execution.close()
        await kv.close()
      },
    }
  } catch (error) {
    await kv.close()
    throw error
  }
}

const NO_TRANSACTIONS = { offer: () => [], drop: () => undefined, setBack: () => undefined }
