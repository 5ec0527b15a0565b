import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { makeChainFolder } from './chainFolder.ts'
import { replayFolder } from './replay.ts'

// How long a fresh node takes to join, over libp2p on loopback, from one that has the chain; both are real processes:
//   ./scripts/bench sync [--blocks 10000] [--transfers 5] [--sync blocks|snapshot|replay] [--accounts 0] [--profile DIR] [--folder DIR]
// With --sync replay the blocks are taken without network, log and disk, and the time of the processor counts.
// With --sync snapshot the node begins at the last end of an epoch, so that the time depends on --accounts.
const { values } = parseArgs({
  options: {
    blocks: { type: 'string', default: '10000' },
    transfers: { type: 'string', default: '5' },
    accounts: { type: 'string', default: '0' },
    sync: { type: 'string', default: 'blocks' },
    profile: { type: 'string' },
    // an existing chain is used again
    folder: { type: 'string' },
  },
})
const blocks = Number(values.blocks)
/** Of genesis/devnet.json. */
const EPOCH_BLOCKS = 50
const say = (text: string) => process.stdout.write(`${text}\n`)

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

interface Running {
  readonly child: ChildProcess
  readonly rpc: string
  readonly address: () => string | undefined
}

async function startNode(dataDir: string, flags: readonly string[], profile?: string): Promise<Running> {
  const [rpcPort, p2pPort] = [await freePort(), await freePort()]
  const log = join(dataDir, 'node.log')
  // of an earlier run, with an earlier address
  rmSync(log, { force: true })
  const args = [
    ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]),
    ...(existsSync('dist/src/main.js') ? ['dist/src/main.js'] : ['--import', 'tsx', 'src/main.ts']),
    'start',
    ...['--data-dir', dataDir, '--log-file', log, '--audit', 'off'],
    ...['--rpc-port', String(rpcPort), '--p2p-port', String(p2pPort), ...flags],
  ]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  const address = () => {
    if (!existsSync(log)) return undefined
    return /\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/\w+/.exec(readFileSync(log, 'utf8'))?.[0]
  }
  return { child, rpc: `http://127.0.0.1:${rpcPort}`, address }
}

async function ask({ rpc }: Running, method: string, params: readonly unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body }
  return ((await (await fetch(rpc, init)).json()) as { result?: unknown }).result
}

async function headOf(node: Running): Promise<number> {
  if (node.child.exitCode !== null) throw new Error('the node has ended: see above')
  try {
    return Number((await ask(node, 'eth_blockNumber', [])) ?? -1)
  } catch {
    return -1
  }
}

async function until<T>(read: () => Promise<T | undefined> | T | undefined, everyMs: number): Promise<T> {
  for (;;) {
    const value = await read()
    if (value !== undefined) return value
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}

function stop({ child }: Running): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })
}

const root = values.folder ?? mkdtempSync(join(tmpdir(), 'openledger-sync-'))
const serverDir = join(root, 'server')
const joinerDir = mkdtempSync(join(tmpdir(), 'openledger-join-'))
try {
  if (!existsSync(join(serverDir, 'chain'))) {
    mkdirSync(serverDir, { recursive: true })
    const start = performance.now()
    const chain = { blocks, transfers: Number(values.transfers), accounts: Number(values.accounts) }
    await makeChainFolder(serverDir, chain, (height) => {
      if (height % 1_000 === 0)
        say(`made ${height} blocks in ${((performance.now() - start) / 1000).toFixed(0)} s`)
    })
  }
  if (values.sync === 'replay') {
    const { blocks: taken, cpuMsPerBlock } = await replayFolder(serverDir)
    say(`${cpuMsPerBlock.toFixed(2)} ms of a core for each of ${taken} blocks`)
  } else await joinByNetwork()
} finally {
  rmSync(joinerDir, { recursive: true, force: true })
  if (values.folder === undefined) rmSync(root, { recursive: true, force: true })
}

async function joinByNetwork(): Promise<void> {
  const server = await startNode(serverDir, [])
  const address = await until(() => server.address(), 100)
  await until(async () => ((await headOf(server)) === blocks ? true : undefined), 200)
  const end = `0x${(blocks - (blocks % EPOCH_BLOCKS)).toString(16)}`
  const trusted = (await ask(server, 'eth_getBlockByNumber', [end, false])) as { hash: string }
  const flags = ['--bootnodes', address, '--sync', values.sync, '--trusted-hash', trusted.hash]
  const start = performance.now()
  const joiner = await startNode(joinerDir, flags, values.profile)
  const startedMs = await until(async () => ((await headOf(joiner)) >= 0 ? performance.now() : undefined), 20)
  const first = await headOf(joiner)
  await until(async () => ((await headOf(joiner)) >= blocks ? true : undefined), 50)
  const endMs = performance.now()
  const seconds = (endMs - start) / 1000
  say(
    `joined at ${blocks} in ${seconds.toFixed(1)} s, of which ${((startedMs - start) / 1000).toFixed(1)} s until JSON-RPC answered (at block ${first})`,
  )
  const run = blocks - first
  if (run > 0) say(`${(run / ((endMs - startedMs) / 1000)).toFixed(1)} blocks/s over the last ${run} blocks`)
  await stop(joiner)
  await stop(server)
}
