import { describe, expect, it } from 'vitest'
import { ZERO_HASH } from '../../../../src/primitives/hex.ts'
import { OPEN, testHash, testParameters } from '../../../support/precompileWorld.ts'
import { bob, created, type Fixture, fixture, owner } from './fixture.ts'

const statusOf = (f: Fixture, id: bigint) => f.world.adapters.read('getAdapter', [id]).status

describe('an adapter', () => {
  it('goes from draft through the challenge window to active, paused and deprecated', () => {
    const f = fixture()
    const id = created(f)
    const { adapters, chain } = f.world
    expect(statusOf(f, id)).toBe(1)
    f.world.publishRows(id, owner, f.rows)
    expect(statusOf(f, id)).toBe(2)
    expect(adapters.read('isActive', [id])).toBe(false)
    chain.advance(testParameters.challengeWindowBlocks - 1)
    expect(adapters.read('isActive', [id])).toBe(false)
    chain.advance()
    expect(statusOf(f, id)).toBe(3)
    expect(adapters.read('isActive', [id])).toBe(true)
    adapters.send('pause', [id], { from: owner.address })
    expect(adapters.read('isActive', [id])).toBe(false)
    adapters.send('unpause', [id], { from: owner.address })
    expect(adapters.read('isActive', [id])).toBe(true)
    adapters.send('deprecate', [id], { from: owner.address })
    expect(adapters.try('releaseBond', [id], { from: bob.address })).toMatchObject({ error: 'BondLocked' })
    chain.advance(testParameters.adapterExitBlocks)
    adapters.send('releaseBond', [id], { from: bob.address })
    expect(adapters.read('credits', [owner.address])).toBe(OPEN)
  })

  it('says in which state it is where its bond cannot be released', () => {
    const f = fixture()
    const release = (id: bigint) => f.world.adapters.try('releaseBond', [id], { from: bob.address })
    const id = created(f)
    expect(release(id)).toMatchObject({ error: 'WrongStatus', args: [1] })
    f.world.publishRows(id, owner, f.rows)
    expect(release(id)).toMatchObject({ error: 'WrongStatus', args: [2] })
    f.world.chain.advance(testParameters.challengeWindowBlocks)
    expect(release(id)).toMatchObject({ error: 'WrongStatus', args: [3] })
  })

  it('keeps what its draft said', () => {
    const f = fixture()
    const trees = {
      corpusRoot: testHash('corpus'),
      corpusChunks: 2 ** 32 - 1,
      passagesRoot: testHash('passages'),
      passages: 17,
      passageDims: 512,
    }
    const id = created(f, { rank: 7, alpha: 14, ...trees })
    expect(f.world.adapters.read('getAdapter', [id])).toMatchObject({
      baseModelId: f.baseModelId,
      version: 0,
      newestVersion: 1,
      bondWei: OPEN,
      licence: 'Apache-2.0',
      metadataCid: 'bafyadapter',
    })
    expect(f.world.adapters.read('getVersion', [id, 1])).toEqual({
      status: 1,
      k: 16,
      rank: 7,
      alpha: 14,
      memberCount: 5,
      rowCount: 0,
      challengeEndBlock: 0,
      activeFromBlock: 0,
      retiredBlock: 0,
      weightsHash: testHash('weights'),
      configHash: testHash('config'),
      manifestHash: testHash('manifest'),
      targetsHash: testHash('targets'),
      projectionSeed: testHash('seed'),
      ...trees,
      rowsRoot: ZERO_HASH,
      datanets: [{ datanetId: f.datanetId, version: 1 }],
    })
    expect(f.world.adapters.read('getBaseModel', [f.baseModelId])).toMatchObject({
      profileHash: f.world.profileHash,
      name: 'encoder',
    })
    const { onnxHash, tokenizerHash, profileHash } = f.world.adapters.read('getBaseModel', [f.baseModelId])
    expect(f.world.adapters.read('baseModelOf', [onnxHash, tokenizerHash, profileHash])).toBe(f.baseModelId)
  })
})

describe('corpus and passages of a version', () => {
  const root = testHash('root')
  it.each<{ what: string; fields: Record<string, unknown>; error: string | undefined }>([
    { what: 'neither', fields: {}, error: undefined },
    { what: 'a corpus', fields: { corpusRoot: root, corpusChunks: 1 }, error: undefined },
    { what: 'a corpus without leaves', fields: { corpusRoot: root }, error: 'InvalidCorpus' },
    { what: 'a corpus without a root', fields: { corpusChunks: 1 }, error: 'InvalidCorpus' },
    ...[
      [7, 'InvalidPassages'],
      [8, undefined],
      [1024, undefined],
      [1025, 'InvalidPassages'],
      [0, 'InvalidPassages'],
    ].map(([passageDims, error]) => ({
      what: `passages of ${passageDims} dimensions`,
      fields: { passagesRoot: root, passages: 3, passageDims },
      error: error as string | undefined,
    })),
    {
      what: 'passages without leaves',
      fields: { passagesRoot: root, passageDims: 8 },
      error: 'InvalidPassages',
    },
    { what: 'passages without a root', fields: { passages: 3, passageDims: 8 }, error: 'InvalidPassages' },
    { what: 'dimensions of no passages', fields: { passageDims: 8 }, error: 'InvalidPassages' },
  ])('are fixed by the draft: $what', ({ fields, error }) => {
    expect(fixture().create(fields)).toMatchObject(error === undefined ? { ok: true } : { error })
  })
})

describe('a price', () => {
  const price = (baseWei: bigint, input = 0n, output = 0n) => ({
    baseWei,
    perThousandInputWei: input,
    perThousandOutputWei: output,
  })
  const current = (f: Fixture, id: bigint) => f.world.adapters.read('priceOf', [id])

  it('falls at once and rises after the delay', () => {
    const f = fixture()
    const id = created(f, { price: price(1000n, 10n, 10n) })
    const set = (next: object) => f.world.adapters.send('setPrice', [id, next], { from: owner.address }).value
    expect(set(price(900n, 10n, 10n))).toBe(Number(f.world.chain.number))
    expect(current(f, id)[0]).toEqual(price(900n, 10n, 10n))
    const from = set(price(800n, 11n, 10n))
    expect(from).toBe(Number(f.world.chain.number) + testParameters.priceRiseDelayBlocks)
    expect(current(f, id)).toEqual([price(900n, 10n, 10n), price(800n, 11n, 10n), from])
    f.world.chain.advance(testParameters.priceRiseDelayBlocks - 1)
    expect(current(f, id)[0]).toEqual(price(900n, 10n, 10n))
    f.world.chain.advance()
    expect(current(f, id)).toEqual([price(800n, 11n, 10n), price(0n), 0])
  })

  it('that has risen is what the next change is compared with', () => {
    const f = fixture()
    const id = created(f, { price: price(1000n) })
    const set = (next: object) => f.world.adapters.send('setPrice', [id, next], { from: owner.address })
    set(price(2000n))
    f.world.chain.advance(testParameters.priceRiseDelayBlocks)
    set(price(1500n))
    expect(current(f, id)).toEqual([price(1500n), price(0n), 0])
  })

  it('stays at a rise that is in force while the next one waits', () => {
    const f = fixture()
    const id = created(f, { price: price(1000n) })
    const set = (next: object) => f.world.adapters.send('setPrice', [id, next], { from: owner.address })
    set(price(2000n))
    f.world.chain.advance(testParameters.priceRiseDelayBlocks)
    set(price(3000n))
    expect(current(f, id)[0]).toEqual(price(2000n))
  })

  it('replaces a rise that has not taken effect', () => {
    const f = fixture()
    const id = created(f, { price: price(1000n) })
    const set = (next: object) => f.world.adapters.send('setPrice', [id, next], { from: owner.address })
    set(price(2000n))
    set(price(500n))
    f.world.chain.advance(testParameters.priceRiseDelayBlocks)
    expect(current(f, id)[0]).toEqual(price(500n))
  })
})
