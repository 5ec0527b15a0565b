import { limits } from '../config/limits.ts'
import { NodeError } from '../errors/errors.ts'
import { bytesToUtf8, utf8ToBytes } from '../primitives/bytes.ts'
import { asBytes, asInt, asList, decodeRlp, encodeRlp, fromInt } from '../primitives/rlp.ts'
import { formatPeerAddress, PEER_ADDRESS_BYTES, type PeerAddress, parsePeerAddress } from './peerAddress.ts'

export const PEERS_PROTOCOL = 'peers/1'
const WIRE_VERSION = 1
const MAX_PORT = 65_535

/** Largest request: a list of two integers. */
export const PEERS_REQUEST_BYTES = 16
export const PEERS_ANSWER_BYTES = limits.exchangedPeers * (PEER_ADDRESS_BYTES + 3) + 16

/** Asks a peer for others. The port is where the asker listens, at the host that it connects from; 0 for nowhere. */
export function encodePeersRequest(port: number): Uint8Array {
  return encodeRlp([fromInt(WIRE_VERSION), fromInt(port)])
}

/** Errors of this and the next: BAD_RLP, BAD_ENCODING, LIMIT_EXCEEDED. */
export function decodePeersRequest(bytes: Uint8Array): number {
  const [version, port] = asList(decodeRlp(bytes, PEERS_REQUEST_BYTES), 2)
  checkVersion(asInt(version))
  return asInt(port, MAX_PORT)
}

export function encodePeersAnswer(addresses: readonly PeerAddress[]): Uint8Array {
  return encodeRlp([
    fromInt(WIRE_VERSION),
    addresses.map((address) => utf8ToBytes(formatPeerAddress(address))),
  ])
}

export function decodePeersAnswer(bytes: Uint8Array): PeerAddress[] {
  const [version, addresses] = asList(decodeRlp(bytes, PEERS_ANSWER_BYTES), 2)
  checkVersion(asInt(version))
  const list = asList(addresses)
  if (list.length > limits.exchangedPeers)
    throw new NodeError('LIMIT_EXCEEDED', 'Too many addresses of peers.')
  return list.map((item) => {
    const text = bytesToUtf8(asBytes(item))
    const address = parsePeerAddress(text)
    // one form each, so that an address can be kept and compared as a text
    if (address === undefined || formatPeerAddress(address) !== text) {
      throw new NodeError('BAD_ENCODING', 'The address of a peer has another form.')
    }
    return address
  })
}

function checkVersion(version: number): void {
  if (version !== WIRE_VERSION)
    throw new NodeError('BAD_RLP', `Unknown version ${version} of an exchange of peers.`)
}
