import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createChainSpec } from '../chainspec/chainSpec.ts'
import { DiskFiles } from '../consensus/files.ts'
import { SignerServer } from '../consensus/remoteSigner/server.ts'
import { LocalSigner } from '../consensus/signer.ts'
import { createGenesisState } from '../execution/genesis.ts'
import { blockHashOf } from '../ledger/block.ts'
import type { SigningDomain } from '../ledger/vote.ts'
import type { Address } from '../primitives/hex.ts'
import type { Service } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logger.ts'
import { LevelStore } from '../storage/levelStore.ts'
import { readGenesisFile } from './genesisFile.ts'
import { readPasswordFile, readPrivateKey } from './keyFile.ts'
import { SIGNER_STATE_FILE } from './validatorRole.ts'

export interface SignerProcessOptions {
  readonly socket: string
  readonly keyFile: string
  readonly passwordFile: string | undefined
  readonly genesis: string
  /** Where it is kept what was signed last: for one key, in one place. */
  readonly dataDir: string
}

export interface SignerProcess extends Service {
  readonly address: Address
}

/**
 * The signer of a validator: key and last-signed state in a process of their own. It signs for the one chain of its
 * genesis file. Errors: BAD_CONFIG, BAD_GENESIS, DATA_DIR_LOCKED when another signer uses the folder.
 */
export async function createSigner(options: SignerProcessOptions, logger: Logger): Promise<SignerProcess> {
  const { socket, keyFile, passwordFile, dataDir } = options
  const password = passwordFile === undefined ? undefined : await readPasswordFile(passwordFile)
  const privateKey = await readPrivateKey(keyFile, password)
  const domain = await signingDomainOf(options.genesis)
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  // LevelDB's lock goes with the process, however it ends; two signers on one folder could contradict each other
  const lock = await LevelStore.open(join(dataDir, 'lock'))
  try {
    const files = new DiskFiles(dataDir)
    const signer = await LocalSigner.open({ privateKey, domain, stateFile: SIGNER_STATE_FILE }, { files })
    const server = new SignerServer({ path: socket, domain }, { signer, logger })
    return {
      name: 'signer',
      address: signer.address,
      start: () => server.start(),
      stop: async () => {
        await server.stop()
        await lock.close()
      },
    }
  } catch (error) {
    await lock.close()
    throw error
  }
}

async function signingDomainOf(genesisPath: string): Promise<SigningDomain> {
  const { genesis } = await readGenesisFile(genesisPath)
  const spec = createChainSpec(genesis)
  const { block } = await createGenesisState(spec)
  return { genesisHash: blockHashOf(block), chainId: spec.chainId }
}
