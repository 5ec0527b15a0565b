import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { notFuzzedHere } from '../support/decoders/exempt.ts'

const root = join(import.meta.dirname, '..', '..')

function sourcesUnder(folder: string): { path: string; text: string }[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => {
      const full = join(entry.parentPath, entry.name)
      return { path: relative(join(root, folder), full), text: readFileSync(full, 'utf8') }
    })
}

/** Functions whose names say that they read what somebody else wrote. */
const DECODER =
  /^export (?:async )?(?:function|const) ((?:decode|parse)[A-Z]\w*|\w+From(?:Rlp|Bytes)|readFrame)\b/gm

const decoders = ['src', 'precompiles'].flatMap((folder) =>
  sourcesUnder(folder).flatMap(({ path, text }) =>
    [...text.matchAll(DECODER)].map(([, name]) => `${folder === 'src' ? '' : 'precompiles/'}${path}#${name}`),
  ),
)

const fuzzed = sourcesUnder('test/support/decoders').flatMap(({ text }) =>
  [...text.matchAll(/'([\w/]+\.ts#\w+)'/g)].map(([, name]) => name ?? ''),
)

describe('the table of fuzzed decoders', () => {
  it('has every decoder of the sources, or a reason why not', () => {
    expect(decoders.length).toBeGreaterThan(40)
    const known = new Set([...fuzzed, ...Object.keys(notFuzzedHere)])
    expect(decoders.filter((name) => !known.has(name))).toEqual([])
  })

  it('names nothing that is gone', () => {
    const there = new Set(decoders)
    expect([...fuzzed, ...Object.keys(notFuzzedHere)].filter((name) => !there.has(name))).toEqual([])
  })

  it('is run by CI, group by group', () => {
    const groups = readFileSync(join(root, 'test/support/decoders/table.ts'), 'utf8').matchAll(
      /^ {2}(\w+): \w+Decoders,$/gm,
    )
    const names = [...groups].map(([, name]) => `${name}.test.ts`)
    expect(names.length).toBeGreaterThan(5)
    expect(readdirSync(join(root, 'test/fuzz/decoders')).toSorted()).toEqual(names.toSorted())
  })
})
