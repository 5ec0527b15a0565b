import { describe, expect, it } from 'vitest'
import { account, contribution, World } from '../../../support/precompileWorld.ts'

const owner = account(1)
const scorer = account(2)
const [alice, bob, carol] = [account(3), account(4), account(5)] as const

function openWorld() {
  const world = new World()
  const datanetId = world.createDatanet(owner)
  world.datanets.send('appointScorer', [datanetId, scorer.address], { from: owner.address })
  return { world, datanetId }
}

describe('freezing a version', () => {
  const specs = Array.from({ length: 11 }, (_, n) => contribution(n, [alice, bob, carol][n % 3]!))

  function scored() {
    const { world, datanetId } = openWorld()
    const ids = world.contribute(datanetId, specs)
    // the fourth is below the threshold
    world.score(ids, [scorer], () => specs.map((spec, n) => world.report(spec, n === 3 ? 100 : 9000)))
    world.chain.advance(world.parameters.contributionChallengeBlocks + 1)
    return { world, datanetId, ids }
  }

  it('takes the accepted ones in commit order, whatever the pieces', () => {
    const whole = scored()
    whole.world.datanets.send('freezeVersion', [whole.datanetId, 512], { from: owner.address })
    const pieces = scored()
    const steps: boolean[] = []
    for (let step = 0; step < 4; step++) {
      const { value } = pieces.world.datanets.send('freezeVersion', [pieces.datanetId, 3], {
        from: owner.address,
      })
      const [version, frozen] = value as readonly [number, boolean]
      expect(version).toBe(1)
      steps.push(frozen)
    }
    expect(steps).toEqual([false, false, false, true])
    for (const { world, datanetId, ids } of [whole, pieces]) {
      const members = world.datanets.read('versionMembers', [datanetId, 1, 0, 256])
      expect(members.map((member) => member.contributionId)).toEqual(ids.filter((_, n) => n !== 3))
      expect(members.map((member) => member.recordCount)).toEqual(
        specs.filter((_, n) => n !== 3).map((spec) => spec.recordCount),
      )
    }
    const read = ({ world, datanetId }: typeof whole) => world.datanets.read('getVersion', [datanetId, 1])
    expect(read(pieces)).toMatchObject({
      frozen: true,
      memberCount: 10,
      contentRoot: read(whole).contentRoot,
      recordCount: read(whole).recordCount,
    })
  })

  it('pages members over the borders of chunks', () => {
    const { world, datanetId, ids } = scored()
    for (let step = 0; step < 6; step++) {
      world.datanets.send('freezeVersion', [datanetId, 2], { from: owner.address })
    }
    const accepted = ids.filter((_, n) => n !== 3)
    for (let start = 0; start < 11; start++) {
      for (let count = 1; count < 12; count++) {
        const page = world.datanets.read('versionMembers', [datanetId, 1, start, count])
        expect(page.map((member) => member.contributionId)).toEqual(accepted.slice(start, start + count))
      }
    }
  })

  it('makes the next version from everything accepted by then', () => {
    const { world, datanetId } = scored()
    world.datanets.send('freezeVersion', [datanetId, 512], { from: owner.address })
    const late = contribution(40, carol)
    const lateIds = world.contribute(datanetId, [late])
    world.score(lateIds, [scorer], () => [world.report(late)])
    world.chain.advance(world.parameters.contributionChallengeBlocks + 1)
    world.datanets.send('freezeVersion', [datanetId, 512], { from: owner.address })
    expect(world.datanets.read('getVersion', [datanetId, 2])).toMatchObject({ memberCount: 11, frozen: true })
    expect(world.datanets.read('getVersion', [datanetId, 1])).toMatchObject({ memberCount: 10 })
  })
})
