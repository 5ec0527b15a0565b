import { Command, CommanderError } from 'commander'
import { isNodeError, messageOf } from '../errors/errors.ts'
import { devnetCommand } from './devnet.ts'
import { exitCodes } from './exitCodes.ts'
import { genesisCommand } from './genesis.ts'
import { startCommand } from './start.ts'
import { trainCommand } from './train.ts'
import { validatorCommand } from './validator.ts'

const VERSION = '0.1.0'

/** Runs one command line; returns the exit code. A failure is one sentence on standard error. */
export async function runCli(args: readonly string[]): Promise<number> {
  let code: number = exitCodes.ok
  const program = new Command('openledger')
    .description('A full node of an EVM chain on which AI contributions are owned, used and paid.')
    .version(VERSION)
    .showHelpAfterError('(add --help for the options)')
  const done = (result: number) => {
    code = result
  }
  for (const make of [startCommand, devnetCommand, trainCommand, genesisCommand, validatorCommand])
    program.addCommand(make(done))
  for (const command of [program, ...program.commands]) command.exitOverride()
  try {
    await program.parseAsync([...args], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    process.stderr.write(`openledger: ${messageOf(error)}\n`)
    return isNodeError(error, 'BAD_CONFIG') ? exitCodes.usage : exitCodes.failed
  }
  return code
}
