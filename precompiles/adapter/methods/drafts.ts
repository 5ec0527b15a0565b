import { invariant } from '../../../src/errors/errors.ts'
import { bytesToHex, hexToBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { bounds } from '../../bounds.ts'
import { DatanetReader } from '../../datanet/read.ts'
import type { InputsOf } from '../../shared/abiTypes.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { gasPrices } from '../../shared/gas.ts'
import { arrayDataSlot, StructRef } from '../../shared/layout.ts'
import { appendLeaf, EMPTY_PEAKS, merkleRoot } from '../../shared/merkle.ts'
import { activateFrom } from '../activity.ts'
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
  newestVersion,
  ownedAdapter,
  requireLiving,
  type VersionRef,
  versionAt,
} from '../call.ts'
import { adapterStatus, datanetVersionLayout, parentLayout, versionStatus } from '../layout.ts'
import { versionStatusAt } from '../read.ts'
import { rowBytes, rowsPerChunk } from '../rows.ts'

type AdapterDraft = InputsOf<AdapterAbi, 'createAdapter'>['draft']
type VersionDraft = InputsOf<AdapterAbi, 'newVersion'>['draft']

export const draftMethods: Methods<
  AdapterAbi,
  AdapterCall,
  'createAdapter' | 'newVersion' | 'dropDraft' | 'publish'
> = {
  createAdapter: {
    gas: 1_000n,
    run(call, { draft }) {
      const { host, money, registry } = call
      const depth = checkAdapter(call, draft)
      const memberCount = checkVersion(call, draft.version)
      const bondWei = checkBond(call, host.valueWei)
      const adapterId = registry.get('adapterCount') + 1n
      registry.set('adapterCount', adapterId)
      const adapter = adapterAt(call, adapterId)
      storeAdapter(call, adapter, draft, depth)
      money.receive('bondsWei', bondWei)
      emit(host, 'AdapterCreated', { ...draft, adapterId, owner: host.caller, depth, bondWei })
      emit(host, 'PriceSet', { adapterId, ...draft.price, fromBlock: blockOf(call) })
      storeVersion(call, adapterId, adapter, draft.version, memberCount)
      return adapterId
    },
  },

  newVersion: {
    gas: 1_000n,
    run(call, { adapterId, draft }) {
      const { host, money, reader } = call
      const adapter = ownedAdapter(call, adapterId)
      requireLiving(adapter)
      requireNonePending(call, adapter)
      const memberCount = checkVersion(call, draft)
      const bondWei = checkBond(call, adapter.get('bondWei') + host.valueWei)
      money.receive('bondsWei', host.valueWei)
      if (host.valueWei > 0n) emit(host, 'BondAdded', { adapterId, amountWei: host.valueWei, bondWei })
      adapter.update({ bondWei, currentVersion: reader.currentVersion(adapter, blockOf(call)) })
      return storeVersion(call, adapterId, adapter, draft, memberCount)
    },
  },

  dropDraft: {
    gas: 0n,
    run(call, { adapterId }) {
      const adapter = ownedAdapter(call, adapterId)
      const { version, view } = newestVersion(call, adapter, versionStatus.draft)
      view.set('status', versionStatus.dropped)
      emit(call.host, 'DraftDropped', { adapterId, version })
      return version
    },
  },

  publish: {
    gas: 0n,
    run(call, { adapterId, rowsRoot }) {
      const { host, parameters } = call
      const adapter = ownedAdapter(call, adapterId)
      const { version, view } = newestVersion(call, adapter, versionStatus.draft)
      const { rowCount, memberCount } = view.values()
      if (rowCount !== memberCount) fail('RowsIncomplete', { written: rowCount, needed: memberCount })
      const computed = rootOfRows(call, adapterId, version, view)
      if (computed !== rowsRoot) fail('RowsRootMismatch', { computed })
      const challengeEndBlock = blockOf(call) + parameters.challengeWindowBlocks
      view.update({ status: versionStatus.published, rowsRoot, challengeEndBlock })
      activateFrom(call, adapter, view, challengeEndBlock)
      emit(host, 'VersionPublished', { adapterId, version, rowsRoot, challengeEndBlock })
      return { version, challengeEndBlock }
    },
  },
}

function requireNonePending(call: AdapterCall, adapter: AdapterRef): void {
  const version = adapter.get('newestVersion')
  const status = versionStatusAt(versionAt(call, adapter, version), blockOf(call))
  const isPending = status === versionStatus.draft || status === versionStatus.published
  if (isPending) fail('VersionPending', { version })
}

function checkBond({ parameters }: AdapterCall, bondWei: bigint): bigint {
  const minimumWei = parameters.adapterBondWei
  if (bondWei < minimumWei) fail('BondTooLow', { bondWei, minimumWei })
  return bondWei
}

/** Returns the depth. */
function checkAdapter(call: AdapterCall, draft: AdapterDraft): number {
  const { baseModelId, price, licence, metadataCid } = draft
  if (!call.reader.hasBaseModel(baseModelId)) fail('UnknownBaseModel', { baseModelId })
  if (price.baseWei === 0n) fail('InvalidPrice')
  checkText(licence, bounds.licenceBytes)
  checkText(metadataCid, bounds.cidBytes, true)
  return checkParents(call, draft)
}

/** Parents are there already and never change, so that no lineage leads back to its start. Returns the depth. */
function checkParents(call: AdapterCall, { parents }: AdapterDraft): number {
  checkCount(parents.length, 0, bounds.parentsPerAdapter)
  let previous = 0n
  let totalBps = 0
  let depth = 0
  for (const { adapterId, royaltyBps } of parents) {
    const parent = call.reader.adapter(adapterId)
    const isPublished = parent !== undefined && call.reader.isPublished(parent, blockOf(call))
    if (!isPublished || adapterId <= previous || royaltyBps === 0) return fail('InvalidParent', { adapterId })
    previous = adapterId
    totalBps += royaltyBps
    depth = Math.max(depth, parent.get('depth') + 1)
  }
  if (totalBps > bounds.royaltyBps) fail('RoyaltyTooHigh', { totalBps: BigInt(totalBps) })
  if (depth > bounds.adapterDepth) fail('LineageTooDeep', { depth: BigInt(depth) })
  return depth
}

/** Checks what a draft says. Returns the number of members; each becomes a row. */
function checkVersion(call: AdapterCall, draft: VersionDraft): number {
  const { weightsHash, configHash, manifestHash, targetsHash, projectionSeed, rank, k } = draft
  const hashes = [weightsHash, configHash, manifestHash, targetsHash, projectionSeed]
  if (hashes.includes(ZERO_HASH)) fail('ZeroHash')
  if (rank === 0 || rank > bounds.rank) fail('InvalidRank', { rank })
  if (!call.parameters.kAllowed.includes(k)) fail('InvalidK', { k })
  checkTrees(draft)
  return countMembers(call, draft)
}

/** A tree has a root and leaves, or neither. */
function checkTrees(draft: VersionDraft): void {
  const { corpusRoot, corpusChunks, passagesRoot, passages, passageDims } = draft
  if ((corpusRoot === ZERO_HASH) !== (corpusChunks === 0)) fail('InvalidCorpus')
  const isWithout = passagesRoot === ZERO_HASH && passages === 0 && passageDims === 0
  const hasDims = passageDims >= bounds.passageDimsMin && passageDims <= bounds.passageDimsMax
  if (!isWithout && (passagesRoot === ZERO_HASH || passages === 0 || !hasDims)) fail('InvalidPassages')
}

function countMembers({ host, parameters }: AdapterCall, { datanets }: VersionDraft): number {
  checkCount(datanets.length, 1, bounds.datanetsPerAdapter)
  const reader = new DatanetReader(host)
  let previous = 0n
  let members = 0
  for (const { datanetId, version } of datanets) {
    if (datanetId <= previous) fail('DatanetsNotSorted')
    const facts = reader.version(datanetId, version)
    if (facts === undefined) return fail('UnknownVersion', { datanetId, version })
    if (!reader.hasAccess(datanetId, host.caller)) fail('NoAccess', { datanetId })
    members += facts.memberCount
    previous = datanetId
  }
  const maximum = parameters.rowsPerAdapterMax
  if (members > maximum) fail('TooManyRows', { rows: BigInt(members), maximum: BigInt(maximum) })
  return members
}

function storeAdapter(call: AdapterCall, adapter: AdapterRef, draft: AdapterDraft, depth: number): void {
  const { host, store } = call
  adapter.update({
    owner: host.caller,
    baseModelId: draft.baseModelId,
    status: adapterStatus.active,
    depth,
    bondWei: host.valueWei,
    ...draft.price,
  })
  adapter.setText('licence', draft.licence)
  adapter.setText('metadataCid', draft.metadataCid)
  storeItems(call, adapter.at('parents'), draft.parents, (slot, item) =>
    new StructRef(store, parentLayout, slot).update(item),
  )
}

function storeVersion(
  call: AdapterCall,
  adapterId: bigint,
  adapter: AdapterRef,
  draft: VersionDraft,
  memberCount: number,
): number {
  const { host, store } = call
  const { datanets, ...fields } = draft
  const version = adapter.get('newestVersion') + 1
  adapter.set('newestVersion', version)
  const view = versionAt(call, adapter, version)
  view.update({ ...fields, status: versionStatus.draft, memberCount })
  storeItems(call, view.at('datanets'), datanets, (slot, item) =>
    new StructRef(store, datanetVersionLayout, slot).update(item),
  )
  emit(host, 'VersionDrafted', { adapterId, version, ...fields, memberCount })
  return version
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

function rootOfRows({ host, reader }: AdapterCall, adapterId: bigint, version: number, view: VersionRef) {
  const { k, rowCount } = view.values()
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
