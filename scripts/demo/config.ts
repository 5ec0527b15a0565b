import { z } from 'zod'

/** What the demonstration is told of the network that it runs on: addresses of public interfaces, no more. */
const schema = z.strictObject({
  /** JSON-RPC of each validator. */
  rpc: z.array(z.url()).min(1),
  /** The host's inference API. */
  inference: z.url(),
  /** For files on the way: contributions, the adapter. */
  workDir: z.string().min(1),
  /** The compiled command line. */
  cli: z.string().min(1),
  json: z.boolean(),
})

export type DemoConfig = z.output<typeof schema>

export function readConfig(env: Readonly<Record<string, string | undefined>>): DemoConfig {
  return schema.parse(JSON.parse(env.OPENLEDGER_DEMO ?? '{}'))
}
