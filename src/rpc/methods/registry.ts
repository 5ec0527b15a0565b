import type { RpcMethod } from '../method.ts'
import { ethAccounts } from './eth/accounts.ts'
import { ethBaseFee } from './eth/baseFee.ts'
import { ethBlobBaseFee } from './eth/blobBaseFee.ts'
import { ethBlockNumber } from './eth/blockNumber.ts'
import { ethCall } from './eth/call.ts'
import { ethChainId } from './eth/chainId.ts'
import { ethCreateAccessList } from './eth/createAccessList.ts'
import { ethEstimateGas } from './eth/estimateGas.ts'
import { ethFeeHistory } from './eth/feeHistory.ts'
import { ethGasPrice } from './eth/gasPrice.ts'
import { ethGetBalance } from './eth/getBalance.ts'
import { ethGetBlockByHash } from './eth/getBlockByHash.ts'
import { ethGetBlockByNumber } from './eth/getBlockByNumber.ts'
import { ethGetBlockReceipts } from './eth/getBlockReceipts.ts'
import { ethGetBlockTransactionCountByHash } from './eth/getBlockTransactionCountByHash.ts'
import { ethGetBlockTransactionCountByNumber } from './eth/getBlockTransactionCountByNumber.ts'
import { ethGetCode } from './eth/getCode.ts'
import { ethGetFilterChanges } from './eth/getFilterChanges.ts'
import { ethGetFilterLogs } from './eth/getFilterLogs.ts'
import { ethGetLogs } from './eth/getLogs.ts'
import { ethGetProof } from './eth/getProof.ts'
import { ethGetStorageAt } from './eth/getStorageAt.ts'
import { ethGetStorageValues } from './eth/getStorageValues.ts'
import { ethGetTransactionByBlockHashAndIndex } from './eth/getTransactionByBlockHashAndIndex.ts'
import { ethGetTransactionByBlockNumberAndIndex } from './eth/getTransactionByBlockNumberAndIndex.ts'
import { ethGetTransactionByHash } from './eth/getTransactionByHash.ts'
import { ethGetTransactionCount } from './eth/getTransactionCount.ts'
import { ethGetTransactionReceipt } from './eth/getTransactionReceipt.ts'
import { ethGetUncleCountByBlockHash } from './eth/getUncleCountByBlockHash.ts'
import { ethGetUncleCountByBlockNumber } from './eth/getUncleCountByBlockNumber.ts'
import { ethMaxPriorityFeePerGas } from './eth/maxPriorityFeePerGas.ts'
import { ethNewBlockFilter } from './eth/newBlockFilter.ts'
import { ethNewFilter } from './eth/newFilter.ts'
import { ethNewPendingTransactionFilter } from './eth/newPendingTransactionFilter.ts'
import { ethSendRawTransaction } from './eth/sendRawTransaction.ts'
import { ethSubscribe } from './eth/subscribe.ts'
import { ethSyncing } from './eth/syncing.ts'
import { ethUninstallFilter } from './eth/uninstallFilter.ts'
import { ethUnsubscribe } from './eth/unsubscribe.ts'
import { netListening } from './net/listening.ts'
import { netPeerCount } from './net/peerCount.ts'
import { netVersion } from './net/version.ts'
import { openledgerGetAdapter } from './openledger/getAdapter.ts'
import { openledgerGetAttribution } from './openledger/getAttribution.ts'
import { openledgerGetCertificate } from './openledger/getCertificate.ts'
import { openledgerGetDatanet } from './openledger/getDatanet.ts'
import { openledgerGetEpochRecord } from './openledger/getEpochRecord.ts'
import { openledgerGetPrecompiles } from './openledger/getPrecompiles.ts'
import { openledgerGetReceipt } from './openledger/getReceipt.ts'
import { openledgerNodeStatus } from './openledger/nodeStatus.ts'
import { openledgerPeers } from './openledger/peers.ts'
import { txpoolContent } from './txpool/content.ts'
import { txpoolContentFrom } from './txpool/contentFrom.ts'
import { txpoolInspect } from './txpool/inspect.ts'
import { txpoolStatus } from './txpool/status.ts'
import { web3ClientVersion } from './web3/clientVersion.ts'
import { web3Sha3 } from './web3/sha3.ts'

/** Every method there is, by namespace. Namespaces that are not enabled do not exist for a client. */
const METHODS = {
  eth: [
    ethAccounts,
    ethBaseFee,
    ethBlobBaseFee,
    ethBlockNumber,
    ethCall,
    ethChainId,
    ethCreateAccessList,
    ethEstimateGas,
    ethFeeHistory,
    ethGasPrice,
    ethGetBalance,
    ethGetBlockByHash,
    ethGetBlockByNumber,
    ethGetBlockReceipts,
    ethGetBlockTransactionCountByHash,
    ethGetBlockTransactionCountByNumber,
    ethGetCode,
    ethGetFilterChanges,
    ethGetFilterLogs,
    ethGetLogs,
    ethGetProof,
    ethGetStorageAt,
    ethGetStorageValues,
    ethGetTransactionByBlockHashAndIndex,
    ethGetTransactionByBlockNumberAndIndex,
    ethGetTransactionByHash,
    ethGetTransactionCount,
    ethGetTransactionReceipt,
    ethGetUncleCountByBlockHash,
    ethGetUncleCountByBlockNumber,
    ethMaxPriorityFeePerGas,
    ethNewBlockFilter,
    ethNewFilter,
    ethNewPendingTransactionFilter,
    ethSendRawTransaction,
    ethSubscribe,
    ethSyncing,
    ethUninstallFilter,
    ethUnsubscribe,
  ],
  net: [netListening, netPeerCount, netVersion],
  web3: [web3ClientVersion, web3Sha3],
  txpool: [txpoolContent, txpoolContentFrom, txpoolInspect, txpoolStatus],
  openledger: [
    openledgerGetAdapter,
    openledgerGetAttribution,
    openledgerGetCertificate,
    openledgerGetDatanet,
    openledgerGetEpochRecord,
    openledgerGetPrecompiles,
    openledgerGetReceipt,
    openledgerNodeStatus,
    openledgerPeers,
  ],
} as const satisfies Record<string, readonly RpcMethod[]>

export type Namespace = keyof typeof METHODS

export const NAMESPACES = Object.keys(METHODS) as readonly Namespace[]
/** What is on unless the operator says else: nothing here can do harm or cost more than reading. */
export const DEFAULT_NAMESPACES: readonly Namespace[] = ['eth', 'net', 'web3', 'openledger', 'txpool']

export function enabledMethods(namespaces: readonly Namespace[]): ReadonlyMap<string, RpcMethod> {
  const methods = namespaces.flatMap((namespace): readonly RpcMethod[] => METHODS[namespace])
  return new Map(methods.map((method) => [method.name, method]))
}

/** One line of the matrix of methods: what documentation and tools are made from. */
export interface MethodEntry {
  readonly name: string
  readonly namespace: string
  readonly summary: string
  readonly params: RpcMethod['params']
  readonly result: string
  readonly transports: readonly ('http' | 'websocket')[]
  readonly isDefault: boolean
}

/** Every method of the node, machine-readable. */
export function methodMatrix(): MethodEntry[] {
  return NAMESPACES.flatMap((namespace) =>
    METHODS[namespace].map(({ name, summary, params, result, needsSession }) => ({
      name,
      namespace,
      summary,
      params,
      result,
      transports: needsSession ? (['websocket'] as const) : (['http', 'websocket'] as const),
      isDefault: DEFAULT_NAMESPACES.includes(namespace),
    })),
  )
}
