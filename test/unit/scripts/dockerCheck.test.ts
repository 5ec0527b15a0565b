import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkCompose, checkScrapes, parseCompose } from '../../../scripts/lib/dockerCheck/compose.ts'
import {
  alertExpressions,
  dashboardExpressions,
  exportedNames,
  unknownMetrics,
} from '../../../scripts/lib/dockerCheck/dashboards.ts'
import { checkDockerfile, checkIgnore } from '../../../scripts/lib/dockerCheck/dockerfile.ts'
import { checkFiles } from '../../../scripts/lib/dockerCheck/files.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const folder = join(root, 'docker')
const read = (...path: string[]) => readFileSync(join(folder, ...path), 'utf8')

describe('docker/', () => {
  it('has nothing wrong in it', async () => {
    const { problems, expressions } = await checkFiles(root)
    expect(problems).toEqual([])
    expect(expressions.length).toBeGreaterThan(30)
  })
})

describe('the check of the Dockerfile', () => {
  const dockerfile = read('Dockerfile')
  it.each<[string, string, string]>([
    ['a source that is not there', 'COPY docker/healthcheck.mjs', 'COPY docker/healthckeck.mjs'],
    ['a stage that is not there', 'COPY --from=packages /src', 'COPY --from=package /src'],
    ['the tag latest', 'FROM debian:bookworm-slim', 'FROM debian:latest'],
    ['no tag', 'FROM debian:bookworm-slim', 'FROM debian'],
    ['root', 'USER 10001:10001', 'USER 0'],
    ['a user by name', 'USER 10001:10001', 'USER node'],
    [
      'an entry point for a shell',
      'ENTRYPOINT ["node", "/app/dist/src/main.js"]',
      'ENTRYPOINT node /app/dist/src/main.js',
    ],
    ['no health check', /^HEALTHCHECK .*$/m.exec(dockerfile)?.[0] ?? '', ''],
    ['work in the final stage', 'WORKDIR /data', 'RUN apt-get update'],
    ['ADD', 'COPY package.json /app', 'ADD package.json /app'],
  ])('finds %s', (_, before, after) => {
    expect(dockerfile).toContain(before)
    expect(checkDockerfile(dockerfile.replace(before, after), root)).not.toEqual([])
  })
})

describe('the check of what the context leaves out', () => {
  const dockerfile = read('Dockerfile')
  const ignore = readFileSync(join(root, '.dockerignore'), 'utf8')

  it('finds a source that is left out, and a file that lets everything through', () => {
    expect(checkIgnore(ignore, dockerfile)).toEqual([])
    expect(checkIgnore(ignore.replace('!genesis\n', ''), dockerfile)).toHaveLength(1)
    expect(checkIgnore(ignore.replace('*\n', ''), dockerfile)).toHaveLength(1)
  })
})

describe('the check of the compose file', () => {
  const yaml = read('compose.yaml')
  const problemsOf = (text: string) => {
    const { compose, problems } = parseCompose(text)
    return compose === undefined
      ? problems
      : [...checkCompose(compose, folder), ...checkScrapes(read('prometheus', 'prometheus.yml'), compose)]
  }
  it.each<[string, string, string]>([
    ['a key that nobody knows', '  read_only: true', '  readonly: true'],
    [
      'a root that can be written',
      '  read_only: true\n  tmpfs:\n    - /tmp\n  cap_drop:\n    - ALL\n  security_opt:\n    - no-new-privileges:true\n  stop',
      '  stop',
    ],
    ['a port on all addresses', '"127.0.0.1:8545:8545"', '"8545:8545"'],
    ['one port twice', '"127.0.0.1:8555:8545"', '"127.0.0.1:8545:8545"'],
    ['one address twice', 'ipv4_address: 172.28.5.11', 'ipv4_address: 172.28.5.10'],
    ['a setting that the node does not have', 'OPENLEDGER_RPC_HOST', 'OPENLEDGER_RPC_ADDRESS'],
    ['a flag that the node does not have', '"--host-key"', '"--hostkey"'],
    ['a path outside the volume', '"/data/host/host-key.json"', '"/root/host-key.json"'],
    ['a volume that is not declared', '    - chain:/data', '    - chains:/data'],
    ['a folder that is not there', './prometheus:/etc', './prometheos:/etc'],
    ['a boot node that is not there', '/ip4/172.28.5.12/tcp/8546,', '/ip4/172.28.5.14/tcp/8546,'],
    ['a service that nobody scrapes', '  host:\n    <<: *node', '  inference:\n    <<: *node'],
    ['a dependency that is not there', '    prepare:\n      condition', '    prepared:\n      condition'],
  ])('finds %s', (_, before, after) => {
    expect(problemsOf(yaml)).toEqual([])
    expect(yaml).toContain(before)
    expect(problemsOf(yaml.replace(before, after))).not.toEqual([])
  })
})

describe('the check of dashboards and alerts', () => {
  const text = [
    '# TYPE openledger_height gauge',
    '# TYPE openledger_seconds histogram',
    'openledger_height 1',
  ].join('\n')

  it('knows what a node exports, and finds what it does not', () => {
    const exported = exportedNames(text)
    const ask = (expr: string) => unknownMetrics([{ where: 'here', expr }], exported)
    expect(ask('rate(openledger_seconds_bucket{le="1"}[1m]) / openledger_height + up')).toEqual([])
    expect(ask('openledger_seconds')).toHaveLength(1)
    expect(ask('openledger_hight > 1 or openledger_seconds_sum')).toEqual([
      'here: no node exports openledger_hight',
    ])
  })

  it('takes expressions from where they stand', () => {
    expect(alertExpressions('groups: [{ rules: [{ alert: A, expr: openledger_x }] }]')).toEqual([
      { where: 'alert A', expr: 'openledger_x' },
    ])
    const panel = { id: 1, title: 'P', datasource: { uid: 'other' }, targets: [{ expr: 'x' }] }
    const dashboard = (panels: object[]) => JSON.stringify({ uid: 'u', title: 'D', panels })
    expect(dashboardExpressions(dashboard([panel]), 'other')).toEqual([{ where: 'D, P', expr: 'x' }])
    expect(() => dashboardExpressions(dashboard([panel]), 'prometheus')).toThrow(/not provisioned/)
    expect(() => dashboardExpressions(dashboard([panel, panel]), 'other')).toThrow(/one id/)
  })
})
