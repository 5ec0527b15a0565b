import { beforeAll, describe, expect, it } from 'vitest'
import { createChainSpec } from '../../../src/chainspec/chainSpec.ts'
import { type GenesisInput, parseGenesis } from '../../../src/chainspec/schema.ts'
import type { BuiltValue } from '../../../src/consensus/ports.ts'
import { Chain } from '../../../src/execution/chain.ts'
import { blockHashOf } from '../../../src/ledger/block.ts'
import { type Certificate, checkCertificate } from '../../../src/ledger/certificate.ts'
import { decodeEnvelope } from '../../../src/ledger/envelope.ts'
import { ChainConsensusApp } from '../../../src/node/consensusApp.ts'
import { LocalExecution } from '../../../src/node/execution/localExecution.ts'
import { withConstructedAlloc } from '../../../src/node/genesisFile.ts'
import { precompilesOf } from '../../../src/node/precompiles.ts'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { FaultyStore, faultAt, type WriteFault } from '../../../src/storage/faultyStore.ts'
import { HEAD_KEY, kindRange } from '../../../src/storage/keys.ts'
import type { KvEntry, KvSnapshot, KvStore } from '../../../src/storage/kv.ts'
import { ensureLayout } from '../../../src/storage/layout.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { devnetGenesis } from '../../support/chain.ts'
import { ConsensusNode, SetClock } from '../../support/consensusNode.ts'
import { codeOf } from '../../support/network/outcome.ts'
import { storedNodes, walkState, wholeHeights } from '../state/support/keptStates.ts'
import { rootOfFlatKeys } from '../state/support/wholeStore.ts'
import { STORY_BLOCKS, storyBlock } from './support/chainStory.ts'

const EPOCH_BLOCKS = 2
const KEEPING = { mode: 'pruned', blocks: 1 } as const
const everything = { gte: Uint8Array.of(0), lt: Uint8Array.of(0xff) }

type Content = ReadonlyMap<string, string>

interface Decided {
  readonly value: BuiltValue
  readonly certificate: Certificate
}

/** One write of the undisturbed node: which block it belongs to, and all of the store before it. */
interface Written {
  readonly height: number
  readonly sync: boolean
  readonly before: KvSnapshot
}

let genesis: GenesisInput
let decided: Decided[]
/** In order; content `n` is that before write `n`, the last one is that of the end. */
let writes: Written[]
let contents: Content[]

async function contentOf(source: { iterate: KvStore['iterate'] }): Promise<Content> {
  const content = new Map<string, string>()
  for await (const [key, value] of source.iterate(everything)) content.set(bytesToHex(key), bytesToHex(value))
  return content
}

async function storeWith(snapshot: KvSnapshot): Promise<MemoryStore> {
  const entries: KvEntry[] = []
  for await (const entry of snapshot.iterate(everything)) entries.push(entry)
  const store = new MemoryStore()
  await store.write(
    entries.map(([key, value]) => ({ type: 'put', key, value })),
    { sync: true },
  )
  return store
}

/** A node on this store, as far as blocks are committed by it. */
class CommittingNode {
  readonly chain: Chain
  readonly app: ChainConsensusApp

  private constructor(chain: Chain, kv: KvStore) {
    this.chain = chain
    this.app = new ChainConsensusApp(
      { builder: undefined },
      {
        chain,
        kv,
        clock: new SetClock(),
        logger: silentLogger,
        execution: new LocalExecution({ chain, kv, clock: new SetClock() }),
        transactions: { offer: () => [], drop: () => undefined, setBack: () => undefined },
      },
    )
  }

  static async open(kv: KvStore): Promise<CommittingNode> {
    const spec = createChainSpec(parseGenesis(genesis, 'test'))
    await ensureLayout(kv)
    const chain = await Chain.open(
      { spec, precompiles: precompilesOf(spec), keeping: KEEPING },
      { kv, logger: silentLogger },
    )
    return new CommittingNode(chain, kv)
  }

  /** The next block of the story, and the pruning after it. */
  async commitNext(): Promise<void> {
    const { value, certificate } = decided[this.chain.head.height]!
    await this.app.commit(value.envelope, certificate)
    await this.chain.idle()
  }
}

beforeAll(async () => {
  const base = devnetGenesis()
  const short = { ...base, consensus: { ...base.consensus, epochBlocks: EPOCH_BLOCKS } }
  genesis = await withConstructedAlloc(short, 'test')
  const builder = await ConsensusNode.open({ validator: 0, genesis })
  decided = []
  for (let height = 1; height <= STORY_BLOCKS; height++) {
    builder.pending.push(...storyBlock(builder.test, height))
    const value = await builder.build()
    const certificate = builder.certificate(value.blockHash)
    await builder.decide(value, certificate)
    decided.push({ value, certificate })
    const receipts = builder.test.chain.store.receipts(height)!
    expect(receipts.map(({ succeeded }) => succeeded)).toEqual(receipts.map(() => true))
    expect(builder.pending).toEqual([])
  }

  const inner = new MemoryStore()
  writes = []
  let height = 0
  const store = new FaultyStore(inner, ({ sync }) => {
    writes.push({ height, sync, before: inner.snapshot() })
    return 'none'
  })
  const node = await CommittingNode.open(store)
  for (height = 1; height <= STORY_BLOCKS; height++) await node.commitNext()
  contents = []
  for (const { before } of writes) contents.push(await contentOf(before))
  contents.push(await contentOf(inner))
})

/** Head, blocks, indexes, certificates, priorities, flat state and tries say the same and lack nothing. */
async function checkWhole(kv: KvStore): Promise<number> {
  const node = await CommittingNode.open(kv)
  const { head, store, signingDomain } = node.chain
  for (let height = 0; height <= head.height; height++) {
    const block = store.block(height)!
    const blockHash = blockHashOf(block)
    expect(store.heightOf(blockHash)).toBe(height)
    expect(store.receipts(height)!.length).toBe(block.transactions.length)
    for (const [index, tx] of block.transactions.entries()) {
      expect(store.transaction(bytesToHex(tx.hash()))).toEqual({ height, index })
    }
    const certificate = store.certificate(height)
    expect(certificate?.blockHash).toBe(height === 0 ? undefined : blockHash)
    if (certificate !== undefined) checkCertificate(signingDomain, head.nextSet, certificate)
  }
  expect(store.block(head.height + 1)).toBeUndefined()
  const blocks = await contentOf({ iterate: () => kv.iterate(kindRange('block')) })
  expect(blocks.size).toBe(head.height + 1)
  expect((await node.app.context()).height).toBe(head.height + 1)
  expect(await rootOfFlatKeys(kv)).toBe(head.stateRoot)
  const stored = await storedNodes(kv)
  for (const height of wholeHeights(kv, head.height)) {
    for (const key of walkState(kv, bytesToHex(store.block(height)!.header.stateRoot))) {
      expect(stored.has(key)).toBe(true)
    }
  }
  return head.height
}

/** Opens a node before this write, lets it run into the fault, and starts the machine again. */
async function disturb(index: number, { fault, survives }: Fault): Promise<FaultyStore> {
  const { height } = writes[index]!
  const first = firstWriteOf(height)
  const store = new FaultyStore(await storeWith(writes[first]!.before), faultAt(index - first + 1, fault))
  const run = async () => {
    const node = await CommittingNode.open(store)
    if (height > 0) await node.commitNext()
  }
  await Promise.race([run().catch(() => undefined), store.whenStopped()])
  expect(store.writes).toBe(index - first + 1)
  await store.restart(survives)
  store.setPlan(() => 'none')
  return store
}

const firstWriteOf = (height: number) => writes.findIndex((write) => write.height === height)

/** The content when everything that belongs to this block is done. */
function contentAfter(height: number): Content {
  return height === STORY_BLOCKS ? contents.at(-1)! : contents[firstWriteOf(height + 1)]!
}

interface Fault {
  readonly fault: WriteFault
  /** Writes since the last synced one that outlive the end of the process. */
  readonly survives: number
}

const faults: readonly Fault[] = [
  { fault: 'fail', survives: 9 },
  { fault: 'fail-written', survives: 9 },
  { fault: 'stop', survives: 0 },
  { fault: 'stop-written', survives: 9 },
  { fault: 'stop-written', survives: 0 },
]

describe('a node whose disk or process fails', () => {
  it('has, when nothing fails, a store that is whole after every write', async () => {
    const heights: number[] = []
    for (const { before } of writes) {
      if (before.get(HEAD_KEY) !== undefined) heights.push(await checkWhole(await storeWith(before)))
    }
    expect(new Set(heights).size).toBe(STORY_BLOCKS + 1)
    expect(writes.map(({ height }) => height)).toEqual([...writes.map(({ height }) => height)].sort())
    // the layout, genesis, which states are kept, then blocks and what was dropped after them
    expect(writes.filter(({ height }) => height === 0).length).toBe(3)
    expect(writes.filter(({ sync }) => !sync).length).toBeGreaterThanOrEqual(STORY_BLOCKS - 1)
  })

  it.each(faults)(
    'finds all of the block before or all of the block after, at every write ($fault, $survives)',
    async ({ fault, survives }) => {
      for (const [index, { height, sync }] of writes.entries()) {
        const store = await disturb(index, { fault, survives })
        const isWritten = fault.endsWith('written') && (sync || survives > 0)
        expect(await contentOf(store)).toEqual(contents[isWritten ? index + 1 : index])
        const node = await CommittingNode.open(store)
        const last = Math.min(height + 1, STORY_BLOCKS)
        if (node.chain.head.height === last) continue
        while (node.chain.head.height < last) await node.commitNext()
        expect(await contentOf(store)).toEqual(contentAfter(last))
      }
    },
  )

  it.each<WriteFault>(['fail', 'fail-written'])(
    'does nothing more after a block that could not be written, until it is opened again (%s)',
    async (fault) => {
      const store = new FaultyStore(await storeWith(writes[firstWriteOf(1)]!.before), faultAt(1, fault))
      const node = await CommittingNode.open(store)
      expect(await codeOf(node.commitNext())).toBe('STORAGE_FAILED')
      const envelope = decodeEnvelope(decided[0]!.value.envelope)
      expect(await codeOf(node.chain.validate(envelope))).toBe('STORAGE_FAILED')
      expect(await codeOf(node.commitNext())).toBe('STORAGE_FAILED')
      const again = await CommittingNode.open(store)
      expect(again.chain.head.height).toBe(fault === 'fail' ? 0 : 1)
      await again.commitNext()
      expect(await contentOf(store)).toEqual(contentAfter(again.chain.head.height))
    },
  )

  it('goes on deciding blocks when old states cannot be dropped, and drops them after the next start', async () => {
    const store = new FaultyStore(await storeWith(writes[firstWriteOf(1)]!.before))
    store.setPlan(({ sync }) => (sync ? 'none' : 'fail'))
    const node = await CommittingNode.open(store)
    for (let height = 1; height < STORY_BLOCKS; height++) await node.commitNext()
    store.setPlan(() => 'none')
    expect(await contentOf(store)).not.toEqual(contentAfter(STORY_BLOCKS - 1))
    const again = await CommittingNode.open(store)
    await again.commitNext()
    expect(await contentOf(store)).toEqual(contentAfter(STORY_BLOCKS))
  })
})
