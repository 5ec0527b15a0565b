import type { TypedTransaction } from '@ethereumjs/tx'
import {
  type Abi,
  decodeFunctionResult,
  encodeAbiParameters,
  encodeFunctionData,
  keccak256,
  stringify,
} from 'viem'
import { iAdapterRegistryAbi } from '../../contracts/generated/IAdapterRegistry.ts'
import { iDatanetRegistryAbi } from '../../contracts/generated/IDatanetRegistry.ts'
import { iProofOfAttributionAbi } from '../../contracts/generated/IProofOfAttribution.ts'
import { ADAPTER_ADDRESS, ATTRIBUTION_ADDRESS, DATANET_ADDRESS } from '../../precompiles/addresses.ts'
import type { PrecompileParameters } from '../../precompiles/parameters.ts'
import { nativePrecompiles } from '../../precompiles/registry.ts'
import type {
  BlockFacts,
  BlockSource,
  ContractReader,
  HeadReader,
  ReadOutcome,
  TransactionRequest,
  TransactionSender,
} from '../../src/ai/receipts/ports.ts'
import {
  type InferenceRequest,
  type ReceiptDomain,
  type SignedReceipt,
  signReceipt,
  signRequest,
} from '../../src/ai/receipts/typedData.ts'
import { ReceiptViews } from '../../src/ai/receipts/views.ts'
import type { GenesisInput } from '../../src/chainspec/schema.ts'
import { isNodeError } from '../../src/errors/errors.ts'
import { readNativeView } from '../../src/execution/nativeViews.ts'
import { nextBaseFee, parentHeaderOf } from '../../src/ledger/headerRules.ts'
import type { DevnetKey } from '../../src/node/devnet/keys.ts'
import {
  type Address,
  bytesToHex,
  type Hash,
  type Hex,
  hexToBytes,
  ZERO_ADDRESS,
} from '../../src/primitives/hex.ts'
import { keccakHex } from '../../src/primitives/keccak.ts'
import type { KvOp, KvStore } from '../../src/storage/kv.ts'
import { MemoryStore } from '../../src/storage/memoryStore.ts'
import { account, TestChain, VALIDATORS } from './chain.ts'
import {
  claimOf,
  contribution,
  contributionCommitmentOf,
  datanetTerms,
  makeQuery,
  makeRow,
  OPEN,
  rfc6962,
  testHash,
  testParameters,
  WITHOUT_TREES,
} from './precompileWorld.ts'

export const owner = account(0)
export const scorer = account(1)
export const contributors = [account(2), account(3)] as const
export const requester = account(4)
export const host = account(5)
export const auditors = [account(6), account(7), account(8)] as const
/** Settles, draws, finalises, closes. */
export const worker = account(9)

export const PRICE = { baseWei: OPEN / 100n, perThousandInputWei: OPEN / 50n, perThousandOutputWei: 0n }
export const PROFILE_HASH = testHash('profile')
export const keyOf = (who: DevnetKey) => hexToBytes(who.privateKey)

/** Chains with an active adapter, by their options: made once, then copied. */
const publishedChains = new Map<string, MemoryStore>()

async function copyOf(store: MemoryStore): Promise<MemoryStore> {
  const copy = new MemoryStore()
  const ops: KvOp[] = []
  const all = { gte: new Uint8Array(), lt: new Uint8Array(80).fill(0xff) }
  for await (const [key, value] of store.iterate(all)) ops.push({ type: 'put', key, value })
  await copy.write(ops, { sync: true })
  return copy
}

export interface ReceiptWorldOptions {
  /** The devnet's unless given; two that differ have epochs of different lengths. */
  readonly genesis?: GenesisInput
  readonly parameters?: Partial<PrecompileParameters>
  readonly k?: number
  readonly members?: number
  readonly hostBondWei?: bigint
  readonly depositWei?: bigint
  readonly hostEndpoint?: string
  /** The host registers by itself. */
  readonly withoutHost?: boolean
}

/**
 * The devnet's chain in memory with the real native precompiles, a frozen Datanet, an active adapter, a bonded host and
 * a requester with a deposit. Transactions of all senders go into the next block that is mined.
 */
export class ReceiptWorld {
  readonly test: TestChain
  readonly parameters: PrecompileParameters
  readonly k: number
  readonly kv: KvStore
  readonly rows: readonly Uint8Array[]
  readonly adapterId = 1n
  readonly baseModelId = 1n
  readonly domain: ReceiptDomain
  readonly reader: ContractReader
  readonly views: ReceiptViews
  readonly head: HeadReader
  readonly blocks: BlockSource
  /** What waits for the next block. */
  readonly pending: TypedTransaction[] = []
  #nonce = 0n

  private constructor(
    test: TestChain,
    kv: KvStore,
    parameters: PrecompileParameters,
    k: number,
    members: number,
  ) {
    this.test = test
    this.kv = kv
    this.parameters = parameters
    this.k = k
    this.rows = Array.from({ length: members }, (_, n) => makeRow(k, n))
    const { chain } = test
    this.domain = {
      chainId: chain.spec.chainId,
      genesisHash: chain.genesisHash,
      verifyingContract: ATTRIBUTION_ADDRESS,
    }
    this.head = {
      get height() {
        return chain.head.height
      },
      get nextBaseFeeWei() {
        return nextBaseFee(chain.spec.genesis.fees, parentHeaderOf(chain.head.block))
      },
    }
    this.blocks = { block: (number) => this.#block(number) }
    this.reader = { read: (address, data) => this.#read(address, data) }
    this.views = new ReceiptViews(this.reader)
  }

  static async open(options: ReceiptWorldOptions = {}): Promise<ReceiptWorld> {
    const { k = 16, members = 4, genesis } = options
    const parameters = { ...testParameters, ...options.parameters }
    const create = async (kv: KvStore) => {
      const registry = nativePrecompiles(parameters)
      const precompiles = registry.addresses.flatMap((address) => registry.at(address, 0n) ?? [])
      return new ReceiptWorld(
        await TestChain.open({ precompiles, kv, ...(genesis === undefined ? {} : { genesis }) }),
        kv,
        parameters,
        k,
        members,
      )
    }
    const key = stringify({
      parameters: options.parameters,
      k,
      members,
      epoch: genesis?.consensus.epochBlocks,
    })
    let published = publishedChains.get(key)
    if (published === undefined) {
      published = new MemoryStore()
      await (await create(published)).#publish()
      publishedChains.set(key, published)
    }
    const world = await create(await copyOf(published))
    await world.#register(options)
    return world
  }

  get height(): number {
    return this.test.chain.head.height
  }

  /** A transaction of a known account in the next block. */
  send(from: DevnetKey, request: Omit<TransactionRequest, 'gasLimit'> & { gasLimit?: bigint }): Hash {
    const tx = this.test.transaction(from, {
      to: request.to,
      data: request.data,
      value: request.valueWei ?? 0n,
      gasLimit: request.gasLimit ?? 10_000_000n,
    })
    this.pending.push(tx)
    return bytesToHex(tx.hash())
  }

  senderOf(who: DevnetKey): TransactionSender {
    return { address: who.address, send: (request) => this.send(who, request) }
  }

  /** Mines what is pending; fails when a transaction did. */
  async mine(options: { allowFailures?: boolean } = {}): Promise<BlockFacts> {
    await this.test.mine(this.pending.splice(0), this.height % VALIDATORS)
    const receipts = this.test.chain.store.receipts(this.height) ?? []
    const failed = receipts.findIndex((receipt) => !receipt.succeeded)
    if (failed >= 0 && options.allowFailures !== true) {
      throw new Error(`transaction ${failed} of block ${this.height} failed`)
    }
    return this.#block(this.height)!
  }

  async mineEmpty(blocks: number): Promise<void> {
    for (let n = 0; n < blocks; n++) await this.mine()
  }

  /** Gas that the transactions of the head block used, one by one. */
  gasUsed(): bigint[] {
    const cumulative = (this.test.chain.store.receipts(this.height) ?? []).map((r) => r.cumulativeGasUsed)
    return cumulative.map((gas, index) => gas - (cumulative[index - 1] ?? 0n))
  }

  read(address: Address, abi: Abi, functionName: string, args: readonly unknown[]): unknown {
    const { ok, output } = this.reader.read(
      address,
      hexToBytes(encodeFunctionData({ abi, functionName, args })),
    )
    if (!ok) throw new Error(`${functionName} reverted`)
    return decodeFunctionResult({ abi, functionName, data: bytesToHex(output) })
  }

  creditOf(who: Address): bigint {
    return this.read(ATTRIBUTION_ADDRESS, iProofOfAttributionAbi, 'credits', [who]) as bigint
  }

  async deposit(who: DevnetKey, amountWei: bigint, forHost: Address = ZERO_ADDRESS): Promise<void> {
    this.send(who, this.attributionCall('deposit', [forHost], amountWei))
    await this.mine()
  }

  attributionCall(functionName: string, args: readonly unknown[], valueWei = 0n) {
    const data = encodeFunctionData({ abi: iProofOfAttributionAbi as Abi, functionName, args })
    return { to: ATTRIBUTION_ADDRESS, data, valueWei }
  }

  request(overrides: Partial<InferenceRequest> = {}): InferenceRequest {
    this.#nonce += 1n
    return {
      requester: requester.address,
      host: host.address,
      adapterId: this.adapterId,
      adapterVersion: 1,
      application: ZERO_ADDRESS,
      inputCommitment: testHash(`input ${this.#nonce}`),
      maxFeeWei: OPEN,
      nonce: this.#nonce,
      deadlineBlock: BigInt(this.height + 8),
      auditClass: 0,
      ...overrides,
    }
  }

  /** A receipt signed by both; contents are made up unless they are given. */
  receipt(
    overrides: Partial<Omit<SignedReceipt, 'request'>> & { request?: Partial<InferenceRequest> } = {},
    signers: { requester?: DevnetKey; host?: DevnetKey } = {},
  ): SignedReceipt {
    const request = this.request(overrides.request)
    return signReceipt(
      this.domain,
      {
        outputCommitment: testHash(`output ${this.#nonce}`),
        inputTokens: 500,
        outputTokens: 0,
        method: 0,
        profileHash: PROFILE_HASH,
        queryRow: makeQuery(this.k, Number(this.#nonce)),
        ...overrides,
        request,
        requesterSignature: signRequest(this.domain, request, keyOf(signers.requester ?? requester)),
      },
      keyOf(signers.host ?? host),
    )
  }

  #read(address: Address, data: Uint8Array): ReadOutcome {
    const { chain } = this.test
    try {
      return { ok: true, output: readNativeView(chain, chain.head, address, data) }
    } catch (error) {
      if (!isNodeError(error, 'BAD_REQUEST')) throw error
      return { ok: false, output: hexToBytes(String(error.details.data)) }
    }
  }

  #block(number: number): BlockFacts | undefined {
    const { store } = this.test.chain
    const block = store.block(number)
    const receipts = store.receipts(number)
    if (block === undefined || receipts === undefined) return undefined
    const transactions = block.transactions.map((tx, index) => ({
      hash: bytesToHex(tx.hash()),
      input: tx.data,
      logs: receipts[index]!.logs,
    }))
    return { number, transactions }
  }

  /** Has the owner call the adapter registry, about the adapter, in the next block. */
  async configure(functionName: string, args: readonly unknown[]): Promise<void> {
    this.#call(owner, ADAPTER_ADDRESS, iAdapterRegistryAbi, functionName, [this.adapterId, ...args], 0n)
    await this.mine()
  }

  /** Publishes another version of the adapter, with the rows of the first; returns the block from which it is current. */
  async publishVersion(): Promise<number> {
    const adapters = (name: string, args: readonly unknown[]) =>
      this.#call(owner, ADAPTER_ADDRESS, iAdapterRegistryAbi, name, args, 0n)
    adapters('newVersion', [this.adapterId, this.#versionDraft()])
    this.#sendRows(adapters)
    await this.mine()
    return this.height + this.parameters.challengeWindowBlocks
  }

  async #publish(): Promise<void> {
    const datanet = (from: DevnetKey, name: string, args: readonly unknown[], valueWei = 0n) =>
      this.#call(from, DATANET_ADDRESS, iDatanetRegistryAbi, name, args, valueWei)
    const adapters = (name: string, args: readonly unknown[], valueWei = 0n) =>
      this.#call(owner, ADAPTER_ADDRESS, iAdapterRegistryAbi, name, args, valueWei)
    const specs = this.rows.map((_, n) =>
      contribution(n, { ...contributors[n % 2]!, key: new Uint8Array() } as never),
    )
    const keys = specs.map((_, n) => contributors[n % 2]!)
    const ids = specs.map((_, n) => BigInt(n + 1))
    datanet(owner, 'createDatanet', ['Weaknesses', 0, 1, 'CC0-1.0', 'bafymeta', datanetTerms()])
    datanet(owner, 'appointScorer', [1n, scorer.address])
    specs.forEach((spec, n) => {
      datanet(keys[n]!, 'commitContribution', [1n, contributionCommitmentOf(1n, spec)], OPEN)
    })
    adapters('registerBaseModel', [
      testHash('onnx'),
      testHash('tokenizer'),
      PROFILE_HASH,
      'encoder',
      'bafymodel',
    ])
    await this.mine()
    await this.mineEmpty(this.parameters.revealMinBlocks - 1)
    specs.forEach((spec, n) => {
      datanet(keys[n]!, 'revealContribution', [ids[n], claimOf(spec)])
    })
    await this.mine()
    for (let at = 0; at < specs.length; at += 8) {
      datanet(owner, 'settleOrder', [1n, 8])
      await this.mine()
    }
    const reports = specs.map(({ contentRoot, recordCount, byteCount, minhash }) => ({
      qualityBps: 8000,
      reason: 0,
      contentRoot,
      recordCount,
      byteCount,
      minhashHash: keccakHex(minhash),
    }))
    const salt = testHash('score salt')
    datanet(scorer, 'commitScores', [ids, scoreCommitment(ids, reports, salt)])
    datanet(scorer, 'revealScores', [ids, reports, salt])
    datanet(owner, 'resolve', [ids])
    await this.mine()
    await this.mineEmpty(this.parameters.contributionChallengeBlocks)
    datanet(owner, 'freezeVersion', [1n, 512])
    adapters('createAdapter', [this.#draft()], OPEN)
    this.#sendRows(adapters)
    await this.mine()
    await this.mineEmpty(this.parameters.challengeWindowBlocks - 1)
  }

  /** Rows and publication of the adapter's draft. */
  #sendRows(adapters: (name: string, args: readonly unknown[]) => void): void {
    const perChunk = Math.floor(24_575 / this.rows[0]!.length)
    for (let at = 0; at < this.rows.length; at += perChunk) {
      const chunk = Buffer.concat(this.rows.slice(at, at + perChunk))
      adapters('appendRows', [this.adapterId, at, bytesToHex(chunk)])
    }
    adapters('publish', [this.adapterId, bytesToHex(rfc6962(this.rows))])
  }

  async #register(options: ReceiptWorldOptions): Promise<void> {
    if (options.withoutHost !== true) {
      const args = [host.address, options.hostEndpoint ?? 'http://127.0.0.1:1']
      this.send(host, this.attributionCall('registerHost', args, options.hostBondWei ?? 1_000n * OPEN))
    }
    const depositWei = options.depositWei ?? 100n * OPEN
    if (depositWei > 0n) this.send(requester, this.attributionCall('deposit', [ZERO_ADDRESS], depositWei))
    await this.mine()
  }

  #call(
    from: DevnetKey,
    to: Address,
    abi: Abi,
    functionName: string,
    args: readonly unknown[],
    valueWei: bigint,
  ): void {
    this.send(from, {
      to,
      data: encodeFunctionData({ abi, functionName, args }),
      valueWei,
      gasLimit: 6_000_000n,
    })
  }

  #draft() {
    return {
      baseModelId: 1n,
      price: PRICE,
      parents: [],
      licence: 'Apache-2.0',
      metadataCid: 'bafyadapter',
      version: this.#versionDraft(),
    }
  }

  #versionDraft() {
    return {
      datanets: [{ datanetId: 1n, version: 1 }],
      weightsHash: testHash('weights'),
      configHash: testHash('config'),
      manifestHash: testHash('manifest'),
      rank: 4,
      alpha: 8,
      targetsHash: testHash('targets'),
      k: this.k,
      projectionSeed: testHash('seed'),
      ...WITHOUT_TREES,
    }
  }
}

function scoreCommitment(ids: readonly bigint[], reports: readonly unknown[], salt: Hash): Hex {
  const reveal = iDatanetRegistryAbi.find((item) => item.type === 'function' && item.name === 'revealScores')
  const inputs = [{ name: 'scorer', type: 'address' }, ...(reveal?.inputs ?? [])]
  return keccak256(encodeAbiParameters(inputs as never, [scorer.address, ids, reports, salt] as never))
}
