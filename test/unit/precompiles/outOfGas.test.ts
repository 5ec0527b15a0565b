import { describe, expect, it } from 'vitest'
import { type Address, bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'
import type { Contract } from '../../support/contract.ts'
import { account, contribution, makeQuery, OPEN, testHash } from '../../support/precompileWorld.ts'
import { commitmentOf, SALT } from './adapter/fixture.ts'
import {
  auditors,
  contributors,
  Fixture,
  host,
  owner,
  requester,
  settler,
  stranger,
} from './proofOfAttribution/fixture.ts'

interface Step {
  readonly what: string
  /** Brings the chain to where the call is due. */
  prepare(f: Fixture): {
    on: { address: Address; encode: Contract<never>['encode'] }
    method: string
    args: readonly unknown[]
    from: Address
    valueWei?: bigint
  }
}

const steps: readonly Step[] = [
  {
    what: 'commitContribution',
    prepare: (f) => ({
      on: f.world.datanets,
      method: 'commitContribution',
      args: [f.datanetId, testHash('c')],
      from: contributors[0].address,
      valueWei: OPEN,
    }),
  },
  {
    what: 'settleOrder with a near-duplicate and a leader',
    prepare: (f) => {
      const original = contribution(500, contributors[0])
      const copy = contribution(501, contributors[1], { minhash: original.minhash })
      const ids = [original, copy].map((spec) => f.world.commit(f.datanetId, spec))
      f.chain.advance(2)
      f.world.reveal(ids[0]!, original)
      f.world.reveal(ids[1]!, copy)
      return { on: f.world.datanets, method: 'settleOrder', args: [f.datanetId, 5], from: stranger.address }
    },
  },
  {
    what: 'settle with good and bad receipts',
    prepare: (f) => {
      const receipts = [f.receipt(), f.receipt({ queryRow: makeQuery(8, 1) }), f.receipt({ auditClass: 2 })]
      const signed = receipts.map((receipt) => receipt.signed)
      return { on: f.attribution, method: 'settle', args: [signed, 0n], from: settler.address }
    },
  },
  {
    what: 'drawAudits',
    prepare: (f) => {
      const receipt = f.receipt()
      f.settle(receipt)
      f.chain.advance()
      return { on: f.attribution, method: 'drawAudits', args: [[receipt.receiptId]], from: stranger.address }
    },
  },
  {
    what: 'finalize of one right and one wrong receipt',
    prepare: (f) => {
      const [right, wrong] = [f.receipt(), f.receipt()] as const
      f.settle(right, wrong)
      f.chain.advance()
      f.draw(right, wrong)
      f.audit(right, [1, 1, 1])
      f.audit(wrong, [2, 2, 2])
      f.pastChallenge()
      const facts = [right, wrong].map((receipt) => f.world.factsOf(receipt.receiptId))
      const rows = ['0x', wrong.signed.queryRow]
      return { on: f.attribution, method: 'finalize', args: [facts, rows], from: stranger.address }
    },
  },
  {
    what: 'closeWindow from sum to pay',
    prepare: (f) => {
      f.finalReceipts(Array.from({ length: 4 }, () => f.receipt()))
      return { on: f.attribution, method: 'closeWindow', args: [f.adapterId, 1000], from: stranger.address }
    },
  },
  {
    what: 'claim',
    prepare: (f) => {
      f.settle(f.receipt())
      return { on: f.attribution, method: 'claim', args: [], from: settler.address }
    },
  },
  {
    what: 'registerHost',
    prepare: (f) => ({
      on: f.attribution,
      method: 'registerHost',
      args: [account(31).address, 'https://a-host-with-a-name-longer-than-one-slot.example'],
      from: account(30).address,
      valueWei: OPEN,
    }),
  },
  {
    what: 'createAdapter',
    prepare: (f) => ({
      on: f.world.adapters,
      method: 'createAdapter',
      args: [f.world.draft(f.baseModelId, [{ datanetId: f.datanetId, version: 1 }])],
      from: owner.address,
      valueWei: OPEN,
    }),
  },
  {
    what: 'newVersion',
    prepare: (f) => ({
      on: f.world.adapters,
      method: 'newVersion',
      args: [f.adapterId, f.world.versionDraft([{ datanetId: f.datanetId, version: 1 }])],
      from: owner.address,
      valueWei: OPEN,
    }),
  },
  {
    what: 'challengeRows',
    prepare: (f) => {
      f.world.nextVersion(f.adapterId, owner, [f.datanetId], f.rows)
      const valueWei = f.world.parameters.rowChallengeBondWei
      const args = [f.adapterId, 1, 'bafyevidence']
      return { on: f.world.adapters, method: 'challengeRows', args, from: stranger.address, valueWei }
    },
  },
  {
    what: 'drawRowAudit',
    prepare: (f) => {
      challenge(f)
      return { on: f.world.adapters, method: 'drawRowAudit', args: [f.adapterId], from: stranger.address }
    },
  },
  {
    what: 'resolveRowChallenge that refutes',
    prepare: (f) => {
      challenge(f)
      const { adapters } = f.world
      const drawn = adapters.send('drawRowAudit', [f.adapterId], { from: stranger.address }).value
      const committee = drawn.map((address) => auditors.find((a) => a.address === address.toLowerCase())!)
      for (const auditor of committee) {
        const args = [[f.adapterId], commitmentOf(auditor, [f.adapterId], [2])]
        adapters.send('commitRowAudit', args, { from: auditor.address })
      }
      for (const auditor of committee) {
        adapters.send('revealRowAudit', [[f.adapterId], [2], SALT], { from: auditor.address })
      }
      return { on: adapters, method: 'resolveRowChallenge', args: [f.adapterId], from: stranger.address }
    },
  },
]

/** The adapter’s second version is published, and its rows are challenged in the block before. */
function challenge(f: Fixture): void {
  f.world.nextVersion(f.adapterId, owner, [f.datanetId], f.rows)
  const valueWei = f.world.parameters.rowChallengeBondWei
  f.world.adapters.send('challengeRows', [f.adapterId, 1, ''], { from: stranger.address, valueWei })
  f.chain.advance()
}

describe('running out of gas', () => {
  it.each(steps)('at any charge of $what leaves nothing behind', ({ prepare }) => {
    const f = new Fixture()
    const { on, method, args, from, valueWei = 0n } = prepare(f)
    const data = on.encode(method as never, args)
    const before = f.chain.snapshot()
    const gasSteps: bigint[] = []
    // a first run, undone by a limit one below what it needs, shows the charges
    const call = (gas: bigint, trace?: bigint[]) =>
      f.chain.call({ from, to: on.address, data, valueWei, gas, ...(trace && { gasSteps: trace }) })
    const dry = new Fixture()
    const again = prepare(dry)
    const trial = dry.chain.call({
      from: again.from,
      to: again.on.address,
      data: again.on.encode(again.method as never, again.args),
      valueWei: again.valueWei ?? 0n,
      gasSteps,
    })
    expect(trial.status).toBe('ok')
    const charges = [...new Set(gasSteps)]
    expect(charges.length).toBeGreaterThan(10)
    for (const charge of charges) {
      const result = call(charge - 1n)
      expect(result.status).toBe('outOfGas')
      expect(result.logs).toEqual([])
      expect(f.chain.snapshot()).toBe(before)
    }
    const done = call(trial.gasUsed + 2300n)
    expect(done.status).toBe('ok')
    expect(done.gasUsed).toBe(trial.gasUsed)
    expect(bytesToHex(done.output)).toBe(bytesToHex(trial.output))
  })
})

describe('the fixture', () => {
  it('is the same every time, so that two runs can be compared', () => {
    const [a, b] = [new Fixture(), new Fixture()]
    expect(a.chain.snapshot()).toBe(b.chain.snapshot())
    expect(hexToBytes(a.receipt().receiptId)).toEqual(hexToBytes(b.receipt().receiptId))
    expect(requester.address).not.toBe(host.address)
  })
})
