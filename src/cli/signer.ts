import { Command } from 'commander'
import { z } from 'zod'
import { nodeSettings } from '../config/settings.ts'
import { createSigner } from '../node/signerProcess.ts'
import { createLogger } from '../runtime/logger.ts'
import { exitCodes } from './exitCodes.ts'
import { parseOptions } from './options.ts'
import { createOutput } from './output.ts'
import { untilSignal } from './signals.ts'

const optionsSchema = z.strictObject({
  socket: z.string().min(1),
  key: z.string().min(1),
  passwordFile: z.string().min(1).optional(),
  genesis: z.string().min(1),
  dataDir: z.string().min(1),
  logLevel: nodeSettings.logLevel.schema,
  json: z.boolean().default(false),
})

/** `openledger signer`: the consensus key in a process of its own. */
export function signerCommand(done: (exitCode: number) => void): Command {
  return new Command('signer')
    .description('Hold a consensus key and what it signed last, and sign for a node of this machine')
    .requiredOption('--socket <path>', 'socket that the node connects to; made for this user only')
    .requiredOption('--key <file>', 'key file or keystore with the consensus key')
    .requiredOption('--data-dir <dir>', 'where it is kept what was signed last; one folder for one key')
    .option('--genesis <file>', 'the genesis file of the chain that is signed for', 'genesis/devnet.json')
    .option('--password-file <file>', 'file whose one line opens the keystore')
    .option('--log-level <level>', 'of the log on standard error', 'info')
    .option('--json', 'one JSON object a line, for scripts')
    .addHelpText(
      'after',
      '\nThe node gets the same path, and a file with all but the key:' +
        '\n  openledger keys identity validator-key.json --out identity.json' +
        '\n\nExample:\n  openledger signer --socket /run/openledger/signer.sock --key validator-key.json' +
        ' --data-dir /var/lib/openledger-signer' +
        '\n  openledger start --remote-signer /run/openledger/signer.sock --validator-key identity.json',
    )
    .action(async (flags: unknown) => {
      const options = parseOptions(optionsSchema, flags)
      const output = createOutput(options.json)
      const signer = await createSigner(
        { ...options, keyFile: options.key, passwordFile: options.passwordFile },
        createLogger({ level: options.logLevel }),
      )
      const stopped = untilSignal()
      try {
        await signer.start()
        output.emit('ready', { address: signer.address, socket: options.socket })
        output.say(`Signing for ${signer.address} at ${options.socket}. Stop with Ctrl-C.`)
        await stopped
      } finally {
        await signer.stop()
      }
      done(exitCodes.ok)
    })
}
