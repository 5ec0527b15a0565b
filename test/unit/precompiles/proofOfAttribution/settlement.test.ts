import { Wallet } from 'ethers'
import fc from 'fast-check'
import { privateKeyToAccount } from 'viem/accounts'
import { describe, expect, it } from 'vitest'
import { bytesToHex, ZERO_ADDRESS } from '../../../../src/primitives/hex.ts'
import {
  account,
  GWEI,
  makeQuery,
  OPEN,
  receiptTypes,
  requestTypes,
  testHash,
} from '../../../support/precompileWorld.ts'
import { Fixture, host, hostSigner, owner, requester, settler, stranger } from './fixture.ts'

const FEE = OPEN / 100n + (500n * (OPEN / 50n)) / 1000n + (250n * (OPEN / 25n)) / 1000n

describe('settling a receipt', () => {
  it('takes the fee, pays the settler, and keeps what finalisation needs', () => {
    const f = new Fixture()
    const receipt = f.receipt()
    const before = f.attribution.read('depositOf', [requester.address, ZERO_ADDRESS]).balanceWei
    expect(f.settle(receipt)).toEqual([1])
    const settlerWei = 120_000n * GWEI
    expect(f.attribution.read('depositOf', [requester.address, ZERO_ADDRESS]).balanceWei).toBe(before - FEE)
    expect(f.credits(settler)).toBe(settlerWei)
    expect(f.attribution.read('totals')).toMatchObject({ pendingWei: FEE - settlerWei })
    expect(f.attribution.read('getReceipt', [receipt.receiptId])).toMatchObject({
      status: 1,
      flags: 0,
      weight: Number((FEE * 256n) / (OPEN / 100n)),
      adapterId: f.adapterId,
      windowIndex: 1n,
      batchId: 1n,
      settledBlock: Number(f.chain.number),
      feeWei: FEE,
    })
    expect(f.attribution.read('hostInfo', [host.address]).openFeesWei).toBe(FEE)
    expect(f.attribution.read('getWindow', [f.adapterId, 1n])).toMatchObject({
      state: 1,
      settled: 1,
      batches: 1,
    })
    expect(f.booksBalance()).toBe(0n)
  })

  it('accepts what viem and ethers sign', async () => {
    const f = new Fixture()
    const made = f.receipt()
    const {
      request,
      queryRow,
      requesterSignature: _1,
      hostSignature: _2,
      ...answer
    } = made.signed as Record<string, never>
    const domain = f.world.domain
    const message = request as never
    const byViem = await privateKeyToAccount(bytesToHex(requester.key)).signTypedData({
      domain,
      types: requestTypes,
      primaryType: 'InferenceRequest',
      message,
    })
    const receiptMessage = {
      ...answer,
      requestHash: made.receiptId,
      queryRowHash: made.queryRowHash,
    } as never
    const byEthers = await new Wallet(bytesToHex(hostSigner.key)).signTypedData(
      domain,
      { InferenceReceipt: [...receiptTypes.InferenceReceipt] },
      receiptMessage,
    )
    const signed = { ...made.signed, requesterSignature: byViem, hostSignature: byEthers }
    const { value } = f.attribution.send('settle', [[signed], 0n], { from: settler.address })
    expect(value).toEqual([1])
  })

  it('happens up to the last block of a call that names one, and in any block of one that does not', () => {
    const f = new Fixture()
    const settleBy = (lastBlock: bigint) =>
      f.attribution.try('settle', [[f.receipt().signed], lastBlock], { from: settler.address })
    expect(settleBy(f.chain.number)).toMatchObject({ ok: true, value: [1] })
    expect(settleBy(f.chain.number + 1n)).toMatchObject({ ok: true, value: [1] })
    expect(settleBy(0n)).toMatchObject({ ok: true, value: [1] })
    const last = f.chain.number
    f.chain.advance()
    expect(settleBy(last)).toMatchObject({ error: 'TooLate', args: [last] })
  })

  it('happens once, in whatever order, batch and block the receipt comes again', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 1 }), fc.nat(2)), {
          minLength: 2,
          maxLength: 5,
        }),
        (calls) => {
          const f = new Fixture({ withAuditors: false })
          const receipts = Array.from({ length: 4 }, () => f.receipt())
          const settled = new Set<number>()
          for (const [order, blocks] of calls) {
            const codes = f.settle(...order.map((n) => receipts[n]!))
            expect(codes).toEqual(order.map((n) => (settled.has(n) ? 2 : 1)))
            for (const n of order) settled.add(n)
            f.chain.advance(blocks)
          }
          const events = f.attribution.history().filter(({ name }) => name === 'ReceiptSettled')
          expect(events).toHaveLength(settled.size)
          expect(f.attribution.read('totals').depositsWei).toBe(100n * OPEN - BigInt(settled.size) * FEE)
        },
      ),
      { numRuns: 12 },
    )
  })

  it('uses what is reserved for the host first, then the free deposit', () => {
    const f = new Fixture()
    f.attribution.send('deposit', [host.address], { from: requester.address, valueWei: FEE / 3n })
    f.settle(f.receipt())
    expect(f.attribution.read('depositOf', [requester.address, host.address]).balanceWei).toBe(0n)
    expect(f.attribution.read('depositOf', [requester.address, ZERO_ADDRESS]).balanceWei).toBe(
      100n * OPEN - (FEE - FEE / 3n),
    )
  })

  it('never takes more than the requester’s maximum', () => {
    const f = new Fixture()
    const receipt = f.receipt({ maxFeeWei: OPEN / 100n, outputTokens: 4_000_000_000 })
    expect(f.settle(receipt)).toEqual([1])
    expect(f.attribution.read('getReceipt', [receipt.receiptId]).feeWei).toBe(OPEN / 100n)
  })

  it('caps the settler’s pay at its part of the fee', () => {
    const f = new Fixture()
    f.chain.baseFeeWei = 100n * GWEI
    const receipt = f.receipt()
    f.settle(receipt)
    expect(f.credits(settler)).toBe(FEE / 10n)
  })

  it('gives every receipt of a batch its own code and stops for none', () => {
    const f = new Fixture()
    const good = f.receipt()
    const other = f.receipt()
    const codes = f.settle(
      good,
      good,
      f.receipt({ queryRow: new Uint8Array(15) }),
      f.receipt({ deadlineBlock: f.chain.number - 1n }),
      f.receipt({ adapterId: 99n }),
      f.receipt({ host: stranger, signer: stranger }),
      { ...other, signed: { ...other.signed, requesterSignature: good.signed.requesterSignature } },
      f.receipt({ signer: stranger }),
      f.receipt({ maxFeeWei: 120_000n * GWEI - 1n }),
      f.receipt({ requester: account(30) }),
      f.receipt({ profileHash: testHash('another profile') }),
      other,
    )
    expect(codes).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 1])
    expect(f.attribution.read('getWindow', [f.adapterId, 1n])).toMatchObject({ settled: 2, batches: 1 })
  })

  it.each([
    { what: 'a version that never was', overrides: { adapterVersion: 2 } },
    { what: 'version 0', overrides: { adapterVersion: 0 } },
    { what: 'auditors of the requester’s choice', overrides: { auditClass: 1 } },
    { what: 'an unknown audit class', overrides: { auditClass: 3 } },
    { what: 'another method', overrides: { method: 1 } },
    { what: 'a −128 in the row', overrides: { queryRow: Uint8Array.from({ length: 16 }, () => 0x80) } },
    {
      what: 'a row longer than features are',
      overrides: { queryRow: Uint8Array.from({ length: 16 }, () => 127) },
    },
  ])('calls $what malformed', ({ overrides }) => {
    const f = new Fixture()
    expect(f.settle(f.receipt(overrides))).toEqual([3])
  })

  it('refuses the signature of another chain', () => {
    const f = new Fixture()
    expect(f.settle(f.receipt({ genesisHash: testHash('another genesis') }))).toEqual([7])
  })

  it('refuses signatures of other lengths and high-s forms', () => {
    const f = new Fixture()
    const receipt = f.receipt()
    for (const signature of ['0x', `${receipt.signed.hostSignature}00`, `0x${'ff'.repeat(65)}`]) {
      const changed = { ...receipt, signed: { ...receipt.signed, hostSignature: signature } }
      expect(f.settle(changed)).toEqual([8])
    }
    expect(f.settle(receipt)).toEqual([1])
  })

  it('stops when the host’s open fees are above what its bond carries', () => {
    // the bond carries three receipts
    const f = new Fixture()
    f.attribution.send('deregisterHost', [], { from: host.address })
    f.chain.advance(30)
    f.attribution.send('withdrawHostBond', [], { from: host.address })
    f.attribution.send('registerHost', [hostSigner.address, 'https://host.example'], {
      from: host.address,
      valueWei: 20n * FEE * 3n > OPEN ? 20n * FEE * 3n : OPEN,
    })
    expect(f.settle(f.receipt(), f.receipt(), f.receipt(), f.receipt())).toEqual([1, 1, 1, 10])
  })

  it('stops when adapter or host do', () => {
    const f = new Fixture()
    f.world.adapters.send('pause', [f.adapterId], { from: owner.address })
    expect(f.settle(f.receipt())).toEqual([5])
    f.world.adapters.send('unpause', [f.adapterId], { from: owner.address })
    f.attribution.send('deregisterHost', [], { from: host.address })
    expect(f.settle(f.receipt())).toEqual([1])
    f.chain.advance(30)
    expect(f.settle(f.receipt())).toEqual([6])
  })

  it('is refused for requesters without access, to and with the last block of those that have it', () => {
    const f = new Fixture()
    const last = Number(f.chain.number) + 2
    const send = (method: string, args: readonly unknown[]) =>
      f.world.adapters.send(method as never, [f.adapterId, ...args], { from: owner.address })
    send('setAccessPolicy', [1])
    expect(f.settle(f.receipt())).toEqual([13])
    send('setAccess', [requester.address, last])
    f.chain.advance(2)
    expect(f.settle(f.receipt(), f.receipt({ requester: stranger }))).toEqual([1, 13])
    f.chain.advance()
    expect(f.settle(f.receipt())).toEqual([13])
    // the owner needs no entry, here only a deposit
    expect(f.settle(f.receipt({ requester: owner }))).toEqual([11])
    send('setAccessPolicy', [0])
    expect(f.settle(f.receipt())).toEqual([1])
  })

  it('settles by the price of its block, after a fall and before a rise', () => {
    const f = new Fixture()
    const price = { baseWei: OPEN / 200n, perThousandInputWei: 0n, perThousandOutputWei: 0n }
    f.world.adapters.send('setPrice', [f.adapterId, price], { from: owner.address })
    f.world.adapters.send('setPrice', [f.adapterId, { ...price, baseWei: OPEN }], { from: owner.address })
    const receipt = f.receipt()
    f.settle(receipt)
    expect(f.attribution.read('getReceipt', [receipt.receiptId])).toMatchObject({
      feeWei: OPEN / 200n,
      weight: 256,
    })
    f.chain.advance(10)
    const late = f.receipt()
    f.settle(late)
    expect(f.attribution.read('getReceipt', [late.receiptId]).feeWei).toBe(OPEN)
  })

  it('opens the next window when the newest is full, too old, or being closed', () => {
    const f = new Fixture({ withAuditors: false })
    const receipts = Array.from({ length: 5 }, () => f.receipt())
    f.settle(...receipts)
    expect(f.attribution.read('windowsOf', [f.adapterId])).toEqual([1n, 0n])
    f.settle(f.receipt())
    expect(f.attribution.read('windowsOf', [f.adapterId])).toEqual([2n, 0n])
    f.chain.advance(40)
    f.settle(f.receipt())
    expect(f.attribution.read('windowsOf', [f.adapterId])).toEqual([3n, 0n])
  })

  it('takes no query row of another length than the adapter’s', () => {
    const f = new Fixture()
    expect(f.settle(f.receipt({ queryRow: makeQuery(24, 1) }))).toEqual([3])
  })
})

describe('deposits', () => {
  it('pay receipts until they are withdrawn, and go back after the delay', () => {
    const f = new Fixture()
    const args = [ZERO_ADDRESS, 100n * OPEN]
    f.attribution.send('requestWithdraw', args, { from: requester.address })
    f.settle(f.receipt())
    const early = f.attribution.try('withdraw', [ZERO_ADDRESS], { from: requester.address })
    expect(early).toMatchObject({ error: 'TooEarly' })
    f.chain.advance(12)
    const before = f.chain.balanceOf(requester.address)
    f.attribution.send('withdraw', [ZERO_ADDRESS], { from: requester.address })
    expect(f.chain.balanceOf(requester.address) - before).toBe(100n * OPEN - FEE)
    expect(f.booksBalance()).toBe(0n)
  })
})

describe('hosts and auditors', () => {
  it('leave with their bonds when nothing is open', () => {
    const f = new Fixture()
    f.settle(f.receipt())
    f.attribution.send('deregisterHost', [], { from: host.address })
    f.chain.advance(30)
    const open = f.attribution.try('withdrawHostBond', [], { from: host.address })
    expect(open).toMatchObject({ error: 'ReceiptsOpen', args: [FEE] })
  })

  it('fill the place that an auditor leaves with the last one of the list', () => {
    const f = new Fixture()
    const list = () => f.attribution.read('auditorsOf', [f.baseModelId]).map((a) => a.toLowerCase())
    const [a, b, c, d] = [10, 11, 12, 13].map((n) => account(n).address)
    expect(list()).toEqual([a, b, c, d])
    f.attribution.send('deregisterAuditor', [f.baseModelId], { from: b! })
    expect(list()).toEqual([a, d, c])
    f.attribution.send('deregisterAuditor', [f.baseModelId], { from: d! })
    expect(list()).toEqual([a, c])
    f.attribution.send('deregisterAuditor', [f.baseModelId], { from: c! })
    expect(list()).toEqual([a])
    f.chain.advance(30)
    f.attribution.send('withdrawAuditorBond', [f.baseModelId], { from: b! })
    expect(f.attribution.read('credits', [b!])).toBe(11n * OPEN)
    const again = f.attribution.send('registerAuditor', [f.baseModelId], { from: b!, valueWei: 10n * OPEN })
    expect(again.value).toBe(5)
    expect(list()).toEqual([a, b])
  })
})
