import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import type { SigningDomain, UnsignedProposal, UnsignedVote } from '../../ledger/vote.ts'
import { bytesToUtf8, utf8ToBytes } from '../../primitives/bytes.ts'
import type { Address } from '../../primitives/hex.ts'
import {
  asAddress,
  asBigInt,
  asBytes,
  asHash,
  asInt,
  asList,
  decodeRlp,
  encodeRlp,
  fromHex,
  fromInt,
  type RlpItem,
} from '../../primitives/rlp.ts'
import { SIGNATURE_BYTES } from '../../primitives/secp256k1.ts'

/**
 * What a node and a signer say to each other: RLP lists `[version, id, kind, …]`. A request carries what is to be
 * signed and not its digest, so that the signer knows for which place the signature is.
 */
const VERSION = 1
const REQUEST = { hello: 0, vote: 1, proposal: 2 } as const
const ANSWER = { address: 0, signature: 1, failure: 2 } as const
const MAX_ROUND = 0x7fff_ffff
const MAX_ID = 0xffff_ffff

export type SignerRequest =
  /** The first on a connection: for which chain the node wants signatures. */
  | { readonly kind: 'hello'; readonly domain: SigningDomain }
  | { readonly kind: 'vote'; readonly vote: UnsignedVote }
  | { readonly kind: 'proposal'; readonly proposal: UnsignedProposal }

/** Failures that have a meaning for the node; any other is INTERNAL. */
export type SignerFailure = 'DOUBLE_SIGN_REFUSED' | 'WRONG_CHAIN' | 'BAD_REQUEST' | 'INTERNAL'
const FAILURES: readonly SignerFailure[] = ['DOUBLE_SIGN_REFUSED', 'WRONG_CHAIN', 'BAD_REQUEST', 'INTERNAL']

export type SignerAnswer =
  | { readonly kind: 'address'; readonly address: Address }
  | { readonly kind: 'signature'; readonly signature: Uint8Array }
  | { readonly kind: 'failure'; readonly code: SignerFailure; readonly message: string }

export interface Numbered<T> {
  readonly id: number
  readonly body: T
}

export function encodeSignerRequest({ id, body }: Numbered<SignerRequest>): Uint8Array {
  return encodeRlp([fromInt(VERSION), fromInt(id), fromInt(REQUEST[body.kind]), requestFields(body)])
}

function requestFields(request: SignerRequest): RlpItem {
  switch (request.kind) {
    case 'hello':
      return [fromHex(request.domain.genesisHash), fromInt(request.domain.chainId)]
    case 'vote': {
      const { type, height, round, blockHash, validator } = request.vote
      const typeCode = type === 'prevote' ? 1 : 2
      const hash = blockHash === null ? new Uint8Array(0) : fromHex(blockHash)
      return [fromInt(typeCode), fromInt(height), fromInt(round), hash, fromHex(validator)]
    }
    case 'proposal': {
      const { height, round, validRound, blockHash, proposer } = request.proposal
      // shifted by one, because RLP has no negative integers
      return [fromInt(height), fromInt(round), fromInt(validRound + 1), fromHex(blockHash), fromHex(proposer)]
    }
  }
}

/** Errors: BAD_RLP, LIMIT_EXCEEDED. */
export function decodeSignerRequest(bytes: Uint8Array): Numbered<SignerRequest> {
  const { id, kind, fields } = decodeMessage(bytes)
  switch (kind) {
    case REQUEST.hello: {
      const [genesisHash, chainId] = asList(fields, 2)
      return {
        id,
        body: { kind: 'hello', domain: { genesisHash: asHash(genesisHash), chainId: asBigInt(chainId) } },
      }
    }
    case REQUEST.vote:
      return { id, body: { kind: 'vote', vote: decodeVoteFields(fields) } }
    case REQUEST.proposal: {
      const [height, round, validRound, blockHash, proposer] = asList(fields, 5)
      const proposal = {
        height: asInt(height),
        round: asInt(round, MAX_ROUND),
        validRound: asInt(validRound, MAX_ROUND) - 1,
        blockHash: asHash(blockHash),
        proposer: asAddress(proposer),
      }
      return { id, body: { kind: 'proposal', proposal } }
    }
    default:
      throw new NodeError('BAD_RLP', `Unknown kind of request: ${kind}.`)
  }
}

function decodeVoteFields(fields: RlpItem | undefined): UnsignedVote {
  const [type, height, round, blockHash, validator] = asList(fields, 5)
  const typeCode = asInt(type)
  if (typeCode !== 1 && typeCode !== 2) throw new NodeError('BAD_RLP', 'Unknown vote type.')
  return {
    type: typeCode === 1 ? 'prevote' : 'precommit',
    height: asInt(height),
    round: asInt(round, MAX_ROUND),
    blockHash: asBytes(blockHash).length === 0 ? null : asHash(blockHash),
    validator: asAddress(validator),
  }
}

export function encodeSignerAnswer({ id, body }: Numbered<SignerAnswer>): Uint8Array {
  return encodeRlp([fromInt(VERSION), fromInt(id), fromInt(ANSWER[body.kind]), answerFields(body)])
}

function answerFields(answer: SignerAnswer): RlpItem {
  switch (answer.kind) {
    case 'address':
      return [fromHex(answer.address)]
    case 'signature':
      return [answer.signature]
    case 'failure': {
      const text = utf8ToBytes(answer.message.slice(0, limits.signerMessageCharacters))
      return [fromInt(FAILURES.indexOf(answer.code)), text]
    }
  }
}

/** Errors: BAD_RLP, LIMIT_EXCEEDED. */
export function decodeSignerAnswer(bytes: Uint8Array): Numbered<SignerAnswer> {
  const { id, kind, fields } = decodeMessage(bytes)
  switch (kind) {
    case ANSWER.address:
      return { id, body: { kind: 'address', address: asAddress(asList(fields, 1)[0]) } }
    case ANSWER.signature:
      return {
        id,
        body: { kind: 'signature', signature: asBytes(asList(fields, 1)[0], SIGNATURE_BYTES).slice() },
      }
    case ANSWER.failure: {
      const [code, text] = asList(fields, 2)
      const failure = FAILURES[asInt(code)]
      if (failure === undefined) throw new NodeError('BAD_RLP', 'Unknown failure of the signer.')
      return { id, body: { kind: 'failure', code: failure, message: bytesToUtf8(asBytes(text)) } }
    }
    default:
      throw new NodeError('BAD_RLP', `Unknown kind of answer: ${kind}.`)
  }
}

function decodeMessage(bytes: Uint8Array): { id: number; kind: number; fields: RlpItem | undefined } {
  const [version, id, kind, fields] = asList(decodeRlp(bytes, limits.signerFrameBytes), 4)
  if (asInt(version) !== VERSION) {
    throw new NodeError('BAD_RLP', `Version ${asInt(version)} of the signer's protocol is not spoken here.`)
  }
  return { id: asInt(id, MAX_ID), kind: asInt(kind), fields }
}
