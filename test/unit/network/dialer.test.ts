import { beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { NodeError } from '../../../src/errors/errors.ts'
import { Dialer, type KnownAddress } from '../../../src/network/dialer.ts'
import type { PeerId } from '../../../src/network/ports.ts'
import type { Transport } from '../../../src/network/transport.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import type { Random } from '../../../src/runtime/random.ts'
import { ManualClock } from '../../support/network/manualClock.ts'
import { thrownCode } from '../../support/network/outcome.ts'

/** In the middle of what is drawn: a pause without a change. */
const middle: Random = { bytes: (length) => new Uint8Array(length).fill(128) }

describe('the dialer', () => {
  let clock: ManualClock
  let dials: number[]
  let startMs: number
  let dial: (address: string) => Promise<PeerId>

  beforeEach(() => {
    clock = new ManualClock()
    startMs = clock.nowMs()
    dials = []
    dial = () => Promise.reject(new NodeError('PEER_UNREACHABLE', 'nobody there'))
  })

  function dialer(addresses: readonly KnownAddress[], localPeer = 'm', random = middle): Dialer {
    const unused = () => {
      throw new Error('not used')
    }
    const transport: Transport = {
      localPeer,
      start: unused,
      stop: unused,
      listenAddresses: unused,
      disconnect: unused,
      open: unused,
      handle: unused,
      unhandle: unused,
      dial: (address) => {
        dials.push(clock.nowMs() - startMs)
        return dial(address)
      },
    }
    return new Dialer({ addresses }, { transport, clock, random, logger: silentLogger })
  }

  it('dials for ever, with pauses that double up to the longest', async () => {
    const dialing = dialer([{ address: '/a', peer: undefined }])
    dialing.start()
    await clock.advance(600_000)
    const pauses = dials.slice(1).map((atMs, index) => atMs - dials[index]!)
    expect(dials[0]).toBe(0)
    expect(pauses.slice(0, 6)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000])
    expect(new Set(pauses.slice(6))).toEqual(new Set([limits.redialLongestMs]))
    expect(pauses.length).toBeGreaterThan(12)
    dialing.stop()
    expect(clock.pendingTimers).toBe(0)
  })

  it('draws each pause within a quarter around it', async () => {
    for (const [byte, pauseMs] of [
      [0, 750],
      [255, 1_248],
    ] as const) {
      dials = []
      startMs = clock.nowMs()
      const dialing = dialer([{ address: '/a', peer: undefined }], 'm', {
        bytes: (length) => new Uint8Array(length).fill(byte),
      })
      dialing.start()
      await clock.advance(1_500)
      dialing.stop()
      expect(dials).toEqual([0, pauseMs])
    }
  })

  it('dials again after a connection is lost, at once if it had held', async () => {
    const dialing = dialer([{ address: '/a', peer: undefined }])
    dial = async () => {
      dialing.linkUp('p')
      return 'p'
    }
    dialing.start()
    await clock.advance(limits.stableConnectionMs)
    expect(dials).toEqual([0])
    dialing.linkDown('p')
    await clock.advance(limits.redialFirstMs)
    expect(dials).toEqual([0, limits.stableConnectionMs + limits.redialFirstMs])
  })

  it('pauses ever longer for a peer that closes each connection at once', async () => {
    const dialing = dialer([{ address: '/a', peer: undefined }])
    dial = async () => {
      dialing.linkUp('p')
      dialing.linkDown('p')
      return 'p'
    }
    dialing.start()
    await clock.advance(600_000)
    expect(dials.length).toBeLessThan(18)
    dialing.stop()
  })

  it('leaves a peer alone that has connected by itself', async () => {
    const dialing = dialer([{ address: '/a', peer: 'a' }])
    dialing.start()
    dialing.linkUp('a')
    await clock.advance(100_000)
    expect(dials).toEqual([])
    dialing.linkDown('a')
    await clock.advance(limits.redialFirstMs + limits.dialStaggerMs)
    expect(dials).toHaveLength(1)
  })

  it('lets the peer with the smaller id go first', async () => {
    dialer([{ address: '/a', peer: 'a' }], 'm').start()
    dialer([{ address: '/z', peer: 'z' }], 'm').start()
    await clock.advance(limits.dialStaggerMs)
    expect(dials).toEqual([0, limits.dialStaggerMs])
  })

  it('does not dial itself, whether the address says so or the dial does', async () => {
    dialer([{ address: '/m', peer: 'm' }]).start()
    await clock.advance(100_000)
    expect(dials).toEqual([])
    dial = () => Promise.reject(new NodeError('BAD_CONFIG', 'the own address'))
    dialer([{ address: '/m', peer: undefined }]).start()
    await clock.advance(600_000)
    expect(dials).toHaveLength(1)
  })

  it('refuses more addresses than it could keep up with', () => {
    const many = Array.from({ length: limits.configuredPeers + 1 }, () => ({
      address: '/a',
      peer: undefined,
    }))
    expect(thrownCode(() => dialer(many))).toBe('BAD_CONFIG')
  })
})
