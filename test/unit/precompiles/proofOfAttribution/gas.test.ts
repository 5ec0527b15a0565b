import { describe, expect, it } from 'vitest'
import { account, OPEN } from '../../../support/precompileWorld.ts'
import { Fixture, requester, settler } from './fixture.ts'

/** Transaction gas of whole calls at k = 1024, calldata and its floor (EIP-7623) included. */
describe('gas at k = 1024', () => {
  it('of a batch of 32 is at most 120,000 for each receipt, of one requester or of 32', () => {
    const f = new Fixture({ k: 1024, withAuditors: false })
    const perReceipt = (requesters: number) => {
      const receipts = Array.from({ length: 32 }, (_, n) => {
        const who = requesters === 1 ? requester : account(100 + n)
        return f.receipt({ requester: who })
      })
      const args = [receipts.map((receipt) => receipt.signed), 0n]
      const { value, result } = f.attribution.send('settle', args, { from: settler.address })
      expect(value).toEqual(Array(32).fill(1))
      return Number(f.attribution.gasOf('settle', args, result)) / 32
    }
    for (let n = 0; n < 32; n++) {
      const { address } = account(100 + n)
      f.chain.fund(address, 10n * OPEN)
      f.attribution.send('deposit', [`0x${'00'.repeat(20)}`], { from: address, valueWei: OPEN })
    }
    expect(perReceipt(1)).toBeLessThan(114_000)
    expect(perReceipt(32)).toBeLessThan(120_000)
  })
})
