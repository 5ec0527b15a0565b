import { encrypt } from 'eciesjs'
import { receiptStatus } from '../../../precompiles/proofOfAttribution/layout.ts'
import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import { bytesToBigInt, concatBytes } from '../../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash } from '../../primitives/hex.ts'
import { publicKeyToAddress, recoverPublicKey } from '../../primitives/secp256k1.ts'
import { evidenceDigest } from '../receipts/commitments.ts'
import type { LocatedEvent } from '../receipts/events.ts'
import { encodeEvidence } from '../receipts/evidence.ts'
import type { BlockFollower } from '../receipts/ports.ts'
import { recoverSigner } from '../receipts/typedData.ts'
import type { ReceiptViews } from '../receipts/views.ts'
import type { ServedRecords } from './servedRecords.ts'

export interface EvidenceRequest {
  readonly receiptId: Hash
  readonly auditor: Address
  /** Over `evidenceDigest`, 65 bytes. */
  readonly signature: Uint8Array
}

/** An uncompressed public key begins with it. */
const UNCOMPRESSED = Uint8Array.of(4)

/** Gives the auditors of a receipt, the electors of its appeal, and nobody else, its evidence, encrypted to each one's own key. */
export class AuditDesk implements BlockFollower {
  readonly #genesisHash: Hash
  readonly #modules: { readonly records: ServedRecords; readonly views: ReceiptViews }
  /** How often each auditor was given the evidence of each receipt. */
  readonly #given = new Map<Hash, Map<Address, number>>()

  constructor(options: { genesisHash: Hash }, modules: { records: ServedRecords; views: ReceiptViews }) {
    this.#genesisHash = options.genesisHash
    this.#modules = modules
  }

  follow(events: readonly LocatedEvent[]): void {
    for (const { event } of events) if (event.type === 'ended') this.#given.delete(event.receiptId)
  }

  act(): void {}

  /**
   * ECIES (secp256k1, AES-256-GCM) of the encoded evidence. Errors: BAD_SIGNATURE, NOT_FOUND (this host gave no such
   * answer), FORBIDDEN (not of the committee of an open audit, nor an elector of an open appeal), LIMIT_EXCEEDED (asked too often).
   */
  evidence({ receiptId, auditor, signature }: EvidenceRequest): Uint8Array {
    const publicKey = this.#proven(receiptId, auditor, signature)
    const record = this.#modules.records.get(receiptId)
    if (record === undefined) throw new NodeError('NOT_FOUND', 'This host keeps no such receipt.')
    this.#checkSeat(receiptId, auditor)
    this.#count(receiptId, auditor)
    return encrypt(concatBytes(UNCOMPRESSED, publicKey), encodeEvidence(record))
  }

  /** The public key of the auditor, 64 bytes, out of its signature. */
  #proven(receiptId: Hash, auditor: Address, signature: Uint8Array): Uint8Array {
    const digest = evidenceDigest(this.#genesisHash, receiptId, auditor)
    // refuses malformed and high-s signatures
    if (recoverSigner(bytesToHex(digest), signature) !== auditor) {
      throw new NodeError('BAD_SIGNATURE', 'The request is not signed by the auditor that it names.')
    }
    const v = signature[64] ?? 0
    const r = bytesToBigInt(signature.subarray(0, 32))
    const s = bytesToBigInt(signature.subarray(32, 64))
    const publicKey = recoverPublicKey(digest, v >= 27 ? v - 27 : v, r, s)
    if (publicKeyToAddress(concatBytes(UNCOMPRESSED, publicKey)) !== auditor) {
      throw new NodeError('BAD_SIGNATURE', 'The signature gives another key than the address.')
    }
    return publicKey
  }

  #checkSeat(receiptId: Hash, auditor: Address): void {
    if (this.#judgesOf(receiptId).includes(auditor)) return
    throw new NodeError('FORBIDDEN', 'The account has no seat in an open audit or appeal of this receipt.')
  }

  #judgesOf(receiptId: Hash): readonly Address[] {
    const { views } = this.#modules
    switch (views.receipt(receiptId)?.status) {
      case receiptStatus.auditOpen:
        return views.audit(receiptId)?.committee ?? []
      case receiptStatus.appealed:
        return views.appeal(receiptId)?.electors ?? []
      default:
        return []
    }
  }

  #count(receiptId: Hash, auditor: Address): void {
    const auditors = this.#given.get(receiptId) ?? new Map<Address, number>()
    const count = (auditors.get(auditor) ?? 0) + 1
    if (count > limits.evidencePerAuditor) {
      throw new NodeError('LIMIT_EXCEEDED', 'The evidence was given to this auditor often enough.')
    }
    this.#given.set(receiptId, auditors.set(auditor, count))
  }
}
