import { describe, expect, it } from 'vitest'
import { ValidatorSet } from '../../src/ledger/validators.ts'
import { CoreWorld } from './lib/coreWorld.ts'
import { SimFailure } from './lib/safety.ts'
import { runScenario, type ScenarioOptions } from './lib/scenario.ts'
import { firstFailing } from './lib/seeds.ts'
import type { DiskLies } from './lib/simDisk.ts'

/** A simulator that finds nothing proves nothing: with these faults, which no honest node has, it must fail. */
describe('the simulator finds', () => {
  const run = (seed: number, changes: Partial<ScenarioOptions>) =>
    runScenario({ profile: 'core', validators: 4, heights: 20, seed, ...changes })

  async function expectFound(changes: () => Partial<ScenarioOptions>, seeds: number): Promise<void> {
    const found = await firstFailing((seed) => run(seed, changes()), seeds)
    expect(found?.error).toBeInstanceOf(SimFailure)
  }

  const onDisks = (diskLies: DiskLies) => () => ({ sabotage: { diskLies } })

  it('a disk that says synced and is not', () => expectFound(onDisks({ ignoresSync: true }), 20))

  it('a log that is lost, and with it the lock', () =>
    expectFound(onDisks({ forgets: 'consensus.wal' }), 100))

  // Either of the two keeps a validator from signing twice: the signer's memory, or the log that leads to the same vote.
  it('a log and a signer that both remember nothing', () =>
    expectFound(() => ({ sabotage: { forgetfulSigners: true, diskLies: { forgets: 'consensus.wal' } } }), 20))

  it('a quorum that is one validator too small', () =>
    expectFound(() => {
      const world = new CoreWorld({ validators: 4, setOf: (set) => new HastySet(set.validators) })
      return { world: { world, mostFaulty: world.mostFaulty } }
    }, 40))
})

/** Takes one vote less than 2f+1 for a quorum. */
class HastySet extends ValidatorSet {
  override isQuorum(power: bigint): boolean {
    const smallest = this.validators.reduce((least, each) => (each.power < least ? each.power : least), power)
    return super.isQuorum(power + smallest)
  }
}
