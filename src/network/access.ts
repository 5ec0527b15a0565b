import { BlockList, isIP } from 'node:net'
import { limits } from '../config/limits.ts'
import { NodeError } from '../errors/errors.ts'
import type { PeerId } from './ports.ts'

export interface AccessOptions {
  /** Ids of peers that may connect; empty for any. */
  readonly allow: readonly string[]
  /** Ids, IP addresses or subnets (`10.0.0.0/8`) that may not. */
  readonly deny: readonly string[]
  /** Configured and reserved peers may connect, nobody else: a validator behind its sentries. */
  readonly only: boolean
  /** Ids of peers that always may, beyond the limits for strangers, and of which nobody is told. */
  readonly reserved: readonly string[]
}

export const openAccess: AccessOptions = { allow: [], deny: [], only: false, reserved: [] }

const PEER_ID = /^[1-9A-HJ-NP-Za-km-z]{40,64}$/

/** Who may be connected, by the operator's word; bans are apart from it (`PeerScores`). */
export class Access {
  readonly #only: boolean
  readonly #allow: ReadonlySet<PeerId>
  readonly #deny: ReadonlySet<PeerId>
  readonly #deniedHosts = new BlockList()
  readonly #reserved: ReadonlySet<PeerId>
  readonly #configured: ReadonlySet<PeerId>

  /** `configured` are the peers that this node dials. Errors: BAD_CONFIG. */
  constructor({ allow, deny, only, reserved }: AccessOptions, configured: ReadonlySet<PeerId>) {
    if (Math.max(allow.length, deny.length, reserved.length) > limits.accessEntries) {
      throw new NodeError('BAD_CONFIG', `A list of peers has ${limits.accessEntries} entries at most.`)
    }
    this.#only = only
    this.#configured = configured
    this.#allow = new Set(allow.map(checkedId))
    this.#reserved = new Set(reserved.map(checkedId))
    this.#deny = new Set(deny.filter((entry) => !this.#denyHost(entry)).map(checkedId))
  }

  /** A word that is given twice counts as a no. */
  admits(peer: PeerId): boolean {
    if (this.#deny.has(peer)) return false
    if (this.isKnown(peer)) return true
    return !this.#only && (this.#allow.size === 0 || this.#allow.has(peer))
  }

  admitsHost(host: string): boolean {
    const family = isIP(host)
    return family === 0 || !this.#deniedHosts.check(host, family === 4 ? 'ipv4' : 'ipv6')
  }

  /** Configured or reserved: the limits for strangers are not for it. */
  isKnown(peer: PeerId): boolean {
    return this.#configured.has(peer) || this.#reserved.has(peer)
  }

  /** Others are not told where it is. */
  isPrivate(peer: PeerId): boolean {
    return this.#reserved.has(peer)
  }

  #denyHost(entry: string): boolean {
    const [host = '', prefix, ...rest] = entry.split('/')
    const family = isIP(host)
    if (family === 0) return false
    const most = family === 4 ? 32 : 128
    const bits = prefix === undefined ? most : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
    if (rest.length > 0 || !(bits <= most)) {
      throw new NodeError('BAD_CONFIG', `${JSON.stringify(entry)} is no subnet.`)
    }
    this.#deniedHosts.addSubnet(host, bits, family === 4 ? 'ipv4' : 'ipv6')
    return true
  }
}

function checkedId(text: string): PeerId {
  if (PEER_ID.test(text)) return text
  throw new NodeError('BAD_CONFIG', `${JSON.stringify(text)} is no peer id.`)
}
