import { NodeError } from '../../../src/errors/errors.ts'
import {
  type Certificate,
  checkCertificate,
  decodeCertificate,
  encodeCertificate,
  makeCertificate,
} from '../../../src/ledger/certificate.ts'
import { decodeEnvelope, encodeEnvelope } from '../../../src/ledger/envelope.ts'
import { ValidatorSet } from '../../../src/ledger/validators.ts'
import { voteDigest } from '../../../src/ledger/vote.ts'
import { type Hash, ZERO_ADDRESS } from '../../../src/primitives/hex.ts'
import { keccakHex } from '../../../src/primitives/keccak.ts'
import { encodeRlp, fromHex, fromInt } from '../../../src/primitives/rlp.ts'
import { privateKeyToAddress, sign } from '../../../src/primitives/secp256k1.ts'
import type { SyncApp } from '../../../src/sync/ports.ts'
import { testChain } from '../network/testNode.ts'

/** A decided block: a stand-in for the Ethereum block, in a real envelope with a real certificate. */
export interface TestBlock {
  readonly hash: Hash
  readonly envelope: Uint8Array
  readonly certificate: Certificate
}

const domain = { chainId: testChain.chainId, genesisHash: testChain.genesisHash }
export const validatorKey = Uint8Array.from({ length: 32 }, () => 7)
const address = privateKeyToAddress(validatorKey)
const set = new ValidatorSet([{ address, feeRecipient: ZERO_ADDRESS, power: 1n }])

export function certify(height: number, blockHash: Hash, key = validatorKey): Certificate {
  const unsigned = { type: 'precommit', height, round: 0, blockHash, validator: address } as const
  return makeCertificate(set, [{ ...unsigned, signature: sign(voteDigest(domain, unsigned), key) }])
}

/** Blocks 1 to `length`; index 0 is block 1. `paddingBytes` makes them larger, `key` certifies them. */
export function makeChain(length: number, paddingBytes = 0, key = validatorKey): readonly TestBlock[] {
  const blocks: TestBlock[] = []
  let parent: TestBlock | undefined
  for (let height = 1; height <= length; height++) {
    const parentHash = parent?.hash ?? testChain.genesisHash
    const block = encodeRlp([fromInt(height), fromHex(parentHash), new Uint8Array(paddingBytes)])
    const hash = keccakHex(block)
    const envelope = encodeEnvelope({ block, parentCertificate: parent?.certificate ?? null })
    parent = { hash, envelope, certificate: certify(height, hash, key) }
    blocks.push(parent)
  }
  return blocks
}

/** What sync sees of a node: it checks certificates and links as consensus does. */
export class TestApp implements SyncApp {
  readonly blocks: TestBlock[]
  /** Called before a block is taken; may throw or wait. */
  beforeSubmit: (height: number) => void | Promise<void> = () => {}
  /** Called after a block was taken. */
  afterSubmit: () => void = () => {}
  readonly submitted: number[] = []

  constructor(blocks: readonly TestBlock[] = []) {
    this.blocks = [...blocks]
  }

  firstHeight(): number {
    return 1
  }

  headHeight(): number {
    return this.blocks.length
  }

  get headHash(): Hash {
    return this.blocks.at(-1)?.hash ?? testChain.genesisHash
  }

  readEnvelopes(fromHeight: number, count: number, maxBytes: number): readonly Uint8Array[] {
    const envelopes: Uint8Array[] = []
    let bytes = 0
    for (const { envelope } of this.blocks.slice(fromHeight - 1, fromHeight - 1 + count)) {
      bytes += envelope.length
      if (bytes > maxBytes && envelopes.length > 0) break
      envelopes.push(envelope)
    }
    return envelopes
  }

  seenCertificate(): Uint8Array | undefined {
    const head = this.blocks.at(-1)
    return head === undefined ? undefined : encodeCertificate(head.certificate)
  }

  async submitDecided(envelope: Uint8Array, certificateBytes: Uint8Array): Promise<void> {
    const certificate = decodeCertificate(certificateBytes)
    await this.beforeSubmit(certificate.height)
    this.submitted.push(certificate.height)
    checkCertificate(domain, set, certificate)
    const { block, parentCertificate } = decodeEnvelope(envelope)
    const hash = keccakHex(block)
    if (certificate.blockHash !== hash) throw new NodeError('BAD_CERTIFICATE', 'Another block was certified.')
    if (certificate.height !== this.headHeight() + 1) throw new NodeError('UNKNOWN_PARENT', 'A gap.')
    if (parentCertificate !== null && parentCertificate.blockHash !== this.headHash) {
      throw new NodeError('UNKNOWN_PARENT', 'Another parent.')
    }
    this.blocks.push({ hash, envelope, certificate })
    this.afterSubmit()
  }
}
