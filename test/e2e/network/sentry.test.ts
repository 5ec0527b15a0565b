import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { multiaddr } from '@multiformats/multiaddr'
import { createPublicClient, createWalletClient, http } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { nodeSettings, readSettings } from '../../../src/config/settings.ts'
import { loadOrCreateNodeKey } from '../../../src/network/libp2p/nodeKey.ts'
import { createNode, type OpenLedgerNode } from '../../../src/node/compose.ts'
import { type DevnetFolder, openDevnetFolder, validatorKeyPath } from '../../../src/node/devnet/folder.ts'
import { devnetAccounts } from '../../../src/node/devnet/keys.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { createLogger } from '../../../src/runtime/logger.ts'
import { systemRandom } from '../../../src/runtime/random.ts'
import { eventually } from '../../support/network/eventually.ts'
import { RealNodes } from '../../support/network/realNodes.ts'
import { freePortBase } from '../support/devnet.ts'

const LONG_MS = 90_000

/**
 * Four validators, of which one is never started: the other three are just a quorum, so that every block needs the
 * hidden one. That one knows its two sentries and nobody else.
 */
const NAMES = ['first', 'second', 'hidden', 'sentry one', 'sentry two'] as const
/** Of those that `freePortBase` looked at. */
const PORT_OFFSETS = [0, 10, 20, 30, 55]
type Name = (typeof NAMES)[number]

class Layout {
  readonly nodes = new Map<Name, OpenLedgerNode>()
  readonly ids = new Map<Name, string>()
  readonly #folder: DevnetFolder
  readonly #portBase: number

  private constructor(folder: DevnetFolder, portBase: number) {
    this.#folder = folder
    this.#portBase = portBase
  }

  static async open(path: string): Promise<Layout> {
    const templatePath = join(import.meta.dirname, '..', '..', '..', 'genesis', 'devnet.json')
    const folder = await openDevnetFolder(
      { path, templatePath, validators: 4 },
      { clock: systemClock, random: systemRandom },
    )
    const layout = new Layout(folder, await freePortBase())
    for (const name of NAMES) {
      const { peerId } = await loadOrCreateNodeKey(join(path, name, 'node-key'), systemRandom)
      layout.ids.set(name, peerId)
    }
    return layout
  }

  idOf(name: Name): string {
    return this.ids.get(name) ?? ''
  }

  addressOf(name: Name): string {
    return `/ip4/127.0.0.1/tcp/${this.#port(name)}/p2p/${this.idOf(name)}`
  }

  rpcUrl(name: Name): string {
    return `http://127.0.0.1:${this.#port(name) + 1}`
  }

  client(name: Name) {
    return createPublicClient({ transport: http(this.rpcUrl(name)) })
  }

  async peerCount(name: Name): Promise<number> {
    return Number(await this.client(name).request({ method: 'net_peerCount' as never }))
  }

  height(name: Name): number {
    return this.nodes.get(name)?.chain.head.height ?? 0
  }

  async start(name: Name, validator: number | undefined, flags: Record<string, unknown>): Promise<void> {
    const port = this.#port(name)
    const config = readSettings(
      nodeSettings,
      {
        dataDir: join(this.#folder.path, name),
        genesis: this.#folder.genesisPath,
        p2pPort: port,
        rpcPort: port + 1,
        audit: 'off',
        ...(validator === undefined ? {} : { validatorKey: validatorKeyPath(this.#folder.path, validator) }),
        ...flags,
      },
      {},
    )
    const node = await createNode(config, createLogger({ level: 'silent' }))
    this.nodes.set(name, node)
    await node.start()
  }

  async stop(name: Name): Promise<void> {
    await this.nodes.get(name)?.stop()
    this.nodes.delete(name)
  }

  #port(name: Name): number {
    return this.#portBase + (PORT_OFFSETS[NAMES.indexOf(name)] ?? 0)
  }
}

describe('a validator behind two sentries', () => {
  let folder: string
  let layout: Layout
  const strangers = new RealNodes()

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sentries-'))
    layout = await Layout.open(join(folder, 'net'))
    const validators = [layout.addressOf('first'), layout.addressOf('second')]
    const sentries = [layout.addressOf('sentry one'), layout.addressOf('sentry two')]
    await layout.start('first', 0, { bootnodes: validators })
    await layout.start('second', 1, { bootnodes: validators })
    for (const sentry of ['sentry one', 'sentry two'] as const) {
      await layout.start(sentry, undefined, { bootnodes: validators, p2pReserved: [layout.idOf('hidden')] })
    }
    await layout.start('hidden', 2, { bootnodes: sentries, p2pOnly: true })
  })

  afterAll(async () => {
    await strangers.stopAll()
    await Promise.all([...layout.nodes.keys()].map((name) => layout.stop(name)))
    await rm(folder, { recursive: true, force: true })
  })

  it('takes part: without it there would be no block', async () => {
    await eventually('four blocks', () => NAMES.every((name) => layout.height(name) >= 4), LONG_MS)
    const miners = await Promise.all(
      [1n, 2n, 3n, 4n].map(
        async (blockNumber) => (await layout.client('first').getBlock({ blockNumber })).miner,
      ),
    )
    // none of them by one validator alone; that the hidden one voted follows from their number
    const proposers = new Set(miners)
    expect(proposers.size).toBeGreaterThan(1)
  })

  it('is connected with its sentries and nobody else, and nobody is told of it', async () => {
    expect(await layout.peerCount('hidden')).toBe(2)
    expect(await layout.peerCount('sentry one')).toBeGreaterThanOrEqual(3)
    // two validators know each other and the two sentries
    expect(await layout.peerCount('first')).toBe(3)
    expect(await layout.peerCount('second')).toBe(3)
  })

  it('passes on transactions and gets blocks that are too large for gossip', async () => {
    const wallet = createWalletClient({
      account: privateKeyToAccount(devnetAccounts()[0]!.privateKey),
      transport: http(layout.rpcUrl('hidden')),
    })
    const hash = await wallet.sendTransaction({
      chain: null,
      to: `0x${'42'.repeat(20)}`,
      data: `0x${'00'.repeat(2 * limits.gossipEnvelopeBytes - 30_000)}`,
      gas: 2_000_000n,
    })
    const { blockNumber } = await layout
      .client('hidden')
      .waitForTransactionReceipt({ hash, timeout: LONG_MS })
    expect((await layout.client('hidden').getBlock({ blockNumber })).size).toBeGreaterThan(
      limits.gossipEnvelopeBytes,
    )
    await eventually(
      'all have it',
      () => NAMES.every((name) => layout.height(name) >= Number(blockNumber)),
      LONG_MS,
    )
  })

  it('lets no stranger in', async () => {
    const stranger = await strangers.stranger()
    await stranger.dial(multiaddr(layout.addressOf('hidden'))).catch(() => undefined)
    await eventually('it is out', () => stranger.getConnections().length === 0)
    expect(await layout.peerCount('hidden')).toBe(2)
  })

  it('goes on when one of its sentries is gone', async () => {
    await layout.stop('sentry one')
    const from = layout.height('hidden')
    await eventually('three more blocks', () => layout.height('hidden') >= from + 3, LONG_MS)
    expect(await layout.peerCount('hidden')).toBe(1)
  })
})
