import { join } from 'node:path'
import type { NodeConfig } from '../config/settings.ts'
import { DiskFiles } from '../consensus/files.ts'
import type { ConsensusSigner } from '../consensus/ports.ts'
import { RemoteSigner } from '../consensus/remoteSigner/client.ts'
import { LocalSigner } from '../consensus/signer.ts'
import { NodeError } from '../errors/errors.ts'
import type { SigningDomain } from '../ledger/vote.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Service } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logger.ts'
import type { ValidatorIdentity } from './keyFile.ts'
import { readPasswordFile, readPrivateKey, readValidatorIdentity, readValidatorKey } from './keyFile.ts'

/** A validator as this node knows it: with its key, or with a signer that holds it. */
export interface Validator extends ValidatorIdentity {
  /** The consensus key; undefined where a signer holds it. */
  readonly privateKey: Uint8Array | undefined
}

/** Keys that the configuration names, read and checked before anything starts. */
export interface NodeKeys {
  readonly validator: Validator | undefined
  readonly hostKey: Uint8Array | undefined
  /** Of the account whose transactions this node sends. */
  readonly accountKey: Uint8Array | undefined
}

/** Errors: BAD_CONFIG. */
export async function readNodeKeys(config: NodeConfig): Promise<NodeKeys> {
  const password = config.passwordFile === undefined ? undefined : await readPasswordFile(config.passwordFile)
  const validator = await readValidator(config, password)
  const keyIn = (path: string | undefined) =>
    path === undefined ? Promise.resolve(undefined) : readPrivateKey(path, password)
  const hostKey = await keyIn(config.hostKey)
  if (validator !== undefined && hostKey !== undefined) {
    throw new NodeError('BAD_CONFIG', 'A validator is no AI host: start another node with --host-key.')
  }
  const serviceKey = await keyIn(config.serviceKey)
  if (serviceKey !== undefined && config.remoteSigner === undefined) {
    throw new NodeError('BAD_CONFIG', '--service-key belongs to --remote-signer.')
  }
  return { validator, hostKey, accountKey: validator?.privateKey ?? serviceKey ?? hostKey }
}

async function readValidator(config: NodeConfig, password?: string): Promise<Validator | undefined> {
  if (config.remoteSigner === undefined) {
    return config.validatorKey === undefined ? undefined : readValidatorKey(config.validatorKey, password)
  }
  if (config.validatorKey === undefined || config.single) {
    throw new NodeError(
      'BAD_CONFIG',
      '--remote-signer needs --validator-key with the validator’s identity, and a network.',
    )
  }
  return { ...(await readValidatorIdentity(config.validatorKey)), privateKey: undefined }
}

/** The file that remembers what a key signed last; it belongs to the key, wherever that is. */
export const SIGNER_STATE_FILE = 'last-signed.json'

export interface SignerContext {
  readonly config: NodeConfig
  readonly domain: SigningDomain
  readonly clock: Clock
  readonly logger: Logger
}

export interface HeldSigner {
  readonly signer: ConsensusSigner
  /** What must be started for it. */
  readonly services: readonly Service[]
  /** Whether a signer in another process is there; undefined where this process signs. */
  readonly isConnected: (() => boolean) | undefined
}

/** The signer of a validator. */
export async function openSigner(
  { privateKey, address }: Validator,
  { config, domain, clock, logger }: SignerContext,
): Promise<HeldSigner> {
  if (config.remoteSigner !== undefined) {
    const remote = new RemoteSigner({ path: config.remoteSigner, address, domain }, { clock, logger })
    return { signer: remote, services: [remote], isConnected: () => remote.isConnected }
  }
  if (privateKey === undefined) throw new NodeError('BAD_CONFIG', 'A validator needs its key or a signer.')
  const files = new DiskFiles(join(config.dataDir, 'consensus'))
  const signer = await LocalSigner.open({ privateKey, domain, stateFile: SIGNER_STATE_FILE }, { files })
  return { signer, services: [], isConnected: undefined }
}
