import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Abi } from '../../../precompiles/shared/abiTypes.ts'
import { errorLists } from '../../support/errorLists.ts'
import { errorsOf } from '../../support/precompileTargets.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const folder = join(root, 'contracts', 'generated')
const names = readdirSync(join(root, 'contracts', 'interfaces')).map((file) => file.replace('.sol', ''))

async function errorsOfInterface(name: string): Promise<readonly string[]> {
  const module = (await import(join(folder, `${name}.ts`))) as Record<string, unknown>
  const abi = Object.values(module).find((value) => Array.isArray(value)) as Abi | undefined
  if (abi === undefined) throw new Error(`${name} has no ABI.`)
  return errorsOf(abi).map((error) => error.name)
}

const native = new Set(['IDatanetRegistry', 'IAdapterRegistry', 'IProofOfAttribution'])
const own = new Set<string>(errorLists.map(({ of }) => of))
/** Errors that some file reaches for the interface; a base is reached in those that inherit it. */
const listed = (name: string): readonly string[] =>
  errorLists.flatMap(({ of, errors }) =>
    of === name || (native.has(name) && of === 'every native precompile') ? errors : [],
  )

describe('the lists of errors that tests reach', () => {
  it.each(names.filter((name) => own.has(name)))('are together all errors of %s', async (name) => {
    const errors = await errorsOfInterface(name)
    const known = listed(name)
    const missing = errors.filter((error) => !known.includes(error))
    expect(missing, `reach these in a test and add them to test/support/errorLists.ts`).toEqual([])
    expect([...known].sort()).toEqual([...errors].sort())
  })

  it.each(names.filter((name) => !own.has(name)))('have all errors of %s for each heir', async (name) => {
    const errors = await errorsOfInterface(name)
    for (const heir of native) expect(errors.filter((error) => !listed(heir).includes(error))).toEqual([])
  })

  it.each(errorLists)('are checked by $file', ({ file }) => {
    expect(existsSync(join(root, file))).toBe(true)
    expect(readFileSync(join(root, file), 'utf8')).toContain(`expectedErrors('${file}')`)
  })
})
