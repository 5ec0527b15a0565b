import { Command } from 'commander'
import { z } from 'zod'
import { readKeyFile, readPasswordFile } from '../node/keyFile.ts'
import { createKeyFile, type KeyFacts, readKeyFacts, writeIdentity } from '../node/newKeys.ts'
import { type Address, hexToBytes, isHexBytes } from '../primitives/hex.ts'
import { systemRandom } from '../runtime/random.ts'
import { exitCodes } from './exitCodes.ts'
import { parseOptions } from './options.ts'
import { createOutput } from './output.ts'

export const addressOption = z
  .string()
  .refine((text) => isHexBytes(text, 20), 'expected 0x and 40 hex digits')
  .transform((text) => text.toLowerCase() as Address)
const file = z.string().min(1)
const json = z.boolean().default(false)
const PASSWORD_HELP = 'file whose one line is the password; the key is then kept in a Web3 keystore'

/** `openledger keys`: key files of validators, hosts and accounts. */
export function keysCommand(done: (exitCode: number) => void): Command {
  const keys = new Command('keys').description('Make, import and show key files')
  for (const make of [newKey, importKey, showKey, identity]) keys.addCommand(make(done))
  return keys.addHelpText(
    'after',
    '\nExamples:' +
      '\n  openledger keys new --out host-key.json' +
      '\n  openledger keys new --out validator-key.json --operator 0x… --password-file password.txt' +
      '\n  openledger keys import --from UTC--2024-… --password-file password.txt --out key.json' +
      '\n  openledger keys show validator-key.json --password-file password.txt',
  )
}

function newKey(done: (exitCode: number) => void): Command {
  return new Command('new')
    .description('Make a new key; with --operator, one of a validator')
    .requiredOption('--out <file>', 'where the key file goes; nothing is written over')
    .option('--operator <address>', 'operator of the validator in Staking')
    .option('--password-file <file>', PASSWORD_HELP)
    .option('--json', 'one JSON object, for scripts')
    .addHelpText('after', '\nExample:\n  openledger keys new --out host-key.json')
    .action(async (flags: unknown) => {
      const schema = z.strictObject({
        ...{ out: file, json },
        operator: addressOption.optional(),
        passwordFile: file.optional(),
      })
      const { out, operator, passwordFile, ...rest } = parseOptions(schema, flags)
      const options = { path: out, operator, password: await passwordOf(passwordFile) }
      show(rest.json, out, await createKeyFile(options, systemRandom))
      done(exitCodes.ok)
    })
}

function importKey(done: (exitCode: number) => void): Command {
  return new Command('import')
    .description('Take a key from a keystore of another wallet or from another key file')
    .requiredOption('--from <file>', 'Web3 keystore of version 3, or a key file')
    .requiredOption('--out <file>', 'where the key file goes; nothing is written over')
    .option('--operator <address>', 'operator of the validator in Staking')
    .option('--password-file <file>', 'password that opens the keystore')
    .option('--new-password-file <file>', PASSWORD_HELP)
    .option('--json', 'one JSON object, for scripts')
    .addHelpText(
      'after',
      '\nExample:\n  openledger keys import --from UTC--2024-… --password-file old.txt --new-password-file new.txt --out key.json',
    )
    .action(async (flags: unknown) => {
      const schema = z.strictObject({
        ...{ from: file, out: file, json },
        operator: addressOption.optional(),
        passwordFile: file.optional(),
        newPasswordFile: file.optional(),
      })
      const options = parseOptions(schema, flags)
      const { privateKey } = await readKeyFile(options.from, await passwordOf(options.passwordFile))
      const facts = await createKeyFile(
        {
          path: options.out,
          privateKey: hexToBytes(privateKey),
          operator: options.operator,
          password: await passwordOf(options.newPasswordFile),
        },
        systemRandom,
      )
      show(options.json, options.out, facts)
      done(exitCodes.ok)
    })
}

function showKey(done: (exitCode: number) => void): Command {
  return new Command('show')
    .description('Show the address of a key file, and what Staking must know of a validator')
    .argument('<file>', 'the key file')
    .option('--password-file <file>', 'password that opens the key file')
    .option('--json', 'one JSON object, for scripts')
    .addHelpText('after', '\nExample:\n  openledger keys show validator-key.json')
    .action(async (path: string, flags: unknown) => {
      const options = parseOptions(z.strictObject({ passwordFile: file.optional(), json }), flags)
      show(options.json, path, await readKeyFacts(path, await passwordOf(options.passwordFile)))
      done(exitCodes.ok)
    })
}

function identity(done: (exitCode: number) => void): Command {
  return new Command('identity')
    .description(
      'Write what a validator’s node needs when its key is in `openledger signer`: all but the key',
    )
    .argument('<file>', 'the key file')
    .requiredOption('--out <file>', 'where the identity goes')
    .option('--password-file <file>', 'password that opens the key file')
    .option('--json', 'one JSON object, for scripts')
    .addHelpText('after', '\nExample:\n  openledger keys identity validator-key.json --out identity.json')
    .action(async (path: string, flags: unknown) => {
      const options = parseOptions(z.strictObject({ out: file, passwordFile: file.optional(), json }), flags)
      const facts = await writeIdentity(path, options.out, await passwordOf(options.passwordFile))
      show(options.json, options.out, facts)
      done(exitCodes.ok)
    })
}

export async function passwordOf(path: string | undefined): Promise<string | undefined> {
  return path === undefined ? undefined : readPasswordFile(path)
}

function show(isJson: boolean, path: string, { address, operator, randomnessTip }: KeyFacts): void {
  const output = createOutput(isJson)
  output.emit('key', { file: path, address, operator, randomnessTip })
  const lines = [`File            ${path}`, `Address         ${address}`]
  if (operator !== undefined) lines.push(`Operator        ${operator}`)
  if (randomnessTip !== undefined) lines.push(`Randomness tip  ${randomnessTip}`)
  output.say(lines.join('\n'))
}
