import { describe, expect, it } from 'vitest'
import { datanetLives, systemLives } from '../unit/precompiles/lives/run.ts'

// a few lives; test/fuzz has more of them, and checks that they reach what they are about
describe('money', () => {
  it('of Datanets is neither lost nor made by any sequence of steps', () => {
    expect(datanetLives(2).get('round 1 to 4')).toBeGreaterThan(0)
  })

  it('is neither lost nor made by any sequence of steps', () => {
    expect(systemLives(4).get('ReceiptFinalized')).toBeGreaterThan(0)
  })
})
