import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { isLoopback, parseAddress, parseKnownAddress } from '../../../src/network/libp2p/addresses.ts'
import { thrownCode } from '../../support/network/outcome.ts'

const peer = '12D3KooWFCWefH6VsLCs2QT63wejJv2R3T9HA1fBqstJxXD7VZbf'

describe('addresses', () => {
  it.each([
    '/ip4/127.0.0.1/tcp/0',
    '/ip6/::1/tcp/30303',
    '/dns4/node.example.org/tcp/30303',
    `/ip4/10.0.0.1/tcp/1/p2p/${peer}`,
  ])('%s is one', (text) => {
    expect(parseAddress(text).toString()).toBe(text)
  })

  it.each([
    '',
    'localhost:30303',
    '/ip4/127.0.0.1',
    '/ip4/127.0.0.1/udp/1',
    '/ip4/300.0.0.1/tcp/1',
    '/ip4/127.0.0.1/tcp/70000',
    '/ip4/127.0.0.1/tcp/1/ws',
    '/unix/tmp/socket',
    `/p2p/${peer}`,
    `/ip4/127.0.0.1/tcp/1/p2p/${peer}/p2p-circuit`,
  ])('%j is none', (text) => {
    expect(thrownCode(() => parseAddress(text))).toBe('BAD_CONFIG')
  })

  it('tell whose they are if they say so', () => {
    expect(parseKnownAddress(`/ip4/127.0.0.1/tcp/1/p2p/${peer}`).peer).toBe(peer)
    expect(parseKnownAddress('/ip4/127.0.0.1/tcp/1').peer).toBeUndefined()
  })

  it.each([
    ['/ip4/127.0.0.1/tcp/1', true],
    ['/ip4/127.9.9.9/tcp/1', true],
    ['/ip6/::1/tcp/1', true],
    ['/dns4/localhost/tcp/1', true],
    ['/ip4/0.0.0.0/tcp/1', false],
    ['/ip4/10.0.0.1/tcp/1', false],
    ['/ip6/::/tcp/1', false],
    ['/dns4/localhost.example.org/tcp/1', false],
  ])('%s stays on this machine: %s', (text, expected) => {
    expect(isLoopback(multiaddr(text))).toBe(expected)
  })
})
