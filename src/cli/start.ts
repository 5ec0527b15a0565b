import { Command } from 'commander'
import { nodeSettings, readSettings, type Setting } from '../config/settings.ts'
import { messageOf } from '../errors/errors.ts'
import { createNode } from '../node/compose.ts'
import type { ChildMessage } from '../node/devnet/processes.ts'
import { exitWhenIdle } from '../runtime/lifecycle.ts'
import { createLogger } from '../runtime/logger.ts'
import { exitCodes } from './exitCodes.ts'

/** For what packages leave open, such as a timer of a second in libp2p; a stopped node has nothing of its own left. */
const EXIT_PATIENCE_MS = 500

/** `openledger start`: one node, in the foreground, until it is told to stop. */
export function startCommand(done: (exitCode: number) => void): Command {
  const command = new Command('start')
    .description(
      'Run a node: a validator with --validator-key, an AI host with --host-key, a follower without',
    )
    .option('--supervised', 'report to the process that started this one, and end with it')
  for (const setting of Object.values(nodeSettings)) addOption(command, setting)
  return command
    .addHelpText(
      'after',
      '\nEvery option can be set in the environment, as OPENLEDGER_RPC_PORT for --rpc-port.' +
        '\n\nExample:\n  openledger start --data-dir ~/.openledger --genesis genesis/testnet.json --rpc-port 8545',
    )
    .action(async (flags: Record<string, unknown>) => {
      done(await run(flags))
    })
}

function addOption(command: Command, { flag, doc, fallback, env }: Setting<unknown>): void {
  const shown = Array.isArray(fallback) ? fallback.join(',') : fallback
  const suffix = shown === undefined || shown === '' || shown === false ? '' : ` (default ${String(shown)})`
  command.option(flag, `${doc}${suffix} [${env}]`)
}

async function run(flags: Record<string, unknown>): Promise<number> {
  const supervisor = flags.supervised === true ? connectSupervisor() : undefined
  try {
    const config = readSettings(nodeSettings, flags, process.env)
    const logger = createLogger({
      level: config.logLevel,
      ...(config.logFile === undefined ? {} : { file: config.logFile }),
    })
    const node = await createNode(config, logger)
    const stopped = untilStopped(supervisor !== undefined)
    await node.start()
    supervisor?.({ kind: 'ready' })
    const reason = await Promise.race([stopped, node.failure.catch((error: unknown) => error)])
    if (reason !== undefined) logger.fatal({ error: messageOf(reason) }, 'the node ends')
    logger.info('stopping')
    await node.stop()
    logger.info('stopped')
    exitWhenIdle(EXIT_PATIENCE_MS, logger)
    return reason === undefined ? exitCodes.ok : exitCodes.failed
  } catch (error) {
    supervisor?.({ kind: 'failed', message: messageOf(error) })
    throw error
  } finally {
    // the channel would keep the process alive
    if (process.connected) process.disconnect()
  }
}

/** Resolves with nothing when the node shall stop: a signal, or the end of the process that supervises it. */
function untilStopped(isSupervised: boolean): Promise<undefined> {
  return new Promise((resolve) => {
    const stop = () => resolve(undefined)
    process.once('SIGTERM', stop)
    // in a terminal Ctrl-C reaches the whole group; a supervised node waits for its supervisor's word
    if (isSupervised) process.on('SIGINT', () => undefined)
    else process.once('SIGINT', stop)
    if (isSupervised) process.once('disconnect', stop)
  })
}

function connectSupervisor(): (message: ChildMessage) => void {
  return (message) => {
    process.send?.(message)
  }
}
