import { parseEther } from 'viem'
import { z } from 'zod'
import { NodeError } from '../errors/errors.ts'
import { isHexBytes, toHash } from '../primitives/hex.ts'
import { limits } from './limits.ts'

/** One setting of a command: where it comes from (flag, then environment, then default) and what it means. */
export interface Setting<T> {
  /** As the command line shows it: `--rpc-port <port>`; without a value it is a switch. */
  readonly flag: string
  readonly env: string
  readonly doc: string
  readonly schema: z.ZodType<T>
  /** Undefined: the setting has no value unless given. */
  readonly fallback: T
}

/** An amount of OPEN, such as 0.5. */
const open = z.preprocess((value, context) => {
  if (typeof value === 'bigint') return value
  if (typeof value === 'string' && /^\d{1,12}(\.\d{1,18})?$/.test(value)) return parseEther(value)
  context.addIssue('expected an amount of OPEN, such as 100 or 0.5')
  return z.NEVER
}, z.bigint())
/** Digits and nothing else: a number made from any text would take an empty one for zero. */
const whole = (min: number, max: number) =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value),
    z.number().int().min(min).max(max),
  )
const port = whole(0, 65_535)
const text = z.string().min(1)
const list = z.preprocess(
  (value) => (typeof value === 'string' ? value.split(',').filter((part) => part !== '') : value),
  z.array(text),
)
const hash = z
  .string()
  .refine((value) => isHexBytes(value, 32), 'expected 0x and 64 hex digits')
  .transform(toHash)
const onOff = z.preprocess((value) => (value === 'true' || value === '1' ? true : value), z.boolean())

function setting<T>(flag: string, schema: z.ZodType<T>, fallback: T, doc: string): Setting<T> {
  const name = (flag.split(' ')[0] ?? flag).replace(/^--/, '')
  return { flag, env: `OPENLEDGER_${name.toUpperCase().replaceAll('-', '_')}`, doc, schema, fallback }
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

/** Settings of `openledger start`. */
export const nodeSettings = {
  dataDir: setting('--data-dir <dir>', text, './openledger-data', 'Where the chain is kept'),
  genesis: setting('--genesis <file>', text, 'genesis/devnet.json', 'The genesis file of the network'),
  rpcHost: setting('--rpc-host <address>', text, '127.0.0.1', 'Address that JSON-RPC listens on'),
  rpcPort: setting('--rpc-port <port>', port, 8545, 'Port of JSON-RPC, HTTP and WebSocket alike'),
  rpcNamespaces: setting(
    '--rpc-namespaces <list>',
    list,
    ['eth', 'net', 'web3', 'openledger'],
    'JSON-RPC namespaces that are served, separated by commas',
  ),
  rpcCors: setting(
    '--rpc-cors <list>',
    list,
    [],
    'Origins of web pages that may use JSON-RPC, separated by commas; * for any',
  ),
  p2pHost: setting('--p2p-host <address>', text, '127.0.0.1', 'Address that peers connect to'),
  p2pPort: setting('--p2p-port <port>', port, 8546, 'Port that peers connect to'),
  bootnodes: setting('--bootnodes <list>', list, [], 'Multiaddresses to connect to, separated by commas'),
  p2pAnnounce: setting(
    '--p2p-announce <list>',
    list,
    [],
    'Multiaddresses that others are told to reach this node at, behind a port mapping',
  ),
  p2pDiscovery: setting(
    '--p2p-discovery <on|off>',
    z.enum(['on', 'off']),
    'on',
    'Whether peers are asked for other peers, whose addresses are kept in the data folder',
  ),
  p2pMdns: setting('--p2p-mdns', onOff, false, 'Look for nodes of the chain in the own network segment'),
  p2pOnly: setting(
    '--p2p-only',
    onOff,
    false,
    'Connect with --bootnodes and --p2p-reserved peers and nobody else: a validator behind sentries',
  ),
  p2pReserved: setting(
    '--p2p-reserved <list>',
    list,
    [],
    'Ids of peers that may always connect and of which nobody is told: the validator behind a sentry',
  ),
  p2pAllow: setting('--p2p-allow <list>', list, [], 'Ids of peers that may connect; none for any'),
  p2pDeny: setting('--p2p-deny <list>', list, [], 'Ids, IP addresses and subnets that may not connect'),
  p2pPrivateKeyFile: setting(
    '--p2p-private-key-file <file>',
    text.optional(),
    undefined,
    'Key of a private network (swarm.key): nodes without it cannot talk to this one',
  ),
  validatorKey: setting(
    '--validator-key <file>',
    text.optional(),
    undefined,
    'Key file of this validator; without it the node follows and does not vote',
  ),
  passwordFile: setting(
    '--password-file <file>',
    text.optional(),
    undefined,
    'File whose one line opens the encrypted key files',
  ),
  remoteSigner: setting(
    '--remote-signer <socket>',
    text.optional(),
    undefined,
    'Socket of `openledger signer`, which holds the consensus key; --validator-key then names a file without it',
  ),
  serviceKey: setting(
    '--service-key <file>',
    text.optional(),
    undefined,
    'Key file of an account that pays for reports of evidence where the consensus key is in a signer',
  ),
  metricsHost: setting('--metrics-host <address>', text, '127.0.0.1', 'Address of the operator port'),
  metricsPort: setting(
    '--metrics-port <port>',
    port.optional(),
    undefined,
    'Operator port: /metrics for Prometheus, /health and /ready; off unless given',
  ),
  hostKey: setting(
    '--host-key <file>',
    text.optional(),
    undefined,
    'Key file of this AI host; turns the host on',
  ),
  hostAddress: setting('--host-address <address>', text, '127.0.0.1', 'Address of the inference API'),
  hostPort: setting('--host-port <port>', port, 8600, 'Port of the inference API'),
  hostBond: setting(
    '--host-bond <OPEN>',
    open,
    parseEther('100'),
    'Bond of the host at registration, in OPEN',
  ),
  hostMostBond: setting(
    '--host-most-bond <OPEN>',
    open,
    parseEther('1000'),
    'What the bond is raised to at most when open fees need it, in OPEN',
  ),
  hostRisk: setting(
    '--host-risk <OPEN>',
    open,
    parseEther('10'),
    'Unsettled fees that the host lets one requester have, in OPEN',
  ),
  hostCors: setting('--host-cors <list>', list, [], 'Origins of web pages that may use the inference API'),
  contentQuotaMb: setting(
    '--content-quota-mb <n>',
    whole(1, 1_000_000),
    1_024,
    'Megabytes of content that this node keeps',
  ),
  audit: setting('--audit <on|off>', z.enum(['on', 'off']), 'on', 'Whether a validator audits inferences'),
  modelDir: setting('--model-dir <dir>', text.optional(), undefined, 'Where base models are kept'),
  state: setting(
    '--state <archive|pruned>',
    z.enum(['archive', 'pruned']).optional(),
    undefined,
    'Whether the states of all blocks are kept, or of the last ones; as the data folder was, archive in a new one',
  ),
  stateBlocks: setting(
    '--state-blocks <n>',
    whole(limits.stateBlocksLeast, 999_999_999).optional(),
    undefined,
    `States that a pruned node keeps; as the data folder was, ${limits.stateBlocks} in a new one`,
  ),
  sync: setting(
    '--sync <blocks|snapshot>',
    z.enum(['blocks', 'snapshot']),
    'blocks',
    'How an empty data folder is filled: with all blocks, or with the state of the last epoch and the blocks after it',
  ),
  trustedHash: setting(
    '--trusted-hash <hash>',
    hash.optional(),
    undefined,
    'Hash of the last block of a recent epoch, from a source that you trust; a snapshot needs it in an old network',
  ),
  single: setting('--single', onOff, false, 'One validator alone, a block per transaction'),
  logLevel: setting('--log-level <level>', z.enum(logLevels), 'info', `One of ${logLevels.join(', ')}`),
  logFile: setting(
    '--log-file <file>',
    text.optional(),
    undefined,
    'Write logs here and not to standard error',
  ),
} as const

type SettingsTable = Readonly<Record<string, Setting<unknown>>>
export type Values<T extends SettingsTable> = {
  readonly [K in keyof T]: T[K] extends Setting<infer V> ? V : never
}
export type NodeConfig = Values<typeof nodeSettings>

/** Values of all settings of a table; a bad one is refused with the flag's name and what was expected. */
export function readSettings<T extends SettingsTable>(
  table: T,
  flags: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
): Values<T> {
  const values: Record<string, unknown> = {}
  for (const [key, one] of Object.entries(table)) {
    const given = flags[key] ?? env[one.env]
    if (given === undefined) {
      values[key] = one.fallback
      continue
    }
    const parsed = one.schema.safeParse(given)
    if (!parsed.success) {
      const reason = parsed.error.issues[0]?.message ?? 'malformed'
      throw new NodeError('BAD_CONFIG', `${one.flag.split(' ')[0]}: ${reason}`)
    }
    values[key] = parsed.data
  }
  return values as Values<T>
}
