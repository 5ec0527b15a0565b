import { invariant } from '../../../src/errors/errors.ts'
import { bytesToHex, hexToBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { bounds } from '../../bounds.ts'
import { DatanetReader } from '../../datanet/read.ts'
import type { InputsOf } from '../../shared/abiTypes.ts'
import { writeBlob } from '../../shared/blobs.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { gasPrices, perEight } from '../../shared/gas.ts'
import { arrayDataSlot, StructRef } from '../../shared/layout.ts'
import { appendLeaf, EMPTY_PEAKS, merkleRoot } from '../../shared/merkle.ts'
import {
  type AdapterAbi,
  type AdapterCall,
  type AdapterRef,
  adapterAt,
  blockOf,
  checkCount,
  checkText,
  emit,
  fail,
  ownedAdapter,
} from '../call.ts'
import { adapterStatus, datanetVersionLayout, parentLayout, rowBlobs } from '../layout.ts'
import { isValidRow, rowAt, rowBytes, rowsPerChunk } from '../rows.ts'

type Draft = InputsOf<AdapterAbi, 'createAdapter'>['draft']

export const draftMethods: Methods<AdapterAbi, AdapterCall, 'createAdapter' | 'appendRows' | 'publish'> = {
  createAdapter: {
    gas: 1_000n,
    run(call, { draft }) {
      const { host, money, registry, parameters } = call
      checkDraft(call, draft)
      const memberCount = countMembers(call, draft)
      const bondWei = host.valueWei
      const minimumWei = parameters.adapterBondWei
      if (bondWei < minimumWei) fail('BondTooLow', { bondWei, minimumWei })
      const adapterId = registry.get('adapterCount') + 1n
      registry.set('adapterCount', adapterId)
      storeDraft(call, adapterAt(call, adapterId), draft, memberCount)
      money.receive('bondsWei', bondWei)
      emit(host, 'AdapterCreated', { adapterId, owner: host.caller, ...draft, memberCount, bondWei })
      emit(host, 'PriceSet', { adapterId, ...draft.price, fromBlock: blockOf(call) })
      return adapterId
    },
  },

  appendRows: {
    gas: 0n,
    run(call, { adapterId, startRow, rows }) {
      const { host } = call
      const adapter = ownedAdapter(call, adapterId)
      requireDraft(adapter)
      const { rowCount, memberCount, k, version } = adapter.values()
      if (startRow !== rowCount) fail('WrongStartRow', { expected: rowCount })
      const count = Math.min(rowsPerChunk(k), memberCount - rowCount)
      const expected = count * rowBytes(k)
      if (count === 0 || rows.length !== expected) {
        fail('WrongChunkLength', { length: BigInt(rows.length), expected: BigInt(expected) })
      }
      checkRows(call, adapter, startRow, count, rows)
      writeBlob(host, rowBlobs, rows, adapterId, version, Math.floor(startRow / rowsPerChunk(k)))
      adapter.set('rowCount', rowCount + count)
      emit(host, 'RowsAppended', { adapterId, startRow, count })
      return rowCount + count
    },
  },

  publish: {
    gas: 0n,
    run(call, { adapterId, rowsRoot }) {
      const { host, parameters } = call
      const adapter = ownedAdapter(call, adapterId)
      requireDraft(adapter)
      const { rowCount, memberCount, version } = adapter.values()
      if (rowCount !== memberCount) fail('RowsIncomplete', { written: rowCount, needed: memberCount })
      const computed = rootOfRows(call, adapterId, adapter)
      if (computed !== rowsRoot) fail('RowsRootMismatch', { computed })
      const challengeEndBlock = blockOf(call) + parameters.challengeWindowBlocks
      adapter.update({ status: adapterStatus.published, rowsRoot, challengeEndBlock })
      emit(host, 'AdapterPublished', { adapterId, version, rowsRoot, challengeEndBlock })
      return { version, challengeEndBlock }
    },
  },
}

function checkDraft(call: AdapterCall, draft: Draft): void {
  const { reader, parameters } = call
  const { baseModelId, weightsHash, manifestHash, targetsHash, projectionSeed, rank, k } = draft
  if (!reader.hasBaseModel(baseModelId)) fail('UnknownBaseModel', { baseModelId })
  if ([weightsHash, manifestHash, targetsHash, projectionSeed].includes(ZERO_HASH)) fail('ZeroHash')
  if (rank === 0 || rank > bounds.rank) fail('InvalidRank', { rank })
  if (!parameters.kAllowed.includes(k)) fail('InvalidK', { k })
  if (draft.price.baseWei === 0n) fail('InvalidPrice')
  checkText(draft.licence, bounds.licenceBytes)
  checkText(draft.metadataCid, bounds.cidBytes, true)
  checkParents(call, draft)
}

function checkParents({ reader }: AdapterCall, { parents }: Draft): void {
  checkCount(parents.length, 0, bounds.parentsPerAdapter)
  let previous = 0n
  let totalBps = 0
  for (const { adapterId, royaltyBps } of parents) {
    const status = reader.adapter(adapterId)?.get('status') ?? adapterStatus.none
    const published = status !== adapterStatus.none && status !== adapterStatus.draft
    if (adapterId <= previous || !published || royaltyBps === 0) fail('InvalidParent', { adapterId })
    previous = adapterId
    totalBps += royaltyBps
  }
  if (totalBps > bounds.royaltyBps) fail('RoyaltyTooHigh', { totalBps: BigInt(totalBps) })
}

/** Members of all the versions; each becomes a row. */
function countMembers({ host, parameters }: AdapterCall, { datanets }: Draft): number {
  checkCount(datanets.length, 1, bounds.datanetsPerAdapter)
  const reader = new DatanetReader(host)
  let previous = 0n
  let members = 0
  for (const { datanetId, version } of datanets) {
    if (datanetId <= previous) fail('DatanetsNotSorted')
    const facts = reader.version(datanetId, version)
    if (facts === undefined) return fail('UnknownVersion', { datanetId, version })
    members += facts.memberCount
    previous = datanetId
  }
  const maximum = parameters.rowsPerAdapterMax
  if (members > maximum) fail('TooManyRows', { rows: BigInt(members), maximum: BigInt(maximum) })
  return members
}

function storeDraft(call: AdapterCall, adapter: AdapterRef, draft: Draft, memberCount: number): void {
  const { host, store } = call
  adapter.update({
    owner: host.caller,
    baseModelId: draft.baseModelId,
    status: adapterStatus.draft,
    k: draft.k,
    bondWei: host.valueWei,
    version: 1,
    memberCount,
    ...draft.price,
    rank: draft.rank,
    alpha: draft.alpha,
    weightsHash: draft.weightsHash,
    manifestHash: draft.manifestHash,
    targetsHash: draft.targetsHash,
    projectionSeed: draft.projectionSeed,
  })
  adapter.setText('licence', draft.licence)
  adapter.setText('metadataCid', draft.metadataCid)
  storeItems(call, adapter.at('datanets'), draft.datanets, (slot, item) =>
    new StructRef(store, datanetVersionLayout, slot).update(item),
  )
  storeItems(call, adapter.at('parents'), draft.parents, (slot, item) =>
    new StructRef(store, parentLayout, slot).update(item),
  )
}

function storeItems<T>(
  { store }: AdapterCall,
  array: bigint,
  items: readonly T[],
  write: (slot: bigint, item: T) => void,
): void {
  if (items.length === 0) return
  store.save(array, BigInt(items.length))
  const first = arrayDataSlot(store, array)
  items.forEach((item, index) => {
    write(first + BigInt(index), item)
  })
}

function requireDraft(adapter: AdapterRef): void {
  const status = adapter.get('status')
  if (status !== adapterStatus.draft) fail('WrongStatus', { status })
}

function checkRows(
  call: AdapterCall,
  adapter: AdapterRef,
  start: number,
  count: number,
  rows: Uint8Array,
): void {
  const { host, reader, parameters } = call
  const k = adapter.get('k')
  host.useGas(perEight(count * k))
  reader.members(adapter, start, count).forEach(({ recordCount }, index) => {
    if (!isValidRow(rowAt(rows, k, index), recordCount, parameters.rowNormPerRecord)) {
      fail('InvalidRow', { row: start + index })
    }
  })
}

function rootOfRows({ host, reader }: AdapterCall, adapterId: bigint, adapter: AdapterRef) {
  const { k, version, rowCount } = adapter.values()
  const hash = (data: Uint8Array) => hexToBytes(host.keccak(data))
  const size = rowBytes(k)
  let tree = EMPTY_PEAKS
  for (let chunk = 0; chunk * rowsPerChunk(k) < rowCount; chunk++) {
    const bytes = reader.rowChunk(adapterId, version, chunk)
    invariant(bytes !== undefined, `chunk ${chunk} of adapter ${adapterId} is missing`)
    host.useGas(gasPrices.hashWord * BigInt(Math.ceil(bytes.length / 32)))
    for (let at = 0; at < bytes.length; at += size)
      tree = appendLeaf(hash, tree, bytes.subarray(at, at + size))
  }
  return bytesToHex(merkleRoot(hash, tree))
}
