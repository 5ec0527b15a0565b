import { BlockList, isIP } from 'node:net'
import type { PeerId } from './ports.ts'

/** Where a peer listens, as peers tell each other: an IP address and a TCP port, never a name. */
export interface PeerAddress {
  readonly peer: PeerId
  readonly host: string
  readonly port: number
}

/** Longest text: an IPv6 address, a port and an id of 64 characters. */
export const PEER_ADDRESS_BYTES = 160

const FORM = /^\/ip([46])\/([0-9a-f.:]{2,45})\/tcp\/([1-9][0-9]{0,4})\/p2p\/([1-9A-HJ-NP-Za-km-z]{40,64})$/

/** Undefined for any other form, also where another form would mean the same. */
export function parsePeerAddress(text: string): PeerAddress | undefined {
  const [, family, host = '', portText, peer] = FORM.exec(text) ?? []
  const port = Number(portText)
  if (peer === undefined || port > 65_535 || String(isIP(host)) !== family) return undefined
  return { peer, host, port }
}

export function formatPeerAddress({ host, port, peer }: PeerAddress): string {
  return `/ip${isIP(host)}/${host}/tcp/${port}/p2p/${peer}`
}

/** The host of a link's address; undefined where that is no IP address. */
export function hostOfLink(address: string): string | undefined {
  const [, , host = ''] = address.split('/')
  return isIP(host) === 0 ? undefined : host
}

/** Where an address reaches: this machine, a network that is not the internet (RFC 6890), or the internet. */
export type Reach = 'machine' | 'private' | 'internet'

const machine = new BlockList()
machine.addSubnet('127.0.0.0', 8, 'ipv4')
machine.addAddress('::1', 'ipv6')
const special = new BlockList()
const SPECIAL_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/3',
]
const SPECIAL_V6 = ['::/96', '64:ff9b::/96', '2001::/32', '2002::/16', 'fc00::/7', 'fe80::/10', 'ff00::/8']
for (const [list, family] of [
  [SPECIAL_V4, 'ipv4'],
  [SPECIAL_V6, 'ipv6'],
] as const) {
  for (const subnet of list) {
    const [network = '', prefix] = subnet.split('/')
    special.addSubnet(network, Number(prefix), family)
  }
}

export function reachOf(host: string): Reach {
  const family = isIP(host) === 6 ? 'ipv6' : 'ipv4'
  if (machine.check(host, family)) return 'machine'
  return special.check(host, family) ? 'private' : 'internet'
}

const RANK: Readonly<Record<Reach, number>> = { machine: 0, private: 1, internet: 2 }

/**
 * Whether a peer at `teller` may tell of `told`: who is far away has no business with addresses that are near, or it
 * could have this node try the doors of its own network.
 */
export function mayTellOf(teller: string, told: string): boolean {
  return RANK[reachOf(told)] >= RANK[reachOf(teller)]
}
