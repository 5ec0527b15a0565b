import { z } from 'zod'
import { limits } from '../config/limits.ts'
import { NodeError } from '../errors/errors.ts'
import {
  proposalDigest,
  type SigningDomain,
  secp256k1Scheme,
  type UnsignedProposal,
  type UnsignedVote,
  voteDigest,
} from '../ledger/vote.ts'
import { bytesToUtf8, utf8ToBytes } from '../primitives/bytes.ts'
import { type Address, bytesToHex, type Hex, hexToBytes, isHexBytes } from '../primitives/hex.ts'
import { isPrivateKey, privateKeyToAddress, SIGNATURE_BYTES } from '../primitives/secp256k1.ts'
import type { ConsensusFiles, ConsensusSigner } from './ports.ts'

const TYPES = ['proposal', 'prevote', 'precommit'] as const
type SignedType = (typeof TYPES)[number]

const hexOf = (bytes: number) =>
  z.custom<Hex>((value) => typeof value === 'string' && isHexBytes(value, bytes))

/** The last thing that was signed; the file holds it as JSON, so that an operator can read it. */
const lastSignedSchema = z.strictObject({
  version: z.literal(1),
  genesisHash: hexOf(32),
  address: hexOf(20),
  height: z.int().nonnegative(),
  round: z.int().nonnegative(),
  type: z.enum(TYPES),
  digest: hexOf(32),
  signature: hexOf(SIGNATURE_BYTES),
})
type LastSigned = z.infer<typeof lastSignedSchema>

export interface LocalSignerOptions {
  readonly privateKey: Uint8Array
  readonly domain: SigningDomain
  /** Name of the file that remembers what was signed last. */
  readonly stateFile: string
}

/**
 * Signs with a key held in this process. An honest validator signs in rising order of height, round and type
 * (proposal, prevote, precommit), so remembering the last signature is enough to never give out two for one place.
 */
export class LocalSigner implements ConsensusSigner {
  readonly address: Address
  readonly #options: LocalSignerOptions
  readonly #files: ConsensusFiles
  #last: LastSigned | null
  #tail: Promise<unknown> = Promise.resolve()

  private constructor(options: LocalSignerOptions, files: ConsensusFiles, last: LastSigned | null) {
    this.address = privateKeyToAddress(options.privateKey)
    this.#options = options
    this.#files = files
    this.#last = last
  }

  static async open(options: LocalSignerOptions, modules: { files: ConsensusFiles }): Promise<LocalSigner> {
    if (!isPrivateKey(options.privateKey)) {
      throw new NodeError('BAD_CONFIG', 'The consensus key is not a secp256k1 private key.')
    }
    const bytes = await modules.files.read(options.stateFile, limits.signerStateBytes)
    const signer = new LocalSigner(options, modules.files, bytes === null ? null : parse(bytes, options))
    if (signer.#last !== null && signer.#last.address !== signer.address) {
      throw new NodeError('BAD_CONFIG', `${options.stateFile} belongs to the key of ${signer.#last.address}.`)
    }
    return signer
  }

  signVote(vote: UnsignedVote): Promise<Uint8Array> {
    return this.#enqueue(() => this.#sign(vote.type, vote, voteDigest(this.#options.domain, vote)))
  }

  signProposal(proposal: UnsignedProposal): Promise<Uint8Array> {
    return this.#enqueue(() =>
      this.#sign('proposal', proposal, proposalDigest(this.#options.domain, proposal)),
    )
  }

  /** One at a time: the check and the record of it must not interleave. */
  #enqueue(task: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const result = this.#tail.then(task)
    this.#tail = result.catch(() => undefined)
    return result
  }

  async #sign(
    type: SignedType,
    { height, round }: { height: number; round: number },
    digest: Uint8Array,
  ): Promise<Uint8Array> {
    const digestHex = bytesToHex(digest)
    const last = this.#last
    const order = last === null ? 1 : compare({ height, round, type }, last)
    if (last !== null && order === 0 && last.digest === digestHex) return hexToBytes(last.signature)
    if (last !== null && order <= 0) throw refused({ height, round, type }, last)
    const { domain, privateKey } = this.#options
    const signature = (domain.scheme ?? secp256k1Scheme).sign(digest, privateKey)
    const next: LastSigned = {
      version: 1,
      genesisHash: this.#options.domain.genesisHash,
      address: this.address,
      height,
      round,
      type,
      digest: digestHex,
      signature: bytesToHex(signature),
    }
    await this.#files.replace(this.#options.stateFile, utf8ToBytes(`${JSON.stringify(next, null, 2)}\n`))
    this.#last = next
    return signature
  }
}

type Place = Pick<LastSigned, 'height' | 'round' | 'type'>

function compare(a: Place, b: Place): number {
  return a.height - b.height || a.round - b.round || TYPES.indexOf(a.type) - TYPES.indexOf(b.type)
}

function refused(wanted: Place, last: LastSigned): NodeError {
  const name = ({ type, height, round }: Place) => `${type} of height ${height}, round ${round}`
  return new NodeError(
    'DOUBLE_SIGN_REFUSED',
    `Refused to sign a ${name(wanted)}: the key has signed a ${name(last)}, and signs nothing else there or before.`,
    { ...wanted, last: { height: last.height, round: last.round, type: last.type } },
  )
}

function parse(bytes: Uint8Array, options: LocalSignerOptions): LastSigned {
  let state: LastSigned
  try {
    state = lastSignedSchema.parse(JSON.parse(bytesToUtf8(bytes)))
  } catch (error) {
    throw new NodeError(
      'DATA_CORRUPT',
      `${options.stateFile}, which prevents double signing, does not read. Restore it, or make sure that this key ` +
        'signs nowhere else and has signed nothing recent before you remove it.',
      { name: options.stateFile },
      error,
    )
  }
  if (state.genesisHash !== options.domain.genesisHash) {
    throw new NodeError('WRONG_CHAIN', `${options.stateFile} was written for another chain.`, {
      expected: options.domain.genesisHash,
      found: state.genesisHash,
    })
  }
  return state
}
