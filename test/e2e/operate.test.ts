import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { exportedNames, unknownMetrics } from '../../scripts/lib/dockerCheck/dashboards.ts'
import { checkFiles } from '../../scripts/lib/dockerCheck/files.ts'
import { assembleImage, makeReadOnly, runImage } from '../../scripts/lib/dockerCheck/image.ts'
import { openDevnetFolder, validatorDir, validatorKeyPath } from '../../src/node/devnet/folder.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { systemRandom } from '../../src/runtime/random.ts'
import { cli, cliJson, eventually, freePorts, RunningCli } from './support/cli.ts'

const root = join(import.meta.dirname, '..', '..')
const OPERATOR = `0x${'11'.repeat(20)}`
let folder: string
const at = (...parts: string[]) => join(folder, ...parts)
const running: RunningCli[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openledger-e2e-'))
  await writeFile(at('password'), 'correct horse\n')
})

afterAll(() => rm(folder, { recursive: true, force: true }))

afterEach(async () => {
  for (const one of running.splice(0)) await one.kill('SIGKILL')
})

function run(...args: string[]): RunningCli {
  const one = new RunningCli(args)
  running.push(one)
  return one
}

describe('a validator whose key is in a signer, made and looked after by the command line', () => {
  let rpc: string
  let operator: string
  let startArgs: string[]
  const signerArgs = () => [
    ...['signer', '--socket', at('signer.sock'), '--key', at('node', 'validator-key.json')],
    ...[
      '--password-file',
      at('password'),
      '--data-dir',
      at('signer'),
      '--genesis',
      at('node', 'genesis.json'),
    ],
  ]
  const status = () => cliJson('status', '--rpc', rpc)
  const heightIs = (least: number) => async () => Number((await status()).height) >= least
  const readiness = async () => {
    const answer = await fetch(`${operator}/ready`)
    const { checks } = (await answer.json()) as { checks: { name: string; ok: boolean }[] }
    return { status: answer.status, failing: checks.filter(({ ok }) => !ok).map(({ name }) => name) }
  }

  beforeAll(async () => {
    const network = ['--new-network', 'harbour', '--chain-id', '9001', '--operator', OPERATOR]
    await cliJson('init', '--data-dir', at('node'), ...network, '--password-file', at('password'))
    const identity = ['--out', at('identity.json'), '--password-file', at('password')]
    await cliJson('keys', 'identity', at('node', 'validator-key.json'), ...identity)
    const [rpcPort, p2pPort, operatorPort] = await freePorts(3)
    rpc = `http://127.0.0.1:${rpcPort}`
    operator = `http://127.0.0.1:${operatorPort}`
    startArgs = [
      ...['start', '--data-dir', at('node'), '--genesis', at('node', 'genesis.json')],
      ...['--remote-signer', at('signer.sock'), '--validator-key', at('identity.json')],
      ...['--rpc-port', `${rpcPort}`, '--p2p-port', `${p2pPort}`, '--metrics-port', `${operatorPort}`],
    ]
  })

  it('is silent without its signer, votes with it, and bears that it is killed', async () => {
    const node = run(...startArgs)
    await eventually(async () => (await readiness()).status === 503)
    expect((await readiness()).failing).toEqual(['signer'])
    expect(await status()).toMatchObject({
      height: 0,
      validator: { isInSet: true, isSignerConnected: false },
    })
    const signer = run(...signerArgs())
    await eventually(heightIs(2))
    expect((await readiness()).status).toBe(200)
    const signed = await readFile(at('signer', 'last-signed.json'), 'utf8')
    expect(Number((JSON.parse(signed) as { height: number }).height)).toBeGreaterThanOrEqual(2)

    await signer.kill('SIGKILL')
    await eventually(async () => (await readiness()).failing.includes('signer'))
    expect((await fetch(`${operator}/health`)).status).toBe(200)
    const silentAt = Number((await status()).height)
    run(...signerArgs())
    await eventually(heightIs(silentAt + 2))
    expect(await cliJson('peers', '--operator', operator)).toEqual({ event: 'peers', peers: [] })
    expect(await cliJson('peers', '--rpc', rpc)).toEqual({ event: 'peers', peers: [] })

    const exported = exportedNames(await (await fetch(`${operator}/metrics`)).text())
    const { expressions, problems } = await checkFiles(root)
    expect(problems).toEqual([])
    expect(unknownMetrics(expressions, exported)).toEqual([])
    expect(await node.kill('SIGTERM')).toBe(0)
    expect(node.stderr).toContain('"stopped"')
  })

  it('keeps a second signer away from the state of the first', async () => {
    const first = run(...signerArgs())
    await eventually(async () => first.stdout.includes('Signing for'))
    const second = signerArgs().map((part) => (part === at('signer.sock') ? at('other.sock') : part))
    const { exitCode, stderr } = await cli(...second)
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^openledger: [^\n]+\n/m)
    expect(await first.kill('SIGTERM')).toBe(0)
  })

  it('gives its blocks to another node by a file', async () => {
    const genesis = ['--genesis', at('node', 'genesis.json')]
    const written = await cliJson('export', '--data-dir', at('node'), ...genesis, '--out', at('blocks.bin'))
    expect(Number(written.blocks)).toBeGreaterThanOrEqual(4)
    const taken = await cliJson('import', '--data-dir', at('other'), ...genesis, '--in', at('blocks.bin'))
    expect(taken).toMatchObject({ event: 'import', blocks: written.blocks, lastHeight: written.lastHeight })
    const again = await cliJson('import', '--data-dir', at('other'), ...genesis, '--in', at('blocks.bin'))
    expect(again.blocks).toBe(0)
  })

  it('is not started with a key beside its signer, nor with an identity in place of a key', async () => {
    const withKey = startArgs.map((part) => (part === at('identity.json') ? at('plain.json') : part))
    await cliJson('keys', 'new', '--out', at('plain.json'), '--operator', OPERATOR)
    expect((await cli(...withKey)).exitCode).toBe(2)
    const without = ['start', '--data-dir', at('x'), '--validator-key', at('identity.json')]
    expect((await cli(...without)).exitCode).toBe(2)
  })
})

describe('the command line', () => {
  it('says in one sentence that a node does not answer', async () => {
    const [port] = await freePorts(1)
    const { exitCode, stderr } = await cli('status', '--rpc', `http://127.0.0.1:${port}`)
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^openledger: [^\n]+\n$/)
  })
})

describe('the image, put together in a folder', () => {
  it('runs read-only as another user, is well, and stops when it is told to', async () => {
    const { dockerfile } = await checkFiles(root)
    await chmod(folder, 0o755)
    await assembleImage(dockerfile, root, at('image'))
    await makeReadOnly(at('image'))
    await mkdir(at('data'))
    const devnet = await openDevnetFolder(
      { path: at('data'), templatePath: join(root, 'genesis', 'devnet.json'), validators: 1 },
      { clock: systemClock, random: systemRandom },
    )
    const report = await runImage(dockerfile, at('image'), {
      dataDir: validatorDir(at('data'), 0),
      genesis: devnet.genesisPath,
      validatorKey: validatorKeyPath(at('data'), 0),
    })
    expect(report).toMatchObject({
      chainId: '0x275bc',
      health: 200,
      ready: 200,
      healthcheckCode: 0,
      exitCode: 0,
    })
  })
})
