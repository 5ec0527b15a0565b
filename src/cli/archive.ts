import { Command } from 'commander'
import { z } from 'zod'
import { nodeSettings } from '../config/settings.ts'
import {
  exportBlocks,
  importBlocks,
  type TransferProgress,
  type TransferReport,
} from '../node/archive/transfer.ts'
import { type OpenChain, openChain } from '../node/openChain.ts'
import { systemClock } from '../runtime/clock.ts'
import { createLogger } from '../runtime/logger.ts'
import { exitCodes } from './exitCodes.ts'
import { parseOptions } from './options.ts'
import { createOutput, type Output } from './output.ts'
import { untilSignal } from './signals.ts'

const common = {
  dataDir: z.string().min(1),
  genesis: z.string().min(1),
  logLevel: nodeSettings.logLevel.schema,
  json: z.boolean().default(false),
}
const height = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER)
const exportSchema = z.strictObject({
  ...common,
  out: z.string().min(1),
  from: height.default(1),
  to: height.default(Number.MAX_SAFE_INTEGER),
})
const importSchema = z.strictObject({ ...common, in: z.string().min(1) })

function withCommonOptions(command: Command): Command {
  return command
    .requiredOption('--data-dir <dir>', 'data folder of a node that is not running')
    .option('--genesis <file>', 'the genesis file of the network', 'genesis/devnet.json')
    .option('--log-level <level>', 'of the log on standard error', 'warn')
    .option('--json', 'one JSON object a line, for scripts')
}

/** `openledger export`: decided blocks to a file. */
export function exportCommand(done: (exitCode: number) => void): Command {
  return withCommonOptions(new Command('export'))
    .description('Write decided blocks with their certificates to a file; a file that is there is continued')
    .requiredOption('--out <file>', 'the file')
    .option('--from <height>', 'the first block (default 1)')
    .option('--to <height>', 'the last block (default the head)')
    .addHelpText('after', '\nExample:\n  openledger export --data-dir ~/.openledger --out blocks.bin')
    .action(async (flags: unknown) => {
      const options = parseOptions(exportSchema, flags)
      const range = { path: options.out, firstHeight: options.from, lastHeight: options.to }
      done(await transfer('export', options, (open, modules) => exportBlocks(range, open, modules)))
    })
}

/** `openledger import`: the way back. */
export function importCommand(done: (exitCode: number) => void): Command {
  return withCommonOptions(new Command('import'))
    .description(
      'Take decided blocks from a file, checking and executing each; what is here already is passed over',
    )
    .requiredOption('--in <file>', 'what `openledger export` wrote')
    .addHelpText('after', '\nExample:\n  openledger import --data-dir ~/.openledger --in blocks.bin')
    .action(async (flags: unknown) => {
      const options = parseOptions(importSchema, flags)
      done(
        await transfer('import', options, (open, modules) =>
          importBlocks({ path: options.in }, open, modules),
        ),
      )
    })
}

interface CommonOptions {
  readonly dataDir: string
  readonly genesis: string
  readonly logLevel: z.output<typeof nodeSettings.logLevel.schema>
  readonly json: boolean
}

type Transfer = (open: OpenChain, modules: Parameters<typeof importBlocks>[2]) => Promise<TransferReport>

async function transfer(name: string, options: CommonOptions, run: Transfer): Promise<number> {
  const output = createOutput(options.json)
  const open = await openChain(options, createLogger({ level: options.logLevel }))
  const stopping = new AbortController()
  void untilSignal().then(() => stopping.abort())
  try {
    const onProgress = (progress: TransferProgress) => showProgress(output, name, progress)
    const report = await run(open, { clock: systemClock, onProgress, signal: stopping.signal })
    output.emit(name, { ...report })
    const { firstHeight, lastHeight, blocks, isComplete } = report
    output.say(`${name}: ${blocks} blocks; now ${firstHeight} to ${lastHeight} are there.`)
    if (!isComplete) output.say('Stopped before the end; the same command goes on.')
    return isComplete ? exitCodes.ok : exitCodes.failed
  } finally {
    await open.close()
  }
}

function showProgress(output: Output, name: string, progress: TransferProgress): void {
  const { height: at, done, of, remainingMs } = progress
  output.emit('progress', { ...progress })
  const left = remainingMs === undefined ? '' : `, ${Math.ceil(remainingMs / 1000)} s to go`
  output.say(`${name}: block ${at}, ${Math.floor((100 * done) / of)} %${left}`)
}
