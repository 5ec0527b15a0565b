import { BlockList, isIP } from 'node:net'
import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import { utf8ToBytes } from '../../primitives/bytes.ts'

/** A host's endpoint from the chain: anybody may have written it. BAD_REQUEST unless it is a plain http(s) URL. */
export function parseEndpoint(endpoint: string): URL {
  if (utf8ToBytes(endpoint).length > limits.endpointBytes || !URL.canParse(endpoint)) throw badEndpoint()
  const url = new URL(endpoint)
  const isPlain = url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (!isPlain || (url.protocol !== 'http:' && url.protocol !== 'https:')) throw badEndpoint()
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

function badEndpoint(): NodeError {
  return new NodeError('BAD_REQUEST', 'An endpoint is an http or https URL without user, query and fragment.')
}

const SUBNETS_V4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
]
const SUBNETS_V6: readonly (readonly [string, number])[] = [
  ['::', 128],
  ['::1', 128],
  ['64:ff9b::', 96],
  ['2001::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
]

const notPublic = new BlockList()
for (const [network, prefix] of SUBNETS_V4) notPublic.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of SUBNETS_V6) notPublic.addSubnet(network, prefix, 'ipv6')

/** An address of the open internet, and of no machine's own network (RFC 6890): where a stranger may point us to. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 0) return false
  return !notPublic.check(address, family === 4 ? 'ipv4' : 'ipv6')
}
