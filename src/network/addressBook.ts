import { limits } from '../config/limits.ts'
import { NodeError } from '../errors/errors.ts'
import { bytesToUtf8, utf8ToBytes } from '../primitives/bytes.ts'
import { asBytes, asInt, asList, decodeRlp, encodeRlp, fromInt } from '../primitives/rlp.ts'
import { formatPeerAddress, PEER_ADDRESS_BYTES, type PeerAddress, parsePeerAddress } from './peerAddress.ts'
import type { PeerId } from './ports.ts'

interface Entry {
  readonly address: PeerAddress
  /** A connection to it stood once: it stays longer than what was only told of. */
  readonly proven: boolean
  readonly failures: number
  readonly nextTryMs: number
}

const WIRE_VERSION = 1
/** Attempts that fail in a row before an address is forgotten. */
const FAILURES_UNPROVEN = 3
const FAILURES_PROVEN = 12
export const ADDRESS_BOOK_BYTES = limits.addressBook * (PEER_ADDRESS_BYTES + 8) + 16

/**
 * Addresses of peers to try: one for each peer, `limits.addressBook` in all. What was only told of never pushes out
 * what has worked, so that a liar can fill the rest and no more.
 */
export class AddressBook {
  readonly #entries = new Map<PeerId, Entry>()

  get size(): number {
    return this.#entries.size
  }

  /** Somebody told of it. One that is known already stays as it is: a stranger must not move it. */
  told(address: PeerAddress): void {
    if (this.#entries.has(address.peer) || !this.#makeRoom(false)) return
    this.#entries.set(address.peer, { address, proven: false, failures: 0, nextTryMs: 0 })
  }

  /** A connection to it stands. */
  worked(address: PeerAddress): void {
    if (!this.#entries.delete(address.peer) && !this.#makeRoom(true)) return
    this.#entries.set(address.peer, { address, proven: true, failures: 0, nextTryMs: 0 })
  }

  failed(peer: PeerId, nowMs: number): void {
    const entry = this.#entries.get(peer)
    if (entry === undefined) return
    const failures = entry.failures + 1
    if (failures >= (entry.proven ? FAILURES_PROVEN : FAILURES_UNPROVEN)) {
      this.#entries.delete(peer)
      return
    }
    const pauseMs = Math.min(limits.redialLongestMs, limits.redialFirstMs * 2 ** failures)
    this.#entries.set(peer, { ...entry, failures, nextTryMs: nowMs + pauseMs })
  }

  forget(peer: PeerId): void {
    this.#entries.delete(peer)
  }

  /** Addresses that may be tried now; proven ones first, in the order in which they came. */
  candidates(nowMs: number): PeerAddress[] {
    const due = [...this.#entries.values()].filter(({ nextTryMs }) => nextTryMs <= nowMs)
    return [...due.filter(({ proven }) => proven), ...due.filter(({ proven }) => !proven)].map(
      ({ address }) => address,
    )
  }

  encode(): Uint8Array {
    const entries = [...this.#entries.values()].map(({ address, proven }) => [
      utf8ToBytes(formatPeerAddress(address)),
      fromInt(proven ? 1 : 0),
    ])
    return encodeRlp([fromInt(WIRE_VERSION), entries])
  }

  /** What `encode` wrote. Errors: BAD_RLP, BAD_ENCODING, LIMIT_EXCEEDED. */
  static decode(bytes: Uint8Array): AddressBook {
    const [version, entries] = asList(decodeRlp(bytes, ADDRESS_BOOK_BYTES), 2)
    if (asInt(version) !== WIRE_VERSION) throw new NodeError('BAD_RLP', 'An address book of another version.')
    const list = asList(entries)
    if (list.length > limits.addressBook) throw new NodeError('LIMIT_EXCEEDED', 'Too many addresses.')
    const book = new AddressBook()
    for (const item of list) {
      const [text, proven] = asList(item, 2)
      const address = parsePeerAddress(bytesToUtf8(asBytes(text)))
      if (address === undefined || book.#entries.has(address.peer)) {
        throw new NodeError('BAD_ENCODING', 'A malformed or repeated address.')
      }
      book.#entries.set(address.peer, { address, proven: asInt(proven, 1) === 1, failures: 0, nextTryMs: 0 })
    }
    return book
  }

  /** The oldest address that was only told of makes room; for one that works, also the oldest that worked. */
  #makeRoom(forProven: boolean): boolean {
    if (this.#entries.size < limits.addressBook) return true
    const all = [...this.#entries]
    const victim = all.find(([, { proven }]) => !proven) ?? (forProven ? all[0] : undefined)
    if (victim === undefined) return false
    return this.#entries.delete(victim[0])
  }
}
