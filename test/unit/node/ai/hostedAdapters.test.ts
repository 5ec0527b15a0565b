import { describe, expect, it } from 'vitest'
import { ACCESS_OPEN, adapterStatus, versionStatus } from '../../../../precompiles/adapter/layout.ts'
import type { ServedModel } from '../../../../src/ai/gateway/ports.ts'
import { BASE_MODEL } from '../../../../src/ai/models/modelFolder.ts'
import { RUNTIME_PROFILE_HASH } from '../../../../src/ai/models/profile.ts'
import type { AdapterView, BaseModelView, ReceiptViews } from '../../../../src/ai/receipts/views.ts'
import { limits } from '../../../../src/config/limits.ts'
import type { AdapterEngine } from '../../../../src/node/ai/adapterEngine.ts'
import { HostedAdapters } from '../../../../src/node/ai/hostedAdapters.ts'
import { ZERO_ADDRESS, ZERO_HASH } from '../../../../src/primitives/hex.ts'
import { silentLogger } from '../../../../src/runtime/logger.ts'
import { deferred } from '../../../support/network/eventually.ts'
import { settle } from '../../../support/network/manualClock.ts'

/** Blocks from a failure to the next attempt. */
const RETRY_BLOCKS = 5

const { onnxHash, tokenizerHash } = BASE_MODEL
const ours: BaseModelView = { name: 'ours', onnxHash, tokenizerHash, profileHash: RUNTIME_PROFILE_HASH }
/** By their ids; only the first is the one that this program runs. */
const baseModels: readonly (BaseModelView | undefined)[] = [
  undefined,
  ours,
  { ...ours, onnxHash: ZERO_HASH },
  { ...ours, tokenizerHash: ZERO_HASH },
  { ...ours, profileHash: ZERO_HASH },
]

interface TestAdapter extends AdapterView {
  /** From version 1 on. */
  readonly statuses: readonly number[]
}

const { draft, published, active, retired, dropped } = versionStatus

/** An adapter whose newest version is current, unless it says otherwise. */
function adapter(fields: Partial<TestAdapter> = {}): TestAdapter {
  const statuses = fields.statuses ?? [active]
  return {
    owner: ZERO_ADDRESS,
    baseModelId: 1n,
    status: adapterStatus.active,
    accessPolicy: ACCESS_OPEN,
    version: statuses.length,
    newestVersion: statuses.length,
    licence: 'CC0-1.0',
    metadataCid: 'bafy',
    statuses,
    ...fields,
  }
}

/** A chain with these adapters, ids from 1 on, and an engine that notes what it shall serve. */
function open(adapters: TestAdapter[], serve: (model: ServedModel) => Promise<void> = async () => undefined) {
  const tried: bigint[] = []
  const served: ServedModel[] = []
  const gone: ServedModel[] = []
  const signals: AbortSignal[] = []
  const head = { height: 10, nextBaseFeeWei: 1n }
  const views = {
    adapter: (id: bigint) => adapters[Number(id) - 1],
    adapterVersion: (id: bigint, version: number) => {
      const status = adapters[Number(id) - 1]?.statuses[version - 1]
      return status === undefined ? undefined : { status }
    },
    baseModel: (id: bigint) => baseModels[Number(id)],
  }
  const engine = {
    serve: async (model: ServedModel, signal: AbortSignal) => {
      tried.push(model.adapterId)
      signals.push(signal)
      await serve(model)
      served.push(model)
    },
    retire: (model: ServedModel) => {
      gone.push(model)
    },
  }
  const hosted = new HostedAdapters({
    views: views as unknown as ReceiptViews,
    head,
    engine: engine as unknown as AdapterEngine,
    logger: silentLogger,
  })
  return {
    hosted,
    tried,
    served,
    gone,
    signals,
    adapters,
    /** So many blocks later. */
    act: async (blocks = 1) => {
      head.height += blocks
      hosted.act()
      await settle()
    },
  }
}

const drafted = () => adapter({ status: adapterStatus.draft, statuses: [draft], version: 0 })
const model = (adapterId: bigint, adapterVersion: number): ServedModel => ({ adapterId, adapterVersion })

describe('a host', () => {
  it('serves the adapters of the base model that it runs, and no others', async () => {
    const list = [1n, 2n, 3n, 4n, 5n, 1n].map((baseModelId) => adapter({ baseModelId }))
    const { served, act } = open(list)
    await act()
    expect(served.map(({ adapterId }) => adapterId)).toEqual([1n, 6n])
  })

  it('serves each once, and later ones when they come', async () => {
    const { served, adapters, act } = open([adapter()])
    await act()
    adapters.push(adapter({ statuses: [dropped, dropped, active] }))
    await act()
    await act()
    expect(served).toEqual([model(1n, 1), model(2n, 3)])
  })

  it('serves a version before it is current, and the one before until it is retired', async () => {
    const { served, gone, adapters, act } = open([adapter()])
    await act()
    adapters[0] = adapter({ statuses: [active, draft], version: 1 })
    await act()
    expect(served).toEqual([model(1n, 1)])
    adapters[0] = adapter({ statuses: [active, published], version: 1 })
    await act()
    expect(served).toEqual([model(1n, 1), model(1n, 2)])
    adapters[0] = adapter({ statuses: [active, active] })
    await act()
    expect(gone).toEqual([])
    adapters[0] = adapter({ statuses: [retired, active] })
    await act()
    await act()
    expect(gone).toEqual([model(1n, 1)])
    expect(served.length).toBe(2)
  })

  it('serves the current version while the next is a draft or was dropped', async () => {
    const { served, act } = open([
      adapter({ statuses: [active, draft], version: 1 }),
      adapter({ statuses: [active, dropped], version: 1 }),
    ])
    await act()
    expect(served).toEqual([model(1n, 1), model(2n, 1)])
  })

  it('waits until a draft is published', async () => {
    const { tried, adapters, act } = open([drafted(), adapter()])
    await act()
    expect(tried).toEqual([2n])
    adapters[0] = adapter({ status: adapterStatus.published, statuses: [published], version: 0 })
    await act()
    expect(tried).toEqual([2n, 1n])
  })

  it('asks for files that were not to be had again, some blocks later', async () => {
    let failures = 2
    const { tried, served, act } = open([adapter()], async () => {
      if (failures-- > 0) throw new Error('nobody has it')
    })
    await act()
    await act(RETRY_BLOCKS - 1)
    expect(tried).toEqual([1n])
    await act(1)
    expect([tried.length, served.length]).toEqual([2, 0])
    await act(RETRY_BLOCKS)
    expect(served.length).toBe(1)
  })

  it('does not let one whose files are missing hold up the others', async () => {
    const { served, act } = open([adapter(), adapter()], async ({ adapterId }) => {
      if (adapterId === 1n) throw new Error('nobody has it')
    })
    await act()
    expect(served.map(({ adapterId }) => adapterId)).toEqual([2n])
  })

  it('loads one at a time', async () => {
    const gates = [deferred<void>(), deferred<void>()]
    const { tried, served, act } = open([adapter(), adapter()], ({ adapterId }) => {
      return gates[Number(adapterId) - 1]!.promise
    })
    await act()
    await act()
    expect(tried).toEqual([1n])
    gates[0]!.resolve()
    await settle()
    expect(tried).toEqual([1n, 2n])
    gates[1]!.resolve()
    await settle()
    expect(served.length).toBe(2)
  })

  it('finds an adapter behind any number of drafts, some blocks later', async () => {
    const drafts = Array.from({ length: 3 * limits.adaptersLookedAt }, drafted)
    const { tried, act } = open([...drafts, adapter()])
    await act()
    await act()
    await act()
    expect(tried).toEqual([])
    await act()
    expect(tried).toEqual([BigInt(drafts.length + 1)])
  })

  it('finds one that was a draft when it was looked at', async () => {
    const { tried, adapters, act } = open([drafted()])
    await act()
    adapters[0] = adapter()
    await act()
    expect(tried).toEqual([1n])
  })
})

describe('stopping a host', () => {
  it('gives up what it loads, waits for it, and tries nothing more', async () => {
    const gate = deferred<void>()
    const { hosted, tried, served, signals, act } = open([adapter(), adapter()], async () => {
      await gate.promise
      throw new Error('given up')
    })
    await act()
    let isStopped = false
    const stopped = hosted.stop().then(() => {
      isStopped = true
    })
    await settle()
    expect(signals[0]?.aborted).toBe(true)
    expect(isStopped).toBe(false)
    gate.resolve()
    await stopped
    expect([tried, served]).toEqual([[1n], []])
  })

  it('that loads nothing is done at once', async () => {
    const { hosted } = open([])
    await hosted.stop()
    expect(hosted.follow()).toBeUndefined()
  })
})
