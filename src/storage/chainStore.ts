import type { Common } from '@ethereumjs/common'
import { limits } from '../config/limits.ts'
import { NodeError } from '../errors/errors.ts'
import { type Block, blockHashOf, decodeBlock, heightOf } from '../ledger/block.ts'
import { type Certificate, decodeCertificate, encodeCertificate } from '../ledger/certificate.ts'
import { decodeStoredReceipts, encodeStoredReceipts, type Receipt } from '../ledger/receipt.ts'
import { concatBytes } from '../primitives/bytes.ts'
import { bytesToHex, type Hash } from '../primitives/hex.ts'
import { asHash, asList, decodeRlp } from '../primitives/rlp.ts'
import {
  blockKey,
  certificateKey,
  decodeHeight,
  encodeHeight,
  FIRST_KEY,
  HEAD_KEY,
  HEIGHT_BYTES,
  heightOfHashKey,
  receiptsKey,
  transactionKey,
} from './keys.ts'
import type { KvOp, KvReader } from './kv.ts'

export interface TransactionLocation {
  readonly height: number
  readonly index: number
}

export interface CommittedBlock {
  readonly block: Block
  readonly receipts: readonly Receipt[]
  /** Certificate that decided the block; null for genesis. */
  readonly certificate: Certificate | null
  /** The parent's certificate in the block's envelope: from now on the canonical one of the parent. */
  readonly parentCertificate: Certificate | null
}

/** What one decided block writes besides its state: block, receipts, certificate, indexes and the head. */
export function blockCommitOps(committed: CommittedBlock): KvOp[] {
  const { block, receipts, certificate, parentCertificate } = committed
  const height = heightOf(block)
  const put = (key: Uint8Array, value: Uint8Array): KvOp => ({ type: 'put', key, value })
  const ops = [
    put(blockKey(height), block.serialize()),
    put(receiptsKey(height), encodeStoredReceipts(receipts)),
    put(heightOfHashKey(blockHashOf(block)), encodeHeight(height)),
    put(HEAD_KEY, encodeHeight(height)),
  ]
  if (certificate !== null) ops.push(put(certificateKey(height), encodeCertificate(certificate)))
  if (parentCertificate !== null) {
    ops.push(put(certificateKey(height - 1), encodeCertificate(parentCertificate)))
  }
  for (const [index, tx] of block.transactions.entries()) {
    ops.push(
      put(transactionKey(bytesToHex(tx.hash())), concatBytes(encodeHeight(height), encodeIndex(index))),
    )
  }
  return ops
}

/**
 * The head of a store that begins with a snapshot: a block without receipts and indexes, since it did not run here, and
 * with nothing before it but genesis.
 */
export function snapshotHeadOps(
  block: Block,
  { certificate, parentCertificate }: Pick<CommittedBlock, 'certificate' | 'parentCertificate'>,
): KvOp[] {
  const height = heightOf(block)
  const put = (key: Uint8Array, value: Uint8Array): KvOp => ({ type: 'put', key, value })
  const ops = [
    put(blockKey(height), block.serialize()),
    put(heightOfHashKey(blockHashOf(block)), encodeHeight(height)),
    put(FIRST_KEY, encodeHeight(height)),
    put(HEAD_KEY, encodeHeight(height)),
  ]
  if (certificate !== null) ops.push(put(certificateKey(height), encodeCertificate(certificate)))
  if (parentCertificate !== null) {
    ops.push(put(certificateKey(height - 1), encodeCertificate(parentCertificate)))
  }
  return ops
}

/** Reads decided blocks and what belongs to them. Every read is of one consistent store or snapshot. */
export class ChainStore {
  readonly #kv: KvReader
  readonly #common: Common

  constructor(options: { common: Common }, modules: { kv: KvReader }) {
    this.#common = options.common
    this.#kv = modules.kv
  }

  /** Undefined in an empty store. */
  headHeight(): number | undefined {
    const value = this.#kv.get(HEAD_KEY)
    return value === undefined ? undefined : decodeHeight(value)
  }

  /**
   * From this height on all blocks are here; before it, genesis alone. The first block itself has no receipts where it
   * is not genesis.
   */
  get firstHeight(): number {
    const value = this.#kv.get(FIRST_KEY)
    return value === undefined ? 0 : decodeHeight(value)
  }

  blockBytes(height: number): Uint8Array | undefined {
    return this.#kv.get(blockKey(height))
  }

  block(height: number): Block | undefined {
    const bytes = this.blockBytes(height)
    return bytes === undefined ? undefined : decodeBlock(bytes, this.#common)
  }

  /** Without decoding the transactions. */
  stateRoot(height: number): Hash | undefined {
    const bytes = this.blockBytes(height)
    if (bytes === undefined) return undefined
    const [header] = asList(decodeRlp(bytes, limits.blockBytes))
    return asHash(asList(header)[STATE_ROOT_FIELD])
  }

  heightOf(blockHash: Hash): number | undefined {
    const value = this.#kv.get(heightOfHashKey(blockHash))
    return value === undefined ? undefined : decodeHeight(value)
  }

  receipts(height: number): Receipt[] | undefined {
    const bytes = this.#kv.get(receiptsKey(height))
    return bytes === undefined ? undefined : decodeStoredReceipts(bytes)
  }

  /** Of the head: the one it was decided by here. Of an earlier block: the one in its child's envelope. */
  certificate(height: number): Certificate | undefined {
    const bytes = this.#kv.get(certificateKey(height))
    return bytes === undefined ? undefined : decodeCertificate(bytes)
  }

  transaction(hash: Hash): TransactionLocation | undefined {
    const value = this.#kv.get(transactionKey(hash))
    if (value === undefined) return undefined
    if (value.length !== HEIGHT_BYTES + INDEX_BYTES) {
      throw new NodeError('DATA_CORRUPT', 'A stored transaction index has twelve bytes.')
    }
    return { height: decodeHeight(value), index: decodeIndex(value) }
  }
}

const INDEX_BYTES = 4
/** Of a header: parent hash, ommers' hash, beneficiary, state root (Yellow Paper, section 4.4). */
const STATE_ROOT_FIELD = 3

function encodeIndex(index: number): Uint8Array {
  const bytes = new Uint8Array(INDEX_BYTES)
  new DataView(bytes.buffer).setUint32(0, index)
  return bytes
}

function decodeIndex(value: Uint8Array): number {
  return new DataView(value.buffer, value.byteOffset + HEIGHT_BYTES, INDEX_BYTES).getUint32(0)
}
