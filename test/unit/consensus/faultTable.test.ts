import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { faults, withFault } from '../../mutate/faults/table.ts'

const root = join(import.meta.dirname, '..', '..', '..')

it('every fault of ./scripts/mutate still fits the source, changes it, and names tests that exist', () => {
  expect(faults.length).toBeGreaterThan(150)
  expect(new Set(faults.map(({ file, name }) => `${file} ${name}`)).size).toBe(faults.length)
  for (const fault of faults) {
    const text = readFileSync(join(root, fault.file), 'utf8')
    expect(withFault(fault, text)).not.toBe(text)
    expect(fault.tests.filter((path) => !existsSync(join(root, path)))).toEqual([])
  }
})
