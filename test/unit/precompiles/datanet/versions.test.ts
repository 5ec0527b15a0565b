import fc from 'fast-check'
import { concatHex, keccak256, numberToHex } from 'viem'
import { describe, expect, it } from 'vitest'
import { REGISTRY_SLOT } from '../../../../precompiles/datanet/layout.ts'
import { decodeMembers, encodeMembers, MEMBER_BYTES } from '../../../../precompiles/datanet/members.ts'
import { DatanetReader } from '../../../../precompiles/datanet/read.ts'
import {
  type Account,
  account,
  contribution,
  nearMinhash,
  testParameters,
  World,
} from '../../../support/precompileWorld.ts'

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

  it('takes what could not be challenged any more in the block of its first piece', () => {
    const { world, datanetId } = openWorld()
    const [first, second] = [contribution(1, alice), contribution(2, bob)]
    const ids = world.contribute(datanetId, [first, second])
    world.score([ids[0]!], [scorer], () => [world.report(first)])
    world.chain.advance(1)
    world.score([ids[1]!], [scorer], () => [world.report(second)])
    world.chain.advance(world.parameters.contributionChallengeBlocks)
    // the second can be challenged in this block still
    expect(freeze(world, datanetId)).toEqual([1, true])
    expect(memberIds(world, datanetId, 1)).toEqual([ids[0]])
    world.chain.advance(1)
    expect(freeze(world, datanetId)).toEqual([2, true])
    expect(memberIds(world, datanetId, 2)).toEqual(ids)
  })

  it('is not changed by what happens between two pieces', () => {
    const pieces = scored()
    const { world, datanetId, ids } = pieces
    const pending = contribution(30, carol)
    const [pendingId] = world.contribute(datanetId, [pending])
    world.score([pendingId!], [scorer], () => [world.report(pending)])
    const correction = contribution(31, bob, { kind: 2, targetId: ids[10]! })
    const [correctionId] = world.contribute(datanetId, [correction])
    world.score([correctionId!], [scorer], () => [world.report(correction)])
    expect(freeze(world, datanetId, 5)).toEqual([1, false])
    const facts = () => world.datanets.read('getVersion', [datanetId, 1])
    expect(facts()).toMatchObject({ scannedTo: 5n, endPosition: 13n, startBlock: Number(world.chain.number) })
    // the first of the two ends its challenge period, and the second is accepted for good, and more comes
    const late = world.contribute(datanetId, [contribution(32, alice)])
    world.score(late, [scorer], () => [world.report(contribution(32, alice))])
    world.chain.advance(world.parameters.contributionChallengeBlocks + 1)
    expect(freeze(world, datanetId, 5)).toEqual([1, false])
    expect(freeze(world, datanetId, 5)).toEqual([1, true])
    expect(memberIds(world, datanetId, 1)).toEqual(ids.filter((_, n) => n !== 3))
    expect(flags(world, datanetId, 1)).toEqual(Array(10).fill(0))
    // all of it is in the next
    expect(freeze(world, datanetId)).toEqual([2, true])
    expect(memberIds(world, datanetId, 2)).toEqual([
      ...ids.filter((_, n) => n !== 3),
      pendingId,
      correctionId,
      ...late,
    ])
    expect(flags(world, datanetId, 2)).toEqual([...Array(9).fill(0), 1, 0, 0, 0])
  })

  it('begins anew when it came to its end without a member', () => {
    const { world, datanetId } = openWorld()
    const some = [1, 2, 3].map((n) => contribution(n, alice))
    const ids = world.contribute(datanetId, some)
    expect(freeze(world, datanetId, 2)).toEqual([1, false])
    world.score(ids, [scorer], () => some.map((spec) => world.report(spec)))
    world.chain.advance(world.parameters.contributionChallengeBlocks + 1)
    expect(freeze(world, datanetId, 2)).toEqual([1, false])
    expect(world.datanets.try('getVersion', [datanetId, 1], { from: owner.address })).toMatchObject({
      error: 'UnknownVersion',
    })
    expect([freeze(world, datanetId, 2), freeze(world, datanetId, 2)]).toEqual([
      [1, false],
      [1, true],
    ])
    expect(memberIds(world, datanetId, 1)).toEqual(ids)
  })
})

const freeze = (world: World, datanetId: bigint, maximum = 512) => {
  const { value } = world.datanets.send('freezeVersion', [datanetId, maximum], { from: owner.address })
  return value as readonly [number, boolean]
}
const members = (world: World, datanetId: bigint, version: number) =>
  world.datanets.read('versionMembers', [datanetId, version, 0, 256])
const memberIds = (world: World, datanetId: bigint, version: number) =>
  members(world, datanetId, version).map(({ contributionId }) => contributionId)
const flags = (world: World, datanetId: bigint, version: number) =>
  members(world, datanetId, version).map((member) => member.flags)

describe('the flags of members', () => {
  const settle = (world: World) => world.chain.advance(world.parameters.contributionChallengeBlocks + 1)

  it('say who is superseded, once the correction is a member', () => {
    const { world, datanetId } = openWorld()
    const original = contribution(1, alice)
    const [targetId] = world.contribute(datanetId, [original])
    world.score([targetId!], [scorer], () => [world.report(original)])
    settle(world)
    const correction = contribution(2, bob, { kind: 2, targetId: targetId! })
    const [id] = world.contribute(datanetId, [correction])
    world.score([id!], [scorer], () => [world.report(correction)])
    freeze(world, datanetId)
    expect([memberIds(world, datanetId, 1), flags(world, datanetId, 1)]).toEqual([[targetId], [0]])
    settle(world)
    freeze(world, datanetId)
    expect([memberIds(world, datanetId, 2), flags(world, datanetId, 2)]).toEqual([
      [targetId, id],
      [1, 0],
    ])
  })

  it('do not say so of the target of labels', () => {
    const { world, datanetId } = openWorld()
    const original = contribution(1, alice, { recordCount: 3 })
    const [targetId] = world.contribute(datanetId, [original])
    world.score([targetId!], [scorer], () => [world.report(original)])
    const labels = contribution(2, bob, { kind: 1, targetId: targetId!, recordCount: 3 })
    const [id] = world.contribute(datanetId, [labels])
    world.score([id!], [scorer], () => [world.report(labels)])
    settle(world)
    freeze(world, datanetId)
    expect([memberIds(world, datanetId, 1), flags(world, datanetId, 1)]).toEqual([
      [targetId, id],
      [0, 0],
    ])
  })

  it.each([
    { what: 'private', policy: 2, expected: [2, 0] },
    { what: 'curated', policy: 1, expected: [0, 0] },
  ])('say of a $what Datanet’s small contributions whether they have a row', ({ policy, expected }) => {
    const world = new World()
    const datanetId = world.createDatanet(owner, { policy })
    world.datanets.send('appointScorer', [datanetId, scorer.address], { from: owner.address })
    const { privateRecordsMin } = world.parameters
    const specs = [privateRecordsMin - 1, privateRecordsMin].map((recordCount, n) =>
      contribution(n, alice, { recordCount }),
    )
    const ids = world.contribute(datanetId, specs)
    world.score(ids, [scorer], () => specs.map((spec) => world.report(spec)))
    settle(world)
    freeze(world, datanetId)
    expect(flags(world, datanetId, 1)).toEqual(expected)
  })

  it('are kept with the member, byte for byte', () => {
    const member = fc.record({
      contributionId: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      leaderId: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      noveltyBps: fc.nat(10_000),
      recordCount: fc.nat(1_000_000),
      contributor: fc.constantFrom(alice.address, bob.address),
      flags: fc.nat(255),
    })
    fc.assert(
      fc.property(fc.array(member, { maxLength: 8 }), (list) => {
        const bytes = encodeMembers(list)
        expect(bytes.length).toBe(list.length * MEMBER_BYTES)
        expect(decodeMembers(bytes)).toEqual(list)
      }),
    )
  })
})

describe('a tombstone', () => {
  const governance = account(30)

  function accepted(count: number) {
    const world = new World({ ...testParameters, governanceAddress: governance.address })
    const datanetId = world.createDatanet(owner)
    world.datanets.send('appointScorer', [datanetId, scorer.address], { from: owner.address })
    const specs = Array.from({ length: count }, (_, n) => contribution(n, alice))
    const ids = world.contribute(datanetId, specs)
    world.score(ids, [scorer], () => specs.map((spec) => world.report(spec)))
    const tombstone = (id: bigint, by: Account) => {
      const outcome = world.datanets.try('tombstone', [id], { from: by.address })
      return outcome.ok ? outcome.events.map(({ name }) => name) : outcome.error
    }
    return { world, datanetId, ids, tombstone }
  }

  it('is set by the contributor or by governance, for good', () => {
    const { world, ids, tombstone } = accepted(3)
    expect(tombstone(ids[0]!, alice)).toEqual(['ContributionTombstoned'])
    expect(tombstone(ids[0]!, alice)).toBe('AlreadyTombstoned')
    expect(tombstone(ids[2]!, governance)).toEqual(['ContributionTombstoned'])
    expect([tombstone(ids[1]!, owner), tombstone(ids[1]!, bob)]).toEqual(['NotContributor', 'NotContributor'])
    const states = ids.map((id) => world.datanets.read('isTombstoned', [id]))
    expect(states).toEqual([true, false, true])
  })

  it('leaves membership and the leader’s place', () => {
    const { world, datanetId, ids, tombstone } = accepted(2)
    tombstone(ids[0]!, alice)
    world.chain.advance(world.parameters.contributionChallengeBlocks + 1)
    freeze(world, datanetId)
    expect(memberIds(world, datanetId, 1)).toEqual(ids)
    const copy = contribution(9, bob, { minhash: nearMinhash(contribution(0, alice).minhash, 5) })
    const [copyId] = world.contribute(datanetId, [copy])
    expect(world.datanets.read('getContribution', [copyId!]).leaderId).toBe(ids[0])
  })

  it('makes a contribution no target any more', () => {
    const { world, datanetId, ids, tombstone } = accepted(1)
    tombstone(ids[0]!, alice)
    const labels = contribution(9, bob, { kind: 1, targetId: ids[0]!, recordCount: 1 })
    const id = world.commit(datanetId, labels)
    world.chain.advance(2)
    world.reveal(id, labels)
    expect(world.datanets.read('getContribution', [id]).status).toBe(9)
  })

  it('is read by siblings, a word of 256 contributions at once', () => {
    const set = new Set([1n, 255n, 256n, 511n, 1000n])
    const reads: bigint[] = []
    const words = new Map<bigint, bigint>()
    const slotOf = (word: bigint) =>
      BigInt(
        keccak256(
          concatHex([numberToHex(word, { size: 32 }), numberToHex(REGISTRY_SLOT + 8n, { size: 32 })]),
        ),
      )
    for (const id of set) {
      const slot = slotOf(id / 256n)
      words.set(slot, (words.get(slot) ?? 0n) | (1n << (id % 256n)))
    }
    const reader = {
      load: (slot: bigint) => {
        reads.push(slot)
        return words.get(slot) ?? 0n
      },
      hash: (data: Uint8Array) => keccak256(data),
    }
    const ids = Array.from({ length: 1200 }, (_, n) => BigInt(n))
    const found = new DatanetReader({ useGas: () => {} } as never, reader).tombstoned(ids)
    expect([...found]).toEqual([...set])
    expect(reads.length).toBe(5)
  })
})
