import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { checkCompose, checkScrapes, parseCompose } from './compose.ts'
import { alertExpressions, dashboardExpressions, type Expression } from './dashboards.ts'
import { checkDockerfile, checkIgnore } from './dockerfile.ts'

const datasourceSchema = z.object({ datasources: z.tuple([z.object({ uid: z.string(), url: z.string() })]) })

export interface DockerFiles {
  readonly dockerfile: string
  readonly problems: readonly string[]
  /** What dashboards and alerts ask Prometheus for. */
  readonly expressions: readonly Expression[]
}

/** Reads docker/ and checks its files by themselves and against each other. */
export async function checkFiles(root: string): Promise<DockerFiles> {
  const folder = join(root, 'docker')
  const read = (...path: string[]) => readFile(join(folder, ...path), 'utf8')
  const dockerfile = await read('Dockerfile')
  const ignore = await readFile(join(root, '.dockerignore'), 'utf8')
  const problems = [...checkDockerfile(dockerfile, root), ...checkIgnore(ignore, dockerfile)]
  const { compose, problems: malformed } = parseCompose(await read('compose.yaml'))
  problems.push(...malformed)
  if (compose !== undefined) {
    problems.push(
      ...checkCompose(compose, folder),
      ...checkScrapes(await read('prometheus', 'prometheus.yml'), compose),
    )
  }
  const provisioned = parse(await read('grafana', 'provisioning', 'datasources', 'prometheus.yml')) as unknown
  const [{ uid, url }] = datasourceSchema.parse(provisioned).datasources
  if (compose !== undefined && !(new URL(url).hostname in compose.services)) {
    problems.push(`Grafana asks ${url}, which is no service.`)
  }
  const expressions = alertExpressions(await read('prometheus', 'alerts.yml'))
  for (const name of (await readdir(join(folder, 'grafana', 'dashboards'))).sort()) {
    expressions.push(...dashboardExpressions(await read('grafana', 'dashboards', name), uid))
  }
  return { dockerfile, problems, expressions }
}
