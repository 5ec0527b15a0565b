import { type ChildProcess, spawn } from 'node:child_process'
import { chmod, chown, cp, link, mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { finalArray, finalEnvironment, parseDockerfile } from './dockerfile.ts'

/** The user of a container is another than the owner of its files; here: nobody. */
const NOBODY = 65_534
const WAIT_MS = 120_000

/**
 * What the final stage would hold, put together in a folder: what it copies from the context, and what the build
 * stages make of it, taken from this checkout, where the same commands made it. Packages are those that
 * package-lock.json marks as needed to run.
 */
export async function assembleImage(dockerfile: string, root: string, folder: string): Promise<void> {
  const final = parseDockerfile(dockerfile).at(-1)
  if (final === undefined) throw new Error('there is no final stage')
  for (const { from, sources, target } of final.copies) {
    for (const source of sources) {
      // the interpreter is this machine's, the volume's folder is made when it runs
      if (target.startsWith('/usr/') || target === '/data') continue
      const destination = join(folder, target)
      await mkdir(dirname(destination), { recursive: true })
      if (source === '/src/node_modules') await copyPackages(root, destination)
      else await cp(placeOf(source, from, root), destination, { recursive: true })
    }
  }
}

/** Where this checkout has what a stage calls by this path. */
function placeOf(source: string, from: string | undefined, root: string): string {
  if (from === undefined) return join(root, source)
  if (source === '/src/models') return join(root, '.cache', 'models')
  if (source.startsWith('/src/')) return join(root, source.slice('/src/'.length))
  throw new Error(`${source} of the stage ${from} is not known here`)
}

async function copyPackages(root: string, destination: string): Promise<void> {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean }>
  }
  for (const [path, { dev, devOptional, optional }] of Object.entries(lock.packages)) {
    if (path === '' || dev === true || devOptional === true) continue
    const source = join(root, path)
    if (optional === true && !(await exists(source))) continue
    const target = join(destination, path.slice('node_modules/'.length))
    // each package has its own entry, also those that lie inside another
    await copyFolder(source, target)
  }
}

/** Root may link files: who runs the image cannot write them anyway, and the folders are new. Packages take 0.5 GB. */
async function copyFolder(source: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true })
  for (const entry of await readdir(source, { withFileTypes: true })) {
    if (entry.name === 'node_modules') continue
    const [from, to] = [join(source, entry.name), join(target, entry.name)]
    if (entry.isDirectory()) await copyFolder(from, to)
    else if (!isRoot() || !entry.isFile()) await cp(from, to)
    else await link(from, to).catch(() => cp(from, to))
  }
}

const isRoot = (): boolean => process.getuid?.() === 0

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** Nothing in it can be written any more by who runs it. Files that root linked keep their mode: others share them. */
export async function makeReadOnly(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await makeReadOnly(path)
    else if (entry.isFile() && !isRoot()) await chmod(path, 0o444)
  }
  await chmod(folder, 0o555)
}

export interface RunReport {
  readonly chainId: string
  readonly health: number
  readonly ready: number
  readonly metrics: string
  readonly healthcheckCode: number | null
  readonly stopMs: number
  readonly exitCode: number | null
}

/** Runs the image's entry point from the folder, as a user that may write to `dataDir` only. */
export async function runImage(
  dockerfile: string,
  folder: string,
  paths: { dataDir: string; genesis: string; validatorKey: string },
): Promise<RunReport> {
  const [, script = ''] = finalArray(dockerfile, 'ENTRYPOINT')
  const [rpc, operator] = [await freePort(), await freePort()]
  const environment = {
    PATH: process.env.PATH ?? '',
    HOME: '/nonexistent',
    ...Object.fromEntries(
      Object.entries(finalEnvironment(dockerfile)).map(([name, value]) => [
        name,
        value.startsWith('/app/') ? join(folder, value) : value,
      ]),
    ),
    OPENLEDGER_DATA_DIR: paths.dataDir,
    OPENLEDGER_GENESIS: paths.genesis,
    OPENLEDGER_VALIDATOR_KEY: paths.validatorKey,
    OPENLEDGER_SINGLE: 'true',
    OPENLEDGER_RPC_PORT: String(rpc),
    OPENLEDGER_METRICS_PORT: String(operator),
  }
  if (isRoot()) await giveAway(paths.dataDir)
  const run = (args: readonly string[], output: 'inherit' | 'ignore') =>
    spawnAsNobody([process.execPath, ...args], { cwd: paths.dataDir, env: environment, output })
  const node = run([join(folder, script), ...finalArray(dockerfile, 'CMD')], 'inherit')
  const ended = exitOf(node)
  try {
    const chainId = await Promise.race([
      untilAnswered(() => chainIdOf(rpc)),
      ended.then((code) => Promise.reject(new Error(`the entry point ended with code ${code}`))),
    ])
    const statusOf = async (path: string) => (await fetch(`http://127.0.0.1:${operator}${path}`)).status
    const health = await statusOf('/health')
    const ready = await statusOf('/ready')
    const metrics = await (await fetch(`http://127.0.0.1:${operator}/metrics`)).text()
    const healthcheckCode = await exitOf(run([join(folder, 'app', 'docker', 'healthcheck.mjs')], 'inherit'))
    const startMs = performance.now()
    node.kill('SIGTERM')
    const exitCode = await ended
    return { chainId, health, ready, metrics, healthcheckCode, stopMs: performance.now() - startMs, exitCode }
  } finally {
    node.kill('SIGKILL')
  }
}

function spawnAsNobody(
  command: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; output: 'inherit' | 'ignore' },
): ChildProcess {
  const [program = '', ...args] = command
  const user = isRoot() ? { uid: NOBODY, gid: NOBODY } : {}
  return spawn(program, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', 'ignore', options.output],
    ...user,
  })
}

async function giveAway(folder: string): Promise<void> {
  await chown(folder, NOBODY, NOBODY)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await giveAway(path)
    else await chown(path, NOBODY, NOBODY)
  }
}

const exitOf = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => {
    child.once('exit', (code) => resolve(code))
    child.once('error', () => resolve(null))
  })

async function chainIdOf(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}',
  })
  return ((await response.json()) as { result: string }).result
}

async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + WAIT_MS
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (performance.now() > endMs) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
