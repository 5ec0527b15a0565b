import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { createChainSpec } from '../chainspec/chainSpec.ts'
import { type GenesisInput, parseGenesis } from '../chainspec/schema.ts'
import { messageOf, NodeError } from '../errors/errors.ts'
import { createGenesisState } from '../execution/genesis.ts'
import { blockHashOf } from '../ledger/block.ts'
import { loadOrCreateNodeKey } from '../network/libp2p/nodeKey.ts'
import { type Address, bytesToHex, type Hash, isHexBytes } from '../primitives/hex.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Random } from '../runtime/random.ts'
import { readGenesisFile, withConstructedAlloc, writeGenesisFile } from './genesisFile.ts'
import { createKeyFile, type KeyFacts } from './newKeys.ts'

export interface ValidatorInit {
  readonly operator: Address
  readonly feeRecipient: Address
  readonly password: string | undefined
}

export interface NewNetwork {
  readonly name: string
  readonly chainId: number
  /** Network whose parameters are taken over. */
  readonly templatePath: string
  /** Files that founders got from `init`. The own one is added where the folder gets a validator's key. */
  readonly founderFiles: readonly string[]
}

export interface InitOptions {
  readonly dataDir: string
  readonly validator: ValidatorInit | undefined
  /** The file of the network to join, or what a new one is made from; undefined while founders gather. */
  readonly network: { readonly genesisPath: string } | NewNetwork | undefined
}

export interface InitReport {
  readonly dataDir: string
  readonly peerId: string
  readonly network: NetworkFacts | undefined
  readonly validatorKey: string | undefined
  readonly validator: KeyFacts | undefined
  /** What founders of a new network give to the one who makes its genesis. */
  readonly founder: string | undefined
}

export interface NetworkFacts {
  readonly name: string
  readonly chainId: number
  readonly genesisHash: Hash
  readonly genesis: string
  /** Settings of this node as environment variables, for a service manager or a container. */
  readonly environment: string
}

const hex = (bytes: number) =>
  z.custom<`0x${string}`>((value) => typeof value === 'string' && isHexBytes(value, bytes))
const founderSchema = z.strictObject({
  operator: hex(20),
  consensusKey: hex(20),
  feeRecipient: hex(20),
  randomnessTip: hex(32),
})
type Founder = z.output<typeof founderSchema>

const KEY_FILE = 'validator-key.json'
const FOUNDER_FILE = 'founder.json'
const GAS_MONEY_WEI = 1_000n * 10n ** 18n

/**
 * Makes the data folder of a node: genesis, node key, and a validator's keys. Nothing is written over; a folder that
 * has keys and no genesis yet, as a founder's before the network is made, gets its genesis later.
 */
export async function initFolder(
  options: InitOptions,
  modules: { clock: Clock; random: Random },
): Promise<InitReport> {
  const { dataDir, validator, network } = options
  const at = (name: string) => join(dataDir, name)
  if (existsSync(at('genesis.json'))) {
    throw new NodeError('BAD_CONFIG', `${dataDir} is a data folder already; choose another.`)
  }
  // what the network is made from is read and checked before anything is written
  const known =
    network && 'genesisPath' in network ? (await readGenesisFile(network.genesisPath)).json : undefined
  const founders =
    network && 'name' in network ? await Promise.all(network.founderFiles.map(readFounder)) : []
  await mkdir(dataDir, { recursive: true })
  await chmod(dataDir, 0o700)
  const { peerId } = await loadOrCreateNodeKey(at('node-key'), modules.random)
  const facts = validator && (await createKeyFile({ path: at(KEY_FILE), ...validator }, modules.random))
  const own = validator && facts && founderOf(validator, facts)
  if (own !== undefined) await writeFile(at(FOUNDER_FILE), `${JSON.stringify(own, null, 2)}\n`)
  const all = own === undefined ? founders : [...founders, own]
  const json = network && 'name' in network ? await newGenesis(network, all, modules) : known
  const validatorKey = existsSync(at(KEY_FILE)) ? at(KEY_FILE) : undefined
  return {
    dataDir,
    peerId,
    network: json && (await writeNetwork(dataDir, json, validatorKey)),
    validatorKey,
    validator: facts,
    founder: own && at(FOUNDER_FILE),
  }
}

async function writeNetwork(
  dataDir: string,
  json: GenesisInput,
  validatorKey: string | undefined,
): Promise<NetworkFacts> {
  const genesis = join(dataDir, 'genesis.json')
  const spec = createChainSpec(parseGenesis(json, genesis))
  const { block } = await createGenesisState(spec)
  const environment = join(dataDir, 'node.env')
  await writeFile(environment, environmentOf(dataDir, validatorKey))
  await writeGenesisFile(genesis, json)
  return {
    name: json.name,
    chainId: Number(spec.chainId),
    genesisHash: blockHashOf(block),
    genesis,
    environment,
  }
}

function founderOf({ operator, feeRecipient }: ValidatorInit, facts: KeyFacts): Founder | undefined {
  const { address, randomnessTip } = facts
  return randomnessTip && { operator, consensusKey: address, feeRecipient, randomnessTip }
}

async function readFounder(path: string): Promise<Founder> {
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new NodeError('BAD_CONFIG', `The founder's file ${path} cannot be read: ${messageOf(error)}`)
  }
  const parsed = founderSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new NodeError(
    'BAD_CONFIG',
    `The founder's file ${path}: ${issue?.path.join('.')}: ${issue?.message}.`,
  )
}

/** The template's parameters; its founders as validators with the least stake, each with money for gas. */
async function newGenesis(
  { name, chainId, templatePath }: NewNetwork,
  founders: readonly Founder[],
  { clock, random }: { clock: Clock; random: Random },
): Promise<GenesisInput> {
  if (founders.length === 0) {
    throw new NodeError(
      'BAD_CONFIG',
      'A new network needs founders: --founders, or --operator for this node.',
    )
  }
  for (const field of ['operator', 'consensusKey'] as const) {
    if (new Set(founders.map((founder) => founder[field])).size === founders.length) continue
    throw new NodeError('BAD_CONFIG', `Two founders have the same ${field}.`)
  }
  const { json: template } = await readGenesisFile(templatePath)
  const accounts = founders.flatMap(({ operator, consensusKey }) => [operator, consensusKey])
  const json: GenesisInput = {
    ...template,
    name,
    chainId,
    timestamp: Math.floor(clock.nowMs() / 1000),
    stamp: bytesToHex(random.bytes(32)),
    validators: founders.map((founder) => ({ ...founder, stakeWei: template.staking.minimumStakeWei })),
    accounts: Object.fromEntries(
      accounts.map((address) => [address, { balanceWei: GAS_MONEY_WEI.toString() }]),
    ),
  }
  return withConstructedAlloc(json, name)
}

function environmentOf(dataDir: string, keyPath: string | undefined): string {
  const folder = resolve(dataDir)
  const lines = [`OPENLEDGER_DATA_DIR=${folder}`, `OPENLEDGER_GENESIS=${join(folder, 'genesis.json')}`]
  if (keyPath !== undefined) lines.push(`OPENLEDGER_VALIDATOR_KEY=${resolve(keyPath)}`)
  return `${lines.join('\n')}\n`
}
