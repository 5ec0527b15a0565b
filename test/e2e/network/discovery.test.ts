import { createSocket } from 'node:dgram'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKey } from '@libp2p/pnet'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openAccess } from '../../../src/network/access.ts'
import { createNodeKey } from '../../../src/network/libp2p/nodeKey.ts'
import { parseSwarmKey } from '../../../src/network/libp2p/swarmKey.ts'
import { eventually } from '../../support/network/eventually.ts'
import { RealNodes } from '../../support/network/realNodes.ts'

let nodes: RealNodes
let folder: string
beforeEach(async () => {
  nodes = new RealNodes()
  folder = await mkdtemp(join(tmpdir(), 'discovery-'))
})
afterEach(async () => {
  await nodes.stopAll()
  await rm(folder, { recursive: true })
})

let files = 0
const book = () => ({ addressBookFile: join(folder, `peers-${++files}.rlp`) })

describe('a node that knows one bootstrap node', () => {
  it('finds the others, and finds them again without it', async () => {
    const boot = await nodes.start(book())
    const bootstrap = [boot.address]
    const b = await nodes.start({ ...book(), bootstrap })
    const c = await nodes.start({ ...book(), bootstrap })
    const file = book()
    const d = await nodes.start({ ...file, bootstrap })
    const all = [boot, b, c, d]
    const others = (self: typeof boot) =>
      all.filter((node) => node !== self).map(({ network }) => network.peerId)
    await eventually(
      'everybody knows everybody',
      () => all.every((node) => node.peers().join() === others(node).toSorted().join()),
      30_000,
    )

    await d.network.stop()
    await boot.network.stop()
    const again = await nodes.start({ ...file, nodeKey: d.key })
    await eventually('it came back by its own book', () => again.peers().length === 2, 30_000)
    expect(again.peers()).toEqual([b, c].map(({ network }) => network.peerId).toSorted())
  })

  it('is told of no peer that another keeps to itself', async () => {
    const reserved = await nodes.start()
    const boot = await nodes.start({
      ...book(),
      bootstrap: [reserved.address],
      access: { ...openAccess, reserved: [reserved.network.peerId] },
    })
    const b = await nodes.start({ ...book(), bootstrap: [boot.address] })
    const c = await nodes.start({ ...book(), bootstrap: [boot.address] })
    await eventually('b and c met', () => b.peers().includes(c.network.peerId), 30_000)
    await eventually('the reserved one is connected', () => reserved.peers().length === 1)
    expect(b.peers()).not.toContain(reserved.network.peerId)
    expect(c.peers()).not.toContain(reserved.network.peerId)
  })
})

/** Whether a datagram to the group of multicast DNS comes back to this machine. */
async function hasMulticast(): Promise<boolean> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  try {
    return await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), 1_000)
      socket.once('error', () => resolve(false))
      socket.once('message', () => {
        clearTimeout(timer)
        resolve(true)
      })
      socket.bind(0, () => {
        try {
          socket.addMembership('224.0.0.251')
          socket.send('probe', socket.address().port, '224.0.0.251')
        } catch {
          resolve(false)
        }
      })
    })
  } finally {
    socket.close()
  }
}

const canMulticast = await hasMulticast()

describe('nodes in one network segment', () => {
  it.skipIf(!canMulticast)('find each other by multicast, and no node of another chain', async () => {
    const other = { chainId: 1n, genesisHash: `0x${'cd'.repeat(32)}` as const }
    const first = await nodes.start({ ...book(), mdns: true })
    const foreign = await nodes.start({ ...book(), mdns: true, chain: other })
    const second = await nodes.start({ ...book(), mdns: true })
    await eventually('the two met', () => first.peers().length === 1 && second.peers().length === 1, 30_000)
    expect(first.peers()).toEqual([second.network.peerId])
    expect(foreign.peers()).toEqual([])
    expect(foreign.logs.some(({ msg }) => msg === 'peer refused')).toBe(false)
  })
})

describe('who is let in', () => {
  it('keeps a denied peer out, whoever dials', async () => {
    const key = await createNodeKey()
    const strict = await nodes.start({ access: { ...openAccess, deny: [key.peerId] } })
    const denied = await nodes.start({ nodeKey: key, bootstrap: [strict.address] })
    const other = await nodes.start({ bootstrap: [strict.address] })
    await eventually('another is in', () => other.peers().length === 1)
    await eventually('the denied one tried', () =>
      denied.logs.some(({ msg }) => msg === 'dial failed' || msg === 'connection lost'),
    )
    await eventually('and the strict one agrees', () => strict.peers().length > 0)
    expect(strict.peers()).toEqual([other.network.peerId])
  })

  it('speaks in a private network with those that have its key only', async () => {
    const keyOf = () => {
      const bytes = new Uint8Array(95)
      generateKey(bytes)
      return parseSwarmKey(Buffer.from(bytes).toString(), 'test')
    }
    const swarmKey = keyOf()
    const first = await nodes.start({ swarmKey })
    const second = await nodes.start({ swarmKey, bootstrap: [first.address] })
    const keyless = await nodes.start({ bootstrap: [first.address] })
    const foreign = await nodes.start({ swarmKey: keyOf(), bootstrap: [first.address] })
    await eventually('the two speak', () => second.peers().length === 1)
    for (const outsider of [keyless, foreign]) {
      await eventually(
        'an outsider failed',
        () => outsider.logs.some(({ msg }) => msg === 'dial failed'),
        20_000,
      )
      expect(outsider.peers()).toEqual([])
    }
    expect(first.peers()).toEqual([second.network.peerId])
  })
})
