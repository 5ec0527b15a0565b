import type {
  BuiltValue,
  ConsensusApp,
  DecidedBlock,
  HeightContext,
  ValidationRequest,
} from '../consensus/ports.ts'
import { type Priorities, proposerAt } from '../consensus/proposer.ts'
import { isNodeError, NodeError } from '../errors/errors.ts'
import type { ChainHead, ChainView } from '../execution/chainView.ts'
import type { ExecutionPort, OfferedTransaction } from '../execution/ports.ts'
import { readMembers, readRandomnessTip } from '../execution/stakingView.ts'
import { type Block, blockHashOf, decodeEnvelopeBlock } from '../ledger/block.ts'
import type { Certificate } from '../ledger/certificate.ts'
import { encodeEnvelope } from '../ledger/envelope.ts'
import { type Address, bytesToHex, type Hash } from '../primitives/hex.ts'
import { keccakHex } from '../primitives/keccak.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import { isStateFailure } from '../state/stateFailure.ts'
import type { KvReader } from '../storage/kv.ts'
import { readPriorities } from './execution/priorities.ts'
import type { RevealChain } from './revealChain.ts'

/** What a validator builds blocks with; absent in a node that only follows. */
export interface BuilderIdentity {
  /** Address of the consensus key. */
  readonly validator: Address
  readonly operator: Address
  readonly reveals: RevealChain
}

/** Where the transactions of a block come from. */
export interface TransactionOffers {
  /** The best for the next block, in the order to try; a few more than `most` where that is given. */
  offer(most?: number): readonly OfferedTransaction[]
  /** The transaction makes execution fail by itself: it is offered no more. */
  drop(hash: Hash): void
  /** The transaction took longer than its time: it is offered later, with more time, and after some tries no more. */
  setBack(hash: Hash): void
}

export interface ConsensusAppModules {
  readonly chain: ChainView
  readonly execution: ExecutionPort
  readonly kv: KvReader
  readonly clock: Clock
  readonly logger: Logger
  readonly transactions: TransactionOffers
}

export interface ConsensusAppOptions {
  readonly builder: BuilderIdentity | undefined
  /** Most transactions of a block that this node builds; as many as fit unless given. */
  readonly mostTransactions?: number | undefined
}

type DecodedEnvelope = ReturnType<typeof decodeEnvelopeBlock>

/** The chain as consensus uses it: building, judging and committing envelopes, and proposer priorities. */
export class ChainConsensusApp implements ConsensusApp {
  readonly #options: ConsensusAppOptions
  readonly #modules: ConsensusAppModules
  /** Decoded envelopes by their bytes, which consensus hands in again for each question it has about a proposal. */
  readonly #decoded = new WeakMap<Uint8Array, DecodedEnvelope>()
  #priorities: Priorities

  constructor(options: ConsensusAppOptions, modules: ConsensusAppModules) {
    this.#options = options
    this.#modules = modules
    this.#priorities = readPriorities(modules.kv, modules.chain.head)
  }

  async context(): Promise<HeightContext> {
    const { chain } = this.#modules
    const { head } = chain
    return {
      height: head.height + 1,
      set: head.nextSet,
      priorities: this.#priorities,
      earliestStartMs:
        Number(head.block.header.timestamp) * 1000 + chain.spec.genesis.consensus.blockIntervalMs,
    }
  }

  blockHashOf(envelope: Uint8Array): Hash {
    return blockHashOf(this.#decode(envelope).block)
  }

  async buildValue(
    height: number,
    _round: number,
    parentCertificate: Certificate | null,
    signal: AbortSignal,
  ): Promise<BuiltValue> {
    const { chain, execution, clock, transactions } = this.#modules
    const { builder, mostTransactions } = this.#options
    if (builder === undefined) throw new NodeError('INTERNAL', 'This node does not build blocks.')
    const { head } = chain
    if (head.height + 1 !== height) throw new NodeError('CANCELLED', 'The height was decided meanwhile.')
    const member = head.nextSet.get(builder.validator)
    if (member === undefined) throw new NodeError('INTERNAL', 'This validator is not in the set.')
    const nowSeconds = BigInt(Math.floor(clock.nowMs() / 1000))
    const parentTime = head.block.header.timestamp
    const { blockHash, envelope, faulty, slow } = await execution.build(
      {
        feeRecipient: member.feeRecipient,
        reveal: builder.reveals.revealFor(readRandomnessTip(head.state, builder.operator)),
        timestamp: nowSeconds > parentTime ? nowSeconds : parentTime + 1n,
        parentCertificate,
        transactions: transactions.offer(mostTransactions),
        mostTransactions,
        budgetMs: chain.spec.genesis.builderBudgetMs,
      },
      signal,
    )
    // they would fail, and cost their time, in each block
    for (const hash of faulty) transactions.drop(hash)
    for (const hash of slow) transactions.setBack(hash)
    return { blockHash, envelope }
  }

  async validateValue(bytes: Uint8Array, request: ValidationRequest, signal: AbortSignal): Promise<boolean> {
    const { execution, logger } = this.#modules
    try {
      const { block } = this.#decode(bytes)
      if (request.fresh && !this.#isFresh(block, request.proposer)) return false
      await execution.validate(bytes, signal)
      return true
    } catch (error) {
      if (!isNodeError(error) || error.code === 'CANCELLED' || isStateFailure(error)) throw error
      logger.warn({ height: request.height, round: request.round, reason: error.message }, 'proposal refused')
      return false
    }
  }

  async commit(bytes: Uint8Array, certificate: Certificate): Promise<HeightContext> {
    const { chain, execution, kv } = this.#modules
    if (certificate.blockHash === chain.head.blockHash) return this.context()
    await execution.commit(bytes, certificate)
    this.#priorities = readPriorities(kv, chain.head)
    return this.context()
  }

  /** Who proposes the next block, if the first round decides. */
  nextProposer(): Address {
    return proposerAt(this.#modules.chain.head.nextSet, this.#priorities, 0)
  }

  async decided(height: number): Promise<DecidedBlock | null> {
    return readDecided(this.#modules.chain, height)
  }

  #decode(bytes: Uint8Array): DecodedEnvelope {
    const known = this.#decoded.get(bytes)
    if (known !== undefined) return known
    const decoded = decodeEnvelopeBlock(bytes, this.#modules.chain.spec.common)
    this.#decoded.set(bytes, decoded)
    return decoded
  }

  /** A fresh proposal: built by the round's proposer, at about the time of this node's clock. */
  #isFresh(block: Block, proposer: Address): boolean {
    const { chain, clock } = this.#modules
    const { head } = chain
    if (!isBuiltBy(block, proposer, head)) return false
    const driftMs = Math.abs(Number(block.header.timestamp) * 1000 - clock.nowMs())
    // a chain that made blocks faster than a second apart runs ahead of the clock by that much
    const aheadMs = Math.max(0, (Number(head.block.header.timestamp) + 1) * 1000 - clock.nowMs())
    return driftMs <= chain.spec.genesis.consensus.maxClockDriftMs + aheadMs
  }
}

/** The builder is the member whose fee recipient is the coinbase and whose hash chain the reveal continues. */
function isBuiltBy(block: Block, proposer: Address, head: ChainHead): boolean {
  const member = readMembers(head.state).find((one) => one.address === proposer)
  if (member === undefined || bytesToHex(block.header.coinbase.bytes) !== member.feeRecipient) return false
  return keccakHex(block.header.extraData) === readRandomnessTip(head.state, member.operator)
}

/** A decided block as its envelope and certificate, for peers that are behind. */
export function readDecided(chain: ChainView, height: number): DecidedBlock | null {
  const block = chain.store.blockBytes(height)
  const certificate = chain.store.certificate(height)
  if (block === undefined || certificate === undefined) return null
  const parentCertificate = height === 1 ? null : chain.store.certificate(height - 1)
  if (parentCertificate === undefined) return null
  return { envelope: encodeEnvelope({ block, parentCertificate }), certificate }
}
