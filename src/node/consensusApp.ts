import type {
  BuiltValue,
  ConsensusApp,
  DecidedBlock,
  HeightContext,
  ValidationRequest,
} from '../consensus/ports.ts'
import { initialPriorities, nextPriorities, type Priorities, proposerAt } from '../consensus/proposer.ts'
import { isNodeError, NodeError } from '../errors/errors.ts'
import type { Chain, ChainHead } from '../execution/chain.ts'
import type { TransactionSource } from '../execution/executor.ts'
import { readMembers, readRandomnessTip } from '../execution/stakingView.ts'
import { type Block, blockHashOf, decodeEnvelopeBlock } from '../ledger/block.ts'
import type { Certificate } from '../ledger/certificate.ts'
import { encodeEnvelope } from '../ledger/envelope.ts'
import { bigIntToBytes, bytesToBigInt } from '../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash } from '../primitives/hex.ts'
import { keccakHex } from '../primitives/keccak.ts'
import { asBytes, asInt, asList, decodeRlp, encodeRlp, fromInt } from '../primitives/rlp.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import { isStateFailure } from '../state/stateFailure.ts'
import { metadataKey } from '../storage/keys.ts'
import type { KvOp, KvStore } from '../storage/kv.ts'
import type { RevealChain } from './revealChain.ts'

/** What a validator builds blocks with; absent in a node that only follows. */
export interface BuilderIdentity {
  /** Address of the consensus key. */
  readonly validator: Address
  readonly operator: Address
  readonly reveals: RevealChain
}

export interface ConsensusAppModules {
  readonly chain: Chain
  readonly kv: KvStore
  readonly clock: Clock
  readonly logger: Logger
  readonly transactions: () => TransactionSource
}

type DecodedEnvelope = ReturnType<typeof decodeEnvelopeBlock>

const PRIORITIES_KEY = metadataKey('priorities')

/** The chain as consensus uses it: building, judging and committing envelopes, and proposer priorities. */
export class ChainConsensusApp implements ConsensusApp {
  readonly #builder: BuilderIdentity | undefined
  readonly #modules: ConsensusAppModules
  /** Decoded envelopes by their bytes, which consensus hands in again for each question it has about a proposal. */
  readonly #decoded = new WeakMap<Uint8Array, DecodedEnvelope>()
  #priorities: Priorities

  constructor(options: { builder: BuilderIdentity | undefined }, modules: ConsensusAppModules) {
    this.#builder = options.builder
    this.#modules = modules
    this.#priorities = this.#loadPriorities()
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
    const { chain, clock } = this.#modules
    const builder = this.#builder
    if (builder === undefined) throw new NodeError('INTERNAL', 'This node does not build blocks.')
    const { head } = chain
    if (head.height + 1 !== height) throw new NodeError('CANCELLED', 'The height was decided meanwhile.')
    const member = head.nextSet.get(builder.validator)
    if (member === undefined) throw new NodeError('INTERNAL', 'This validator is not in the set.')
    const nowSeconds = BigInt(Math.floor(clock.nowMs() / 1000))
    const parentTime = head.block.header.timestamp
    const deadlineMs = clock.nowMs() + chain.spec.genesis.builderBudgetMs
    const candidate = await chain.build(
      {
        feeRecipient: member.feeRecipient,
        reveal: builder.reveals.revealFor(readRandomnessTip(head.state, builder.operator)),
        timestamp: nowSeconds > parentTime ? nowSeconds : parentTime + 1n,
        transactions: this.#modules.transactions(),
        isTimeUp: () => signal.aborted || clock.nowMs() >= deadlineMs,
      },
      parentCertificate,
    )
    return { blockHash: candidate.blockHash, envelope: encodeEnvelope(candidate.envelope) }
  }

  async validateValue(bytes: Uint8Array, request: ValidationRequest, signal: AbortSignal): Promise<boolean> {
    const { chain, logger } = this.#modules
    try {
      const { envelope, block } = this.#decode(bytes)
      if (request.fresh && !this.#isFresh(block, request.proposer)) return false
      await chain.validate(envelope, signal)
      return true
    } catch (error) {
      if (!isNodeError(error) || error.code === 'CANCELLED' || isStateFailure(error)) throw error
      logger.warn({ height: request.height, round: request.round, reason: error.message }, 'proposal refused')
      return false
    }
  }

  async commit(bytes: Uint8Array, certificate: Certificate): Promise<HeightContext> {
    const { chain } = this.#modules
    if (certificate.blockHash === chain.head.blockHash) return this.context()
    const { nextSet: set, height } = chain.head
    let priorities = this.#priorities
    await chain.commit(this.#decode(bytes).envelope, certificate, (nextSet) => {
      priorities = nextPriorities(set, this.#priorities, nextSet)
      return [putPriorities(height + 2, priorities)]
    })
    this.#priorities = priorities
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

  #loadPriorities(): Priorities {
    const { chain, kv } = this.#modules
    const stored = kv.get(PRIORITIES_KEY)
    if (stored !== undefined) {
      const { height, priorities } = decodePriorities(stored)
      if (height === chain.head.height + 1 && priorities.length === chain.head.nextSet.size) return priorities
    }
    if (chain.head.height !== 0)
      throw new NodeError('DATA_CORRUPT', 'The proposer priorities of the head are missing.')
    return initialPriorities(chain.head.nextSet)
  }
}

/** The builder is the member whose fee recipient is the coinbase and whose hash chain the reveal continues. */
function isBuiltBy(block: Block, proposer: Address, head: ChainHead): boolean {
  const member = readMembers(head.state).find((one) => one.address === proposer)
  if (member === undefined || bytesToHex(block.header.coinbase.bytes) !== member.feeRecipient) return false
  return keccakHex(block.header.extraData) === readRandomnessTip(head.state, member.operator)
}

/** A decided block as its envelope and certificate, for peers that are behind. */
export function readDecided(chain: Chain, height: number): DecidedBlock | null {
  const block = chain.store.blockBytes(height)
  const certificate = chain.store.certificate(height)
  if (block === undefined || certificate === undefined) return null
  const parentCertificate = height === 1 ? null : chain.store.certificate(height - 1)
  if (parentCertificate === undefined) return null
  return { envelope: encodeEnvelope({ block, parentCertificate }), certificate }
}

/** Priorities before round 0 of `height`, in the order of its set. */
interface StoredPriorities {
  readonly height: number
  readonly priorities: Priorities
}

/** Keeps the priorities before round 0 of a height, in the write that makes the block before it the head. */
export function putPriorities(height: number, priorities: Priorities): KvOp {
  return { type: 'put', key: PRIORITIES_KEY, value: encodePriorities({ height, priorities }) }
}

const WORD_BITS = 256
const STORED_BYTES = 16 * 1024

/** RLP of the height and the priorities, as 256-bit two's complement because RLP has no negative integers. */
function encodePriorities({ height, priorities }: StoredPriorities): Uint8Array {
  return encodeRlp([
    fromInt(height),
    priorities.map((priority) => bigIntToBytes(BigInt.asUintN(WORD_BITS, priority), WORD_BITS / 8)),
  ])
}

function decodePriorities(bytes: Uint8Array): StoredPriorities {
  const [height, priorities] = asList(decodeRlp(bytes, STORED_BYTES), 2)
  return {
    height: asInt(height),
    priorities: asList(priorities).map((item) =>
      BigInt.asIntN(WORD_BITS, bytesToBigInt(asBytes(item, WORD_BITS / 8))),
    ),
  }
}
