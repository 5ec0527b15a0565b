import {
  type Abi,
  type ContractFunctionArgs,
  type ContractFunctionName,
  type ContractFunctionReturnType,
  decodeFunctionResult,
  encodeFunctionData,
} from 'viem'
import { iAdapterRegistryAbi } from '../../contracts/generated/IAdapterRegistry.ts'
import { iDatanetRegistryAbi } from '../../contracts/generated/IDatanetRegistry.ts'
import { iProofOfAttributionAbi } from '../../contracts/generated/IProofOfAttribution.ts'
import { isActivation, type Scheduled } from '../../precompiles/registry.ts'
import { nativeAddresses } from '../chainspec/addresses.ts'
import { limits } from '../config/limits.ts'
import { isNodeError, NodeError } from '../errors/errors.ts'
import type { ChainView } from '../execution/chainView.ts'
import { readNativeView } from '../execution/nativeViews.ts'
import type { Block } from '../ledger/block.ts'
import { type Address, bytesToHex, hexToBytes } from '../primitives/hex.ts'
import type { OpenLedgerReader, Plain, StateAccess } from '../rpc/ports.ts'

/** Members or scores in one page of a view. */
const PAGE = 256

type View = 'pure' | 'view'
type Reader = <
  const A extends Abi,
  N extends ContractFunctionName<A, View>,
  const P extends ContractFunctionArgs<A, View, N>,
>(
  address: Address,
  abi: A,
  functionName: N,
  args: P,
) => ContractFunctionReturnType<A, View, N, P>

/** The chain's own registries as `openledger_*` shows them: what their views say, after any kept block. */
export function openLedgerReader(modules: {
  chain: ChainView
  state: StateAccess
}): Omit<OpenLedgerReader, 'epochRecord' | 'certificate'> {
  const { chain, state } = modules
  const blockAt = (blockNumber: bigint): Block => {
    const block = chain.store.block(Number(blockNumber))
    if (block === undefined) throw new NodeError('NOT_FOUND', `There is no block ${blockNumber} yet.`)
    return block
  }
  const readerAt = async (blockNumber: bigint): Promise<Reader> => {
    const block = blockAt(blockNumber)
    const context = { block, state: await state.at(blockNumber) }
    return (address, abi, functionName, args) => {
      const input = encodeFunctionData({ abi, functionName, args } as Parameters<
        typeof encodeFunctionData
      >[0])
      const data = bytesToHex(readNativeView(chain, context, address, hexToBytes(input)))
      return decodeFunctionResult({ abi, functionName, args, data } as never) as never
    }
  }
  return {
    datanet: async (id, blockNumber) => readDatanet(await readerAt(blockNumber), id),
    adapter: async (id, blockNumber) => readAdapter(await readerAt(blockNumber), id),
    receipt: async (id, blockNumber) => readReceipt(await readerAt(blockNumber), id),
    attribution: async (adapterId, window, blockNumber) =>
      readAttribution(await readerAt(blockNumber), adapterId, window),
    precompiles: async (blockNumber) =>
      chain.precompiles.scheduleAt(blockAt(blockNumber).header.timestamp).map(plainSchedule),
  }
}

function plainSchedule({ name, address, current, next }: Scheduled): Plain {
  return {
    name,
    address,
    version: current?.precompile.version ?? null,
    fromTimestamp: current?.fromTimestamp ?? null,
    abiHash: current?.precompile.abiHash ?? null,
    next:
      next === undefined
        ? null
        : {
            version: isActivation(next) ? next.precompile.version : null,
            fromTimestamp: next.fromTimestamp,
            abiHash: isActivation(next) ? next.precompile.abiHash : null,
          },
  }
}

/** Undefined where the view says that there is no such thing. */
function orAbsent<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isNodeError(error, 'BAD_REQUEST')) return undefined
    throw error
  }
}

function readDatanet(read: Reader, id: bigint): Plain | undefined {
  const address = nativeAddresses.datanetRegistry
  const datanet = orAbsent(() => read(address, iDatanetRegistryAbi, 'getDatanet', [id]))
  if (datanet === undefined) return undefined
  const versions = Array.from({ length: datanet.versions }, (_, index) => ({
    version: index + 1,
    ...read(address, iDatanetRegistryAbi, 'getVersion', [id, index + 1]),
  }))
  return { datanetId: id, ...datanet, frozenVersions: versions }
}

function readAdapter(read: Reader, id: bigint): Plain | undefined {
  const address = nativeAddresses.adapterRegistry
  const adapter = orAbsent(() => read(address, iAdapterRegistryAbi, 'getAdapter', [id]))
  if (adapter === undefined) return undefined
  const first = Math.max(1, adapter.newestVersion + 1 - limits.adapterVersionsShown)
  const versions = Array.from({ length: adapter.newestVersion + 1 - first }, (_, index) => {
    const version = first + index
    const facts = read(address, iAdapterRegistryAbi, 'getVersion', [id, version])
    return { version, ...facts, datanets: facts.datanets.map((one) => ({ ...one })) }
  })
  const [price, nextPrice, nextFromBlock] = read(address, iAdapterRegistryAbi, 'priceOf', [id])
  return {
    adapterId: id,
    ...adapter,
    baseModel: { ...read(address, iAdapterRegistryAbi, 'getBaseModel', [adapter.baseModelId]) },
    versions,
    parents: read(address, iAdapterRegistryAbi, 'parentsOf', [id]).map((one) => ({ ...one })),
    price: { ...price },
    ...(nextFromBlock === 0 ? {} : { nextPrice: { ...nextPrice }, nextPriceFromBlock: nextFromBlock }),
  }
}

function readReceipt(read: Reader, id: `0x${string}`): Plain | undefined {
  const address = nativeAddresses.proofOfAttribution
  const receipt = orAbsent(() => read(address, iProofOfAttributionAbi, 'getReceipt', [id]))
  if (receipt === undefined || receipt.status === 0) return undefined
  const audit = read(address, iProofOfAttributionAbi, 'getAudit', [id])
  // a receipt that nobody was drawn for has an audit of zeros
  return { receiptId: id, ...receipt, audit: audit.committee.length === 0 ? null : { ...audit } }
}

function readAttribution(read: Reader, adapterId: bigint, window: bigint | undefined): Plain | undefined {
  const address = nativeAddresses.proofOfAttribution
  const windows = orAbsent(() => read(address, iProofOfAttributionAbi, 'windowsOf', [adapterId]))
  if (windows === undefined) return undefined
  const [newest, closed] = windows
  const index = window ?? newest
  if (index === 0n || index > newest) return undefined
  const facts = read(address, iProofOfAttributionAbi, 'getWindow', [adapterId, index])
  const scores = allPages((start) =>
    read(address, iProofOfAttributionAbi, 'windowScores', [adapterId, index, start, PAGE]),
  )
  const shares = orAbsent(() =>
    allPages((start) =>
      read(address, iProofOfAttributionAbi, 'windowShares', [adapterId, index, start, PAGE]),
    ),
  )
  const members = readMembers(read, adapterId, facts.version)
  return {
    adapterId,
    windowIndex: index,
    isClosed: index <= closed,
    ...facts,
    contributions: members.map((member, row) => ({
      row,
      ...member,
      // signed, so no quantity: decimal
      score: scores[row]?.toString() ?? null,
      amountWei: shares?.[row] ?? null,
    })),
  }
}

/** The contributions behind the rows of an adapter's version, in the rows' order. */
function readMembers(read: Reader, adapterId: bigint, adapterVersion: number) {
  const address = nativeAddresses.adapterRegistry
  const { datanets } = read(address, iAdapterRegistryAbi, 'getVersion', [adapterId, adapterVersion])
  return datanets.flatMap(({ datanetId, version }) =>
    allPages((start) =>
      read(nativeAddresses.datanetRegistry, iDatanetRegistryAbi, 'versionMembers', [
        datanetId,
        version,
        start,
        PAGE,
      ]),
    ).map((member) => ({ datanetId, version, ...member })),
  )
}

/** Pages from 0 on until one is not full. */
function allPages<T>(page: (start: number) => readonly T[]): T[] {
  const all: T[] = []
  for (let start = 0; ; start += PAGE) {
    const items = page(start)
    all.push(...items)
    if (items.length < PAGE) return all
  }
}
