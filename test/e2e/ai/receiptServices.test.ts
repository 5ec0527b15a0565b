import { describe, expect, it } from 'vitest'
import { receiptStatus, windowState } from '../../../precompiles/proofOfAttribution/layout.ts'
import { type AttributionEvent, attributionEvents } from '../../../src/ai/receipts/events.ts'
import { noReceiptMetrics } from '../../../src/ai/receipts/ports.ts'
import { Tracker } from '../../../src/ai/receipts/tracker.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { MemoryMap, TestHost, TestServices } from '../../support/receiptServices.ts'
import { auditors, ReceiptWorld, scorer, worker } from '../../support/receiptWorld.ts'

const statusOf = (world: ReceiptWorld, id: Hash) => world.views.receipt(id)?.status ?? 0

/** All events since a block, in order. */
function eventsSince(world: ReceiptWorld, from: number): AttributionEvent[] {
  const events: AttributionEvent[] = []
  for (let number = from; number <= world.height; number++) {
    for (const { event } of attributionEvents(world.blocks.block(number)!)) events.push(event)
  }
  return events
}

/** Serves some answers and puts their receipts into the pool. */
function serve(
  world: ReceiptWorld,
  services: TestServices,
  evidence: TestHost,
  texts: readonly string[],
): Hash[] {
  return texts.map((text) => {
    const { receipt, receiptId } = evidence.serve(world, text)
    expect(services.offer(receipt)).toMatchObject({ verdict: 'accept' })
    return receiptId
  })
}

describe('a node that starts anew', () => {
  it('goes on where it stopped, after every single block, and contradicts nothing', async () => {
    const world = await ReceiptWorld.open({ parameters: { windowReceipts: 3 } })
    const evidence = new TestHost()
    const disks = new Map()
    const options = { worker, auditors, evidence, disks }
    let services = await TestServices.start(world, options)
    await services.mine()
    const from = world.height + 1
    const ids = serve(world, services, evidence, ['first', 'second', 'third'])
    await services.mine()
    for (let n = 0; n < 60 && world.views.window(1n, 1n)?.state !== windowState.closed; n++) {
      // what was sent before the crash is mined; what was only in memory is gone
      await services.stop()
      services = await TestServices.start(world, options)
      // it may send once more what is on its way already: that fails, and does nothing
      await services.mine({ allowFailures: true })
    }
    await services.stop()
    expect(ids.map((id) => statusOf(world, id))).toEqual(Array(3).fill(receiptStatus.final))
    const events = eventsSince(world, from)
    const count = (type: AttributionEvent['type']) => events.filter((event) => event.type === type).length
    expect(count('settled')).toBe(3)
    expect(count('auditOpened')).toBe(3)
    expect(count('auditRevealed')).toBe(9)
    expect(count('ended')).toBe(3)
    expect(count('windowClosed')).toBe(1)
    // the auditors keep nothing of what has ended
    await (await TestServices.start(world, options)).stop()
    for (const disk of disks.values()) expect(disk.contents.size).toBe(0)
  })

  it('finds the same open work as one that followed every block', async () => {
    const world = await ReceiptWorld.open({ parameters: { windowReceipts: 2 } })
    const evidence = new TestHost()
    const services = await TestServices.start(world, { worker, auditors, evidence })
    await services.mine()
    const served: Hash[] = []
    const { views, blocks, head } = world
    for (let n = 0; n < 30; n++) {
      if (n % 3 === 0) served.push(...serve(world, services, evidence, [`answer ${n}`]))
      if (n === 4) {
        const facts = services.tracker.receipt(served[0]!)!.facts
        world.send(auditors[0], { ...world.attributionCall('markWrong', [facts]), gasLimit: 200_000n })
      }
      await services.mine({ allowFailures: n === 4 })
      const fresh = new Tracker({}, { views, blocks, head, metrics: noReceiptMetrics, logger: silentLogger })
      await fresh.load()
      expect(fresh.height).toBe(services.tracker.height)
      expect(fresh.oldestWindows()).toEqual(services.tracker.oldestWindows())
      // that the requester asked for no audit is learnt from a view, not from an event
      expect([...fresh.receipts()]).toEqual([...services.tracker.receipts()])
    }
    expect(
      served.map((id) => statusOf(world, id)).filter((status) => status === receiptStatus.final).length,
    ).toBeGreaterThan(3)
    await services.stop()
  })
})

describe('an auditor', () => {
  /** A world in which the audit of one receipt is open and nobody has a verdict on the chain. */
  async function openAudit() {
    const parameters = {
      auditCommitBlocks: 16,
      auditRevealBlocks: 16,
      auditorExitBlocks: 100,
      hostExitBlocks: 100,
      adapterExitBlocks: 100,
    }
    const world = await ReceiptWorld.open({ parameters })
    const evidence = new TestHost()
    const disks = new Map([[auditors[0].address, new MemoryMap()]])
    const options = { worker, auditors, evidence, disks }
    const services = await TestServices.start(world, options)
    await services.mine()
    const [receiptId] = serve(world, services, evidence, ['asked'])
    await services.mineUntil(() => statusOf(world, receiptId!) === receiptStatus.auditOpen)
    return {
      world,
      evidence,
      services,
      options,
      receiptId: receiptId!,
      disk: disks.get(auditors[0].address)!,
    }
  }
  const batchesOf = (disk: MemoryMap) => [...disk.contents.keys()].filter((key) => key.startsWith('batch/'))
  const commitmentsOf = (world: ReceiptWorld, receiptId: Hash) =>
    eventsSince(world, 1).flatMap((event) =>
      event.type === 'auditCommitted' &&
      event.auditor === auditors[0].address &&
      event.receiptIds.includes(receiptId)
        ? [event.commitment]
        : [],
    )

  it('writes its commitment down before it sends it, and sends the same one when it was lost', async () => {
    const { world, services, options, receiptId, disk } = await openAudit()
    await services.mineUntil(() => batchesOf(disk).length > 0)
    const [written] = batchesOf(disk)
    // the transactions of all auditors are lost with the pools of their nodes
    world.pending.splice(0)
    await services.stop()
    for (const auditor of auditors) world.test.forgetNonces(auditor.address)
    const again = await TestServices.start(world, options)
    await again.mineUntil(() => commitmentsOf(world, receiptId).length > 0)
    expect(commitmentsOf(world, receiptId)).toEqual([written!.slice('batch/'.length)])
    expect(batchesOf(disk)).toEqual([written])
    await again.mineUntil(() => statusOf(world, receiptId) === receiptStatus.final)
    expect(world.views.audit(receiptId)).toMatchObject({ committed: 7, revealed: 7, verdicts: [1, 1, 1] })
    await again.stop()
  })

  it('sends it again without a restart, some blocks later', async () => {
    const { world, services, receiptId, disk } = await openAudit()
    await services.mineUntil(() => batchesOf(disk).length > 0)
    const [written] = batchesOf(disk)
    world.pending.splice(0)
    for (const auditor of auditors) world.test.forgetNonces(auditor.address)
    await services.mineUntil(() => statusOf(world, receiptId) === receiptStatus.final)
    expect(commitmentsOf(world, receiptId)).toEqual([written!.slice('batch/'.length)])
    expect(world.views.audit(receiptId)?.verdicts).toEqual([1, 1, 1])
    await services.stop()
  })

  it('never gives a second, other verdict, even when its engine changes its mind', async () => {
    const { world, services, options, receiptId, disk } = await openAudit()
    await services.mineUntil(() => batchesOf(disk).length > 0)
    world.pending.splice(0)
    await services.stop()
    for (const auditor of auditors) world.test.forgetNonces(auditor.address)
    const contrary = { reexecute: async () => Promise.reject(new Error('not asked again')) }
    const again = await TestServices.start(world, { ...options, engine: () => contrary })
    await again.mineUntil(() => statusOf(world, receiptId) === receiptStatus.final)
    expect(world.views.audit(receiptId)?.verdicts).toEqual([1, 1, 1])
    await again.stop()
  })

  it('commits to many receipts at once, and opens them at once', async () => {
    const world = await ReceiptWorld.open({ parameters: { windowReceipts: 20 } })
    const evidence = new TestHost()
    const services = await TestServices.start(world, { worker, auditors, evidence })
    await services.mine()
    const ids = serve(
      world,
      services,
      evidence,
      Array.from({ length: 4 }, (_, n) => `answer ${n}`),
    )
    await services.mineUntil(() => ids.every((id) => statusOf(world, id) === receiptStatus.final))
    const commitments = eventsSince(world, 1).flatMap((event) =>
      event.type === 'auditCommitted' ? [event] : [],
    )
    expect(commitments).toHaveLength(3)
    for (const { receiptIds } of commitments) expect(new Set(receiptIds)).toEqual(new Set(ids))
    await services.stop()
  })

  it('tries again when its own engine fails, and blames nobody', async () => {
    const world = await ReceiptWorld.open()
    const evidence = new TestHost()
    const engine = () => ({ reexecute: () => Promise.reject(new Error('the model is not loaded')) })
    const services = await TestServices.start(world, { worker, auditors, evidence, engine })
    await services.mine()
    const [id] = serve(world, services, evidence, ['asked'])
    await services.mineUntil(() => statusOf(world, id!) >= receiptStatus.final)
    expect(statusOf(world, id!)).toBe(receiptStatus.refunded)
    expect(world.views.audit(id!)).toMatchObject({ committed: 0, verdicts: [0, 0, 0] })
    expect(evidence.asked.length).toBeGreaterThan(3)
    await services.stop()
  })

  it('takes an output that is no answer of the adapter for a wrong one, and a close call for right', async () => {
    const { NodeError } = await import('../../../src/errors/errors.ts')
    const { testEngine } = await import('../../support/receiptServices.ts')
    const run = async (engine: NonNullable<Parameters<typeof TestServices.start>[1]['engine']>) => {
      const world = await ReceiptWorld.open()
      const evidence = new TestHost()
      const services = await TestServices.start(world, { worker, auditors, evidence, engine })
      await services.mine()
      const [id] = serve(world, services, evidence, ['asked'])
      await services.mineUntil(() => statusOf(world, id!) >= receiptStatus.final)
      await services.stop()
      return world.views.audit(id!)?.verdicts
    }
    const noAnswer = () => ({
      reexecute: () => Promise.reject(new NodeError('BAD_RECEIPT', 'no such class')),
    })
    expect(await run(noAnswer)).toEqual([2, 2, 2])
    const other = (own: object) => ({ ...own, output: Uint8Array.of(9) }) as never
    expect(await run(() => testEngine(16, other))).toEqual([2, 2, 2])
    const close = (own: object) => ({ ...own, output: Uint8Array.of(9), isCloseCall: true }) as never
    expect(await run(() => testEngine(16, close))).toEqual([1, 1, 1])
  })
})

describe('what anyone may do', () => {
  it('is done once by two nodes that take turns, and no transaction fails', async () => {
    const world = await ReceiptWorld.open({ parameters: { windowReceipts: 2 } })
    const evidence = new TestHost()
    const even = { worker, auditors, evidence, isOurTurn: () => world.height % 2 === 0 }
    const odd = { worker: scorer, auditors: [], evidence, isOurTurn: () => world.height % 2 === 1 }
    const [a, b] = [await TestServices.start(world, even), await TestServices.start(world, odd)]
    const mine = async () => {
      await a.mine()
      await b.follow()
    }
    await mine()
    const ids = serve(world, a, evidence, ['first', 'second'])
    for (const id of ids)
      expect(b.offer(evidence.served.get(id)!.receipt)).toMatchObject({ verdict: 'accept' })
    const from = world.height + 1
    for (let n = 0; n < 60 && world.views.window(1n, 1n)?.state !== windowState.closed; n++) await mine()
    expect(ids.map((id) => statusOf(world, id))).toEqual([receiptStatus.final, receiptStatus.final])
    const events = eventsSince(world, from)
    expect(events.filter((event) => event.type === 'notSettled')).toEqual([])
    expect(events.filter((event) => event.type === 'settled')).toHaveLength(2)
    await a.stop()
    await b.stop()
  })

  it('waits for its turn', async () => {
    const world = await ReceiptWorld.open()
    const evidence = new TestHost()
    let isOurTurn = false
    const services = await TestServices.start(world, {
      worker,
      auditors,
      evidence,
      isOurTurn: () => isOurTurn,
    })
    await services.mine()
    serve(world, services, evidence, ['asked'])
    await services.mine()
    await services.mine()
    expect(world.pending).toEqual([])
    isOurTurn = true
    await services.mine()
    expect(world.pending).toHaveLength(1)
    // sent and not mined: it is not sent a second time
    await services.follow()
    const [sent] = world.pending.splice(0)
    await services.mine()
    expect(world.pending).toEqual([])
    world.pending.push(sent!)
    await services.mine()
    await services.stop()
  })

  it('works off more receipts than one call takes, in several', async () => {
    const world = await ReceiptWorld.open({
      parameters: { windowReceipts: 64 },
      hostBondWei: 2_000n * 10n ** 18n,
    })
    const evidence = new TestHost()
    const services = await TestServices.start(world, { worker, auditors: [], evidence })
    const ids = serve(
      world,
      services,
      evidence,
      Array.from({ length: 40 }, (_, n) => `answer ${n}`),
    )
    await services.mine()
    await services.mine()
    expect(ids.filter((id) => statusOf(world, id) === receiptStatus.settled)).toHaveLength(32)
    await services.mineUntil(() => ids.every((id) => statusOf(world, id) === receiptStatus.final))
    await services.stop()
  })

  it('goes on after receipts that it could not follow for want of room', async () => {
    const world = await ReceiptWorld.open({ parameters: { windowReceipts: 6 } })
    const evidence = new TestHost()
    const services = await TestServices.start(world, { worker, auditors: [], evidence, maxReceipts: 2 })
    const ids = serve(
      world,
      services,
      evidence,
      Array.from({ length: 6 }, (_, n) => `answer ${n}`),
    )
    await services.mineUntil(() => world.views.window(1n, 1n)?.state === windowState.closed)
    expect(ids.map((id) => statusOf(world, id))).toEqual(Array(6).fill(receiptStatus.final))
    await services.stop()
  })
})
