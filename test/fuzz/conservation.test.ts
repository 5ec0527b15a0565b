import { describe, expect, it } from 'vitest'
import { propertySeed } from '../support/propertySeed.ts'
import { datanetLives, type Reached, systemLives } from '../unit/precompiles/lives/run.ts'

/** That so few lives reach everything is known of one seed; with others only the money counts. */
const isUsualSeed = propertySeed === 161_212

function expectReached(reached: Reached, least: number, what: readonly string[]): void {
  if (!isUsualSeed) return
  const missing = what.filter((one) => (reached.get(one) ?? 0) < least)
  expect(missing).toEqual([])
}

describe('money, in lives that reach what they are about,', () => {
  it('of Datanets is neither lost nor made by any sequence of steps', () => {
    const reasons = [1, 2, 3, 5, 6, 7, 8, 9, 10].map((reason) => `credit ${reason}`)
    const rounds = ['1 to 4', '1 to 5', '1 to 6', '1 to 10', '2 to 4', '3 to 4'].map((one) => `round ${one}`)
    const others = ['KnownAnswerRevealed', 'ContributionReleased']
    expectReached(datanetLives(12), 1, [...reasons, ...rounds, ...others])
  })

  it('is neither lost nor made by any sequence of steps', () => {
    const reached = systemLives(30)
    expectReached(reached, 20, ['ReceiptFinalized'])
    const often = ['WindowClosed', 'HostSlashed', 'GovernedSet', 'RemainderAdded', 'RemainderPaid']
    // rows found right, refuted, and undecided
    expectReached(reached, 3, [...often, 'rows to 3', 'rows to 4', 'rows to 5'])
    // challengers and appellants, winning and losing; appeals to every end; silent and overturned seats
    const reasons = [15, 16, 17, 18, 19].map((reason) => `credit ${reason}`)
    expectReached(reached, 1, [...reasons, 'appeal to 4', 'appeal to 5', 'appeal to 6', 'slash 1', 'slash 2'])
  })
})
