import { Command } from 'commander'
import { z } from 'zod'
import { NodeError } from '../errors/errors.ts'
import { type InitOptions, type InitReport, initFolder } from '../node/initFolder.ts'
import { systemClock } from '../runtime/clock.ts'
import { systemRandom } from '../runtime/random.ts'
import { exitCodes } from './exitCodes.ts'
import { addressOption, passwordOf } from './keys.ts'
import { parseOptions } from './options.ts'
import { createOutput } from './output.ts'

const file = z.string().min(1)
const optionsSchema = z.strictObject({
  dataDir: file,
  genesis: file.optional(),
  newNetwork: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, 'expected letters, digits and hyphens')
    .optional(),
  chainId: z.coerce
    .number()
    .int()
    .min(1)
    .max(2 ** 48)
    .optional(),
  template: file,
  founders: z
    .string()
    .transform((text) => text.split(',').filter((part) => part !== ''))
    .default([]),
  operator: addressOption.optional(),
  feeRecipient: addressOption.optional(),
  passwordFile: file.optional(),
  json: z.boolean().default(false),
})
type Options = z.output<typeof optionsSchema>

/** `openledger init`: the data folder of a node, for a network that is there or for a new one. */
export function initCommand(done: (exitCode: number) => void): Command {
  return new Command('init')
    .description('Make the data folder of a node: genesis, node key and, with --operator, a validator’s keys')
    .requiredOption('--data-dir <dir>', 'the folder')
    .option('--genesis <file>', 'join this network')
    .option('--new-network <name>', 'make a network of this name')
    .option('--chain-id <n>', 'of the new network')
    .option('--template <file>', 'network whose parameters the new one takes', 'genesis/devnet.json')
    .option('--founders <files>', 'founder.json of each other founding validator, separated by commas')
    .option('--operator <address>', 'make a validator’s keys for this operator')
    .option('--fee-recipient <address>', 'who gets its fees (default the operator)')
    .option('--password-file <file>', 'file whose one line encrypts the validator’s key')
    .option('--json', 'one JSON object, for scripts')
    .addHelpText(
      'after',
      '\nExamples:' +
        '\n  openledger init --data-dir ~/.openledger --genesis genesis/testnet.json' +
        '\n  openledger init --data-dir val-1 --operator 0x…        (a founder, before there is a network)' +
        '\n  openledger init --data-dir val-0 --new-network harbour --chain-id 9001 --operator 0x…' +
        ' --founders val-1/founder.json,val-2/founder.json',
    )
    .action(async (flags: unknown) => {
      const options = parseOptions(optionsSchema, flags)
      const report = await initFolder(await initOptions(options), {
        clock: systemClock,
        random: systemRandom,
      })
      const output = createOutput(options.json)
      output.emit('initialized', { ...report })
      output.say(textOf(report))
      done(exitCodes.ok)
    })
}

async function initOptions(options: Options): Promise<InitOptions> {
  const { dataDir, genesis, newNetwork, chainId, operator, feeRecipient } = options
  if (genesis !== undefined && newNetwork !== undefined) {
    throw new NodeError(
      'BAD_CONFIG',
      '--genesis joins a network and --new-network makes one: give one of them.',
    )
  }
  if (genesis === undefined && newNetwork === undefined && operator === undefined) {
    throw new NodeError(
      'BAD_CONFIG',
      'Give --genesis to join a network, --new-network to make one, or --operator to become a founder.',
    )
  }
  if (newNetwork !== undefined && chainId === undefined) {
    throw new NodeError('BAD_CONFIG', '--new-network needs a --chain-id that no other network has.')
  }
  const password = await passwordOf(options.passwordFile)
  return {
    dataDir,
    validator: operator && { operator, feeRecipient: feeRecipient ?? operator, password },
    network: networkOf(options),
  }
}

function networkOf({ genesis, newNetwork, chainId, template, founders }: Options): InitOptions['network'] {
  if (genesis !== undefined) return { genesisPath: genesis }
  if (newNetwork === undefined || chainId === undefined) return undefined
  return { name: newNetwork, chainId, templatePath: template, founderFiles: founders }
}

function textOf(report: InitReport): string {
  const { validator, network, dataDir } = report
  const lines = [`Data folder     ${dataDir}`, `Peer id         ${report.peerId}`]
  if (network !== undefined) {
    lines.unshift(
      `Network         ${network.name}, chain ${network.chainId}`,
      `Genesis         ${network.genesisHash}`,
    )
  }
  if (validator !== undefined) {
    lines.push(
      `Validator       ${validator.address}`,
      `Operator        ${validator.operator}`,
      `Randomness tip  ${validator.randomnessTip}`,
      `For founders    ${report.founder}`,
    )
  }
  if (network === undefined) {
    const next = `openledger init --data-dir ${dataDir} --genesis genesis.json`
    return [
      ...lines,
      '',
      'Give founder.json to who makes the network; with its genesis go on by',
      `  ${next}`,
    ].join('\n')
  }
  const key = report.validatorKey === undefined ? '' : ` --validator-key ${report.validatorKey}`
  const start = `openledger start --data-dir ${dataDir} --genesis ${network.genesis}${key}`
  lines.push('', 'Start it with', `  ${start}`, `or with the variables in ${network.environment}.`)
  return lines.join('\n')
}
