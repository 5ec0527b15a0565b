import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { moneyLayout } from '../../../../precompiles/shared/money.ts'
import { type AnyStruct, referenceRegistries } from '../../../support/reference/registries.ts'

interface StorageType {
  readonly label: string
  readonly numberOfBytes: string
  readonly members?: readonly {
    readonly label: string
    readonly slot: string
    readonly offset: number
    readonly type: string
  }[]
}
type StorageTypes = Readonly<Record<string, StorageType>>
interface Solc {
  compile(input: string, callbacks: { import(path: string): { contents: string } }): string
}

const root = join(import.meta.dirname, '..', '..', '..', '..')

/** solc's layout of the structs that these files define. */
function storageTypes(files: readonly string[], structs: readonly string[]): StorageTypes {
  const imports = files.map((file) => `import "${file}";`).join(' ')
  const variables = structs.map((name, index) => `${name} v${index};`).join(' ')
  const content = `pragma solidity ^0.8.30; ${imports} contract C { ${variables} }`
  const solc = createRequire(import.meta.url)('solc') as Solc
  const input = {
    language: 'Solidity',
    sources: { 'C.sol': { content } },
    settings: { outputSelection: { 'C.sol': { C: ['storageLayout'] } } },
  }
  const read = (path: string) => ({ contents: readFileSync(join(root, path), 'utf8') })
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: read }))
  return output.contracts['C.sol'].C.storageLayout.types
}

/** What a field's type is called in the precompile's layout. */
function fieldType({ label }: StorageType): string {
  if (label.startsWith('mapping')) return 'mapping'
  return label.endsWith('[]') ? 'array' : label
}

const MONEY_FILE = 'contracts/reference/Money.sol'

describe.each(Object.values(referenceRegistries))('the storage of the reference of $name', ({ storage }) => {
  const structs: Record<string, AnyStruct> = { Books: moneyLayout, ...storage.structs }
  const types = storageTypes([MONEY_FILE, storage.file], Object.keys(structs))
  const typeOf = (name: string) => Object.values(types).find(({ label }) => label === `struct ${name}`)

  it.each(Object.entries(structs))('has %s where the precompile has it', (name, layout) => {
    const theirs = typeOf(name)?.members?.map(({ label, slot, offset, type }) => ({
      field: label,
      type: fieldType(types[type] as StorageType),
      slot: BigInt(slot),
      offset: BigInt(8 * offset),
    }))
    const ours = Object.entries(layout.places).map(([field, { slot, offset }]) => ({
      field,
      type: layout.fields[field],
      slot,
      offset,
    }))
    expect(theirs).toEqual(ours)
    expect(Number(typeOf(name)?.numberOfBytes)).toBe(32 * layout.slots)
  })

  it('has no struct that is not compared', () => {
    const labels = Object.values(types).flatMap(({ label }) => /^struct ([^[\s]+)/.exec(label)?.[1] ?? [])
    expect([...new Set(labels)].sort()).toEqual(Object.keys(structs).sort())
  })
})
