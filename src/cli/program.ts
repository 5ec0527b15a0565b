import { Command, CommanderError } from 'commander'
import { isNodeError, messageOf } from '../errors/errors.ts'
import { exportCommand, importCommand } from './archive.ts'
import { devnetCommand } from './devnet.ts'
import { exitCodes } from './exitCodes.ts'
import { genesisCommand } from './genesis.ts'
import { initCommand } from './init.ts'
import { keysCommand } from './keys.ts'
import { signerCommand } from './signer.ts'
import { startCommand } from './start.ts'
import { peersCommand, statusCommand } from './status.ts'
import { trainCommand } from './train.ts'
import { validatorCommand } from './validator.ts'
import { verifyCommand } from './verify.ts'

const VERSION = '0.1.0'

const commands = [
  initCommand,
  keysCommand,
  startCommand,
  signerCommand,
  statusCommand,
  peersCommand,
  validatorCommand,
  exportCommand,
  importCommand,
  verifyCommand,
  devnetCommand,
  trainCommand,
  genesisCommand,
]

const allCommands = (command: Command): Command[] => [command, ...command.commands.flatMap(allCommands)]

/** All commands; `done` gets the exit code of the one that ran. */
export function createProgram(done: (exitCode: number) => void): Command {
  const program = new Command('openledger')
    .description('A full node of an EVM chain on which AI contributions are owned, used and paid.')
    .version(VERSION)
    .showHelpAfterError('(add --help for the options)')
  for (const make of commands) program.addCommand(make(done))
  for (const command of allCommands(program)) command.exitOverride()
  return program
}

/** Runs one command line; returns the exit code. A failure is one sentence on standard error. */
export async function runCli(args: readonly string[]): Promise<number> {
  let code: number = exitCodes.ok
  const program = createProgram((result) => {
    code = result
  })
  try {
    await program.parseAsync([...args], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    process.stderr.write(`openledger: ${messageOf(error)}\n`)
    return isNodeError(error, 'BAD_CONFIG') ? exitCodes.usage : exitCodes.failed
  }
  return code
}
