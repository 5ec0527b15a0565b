import { describe, expect, it } from 'vitest'
import { datanetLives, systemLives } from '../unit/precompiles/lives.ts'

describe('money, in lives that reach what they are about,', () => {
  it('of Datanets is neither lost nor made by any sequence of steps', () => {
    const seen = datanetLives(12)
    const reasons = [1, 2, 3, 5, 6, 7, 8, 9, 10].map((reason) => `credit ${reason}`)
    const rounds = ['1 to 4', '1 to 5', '1 to 6', '1 to 10', '2 to 4', '3 to 4'].map(
      (round) => `round ${round}`,
    )
    for (const what of [...reasons, ...rounds, 'KnownAnswerRevealed', 'ContributionReleased']) {
      expect([what, seen.get(what) ?? 0]).toEqual([what, expect.toSatisfy((times: number) => times > 0)])
    }
  })

  it('is neither lost nor made by any sequence of steps', () => {
    const { finals, closes, slashes, challenges } = systemLives(30)
    expect(finals).toBeGreaterThan(20)
    expect(closes).toBeGreaterThan(2)
    expect(slashes).toBeGreaterThan(2)
    // rows found right, refuted, and undecided
    for (const status of [3, 4, 5]) {
      expect(challenges.filter((ended) => ended === status).length).toBeGreaterThan(2)
    }
  })
})
