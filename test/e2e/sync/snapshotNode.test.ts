import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeSettings, readSettings } from '../../../src/config/settings.ts'
import { createNode, type OpenLedgerNode } from '../../../src/node/compose.ts'
import { formatGenesis } from '../../../src/node/genesisFile.ts'
import { createLogger } from '../../../src/runtime/logger.ts'
import { LightClient } from '../../../src/sdk/proofs/lightClient.ts'
import { httpLightRpc } from '../../../src/sdk/proofs/lightRpc.ts'
import { makeChainFolder } from '../../bench/sync/chainFolder.ts'
import { eventually } from '../../support/network/eventually.ts'
import { shortEpochs } from '../../support/sync/epochs.ts'

const EPOCH = 8
const BLOCKS = 37
const BOUNDARY = 32

/** Whole nodes in this process, over libp2p on loopback, from their settings to their JSON-RPC. */
describe('a node that joins by snapshot', () => {
  let folder: string
  let genesisFile: string
  const nodes: OpenLedgerNode[] = []

  async function start(name: string, flags: Record<string, unknown>) {
    const logFile = join(folder, `${name}.log`)
    const config = readSettings(
      nodeSettings,
      { dataDir: join(folder, name), genesis: genesisFile, rpcPort: '0', p2pPort: '0', logFile, ...flags },
      {},
    )
    const node = await createNode(config, createLogger({ level: 'info', file: logFile }))
    nodes.push(node)
    await node.start()
    return { node, log: () => readLog(logFile) }
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'openledger-snapshot-'))
    genesisFile = join(folder, 'genesis.json')
    const genesis = await shortEpochs(EPOCH)
    await writeFile(genesisFile, formatGenesis(genesis))
    await makeChainFolder(
      join(folder, 'server'),
      { blocks: BLOCKS, transfers: 2, accounts: 200, genesis },
      () => undefined,
    )
  })
  afterAll(async () => {
    for (const node of nodes) await node.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('is at the head with the blocks since the last epoch alone, and proves itself to a light client', async () => {
    const server = await start('server', {})
    const [started] = await eventuallyLines(server.log, 'network started')
    const bootnodes = (started!.addresses as string[])[0]!
    const trustedHash = hashOf(server.node.chain, BOUNDARY - EPOCH)
    const joiner = await start('joiner', { sync: 'snapshot', bootnodes, trustedHash })
    const { chain } = joiner.node
    expect(chain.store.firstHeight).toBe(BOUNDARY)
    expect(chain.store.block(BOUNDARY - 1)).toBeUndefined()
    await eventually('the joiner is at the head', () => chain.head.height === BLOCKS, 60_000)
    expect(chain.head.blockHash).toBe(server.node.chain.head.blockHash)
    const [listens] = await eventuallyLines(joiner.log, 'JSON-RPC listens')
    const rpc = httpLightRpc(`http://127.0.0.1:${listens!.port}`)
    const light = new LightClient({ trustedHash }, { rpc })
    // the trusted block itself is from before the snapshot, so this server cannot name it
    await expect(light.header()).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const later = new LightClient({ trustedHash: hashOf(chain, BOUNDARY) }, { rpc })
    expect(await later.header()).toMatchObject({ height: BLOCKS, hash: chain.head.blockHash })
  })
})

function hashOf(chain: OpenLedgerNode['chain'], height: number): `0x${string}` {
  return `0x${Buffer.from(chain.store.block(height)!.hash()).toString('hex')}`
}

type Line = Record<string, unknown>

async function readLog(file: string): Promise<Line[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]))
}

async function eventuallyLines(log: () => Promise<Line[]>, msg: string): Promise<Line[]> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const lines = (await log()).filter((line) => line.msg === msg)
    if (lines.length > 0) return lines.reverse()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`no line "${msg}" in the log`)
}
