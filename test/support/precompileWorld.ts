import { encodeAbiParameters, hashTypedData, parseAbiParameters, keccak256 as viemKeccak } from 'viem'
import { iAdapterRegistryAbi } from '../../contracts/generated/IAdapterRegistry.ts'
import { iDatanetRegistryAbi } from '../../contracts/generated/IDatanetRegistry.ts'
import { iProofOfAttributionAbi } from '../../contracts/generated/IProofOfAttribution.ts'
import { ADAPTER_ADDRESS, ATTRIBUTION_ADDRESS, DATANET_ADDRESS } from '../../precompiles/addresses.ts'
import { devnetParameters, type PrecompileParameters } from '../../precompiles/parameters.ts'
import { nativePrecompiles } from '../../precompiles/registry.ts'
import { concatBytes } from '../../src/primitives/bytes.ts'
import {
  type Address,
  bytesToHex,
  type Hash,
  type Hex,
  hexToBytes,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '../../src/primitives/hex.ts'
import { keccak256, keccakHex } from '../../src/primitives/keccak.ts'
import { privateKeyToAddress, sign } from '../../src/primitives/secp256k1.ts'
import { Contract } from './contract.ts'
import { MemoryChain } from './memoryHost.ts'

export const OPEN = 10n ** 18n
export const GWEI = 10n ** 9n

export interface Account {
  readonly key: Uint8Array
  readonly address: Address
}

/** The n-th test account; its key is a hash, so that it is the same in every run. */
export function account(n: number): Account {
  const key = keccak256(new TextEncoder().encode(`test account ${n}`))
  return { key, address: privateKeyToAddress(key) }
}

/** A reproducible stream of numbers from 0 to 2^32 − 1 (xorshift32). */
export function numbers(seed: number): () => number {
  let state = (seed * 2_654_435_761 + 1) >>> 0 || 1
  return () => {
    state ^= state << 13
    state >>>= 0
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state
  }
}

export const testHash = (text: string): Hash => keccakHex(new TextEncoder().encode(text))

/** Small numbers, so that a test sees every rule within few steps. */
export const testParameters: PrecompileParameters = {
  ...devnetParameters,
  kAllowed: [16, 1024, 4096],
  revealMinBlocks: 2,
  revealMaxBlocks: 6,
  scoreCommitBlocks: 5,
  scoreRevealBlocks: 5,
  scorerExitBlocks: 20,
  priceRiseDelayBlocks: 10,
  withdrawDelayBlocks: 12,
  challengeWindowBlocks: 8,
  auditCommitBlocks: 4,
  auditRevealBlocks: 4,
  auditorExitBlocks: 30,
  hostExitBlocks: 30,
  adapterExitBlocks: 30,
  windowReceipts: 4,
  windowAgeBlocks: 40,
  contributionChallengeBlocks: 3,
  purseExitBlocks: 60,
  rowAuditCommitBlocks: 6,
  appealBlocks: 3,
}

export interface ContributionSpec {
  readonly by: Account
  readonly minhash: Uint8Array
  readonly contentRoot: Hash
  readonly recordCount: number
  readonly byteCount: bigint
  readonly salt: Hash
  /** Records when it is left out. */
  readonly kind?: number
  readonly targetId?: bigint
  readonly receipts?: readonly unknown[]
}

/** A signature of 128 values that no other seed shares. */
export function randomMinhash(seed: number): Uint8Array {
  const next = numbers(seed + 1)
  const bytes = new Uint8Array(512)
  const view = new DataView(bytes.buffer)
  for (let at = 0; at < 512; at += 4) view.setUint32(at, next())
  return bytes
}

/** The same signature with its last `different` values changed. */
export function nearMinhash(original: Uint8Array, different: number): Uint8Array {
  const bytes = original.slice()
  for (let value = 128 - different; value < 128; value++)
    bytes[value * 4 + 3] = (bytes[value * 4 + 3] ?? 0) ^ 0xff
  return bytes
}

export function contribution(
  n: number,
  by: Account,
  overrides: Partial<ContributionSpec> = {},
): ContributionSpec {
  return {
    by,
    minhash: randomMinhash(n),
    contentRoot: testHash(`content ${n}`),
    recordCount: 1 + (n % 7),
    byteCount: BigInt(100 + n),
    salt: testHash(`salt ${n}`),
    ...overrides,
  }
}

/** The claim that opens the commitment to a contribution. */
export function claimOf(spec: ContributionSpec) {
  const { by: _, kind = 0, targetId = 0n, receipts = [], minhash, ...facts } = spec
  return { ...facts, kind, targetId, receipts, minhash: bytesToHex(minhash) }
}

/** What the contributor commits to. */
export function contributionCommitmentOf(datanetId: bigint, spec: ContributionSpec): Hash {
  const { kind = 0, targetId = 0n, receipts = [] } = spec
  const receiptsHash = kind === 3 ? receiptsHashOf(receipts) : ZERO_HASH
  return viemKeccak(
    encodeAbiParameters(
      parseAbiParameters(
        'address, uint64, uint8, uint64, bytes32, uint32, uint64, bytes32, bytes32, bytes32',
      ),
      [
        spec.by.address,
        datanetId,
        kind,
        targetId,
        spec.contentRoot,
        spec.recordCount,
        spec.byteCount,
        keccakHex(spec.minhash),
        receiptsHash,
        spec.salt,
      ],
    ),
  )
}

function receiptsHashOf(receipts: readonly unknown[]): Hash {
  const reveal = iDatanetRegistryAbi.find(
    (item) => item.type === 'function' && item.name === 'revealContribution',
  )
  const claim = reveal?.inputs[1] as { components: readonly { name: string }[] } | undefined
  const list = claim?.components.filter(({ name }) => name === 'receipts')
  return viemKeccak(encodeAbiParameters(list as never, [receipts] as never))
}

export interface DatanetTerms {
  readonly minBondWei: bigint
  readonly acceptThresholdBps: number
  readonly bountyPerRecordWei: bigint
  readonly scorerPayWei: bigint
}

/** Terms of a Datanet without pay. */
export function datanetTerms(overrides: Partial<DatanetTerms> = {}): DatanetTerms {
  return {
    minBondWei: OPEN,
    acceptThresholdBps: 5000,
    bountyPerRecordWei: 0n,
    scorerPayWei: 0n,
    ...overrides,
  }
}

export interface Terms {
  readonly requester: Account
  readonly host: Account
  /** Signs for the host; the host itself when it is left out. */
  readonly signer?: Account
  readonly adapterId: bigint
  readonly queryRow: Uint8Array
  readonly nonce: bigint
  readonly profileHash: Hash
  readonly adapterVersion?: number
  readonly application?: Address
  readonly maxFeeWei?: bigint
  readonly inputTokens?: number
  readonly outputTokens?: number
  readonly deadlineBlock?: bigint
  readonly auditClass?: number
  readonly method?: number
  readonly genesisHash?: Hash
}

export interface MadeReceipt {
  readonly receiptId: Hash
  readonly receiptHash: Hash
  readonly queryRowHash: Hash
  /** The argument of settle. */
  readonly signed: Record<string, unknown>
}

export const requestTypes = {
  InferenceRequest: [
    { name: 'requester', type: 'address' },
    { name: 'host', type: 'address' },
    { name: 'adapterId', type: 'uint64' },
    { name: 'adapterVersion', type: 'uint32' },
    { name: 'application', type: 'address' },
    { name: 'inputCommitment', type: 'bytes32' },
    { name: 'maxFeeWei', type: 'uint256' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadlineBlock', type: 'uint64' },
    { name: 'auditClass', type: 'uint8' },
    { name: 'genesisHash', type: 'bytes32' },
  ],
} as const
export const receiptTypes = {
  InferenceReceipt: [
    { name: 'requestHash', type: 'bytes32' },
    { name: 'outputCommitment', type: 'bytes32' },
    { name: 'inputTokens', type: 'uint32' },
    { name: 'outputTokens', type: 'uint32' },
    { name: 'queryRowHash', type: 'bytes32' },
    { name: 'method', type: 'uint8' },
    { name: 'profileHash', type: 'bytes32' },
  ],
} as const

/** A version without corpus and passages. */
export const WITHOUT_TREES = {
  corpusRoot: ZERO_HASH,
  corpusChunks: 0,
  passagesRoot: ZERO_HASH,
  passages: 0,
  passageDims: 0,
} as const

interface DatanetVersion {
  readonly datanetId: bigint
  readonly version: number
}

function only(fields: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)))
}

export class World {
  readonly parameters: PrecompileParameters
  readonly chain: MemoryChain
  readonly datanets: Contract<typeof iDatanetRegistryAbi>
  readonly adapters: Contract<typeof iAdapterRegistryAbi>
  readonly attribution: Contract<typeof iProofOfAttributionAbi>
  readonly profileHash = testHash('profile')

  constructor(parameters: PrecompileParameters = testParameters) {
    this.parameters = parameters
    const registry = nativePrecompiles(parameters)
    const modules = registry.addresses.flatMap((address) => registry.at(address, 0n) ?? [])
    this.chain = new MemoryChain(modules, parameters.stakingAddress)
    this.datanets = new Contract(this.chain, DATANET_ADDRESS, iDatanetRegistryAbi)
    this.adapters = new Contract(this.chain, ADAPTER_ADDRESS, iAdapterRegistryAbi)
    this.attribution = new Contract(this.chain, ATTRIBUTION_ADDRESS, iProofOfAttributionAbi)
    for (let n = 0; n < 40; n++) this.chain.fund(account(n).address, 1_000_000n * OPEN)
  }

  get domain() {
    return {
      name: 'OpenLedger',
      version: '1',
      chainId: 161212,
      verifyingContract: ATTRIBUTION_ADDRESS,
    } as const
  }

  createDatanet(owner: Account, options: { policy?: number; terms?: Partial<DatanetTerms> } = {}): bigint {
    const { policy = 1, terms = {} } = options
    const args = ['Weaknesses', 0, policy, 'CC0-1.0', 'bafymeta', datanetTerms(terms)]
    return this.datanets.send('createDatanet', args, { from: owner.address }).value
  }

  commitmentOf(datanetId: bigint, spec: ContributionSpec): Hash {
    return contributionCommitmentOf(datanetId, spec)
  }

  commit(datanetId: bigint, spec: ContributionSpec, valueWei = OPEN): bigint {
    const options = { from: spec.by.address, valueWei }
    return this.datanets.send('commitContribution', [datanetId, this.commitmentOf(datanetId, spec)], options)
      .value
  }

  reveal(contributionId: bigint, spec: ContributionSpec): void {
    this.datanets.send('revealContribution', this.revealArgs(contributionId, spec), { from: spec.by.address })
  }

  revealArgs(contributionId: bigint, spec: ContributionSpec): readonly unknown[] {
    return [contributionId, claimOf(spec)]
  }

  /** Commits, reveals and orders contributions; returns their ids. */
  contribute(datanetId: bigint, specs: readonly ContributionSpec[]): bigint[] {
    const ids = specs.map((spec) => this.commit(datanetId, spec))
    this.chain.advance(this.parameters.revealMinBlocks)
    ids.forEach((id, index) => {
      this.reveal(id, specs[index]!)
    })
    for (let done = 0; done < ids.length; ) {
      const step = this.datanets.send('settleOrder', [datanetId, 16], { from: account(0).address }).value
      if (step === 0) break
      done += step
    }
    return ids
  }

  report(spec: ContributionSpec, qualityBps = 8000, reason = 0) {
    const { contentRoot, recordCount, byteCount, minhash } = spec
    return { qualityBps, reason, contentRoot, recordCount, byteCount, minhashHash: keccakHex(minhash) }
  }

  scoreCommitment(scorer: Account, ids: readonly bigint[], reports: readonly unknown[], salt: Hash): Hash {
    const reveal = iDatanetRegistryAbi.find(
      (item) => item.type === 'function' && item.name === 'revealScores',
    )
    const inputs = [{ name: 'scorer', type: 'address' }, ...(reveal?.inputs ?? [])]
    return viemKeccak(encodeAbiParameters(inputs as never, [scorer.address, ids, reports, salt] as never))
  }

  /** Draws the panels of contributions that wait for one; returns the statuses. */
  draw(ids: readonly bigint[]): number[] {
    this.chain.advance()
    return [...this.datanets.send('drawScorers', [ids], { from: account(0).address }).value]
  }

  /** Waits for the end of the challenge period and releases bonds and bounties; returns how many. */
  release(ids: readonly bigint[]): number {
    this.chain.advance(this.parameters.contributionChallengeBlocks + 1)
    return this.datanets.send('releaseContributions', [ids], { from: account(0).address }).value
  }

  /** Scores and resolves contributions by scorers that each say what `reports` has for them. */
  score(
    ids: readonly bigint[],
    scorers: readonly Account[],
    reportsOf: (scorer: number) => readonly unknown[],
  ): number[] {
    const salt = testHash('score salt')
    scorers.forEach((scorer, index) => {
      const commitment = this.scoreCommitment(scorer, ids, reportsOf(index), salt)
      this.datanets.send('commitScores', [ids, commitment], { from: scorer.address })
    })
    scorers.forEach((scorer, index) => {
      this.datanets.send('revealScores', [ids, reportsOf(index), salt], { from: scorer.address })
    })
    return [...this.datanets.send('resolve', [ids], { from: account(0).address }).value]
  }

  /** A curated Datanet with one frozen version of these contributions, all accepted. */
  frozenDatanet(owner: Account, scorer: Account, specs: readonly ContributionSpec[]): bigint {
    const datanetId = this.createDatanet(owner)
    this.datanets.send('appointScorer', [datanetId, scorer.address], { from: owner.address })
    const ids: bigint[] = []
    for (let at = 0; at < specs.length; at += 16) {
      const part = specs.slice(at, at + 16)
      const partIds = this.contribute(datanetId, part)
      this.score(partIds, [scorer], () => part.map((spec) => this.report(spec)))
      ids.push(...partIds)
    }
    this.chain.advance(this.parameters.contributionChallengeBlocks + 1)
    this.datanets.send('freezeVersion', [datanetId, 512], { from: owner.address })
    return datanetId
  }

  registerBaseModel(by: Account, name = 'encoder'): bigint {
    const args = [testHash(`${name} onnx`), testHash('tokenizer'), this.profileHash, name, 'bafymodel']
    return this.adapters.send('registerBaseModel', args, { from: by.address }).value
  }

  versionDraft(datanets: readonly DatanetVersion[], overrides: Record<string, unknown> = {}) {
    const draft = {
      datanets,
      weightsHash: testHash('weights'),
      configHash: testHash('config'),
      manifestHash: testHash('manifest'),
      rank: 4,
      alpha: 8,
      targetsHash: testHash('targets'),
      k: 16,
      projectionSeed: testHash('seed'),
      ...WITHOUT_TREES,
    }
    return { ...draft, ...only(overrides, Object.keys(draft)) }
  }

  /** `overrides` are of the adapter and of its first version. */
  draft(
    baseModelId: bigint,
    datanets: readonly DatanetVersion[],
    overrides: Record<string, unknown> = {},
  ): Record<string, unknown> {
    const draft = {
      baseModelId,
      price: { baseWei: OPEN / 100n, perThousandInputWei: OPEN / 50n, perThousandOutputWei: OPEN / 25n },
      parents: [],
      licence: 'Apache-2.0',
      metadataCid: 'bafyadapter',
    }
    const version = this.versionDraft(datanets, overrides)
    return { ...draft, ...only(overrides, Object.keys(draft)), version }
  }

  /** Writes all rows of a draft and publishes it. */
  publishRows(adapterId: bigint, owner: Account, rows: readonly Uint8Array[]): void {
    const perChunk = Math.floor(24_575 / (rows[0]?.length ?? 1))
    for (let at = 0; at < rows.length; at += perChunk) {
      const chunk = bytesToHex(concatBytes(...rows.slice(at, at + perChunk)))
      this.adapters.send('appendRows', [adapterId, at, chunk], { from: owner.address })
    }
    this.adapters.send('publish', [adapterId, bytesToHex(rfc6962(rows))], { from: owner.address })
  }

  /** Drafts and publishes the next version; returns its number and the block from which it is current. */
  nextVersion(
    adapterId: bigint,
    owner: Account,
    datanetIds: readonly bigint[],
    rows: readonly Uint8Array[],
    overrides: Record<string, unknown> = {},
  ): { version: number; activeFromBlock: number } {
    const datanets = datanetIds.map((datanetId) => ({ datanetId, version: 1 }))
    const args = [adapterId, this.versionDraft(datanets, overrides)]
    const version = this.adapters.send('newVersion', args, { from: owner.address }).value
    this.publishRows(adapterId, owner, rows)
    const { activeFromBlock } = this.adapters.read('getVersion', [adapterId, version])
    return { version, activeFromBlock }
  }

  /** An active adapter on one version of each Datanet. */
  activeAdapter(
    owner: Account,
    baseModelId: bigint,
    datanetIds: readonly bigint[],
    rows: readonly Uint8Array[],
    overrides = {},
  ): bigint {
    const datanets = datanetIds.map((datanetId) => ({ datanetId, version: 1 }))
    const draft = this.draft(baseModelId, datanets, overrides)
    const adapterId = this.adapters.send('createAdapter', [draft], {
      from: owner.address,
      valueWei: OPEN,
    }).value
    this.publishRows(adapterId, owner, rows)
    this.chain.advance(this.parameters.challengeWindowBlocks)
    return adapterId
  }

  makeReceipt(terms: Terms): MadeReceipt {
    const message = {
      requester: terms.requester.address,
      host: terms.host.address,
      adapterId: terms.adapterId,
      adapterVersion: terms.adapterVersion ?? 1,
      application: terms.application ?? ZERO_ADDRESS,
      inputCommitment: testHash(`input ${terms.nonce}`),
      maxFeeWei: terms.maxFeeWei ?? OPEN,
      nonce: terms.nonce,
      deadlineBlock: terms.deadlineBlock ?? this.chain.number + 10n,
      auditClass: terms.auditClass ?? 0,
      genesisHash: terms.genesisHash ?? this.chain.genesisHash,
    }
    const receiptId = hashTypedData({
      domain: this.domain,
      types: requestTypes,
      primaryType: 'InferenceRequest',
      message,
    })
    const answer = {
      outputCommitment: testHash(`output ${terms.nonce}`),
      inputTokens: terms.inputTokens ?? 500,
      outputTokens: terms.outputTokens ?? 250,
      method: terms.method ?? 0,
      profileHash: terms.profileHash,
    }
    const queryRowHash = keccakHex(terms.queryRow)
    const typed = {
      domain: this.domain,
      types: receiptTypes,
      primaryType: 'InferenceReceipt' as const,
      message: { ...answer, requestHash: receiptId, queryRowHash },
    }
    return {
      receiptId,
      queryRowHash,
      receiptHash: structHashOfReceipt({ ...answer, requestHash: receiptId, queryRowHash }),
      signed: {
        request: message,
        ...answer,
        queryRow: bytesToHex(terms.queryRow),
        requesterSignature: signHex(receiptId, terms.requester),
        hostSignature: signHex(hashTypedData(typed), terms.signer ?? terms.host),
      },
    }
  }

  settle(receipts: readonly MadeReceipt[], by: Account): number[] {
    const signed = receipts.map((receipt) => receipt.signed)
    return [...this.attribution.send('settle', [signed, 0n], { from: by.address }).value]
  }

  /** What finalize wants to know, from the event of settlement. */
  factsOf(receiptId: Hash) {
    for (const { name, args } of this.attribution.history()) {
      if (name !== 'ReceiptSettled' || args.receiptId !== receiptId) continue
      const { requester, application, settlerWei, queryRowHash, receiptHash } = args
      return { receiptId, requester, application, settlerWei, queryRowHash, receiptHash }
    }
    throw new Error(`${receiptId} is not settled`)
  }
}

export function signHex(digest: Hash, by: Account): Hex {
  const signature = sign(hexToBytes(digest), by.key)
  signature[64] = (signature[64] ?? 0) + 27
  return bytesToHex(signature)
}

function structHashOfReceipt(answer: Record<string, unknown>): Hash {
  const type = receiptTypes.InferenceReceipt
  const typeHash = testHash(
    `InferenceReceipt(${type.map((field) => `${field.type} ${field.name}`).join(',')})`,
  )
  const values = type.map((field) => answer[field.name])
  return viemKeccak(
    encodeAbiParameters([{ type: 'bytes32' }, ...type] as never, [typeHash, ...values] as never),
  )
}

/** The Merkle tree hash of RFC 6962 with keccak256, straight from its recursive definition. */
export function rfc6962(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves
  if (only === undefined) return keccak256(new Uint8Array(0))
  if (leaves.length === 1) return keccak256(concatBytes(Uint8Array.of(0), only))
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return keccak256(
    concatBytes(Uint8Array.of(1), rfc6962(leaves.slice(0, split)), rfc6962(leaves.slice(split))),
  )
}

/** A valid row: uint32 scale and k int8, the first of them 127 so that the form is canonical. */
export function makeRow(k: number, seed: number, scale = 1_000_000 + seed): Uint8Array {
  const next = numbers(seed + 77)
  const bytes = new Uint8Array(4 + k)
  new DataView(bytes.buffer).setUint32(0, scale)
  const values = new Int8Array(bytes.buffer, 4)
  for (let index = 0; index < k; index++) values[index] = (next() % 255) - 127
  values[seed % k] = seed % 2 === 0 ? 127 : -127
  return bytes
}

/** A valid query row: k int8 within the bound on its norm. */
export function makeQuery(k: number, seed: number): Uint8Array {
  const next = numbers(seed + 991)
  return Uint8Array.from(Int8Array.from({ length: k }, () => (next() % 101) - 50))
}
