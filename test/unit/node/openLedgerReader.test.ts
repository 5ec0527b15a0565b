import { encodeFunctionData } from 'viem'
import { beforeAll, describe, expect, it } from 'vitest'
import { iAdapterRegistryAbi } from '../../../contracts/generated/IAdapterRegistry.ts'
import { adapterStatus, versionStatus } from '../../../precompiles/adapter/layout.ts'
import { ADAPTER_ADDRESS } from '../../../precompiles/addresses.ts'
import { receiptFlag, receiptStatus, windowState } from '../../../precompiles/proofOfAttribution/layout.ts'
import { openLedgerReader } from '../../../src/node/openLedgerReader.ts'
import { type Hash, ZERO_HASH } from '../../../src/primitives/hex.ts'
import type { Plain } from '../../../src/rpc/ports.ts'
import { codeOf } from '../../support/network/outcome.ts'
import { OPEN, testHash } from '../../support/precompileWorld.ts'
import { TestHost, TestServices } from '../../support/receiptServices.ts'
import {
  auditors,
  contributors,
  host,
  owner,
  PRICE,
  PROFILE_HASH,
  ReceiptWorld,
  worker,
} from '../../support/receiptWorld.ts'

type Fields = Record<string, Plain>

/** What the registries of this world say after its head. */
function readerOf(world: ReceiptWorld) {
  const { chain } = world.test
  const reader = openLedgerReader({
    chain,
    state: { at: async () => chain.head.state, proof: () => Promise.reject(new Error('not asked for')) },
  })
  const now = () => BigInt(chain.head.height)
  return {
    reader,
    datanet: async (id: bigint) => (await reader.datanet(id, now())) as Fields | undefined,
    adapter: async (id: bigint) => (await reader.adapter(id, now())) as Fields | undefined,
    receipt: async (id: Hash) => (await reader.receipt(id, now())) as Fields | undefined,
    attribution: async (id: bigint, window?: bigint) =>
      (await reader.attribution(id, window, now())) as Fields | undefined,
  }
}

const lower = (value: unknown) => String(value).toLowerCase()
const contributionsOf = (found: Fields | undefined) => (found?.contributions ?? []) as unknown as Fields[]

describe('Datanets and adapters', () => {
  let world: ReceiptWorld
  beforeAll(async () => {
    world = await ReceiptWorld.open()
  })

  it('show a Datanet with its frozen versions', async () => {
    const found = await readerOf(world).datanet(1n)
    expect(found).toMatchObject({
      datanetId: 1n,
      name: 'Weaknesses',
      policy: 1,
      terms: { minBondWei: OPEN, acceptThresholdBps: 5000 },
      versions: 1,
    })
    expect(lower(found?.owner)).toBe(owner.address)
    expect(found?.frozenVersions).toMatchObject([{ version: 1, frozen: true, memberCount: 4 }])
  })

  it('show an adapter with its base model, its Datanets and its price', async () => {
    const found = await readerOf(world).adapter(1n)
    expect(found).toMatchObject({
      adapterId: 1n,
      status: adapterStatus.active,
      version: 1,
      versions: [
        {
          version: 1,
          status: versionStatus.active,
          k: world.k,
          weightsHash: testHash('weights'),
          datanets: [{ datanetId: 1n, version: 1 }],
        },
      ],
      baseModel: { name: 'encoder', onnxHash: testHash('onnx'), profileHash: PROFILE_HASH },
      parents: [],
      price: PRICE,
    })
    expect(found).not.toHaveProperty('nextPrice')
  })

  it('show a price that will rise, and from when', async () => {
    const own = await ReceiptWorld.open()
    const nextPrice = { ...PRICE, baseWei: PRICE.baseWei * 2n }
    const data = encodeFunctionData({
      abi: iAdapterRegistryAbi,
      functionName: 'setPrice',
      args: [1n, nextPrice],
    })
    own.send(owner, { to: ADAPTER_ADDRESS, data })
    await own.mine()
    const nextPriceFromBlock = own.height + own.parameters.priceRiseDelayBlocks
    expect(await readerOf(own).adapter(1n)).toMatchObject({ price: PRICE, nextPrice, nextPriceFromBlock })
  })

  it('are absent where there are none', async () => {
    const { datanet, adapter, receipt, attribution } = readerOf(world)
    expect(await datanet(2n)).toBeUndefined()
    expect(await adapter(2n)).toBeUndefined()
    expect(await receipt(ZERO_HASH)).toBeUndefined()
    expect(await attribution(2n)).toBeUndefined()
    // an adapter without a receipt has no window
    expect(await attribution(1n)).toBeUndefined()
    expect(await attribution(1n, 0n)).toBeUndefined()
    expect(await attribution(1n, 1n)).toBeUndefined()
  })

  it('are read after a block that is there', async () => {
    const { reader } = readerOf(world)
    const next = BigInt(world.height + 1)
    expect(await codeOf(reader.datanet(1n, next))).toBe('NOT_FOUND')
    expect(await codeOf(reader.adapter(1n, next))).toBe('NOT_FOUND')
    expect(await codeOf(reader.receipt(ZERO_HASH, next))).toBe('NOT_FOUND')
    expect(await codeOf(reader.attribution(1n, undefined, next))).toBe('NOT_FOUND')
  })
})

describe('receipts and attribution', () => {
  it('show a receipt from its settlement to its end, and how its window was divided', async () => {
    const world = await ReceiptWorld.open({ parameters: { windowReceipts: 2 } })
    const evidence = new TestHost()
    const services = await TestServices.start(world, { worker, auditors: [], evidence })
    const { receipt, attribution } = readerOf(world)
    // auditors may not see these, so nothing but time makes them final
    const served = ['first', 'second'].map((text) => evidence.serve(world, text, { auditClass: 2 }))
    for (const one of served) services.offer(one.receipt)
    const { receiptId } = served[0]!
    await services.mineUntil(() => world.views.receipt(receiptId) !== undefined)

    expect(await receipt(receiptId)).toMatchObject({
      receiptId,
      status: receiptStatus.settled,
      adapterId: 1n,
      windowIndex: 1n,
      audit: null,
    })
    expect(lower((await receipt(receiptId))?.host)).toBe(host.address)
    const open = await attribution(1n)
    expect(open).toMatchObject({ windowIndex: 1n, isClosed: false, state: windowState.open, settled: 2 })
    const rows = contributionsOf(open)
    expect(rows.map(({ row, datanetId, version }) => [row, datanetId, version])).toEqual(
      [0, 1, 2, 3].map((row) => [row, 1n, 1]),
    )
    expect(rows.every(({ score, amountWei }) => score === null && amountWei === null)).toBe(true)

    await services.mineUntil(() => world.views.window(1n, 1n)?.state === windowState.closed)
    await services.stop()
    expect(await receipt(receiptId)).toMatchObject({
      status: receiptStatus.final,
      flags: receiptFlag.unaudited,
    })
    const closed = (await attribution(1n, 1n))!
    expect(closed).toMatchObject({ adapterId: 1n, isClosed: true, state: windowState.closed, scoredRows: 4 })
    checkDivision(world, closed)
    expect(await attribution(1n, 2n)).toBeUndefined()
  })

  it('show who audits a receipt', async () => {
    const world = await ReceiptWorld.open()
    const evidence = new TestHost()
    const services = await TestServices.start(world, { worker, auditors, evidence })
    await services.mine()
    const { receipt, receiptId } = evidence.serve(world, 'first')
    services.offer(receipt)
    await services.mineUntil(() => world.views.receipt(receiptId)?.status === receiptStatus.auditOpen)
    await services.stop()
    const found = (await readerOf(world).receipt(receiptId))!
    const { committee } = found.audit as { committee: readonly Plain[] }
    expect(committee.map(lower).sort()).toEqual(auditors.map(({ address }) => address).sort())
  })
})

/** Scores are signed decimal texts; what is paid adds up to the pot and reached the contributors. */
function checkDivision(world: ReceiptWorld, closed: Fields): void {
  const rows = contributionsOf(closed)
  for (const { score } of rows) expect(score).toMatch(/^-?[1-9][0-9]*$/)
  expect(rows.some(({ score }) => String(score).startsWith('-'))).toBe(true)
  expect(rows.some(({ score }) => !String(score).startsWith('-'))).toBe(true)
  const paid = rows.reduce((sum, { amountWei }) => sum + (amountWei as bigint), 0n)
  expect(paid).toBe((closed.potWei as bigint) - (closed.closersWei as bigint))
  expect(paid).toBeGreaterThan(0n)
  for (const { address } of contributors) {
    const own = rows.filter(({ contributor }) => lower(contributor) === address)
    expect(own.length).toBe(2)
    const due = own.reduce((sum, { amountWei }) => sum + (amountWei as bigint), 0n)
    expect(world.creditOf(address)).toBe(due)
  }
}
