import fc from 'fast-check'
import { expect } from 'vitest'
import { testParameters, World } from '../../../support/precompileWorld.ts'
import { DatanetLife, datanetSteps } from '../datanet/life.ts'
import { type Books, checkBalance, checkCredits, supplyOf } from './books.ts'
import { LAST_STEP, SystemLife } from './systemLife.ts'

/** How often the lives of a run came to what they are about. */
export type Reached = ReadonlyMap<string, number>

class Counts {
  readonly seen = new Map<string, number>()

  add(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1)
  }
}

/** Random lives of Datanets, in which no step may lose or make a wei. */
export function datanetLives(numRuns: number): Reached {
  // what moves contributions on comes more often, so that decisions, challenges and releases are reached
  const often = ['commit', 'commit', 'round', 'challenge', 'release'] as const
  const kind = fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...datanetSteps) },
    { weight: 3, arbitrary: fc.constantFrom(...often) },
  )
  const steps = fc.array(fc.tuple(kind, fc.nat()), { minLength: 90, maxLength: 120 })
  const counts = new Counts()
  fc.assert(
    fc.property(steps, (list) => {
      const world = new World({ ...testParameters, contributionChallengeBlocks: 12 })
      const life = new DatanetLife(world)
      const contract = world.datanets as unknown as Books
      const totalWei = supplyOf(world.chain)
      const check = () => {
        checkCredits(contract)
        life.check()
      }
      list.forEach(([step, seed], n) => {
        life.step(step, seed)
        expect(supplyOf(world.chain)).toBe(totalWei)
        checkBalance(contract)
        if (n % 10 === 0) check()
      })
      check()
      for (const { name, args } of world.datanets.history()) {
        if (name === 'Credited') counts.add(`credit ${args.reason}`)
        if (name === 'ContributionResolved') counts.add(`round ${args.round} to ${args.status}`)
        if (name === 'KnownAnswerRevealed' || name === 'ContributionReleased') counts.add(name)
      }
    }),
    { numRuns },
  )
  return counts.seen
}

/** Random lives of the whole system, in which no step may lose or make a wei. */
export function systemLives(numRuns: number): Reached {
  // settling, time, audits and finalisation come more often, so that windows are reached and closed
  const often = [3, 5, 5, 6, 7, 8, 9, 10, 12, 12, 17, 19, 22, 22, 23, 23, 24, 25, 28, 28]
  const kind = fc.oneof(
    { weight: 2, arbitrary: fc.nat(LAST_STEP) },
    { weight: 4, arbitrary: fc.constantFrom(...often) },
  )
  const steps = fc.array(fc.tuple(kind, fc.nat()), { minLength: 50, maxLength: 90 })
  const counts = new Counts()
  fc.assert(
    fc.property(steps, (list) => {
      const life = new SystemLife(list[0]?.[1] ?? 0)
      list.forEach(([kind, seed], n) => {
        life.step(kind, seed)
        life.checkBalances()
        if (n % 4 === 0) life.check()
      })
      life.check()
      for (const { name, args } of life.f.attribution.history()) {
        if (name === 'Credited') counts.add(`credit ${args.reason}`)
        else if (name === 'AppealDecided') counts.add(`appeal to ${args.status}`)
        else if (name === 'AuditorSlashed') counts.add(`slash ${args.cause}`)
        else counts.add(name)
      }
      for (const { name, args } of life.f.world.adapters.history()) {
        if (name === 'RowChallengeEnded') counts.add(`rows to ${args.status}`)
      }
    }),
    { numRuns },
  )
  return counts.seen
}
