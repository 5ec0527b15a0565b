import { join } from 'node:path'
import type { DataRecord } from 'openledger/sdk'
import { z } from 'zod'
import { installDataset, readDatasetFile } from './install.ts'

/**
 * The Common Weakness Enumeration (MITRE; free to use with attribution) as the npm package cwe-sdk ships it:
 * sentences about weaknesses and descriptions of observed vulnerabilities. The label is the category of the weakness
 * in view 1400 (Comprehensive Categorization), of which each weakness has exactly one; five categories that are
 * large and apart are taken. Texts that stand under two categories are dropped, and so are CWE numbers in texts,
 * which would give the label away.
 */
export const CWE_PACKAGE = { name: 'cwe-sdk', version: '1.1.19' } as const

export const CWE_LABELS: readonly string[] = [
  'access control',
  'encryption',
  'file handling',
  'injection',
  'memory safety',
]

const CATEGORY_LABELS: Readonly<Record<string, string>> = {
  '1396': 'access control',
  '1402': 'encryption',
  '1404': 'file handling',
  '1409': 'injection',
  '1399': 'memory safety',
}
const FILE_HASHES = {
  'cwe-dictionary.json': '75e8e0464e16703467bd6baa3672b509d3ce1d378f21c83c2e636debfaaa0406',
  'cwe-archive.json': '92898b16c8de96bc0f75f7c69e71aaa1ad9a51f17b4d5c529616f08b9ab5cb05',
} as const
const LEAST_WORDS = 6

const oneOrMany = <Item extends z.ZodType>(item: Item) => z.union([item, z.array(item)])
const categorySchema = z.object({
  attr: z.object({ '@_ID': z.string() }),
  Relationships: z
    .object({ Has_Member: oneOrMany(z.object({ attr: z.object({ '@_CWE_ID': z.string() }) })) })
    .optional(),
})
const archiveSchema = z.object({
  Weakness_Catalog: z.object({ Categories: z.object({ Category: z.array(categorySchema) }) }),
})
const weaknessSchema = z.object({
  Description: z.unknown().optional(),
  Extended_Description: z.unknown().optional(),
  Observed_Examples: z
    .object({ Observed_Example: oneOrMany(z.object({ Description: z.unknown().optional() })) })
    .optional(),
  Common_Consequences: z
    .object({ Consequence: oneOrMany(z.object({ Note: z.unknown().optional() })) })
    .optional(),
})

/** All records, sorted by text, each text once; installs the package when it is not there. */
export async function loadCwe(): Promise<readonly DataRecord[]> {
  const folder = join(await installDataset(CWE_PACKAGE), 'raw')
  const read = (name: keyof typeof FILE_HASHES): unknown =>
    JSON.parse(readDatasetFile(join(folder, name), FILE_HASHES[name]))
  const labelOf = categories(archiveSchema.parse(read('cwe-archive.json')))
  const weaknesses = z.record(z.string(), weaknessSchema).parse(read('cwe-dictionary.json'))
  const labelsByText = new Map<string, Set<string>>()
  for (const [id, weakness] of Object.entries(weaknesses)) {
    const label = labelOf.get(id)
    if (label === undefined) continue
    for (const text of textsOf(weakness)) {
      const labels = labelsByText.get(text) ?? new Set()
      labelsByText.set(text, labels.add(label))
    }
  }
  const records: DataRecord[] = []
  for (const [text, labels] of labelsByText) {
    const [label] = labels
    if (labels.size === 1 && label !== undefined && label !== OTHER) records.push({ text, label })
  }
  return records.sort((a, b) => (a.text < b.text ? -1 : 1))
}

/** A category that is not taken; texts under it and under one that is taken are ambiguous as well. */
const OTHER = 'other'

function categories(archive: z.infer<typeof archiveSchema>): ReadonlyMap<string, string> {
  const labelOf = new Map<string, string>()
  for (const category of archive.Weakness_Catalog.Categories.Category) {
    const id = Number(category.attr['@_ID'])
    // the categories of view 1400
    if (id < 1396 || id > 1418) continue
    for (const member of listOf(category.Relationships?.Has_Member)) {
      labelOf.set(member.attr['@_CWE_ID'], CATEGORY_LABELS[category.attr['@_ID']] ?? OTHER)
    }
  }
  return labelOf
}

function* textsOf(weakness: z.infer<typeof weaknessSchema>): Iterable<string> {
  for (const part of [weakness.Description, weakness.Extended_Description]) {
    for (const text of stringsIn(part)) {
      for (const sentence of clean(text).split(/(?<=[.;])\s+/)) if (longEnough(sentence)) yield sentence
    }
  }
  const examples = listOf(weakness.Observed_Examples?.Observed_Example).map((example) => example.Description)
  const notes = listOf(weakness.Common_Consequences?.Consequence).map((consequence) => consequence.Note)
  for (const part of [...examples, ...notes]) {
    for (const text of stringsIn(part)) if (longEnough(clean(text))) yield clean(text)
  }
}

/** The texts in a value that was XML once, without its attributes. */
function* stringsIn(value: unknown): Iterable<string> {
  if (typeof value === 'string') yield value
  else if (Array.isArray(value)) for (const item of value) yield* stringsIn(item)
  else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) if (key !== 'attr') yield* stringsIn(item)
  }
}

function clean(text: string): string {
  return text
    .replace(/\(?\s*CWE-\d+[^)\s]*\)?/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

const longEnough = (text: string) => text.split(' ').length >= LEAST_WORDS

function listOf<Item>(items: Item | Item[] | undefined): readonly Item[] {
  if (items === undefined) return []
  return Array.isArray(items) ? items : [items]
}
