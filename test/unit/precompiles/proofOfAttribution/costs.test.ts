import { describe, expect, it } from 'vitest'
import { cheapRows, writtenRows } from '../../../bench/precompiles/costs/table.ts'

describe('the costs in the README', () => {
  it('are what these calls cost, as far as that is measured quickly', { timeout: 60_000 }, () => {
    // the others: ./scripts/bench costs --check; all are written anew by ./scripts/bench costs --write
    const written = writtenRows()
    const rows = cheapRows()
    expect(written).toEqual(expect.arrayContaining([...rows]))
    expect(rows.length).toBeGreaterThan(5)
  })
})
