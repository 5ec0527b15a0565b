import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createChainSpec } from '../chainspec/chainSpec.ts'
import { Chain } from '../execution/chain.ts'
import { systemClock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import { ensureLayout } from '../storage/layout.ts'
import { LevelStore } from '../storage/levelStore.ts'
import { ChainConsensusApp } from './consensusApp.ts'
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
    const chain = await Chain.open({ spec, precompiles: precompilesOf(spec) }, { kv, logger })
    const modules = { chain, kv, clock: systemClock, logger, transactions: () => NO_TRANSACTIONS }
    const app = new ChainConsensusApp({ builder: undefined }, modules)
    return {
      chain,
      app,
      close: async () => {
        await chain.close()
        await kv.close()
      },
    }
  } catch (error) {
    await kv.close()
    throw error
  }
}

const NO_TRANSACTIONS = { next: () => undefined, skip: () => undefined }
