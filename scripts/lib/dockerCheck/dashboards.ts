import { parse } from 'yaml'
import { z } from 'zod'

const dashboardSchema = z.object({
  uid: z.string().min(1),
  title: z.string().min(1),
  panels: z.array(
    z.object({
      id: z.number(),
      title: z.string(),
      datasource: z.object({ uid: z.string() }).optional(),
      targets: z.array(z.object({ expr: z.string() })).optional(),
    }),
  ),
})
const rulesSchema = z.object({
  groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() })) })),
})

export interface Expression {
  readonly where: string
  readonly expr: string
}

/** Every expression of a dashboard. Fails when it is no dashboard, or has two panels of one id. */
export function dashboardExpressions(json: string, datasourceUid: string): Expression[] {
  const { title, panels } = dashboardSchema.parse(JSON.parse(json))
  const ids = panels.map(({ id }) => id)
  if (new Set(ids).size !== ids.length) throw new Error(`${title}: two panels have one id`)
  return panels.flatMap((panel) => {
    if (panel.datasource !== undefined && panel.datasource.uid !== datasourceUid) {
      throw new Error(`${title}, ${panel.title}: the datasource ${panel.datasource.uid} is not provisioned`)
    }
    return (panel.targets ?? []).map(({ expr }) => ({ where: `${title}, ${panel.title}`, expr }))
  })
}

export function alertExpressions(yaml: string): Expression[] {
  return rulesSchema
    .parse(parse(yaml))
    .groups.flatMap(({ rules }) => rules.map(({ alert, expr }) => ({ where: `alert ${alert}`, expr })))
}

const SUFFIXES = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
}

export function exportedNames(text: string): ReadonlySet<string> {
  const names = new Set<string>()
  for (const [, name = '', type = ''] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    for (const suffix of SUFFIXES[type as keyof typeof SUFFIXES] ?? ['']) names.add(name + suffix)
  }
  return names
}

/** Metrics of the node that an expression names and no node exports. */
export function unknownMetrics(expressions: readonly Expression[], exported: ReadonlySet<string>): string[] {
  return expressions.flatMap(({ where, expr }) => {
    const named = [...new Set(expr.match(/\bopenledger_[a-z0-9_]+/g) ?? [])]
    return named.filter((name) => !exported.has(name)).map((name) => `${where}: no node exports ${name}`)
  })
}
