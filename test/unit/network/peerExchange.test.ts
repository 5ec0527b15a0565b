import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { hostOfLink, mayTellOf, parsePeerAddress, reachOf } from '../../../src/network/peerAddress.ts'
import {
  decodePeersAnswer,
  decodePeersRequest,
  encodePeersAnswer,
  encodePeersRequest,
  PEERS_ANSWER_BYTES,
} from '../../../src/network/peerExchange.ts'
import { utf8ToBytes } from '../../../src/primitives/bytes.ts'
import { encodeRlp, fromInt } from '../../../src/primitives/rlp.ts'
import { thrownCode } from '../../support/network/outcome.ts'

const peer = '12D3KooWFCWefH6VsLCs2QT63wejJv2R3T9HA1fBqstJxXD7VZbf'
const address = { peer, host: '192.0.2.1', port: 30_303 }

describe('the exchange of peers', () => {
  it('gives back what went in, within its bound', () => {
    const longest = {
      peer: '1'.repeat(64),
      host: 'ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255',
      port: 65_535,
    }
    const full = Array.from({ length: limits.exchangedPeers }, () => longest)
    expect(encodePeersAnswer(full).length).toBeLessThanOrEqual(PEERS_ANSWER_BYTES)
    for (const list of [[], [address], full]) expect(decodePeersAnswer(encodePeersAnswer(list))).toEqual(list)
    for (const port of [0, 1, 65_535]) expect(decodePeersRequest(encodePeersRequest(port))).toBe(port)
  })

  it.each<[string, Uint8Array, string]>([
    ['another version', encodeRlp([fromInt(2), []]), 'BAD_RLP'],
    [
      'a name for an address',
      encodeRlp([fromInt(1), [utf8ToBytes('/dns4/example.org/tcp/1')]]),
      'BAD_ENCODING',
    ],
    [
      'too many',
      encodePeersAnswer(Array.from({ length: limits.exchangedPeers + 1 }, () => address)),
      'LIMIT_EXCEEDED',
    ],
    ['too much', new Uint8Array(PEERS_ANSWER_BYTES + 1), 'LIMIT_EXCEEDED'],
  ])('refuses %s', (_what, bytes, code) => {
    expect(thrownCode(() => decodePeersAnswer(bytes))).toBe(code)
  })

  it('refuses a port that is none', () => {
    expect(thrownCode(() => decodePeersRequest(encodeRlp([fromInt(1), fromInt(65_536)])))).toBe('BAD_RLP')
  })
})

describe('addresses of peers', () => {
  it.each([
    `/ip4/192.0.2.1/tcp/0/p2p/${peer}`,
    `/ip4/192.0.2.1/tcp/65536/p2p/${peer}`,
    `/ip4/192.0.2.256/tcp/1/p2p/${peer}`,
    `/ip6/192.0.2.1/tcp/1/p2p/${peer}`,
    `/ip4/192.0.2.1/tcp/01/p2p/${peer}`,
    '/ip4/192.0.2.1/tcp/1',
    `/dns4/example.org/tcp/1/p2p/${peer}`,
    `/ip4/192.0.2.1/tcp/1/p2p/${peer}/p2p-circuit`,
  ])('%s is none', (text) => {
    expect(parsePeerAddress(text)).toBeUndefined()
  })

  it('know how far they reach', () => {
    expect(['127.0.0.1', '::1'].map(reachOf)).toEqual(['machine', 'machine'])
    expect(['10.1.2.3', '192.168.0.1', 'fd00::1', '169.254.1.1'].map(reachOf)).toEqual(
      Array(4).fill('private'),
    )
    expect(['8.8.8.8', '2a00::1'].map(reachOf)).toEqual(['internet', 'internet'])
    expect(hostOfLink('/ip4/10.0.0.1/tcp/1')).toBe('10.0.0.1')
    expect(hostOfLink('/memory/1')).toBeUndefined()
  })

  it('near this node are for those to tell that are near themselves', () => {
    expect(mayTellOf('8.8.8.8', '127.0.0.1')).toBe(false)
    expect(mayTellOf('8.8.8.8', '10.0.0.1')).toBe(false)
    expect(mayTellOf('10.0.0.2', '10.0.0.1')).toBe(true)
    expect(mayTellOf('10.0.0.2', '127.0.0.1')).toBe(false)
    expect(mayTellOf('127.0.0.1', '127.0.0.1')).toBe(true)
    expect(mayTellOf('10.0.0.2', '8.8.8.8')).toBe(true)
  })
})
