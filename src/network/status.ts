import { limits } from '../config/limits.ts'
import { NodeError } from '../errors/errors.ts'
import { bytesToUtf8, utf8ToBytes } from '../primitives/bytes.ts'
import type { Hash } from '../primitives/hex.ts'
import {
  asBigInt,
  asBytes,
  asHash,
  asInt,
  asList,
  decodeRlp,
  encodeRlp,
  fromHex,
  fromInt,
} from '../primitives/rlp.ts'
import type { ChainIdentity } from './topics.ts'

/** What two nodes tell each other on connecting, and again when their head moves. */
export interface Status {
  /** Version of the node's own protocols; nodes of different versions do not talk. */
  readonly wireVersion: number
  readonly chainId: bigint
  readonly genesisHash: Hash
  readonly headHeight: number
  readonly headHash: Hash
  /** Name and version of the program; printable ASCII. */
  readonly agent: string
}

export const WIRE_VERSION = 1

/** The same for all chains, so that a node of another chain can be told why it is refused. */
export const STATUS_PROTOCOL = '/openledger/status/1'

const PRINTABLE = /^[\x20-\x7e]*$/

export function encodeStatus(status: Status): Uint8Array {
  return encodeRlp([
    fromInt(status.wireVersion),
    fromInt(status.chainId),
    fromHex(status.genesisHash),
    fromInt(status.headHeight),
    fromHex(status.headHash),
    utf8ToBytes(status.agent),
  ])
}

/** A status of another wire version may have more fields; the first six keep their meaning. */
export function decodeStatus(bytes: Uint8Array): Status {
  const fields = asList(decodeRlp(bytes, limits.statusBytes))
  const wireVersion = asInt(fields[0], 0xffff)
  if (wireVersion === WIRE_VERSION) asList(fields, 6)
  const agentBytes = asBytes(fields[5])
  if (agentBytes.length > limits.agentBytes)
    throw new NodeError('LIMIT_EXCEEDED', 'The agent name is too long.')
  const agent = bytesToUtf8(agentBytes)
  if (!PRINTABLE.test(agent)) throw new NodeError('BAD_ENCODING', 'The agent name is not printable ASCII.')
  return {
    wireVersion,
    chainId: asBigInt(fields[1]),
    genesisHash: asHash(fields[2]),
    headHeight: asInt(fields[3]),
    headHash: asHash(fields[4]),
    agent,
  }
}

/** Refuses a peer of another chain (WRONG_CHAIN) or of another version (PROTOCOL_UNSUPPORTED). */
export function checkStatus(chain: ChainIdentity, status: Status): void {
  if (status.chainId !== chain.chainId || status.genesisHash !== chain.genesisHash) {
    throw new NodeError(
      'WRONG_CHAIN',
      `The peer is of chain ${status.chainId} with genesis ${status.genesisHash}; ` +
        `this node is of chain ${chain.chainId} with genesis ${chain.genesisHash}.`,
    )
  }
  if (status.wireVersion !== WIRE_VERSION) {
    throw new NodeError(
      'PROTOCOL_UNSUPPORTED',
      `The peer speaks version ${status.wireVersion} of the node protocols; this node speaks ${WIRE_VERSION}.`,
    )
  }
}
