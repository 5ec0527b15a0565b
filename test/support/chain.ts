import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createFeeMarket1559Tx, type TypedTransaction } from '@ethereumjs/tx'
import type { NativePrecompile } from '../../precompiles/host.ts'
import { PrecompileRegistry } from '../../precompiles/registry.ts'
import { createChainSpec } from '../../src/chainspec/chainSpec.ts'
import { type GenesisInput, parseGenesis } from '../../src/chainspec/schema.ts'
import { Chain } from '../../src/execution/chain.ts'
import type { StandardPrecompile } from '../../src/execution/crypto/standardPrecompile.ts'
import type { Candidate } from '../../src/execution/executor.ts'
import type { OfferedTransaction } from '../../src/execution/ports.ts'
import { readRandomnessTip } from '../../src/execution/stakingView.ts'
import { type Certificate, makeCertificate } from '../../src/ledger/certificate.ts'
import type { UnsignedVote } from '../../src/ledger/vote.ts'
import { voteDigest } from '../../src/ledger/vote.ts'
import { type DevnetKey, devnetAccounts, devnetValidator } from '../../src/node/devnet/keys.ts'
import { precompilesOf } from '../../src/node/precompiles.ts'
import { RevealChain } from '../../src/node/revealChain.ts'
import { type Address, bytesToHex, type Hex, hexToBytes } from '../../src/primitives/hex.ts'
import { sign } from '../../src/primitives/secp256k1.ts'
import { type Logger, silentLogger } from '../../src/runtime/logger.ts'
import type { StateKeeping } from '../../src/state/pruneProgress.ts'
import type { KvStore } from '../../src/storage/kv.ts'
import { MemoryStore } from '../../src/storage/memoryStore.ts'

export const VALIDATORS = 4
const root = join(import.meta.dirname, '..', '..')

export function devnetGenesis(): GenesisInput {
  return JSON.parse(readFileSync(join(root, 'genesis', 'devnet.json'), 'utf8')) as GenesisInput
}

export interface TestChainOptions {
  readonly genesis?: GenesisInput
  /** In place of those of the genesis file, all from the first block on. */
  readonly precompiles?: readonly NativePrecompile[]
  /** What the genesis file's schedule may name, in place of the three of this node. */
  readonly available?: readonly NativePrecompile[]
  readonly kv?: KvStore
  readonly keeping?: Partial<StateKeeping>
  /** In place of the node's own implementations of Ethereum's precompiles. */
  readonly standard?: readonly StandardPrecompile[]
  readonly logger?: Logger
}

const reveals = new Map<number, RevealChain>()
/** The hash chain of a validator; made once, for it takes a while. */
export function revealChain(validator: number): RevealChain {
  const known = reveals.get(validator) ?? new RevealChain(hexToBytes(devnetValidator(validator).revealSeed))
  reveals.set(validator, known)
  return known
}

/** What a validator reveals in its next block. */
export function revealOf(test: TestChain, validator: number, operator: Address): Uint8Array {
  return revealChain(validator).revealFor(readRandomnessTip(test.chain.head.state, operator))
}

/** The transaction as a pool offers it to a builder. */
export function offered(tx: TypedTransaction): OfferedTransaction {
  return { hash: bytesToHex(tx.hash()), bytes: tx.serialize(), senderKey: tx.getSenderPublicKey() }
}

/** A chain of the devnet's genesis in memory, whose blocks are decided by its four validators without a network. */
export class TestChain {
  readonly chain: Chain
  readonly #nonces = new Map<Address, bigint>()

  private constructor(chain: Chain) {
    this.chain = chain
  }

  static async open(options: TestChainOptions = {}): Promise<TestChain> {
    const spec = createChainSpec(parseGenesis(options.genesis ?? devnetGenesis(), 'test'))
    const precompiles =
      options.precompiles === undefined
        ? precompilesOf(spec, options.available)
        : new PrecompileRegistry(options.precompiles.map((precompile) => ({ fromTimestamp: 0n, precompile })))
    const chain = await Chain.open(
      { spec, precompiles, keeping: options.keeping ?? {} },
      {
        kv: options.kv ?? new MemoryStore(),
        logger: options.logger ?? silentLogger,
        ...(options.standard === undefined ? {} : { standard: options.standard }),
      },
    )
    return new TestChain(chain)
  }

  /** A signed transaction of one of the known accounts, with the next nonce. */
  transaction(
    from: DevnetKey,
    fields: { to?: Address; data?: Hex; value?: bigint; gasLimit?: bigint; nonce?: bigint },
  ): TypedTransaction {
    const state = this.chain.head.state
    const nonce = fields.nonce ?? this.#nonces.get(from.address) ?? state.account(from.address)?.nonce ?? 0n
    this.#nonces.set(from.address, nonce + 1n)
    return createFeeMarket1559Tx(
      {
        chainId: this.chain.spec.chainId,
        nonce,
        gasLimit: fields.gasLimit ?? 1_000_000n,
        ...(fields.to === undefined ? {} : { to: fields.to }),
        data: fields.data ?? '0x',
        value: fields.value ?? 0n,
        maxFeePerGas: 10n ** 11n,
        maxPriorityFeePerGas: 10n ** 9n,
      },
      { common: this.chain.spec.common },
    ).sign(hexToBytes(from.privateKey))
  }

  /** Transactions of this account that were made and not mined are lost: the next one takes the chain's nonce. */
  forgetNonces(address: Address): void {
    this.#nonces.delete(address)
  }

  async build(transactions: readonly TypedTransaction[], proposer = 0): Promise<Candidate> {
    const { operator, feeRecipient } = devnetValidator(proposer)
    const head = this.chain.head
    const pending = [...transactions]
    return await this.chain.build({
      feeRecipient: feeRecipient.address,
      reveal: revealChain(proposer).revealFor(readRandomnessTip(head.state, operator.address)),
      timestamp: head.block.header.timestamp + 1n,
      transactions: { next: () => pending.shift(), skip: () => undefined },
      isTimeUp: () => false,
    })
  }

  certificate(candidate: Candidate, signers: readonly number[] = [0, 1, 2]): Certificate {
    const votes = signers.map((index) => {
      const { consensus } = devnetValidator(index)
      const vote: UnsignedVote = {
        type: 'precommit',
        height: this.chain.head.height + 1,
        round: 0,
        blockHash: candidate.blockHash,
        validator: consensus.address,
      }
      const digest = voteDigest(this.chain.signingDomain, vote)
      return { ...vote, signature: sign(digest, hexToBytes(consensus.privateKey)) }
    })
    return makeCertificate(this.chain.head.nextSet, votes)
  }

  /** Builds and decides one block; returns its candidate. */
  async mine(transactions: readonly TypedTransaction[] = [], proposer = 0): Promise<Candidate> {
    const candidate = await this.build(transactions, proposer)
    await this.chain.commit(candidate.envelope, this.certificate(candidate))
    return candidate
  }

  async mineEmpty(blocks: number): Promise<void> {
    for (let i = 0; i < blocks; i++) await this.mine([], i % VALIDATORS)
  }
}

export const accounts: readonly DevnetKey[] = devnetAccounts()

/** One of the ten known accounts. */
export function account(index: number): DevnetKey {
  const key = accounts[index]
  if (key === undefined) throw new Error(`there are ${accounts.length} accounts`)
  return key
}
