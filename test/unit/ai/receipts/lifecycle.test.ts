import { describe, expect, it } from 'vitest'
import { iProofOfAttributionAbi } from '../../../../contracts/generated/IProofOfAttribution.ts'
import { ATTRIBUTION_ADDRESS } from '../../../../precompiles/addresses.ts'
import { receiptFlag, receiptStatus, windowState } from '../../../../precompiles/proofOfAttribution/layout.ts'
import { TestHost, TestServices } from '../../../support/receiptServices.ts'
import {
  auditors,
  contributors,
  host,
  ReceiptWorld,
  requester,
  worker,
} from '../../../support/receiptWorld.ts'

const windowOf = (world: ReceiptWorld, index = 1n) => world.views.window(world.adapterId, index)

describe('the life of a receipt, driven by the services alone', () => {
  it('goes from the pool to settled, audited, final, and its window to closed and claimed', async () => {
    const world = await ReceiptWorld.open({ parameters: { windowReceipts: 2 } })
    const evidence = new TestHost()
    const services = await TestServices.start(world, { worker, auditors, evidence })
    // the auditors register
    await services.mine()
    const served = [evidence.serve(world, 'first'), evidence.serve(world, 'second')]
    for (const { receipt } of served) expect(services.offer(receipt)).toMatchObject({ verdict: 'accept' })
    await services.mine()
    await services.mineUntil(() => windowOf(world)?.state === windowState.closed)

    for (const { receiptId } of served) {
      const view = world.views.receipt(receiptId)
      expect(view).toMatchObject({ status: receiptStatus.final, flags: receiptFlag.audited })
      expect(world.views.audit(receiptId)).toMatchObject({ committed: 7, revealed: 7, verdicts: [1, 1, 1] })
    }
    expect(services.pool.size).toBe(0)
    expect([...services.tracker.receipts()]).toEqual([])
    expect(services.tracker.oldestWindows()).toEqual([])

    // contributors claim what the window divided
    for (const contributor of contributors) {
      const creditWei = world.creditOf(contributor.address)
      expect(creditWei).toBeGreaterThan(0n)
      const before = world.test.chain.head.state.account(contributor.address)!.balanceWei
      world.send(contributor, { ...world.attributionCall('claim', []), gasLimit: 200_000n })
      await world.mine()
      const gasWei = world.gasUsed()[0]! * (world.test.chain.head.block.header.baseFeePerGas! + 10n ** 9n)
      const after = world.test.chain.head.state.account(contributor.address)!.balanceWei
      expect(after - before).toBe(creditWei - gasWei)
    }
    // everybody who worked is paid
    for (const { address } of [worker, host, ...auditors]) expect(world.creditOf(address)).toBeGreaterThan(0n)
    await services.stop()
  })

  it('rejects and slashes a host whose answer was wrong, and gives the requester the fee back', async () => {
    const world = await ReceiptWorld.open()
    const evidence = new TestHost()
    const services = await TestServices.start(world, { worker, auditors, evidence })
    await services.mine()
    const bondWei = world.views.host(host.address)!.bondWei
    const depositWei = world.views.deposit(requester.address, `0x${'00'.repeat(20)}`).balanceWei
    const wrong = evidence.serve(world, 'asked', { output: new Uint8Array(4) })
    const wrongRow = evidence.serve(world, 'also asked', { queryRow: new Uint8Array(world.k).fill(9) })
    const overcharged = evidence.serve(world, 'and asked', { inputTokens: 900 })
    const lies = [wrong, wrongRow, overcharged]
    for (const { receipt } of lies) expect(services.offer(receipt)).toMatchObject({ verdict: 'accept' })
    await services.mine()
    const ended = () => lies.every(({ receiptId }) => (world.views.receipt(receiptId)?.status ?? 0) > 3)
    await services.mineUntil(ended)
    const verdictsOf = (id: `0x${string}`) => world.views.audit(id)?.verdicts
    expect(lies.map(({ receiptId }) => verdictsOf(receiptId))).toEqual([
      [2, 2, 2],
      [3, 3, 3],
      [2, 2, 2],
    ])
    let feesWei = 0n
    for (const { receiptId } of lies) {
      const view = world.views.receipt(receiptId)!
      expect(view.status).toBe(receiptStatus.rejected)
      feesWei += view.feeWei
    }
    const after = world.views.host(host.address)!
    expect(bondWei - after.bondWei).toBe(feesWei * BigInt(world.parameters.hostBondMultiple))
    expect(after.openFeesWei).toBe(0n)
    expect(world.views.deposit(requester.address, `0x${'00'.repeat(20)}`).balanceWei).toBe(depositWei)
    // the rows were taken out again: nothing of them is left in the window
    expect(world.views.window(1n, 1n)).toMatchObject({ settled: 3, finished: 3 })
    const window = world.read(ATTRIBUTION_ADDRESS, iProofOfAttributionAbi, 'getWindow', [1n, 1n])
    expect(window).toMatchObject({ potWei: 0n, corrections: 1 })
    await services.stop()
  })

  it('rejects a receipt whose host gives no evidence, and pays for none that is in doubt', async () => {
    const world = await ReceiptWorld.open()
    const evidence = new TestHost()
    const services = await TestServices.start(world, { worker, auditors, evidence })
    await services.mine()
    const hidden = evidence.serve(world, 'hidden')
    evidence.served.delete(hidden.receiptId)
    // two coordinates beside the tolerance: no proof of bad faith
    const honest = evidence.serve(world, 'in doubt')
    const row = honest.receipt.queryRow.slice()
    row[0] = (row[0]! + 1) & 0xff
    const doubtful = evidence.serve(world, 'in doubt', { queryRow: row })
    for (const { receipt } of [hidden, doubtful]) services.offer(receipt)
    await services.mine()
    const statusOf = (id: `0x${string}`) => world.views.receipt(id)?.status ?? 0
    await services.mineUntil(() => statusOf(hidden.receiptId) > 3 && statusOf(doubtful.receiptId) > 3)
    expect(statusOf(hidden.receiptId)).toBe(receiptStatus.rejected)
    expect(world.views.audit(hidden.receiptId)?.verdicts).toEqual([4, 4, 4])
    expect(statusOf(doubtful.receiptId)).toBe(receiptStatus.refunded)
    expect(world.views.audit(doubtful.receiptId)).toMatchObject({ committed: 7, verdicts: [5, 5, 5] })
    // what is in doubt costs no auditor anything
    for (const { address } of auditors) {
      expect(world.views.auditor(address, 1n)?.bondWei).toBe(world.parameters.auditorBondMinWei)
    }
    // asked at more than one block before it was called unavailable; the doubtful one was run once
    expect(evidence.asked.filter((id) => id === hidden.receiptId).length).toBeGreaterThanOrEqual(2 * 3)
    expect(evidence.asked.filter((id) => id === doubtful.receiptId)).toHaveLength(3)
    await services.stop()
  })

  it('ends receipts without an audit: by the class of the request, and for want of auditors', async () => {
    const world = await ReceiptWorld.open({ parameters: { windowReceipts: 2 } })
    const evidence = new TestHost()
    const services = await TestServices.start(world, { worker, auditors: [], evidence })
    const unaudited = evidence.serve(world, 'nobody else reads this', { auditClass: 2 })
    const undrawn = evidence.serve(world, 'nobody can')
    for (const { receipt } of [unaudited, undrawn]) services.offer(receipt)
    await services.mine()
    await services.mineUntil(() => windowOf(world)?.state === windowState.closed)
    for (const { receiptId } of [unaudited, undrawn]) {
      expect(world.views.receipt(receiptId)).toMatchObject({
        status: receiptStatus.final,
        flags: receiptFlag.unaudited,
      })
    }
    expect(evidence.asked).toEqual([])
    await services.stop()
  })
})
