import { z } from 'zod'
import { isNodeError, NodeError } from '../../errors/errors.ts'
import { decodeCertificate } from '../../ledger/certificate.ts'
import { decodeHeaderFacts, type HeaderFacts } from '../../ledger/headerFacts.ts'
import type { SigningDomain } from '../../ledger/vote.ts'
import type { Hash } from '../../primitives/hex.ts'
import {
  checkHeaderCertificate,
  decodeEpochRecord,
  followEpoch,
  openEpochRecord,
  type VerifiedEpoch,
} from '../../sync/epochs/epochRecord.ts'
import { askFor, hexBytes, hexQuantity, type LightRpc, toQuantity } from './lightRpc.ts'

const recordSchema = z.object({ epoch: hexQuantity, record: hexBytes() }).nullable()
const certificateSchema = z.object({ header: hexBytes(), certificate: hexBytes().nullable() }).nullable()
const blockSchema = z.object({ number: hexQuantity }).nullable()

/** A header that more than 2/3 of the power of its height's set decided. */
export interface VerifiedHeader extends HeaderFacts {
  /** Epoch records verified on the way from the trusted hash. */
  readonly epochsWalked: number
}

/**
 * Goes from one trusted hash to any later block with nothing but epoch records and certificates. The trusted hash is
 * of genesis or of an epoch's last block, and not older than stakes stay bonded. Everything that the server says is
 * verified or refused with BAD_PROOF or BAD_CERTIFICATE; what it can do is not to answer, or to give an older block.
 */
export class LightClient {
  readonly #rpc: LightRpc
  readonly #trustedHash: Hash

  constructor(options: { trustedHash: Hash }, modules: { rpc: LightRpc }) {
    this.#trustedHash = options.trustedHash
    this.#rpc = modules.rpc
  }

  /** The header of this block, or of the newest. */
  async header(block: bigint | 'latest' = 'latest'): Promise<VerifiedHeader> {
    return peersFault(async () => {
      const trusted = await this.#openTrusted()
      const named = block === 'latest' ? block : toQuantity(block)
      const answer = await askFor(this.#rpc, 'openledger_getCertificate', [named], certificateSchema)
      if (answer === null) throw new NodeError('NOT_FOUND', 'The server has no such block.')
      const header = decodeHeaderFacts(answer.header)
      if (block !== 'latest' && BigInt(header.height) !== block) {
        throw new NodeError('BAD_PROOF', `The header is of block ${header.height}, not of ${block}.`)
      }
      if (header.hash === this.#trustedHash) return { ...header, epochsWalked: 0 }
      if (header.height <= trusted.header.height) {
        throw new NodeError('BAD_PROOF', `Block ${header.height} is not after the trusted one.`)
      }
      const domain = await this.#domainOf(trusted)
      const last = await this.#walk(domain, trusted, header.height)
      if (answer.certificate === null) throw new NodeError('BAD_CERTIFICATE', 'The block has no certificate.')
      checkHeaderCertificate(domain, last.nextSet, header, decodeCertificate(answer.certificate))
      return { ...header, epochsWalked: last.epoch - trusted.epoch }
    })
  }

  async #openTrusted(): Promise<VerifiedEpoch> {
    const block = await askFor(this.#rpc, 'eth_getBlockByHash', [this.#trustedHash, false], blockSchema)
    if (block === null) throw new NodeError('NOT_FOUND', 'The server does not know the trusted hash.')
    const latest = await this.#record('latest')
    if (latest === undefined) throw new NodeError('NOT_FOUND', 'The server has no epoch records.')
    // no more than a hint of where to look: the record's hash is what counts
    const { height } = decodeHeaderFacts(latest.header)
    const epochBlocks = latest.epoch === 0 ? 0n : BigInt(height) / BigInt(latest.epoch)
    const epoch = epochBlocks === 0n ? 0n : block.number / epochBlocks
    const record = await this.#record(epoch)
    if (record === undefined) throw new NodeError('NOT_FOUND', `The server has no record of epoch ${epoch}.`)
    if (epochBlocks > 0n && block.number % epochBlocks !== 0n) {
      throw new NodeError(
        'BAD_REQUEST',
        `The trusted hash is of block ${block.number}: take one of an epoch’s last block, such as ${epoch * epochBlocks}.`,
      )
    }
    return openEpochRecord(this.#trustedHash, record)
  }

  /** The chain id need not be proven: signatures hold under the pair of it and the genesis hash only. */
  async #domainOf({ genesisHash }: VerifiedEpoch): Promise<SigningDomain> {
    return { genesisHash, chainId: await askFor(this.#rpc, 'eth_chainId', [], hexQuantity) }
  }

  /** The last epoch that ended before a height. A record that is held back is missed, since epochs have one length. */
  async #walk(domain: SigningDomain, trusted: VerifiedEpoch, height: number): Promise<VerifiedEpoch> {
    let last = trusted
    let epochBlocks: number | undefined
    for (;;) {
      const record = await this.#record(BigInt(last.epoch + 1))
      if (record === undefined) break
      if (decodeHeaderFacts(record.header).height >= height) break
      const next = followEpoch(domain, last, record)
      const length = next.header.height - last.header.height
      if (epochBlocks !== undefined && length !== epochBlocks) {
        throw new NodeError('BAD_PROOF', `Epoch ${next.epoch} has ${length} blocks, not ${epochBlocks}.`)
      }
      epochBlocks = length
      last = next
    }
    if (epochBlocks !== undefined && height - last.header.height > epochBlocks) {
      throw new NodeError('BAD_PROOF', `The server holds back the records after epoch ${last.epoch}.`)
    }
    return last
  }

  async #record(epoch: bigint | 'latest') {
    const named = epoch === 'latest' ? epoch : toQuantity(epoch)
    const answer = await askFor(this.#rpc, 'openledger_getEpochRecord', [named], recordSchema)
    if (answer === null) return undefined
    const record = decodeEpochRecord(answer.record)
    if (epoch !== 'latest' && BigInt(record.epoch) !== epoch) {
      throw new NodeError('BAD_PROOF', `The record is of epoch ${record.epoch}, not of ${epoch}.`)
    }
    return record
  }
}

/** Bytes that cannot be decoded are a lie like any other. */
async function peersFault<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    const isMalformed =
      isNodeError(error, 'BAD_RLP') ||
      isNodeError(error, 'BAD_ENCODING') ||
      isNodeError(error, 'BAD_SIGNATURE')
    if (!isMalformed) throw error
    throw new NodeError('BAD_PROOF', 'The server sent bytes that cannot be decoded.', {}, error)
  }
}
