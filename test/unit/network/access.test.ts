import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { Access, type AccessOptions, openAccess } from '../../../src/network/access.ts'
import { thrownCode } from '../../support/network/outcome.ts'

const id = (letter: string) => `12D3KooW${letter.repeat(44)}`
const [STRANGER, FRIEND, SENTRY, VALIDATOR] = ['S', 'F', 'B', 'V'].map(id) as [string, string, string, string]
const access = (options: Partial<AccessOptions>) =>
  new Access({ ...openAccess, ...options }, new Set([SENTRY]))
const admitted = (one: Access) => [STRANGER, FRIEND, SENTRY, VALIDATOR].map((peer) => one.admits(peer))

describe('who may connect', () => {
  it.each<[string, Partial<AccessOptions>, boolean[]]>([
    ['anybody, without rules', {}, [true, true, true, true]],
    [
      'those of the list, the configured and the reserved',
      { allow: [FRIEND], reserved: [VALIDATOR] },
      [false, true, true, true],
    ],
    ['anybody but the denied', { deny: [FRIEND, SENTRY] }, [true, false, false, true]],
    [
      'nobody denied, though allowed or reserved too',
      { allow: [FRIEND], deny: [FRIEND, VALIDATOR], reserved: [VALIDATOR] },
      [false, false, true, false],
    ],
    [
      'the configured and the reserved, with known peers only',
      { only: true, allow: [FRIEND], reserved: [VALIDATOR] },
      [false, false, true, true],
    ],
  ])('%s', (_what, options, expected) => {
    expect(admitted(access(options))).toEqual(expected)
  })

  it('denies hosts and subnets', () => {
    const rules = access({ deny: ['192.0.2.7', '198.51.100.0/24', '2001:db8::/32', STRANGER] })
    for (const host of ['192.0.2.7', '198.51.100.200', '2001:db8::1'])
      expect(rules.admitsHost(host)).toBe(false)
    for (const host of ['192.0.2.8', '198.51.101.1', '2001:db9::1', 'example.org']) {
      expect(rules.admitsHost(host)).toBe(true)
    }
    expect(rules.admits(STRANGER)).toBe(false)
  })

  it('tells of nobody that is reserved, and counts no known peer as a stranger', () => {
    const rules = access({ reserved: [VALIDATOR] })
    expect([STRANGER, SENTRY, VALIDATOR].map((peer) => rules.isPrivate(peer))).toEqual([false, false, true])
    expect([STRANGER, SENTRY, VALIDATOR].map((peer) => rules.isKnown(peer))).toEqual([false, true, true])
  })

  it.each<[string, Partial<AccessOptions>]>([
    ['what is no id', { allow: ['somebody'] }],
    ['an address where an id belongs', { reserved: ['192.0.2.7'] }],
    ['a subnet that is none', { deny: ['192.0.2.0/33'] }],
    ['a subnet of two parts too many', { deny: ['192.0.2.0/24/1'] }],
    ['a subnet without its size', { deny: ['192.0.2.0/'] }],
    ['a list without end', { deny: Array.from({ length: limits.accessEntries + 1 }, () => STRANGER) }],
  ])('refuses %s', (_what, options) => {
    expect(thrownCode(() => access(options))).toBe('BAD_CONFIG')
  })
})
