import { type Block, createBlock } from '@ethereumjs/block'
import { createAddressFromString } from '@ethereumjs/util'
import { type Abi, decodeErrorResult, decodeFunctionResult, encodeFunctionData } from 'viem'
import { slashingAbi } from '../../contracts/generated/Slashing.ts'
import { stakingAbi } from '../../contracts/generated/Staking.ts'
import { predeploys, SYSTEM_ADDRESS } from '../../src/chainspec/addresses.ts'
import { type ChainSpec, createChainSpec } from '../../src/chainspec/chainSpec.ts'
import { type GenesisInput, parseGenesis } from '../../src/chainspec/schema.ts'
import { loadStandardPrecompiles } from '../../src/execution/crypto/standardPrecompiles.ts'
import { NativeEvm } from '../../src/execution/evm/nativeEvm.ts'
import { constructAlloc, createGenesisState } from '../../src/execution/genesis.ts'
import { readMembers, readRandomnessTip, type StakingMember } from '../../src/execution/stakingView.ts'
import { proposalDigest, type UnsignedProposal, type VoteType, voteDigest } from '../../src/ledger/vote.ts'
import { bigIntToBytes, bytesToBigInt, concatBytes, utf8ToBytes } from '../../src/primitives/bytes.ts'
import {
  type Address,
  bytesToHex,
  type Hash,
  type Hex,
  hexToBytes,
  ZERO_HASH,
} from '../../src/primitives/hex.ts'
import { EMPTY_CODE_HASH, keccak256, keccakHex } from '../../src/primitives/keccak.ts'
import { privateKeyToAddress, sign } from '../../src/primitives/secp256k1.ts'
import { EthereumjsStateManager } from '../../src/state/ethereumjsStateManager.ts'
import { OverlayState } from '../../src/state/overlayState.ts'
import { StateJournal } from '../../src/state/stateJournal.ts'
import type { StateReader } from '../../src/state/types.ts'
import { devnetGenesis } from './chain.ts'

export const OPEN = 10n ** 18n
export const MINIMUM = 100n * OPEN
export const EPOCH = 10
export const GENESIS_HASH: Hash = `0x${'6e'.repeat(32)}`
export const ATTRIBUTION: Address = '0x0000000000000000000000000000000016120003'

const standard = await loadStandardPrecompiles()

/** Keys and addresses of person `index`, who may be a validator. */
export interface Person {
  readonly operator: Address
  readonly feeRecipient: Address
}

const key = (name: string) => keccak256(utf8ToBytes(name))
export const addressFor = (name: string): Address => privateKeyToAddress(key(name))
export const person = (index: number): Person => ({
  operator: addressFor(`operator ${index}`),
  feeRecipient: addressFor(`fees ${index}`),
})
/** The n-th consensus key of a person. */
export const keyName = (index: number, n = 0) => `consensus ${index} ${n}`
/** A hash chain that is one hash longer than any test here: value 0 is its end. */
const CHAIN = 400
const chains = new Map<string, readonly Hash[]>()
function chainOf(name: string): readonly Hash[] {
  let values = chains.get(name)
  if (values === undefined) {
    const made: Hash[] = [keccakHex(utf8ToBytes(name))]
    for (let i = 0; i < CHAIN; i++) made.push(keccakHex(hexToBytes(made[i] ?? ZERO_HASH)))
    values = made
    chains.set(name, values)
  }
  return values
}
export const tipOf = (name: string): Hash => chainOf(name)[CHAIN] ?? ZERO_HASH
const preimages = new Map<Hash, Hash>()
function remember(name: string): Hash {
  const values = chainOf(name)
  for (let i = 1; i < values.length; i++) preimages.set(values[i] ?? ZERO_HASH, values[i - 1] ?? ZERO_HASH)
  return tipOf(name)
}

export interface WorldOptions {
  readonly staking?: Partial<GenesisInput['staking']>
  readonly epochBlocks?: number
  /** Stakes of the genesis validators, in OPEN. */
  readonly stakes?: readonly number[]
}

const emptyState: StateReader = { account: () => undefined, storage: () => 0n, code: () => new Uint8Array() }
interface Start {
  readonly spec: ChainSpec
  readonly state: StateReader
}
const starts = new Map<string, Promise<Start>>()

async function construct(options: WorldOptions): Promise<Start> {
  const base = devnetGenesis()
  const stakes = options.stakes ?? [100, 100, 100, 100]
  const json: GenesisInput = {
    ...base,
    accounts: {},
    alloc: {},
    consensus: { ...base.consensus, epochBlocks: options.epochBlocks ?? EPOCH },
    staking: {
      ...base.staking,
      minimumStakeWei: MINIMUM.toString(),
      unbondingBlocks: 30,
      downtimeWindowBlocks: 20,
      downtimeShareBps: 5000,
      jailBlocks: 15,
      ...options.staking,
    },
    validators: stakes.map((open, index) => ({
      ...person(index),
      consensusKey: addressFor(keyName(index)),
      randomnessTip: remember(`chain ${index} 0`),
      stakeWei: (BigInt(open) * OPEN).toString(),
    })),
  }
  const genesis = parseGenesis(json, 'test')
  const spec = createChainSpec(parseGenesis({ ...json, alloc: await constructAlloc(genesis) }, 'test'))
  const { state } = await createGenesisState(spec)
  return { spec, state: new OverlayState(emptyState, state.diff) }
}

export interface Outcome {
  /** The custom error's name, 'revert' for one without a name; undefined when the call succeeded. */
  readonly error: string | undefined
  readonly output: Hex
  readonly gasUsed: bigint
}

export interface CallOptions {
  readonly valueWei?: bigint
  readonly to?: Address
  readonly gas?: bigint
}

/** The staking predeploys on the node's EVM, from a genesis of small numbers, without transactions and their fees. */
export class StakingWorld {
  readonly spec: ChainSpec
  readonly journal: StateJournal
  readonly #evm: NativeEvm
  block: Block

  private constructor(start: Start) {
    this.spec = start.spec
    this.journal = new StateJournal(start.state)
    // a copy: every EVM leaves a listener with its Common
    const common = start.spec.common.copy()
    this.#evm = new NativeEvm(
      { common, standard, precompiles: [], genesisHash: GENESIS_HASH, blockHashOf: () => GENESIS_HASH },
      { state: new EthereumjsStateManager(this.journal) },
    )
    this.block = this.#blockAt(0n, person(0).feeRecipient)
  }

  static async open(options: WorldOptions = {}): Promise<StakingWorld> {
    const id = JSON.stringify(options)
    const start = starts.get(id) ?? construct(options)
    starts.set(id, start)
    return new StakingWorld(await start)
  }

  get height(): number {
    return Number(this.block.header.number)
  }

  get members(): StakingMember[] {
    return readMembers(this.journal)
  }

  balance(address: Address): bigint {
    return this.journal.account(address)?.balanceWei ?? 0n
  }

  give(address: Address, balanceWei: bigint): void {
    const account = this.journal.account(address) ?? { nonce: 0n, balanceWei: 0n, codeHash: EMPTY_CODE_HASH }
    this.journal.setAccount(address, { ...account, balanceWei })
  }

  setCode(address: Address, code: Hex): void {
    this.give(address, this.balance(address))
    this.journal.setCode(address, hexToBytes(code))
  }

  #blockAt(number: bigint, coinbase: Address): Block {
    const header = {
      number,
      timestamp: 1_800_000_000n + number,
      gasLimit: 30_000_000n,
      baseFeePerGas: 0n,
      coinbase: createAddressFromString(coinbase),
      mixHash: bigIntToBytes(number + 1n, 32),
      parentBeaconBlockRoot: new Uint8Array(32),
      excessBlobGas: 0n,
      blobGasUsed: 0n,
      requestsHash: new Uint8Array(32),
    }
    return createBlock(
      { header, withdrawals: [] },
      { common: this.spec.common, freeze: false, skipConsensusFormatValidation: true },
    )
  }

  async #run(from: Address, to: Address, data: Hex, options: CallOptions): Promise<Outcome> {
    this.journal.beginTransaction()
    const { execResult } = await this.#evm.runCall({
      block: this.block,
      caller: createAddressFromString(from),
      to: createAddressFromString(to),
      data: hexToBytes(data) as Uint8Array<ArrayBuffer>,
      value: options.valueWei ?? 0n,
      gasLimit: options.gas ?? 16_000_000n,
      skipNonceIncrement: true,
    })
    await this.#evm.journal.cleanup()
    const output = bytesToHex(execResult.returnValue)
    const error = execResult.exceptionError === undefined ? undefined : errorName(output)
    return { error, output, gasUsed: execResult.executionGasUsed }
  }

  /** A call of a method of Staking (or of Slashing, for its own). */
  async call(from: Address, method: string, args: readonly unknown[] = [], options: CallOptions = {}) {
    const { abi, address } = contractOf(method)
    const data = encodeFunctionData({ abi, functionName: method, args })
    return this.#run(from, options.to ?? address, data, options)
  }

  /** Plain wei, without data. */
  pay(from: Address, to: Address, valueWei: bigint): Promise<Outcome> {
    this.give(from, valueWei)
    return this.#run(from, to, '0x', { valueWei })
  }

  /** As `call`, for one that must succeed. */
  async must(from: Address, method: string, args: readonly unknown[] = [], options: CallOptions = {}) {
    const outcome = await this.call(from, method, args, options)
    if (outcome.error !== undefined) throw new Error(`${method} failed: ${outcome.error}`)
    return outcome
  }

  async view<T>(method: string, args: readonly unknown[] = []): Promise<T> {
    const { output } = await this.must(SYSTEM_ADDRESS, method, args)
    return decodeFunctionResult({ abi: contractOf(method).abi, functionName: method, data: output }) as T
  }

  // ---- blocks ----

  /** Opens the next block: its builder reveals, and the parent's certificate lacks `absent` operators. */
  async start(absent: readonly Address[] = [], builder?: Address): Promise<Outcome> {
    const parentSet = this.#parentSet ?? []
    const set = this.members
    const operator = builder ?? set[0]?.operator ?? person(0).operator
    const member = set.find((one) => one.operator === operator)
    const signers = new Uint8Array(Math.ceil(parentSet.length / 8))
    parentSet.forEach((one, index) => {
      if (!absent.includes(one.operator))
        signers[index >> 3] = (signers[index >> 3] ?? 0) | (1 << (index & 7))
    })
    this.block = this.#blockAt(BigInt(this.height) + 1n, member?.feeRecipient ?? person(0).feeRecipient)
    const reveal = preimages.get(readRandomnessTip(this.journal, operator)) ?? ZERO_HASH
    this.#parentSet = set
    return this.call(SYSTEM_ADDRESS, 'onBlockStart', [bytesToHex(signers), reveal], { gas: 30_000_000n })
  }
  #parentSet: StakingMember[] | undefined

  /** Closes the open block; writes the next set when it is an epoch's last. */
  async finish(): Promise<Outcome | undefined> {
    if (this.height % this.spec.genesis.consensus.epochBlocks !== 0) return undefined
    return this.call(SYSTEM_ADDRESS, 'onEpochEnd', [], { gas: 30_000_000n })
  }

  /** Whole blocks, and the start of the one after them. */
  async blocks(count: number, absent: readonly Address[] = []): Promise<void> {
    for (let i = 0; i < count; i++) {
      if (this.height > 0) succeeded(await this.finish())
      succeeded(await this.start(absent))
    }
  }

  /** To the first block of the next epoch. */
  async nextEpoch(absent: readonly Address[] = []): Promise<void> {
    const epoch = this.spec.genesis.consensus.epochBlocks
    const end = Math.max(1, Math.ceil(this.height / epoch)) * epoch
    await this.blocks(end + 1 - this.height, absent)
  }

  /** To block `height`, started. */
  async to(height: number): Promise<void> {
    await this.blocks(height - this.height)
  }

  // ---- validators ----

  keyProof(name: string, operator: Address): Hex {
    const word = (hex: Hex) => bigIntToBytes(BigInt(hex), 32)
    const digest = keccak256(
      concatBytes(
        keccak256(utf8ToBytes('openledger.staking.join.v1')),
        bigIntToBytes(this.spec.chainId, 32),
        word(predeploys.staking),
        word(operator),
      ),
    )
    return bytesToHex(recoverable(digest, name))
  }

  /** Joins as person `index`, with the n-th consensus key and hash chain. */
  async join(index: number, open: bigint, n = 0): Promise<Outcome> {
    const { operator, feeRecipient } = person(index)
    const valueWei = open * OPEN
    if (this.balance(operator) < valueWei) this.give(operator, valueWei)
    const name = keyName(index, n)
    const tip = remember(`chain ${index} ${n}`)
    const args = [addressFor(name), feeRecipient, tip, this.keyProof(name, operator)]
    return this.call(operator, 'join', args, { valueWei })
  }

  async rotate(index: number, n: number): Promise<Outcome> {
    const { operator } = person(index)
    const name = keyName(index, n)
    return this.call(operator, 'rotateConsensusKey', [addressFor(name), this.keyProof(name, operator)])
  }

  newTip(index: number, n: number): Hash {
    return remember(`chain ${index} ${n}`)
  }

  get #domain() {
    return { genesisHash: GENESIS_HASH, chainId: this.spec.chainId }
  }

  vote(name: string, height: number, blockHash: Hash | null, type: VoteType = 'precommit') {
    const unsigned = { type, height, round: 0, blockHash, validator: addressFor(name) }
    const kind = type === 'prevote' ? 1 : 2
    return message({ ...unsigned, kind, validRound: -1 }, voteDigest(this.#domain, unsigned), name)
  }

  proposal(name: string, height: number, blockHash: Hash, validRound: number) {
    const unsigned: UnsignedProposal = { height, round: 1, validRound, blockHash, proposer: addressFor(name) }
    return message({ ...unsigned, kind: 0 }, proposalDigest(this.#domain, unsigned), name)
  }

  /** Two precommits of a key for one height. */
  doubleSign(name: string, height: number) {
    return [
      this.vote(name, height, `0x${'aa'.repeat(32)}`),
      this.vote(name, height, `0x${'bb'.repeat(32)}`),
    ] as const
  }
}

function recoverable(digest: Uint8Array, name: string): Uint8Array {
  const signature = sign(digest, key(name))
  signature[64] = 27 + (signature[64] ?? 0)
  return signature
}

interface Content {
  readonly kind: number
  readonly height: number
  readonly round: number
  readonly blockHash: Hash | null
  readonly validRound: number
}

function message({ kind, height, round, blockHash, validRound }: Content, digest: Uint8Array, name: string) {
  const signature = recoverable(digest, name)
  return {
    kind,
    height: BigInt(height),
    round: BigInt(round),
    blockHash: blockHash ?? ZERO_HASH,
    validRound: validRound < 0 ? 2n ** 256n - 1n : BigInt(validRound),
    r: bytesToHex(signature.subarray(0, 32)),
    s: bytesToHex(signature.subarray(32, 64)),
    v: signature[64] ?? 0,
  }
}

function contractOf(method: string): { abi: Abi; address: Address } {
  const ofSlashing = slashingAbi.some((entry) => entry.type === 'function' && entry.name === method)
  return ofSlashing
    ? { abi: slashingAbi, address: predeploys.slashing }
    : { abi: stakingAbi, address: predeploys.staking }
}

function errorName(output: Hex): string {
  if (output.length < 10) return 'revert'
  try {
    return decodeErrorResult({ abi: [...stakingAbi, ...slashingAbi], data: output }).errorName
  } catch {
    return 'revert'
  }
}

function succeeded(outcome: Outcome | undefined): void {
  if (outcome?.error !== undefined) throw new Error(`A system call failed: ${outcome.error}`)
}

/** The value of a storage slot of Staking. */
export function stakingSlot(world: StakingWorld, slot: bigint): bigint {
  return world.journal.storage(predeploys.staking, bytesToHex(bigIntToBytes(slot, 32)))
}

export const slotOfKey = (address: Address, mapping: bigint): bigint =>
  bytesToBigInt(keccak256(concatBytes(new Uint8Array(12), hexToBytes(address), bigIntToBytes(mapping, 32))))
