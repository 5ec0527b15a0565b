import { beforeAll, describe, expect, it } from 'vitest'
import { readValidatorSet } from '../../../src/execution/stakingView.ts'
import { encodeCertificate } from '../../../src/ledger/certificate.ts'
import { readDecided } from '../../../src/node/consensusApp.ts'
import { rpcChainReader, rpcStateAccess } from '../../../src/node/rpcPorts.ts'
import { forgetSnapshot, joinBySnapshot } from '../../../src/node/sync/snapshotJoin.ts'
import { type Address, bytesToHex, type Hash } from '../../../src/primitives/hex.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { TrieState } from '../../../src/state/trieState.ts'
import { type KeyKind, kindRange, metadataKey, workRecordRange } from '../../../src/storage/keys.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { decodeRangeResponse, encodeRangeRequest, SYNC_PROTOCOL } from '../../../src/sync/codec.ts'
import { decodeEpochResponse, EPOCH_PROTOCOL, encodeEpochResponse } from '../../../src/sync/epochs/codec.ts'
import { decodeEpochRecord, encodeEpochRecord } from '../../../src/sync/epochs/epochRecord.ts'
import { EpochRecorder } from '../../../src/sync/epochs/epochRecorder.ts'
import { EpochStore } from '../../../src/sync/epochs/epochStore.ts'
import {
  decodeAccountChunk,
  decodeSlotChunk,
  decodeSnapshotRequest,
  encodeAccountChunk,
  encodeCodes,
  encodeOffers,
  encodeSlotChunk,
  SNAPSHOT_PROTOCOL,
} from '../../../src/sync/snapshot/codec.ts'
import { readTarget } from '../../../src/sync/snapshot/tasks.ts'
import { account, TestChain } from '../../support/chain.ts'
import { ConsensusNode } from '../../support/consensusNode.ts'
import { codeOf } from '../../support/network/outcome.ts'
import { epochChain, shortEpochs } from '../../support/sync/epochs.ts'
import { EagerClock, type Lie, PeerNet, syncAppOf } from '../../support/sync/peerNet.ts'

const EPOCH = 4
const BOUNDARY = 12
const HEAD = 14
const genesis = await shortEpochs(EPOCH)
const receiver = (n: number): Address => `0x${(0xabc000 + n).toString(16).padStart(40, '0')}`

/** A node with 14 blocks: three epochs and two blocks. */
let served: ConsensusNode
let net: PeerNet

beforeAll(async () => {
  served = await ConsensusNode.open({ validator: 0, genesis })
  for (let height = 1; height <= HEAD; height++) {
    for (let n = 0; n < 3; n++) {
      const to = receiver(height * 3 + n)
      served.pending.push(served.test.transaction(account(n), { to, value: 5n, gasLimit: 21_000n }))
    }
    await served.decide(await served.build(served.test.chain.head.certificate))
  }
  const store = await EpochStore.open(served.kv)
  const { chain } = served.test
  const recorder = new EpochRecorder(
    { epochBlocks: EPOCH },
    { chain: epochChain(chain), store, kv: served.kv, logger: silentLogger },
  )
  await recorder.start()
  await recorder.stop()
})

async function join(
  kv: MemoryStore,
  options: { trustedHash?: Hash; nowMs?: number; signal?: AbortSignal } = {},
) {
  const { trustedHash, nowMs = 0, signal = new AbortController().signal } = options
  await joinBySnapshot(
    { spec: served.test.chain.spec, trustedHash },
    { kv, clock: new EagerClock(nowMs), logger: silentLogger, network: async () => net.network },
    signal,
  )
}

async function newNet(...peers: readonly (readonly [string, Lie?])[]): Promise<void> {
  net = new PeerNet()
  for (const [id, lie] of peers) await net.add(id, served.test.chain, served.kv, lie)
}

/** Opens a chain on the store and gives it the blocks that are still missing, as block sync would. */
async function openAndFollow(kv: MemoryStore): Promise<ConsensusNode> {
  const node = await ConsensusNode.open({ genesis, kv })
  for (let height = node.height + 1; height <= HEAD; height++) {
    const { envelope, certificate } = readDecided(served.test.chain, height)!
    await node.app.commit(envelope, certificate)
  }
  return node
}

async function entries(kv: MemoryStore, kind: KeyKind): Promise<string[]> {
  const found: string[] = []
  for await (const [key, value] of kv.iterate(kindRange(kind)))
    found.push(`${bytesToHex(key)} ${bytesToHex(value)}`)
  return found
}

describe('joining by snapshot', () => {
  it('begins at the newest end of an epoch, and goes on from there to the same state and head', async () => {
    await newNet(['a'], ['b'])
    const kv = new MemoryStore()
    await join(kv)
    expect(net.reports).toEqual([])
    // many chunks, from both
    expect(net.asked.filter((protocol) => protocol === SNAPSHOT_PROTOCOL).length).toBeGreaterThan(20)
    const node = await TestChain.open({ kv, genesis })
    expect(node.chain.head.height).toBe(BOUNDARY)
    expect(node.chain.head.stateRoot).toBe(served.test.chain.store.stateRoot(BOUNDARY))
    expect(node.chain.statesFrom).toBe(BOUNDARY)
    const followed = await openAndFollow(kv)
    expect(followed.test.chain.head.blockHash).toBe(served.test.chain.head.blockHash)
    for (const kind of ['account', 'slot', 'code', 'preimage', 'epochRecord'] as const) {
      expect(await entries(kv, kind), kind).toEqual(await entries(served.kv, kind))
    }
    expect(readValidatorSet(followed.test.chain.head.state)).toEqual(served.test.chain.head.nextSet)
    expect(bytesToHex(kv.get(metadataKey('priorities'))!)).toBe(
      bytesToHex(served.kv.get(metadataKey('priorities'))!),
    )
    expect(readTarget(kv)).toBeUndefined()
    for await (const _left of kv.iterate(workRecordRange('snapshot'))) throw new Error('a task is left')
  })

  it('keeps the state of its beginning whole, from the trie as well', async () => {
    await newNet(['a'])
    const kv = new MemoryStore()
    await join(kv)
    const state = new TrieState(kv, served.test.chain.store.stateRoot(BOUNDARY)!)
    const expected = new TrieState(served.kv, served.test.chain.store.stateRoot(BOUNDARY)!)
    for (let n = 3; n < 3 * HEAD; n++)
      expect(state.account(receiver(n))).toEqual(expected.account(receiver(n)))
    expect(readValidatorSet(state)).toEqual(readValidatorSet(expected))
  })

  it('leaves a store with a chain alone', async () => {
    await newNet()
    const kv = new MemoryStore()
    await TestChain.open({ kv, genesis })
    await join(kv)
    expect(net.asked).toEqual([])
  })

  it('goes on where it was interrupted, and asks for nothing twice', async () => {
    await newNet(['a'])
    await join(new MemoryStore())
    const needed = countChunks()
    await newNet(['a'])
    const kv = new MemoryStore()
    for (const after of [3, 9, 30]) {
      const stop = new AbortController()
      net.onRequest = () => {
        if (countChunks() >= after) stop.abort()
      }
      expect(await codeOf(join(kv, { signal: stop.signal }))).toBe('CANCELLED')
      expect(readTarget(kv)?.height).toBe(BOUNDARY)
    }
    net.onRequest = () => undefined
    await join(kv)
    expect((await openAndFollow(kv)).height).toBe(HEAD)
    // offers and what was under way when it stopped: at most one chunk a worker each time
    expect(countChunks()).toBeLessThan(needed + 3 * 9 + 4)
  })

  it('is forgotten by a node that is to fetch all blocks', async () => {
    await newNet(['a'])
    const kv = new MemoryStore()
    const stop = new AbortController()
    net.onRequest = () => {
      if (countChunks() >= 12) stop.abort()
    }
    expect(await codeOf(join(kv, { signal: stop.signal }))).toBe('CANCELLED')
    expect((await entries(kv, 'account')).length).toBeGreaterThan(0)
    await forgetSnapshot(kv)
    for (const kind of ['account', 'slot', 'code', 'trieNode', 'preimage'] as const) {
      expect(await entries(kv, kind)).toEqual([])
    }
    expect((await openAndFollow(kv)).test.chain.head.blockHash).toBe(served.test.chain.head.blockHash)
    expect(await entries(kv, 'trieNode')).toEqual(await entries(served.kv, 'trieNode'))
  })

  it('begins with another state when the first is served no more', async () => {
    await newNet(['a'])
    const kv = new MemoryStore()
    const stop = new AbortController()
    net.onRequest = () => {
      if (countChunks() >= 12) stop.abort()
    }
    expect(await codeOf(join(kv, { signal: stop.signal }))).toBe('CANCELLED')
    await newNet([
      'a',
      (protocol, request, answer) =>
        isOffers(protocol, request) ? encodeOffers([BOUNDARY - EPOCH]) : answer,
    ])
    await join(kv)
    const node = await TestChain.open({ kv, genesis })
    expect(node.chain.head.height).toBe(BOUNDARY - EPOCH)
    expect((await openAndFollow(kv)).test.chain.head.blockHash).toBe(served.test.chain.head.blockHash)
    expect(await entries(kv, 'slot')).toEqual(await entries(served.kv, 'slot'))
  })

  it('is left to block sync in a young network, and given up where nobody serves one', async () => {
    await newNet()
    expect(await codeOf(join(new MemoryStore()))).toBe('NOT_FOUND')
    net = new PeerNet()
    const young = new MemoryStore()
    const test = await TestChain.open({ kv: young, genesis })
    await test.mineEmpty(2)
    await net.add('young', test.chain, young)
    const kv = new MemoryStore()
    await join(kv)
    expect((await openAndFollow(kv)).height).toBe(HEAD)
  })

  const countChunks = () => net.asked.filter((protocol) => protocol === SNAPSHOT_PROTOCOL).length
})

function isOffers(protocol: string, request: Uint8Array): boolean {
  return protocol === SNAPSHOT_PROTOCOL && decodeSnapshotRequest(request).kind === 'offers'
}

describe('trust', () => {
  const lateMs = Number(genesis.timestamp) * 1000 + 10_000 * 60_000
  const hashAt = (height: number) => bytesToHex(served.test.chain.store.block(height)!.hash())

  it('in genesis ends when stakes may have left', async () => {
    await newNet(['a'])
    expect(await codeOf(join(new MemoryStore(), { nowMs: lateMs }))).toBe('BAD_CONFIG')
    const kv = new MemoryStore()
    await join(kv, { nowMs: lateMs, trustedHash: hashAt(8) })
    expect((await openAndFollow(kv)).height).toBe(HEAD)
  })

  it('in a hash that is not in the chain is refused', async () => {
    await newNet(['a'])
    expect(await codeOf(join(new MemoryStore(), { trustedHash: hashAt(7) }))).toBe('BAD_CONFIG')
  })
})

describe('a peer that lies', () => {
  const inChunk =
    (change: (chunk: ReturnType<typeof decodeAccountChunk>) => object): Lie =>
    (protocol, request, answer) => {
      if (protocol !== SNAPSHOT_PROTOCOL || decodeSnapshotRequest(request).kind !== 'accounts') return answer
      const chunk = decodeAccountChunk(answer)
      return encodeAccountChunk({ ...chunk, ...change(chunk) })
    }
  const lies: readonly (readonly [string, Lie])[] = [
    [
      'about a balance',
      inChunk(({ items }) => ({
        items: items.map((item) => ({
          ...item,
          account: Uint8Array.from(item.account, (byte, at) => (at === 6 ? byte ^ 1 : byte)),
        })),
        isSplit: false,
      })),
    ],
    ['by leaving an account out', inChunk(({ items }) => ({ items: items.slice(1), isSplit: false }))],
    [
      'by naming an account otherwise',
      inChunk(({ items }) => ({
        items: items.map((item) => ({ ...item, address: new Uint8Array(20).fill(9) })),
        isSplit: false,
      })),
    ],
    ['by leaving the proof out', inChunk(() => ({ proof: [] }))],
    [
      'about a split',
      inChunk(({ items, isSplit }) => (isSplit ? {} : { isSplit: true, items: [], proof: [], was: items })),
    ],
    [
      'with nonsense for a chunk',
      (protocol, request, answer) =>
        protocol === SNAPSHOT_PROTOCOL && !isOffers(protocol, request) ? Uint8Array.of(1, 2) : answer,
    ],
    [
      'with a chunk that is too large',
      (protocol, request, answer) =>
        protocol === SNAPSHOT_PROTOCOL && !isOffers(protocol, request)
          ? new Uint8Array(1024 * 1024 + 1)
          : answer,
    ],
    [
      'about a slot that came with its account',
      inChunk(({ items }) => ({
        items: items.map((item) => ({
          ...item,
          slots: item.slots.map(({ slot }) => ({ slot, value: Uint8Array.of(0x77) })),
        })),
      })),
    ],
    [
      'by leaving the slots of an account out',
      inChunk(({ items }) => ({ items: items.map((item) => ({ ...item, slots: item.slots.slice(1) })) })),
    ],
    [
      'about a slot of a large storage',
      (protocol, request, answer) => {
        if (protocol !== SNAPSHOT_PROTOCOL || decodeSnapshotRequest(request).kind !== 'slots') return answer
        const chunk = decodeSlotChunk(answer)
        const items = chunk.items.map(({ slot }) => ({ slot, value: Uint8Array.of(0x77) }))
        return encodeSlotChunk({ ...chunk, items })
      },
    ],
    [
      'about a validator set',
      (protocol, _request, answer) => {
        if (protocol !== EPOCH_PROTOCOL) return answer
        const { epochs, records } = decodeEpochResponse(answer)
        const cut = records
          .map(decodeEpochRecord)
          .map((one) => encodeEpochRecord({ ...one, proof: one.proof.slice(0, -1) }))
        return encodeEpochResponse({ epochs, records: cut })
      },
    ],
    [
      'about who decided an epoch’s end',
      (protocol, _request, answer) => {
        if (protocol !== EPOCH_PROTOCOL) return answer
        const { epochs, records } = decodeEpochResponse(answer)
        const certificate = served.test.chain.store.certificate(3)!
        const changed = records
          .map(decodeEpochRecord)
          .map((one) => encodeEpochRecord(one.epoch === 1 ? { ...one, certificate } : one))
        return encodeEpochResponse({ epochs, records: changed })
      },
    ],
  ]

  it.each(lies)('%s is cut off, and the rest comes from another', async (_name, lie) => {
    // alone at first, so that it is the one that is asked; the other comes once the lie is told
    await newNet([
      'liar',
      async (protocol, request, answer) => {
        const told = await lie(protocol, request, answer)
        const isLie = Buffer.compare(told, answer) !== 0
        if (isLie) await net.add('honest', served.test.chain, served.kv)
        return told
      },
    ])
    const kv = new MemoryStore()
    await join(kv)
    const cutOff = net.reports.filter(({ offence }) => offence === 'misbehaved').map(({ peer }) => peer)
    expect(new Set(cutOff)).toEqual(new Set(['liar']))
    expect(net.reports.filter(({ peer }) => peer === 'honest')).toEqual([])
    expect((await openAndFollow(kv)).test.chain.head.blockHash).toBe(served.test.chain.head.blockHash)
  })

  it('about a code is cut off, and another that comes later brings the rest', async () => {
    await newNet([
      'liar',
      async (protocol, request, answer) => {
        if (protocol !== SNAPSHOT_PROTOCOL || decodeSnapshotRequest(request).kind !== 'codes') return answer
        await net.add('honest', served.test.chain, served.kv)
        return encodeCodes([Uint8Array.of(0xfe, 0xfe)])
      },
    ])
    const kv = new MemoryStore()
    await join(kv)
    expect(net.reports).toMatchObject([{ peer: 'liar', offence: 'misbehaved' }])
    expect((await openAndFollow(kv)).test.chain.head.blockHash).toBe(served.test.chain.head.blockHash)
  })

  it('about the block of the snapshot is not believed', async () => {
    const other: Lie = async (protocol, _request, answer) =>
      protocol === SYNC_PROTOCOL
        ? net.network.requests.request(
            'honest',
            SYNC_PROTOCOL,
            encodeRangeRequest({ fromHeight: 8, count: 1, maxBytes: 1 }),
            { timeoutMs: 1, maxResponseBytes: 1e7 },
          )
        : answer
    await newNet(['liar', other], ['honest'])
    const kv = new MemoryStore()
    await join(kv)
    expect((await openAndFollow(kv)).test.chain.head.blockHash).toBe(served.test.chain.head.blockHash)
  })
})

describe('a node that began with a snapshot', () => {
  let node: ConsensusNode
  let kv: MemoryStore
  beforeAll(async () => {
    await newNet(['a'])
    kv = new MemoryStore()
    await join(kv)
    node = await openAndFollow(kv)
  })

  it('says that it has no blocks from before, and errs for what they would tell', async () => {
    const { chain } = node.test
    const reader = rpcChainReader(chain)
    expect(await reader.blockByNumber(3n)).toBeUndefined()
    expect((await reader.blockByNumber(0n))?.header.number).toBe(0n)
    const first = (await reader.blockByNumber(BigInt(BOUNDARY)))!
    expect(await codeOf(reader.receipts(first))).toBe('NOT_FOUND')
    expect(await reader.receipts((await reader.blockByNumber(BigInt(BOUNDARY + 1)))!)).toHaveLength(3)
    expect(await reader.transactionLocation(bytesToHex(first.transactions[0]!.hash()))).toBeUndefined()
    const query = { addresses: [], topics: [], limit: 10 }
    const logs = (from: number, to: number) =>
      reader.logs({ ...query, fromBlock: BigInt(from), toBlock: BigInt(to) })
    expect(await codeOf(logs(1, HEAD))).toBe('NOT_FOUND')
    expect(await codeOf(logs(BOUNDARY, HEAD))).toBe('NOT_FOUND')
    expect(await logs(BOUNDARY + 1, HEAD)).toEqual([])
    const state = rpcStateAccess({ chain, kv, head: chain.head as never })
    expect(await codeOf(state.at(3n))).toBe('NOT_FOUND')
    expect(await codeOf(state.at(0n))).toBe('STATE_PRUNED')
    expect((await state.at(BigInt(BOUNDARY))).account(receiver(5))?.balanceWei).toBe(5n)
  })

  it('serves ranges from there on, epoch records and a snapshot of its own', async () => {
    net = new PeerNet()
    await net.add('joined', node.test.chain, kv)
    const ask = async (fromHeight: number) =>
      decodeRangeResponse(
        await net.network.requests.request(
          'joined',
          SYNC_PROTOCOL,
          encodeRangeRequest({ fromHeight, count: 9, maxBytes: 1e6 }),
          { timeoutMs: 1, maxResponseBytes: 1e7 },
        ),
      )
    expect(await ask(3)).toMatchObject({ firstHeight: BOUNDARY, headHeight: HEAD, envelopes: [] })
    const { envelopes, certificate } = await ask(BOUNDARY)
    expect(envelopes).toHaveLength(3)
    expect(bytesToHex(certificate)).toBe(bytesToHex(encodeCertificate(node.test.chain.head.certificate!)))
    const second = new MemoryStore()
    await join(second)
    expect((await openAndFollow(second)).test.chain.head.blockHash).toBe(served.test.chain.head.blockHash)
    expect(syncAppOf(node.test.chain).firstHeight()).toBe(BOUNDARY)
  })
})
