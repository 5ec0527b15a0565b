import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { z } from 'zod'
import { nodeSettings, readSettings } from '../config/settings.ts'
import { messageOf, NodeError } from '../errors/errors.ts'
import { createNode } from '../node/compose.ts'
import { type DevnetFolder, openDevnetFolder, validatorDir, validatorKeyPath } from '../node/devnet/folder.ts'
import { DevnetNetwork, type DevnetPorts, devnetPorts, LOOPBACK } from '../node/devnet/network.ts'
import { requireFreePorts } from '../node/devnet/processes.ts'
import { systemClock } from '../runtime/clock.ts'
import { createLogger } from '../runtime/logger.ts'
import { systemRandom } from '../runtime/random.ts'
import { showBanner } from './devnetBanner.ts'
import { exitCodes } from './exitCodes.ts'
import { createOutput, type Output } from './output.ts'
import { untilSignal } from './signals.ts'

const packageRoot = fileURLToPath(new URL('../../..', import.meta.url))
const mainScript = join(packageRoot, 'dist', 'src', 'main.js')
const MAX_VALIDATORS = 16
const DEMO_VALIDATORS = 4

const optionsSchema = z.strictObject({
  validators: z.coerce.number().int().min(1).max(MAX_VALIDATORS),
  portBase: z.coerce.number().int().min(1024).max(65_000),
  dataDir: z.string().min(1).optional(),
  genesis: z.string().min(1),
  single: z.boolean().default(false),
  demo: z.boolean().default(false),
  exit: z.boolean().default(false),
  keep: z.boolean().default(false),
  prepare: z.boolean().default(false),
  json: z.boolean().default(false),
  logLevel: nodeSettings.logLevel.schema,
})
type DevnetOptions = z.output<typeof optionsSchema>

/** `openledger devnet`: a whole network on this machine. */
export function devnetCommand(done: (exitCode: number) => void): Command {
  return new Command('devnet')
    .description('Run a network of validators and one AI host on this machine, in the foreground')
    .option('--validators <n>', `how many validators, 1 to ${MAX_VALIDATORS}`, '4')
    .option('--port-base <port>', 'JSON-RPC of the first validator; the others follow in steps of 10', '8545')
    .option('--data-dir <dir>', 'keep the chain here and go on with it (default: a temporary folder)')
    .option('--genesis <file>', 'the network to copy', join(packageRoot, 'genesis', 'devnet.json'))
    .option('--single', 'one process, one validator, a block per transaction')
    .option('--demo', 'play the life of one payment on it, on real data')
    .option('--exit', 'with --demo: stop afterwards; exit code 0 only if all of it worked')
    .option('--keep', 'with --demo: leave the network running afterwards (as without --exit)')
    .option(
      '--prepare',
      'with --data-dir: make genesis and the folders of the nodes, and end; for containers',
    )
    .option('--json', 'one JSON object a line, for scripts')
    .option('--log-level <level>', 'of the nodes, in their folders', 'info')
    .addHelpText(
      'after',
      '\nExamples:\n  ./scripts/devnet                        four validators, JSON-RPC at http://127.0.0.1:8545' +
        '\n  ./scripts/devnet --single               for developing contracts: ready at once, a block per transaction' +
        '\n  ./scripts/devnet --demo --exit          the life of one payment, checked from end to end',
    )
    .action(async (flags: unknown) => {
      const parsed = optionsSchema.safeParse(flags)
      if (!parsed.success) {
        const issue = parsed.error.issues[0]
        throw new NodeError('BAD_CONFIG', `--${dashed(String(issue?.path[0]))}: ${issue?.message}`)
      }
      done(await run(checked(parsed.data)))
    })
}

function checked(options: DevnetOptions): DevnetOptions {
  const { demo, exit, keep, single } = options
  if ((exit || keep) && !demo) throw new NodeError('BAD_CONFIG', '--exit and --keep belong to --demo.')
  if (exit && keep) throw new NodeError('BAD_CONFIG', '--exit and --keep exclude each other.')
  if (options.prepare && (options.dataDir === undefined || demo)) {
    throw new NodeError('BAD_CONFIG', '--prepare needs --data-dir and plays no --demo.')
  }
  if (demo && single) throw new NodeError('BAD_CONFIG', '--demo needs a network: leave --single out.')
  if (demo && options.validators < DEMO_VALIDATORS) {
    throw new NodeError(
      'BAD_CONFIG',
      `--demo needs ${DEMO_VALIDATORS} validators, for audits have three auditors.`,
    )
  }
  return options
}

const dashed = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

async function run(options: DevnetOptions): Promise<number> {
  const output = createOutput(options.json)
  const validators = options.single ? 1 : options.validators
  const path = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'openledger-devnet-')))
  try {
    const folder = await openDevnetFolder(
      { path, templatePath: options.genesis, validators },
      { clock: systemClock, random: systemRandom },
    )
    if (options.prepare) {
      output.emit('prepared', { dataDir: path, genesis: folder.genesisPath, isNew: folder.isNew })
      output.say(`${path} holds a devnet of ${validators} validators and a host.`)
      return exitCodes.ok
    }
    const serve = options.single ? runSingle : runNetwork
    return await serve(options, folder, output)
  } finally {
    if (options.dataDir === undefined) await rm(path, { recursive: true, force: true })
  }
}

async function runSingle(options: DevnetOptions, folder: DevnetFolder, output: Output): Promise<number> {
  await requireFreePorts([options.portBase])
  const dataDir = validatorDir(folder.path, 0)
  const flags = {
    dataDir,
    genesis: folder.genesisPath,
    rpcPort: options.portBase,
    rpcNamespaces: 'eth,net,web3,txpool,openledger',
    rpcCors: '*',
    validatorKey: validatorKeyPath(folder.path, 0),
    single: true,
    logLevel: options.logLevel,
    logFile: join(dataDir, 'node.log'),
  }
  const config = readSettings(nodeSettings, flags, {})
  const node = await createNode(config, createLogger({ level: config.logLevel, file: flags.logFile }))
  const stopped = untilSignal()
  await node.start()
  showBanner(output, { folder, rpcPorts: [options.portBase], inferencePort: undefined })
  await stopped
  output.say('Stopping …')
  await node.stop()
  return exitCodes.ok
}

async function runNetwork(options: DevnetOptions, folder: DevnetFolder, output: Output): Promise<number> {
  const ports = devnetPorts(options.portBase, options.validators)
  let lost: (name: string) => void = () => undefined
  const unexpected = new Promise<string>((resolve) => {
    lost = resolve
  })
  const network = await DevnetNetwork.prepare(
    {
      folder,
      ports,
      script: mainScript,
      logLevel: options.logLevel,
      modelDir: undefined,
    },
    {
      clock: systemClock,
      random: systemRandom,
      onEvent: (event) => {
        output.emit(event.kind, { name: event.name, pid: event.pid, exitCode: event.exitCode })
        if (event.kind === 'exited') output.say(`${event.name} ended unexpectedly; it is started again.`)
        if (event.kind !== 'lost') return
        output.say(`${event.name} does not stay up; see its log in ${folder.path}.`)
        lost(event.name)
      },
    },
  )
  const stopped = untilSignal()
  output.say(`Starting ${options.validators} validators and one AI host …`)
  await network.start()
  try {
    showBanner(output, { folder, rpcPorts: ports.rpc, inferencePort: ports.inference })
    const demonstration = options.demo ? startDemo(options, folder, ports, output) : undefined
    const ended = demonstration?.ended ?? new Promise<never>(() => undefined)
    const first = await Promise.race([stopped, unexpected, ended])
    if (first === 'failed') return exitCodes.failed
    if (first === 'passed' && !options.exit) output.say('\nThe network goes on. Stop with Ctrl-C.')
    if (first === 'passed' && !options.exit) await Promise.race([stopped, unexpected])
    demonstration?.stop()
    return first === undefined || first === 'passed' ? exitCodes.ok : exitCodes.failed
  } finally {
    output.say('Stopping …')
    await network.stop().catch((error: unknown) => output.say(messageOf(error)))
  }
}

interface Demonstration {
  readonly ended: Promise<'passed' | 'failed'>
  stop(): void
}

/** The demonstration is a stranger's script: a process of its own that knows addresses and nothing else. */
function startDemo(
  options: DevnetOptions,
  folder: DevnetFolder,
  ports: DevnetPorts,
  output: Output,
): Demonstration {
  const url = (port: number) => `http://${LOOPBACK}:${port}`
  const config = {
    rpc: ports.rpc.map(url),
    inference: url(ports.inference),
    workDir: join(folder.path, 'demonstration'),
    cli: mainScript,
    json: options.json,
  }
  output.say('\nThe life of one payment')
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', join(packageRoot, 'scripts', 'demo', 'main.ts')],
    {
      cwd: packageRoot,
      env: { ...process.env, OPENLEDGER_DEMO: JSON.stringify(config) },
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  )
  const ended = new Promise<'passed' | 'failed'>((resolve) => {
    child.once('error', () => resolve('failed'))
    child.once('exit', (code) => resolve(code === 0 ? 'passed' : 'failed'))
  })
  return { ended, stop: () => child.kill() }
}
