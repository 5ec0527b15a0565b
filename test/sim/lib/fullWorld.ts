import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ChainSpec, createChainSpec } from '../../../src/chainspec/chainSpec.ts'
import { type GenesisInput, parseGenesis } from '../../../src/chainspec/schema.ts'
import { createGenesisState } from '../../../src/execution/genesis.ts'
import { readMembers } from '../../../src/execution/stakingView.ts'
import { blockHashOf } from '../../../src/ledger/block.ts'
import { decodeEnvelope, encodeEnvelope } from '../../../src/ledger/envelope.ts'
import type { SigningDomain } from '../../../src/ledger/vote.ts'
import {
  devnetGenesisAccounts,
  devnetGenesisValidators,
  devnetValidator,
} from '../../../src/node/devnet/keys.ts'
import { withConstructedAlloc } from '../../../src/node/genesisFile.ts'
import { precompilesOf } from '../../../src/node/precompiles.ts'
import { RevealChain } from '../../../src/node/revealChain.ts'
import { type Hash, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccakHex } from '../../../src/primitives/keccak.ts'
import { asList, decodeRlp, encodeRlp } from '../../../src/primitives/rlp.ts'
import { numberedRange } from '../../../src/storage/keys.ts'
import type { KvStore } from '../../../src/storage/kv.ts'
import { FullHost } from './fullHost.ts'
import { Workload } from './fullWorkload.ts'
import { LedgerAudit, readStateFacts } from './ledgerAudit.ts'
import type { Prng } from './prng.ts'
import { SimFailure } from './safety.ts'
import type { HostModules, SimHost, World, WorldCluster } from './world.ts'

/** Short, so that sets change several times in a run. */
const EPOCH_BLOCKS = 5
/** Longer than any run, and made once a validator. */
const REVEALS = 512
const OPEN = 10n ** 18n
const MAX_BLOCK_BYTES = 1 << 22
/** Header fields that a faulty builder gets wrong: coinbase, state, receipts, bloom, gas limit and used, time, extra, base fee. */
const HEADER_FIELDS = [2, 3, 5, 6, 9, 10, 11, 12, 15] as const
const devnetPath = join(import.meta.dirname, '..', '..', '..', 'genesis', 'devnet.json')

interface Network {
  readonly spec: ChainSpec
  readonly domain: SigningDomain
  readonly supplyWei: bigint
}

const networks = new Map<number, Promise<Network>>()
const reveals = new Map<number, RevealChain>()

/** Everything real: chain, execution, staking, pool, evidence. One validator more than at genesis wants to join. */
export class FullWorld implements World {
  readonly domain: SigningDomain
  readonly keys: readonly Uint8Array[]
  readonly startMs: number
  readonly #spec: ChainSpec
  readonly #validators: number
  readonly #hosts: FullHost[] = []
  readonly #audit: LedgerAudit
  #workload: Workload | null = null
  #isByzantine: (index: number) => boolean = () => false

  private constructor(network: Network, validators: number) {
    this.#spec = network.spec
    this.domain = network.domain
    this.#validators = validators
    this.keys = Array.from({ length: validators + 1 }, (_, index) =>
      hexToBytes(devnetValidator(index).consensus.privateKey),
    )
    this.startMs = Number(network.spec.genesis.timestamp) * 1_000
    this.#audit = new LedgerAudit(network.spec.genesis.fees.treasuryShareBps, network.supplyWei)
  }

  static async open(validators: number): Promise<FullWorld> {
    const network = networks.get(validators) ?? createNetwork(validators)
    networks.set(validators, network)
    return new FullWorld(await network, validators)
  }

  /** Below a third at genesis and after one of them has left again. */
  get mostFaulty(): number {
    return Math.floor((this.#validators - 1) / 3)
  }

  createHost(modules: HostModules): SimHost {
    const key = this.keys[modules.index]
    const host = new FullHost(
      {
        spec: this.#spec,
        precompiles: precompilesOf(this.#spec),
        identity: key === undefined ? null : { builder: builderOf(modules.index), privateKey: key },
        buildsTwo: () => this.#isByzantine(modules.index),
      },
      modules,
      {
        onBlock: (each) => this.#check(each),
        onTransaction: (each, bytes) => this.#workload?.gossip(each, bytes),
      },
    )
    this.#hosts.push(host)
    return host
  }

  hashOf(envelope: Uint8Array): Hash | null {
    try {
      const [header] = asList(decodeRlp(decodeEnvelope(envelope).block, MAX_BLOCK_BYTES))
      return keccakHex(encodeRlp(asList(header)))
    } catch {
      return null
    }
  }

  alternative(host: SimHost, envelope: Uint8Array): Uint8Array | null {
    const blockHash = this.hashOf(envelope)
    return host instanceof FullHost && blockHash !== null ? host.alternative(blockHash) : null
  }

  invalid(envelope: Uint8Array, random: Prng): Uint8Array {
    if (random.chance(0.2)) return random.bytes(60)
    const { block, parentCertificate } = decodeEnvelope(envelope)
    const [header, ...body] = asList(decodeRlp(block, MAX_BLOCK_BYTES))
    const fields = [...asList(header)]
    const index = random.pick(HEADER_FIELDS)
    const field = fields[index]
    if (field instanceof Uint8Array) {
      const bad = field.length === 0 ? Uint8Array.of(1) : field.slice()
      const last = bad.length - 1
      bad[last] = (bad[last] ?? 0) ^ 1 || 2
      fields[index] = bad
    }
    return encodeEnvelope({ block: encodeRlp([fields, ...body]), parentCertificate })
  }

  onStart(cluster: WorldCluster): void {
    this.#isByzantine = (index) => cluster.isByzantine(index)
    this.#workload = new Workload(
      {
        spec: this.#spec,
        clock: cluster.clock,
        random: cluster.random.fork(),
        hosts: this.#hosts,
        isMember: (host, validator) => isMember(host, validator),
      },
      {
        joins: { validator: this.#validators, tip: revealsOf(this.#validators).tip },
        leaves: this.#validators - 1,
      },
    )
    this.#workload.start()
  }

  async checkEnd(): Promise<void> {
    for (const host of this.#hosts) if (host.height > 0) await this.#check(host)
    if (this.#audit.checks === 0) throw new SimFailure('No state was compared.')
  }

  facts(): Record<string, number> {
    let transactions = 0
    let failed = 0
    const chain = this.#hosts.find((host) => host.running !== null)?.running?.chain
    const isMemberOf = (index: number) => chain?.head.nextSet.get(addressOf(index)) !== undefined
    for (let height = 1; chain !== undefined && height <= chain.head.height; height++) {
      for (const { succeeded } of chain.store.receipts(height) ?? []) {
        transactions++
        if (!succeeded) failed++
      }
    }
    return {
      transactions,
      'failed transactions': failed,
      'states compared': this.#audit.checks,
      joined: isMemberOf(this.#validators) ? 1 : 0,
      left: isMemberOf(this.#validators - 1) ? 0 : 1,
      slashed: Array.from({ length: this.#validators }, (_, index) => index).filter(
        (index) => this.#isByzantine(index) && !isMemberOf(index),
      ).length,
    }
  }

  async #check(host: FullHost): Promise<void> {
    const chain = host.running?.chain
    if (chain === undefined) return
    const { height, block } = chain.head
    const receipts = await receiptsBytes(host.kv, height)
    this.#audit.check(host.index, height, block, receipts, await readStateFacts(host.kv))
  }
}

async function receiptsBytes(kv: KvStore, height: number): Promise<Uint8Array> {
  for await (const [, value] of kv.iterate(numberedRange('receipts', height, height + 1))) return value
  throw new SimFailure(`The receipts of block ${height} are missing.`)
}

async function createNetwork(validators: number): Promise<Network> {
  const devnet = JSON.parse(readFileSync(devnetPath, 'utf8')) as GenesisInput
  const newcomer = devnetValidator(validators).operator.address
  const json = await withConstructedAlloc(
    {
      ...devnet,
      consensus: { ...devnet.consensus, epochBlocks: EPOCH_BLOCKS },
      validators: devnetGenesisValidators(validators).map((each, index) => ({
        ...each,
        randomnessTip: revealsOf(index).tip,
      })),
      accounts: {
        ...devnetGenesisAccounts(validators + 1),
        [newcomer]: { balanceWei: (20_000n * OPEN).toString() },
      },
    },
    'simulation',
  )
  const spec = createChainSpec(parseGenesis(json, 'simulation'))
  const { block, state } = await createGenesisState(spec)
  let supplyWei = 0n
  for (const account of state.diff.accounts.values()) supplyWei += account?.balanceWei ?? 0n
  return { spec, domain: { genesisHash: blockHashOf(block), chainId: spec.chainId }, supplyWei }
}

function revealsOf(index: number): RevealChain {
  const known =
    reveals.get(index) ?? new RevealChain(hexToBytes(devnetValidator(index).revealSeed), { length: REVEALS })
  reveals.set(index, known)
  return known
}

function builderOf(index: number) {
  const { consensus, operator } = devnetValidator(index)
  return { validator: consensus.address, operator: operator.address, reveals: revealsOf(index) }
}

const addressOf = (index: number) => devnetValidator(index).consensus.address

function isMember(host: FullHost, index: number): boolean {
  const chain = host.running?.chain
  return (
    chain !== undefined && readMembers(chain.head.state).some(({ address }) => address === addressOf(index))
  )
}
