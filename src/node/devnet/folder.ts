import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { GenesisInput } from '../../chainspec/schema.ts'
import { NodeError } from '../../errors/errors.ts'
import { bytesToHex } from '../../primitives/hex.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Random } from '../../runtime/random.ts'
import { readGenesisFile, withConstructedAlloc, writeGenesisFile } from '../genesisFile.ts'
import { writeKeyFile } from '../keyFile.ts'
import { devnetGenesisAccounts, devnetGenesisValidators, devnetHostKey, devnetValidator } from './keys.ts'

/** A devnet's folder: one genesis, one folder for each node. */
export interface DevnetFolder {
  readonly path: string
  readonly genesisPath: string
  readonly validators: number
  /** False when the folder was there before: the chain goes on. */
  readonly isNew: boolean
}

export interface DevnetFolderOptions {
  readonly path: string
  readonly templatePath: string
  readonly validators: number
}

const markerSchema = z.strictObject({ kind: z.literal('openledger-devnet'), validators: z.number().int() })
const MARKER = 'devnet.json'

export const validatorDir = (path: string, index: number) => join(path, `validator-${index}`)
export const hostDir = (path: string) => join(path, 'host')
export const validatorKeyPath = (path: string, index: number) =>
  join(validatorDir(path, index), 'validator-key.json')
export const hostKeyPath = (path: string) => join(hostDir(path), 'host-key.json')

/** Makes the folder of a new devnet, stamped so that no two share a genesis hash, or opens the one that is there. */
export async function openDevnetFolder(
  options: DevnetFolderOptions,
  modules: { clock: Clock; random: Random },
): Promise<DevnetFolder> {
  const { path, validators } = options
  const genesisPath = join(path, 'genesis.json')
  if (existsSync(join(path, MARKER))) {
    const marker = await readMarker(path)
    if (marker.validators !== validators) {
      throw new NodeError(
        'WRONG_CHAIN',
        `${path} holds a devnet of ${marker.validators} validators, not ${validators}. Choose another --data-dir.`,
      )
    }
    await readGenesisFile(genesisPath)
    return { path, genesisPath, validators, isNew: false }
  }
  if (existsSync(genesisPath)) {
    throw new NodeError(
      'WRONG_CHAIN',
      `${path} holds the data of another network. Choose another --data-dir.`,
    )
  }
  const { json } = await readGenesisFile(options.templatePath)
  await mkdir(path, { recursive: true })
  await writeGenesisFile(genesisPath, await stamped(json, validators, options.templatePath, modules))
  await writeKeys(path, validators)
  await writeFile(join(path, MARKER), `${JSON.stringify({ kind: 'openledger-devnet', validators })}\n`)
  return { path, genesisPath, validators, isNew: true }
}

async function readMarker(path: string) {
  const marker = join(path, MARKER)
  try {
    return markerSchema.parse(JSON.parse(await readFile(marker, 'utf8')))
  } catch (error) {
    throw new NodeError('DATA_CORRUPT', `${marker} is not a devnet's.`, {}, error)
  }
}

async function stamped(
  template: GenesisInput,
  validators: number,
  source: string,
  modules: { clock: Clock; random: Random },
): Promise<GenesisInput> {
  const json = {
    ...template,
    timestamp: Math.floor(modules.clock.nowMs() / 1000),
    stamp: bytesToHex(modules.random.bytes(32)),
  }
  if (validators === template.validators.length) return json
  const resized = {
    ...json,
    validators: devnetGenesisValidators(validators),
    accounts: devnetGenesisAccounts(validators),
  }
  return withConstructedAlloc(resized, source)
}

async function writeKeys(path: string, validators: number): Promise<void> {
  for (let index = 0; index < validators; index++) {
    const { operator, consensus, revealSeed } = devnetValidator(index)
    await mkdir(validatorDir(path, index), { recursive: true })
    await writeKeyFile(validatorKeyPath(path, index), {
      privateKey: consensus.privateKey,
      operator: operator.address,
      revealSeed,
    })
  }
  await mkdir(hostDir(path), { recursive: true })
  await writeKeyFile(hostKeyPath(path), { privateKey: devnetHostKey().privateKey })
}
