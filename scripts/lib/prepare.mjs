// Makes a fresh clone runnable: packages, contracts, the compiled node. Plain Node, because nothing is installed yet.
// Each step has a stamp of its inputs in .cache/stamps.json and is skipped while they are unchanged.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const stampFile = join(root, '.cache', 'stamps.json')
const say = (text) => process.stderr.write(`${text}\n`)

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  say(`openledger needs Node 20.19 or later; this is ${process.versions.node}.`)
  process.exit(1)
}

function filesUnder(path) {
  const full = join(root, path)
  if (!existsSync(full)) return []
  return readdirSync(full, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes(join('contracts', 'generated')))
    .sort()
}

function hashOf(paths) {
  const hash = createHash('sha256')
  for (const path of paths) {
    const files = existsSync(join(root, path)) && !path.includes('.') ? filesUnder(path) : [join(root, path)]
    for (const file of files)
      if (existsSync(file)) hash.update(file.slice(root.length)).update(readFileSync(file))
  }
  return hash.digest('hex')
}

function run(command, args, env = {}) {
  const result = spawnSync(command, args, { cwd: root, env: { ...process.env, ...env }, encoding: 'utf8' })
  if (result.status !== 0) {
    say(`${result.stdout ?? ''}${result.stderr ?? ''}`)
    say(`The step failed: ${command} ${args.join(' ')}`)
    process.exit(1)
  }
}

const steps = [
  {
    name: 'packages',
    text: 'Installing packages (about a minute the first time)',
    inputs: ['package.json', 'package-lock.json'],
    output: 'node_modules/.package-lock.json',
    run: () => run('npm', ['ci', '--no-audit', '--no-fund'], { ONNXRUNTIME_NODE_INSTALL: 'skip' }),
  },
  {
    name: 'contracts',
    text: 'Compiling the contracts',
    inputs: ['contracts', 'scripts/lib/compileContracts.ts', 'package-lock.json'],
    output: 'contracts/generated',
    run: () => run(process.execPath, ['--import', 'tsx', 'scripts/lib/compileContracts.ts']),
  },
  {
    name: 'node',
    text: 'Compiling the node',
    inputs: ['src', 'precompiles', 'contracts', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'],
    output: 'dist/src/main.js',
    run: () => run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json']),
  },
  {
    name: 'model',
    text: 'Building the base model',
    inputs: ['src/ai/models', 'scripts/lib/buildModel.ts', 'package-lock.json'],
    output: '.cache/models',
    run: () => run(process.execPath, ['--import', 'tsx', 'scripts/lib/buildModel.ts']),
  },
]

const stamps = existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, 'utf8')) : {}
// a linked folder of packages belongs to another checkout, which keeps it
const isLinked =
  existsSync(join(root, 'node_modules')) && lstatSync(join(root, 'node_modules')).isSymbolicLink()
for (const step of steps) {
  if (step.name === 'packages' && isLinked) continue
  const stamp = hashOf(step.inputs)
  if (stamps[step.name] === stamp && existsSync(join(root, step.output))) continue
  const started = Date.now()
  say(`${step.text} …`)
  step.run()
  say(`  done in ${((Date.now() - started) / 1000).toFixed(1)} s`)
  stamps[step.name] = stamp
  mkdirSync(dirname(stampFile), { recursive: true })
  writeFileSync(stampFile, JSON.stringify(stamps, null, 2))
}
