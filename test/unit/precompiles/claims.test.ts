import { describe, expect, it } from 'vitest'
import type { iClaimableAbi } from '../../../contracts/generated/IClaimable.ts'
import type { Address } from '../../../src/primitives/hex.ts'
import type { Contract } from '../../support/contract.ts'
import { account, contribution, OPEN } from '../../support/precompileWorld.ts'
import { contributors, Fixture, host, owner, settler, stranger } from './proofOfAttribution/fixture.ts'

type Claimable = Contract<typeof iClaimableAbi>

/** The three registries, each with two accounts that it owes something. */
function indebted(): readonly (readonly [string, Fixture, Claimable, readonly Address[]])[] {
  const attribution = new Fixture({ withAuditors: false })
  attribution.finalReceipts([attribution.receipt()])
  const datanets = new Fixture({ withAuditors: false })
  // two contributors commit to the same content: whoever was later gets the bond back at once
  const copies = [contributors[0], contributors[1], contributors[2]].map((by) => contribution(900, by))
  datanets.world.contribute(datanets.datanetId, copies)
  const adapters = new Fixture({ withAuditors: false })
  const second = adapters.world.activeAdapter(host, adapters.baseModelId, [adapters.datanetId], adapters.rows)
  for (const [id, by] of [
    [adapters.adapterId, owner],
    [second, host],
  ] as const) {
    adapters.world.adapters.send('deprecate', [id], { from: by.address })
  }
  adapters.chain.advance(adapters.world.parameters.adapterExitBlocks)
  for (const id of [adapters.adapterId, second]) {
    adapters.world.adapters.send('releaseBond', [id], { from: stranger.address })
  }
  return [
    ['Proof of Attribution', attribution, attribution.attribution, [host.address, settler.address]],
    [
      'the Datanet registry',
      datanets,
      datanets.world.datanets,
      [contributors[1].address, contributors[2].address],
    ],
    ['the adapter registry', adapters, adapters.world.adapters, [owner.address, host.address]],
  ].map(([name, f, contract, owed]) => [name, f, contract as unknown as Claimable, owed] as never)
}

describe.each(indebted())('claims for many from %s', (_name, f, contract, owed) => {
  const from = stranger.address
  const claim = (accounts: readonly Address[]) => contract.try('claimMany', [accounts], { from })

  it('are refused for none, for more than 64, and for any account of the system', () => {
    const before = f.chain.snapshot()
    expect(claim([])).toMatchObject({ error: 'BoundExceeded', args: [0n, 64n] })
    const many = Array.from({ length: 65 }, (_, n) => account(500 + n).address)
    expect(claim(many)).toMatchObject({ error: 'BoundExceeded', args: [65n, 64n] })
    const { systemAccounts, stakingAddress } = f.world.parameters
    for (const system of systemAccounts) {
      expect(claim([...owed, system])).toMatchObject({ error: 'SystemAccount' })
    }
    // not even for itself: Staking has claim for that
    const itself = contract.try('claimMany', [[stakingAddress]], { from: stakingAddress })
    expect(itself).toMatchObject({ error: 'SystemAccount' })
    expect(f.chain.snapshot()).toBe(before)
  })

  it('pay each account its own credit, pass over those without one, and return the sum', () => {
    const due = owed.map((who) => contract.read('credits', [who]))
    expect(due.every((wei) => wei > 0n)).toBe(true)
    const before = owed.map((who) => f.chain.balanceOf(who))
    const nobody = account(400).address
    const outcome = claim([nobody, owed[0]!, owed[0]!, owed[1]!])
    const sumWei = due.reduce((a, b) => a + b, 0n)
    expect(outcome).toMatchObject({ ok: true, value: sumWei })
    expect(owed.map((who, n) => f.chain.balanceOf(who) - before[n]!)).toEqual(due)
    expect(owed.map((who) => contract.read('credits', [who]))).toEqual([0n, 0n])
    expect(f.chain.balanceOf(nobody)).toBe(0n)
    const claimed = outcome.ok ? outcome.events.filter(({ name }) => name === 'Claimed') : []
    expect(claimed.map(({ args }) => args.amountWei)).toEqual(due)
    // once
    expect(claim(owed)).toMatchObject({ ok: true, value: 0n })
    const books = contract.read('totals')
    const sums = books.depositsWei + books.pendingWei + books.potsWei + books.creditsWei + books.bondsWei
    expect(f.chain.balanceOf(contract.address)).toBe(sums)
    expect(sumWei < 2n * 1000n * OPEN).toBe(true)
  })
})
