import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { nodeSettings } from '../../../src/config/settings.ts'

/** The part of the Compose specification that is used here; anything else in the file is refused. */
const text = z.string().min(1)
const seconds = z.string().regex(/^\d+s$/)
const serviceSchema = z.strictObject({
  image: text,
  build: z.strictObject({ context: text, dockerfile: text }).optional(),
  command: z.array(text).optional(),
  environment: z.record(text, z.union([z.string(), z.number()])).optional(),
  volumes: z.array(text).optional(),
  tmpfs: z.array(text).optional(),
  ports: z.array(z.string().regex(/^127\.0\.0\.1:\d+:\d+$/, 'must be published on 127.0.0.1')).optional(),
  networks: z.record(text, z.strictObject({ ipv4_address: text.optional() })).optional(),
  depends_on: z
    .record(
      text,
      z.strictObject({
        condition: z.enum(['service_started', 'service_completed_successfully', 'service_healthy']),
      }),
    )
    .optional(),
  healthcheck: z.strictObject({ disable: z.literal(true) }).optional(),
  cap_drop: z.array(text).optional(),
  security_opt: z.array(text).optional(),
  stop_grace_period: seconds.optional(),
  restart: z.enum(['no', 'unless-stopped']),
  init: z.boolean().optional(),
  read_only: z.boolean().optional(),
})
const composeSchema = z.strictObject({
  name: text,
  services: z.record(text, serviceSchema),
  volumes: z.record(text, z.strictObject({})),
  networks: z.record(
    text,
    z.strictObject({ ipam: z.strictObject({ config: z.array(z.strictObject({ subnet: text })) }) }),
  ),
})

export type Compose = z.output<typeof composeSchema>
type Service = Compose['services'][string]

const NODE_IMAGE = 'openledger'
const KNOWN_ENVIRONMENT = new Set(Object.values(nodeSettings).map(({ env }) => env as string))
const KNOWN_FLAGS = new Set(Object.values(nodeSettings).map(({ flag }) => flag.split(' ')[0]))

/** Errors: a sentence for each part of the file that is not as it should be. */
export function parseCompose(yaml: string): { compose: Compose | undefined; problems: string[] } {
  const json = parse(yaml, { merge: true }) as Record<string, unknown>
  const fields = Object.entries(json).filter(([name]) => !name.startsWith('x-'))
  const parsed = composeSchema.safeParse(Object.fromEntries(fields))
  if (parsed.success) return { compose: parsed.data, problems: [] }
  return {
    compose: undefined,
    problems: parsed.error.issues.map(
      ({ path, message }) => `compose: ${path.map(String).join('.')}: ${message}`,
    ),
  }
}

/** What does not fit together. `folder` is where the file lies. */
export function checkCompose(compose: Compose, folder: string): string[] {
  const problems: string[] = []
  const services = Object.entries(compose.services)
  const published = services.flatMap(([, { ports = [] }]) => ports.map((port) => port.split(':')[1]))
  if (new Set(published).size !== published.length) problems.push('Two services publish one port.')
  const addresses = services.flatMap(([, service]) => addressOf(service) ?? [])
  if (new Set(addresses).size !== addresses.length) problems.push('Two services have one address.')
  for (const [name, service] of services) {
    problems.push(...checkParts(compose, service, folder).map((problem) => `${name}: ${problem}`))
    if (service.image === NODE_IMAGE) {
      problems.push(...checkNode(service, addresses, folder).map((problem) => `${name}: ${problem}`))
    }
  }
  return problems
}

const addressOf = (service: Service): string | undefined =>
  Object.values(service.networks ?? {}).find(({ ipv4_address }) => ipv4_address !== undefined)?.ipv4_address

function checkParts(compose: Compose, service: Service, folder: string): string[] {
  const problems: string[] = []
  for (const volume of service.volumes ?? []) {
    const [source = ''] = volume.split(':')
    const isBind = source.startsWith('.')
    if (isBind && !existsSync(join(folder, source))) problems.push(`${source} is not there.`)
    if (!isBind && !(source in compose.volumes)) problems.push(`the volume ${source} is not declared.`)
  }
  for (const network of Object.keys(service.networks ?? {})) {
    if (!(network in compose.networks)) problems.push(`the network ${network} is not declared.`)
  }
  for (const other of Object.keys(service.depends_on ?? {})) {
    if (!(other in compose.services)) problems.push(`it depends on ${other}, which is not there.`)
  }
  return problems
}

function checkNode(service: Service, addresses: readonly string[], folder: string): string[] {
  const problems: string[] = []
  const { build, command = [], environment = {} } = service
  if (build === undefined || !existsSync(join(folder, build.context, build.dockerfile))) {
    problems.push('it is built from a file that is not there.')
  }
  if (service.read_only !== true) problems.push('its root must be read-only.')
  if (!(service.tmpfs ?? []).includes('/tmp')) problems.push('it needs a /tmp of its own.')
  if (!(service.cap_drop ?? []).includes('ALL')) problems.push('it must drop all capabilities.')
  for (const name of Object.keys(environment)) {
    if (!KNOWN_ENVIRONMENT.has(name)) problems.push(`${name} is no setting of the node.`)
  }
  if (command[0] === 'start') {
    for (const flag of command.filter((part) => part.startsWith('--'))) {
      if (!KNOWN_FLAGS.has(flag)) problems.push(`${flag} is no setting of the node.`)
    }
    for (const path of command.filter((part) => part.startsWith('/'))) {
      if (!path.startsWith('/data/')) problems.push(`${path} is not in its volume.`)
    }
    if (environment.OPENLEDGER_P2P_HOST !== addressOf(service)) problems.push('its address is not its own.')
  }
  for (const [, address] of String(environment.OPENLEDGER_BOOTNODES ?? '').matchAll(/\/ip4\/([\d.]+)\//g)) {
    if (address !== undefined && !addresses.includes(address))
      problems.push(`nobody has the address ${address}.`)
  }
  return problems
}

/** Where Prometheus looks, against the services and their operator ports. */
export function checkScrapes(prometheus: string, compose: Compose): string[] {
  const schema = z.object({
    scrape_configs: z.array(z.object({ static_configs: z.array(z.object({ targets: z.array(text) })) })),
  })
  const parsed = schema.parse(parse(prometheus))
  const targets = parsed.scrape_configs.flatMap((one) => one.static_configs.flatMap((part) => part.targets))
  const expected = Object.entries(compose.services)
    .filter(([, { command }]) => command?.[0] === 'start')
    .map(([name, { environment }]) => `${name}:${environment?.OPENLEDGER_METRICS_PORT}`)
  return [
    ...targets
      .filter((one) => !expected.includes(one))
      .map((one) => `Prometheus looks at ${one}, where no node is.`),
    ...expected.filter((one) => !targets.includes(one)).map((one) => `Prometheus does not look at ${one}.`),
  ]
}
