import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { openDevnetFolder, validatorDir, validatorKeyPath } from '../../../src/node/devnet/folder.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { systemRandom } from '../../../src/runtime/random.ts'
import { exportedNames, unknownMetrics } from './dashboards.ts'
import { checkFiles } from './files.ts'
import { assembleImage, makeReadOnly, runImage } from './image.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
/** Of the devnet. */
const CHAIN_ID = '0x275bc'
const STOP_MS = 5_000
/** Exported by nodes with a signer in another process, and by nodes of a network. */
const OTHER_ROLES = /^openledger_(?:consensus_signer_connected|network_peers|sync_[a-z_]+)$/

new Command('docker-check')
  .description(
    'Check docker/ without an engine: its files, the tree of the image, and its entry point as another user',
  )
  .addHelpText('after', '\nExample:\n  ./scripts/docker-check')
  .parse()

const { dockerfile, problems: found, expressions } = await checkFiles(root)
const problems = [...found]
console.log(`Files: ${problems.length} problems, ${expressions.length} expressions in dashboards and alerts`)
const work = await mkdtemp(join(tmpdir(), 'openledger-image-'))
try {
  await chmod(work, 0o755)
  const image = join(work, 'image')
  await assembleImage(dockerfile, root, image)
  await makeReadOnly(image)
  console.log(`Image: put together in ${image}, read-only`)
  const data = join(work, 'data')
  await mkdir(data)
  const templatePath = join(root, 'genesis', 'devnet.json')
  const options = { path: data, templatePath, validators: 1 }
  const devnet = await openDevnetFolder(options, { clock: systemClock, random: systemRandom })
  const report = await runImage(dockerfile, image, {
    dataDir: validatorDir(data, 0),
    genesis: devnet.genesisPath,
    validatorKey: validatorKeyPath(data, 0),
  })
  const { metrics, ...rest } = report
  console.log(`Entry point: ${JSON.stringify(rest)}`)
  const exported = exportedNames(metrics)
  const unknown = unknownMetrics(expressions, exported).filter(
    (one) => !OTHER_ROLES.test(one.split(' ').at(-1) ?? ''),
  )
  problems.push(...unknown)
  if (report.chainId !== CHAIN_ID) problems.push(`eth_chainId is ${report.chainId}`)
  if (report.health !== 200 || report.ready !== 200) problems.push('the node is not well')
  if (report.healthcheckCode !== 0) problems.push('the health check fails')
  if (report.exitCode !== 0) problems.push(`it ended with code ${report.exitCode}`)
  if (report.stopMs > STOP_MS) problems.push(`it took ${report.stopMs} ms to stop`)
} catch (error) {
  problems.push(error instanceof Error ? error.message : String(error))
} finally {
  // read-only folders cannot be emptied by their owner
  await rm(work, { recursive: true, force: true }).catch(() => undefined)
}
for (const problem of problems) console.error(`FAILED: ${problem}`)
if (problems.length === 0) console.log('docker/ is as it should be.')
process.exitCode = problems.length === 0 ? 0 : 1
