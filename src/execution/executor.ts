import { type Block, createBlock } from '@ethereumjs/block'
import type { TypedTransaction } from '@ethereumjs/tx'
import { createAddressFromString } from '@ethereumjs/util'
import type { PrecompileRegistry } from '../../precompiles/registry.ts'
import type { ChainSpec } from '../chainspec/chainSpec.ts'
import { invariant, isNodeError, NodeError } from '../errors/errors.ts'
import { blockHashOf, checkBody, decodeBlock, heightOf, transactionsRoot } from '../ledger/block.ts'
import { type Certificate, checkCertificate, encodeCertificate } from '../ledger/certificate.ts'
import { type Envelope, parentCertificateRoot } from '../ledger/envelope.ts'
import {
  checkHeader,
  EMPTY_REQUESTS_HASH,
  mixRandomness,
  nextBaseFee,
  type ParentHeader,
  parentHeaderOf,
} from '../ledger/headerRules.ts'
import { logsBloom, type Receipt, receiptsRoot } from '../ledger/receipt.ts'
import { equalBytes } from '../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import type { Logger } from '../runtime/logger.ts'
import { isStateFailure } from '../state/stateFailure.ts'
import { computeStateRoot, type StateRootResult } from '../state/stateRoot.ts'
import type { StateReader } from '../state/types.ts'
import type { KvReader } from '../storage/kv.ts'
import { BlockRun } from './blockRun.ts'
import {
  type Cancellation,
  type TransactionTimer,
  TransactionWatch,
  throwIfCancelled,
} from './cancellation.ts'
import type { StandardPrecompile } from './crypto/standardPrecompile.ts'
import { readDecidingSet, readValidatorSet } from './stakingView.ts'

/** A block that ran on the head's state and is not decided yet: an overlay, nothing of it is on disk. */
export interface Candidate {
  readonly envelope: Envelope
  readonly block: Block
  readonly blockHash: Hash
  readonly receipts: readonly Receipt[]
  /** The state's changes, its new root and its new trie nodes. */
  readonly state: StateRootResult
}

/** Where execution stands: the last decided block and its state. */
export interface ExecutionHead {
  readonly block: Block
  readonly blockHash: Hash
  readonly stateRoot: Hash
  readonly state: StateReader
  /** The certificate that decided the head, checked by whoever committed it; null at genesis. */
  readonly certificate: Certificate | null
}

export interface BuildInput {
  readonly parentCertificate: Certificate | null
  readonly feeRecipient: Address
  /** 32 bytes: the builder's next preimage. */
  readonly reveal: Uint8Array
  /** Seconds since the Unix epoch; above the parent's. */
  readonly timestamp: bigint
  /** In the order to try; the builder calls `skip` on one that cannot be included. */
  readonly transactions: TransactionSource
  /** True when the time for building is up. The transaction that runs is run on. */
  readonly isTimeUp: () => boolean
  /** A transaction that it ends is passed over with TX_TOO_SLOW. Without it each is run to its end. */
  readonly timer?: TransactionTimer | undefined
  /** Ends the building, also within a transaction, with CANCELLED. */
  readonly signal?: Cancellation | undefined
}

export interface TransactionSource {
  next(): TypedTransaction | undefined
  /** The last one cannot be included now; neither can its sender's later ones. */
  skip(reason: NodeError): void
}

/** Smallest gas limit that any transaction can have: below it the block is full. */
const MINIMUM_GAS = 21_000n

export interface ExecutorModules {
  readonly head: () => ExecutionHead
  readonly precompiles: PrecompileRegistry
  readonly standard: readonly StandardPrecompile[]
  /** Holds the head's trie nodes. */
  readonly kv: KvReader
  readonly logger: Logger
}

/** Builds and validates blocks on the head. Stateless between calls: the head decides what they run on. */
export class Executor {
  readonly #spec: ChainSpec
  readonly #genesisHash: Hash
  readonly #modules: ExecutorModules

  constructor(options: { spec: ChainSpec; genesisHash: Hash }, modules: ExecutorModules) {
    this.#spec = options.spec
    this.#genesisHash = options.genesisHash
    this.#modules = modules
  }

  async build(input: BuildInput): Promise<Candidate> {
    const head = this.#modules.head()
    const parent = parentHeaderOf(head.block)
    const draft = this.#draft(parent, input)
    const watch = new TransactionWatch(input.signal, input.timer)
    const run = await this.#open(draft, input.parentCertificate, head, watch)
    const included: TypedTransaction[] = []
    while (!input.isTimeUp() && run.gasLeft >= MINIMUM_GAS) {
      throwIfCancelled(input.signal)
      const tx = input.transactions.next()
      if (tx === undefined) break
      watch.begin()
      try {
        await run.apply(tx)
        included.push(tx)
      } catch (caught) {
        const error = watch.isTooSlow && isNodeError(caught, 'CANCELLED') ? tooSlow(tx) : caught
        if (!isNodeError(error) || isNoVerdict(error)) throw error
        this.#logSetAside(tx, error)
        input.transactions.skip(error)
      }
    }
    watch.end()
    const result = await run.finish()
    const state = await computeStateRoot(
      this.#modules.kv,
      head.stateRoot,
      result.diff,
      Number(draft.header.number),
    )
    const block = createBlock(
      {
        header: {
          ...draft.header,
          transactionsTrie: hexToBytes(transactionsRoot(included)),
          receiptTrie: hexToBytes(receiptsRoot(result.receipts)),
          stateRoot: hexToBytes(state.stateRoot),
          logsBloom: bloomOf(result.receipts),
          gasUsed: result.gasUsed,
        },
        transactions: included,
        withdrawals: [],
      },
      { common: this.#spec.common, freeze: false },
    )
    const envelope = { block: block.serialize(), parentCertificate: input.parentCertificate }
    return { envelope, block, blockHash: blockHashOf(block), receipts: result.receipts, state }
  }

  /**
   * Checks header, body and execution against the head; throws BAD_HEADER, BAD_BODY or BAD_EXECUTION, and CANCELLED once
   * `signal` says so, which is asked between transactions and within them.
   */
  async validate(envelope: Envelope, signal?: Cancellation): Promise<Candidate> {
    const head = this.#modules.head()
    const block = decodeBlock(envelope.block, this.#spec.common)
    if (heightOf(block) !== heightOf(head.block) + 1) {
      throw new NodeError(
        'UNKNOWN_PARENT',
        `Block ${heightOf(block)} does not follow the head ${heightOf(head.block)}.`,
      )
    }
    checkHeader(
      block,
      {
        parent: parentHeaderOf(head.block),
        set: readValidatorSet(head.state),
        parentCertificateRoot: parentCertificateRoot(envelope.parentCertificate),
      },
      this.#spec,
    )
    checkBody(block)
    this.#checkParentCertificate(envelope, head)
    const run = await this.#open(block, envelope.parentCertificate, head, signal)
    for (const tx of block.transactions) {
      throwIfCancelled(signal)
      try {
        rememberSender(tx)
        await run.apply(tx)
      } catch (error) {
        if (isNoVerdict(error)) throw error
        throw new NodeError('BAD_EXECUTION', 'The block holds a transaction that cannot run.', {}, error)
      }
    }
    const result = await run.finish()
    const state = await computeStateRoot(this.#modules.kv, head.stateRoot, result.diff, heightOf(block))
    checkOutcome(block, result.receipts, result.gasUsed, state.stateRoot)
    return { envelope, block, blockHash: blockHashOf(block), receipts: result.receipts, state }
  }

  /** The parent's certificate is of the parent, by the set of the parent's height; block 1 has none. */
  #checkParentCertificate(envelope: Envelope, head: ExecutionHead): void {
    const certificate = envelope.parentCertificate
    const height = heightOf(head.block)
    if (height === 0) {
      if (certificate !== null) throw new NodeError('BAD_CERTIFICATE', 'Genesis has no certificate.')
      return
    }
    if (certificate === null || certificate.height !== height || certificate.blockHash !== head.blockHash) {
      throw new NodeError('BAD_CERTIFICATE', 'The envelope lacks the certificate of the parent.')
    }
    // the one that the head was committed with was checked then: in sync it is always the same one
    const seen = head.certificate
    if (seen !== null && equalBytes(encodeCertificate(seen), encodeCertificate(certificate))) return
    const domain = { genesisHash: this.#genesisHash, chainId: this.#spec.chainId }
    checkCertificate(domain, readDecidingSet(head.state, height, this.#spec), certificate)
  }

  /** A transaction that makes the node fail is an alarm; one that cannot be included now is not. */
  #logSetAside(tx: TypedTransaction, error: NodeError): void {
    const { logger } = this.#modules
    const facts = { hash: bytesToHex(tx.hash()), reason: error.message }
    if (error.code === 'TX_FAULT') logger.warn(facts, 'transaction made the execution fail and was left out')
    else if (error.code === 'TX_TOO_SLOW') logger.warn(facts, 'transaction took too long and was left out')
    else logger.debug(facts, 'transaction set aside')
  }

  #open(
    block: Block,
    parentCertificate: Certificate | null,
    head: ExecutionHead,
    signal: Cancellation | undefined,
  ): Promise<BlockRun> {
    return BlockRun.open(
      {
        signal,
        spec: this.#spec,
        genesisHash: this.#genesisHash,
        block,
        parentCertificate,
        precompiles: this.#modules.precompiles.activeAt(block.header.timestamp),
        standard: this.#modules.standard,
      },
      { parentState: head.state },
    )
  }

  #draft(parent: ParentHeader, input: BuildInput): Block {
    invariant(input.timestamp > parent.timestamp, 'A block is later than its parent.')
    return createBlock(
      {
        header: {
          parentHash: hexToBytes(parent.hash),
          number: parent.number + 1n,
          timestamp: input.timestamp,
          coinbase: createAddressFromString(input.feeRecipient),
          gasLimit: BigInt(this.#spec.genesis.gasLimit),
          baseFeePerGas: nextBaseFee(this.#spec.genesis.fees, parent),
          mixHash: hexToBytes(mixRandomness(parent.prevRandao, input.reveal)),
          extraData: input.reveal,
          parentBeaconBlockRoot: hexToBytes(parentCertificateRoot(input.parentCertificate)),
          requestsHash: hexToBytes(EMPTY_REQUESTS_HASH),
          excessBlobGas: 0n,
          blobGasUsed: 0n,
        },
        withdrawals: [],
      },
      { common: this.#spec.common, freeze: false },
    )
  }
}

/** ethereumjs recovers the sender anew at each question, unless it finds the key here. */
function rememberSender(tx: TypedTransaction): void {
  tx.cache.senderPubKey ??= tx.getSenderPublicKey()
}

function tooSlow(tx: TypedTransaction): NodeError {
  return new NodeError('TX_TOO_SLOW', 'The transaction runs longer than a block can wait for it.', {
    hash: bytesToHex(tx.hash()),
  })
}

/** Whether an error says nothing about the block or the transaction that was being run. */
function isNoVerdict(error: unknown): boolean {
  return isStateFailure(error) || isNodeError(error, 'CANCELLED')
}

function bloomOf(receipts: readonly Receipt[]): Uint8Array {
  return logsBloom(receipts.flatMap((receipt) => receipt.logs))
}

function checkOutcome(block: Block, receipts: readonly Receipt[], gasUsed: bigint, stateRoot: Hash) {
  const { header } = block
  const expected: readonly [field: string, header: unknown, outcome: unknown][] = [
    ['gasUsed', header.gasUsed, gasUsed],
    ['logsBloom', bytesToHex(header.logsBloom), bytesToHex(bloomOf(receipts))],
    ['receiptsRoot', bytesToHex(header.receiptTrie), receiptsRoot(receipts)],
    ['stateRoot', bytesToHex(header.stateRoot), stateRoot],
  ]
  for (const [field, claimed, outcome] of expected) {
    if (claimed !== outcome) {
      throw new NodeError('BAD_EXECUTION', `Execution gives another ${field} than the header claims.`, {
        field,
      })
    }
  }
}
