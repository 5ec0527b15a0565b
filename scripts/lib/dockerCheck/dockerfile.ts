import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Copy, DockerfileParser, type From, type Instruction } from 'dockerfile-ast'

export interface CopyStep {
  /** The stage that is copied from; undefined for the build's context. */
  readonly from: string | undefined
  readonly sources: readonly string[]
  readonly target: string
}

export interface Stage {
  readonly name: string
  readonly base: string
  readonly copies: readonly CopyStep[]
  readonly instructions: readonly { readonly keyword: string; readonly text: string; readonly line: number }[]
}

export function parseDockerfile(text: string): Stage[] {
  const stages: {
    name: string
    base: string
    copies: CopyStep[]
    instructions: Stage['instructions'][number][]
  }[] = []
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const keyword = instruction.getKeyword().toUpperCase()
    if (keyword === 'FROM') {
      const from = instruction as From
      const index = String(stages.length)
      const name = from.getBuildStage() ?? index
      stages.push({ name, base: from.getImage() ?? '', copies: [], instructions: [] })
    }
    const stage = stages.at(-1)
    if (stage === undefined) continue
    const argumentsText = instruction.getArgumentsContent() ?? ''
    stage.instructions.push({ keyword, text: argumentsText, line: instruction.getRange().start.line + 1 })
    if (keyword === 'COPY') stage.copies.push(copyOf(instruction as Copy))
  }
  return stages
}

function copyOf(copy: Copy & Instruction): CopyStep {
  const values = copy.getArguments().map((argument) => argument.getValue())
  const target = values.at(-1) ?? ''
  // its own accessor sees the flag only when it stands alone
  const fromFlag = copy.getFlags().find((flag) => flag.getName() === 'from')
  return { from: fromFlag?.getValue() ?? undefined, sources: values.slice(0, -1), target }
}

const KNOWN = new Set(
  'FROM COPY RUN WORKDIR ENV USER VOLUME EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD LABEL'.split(' '),
)

/** What is wrong with it, in sentences. `root` is the context of the build. */
export function checkDockerfile(text: string, root: string): string[] {
  const stages = parseDockerfile(text)
  const problems: string[] = []
  const final = stages.at(-1)
  if (final === undefined) return ['There is no stage.']
  for (const [index, stage] of stages.entries()) {
    const earlier = new Set(stages.slice(0, index).map(({ name }) => name))
    if (!earlier.has(stage.base) && !/:(?!latest$)[\w.-]+$/.test(stage.base)) {
      problems.push(`Stage ${stage.name}: the image ${stage.base} has no tag, or the tag latest.`)
    }
    for (const { keyword, line } of stage.instructions) {
      if (!KNOWN.has(keyword)) problems.push(`Line ${line}: ${keyword} is not used here.`)
    }
    for (const { from, sources } of stage.copies) {
      if (from !== undefined && !earlier.has(from))
        problems.push(`COPY --from=${from}: there is no such stage before.`)
      if (from !== undefined) continue
      for (const source of sources) {
        if (!existsSync(join(root, source))) problems.push(`COPY ${source}: the context has no such file.`)
      }
    }
  }
  problems.push(...checkFinal(final))
  return problems
}

function checkFinal({ instructions }: Stage): string[] {
  const problems: string[] = []
  const last = (keyword: string) => instructions.filter((one) => one.keyword === keyword).at(-1)?.text
  const user = last('USER')
  if (user === undefined || !/^[1-9]\d*(:[1-9]\d*)?$/.test(user)) {
    problems.push('The final stage needs a USER by number other than 0.')
  }
  for (const keyword of ['ENTRYPOINT', 'CMD'] as const) {
    const text = last(keyword)
    if (text === undefined || !isExecForm(text)) problems.push(`${keyword} must be a JSON array.`)
  }
  if (!/CMD\s+\[/.test(last('HEALTHCHECK') ?? '')) problems.push('HEALTHCHECK must be a JSON array.')
  if (instructions.some(({ keyword }) => keyword === 'RUN')) problems.push('The final stage runs nothing.')
  return problems
}

export function isExecForm(text: string): boolean {
  try {
    const parsed: unknown = JSON.parse(text)
    return Array.isArray(parsed) && parsed.every((part) => typeof part === 'string')
  } catch {
    return false
  }
}

/** Value of the last such instruction of the final stage, parsed as an array. */
export function finalArray(text: string, keyword: 'ENTRYPOINT' | 'CMD'): string[] {
  const found = parseDockerfile(text)
    .at(-1)
    ?.instructions.filter((one) => one.keyword === keyword)
    .at(-1)
  return JSON.parse(found?.text ?? '[]') as string[]
}

/** Environment of the final stage. */
export function finalEnvironment(text: string): Record<string, string> {
  const pairs = (parseDockerfile(text).at(-1)?.instructions ?? [])
    .filter(({ keyword }) => keyword === 'ENV')
    .flatMap(({ text: content }) => [...content.matchAll(/([A-Z0-9_]+)=(\S+)/g)])
  return Object.fromEntries(pairs.map(([, name, value]) => [name ?? '', value ?? '']))
}

/** Sources that the ignore file, which lets through only what it names, keeps out of the context. */
export function checkIgnore(ignore: string, text: string): string[] {
  const lines = ignore.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  if (lines[0] !== '*')
    return ['.dockerignore must leave out everything first, so that no key gets into an image.']
  const named = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
  const sources = parseDockerfile(text).flatMap(({ copies }) =>
    copies.flatMap(({ from, sources: paths }) => (from === undefined ? paths : [])),
  )
  return sources
    .filter((source) => !named.some((path) => source === path || source.startsWith(`${path}/`)))
    .map((source) => `COPY ${source}: .dockerignore keeps it out of the context.`)
}
