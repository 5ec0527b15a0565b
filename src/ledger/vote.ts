import { limits } from '../config/limits.ts'
import { NodeError } from '../errors/errors.ts'
import { bigIntToBytes, concatBytes, utf8ToBytes } from '../primitives/bytes.ts'
import { type Address, type Hash, hexToBytes, ZERO_HASH } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import {
  asAddress,
  asBytes,
  asHash,
  asInt,
  asList,
  decodeRlp,
  encodeRlp,
  fromHex,
  fromInt,
  type RlpItem,
} from '../primitives/rlp.ts'
import { recoverAddress, SIGNATURE_BYTES, sign } from '../primitives/secp256k1.ts'

/** How digests are signed; signatures have 65 bytes, and `recover` fails with BAD_SIGNATURE. */
export interface SignatureScheme {
  sign(digest: Uint8Array, privateKey: Uint8Array): Uint8Array
  recover(digest: Uint8Array, signature: Uint8Array): Address
}

/** What a signature is bound to: without the genesis hash two devnets with one chain id could share votes. */
export interface SigningDomain {
  readonly genesisHash: Hash
  readonly chainId: bigint
  /** secp256k1 unless given; only the simulator has another, because signatures would be most of its time. */
  readonly scheme?: SignatureScheme
}

export const secp256k1Scheme: SignatureScheme = { sign, recover: recoverAddress }

export type VoteType = 'prevote' | 'precommit'

/** A signed prevote or precommit; `blockHash` null is a vote for nil. */
export interface Vote {
  readonly type: VoteType
  readonly height: number
  readonly round: number
  readonly blockHash: Hash | null
  readonly validator: Address
  readonly signature: Uint8Array
}

/** The signed head of a proposal; the envelope travels beside it. `validRound` is −1 for a fresh value. */
export interface Proposal {
  readonly height: number
  readonly round: number
  readonly validRound: number
  readonly blockHash: Hash
  readonly proposer: Address
  readonly signature: Uint8Array
}

export type UnsignedVote = Omit<Vote, 'signature'>
export type UnsignedProposal = Omit<Proposal, 'signature'>

const WIRE_VERSION = 1
const DOMAIN_TAG = keccak256(utf8ToBytes('openledger.consensus.v1'))
const TYPE_CODE = { proposal: 0, prevote: 1, precommit: 2 } as const
const NO_VALID_ROUND = 0xff
const WORD_BYTES = 32
const DIGEST_WORDS = 8

const prefixes = new WeakMap<SigningDomain, Uint8Array>()

/** The words that all digests of a domain begin with. */
function prefixOf(domain: SigningDomain): Uint8Array {
  const known = prefixes.get(domain)
  if (known !== undefined) return known
  const prefix = concatBytes(
    DOMAIN_TAG,
    hexToBytes(domain.genesisHash),
    bigIntToBytes(domain.chainId, WORD_BYTES),
  )
  prefixes.set(domain, prefix)
  return prefix
}

/**
 * keccak256 of eight 32-byte words, which Solidity writes as `abi.encode(tag, genesisHash, chainId, height, round,
 * type, blockHash, validRound)`; so evidence is checked on-chain with `ecrecover`. Votes carry validRound −1.
 */
function digest(
  domain: SigningDomain,
  type: keyof typeof TYPE_CODE,
  content: { height: number; round: number; blockHash: Hash | null; validRound: number },
): Uint8Array {
  const words = new Uint8Array(DIGEST_WORDS * WORD_BYTES)
  const view = new DataView(words.buffer)
  const integer = (word: number, value: number) => {
    const end = (word + 1) * WORD_BYTES
    view.setUint32(end - 8, Math.floor(value / 2 ** 32))
    view.setUint32(end - 4, value % 2 ** 32)
  }
  words.set(prefixOf(domain))
  integer(3, content.height)
  integer(4, content.round)
  integer(5, TYPE_CODE[type])
  words.set(hexToBytes(content.blockHash ?? ZERO_HASH), 6 * WORD_BYTES)
  if (content.validRound < 0) words.fill(NO_VALID_ROUND, 7 * WORD_BYTES)
  else integer(7, content.validRound)
  return keccak256(words)
}

/** The signer is no part of it: who recovers from the signature has signed. */
export function voteDigest(
  domain: SigningDomain,
  vote: UnsignedVote | Omit<UnsignedVote, 'validator'>,
): Uint8Array {
  const { type, height, round, blockHash } = vote
  return digest(domain, type, { height, round, blockHash, validRound: -1 })
}

export function proposalDigest(domain: SigningDomain, proposal: UnsignedProposal): Uint8Array {
  return digest(domain, 'proposal', proposal)
}

export function recoverSigner(domain: SigningDomain, digest: Uint8Array, signature: Uint8Array): Address {
  return (domain.scheme ?? secp256k1Scheme).recover(digest, signature)
}

/** Refuses a vote whose signature is not its validator's. */
export function checkVoteSignature(domain: SigningDomain, vote: Vote): void {
  if (recoverSigner(domain, voteDigest(domain, vote), vote.signature) !== vote.validator) {
    throw new NodeError('BAD_SIGNATURE', 'The vote is not signed by its validator.')
  }
}

export function checkProposalSignature(domain: SigningDomain, proposal: Proposal): void {
  if (recoverSigner(domain, proposalDigest(domain, proposal), proposal.signature) !== proposal.proposer) {
    throw new NodeError('BAD_SIGNATURE', 'The proposal is not signed by its proposer.')
  }
}

export function voteToRlp(vote: Vote): RlpItem {
  return [
    fromInt(WIRE_VERSION),
    fromInt(TYPE_CODE[vote.type]),
    fromInt(vote.height),
    fromInt(vote.round),
    vote.blockHash === null ? new Uint8Array(0) : fromHex(vote.blockHash),
    fromHex(vote.validator),
    vote.signature,
  ]
}

export function voteFromRlp(item: RlpItem | undefined): Vote {
  const [version, type, height, round, blockHash, validator, signature] = asList(item, 7)
  checkWireVersion(asInt(version))
  const typeCode = asInt(type)
  if (typeCode !== 1 && typeCode !== 2) throw new NodeError('BAD_RLP', 'Unknown vote type.')
  return {
    type: typeCode === 1 ? 'prevote' : 'precommit',
    height: asInt(height),
    round: asInt(round, 0x7fff_ffff),
    blockHash: asBytes(blockHash).length === 0 ? null : asHash(blockHash),
    validator: asAddress(validator),
    signature: asBytes(signature, SIGNATURE_BYTES),
  }
}

export const encodeVote = (vote: Vote): Uint8Array => encodeRlp(voteToRlp(vote))
export const decodeVote = (bytes: Uint8Array): Vote => voteFromRlp(decodeRlp(bytes, limits.voteBytes))

export function proposalToRlp(proposal: Proposal): RlpItem {
  return [
    fromInt(WIRE_VERSION),
    fromInt(proposal.height),
    fromInt(proposal.round),
    // shifted by one, because RLP has no negative integers
    fromInt(proposal.validRound + 1),
    fromHex(proposal.blockHash),
    fromHex(proposal.proposer),
    proposal.signature,
  ]
}

export function proposalFromRlp(item: RlpItem | undefined): Proposal {
  const [version, height, round, validRound, blockHash, proposer, signature] = asList(item, 7)
  checkWireVersion(asInt(version))
  return {
    height: asInt(height),
    round: asInt(round, 0x7fff_ffff),
    validRound: asInt(validRound, 0x7fff_ffff) - 1,
    blockHash: asHash(blockHash),
    proposer: asAddress(proposer),
    signature: asBytes(signature, SIGNATURE_BYTES),
  }
}

function checkWireVersion(version: number): void {
  if (version !== WIRE_VERSION) throw new NodeError('BAD_RLP', `Unknown message version ${version}.`)
}
