import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { NodeError } from '../../errors/errors.ts'
import type { KnownAddress } from '../dialer.ts'

/** A multiaddr such as `/ip4/127.0.0.1/tcp/30303`; only TCP is spoken. Errors: BAD_CONFIG. */
export function parseAddress(text: string): Multiaddr {
  let address: Multiaddr
  try {
    address = multiaddr(text)
  } catch (error) {
    throw notAnAddress(text, error)
  }
  const [host, transport, last, ...rest] = address.protoNames()
  const knownHost = host !== undefined && ['ip4', 'ip6', 'dns4', 'dns6', 'dns'].includes(host)
  if (!knownHost || transport !== 'tcp' || (last !== undefined && last !== 'p2p') || rest.length > 0) {
    throw notAnAddress(text)
  }
  return address
}

function notAnAddress(text: string, cause?: unknown): NodeError {
  return new NodeError(
    'BAD_CONFIG',
    `${JSON.stringify(text)} is no address. Expected /ip4/<address>/tcp/<port>, or ip6, dns4, dns6, dns; /p2p/<peer id> may follow.`,
    { address: text },
    cause,
  )
}

export function parseKnownAddress(text: string): KnownAddress {
  return { address: text, peer: parseAddress(text).getPeerId() ?? undefined }
}

/** Whether an address stays on this machine. A name may resolve to anything, save `localhost`. */
export function isLoopback(address: Multiaddr): boolean {
  const [first] = address.getComponents()
  const value = first?.value ?? ''
  switch (first?.name) {
    case 'ip4':
      return value.startsWith('127.')
    case 'ip6':
      return value === '::1' || value.startsWith('::ffff:127.')
    case 'dns':
    case 'dns4':
    case 'dns6':
      return value === 'localhost'
    default:
      return false
  }
}

/** The IP address or name in an address, as a key to count by. */
export function hostOf(address: Multiaddr): string {
  return address.getComponents()[0]?.value ?? ''
}
