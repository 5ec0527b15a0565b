import { decodeFunctionData } from 'viem'
import { expect, it } from 'vitest'
import { iProofOfAttributionAbi } from '../../../../contracts/generated/IProofOfAttribution.ts'
import { receiptStatus, windowState } from '../../../../precompiles/proofOfAttribution/layout.ts'
import { bytesToHex } from '../../../../src/primitives/hex.ts'
import { TestHost, TestServices } from '../../../support/receiptServices.ts'
import { auditors, ReceiptWorld, worker } from '../../../support/receiptWorld.ts'

it('gives every call of the services enough gas for a full batch at k = 1024, and not many times too much', async () => {
  const world = await ReceiptWorld.open({
    k: 1024,
    members: 24,
    parameters: { windowReceipts: 32 },
    hostBondWei: 2_000n * 10n ** 18n,
  })
  const evidence = new TestHost()
  const services = await TestServices.start(world, { worker, auditors, evidence })
  await services.mine()
  const ids = Array.from({ length: 32 }, (_, n) => {
    // every fourth is a lie, whose row is taken out of the window again
    const lie = n % 4 === 0 ? { output: Uint8Array.of(1) } : {}
    const { receipt, receiptId } = evidence.serve(world, `answer ${n}`, lie)
    expect(services.offer(receipt)).toMatchObject({ verdict: 'accept' })
    return receiptId
  })
  const calls = new Map<string, { gas: number; limit: number }[]>()
  for (let n = 0; n < 60 && world.views.window(1n, 1n)?.state !== windowState.closed; n++) {
    // fails when one of the transactions did
    await services.mine()
    const gas = world.gasUsed()
    world.test.chain.head.block.transactions.forEach((tx, index) => {
      const { functionName } = decodeFunctionData({ abi: iProofOfAttributionAbi, data: bytesToHex(tx.data) })
      const seen = calls.get(functionName) ?? []
      calls.set(functionName, [...seen, { gas: Number(gas[index]), limit: Number(tx.gasLimit) }])
    })
  }
  await services.stop()
  const statuses = ids.map((id) => world.views.receipt(id)?.status)
  expect(statuses.filter((status) => status === receiptStatus.final)).toHaveLength(24)
  expect(statuses.filter((status) => status === receiptStatus.rejected)).toHaveLength(8)
  const methods = ['settle', 'drawAudits', 'commitAudit', 'revealAudit', 'finalize', 'closeWindow']
  expect([...calls.keys()].sort()).toEqual([...methods].sort())
  // one settlement, draw, commitment and reveal for all receipts
  expect(calls.get('settle')).toHaveLength(1)
  expect(calls.get('commitAudit')).toHaveLength(auditors.length)
  for (const [method, seen] of calls) {
    for (const { gas, limit } of seen) {
      expect(gas, method).toBeLessThan(limit)
      expect(limit, method).toBeLessThan(6 * gas)
    }
  }
})
