import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keccakHex } from '../../../../src/primitives/keccak.ts'
import {
  account,
  contribution,
  nearMinhash,
  OPEN,
  randomMinhash,
  testHash,
  testParameters,
  World,
} from '../../../support/precompileWorld.ts'

const owner = account(1)
const scorer = account(2)
const [alice, bob, carol] = [account(3), account(4), account(5)] as const
const treasury = testParameters.treasuryAddress

function openWorld(scorers = [scorer]) {
  const world = new World()
  const datanetId = world.createDatanet(owner)
  for (const each of scorers) {
    world.datanets.send('appointScorer', [datanetId, each.address], { from: owner.address })
  }
  return { world, datanetId }
}

const status = (world: World, id: bigint) => world.datanets.read('getContribution', [id])

describe('a contribution', () => {
  it('goes from commit to accepted, and its bond comes back as a credit', () => {
    const { world, datanetId } = openWorld()
    const spec = contribution(1, alice)
    const [id] = world.contribute(datanetId, [spec])
    expect(status(world, id!)).toMatchObject({ status: 3, leaderId: id, noveltyBps: 10_000, bondWei: OPEN })
    expect(world.score([id!], [scorer], () => [world.report(spec, 7300)])).toEqual([4])
    expect(status(world, id!)).toMatchObject({ status: 4, qualityBps: 7300, bondWei: OPEN })
    world.release([id!])
    expect(status(world, id!)).toMatchObject({ status: 4, bondWei: 0n })
    expect(world.datanets.read('credits', [alice.address])).toBe(OPEN)

    const before = world.chain.balanceOf(alice.address)
    const { events } = world.datanets.send('claim', [], { from: alice.address })
    expect(world.chain.balanceOf(alice.address) - before).toBe(OPEN)
    expect(events.map((event) => event.name)).toEqual(['Claimed'])
    expect(world.datanets.read('totals')).toMatchObject({ bondsWei: 0n, creditsWei: 0n })
  })

  it('tells all that a reader needs in its views', () => {
    const { world, datanetId } = openWorld()
    const spec = contribution(1, alice)
    const [id] = world.contribute(datanetId, [spec])
    expect(world.datanets.read('getDatanet', [datanetId])).toMatchObject({
      name: 'Weaknesses',
      licence: 'CC0-1.0',
      metadataCid: 'bafymeta',
      kind: 0,
      policy: 1,
      scorers: 1,
      commits: 1n,
      ordered: 1n,
      versions: 0,
    })
    expect(world.datanets.read('contributionsOf', [datanetId, 0n, 10])).toEqual([id])
    expect(world.datanets.read('contributionByRoot', [spec.contentRoot])).toBe(id)
    expect(keccakHex(Buffer.from(world.datanets.read('getMinhash', [id!]).slice(2), 'hex'))).toBe(
      keccakHex(spec.minhash),
    )
    expect(
      (world.datanets.read('scorersOf', [datanetId]) as readonly string[]).map((a) => a.toLowerCase()),
    ).toEqual([scorer.address])
  })

  it('below the threshold is rejected and gets its bond back', () => {
    const { world, datanetId } = openWorld()
    const spec = contribution(1, alice)
    const [id] = world.contribute(datanetId, [spec])
    expect(world.score([id!], [scorer], () => [world.report(spec, 4999)])).toEqual([5])
    expect(world.datanets.read('credits', [alice.address])).toBe(OPEN)
  })

  it('that is not what its contributor claimed is refuted and its bond kept', () => {
    const { world, datanetId } = openWorld([scorer, bob, carol])
    const spec = contribution(1, alice)
    const [id] = world.contribute(datanetId, [spec])
    const honest = world.report(spec)
    const found = { ...honest, recordCount: spec.recordCount + 1 }
    const statuses = world.score([id!], [scorer, bob, carol], (index) => [index === 0 ? honest : found])
    expect(statuses).toEqual([6])
    expect(world.datanets.read('credits', [treasury])).toBe(OPEN)
    expect(world.datanets.read('contributionByRoot', [spec.contentRoot])).toBe(0n)
  })

  it('is judged by the lower median of its scorers', () => {
    const { world, datanetId } = openWorld([scorer, bob, carol])
    const spec = contribution(1, alice)
    const [id] = world.contribute(datanetId, [spec])
    const qualities = [9000, 100, 5100]
    world.score([id!], [scorer, bob, carol], (index) => [world.report(spec, qualities[index])])
    expect(status(world, id!)).toMatchObject({ status: 4, qualityBps: 5100 })
  })

  it('without enough reports goes back with its bond', () => {
    const { world, datanetId } = openWorld([scorer, bob, carol])
    const spec = contribution(1, alice)
    const [id] = world.contribute(datanetId, [spec])
    world.chain.advance(11)
    const { value } = world.datanets.send('resolve', [[id]], { from: bob.address })
    expect(value).toEqual([9])
    expect(world.datanets.read('credits', [alice.address])).toBe(OPEN)
  })

  it('that is not revealed in time loses its bond and its place', () => {
    const { world, datanetId } = openWorld()
    const id = world.commit(datanetId, contribution(1, alice))
    world.chain.advance(7)
    const { value, events } = world.datanets.send('settleOrder', [datanetId, 5], { from: bob.address })
    expect(value).toBe(1)
    expect(events.map((event) => event.name)).toEqual(['Credited', 'ContributionRefused'])
    expect(status(world, id).status).toBe(8)
    expect(world.datanets.read('credits', [treasury])).toBe(OPEN)
  })
})

describe('the commit order', () => {
  it('holds back a later commit until the earlier reveal window is closed', () => {
    const { world, datanetId } = openWorld()
    const [first, second] = [contribution(1, alice), contribution(2, bob)]
    const firstId = world.commit(datanetId, first)
    const secondId = world.commit(datanetId, second)
    world.chain.advance(2)
    world.reveal(secondId, second)
    expect(world.datanets.send('settleOrder', [datanetId, 5], { from: bob.address }).value).toBe(0)
    expect(status(world, secondId).status).toBe(2)
    world.reveal(firstId, first)
    expect(world.datanets.send('settleOrder', [datanetId, 5], { from: bob.address }).value).toBe(2)
  })

  it('beats the order of reveals: the later commit of the same content is the duplicate', () => {
    const { world, datanetId } = openWorld()
    const original = contribution(1, alice)
    const copy = { ...original, by: bob }
    const originalId = world.commit(datanetId, original)
    const copyId = world.commit(datanetId, copy)
    world.chain.advance(2)
    world.reveal(copyId, copy)
    world.reveal(originalId, original)
    const { events } = world.datanets.send('settleOrder', [datanetId, 5], { from: carol.address })
    expect(status(world, originalId).status).toBe(3)
    expect(status(world, copyId).status).toBe(7)
    expect(events.find((event) => event.name === 'ContributionRefused')?.args).toMatchObject({
      contributionId: copyId,
      duplicateOf: originalId,
    })
    expect(world.datanets.read('credits', [bob.address])).toBe(OPEN)
  })

  it('decides duplicates across Datanets as well', () => {
    const { world, datanetId } = openWorld()
    const other = world.createDatanet(bob)
    const original = contribution(1, alice)
    const copy = { ...original, by: bob, salt: testHash('other') }
    const originalId = world.commit(datanetId, original)
    const copyId = world.commit(other, copy)
    world.chain.advance(2)
    world.reveal(copyId, copy)
    world.reveal(originalId, original)
    world.datanets.send('settleOrder', [other, 5], { from: bob.address })
    expect(status(world, copyId).status).toBe(7)
  })

  /** Two of the same content, of which the first was rejected before the second was ordered. */
  function fallen(...others: readonly (typeof alice)[]) {
    const { world, datanetId } = openWorld()
    const { contentRoot } = contribution(1, alice)
    const specs = [alice, ...others].map((by, n) => contribution(n + 1, by, { contentRoot }))
    const ids = specs.map((one) => world.commit(datanetId, one))
    world.chain.advance(testParameters.revealMinBlocks)
    ids.forEach((id, n) => {
      world.reveal(id, specs[n]!)
    })
    world.datanets.send('settleOrder', [datanetId, 1], { from: carol.address })
    expect(world.score([ids[0]!], [scorer], () => [world.report(specs[0]!, 100)])).toEqual([5])
    return { world, datanetId, contentRoot, ids }
  }

  it('leaves content that was not accepted to one other commit, not to all that wait', () => {
    const { world, datanetId, contentRoot, ids } = fallen(bob, carol)
    expect(world.datanets.read('contributionByRoot', [contentRoot])).toBe(0n)
    world.datanets.send('settleOrder', [datanetId, 2], { from: carol.address })
    expect(ids.map((id) => status(world, id).status)).toEqual([5, 3, 7])
    expect(world.datanets.read('contributionByRoot', [contentRoot])).toBe(ids[1])
  })

  it('stands against a later commit that took free content first', () => {
    const { world, datanetId, contentRoot, ids } = fallen(bob)
    const other = world.createDatanet(owner)
    const copy = contribution(9, carol, { contentRoot })
    const copyId = world.commit(other, copy)
    world.chain.advance(testParameters.revealMinBlocks)
    world.reveal(copyId, copy)
    expect(world.datanets.read('contributionByRoot', [contentRoot])).toBe(copyId)
    for (const id of [datanetId, other]) {
      world.datanets.send('settleOrder', [id, 2], { from: carol.address })
    }
    expect([...ids, copyId].map((id) => status(world, id).status)).toEqual([5, 3, 7])
    expect(world.datanets.read('contributionByRoot', [contentRoot])).toBe(ids[1])
  })

  it('makes a commitment useless to anyone but its contributor', () => {
    const { world, datanetId } = openWorld()
    const spec = contribution(1, alice)
    const stolen = world.commitmentOf(datanetId, spec)
    const { value: id } = world.datanets.send('commitContribution', [datanetId, stolen], {
      from: bob.address,
      valueWei: OPEN,
    })
    world.chain.advance(2)
    const outcome = world.datanets.try('revealContribution', world.revealArgs(id, spec), {
      from: bob.address,
    })
    expect(outcome).toMatchObject({ ok: false, error: 'CommitmentMismatch' })
  })

  it('is all that decides who stands, whatever the order of reveals and the pieces of ordering', () => {
    // five commits of three contents, in two Datanets; which are revealed, in which order, ordered in which pieces
    const life = fc.record({
      contents: fc.array(fc.nat(2), { minLength: 5, maxLength: 5 }),
      homes: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
      reveals: fc.shuffledSubarray([0, 1, 2, 3, 4]),
      pieces: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 6, maxLength: 6 }),
    })
    fc.assert(
      fc.property(life, ({ contents, homes, reveals, pieces }) => {
        const { world, datanetId } = openWorld()
        const other = world.createDatanet(owner)
        world.datanets.send('appointScorer', [other, scorer.address], { from: owner.address })
        const specs = contents.map((n, index) => contribution(n, alice, { salt: testHash(`salt ${index}`) }))
        const home = homes.map((isFirst) => (isFirst ? datanetId : other))
        const ids = specs.map((spec, index) => world.commit(home[index]!, spec))
        world.chain.advance(2)
        for (const index of reveals) world.reveal(ids[index]!, specs[index]!)
        world.chain.advance(7)
        for (const maximum of pieces) {
          for (const each of [other, datanetId])
            world.datanets.send('settleOrder', [each, maximum], { from: bob.address })
        }
        const earliest = (content: number) =>
          contents.findIndex((n, at) => n === content && reveals.includes(at))
        contents.forEach((content, index) => {
          const expected = !reveals.includes(index) ? 8 : earliest(content) === index ? 3 : 7
          expect(status(world, ids[index]!).status).toBe(expected)
        })
      }),
      { numRuns: 60 },
    )
  })

  it('can be settled in pieces', () => {
    const { world, datanetId } = openWorld()
    const specs = [1, 2, 3, 4, 5].map((n) => contribution(n, alice))
    const ids = specs.map((spec) => world.commit(datanetId, spec))
    world.chain.advance(2)
    ids.forEach((id, index) => {
      world.reveal(id, specs[index]!)
    })
    const step = () => world.datanets.send('settleOrder', [datanetId, 2], { from: bob.address }).value
    expect([step(), step(), step(), step()]).toEqual([2, 2, 1, 0])
  })
})

describe('near-duplicates', () => {
  it('with 103 equal values join their leader, with 102 they lead', () => {
    const { world, datanetId } = openWorld()
    const original = contribution(1, alice)
    const near = contribution(2, bob, { minhash: nearMinhash(original.minhash, 25) })
    const far = contribution(3, carol, { minhash: nearMinhash(original.minhash, 26) })
    const [first, second, third] = world.contribute(datanetId, [original, near, far])
    expect(status(world, second!)).toMatchObject({
      leaderId: first,
      noveltyBps: Math.floor((25 * 10_000) / 128),
    })
    expect(status(world, third!)).toMatchObject({ leaderId: third, noveltyBps: 10_000 })
  })

  it('join the earliest leader of two that match, and never become leaders themselves', () => {
    const { world, datanetId } = openWorld()
    const base = randomMinhash(50)
    const leaderA = contribution(1, alice, { minhash: base })
    // 26 values apart from A: a leader of its own; C is 13 values from both
    const leaderB = contribution(2, bob, { minhash: nearMinhash(base, 26) })
    const between = contribution(3, carol, { minhash: nearMinhash(base, 13) })
    const [a, b, c] = world.contribute(datanetId, [leaderA, leaderB, between])
    expect([status(world, a!).leaderId, status(world, b!).leaderId, status(world, c!).leaderId]).toEqual([
      a,
      b,
      a,
    ])
  })

  it('of another Datanet do not matter', () => {
    const { world, datanetId } = openWorld()
    const other = world.createDatanet(bob)
    const original = contribution(1, alice)
    world.contribute(datanetId, [original])
    const near = contribution(2, bob, { minhash: nearMinhash(original.minhash, 3) })
    const [id] = world.contribute(other, [near])
    expect(status(world, id!).leaderId).toBe(id)
  })

  it('are flagged for comparison by hand when a bucket of the index is full', () => {
    const { world, datanetId } = openWorld()
    const shared = randomMinhash(900).subarray(0, 28)
    const specs = Array.from({ length: 17 }, (_, n) => {
      const minhash = randomMinhash(1000 + n)
      minhash.set(shared)
      return contribution(n, alice, { minhash })
    })
    const ids = [
      ...world.contribute(datanetId, specs.slice(0, 9)),
      ...world.contribute(datanetId, specs.slice(9)),
    ]
    expect(ids.map((id) => status(world, id).flags)).toEqual([...Array(16).fill(0), 1])
  })
})
