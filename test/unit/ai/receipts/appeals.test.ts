import { type Abi, decodeFunctionData } from 'viem'
import { describe, expect, it } from 'vitest'
import { iProofOfAttributionAbi } from '../../../../contracts/generated/IProofOfAttribution.ts'
import { ATTRIBUTION_ADDRESS } from '../../../../precompiles/addresses.ts'
import {
  auditorStatus,
  receiptStatus,
  windowState,
} from '../../../../precompiles/proofOfAttribution/layout.ts'
import { attributionEvents } from '../../../../src/ai/receipts/events.ts'
import { noReceiptMetrics } from '../../../../src/ai/receipts/ports.ts'
import { Tracker } from '../../../../src/ai/receipts/tracker.ts'
import type { DevnetKey } from '../../../../src/node/devnet/keys.ts'
import { bytesToHex, type Hash } from '../../../../src/primitives/hex.ts'
import { silentLogger } from '../../../../src/runtime/logger.ts'
import { type MemoryMap, TestHost, TestServices, testEngine } from '../../../support/receiptServices.ts'
import { auditors, contributors, ReceiptWorld, requester, worker } from '../../../support/receiptWorld.ts'

const four = [...auditors, contributors[1]]
const [contrary] = auditors
/** One auditor finds another answer than everybody else. */
const engine = (auditor: DevnetKey) =>
  auditor === contrary ? testEngine(16, (own) => ({ ...own, output: Uint8Array.of(9) })) : testEngine(16)

const statusOf = (world: ReceiptWorld, id: Hash) => world.views.receipt(id)?.status ?? 0
const bondOf = (world: ReceiptWorld, { address }: DevnetKey) => world.views.auditor(address, 1n)?.bondWei

function namesSince(world: ReceiptWorld, from: number): string[] {
  const names: string[] = []
  for (let number = from; number <= world.height; number++) {
    for (const { event } of attributionEvents(world.blocks.block(number)!)) names.push(event.type)
  }
  return names
}

/** Receipts on which committees with the contrary auditor disagree: with four auditors, most. */
function serve(world: ReceiptWorld, services: TestServices, evidence: TestHost, count: number): Hash[] {
  return Array.from({ length: count }, (_, n) => {
    const { receipt, receiptId } = evidence.serve(world, `answer ${n}`)
    expect(services.offer(receipt)).toMatchObject({ verdict: 'accept' })
    return receiptId
  })
}

describe('an appeal, driven by the services alone', () => {
  it('overrules the auditor that is wrong, within the gas that each call is given', async () => {
    const world = await ReceiptWorld.open({ parameters: { windowReceipts: 4 } })
    const evidence = new TestHost()
    const services = await TestServices.start(world, { worker, auditors: four, evidence, engine })
    await services.mine()
    const ids = serve(world, services, evidence, 4)
    const calls = new Set<string>()
    for (let n = 0; n < 80 && world.views.window(1n, 1n)?.state !== windowState.closed; n++) {
      // fails when one of the transactions did
      await services.mine()
      const gas = world.gasUsed()
      world.test.chain.head.block.transactions.forEach((tx, index) => {
        const { functionName } = decodeFunctionData({
          abi: iProofOfAttributionAbi as Abi,
          data: bytesToHex(tx.data),
        })
        calls.add(functionName)
        if (!functionName.includes('ppeal')) return
        expect(Number(gas[index]), functionName).toBeLessThan(Number(tx.gasLimit))
        expect(Number(tx.gasLimit), functionName).toBeLessThan(6 * Number(gas[index]))
      })
    }
    expect(ids.map((id) => statusOf(world, id))).toEqual(Array(4).fill(receiptStatus.final))
    expect([...calls]).toEqual(expect.arrayContaining(['openAppeal', 'commitAppeal', 'revealAppeal']))
    const appealed = ids.filter((id) => world.views.appeal(id) !== undefined)
    expect(appealed.length).toBeGreaterThan(0)
    for (const id of appealed) {
      const { electors, verdicts } = world.read(
        ATTRIBUTION_ADDRESS,
        iProofOfAttributionAbi as Abi,
        'getAppeal',
        [id],
      ) as { electors: readonly string[]; verdicts: readonly number[] }
      const wrong = electors.findIndex((who) => who.toLowerCase() === contrary.address)
      // it says in the appeal what it said in the audit
      expect(verdicts).toEqual(electors.map((_, n) => (n === wrong ? 2 : 1)))
    }
    const least = world.parameters.auditorBondMinWei
    expect(bondOf(world, contrary)! < least).toBe(true)
    expect(world.views.auditor(contrary.address, 1n)?.status).toBe(auditorStatus.leaving)
    for (const other of four.slice(1)) expect(bondOf(world, other)).toBe(least)
    expect([...services.tracker.receipts()]).toEqual([])
    await services.stop()
  })

  it('goes on after every restart of every node, and is seen alike by one that follows and one that loads', async () => {
    const world = await ReceiptWorld.open({ parameters: { windowReceipts: 2 } })
    const evidence = new TestHost()
    const disks = new Map<`0x${string}`, MemoryMap>()
    const options = { worker, auditors: four, evidence, engine, disks }
    let services = await TestServices.start(world, options)
    await services.mine()
    const from = world.height + 1
    const ids = serve(world, services, evidence, 2)
    await services.mine()
    const { views, blocks, head } = world
    const isAppealed = () => ids.some((id) => statusOf(world, id) === receiptStatus.appealed)
    let appealedBlocks = 0
    for (let n = 0; n < 80 && world.views.window(1n, 1n)?.state !== windowState.closed; n++) {
      const fresh = new Tracker({}, { views, blocks, head, metrics: noReceiptMetrics, logger: silentLogger })
      await fresh.load()
      expect([...fresh.receipts()]).toEqual([...services.tracker.receipts()])
      if (isAppealed()) appealedBlocks += 1
      if (n % 2 === 0) {
        await services.stop()
        services = await TestServices.start(world, options)
      }
      await services.mine({ allowFailures: true })
    }
    await services.stop()
    expect(ids.map((id) => statusOf(world, id))).toEqual(Array(2).fill(receiptStatus.final))
    expect(appealedBlocks).toBeGreaterThan(1)
    const names = namesSince(world, from)
    const count = (name: string) => names.filter((one) => one === name).length
    expect(count('appealOpened')).toBeGreaterThan(0)
    expect(count('appealRevealed')).toBe(4 * count('appealOpened'))
    expect(count('ended')).toBe(2)
    // nothing is kept of what has ended
    await (await TestServices.start(world, options)).stop()
    for (const disk of disks.values()) expect(disk.contents.size).toBe(0)
  })

  it('follows a challenge and a bonded appeal that others make', async () => {
    const world = await ReceiptWorld.open({ parameters: { windowReceipts: 1, auditRateBps: 0 } })
    const evidence = new TestHost()
    const services = await TestServices.start(world, { worker, auditors: four, evidence })
    await services.mine()
    const [id] = serve(world, services, evidence, 1)
    await services.mineUntil(() => statusOf(world, id!) === receiptStatus.settled)
    // the draw passes it over
    await services.mine()
    await services.mine()
    const { facts } = services.tracker.receipt(id!)!
    expect(services.tracker.receipt(id!)?.isSkipped).toBe(true)
    const { receiptChallengeBondWei, appealBondWei } = world.parameters
    world.send(requester, world.attributionCall('challengeReceipt', [facts], receiptChallengeBondWei))
    await services.mineUntil(() => statusOf(world, id!) === receiptStatus.auditOpen)
    await services.mineUntil(() => world.views.audit(id!)?.revealed === 7)
    world.send(requester, world.attributionCall('appealReceipt', [facts], appealBondWei))
    await services.mine()
    expect(statusOf(world, id!)).toBe(receiptStatus.appealed)
    await services.mineUntil(() => statusOf(world, id!) === receiptStatus.final)
    const { totalWei, okWei } = world.views.appeal(id!)!
    expect(okWei).toBe(totalWei)
    expect(world.creditOf(requester.address)).toBe(0n)
    await services.stop()
  })
})

describe('the bond of an auditor', () => {
  it('is filled up when a part of it is lost, so that it never falls below the least', async () => {
    // with a bond above the least, and engines that fail
    const world = await ReceiptWorld.open({ parameters: { windowReceipts: 1 } })
    const evidence = new TestHost()
    const least = world.parameters.auditorBondMinWei
    const silent = () => ({ reexecute: () => Promise.reject(new Error('the model is not loaded')) })
    const bondWei = (least * 11n) / 10n
    const services = await TestServices.start(world, { worker, auditors, evidence, engine: silent, bondWei })
    await services.mine()
    const [id] = serve(world, services, evidence, 1)
    await services.mineUntil(() => statusOf(world, id!) === receiptStatus.refunded)
    const lost = bondWei - bondWei / 100n
    expect(auditors.map((auditor) => bondOf(world, auditor))).toEqual([lost, lost, lost])
    await services.mine()
    expect(auditors.map((auditor) => bondOf(world, auditor))).toEqual([bondWei, bondWei, bondWei])
    await services.stop()
  })
})
