import { describe, expect, it } from 'vitest'
import { adapterStatus } from '../../../../precompiles/adapter/layout.ts'
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

function adapter(fields: Partial<AdapterView> = {}): AdapterView {
  return {
    owner: ZERO_ADDRESS,
    baseModelId: 1n,
    status: adapterStatus.active,
    version: 1,
    k: 16,
    rowCount: 4,
    projectionSeed: ZERO_HASH,
    weightsHash: ZERO_HASH,
    licence: 'CC0-1.0',
    metadataCid: 'bafy',
    ...fields,
  }
}

/** A chain with these adapters, ids from 1 on, and an engine that notes what it shall serve. */
function open(adapters: AdapterView[], serve: (model: ServedModel) => Promise<void> = async () => undefined) {
  const tried: bigint[] = []
  const served: ServedModel[] = []
  const signals: AbortSignal[] = []
  const head = { height: 10, nextBaseFeeWei: 1n }
  const views = {
    adapter: (id: bigint) => adapters[Number(id) - 1],
    baseModel: (id: bigint) => baseModels[Number(id)],
  }
  const engine = {
    serve: async (model: ServedModel, signal: AbortSignal) => {
      tried.push(model.adapterId)
      signals.push(signal)
      await serve(model)
      served.push(model)
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
    adapters.push(adapter({ version: 3 }))
    await act()
    await act()
    expect(served).toEqual([
      { adapterId: 1n, adapterVersion: 1 },
      { adapterId: 2n, adapterVersion: 3 },
    ])
  })

  it('waits until a draft is published', async () => {
    const { tried, adapters, act } = open([adapter({ status: adapterStatus.draft }), adapter()])
    await act()
    expect(tried).toEqual([2n])
    adapters[0] = adapter({ status: adapterStatus.published })
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
    const drafts = Array.from({ length: 3 * limits.adaptersLookedAt }, () =>
      adapter({ status: adapterStatus.draft }),
    )
    const { tried, act } = open([...drafts, adapter()])
    await act()
    await act()
    await act()
    expect(tried).toEqual([])
    await act()
    expect(tried).toEqual([BigInt(drafts.length + 1)])
  })

  it('finds one that was a draft when it was looked at', async () => {
    const { tried, adapters, act } = open([adapter({ status: adapterStatus.draft })])
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
