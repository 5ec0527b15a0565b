import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/runtime/clock.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { Syncer } from '../../../src/sync/syncer.ts'
import { eventually } from '../../support/network/eventually.ts'
import { libp2pCluster, testHash } from '../../support/network/testNode.ts'
import { makeChain, TestApp } from '../../support/sync/testChain.ts'

describe('sync over libp2p', () => {
  const cluster = libp2pCluster()
  const syncers: Syncer[] = []
  afterEach(async () => {
    await Promise.all(syncers.map((syncer) => syncer.stop()))
    await cluster.stopAll()
  })

  it('takes a new node to the head in several ranges', async () => {
    // 40 blocks of 500 KB: sixteen fit a range
    const chain = makeChain(40, 500_000)
    const known: string[] = []
    const apps = [new TestApp(chain), new TestApp()] as const
    for (const app of apps) {
      const head = () => ({ height: app.headHeight(), hash: testHash(app.headHeight()) })
      const node = await cluster.start({ known: [...known], head })
      known.push(node.address())
      const { peers, requests } = node.network
      const syncer = new Syncer({ app, peers, requests, clock: systemClock, logger: silentLogger })
      syncers.push(syncer)
      await syncer.start()
    }
    await eventually('the new node is at the head', () => apps[1].headHeight() === chain.length)
    expect(apps[1].headHash).toBe(chain.at(-1)?.hash)
    expect(apps[1].submitted).toHaveLength(chain.length)
  })
})
