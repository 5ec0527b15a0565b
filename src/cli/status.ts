import { Command } from 'commander'
import { z } from 'zod'
import { NodeError } from '../errors/errors.ts'
import { isoTime } from '../runtime/clock.ts'
import { exitCodes } from './exitCodes.ts'
import { parseOptions } from './options.ts'
import { createOutput } from './output.ts'
import { callRpc, fetchJson } from './rpcClient.ts'

const quantity = z
  .string()
  .regex(/^0x[0-9a-f]+$/)
  .transform(Number)
const statusSchema = z.object({
  clientVersion: z.string(),
  chainId: quantity,
  genesisHash: z.string(),
  peerId: z.string().nullable(),
  height: quantity,
  headHash: z.string(),
  headTimestamp: quantity,
  statesFrom: quantity,
  peerCount: quantity,
  syncing: z.boolean(),
  highestHeight: quantity,
  pool: z.object({ pending: quantity, queued: quantity }),
  consensus: z
    .object({ height: quantity, round: quantity.nullable(), step: z.string(), isBehind: z.boolean() })
    .nullable(),
  validator: z
    .object({
      address: z.string(),
      operator: z.string(),
      isInSet: z.boolean(),
      power: quantity.nullable(),
      signer: z.enum(['local', 'remote']),
      isSignerConnected: z.boolean(),
    })
    .nullable(),
})
type NodeStatus = z.output<typeof statusSchema>

const peersSchema = z.array(
  z.object({
    id: z.string(),
    direction: z.enum(['inbound', 'outbound']),
    agent: z.string(),
    height: z.union([quantity, z.number()]),
    address: z.string().optional(),
  }),
)

const DEFAULT_RPC = 'http://127.0.0.1:8545'

/** `openledger status`: what a running node says of itself. */
export function statusCommand(done: (exitCode: number) => void): Command {
  return new Command('status')
    .description('Show where a running node stands: head, sync, peers, consensus, validator')
    .option('--rpc <url>', 'JSON-RPC of the node', DEFAULT_RPC)
    .option('--json', 'one JSON object, for scripts')
    .addHelpText('after', '\nExample:\n  openledger status --rpc http://127.0.0.1:8545')
    .action(async (flags: unknown) => {
      const schema = z.strictObject({ rpc: z.string().min(1), json: z.boolean().default(false) })
      const { rpc, json } = parseOptions(schema, flags)
      const status = checked(statusSchema, await callRpc(rpc, 'openledger_nodeStatus'), rpc)
      const output = createOutput(json)
      output.emit('status', { ...status })
      output.say(table(linesOf(status)))
      done(exitCodes.ok)
    })
}

/** `openledger peers`: whom a running node is connected to. */
export function peersCommand(done: (exitCode: number) => void): Command {
  return new Command('peers')
    .description('Show the peers of a running node; their addresses only through its operator port')
    .option('--rpc <url>', 'JSON-RPC of the node', DEFAULT_RPC)
    .option('--operator <url>', 'the operator port (--metrics-port) in place of JSON-RPC')
    .option('--json', 'one JSON object, for scripts')
    .addHelpText(
      'after',
      '\nExample:\n  openledger peers\n  openledger peers --operator http://127.0.0.1:9100',
    )
    .action(async (flags: unknown) => {
      const url = z.string().min(1)
      const schema = z.strictObject({
        rpc: url,
        operator: url.optional(),
        json: z.boolean().default(false),
      })
      const { rpc, operator, json } = parseOptions(schema, flags)
      const found =
        operator === undefined
          ? await callRpc(rpc, 'openledger_peers')
          : await fetchJson(`${operator.replace(/\/$/, '')}/peers`)
      const peers = checked(peersSchema, found, operator ?? rpc)
      const output = createOutput(json)
      output.emit('peers', { peers })
      const lines = peers.map(({ id, direction, height, agent, address }) =>
        [id, direction, `height ${height}`, agent, address ?? ''].join('  ').trimEnd(),
      )
      output.say([`${peers.length} peers`, ...lines].join('\n'))
      done(exitCodes.ok)
    })
}

function checked<T>(schema: z.ZodType<T>, value: unknown, url: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new NodeError('BAD_ENCODING', `${url} answers with what this version does not understand.`)
}

function linesOf(status: NodeStatus): [string, string][] {
  const { consensus, validator, pool } = status
  const behind = status.highestHeight - status.height
  return [
    ['Node', status.clientVersion],
    ['Chain', `${status.chainId}, genesis ${status.genesisHash}`],
    ['Peer id', status.peerId ?? 'none: this node decides alone'],
    ['Head', `${status.height} ${status.headHash}`],
    ['Head time', isoTime(status.headTimestamp * 1_000)],
    ['Sync', status.syncing || behind > 0 ? `${behind} blocks behind` : 'caught up'],
    ['Peers', String(status.peerCount)],
    ['Pool', `${pool.pending} pending, ${pool.queued} queued`],
    ['States', `of all blocks from ${status.statesFrom} on`],
    ['Consensus', consensus === null ? 'none' : consensusLine(consensus)],
    ['Validator', validator === null ? 'no: this node follows' : validatorLine(validator)],
  ]
}

function consensusLine({ height, round, step, isBehind }: NonNullable<NodeStatus['consensus']>): string {
  const place = round === null ? 'not begun' : `round ${round}, ${step}`
  return `height ${height}, ${place}${isBehind ? '; others are ahead' : ''}`
}

function validatorLine(validator: NonNullable<NodeStatus['validator']>): string {
  const { address, isInSet, power, signer, isSignerConnected } = validator
  const place = isInSet ? `in the set with power ${power}` : 'not in the set'
  return `${address}, ${place}, ${signer} signer${isSignerConnected ? '' : ' that is away'}`
}

function table(lines: readonly (readonly [string, string])[]): string {
  const width = Math.max(...lines.map(([name]) => name.length)) + 2
  return lines.map(([name, text]) => name.padEnd(width) + text).join('\n')
}
