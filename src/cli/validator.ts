import { Command } from 'commander'
import { z } from 'zod'
import { NodeError } from '../errors/errors.ts'
import { readPasswordFile, readValidatorKey, type ValidatorKey } from '../node/keyFile.ts'
import { RevealChain } from '../node/revealChain.ts'
import { consensusKeyProof } from '../node/validatorRegistration.ts'
import { type Address, type Hash, type Hex, isHexBytes, ZERO_HASH } from '../primitives/hex.ts'
import { exitCodes } from './exitCodes.ts'
import { createOutput, type Output } from './output.ts'
import { type OperatorMethod, parseAddress, parseOpen, StakingClient } from './stakingClient.ts'
import { showStatus } from './validatorStatus.ts'

interface Flags {
  readonly rpc: string
  readonly key?: string
  readonly validatorKey?: string
  readonly passwordFile?: string
  readonly proof?: string
  readonly stake?: string
  readonly feeRecipient?: string
  readonly operator?: string
  readonly json?: boolean
}

interface Action {
  readonly client: StakingClient
  readonly flags: Flags
  readonly output: Output
  /** Sends one call of the operator and says what was done. */
  readonly send: (
    said: string,
    method: OperatorMethod,
    args?: readonly unknown[],
    wei?: bigint,
  ) => Promise<void>
}

const RPC = 'http://127.0.0.1:8545'
const EXAMPLES = `
Each command but prove and status signs with the operator's key. A running validator never needs it.

Examples:
  openledger validator join --key operator.json --validator-key validator-key.json --stake 10000 --fee-recipient 0x11…11
  openledger validator prove --validator-key validator-key.json
  openledger validator status --operator 0x22…22 --rpc http://127.0.0.1:8545
  openledger validator unbond 500 --key operator.json`

/** What follows a command's name, for its help. */
const EXAMPLE_OF: Readonly<Record<string, string>> = {
  prove: '--validator-key validator-key.json',
  join: '--key operator.json --validator-key validator-key.json --stake 10000 --fee-recipient 0x11…11',
  leave: '--key operator.json',
  unjail: '--key operator.json',
  'add-stake': '500 --key operator.json',
  unbond: '500 --key operator.json',
  withdraw: '--key operator.json',
  'claim-rewards': '--key operator.json',
  'rotate-key': '--key operator.json --validator-key new-validator-key.json',
  'set-fee-recipient': '0x11…11 --key operator.json',
  'set-randomness': '--key operator.json --validator-key validator-key.json',
  status: '--operator 0x22…22 --rpc http://127.0.0.1:8545',
}

/** `openledger validator`: what an operator does with its validator, on the chain, over a node's JSON-RPC. */
export function validatorCommand(done: (exitCode: number) => void): Command {
  const group = new Command('validator')
    .description('Join, leave and look after a validator')
    .addHelpText('after', EXAMPLES)
  const add = (command: Command, action: (action: Action, argument: string) => Promise<void>) => {
    command
      .option('--rpc <url>', 'JSON-RPC of a node', RPC)
      .option('--password-file <file>', 'file whose one line opens the key files, where they are encrypted')
      .option('--json', 'one JSON object a line, for scripts')
      .addHelpText(
        'after',
        `\nExample:\n  openledger validator ${command.name()} ${EXAMPLE_OF[command.name()]}`,
      )
      .exitOverride()
      .action(async (...inputs: unknown[]) => {
        const [argument, flags] = inputs.length > 2 ? (inputs as [string, Flags]) : ['', inputs[0] as Flags]
        await action(await open(flags), argument)
        done(exitCodes.ok)
      })
    group.addCommand(command)
  }
  addProof(add)
  addMembership(add)
  addStake(add)
  addKeys(add)
  add(
    new Command('status')
      .description('What Staking holds of a validator')
      .option('--operator <address>', 'whose; the key’s own with --key')
      .option('--key <file>', 'key file of the operator')
      .option('--validator-key <file>', 'key file of the node, to count what its hash chain has left'),
    async ({ client, flags, output }) => {
      const validatorKey = await optionalValidatorKey(flags)
      const operator = flags.operator === undefined ? undefined : parseAddress(flags.operator)
      const known = operator ?? validatorKey?.operator ?? client.operator
      await showStatus({ client, output, operator: known, reveals: validatorKey && revealsOf(validatorKey) })
    },
  )
  return group
}

/** What a node's keys say about themselves, for an operator elsewhere; public. */
const proofSchema = z.strictObject({
  event: z.literal('prove').optional(),
  operator: hexOf(20),
  consensusKey: hexOf(20),
  keyProof: hexOf(65),
  randomnessTip: hexOf(32),
})
type KeyProof = z.output<typeof proofSchema>

function hexOf(bytes: number) {
  return z
    .string()
    .refine((text) => isHexBytes(text, bytes), `expected 0x and ${2 * bytes} hex digits`)
    .transform((text) => text.toLowerCase() as Hex)
}

function proofOf(client: StakingClient, key: ValidatorKey): KeyProof {
  return {
    operator: key.operator,
    consensusKey: key.address,
    keyProof: consensusKeyProof(BigInt(client.chainId), key.operator, key.privateKey),
    randomnessTip: revealsOf(key).tip,
  }
}

/** Of the node's key file, or made by `prove` on the machine of that file: operator and node need not share one. */
async function proofFor(client: StakingClient, flags: Flags): Promise<KeyProof> {
  if (flags.proof === undefined) return proofOf(client, await validatorKeyOf(flags, client.operator))
  let json: unknown
  try {
    json = JSON.parse(flags.proof)
  } catch (error) {
    throw new NodeError('BAD_CONFIG', '--proof is not what `openledger validator prove` wrote.', {}, error)
  }
  const parsed = proofSchema.safeParse(json)
  if (!parsed.success || parsed.data.operator !== client.operator) {
    throw new NodeError('BAD_CONFIG', `--proof is no proof for the operator ${client.operator}.`)
  }
  return parsed.data
}

function addProof(add: Add): void {
  add(
    new Command('prove')
      .description(
        'On the node’s machine: the proof of its consensus key that join and rotate-key need elsewhere',
      )
      .requiredOption('--validator-key <file>', 'key file of the node'),
    async ({ client, flags, output }) => {
      const proof = proofOf(client, await keyIn(flags.validatorKey ?? '', flags))
      output.say(JSON.stringify(proof))
      output.emit('prove', { ...proof })
    },
  )
}

type Add = (command: Command, action: (action: Action, argument: string) => Promise<void>) => void

/** A command that the operator signs. */
const signed = (name: string, description: string) =>
  new Command(name).description(description).requiredOption('--key <file>', 'key file of the operator')

function addMembership(add: Add): void {
  add(
    signed('join', 'Register as a candidate; in the set from the next epoch on, if the stake suffices')
      .option('--validator-key <file>', 'key file of the node: consensus key and reveal seed')
      .option('--proof <json>', 'instead of it: what `validator prove` wrote on the node’s machine')
      .requiredOption('--stake <open>', 'stake in OPEN')
      .requiredOption('--fee-recipient <address>', 'coinbase of its blocks'),
    async ({ client, flags, send }) => {
      const { consensusKey, randomnessTip, keyProof } = await proofFor(client, flags)
      const args = [consensusKey, parseAddress(flags.feeRecipient ?? ''), randomnessTip, keyProof]
      await send(`joined with consensus key ${consensusKey}`, 'join', args, parseOpen(flags.stake ?? ''))
    },
  )
  add(signed('leave', 'Unbond everything and give the place up'), ({ send }) => send('left', 'exit'))
  add(signed('unjail', 'Come back after downtime'), ({ send }) => send('unjailed', 'unjail'))
}

function addStake(add: Add): void {
  add(signed('add-stake', 'Add to the stake').argument('<open>', 'amount in OPEN'), ({ send }, open) =>
    send(`added ${open} OPEN`, 'addStake', [], parseOpen(open)),
  )
  add(signed('unbond', 'Take OPEN out of the stake').argument('<open>', 'amount in OPEN'), ({ send }, open) =>
    send(`unbonding ${open} OPEN`, 'unbond', [parseOpen(open)]),
  )
  add(signed('withdraw', 'Take all that is unbonded'), ({ send }) => send('withdrawn', 'withdraw'))
  add(signed('claim-rewards', 'Take the rewards'), ({ send }) => send('rewards taken', 'claimRewards'))
}

function addKeys(add: Add): void {
  add(
    signed('rotate-key', 'Sign with another consensus key from the next epoch on')
      .option('--validator-key <file>', 'key file of the node that takes over')
      .option('--proof <json>', 'instead of it: what `validator prove` wrote on that node’s machine'),
    async ({ client, flags, send }) => {
      const { consensusKey, keyProof } = await proofFor(client, flags)
      const args = [consensusKey, keyProof]
      await send(`consensus key ${consensusKey} from the next epoch on`, 'rotateConsensusKey', args)
    },
  )
  add(
    signed('set-fee-recipient', 'Another coinbase from the next epoch on').argument(
      '<address>',
      'the coinbase',
    ),
    ({ send }, address) => send(`fee recipient ${address}`, 'setFeeRecipient', [parseAddress(address)]),
  )
  add(
    signed(
      'set-randomness',
      'Register the next hash chain of the node’s seed, before this one ends',
    ).requiredOption('--validator-key <file>', 'key file of the node, for its reveal seed'),
    async ({ client, flags, send }) => {
      const key = await validatorKeyOf(flags, client.operator)
      const { tip, generation } = await nextTip(client, revealsOf(key))
      await send(`hash chain ${generation} of the seed from the next epoch on`, 'setRandomnessTip', [tip])
    },
  )
}

/** The generation after the one that Staking holds; the first when it holds one of another seed. */
async function nextTip(client: StakingClient, reveals: RevealChain) {
  const record = await client.read<{ randomnessTip: Hash; nextRandomnessTip: Hash }>('validatorOf', [
    client.operator,
  ])
  if (record.nextRandomnessTip !== ZERO_HASH && reveals.find(record.nextRandomnessTip) !== undefined) {
    throw new NodeError('BAD_CONFIG', 'The next hash chain of the seed is registered already.')
  }
  const found = reveals.find(record.randomnessTip)
  const generation = found === undefined ? 0 : found.generation + 1
  return { generation, tip: reveals.tipOf(generation) }
}

async function open(flags: Flags): Promise<Action> {
  const output = createOutput(flags.json === true)
  const client = await StakingClient.open(flags.rpc, flags.key, await passwordOf(flags))
  const send: Action['send'] = async (said, method, args, wei) => {
    const { hash, block } = await client.send(method, args, wei)
    output.say(`${client.operator}: ${said} (block ${block}, transaction ${hash})`)
    output.emit(method, { operator: client.operator, transaction: hash, block })
  }
  return { client, flags, output, send }
}

const revealsOf = (key: ValidatorKey) => new RevealChain(key.revealSeed, { length: key.revealLength })

async function passwordOf({ passwordFile }: Flags): Promise<string | undefined> {
  return passwordFile === undefined ? undefined : readPasswordFile(passwordFile)
}

async function keyIn(path: string, flags: Flags): Promise<ValidatorKey> {
  return readValidatorKey(path, await passwordOf(flags))
}

async function optionalValidatorKey(flags: Flags): Promise<ValidatorKey | undefined> {
  return flags.validatorKey === undefined ? undefined : keyIn(flags.validatorKey, flags)
}

async function validatorKeyOf(flags: Flags, operator: Address): Promise<ValidatorKey> {
  if (flags.validatorKey === undefined) {
    throw new NodeError('BAD_CONFIG', 'Give --validator-key or --proof.')
  }
  const key = await keyIn(flags.validatorKey, flags)
  if (key.operator !== operator) {
    throw new NodeError(
      'BAD_CONFIG',
      `The validator’s key file names the operator ${key.operator}, and --key is the key of ${operator}.`,
    )
  }
  return key
}
