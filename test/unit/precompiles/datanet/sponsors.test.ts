import { hashTypedData } from 'viem'
import { describe, expect, it } from 'vitest'
import { DATANET_ADDRESS } from '../../../../precompiles/addresses.ts'
import { type Hash, hexToBytes, ZERO_ADDRESS } from '../../../../src/primitives/hex.ts'
import {
  type Account,
  account,
  contribution,
  OPEN,
  signHex,
  testHash,
  testParameters,
  World,
} from '../../../support/precompileWorld.ts'

const [owner, scorer, alice, sponsor, stranger] = [
  account(1),
  account(2),
  account(3),
  account(4),
  account(5),
] as const
const spec = contribution(1, alice)
const lower = (text: string) => text.toLowerCase()

const commitTypes = {
  Commit: [
    { name: 'datanetId', type: 'uint64' },
    { name: 'commitment', type: 'bytes32' },
    { name: 'sponsor', type: 'address' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadlineBlock', type: 'uint64' },
    { name: 'genesisHash', type: 'bytes32' },
  ],
} as const

function openWorld() {
  const world = new World()
  const datanetId = world.createDatanet(owner)
  world.datanets.send('appointScorer', [datanetId, scorer.address], { from: owner.address })
  const commitment = world.commitmentOf(datanetId, spec)
  const signed = {
    datanetId,
    commitment,
    sponsor: sponsor.address,
    nonce: 0n,
    deadlineBlock: 5n,
    genesisHash: world.chain.genesisHash,
  }
  const digest = (change: Partial<Record<keyof typeof signed, unknown>> = {}, domain = {}): Hash =>
    hashTypedData({
      domain: {
        name: 'OpenLedger',
        version: '1',
        chainId: 161212,
        verifyingContract: DATANET_ADDRESS,
        ...domain,
      },
      types: commitTypes,
      primaryType: 'Commit',
      message: { ...signed, ...change } as typeof signed,
    })
  const attempt = (signature: string, by: Account = sponsor, deadlineBlock = 5n, for_ = commitment) => {
    const args = [datanetId, alice.address, for_, deadlineBlock, signature]
    return world.datanets.try('commitContributionFor', args, { from: by.address, valueWei: OPEN })
  }
  return { world, datanetId, commitment, digest, attempt }
}

describe('a sponsored contribution', () => {
  it('is the contributor’s, with the bond going back to the sponsor', () => {
    const { world, datanetId, digest, attempt, commitment } = openWorld()
    const outcome = attempt(signHex(digest(), alice))
    expect(outcome).toMatchObject({ ok: true, value: 1n })
    expect(outcome.ok && outcome.events).toMatchObject([
      { name: 'ContributionCommitted', args: { contributionId: 1n, datanetId, commitment, bondWei: OPEN } },
    ])
    const stored = world.datanets.read('getContribution', [1n])
    expect([lower(stored.contributor), lower(stored.sponsor)]).toEqual([alice.address, sponsor.address])
    expect(world.datanets.read('nonces', [alice.address])).toBe(1n)

    world.chain.advance(2)
    world.reveal(1n, spec)
    world.datanets.send('settleOrder', [datanetId, 1], { from: stranger.address })
    world.score([1n], [scorer], () => [world.report(spec, 100)])
    expect(world.datanets.read('credits', [sponsor.address])).toBe(OPEN)
    expect(world.datanets.read('credits', [alice.address])).toBe(0n)
  })

  it('is revealed by the sponsor as well, and by nobody else', () => {
    const { world, digest, attempt } = openWorld()
    attempt(signHex(digest(), alice))
    world.chain.advance(2)
    const reveal = (by: Account) =>
      world.datanets.try('revealContribution', world.revealArgs(1n, spec), { from: by.address })
    expect(reveal(stranger)).toMatchObject({ error: 'NotContributor' })
    expect(reveal(sponsor)).toMatchObject({ ok: true })
  })

  it('is not judged by its sponsor', () => {
    const { world, datanetId, digest, attempt } = openWorld()
    world.datanets.send('appointScorer', [datanetId, sponsor.address], { from: owner.address })
    attempt(signHex(digest(), alice))
    world.chain.advance(2)
    world.reveal(1n, spec)
    world.datanets.send('settleOrder', [datanetId, 1], { from: stranger.address })
    const seats = world.datanets.read('panelOf', [1n])
    expect(seats.map(({ account: who }) => lower(who))).toEqual([scorer.address])
  })

  it('that nobody reveals costs the sponsor the bond', () => {
    const { world, datanetId, digest, attempt } = openWorld()
    attempt(signHex(digest(), alice))
    world.chain.advance(7)
    world.datanets.send('settleOrder', [datanetId, 1], { from: stranger.address })
    expect(world.datanets.read('getContribution', [1n]).status).toBe(8)
    expect(world.datanets.read('credits', [testParameters.treasuryAddress])).toBe(OPEN)
  })

  it('has no sponsor when the contributor sends it itself', () => {
    const { world, digest, attempt } = openWorld()
    expect(attempt(signHex(digest({ sponsor: alice.address }), alice), alice)).toMatchObject({ ok: true })
    expect(world.datanets.read('getContribution', [1n]).sponsor).toBe(ZERO_ADDRESS)
  })

  it('needs a signature over exactly this commit', () => {
    const { digest, attempt } = openWorld()
    const refused = [
      signHex(digest({ datanetId: 2n }), alice),
      signHex(digest({ commitment: testHash('other') }), alice),
      signHex(digest({ sponsor: stranger.address }), alice),
      signHex(digest({ nonce: 1n }), alice),
      signHex(digest({ deadlineBlock: 6n }), alice),
      signHex(digest({ genesisHash: testHash('other') }), alice),
      signHex(digest({}, { chainId: 1 }), alice),
      signHex(digest({}, { verifyingContract: owner.address }), alice),
      signHex(digest(), sponsor),
      signHex(digest(), alice).slice(0, -2),
      '0x',
    ].map((signature) => attempt(signature))
    for (const outcome of refused) expect(outcome).toMatchObject({ error: 'InvalidSignature' })
    expect(attempt(signHex(digest(), alice))).toMatchObject({ ok: true })
  })

  it('does not take a signature with a high s, which would be a second one for the same commit', () => {
    const { digest, attempt } = openWorld()
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
    const bytes = hexToBytes(signHex(digest(), alice))
    const s = BigInt(`0x${Buffer.from(bytes.subarray(32, 64)).toString('hex')}`)
    const high = Buffer.from(bytes)
    high.set(Buffer.from((order - s).toString(16).padStart(64, '0'), 'hex'), 32)
    high[64] = high[64] === 27 ? 28 : 27
    expect(attempt(`0x${high.toString('hex')}`)).toMatchObject({ error: 'InvalidSignature' })
  })

  it('takes each signature once, in the order of the nonces', () => {
    const { digest, attempt } = openWorld()
    const [first, second] = [signHex(digest(), alice), signHex(digest({ nonce: 1n }), alice)]
    expect(attempt(second)).toMatchObject({ error: 'InvalidSignature' })
    expect(attempt(first)).toMatchObject({ ok: true, value: 1n })
    expect(attempt(first)).toMatchObject({ error: 'InvalidSignature' })
    expect(attempt(second)).toMatchObject({ ok: true, value: 2n })
  })

  it('takes a signature until its last block', () => {
    const { world, digest, attempt } = openWorld()
    const signature = signHex(digest(), alice)
    world.chain.advance(4)
    expect(world.chain.number).toBe(5n)
    const copy = openWorld()
    copy.world.chain.advance(5)
    expect(copy.attempt(signature)).toMatchObject({ error: 'TooLate' })
    expect(attempt(signature)).toMatchObject({ ok: true })
  })

  it('tells the domain that is signed in', () => {
    const { world } = openWorld()
    const separator = world.datanets.read('domainSeparator')
    expect(separator).not.toBe(world.attribution.read('domainSeparator'))
  })
})
