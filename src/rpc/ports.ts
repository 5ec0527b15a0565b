import type { Block } from '@ethereumjs/block'
import type { Mempool } from '../mempool/mempool.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import type { AccountRecord, StateReader } from '../state/types.ts'

// What the RPC needs of the rest of the node. The composition root provides it.

export interface LogRecord {
  readonly address: Address
  readonly topics: readonly Hash[]
  readonly data: Uint8Array
}

/** A receipt as the block commits to it. */
export interface ReceiptRecord {
  /** Undefined only before Byzantium, where the state root stands in its place. */
  readonly status: 0 | 1 | undefined
  readonly stateRoot?: Hash
  /** Of this transaction and all before it in the block. */
  readonly cumulativeGasUsed: bigint
  readonly logsBloom: Uint8Array
  readonly logs: readonly LogRecord[]
}

/** A log and where it stands. */
export interface LocatedLog extends LogRecord {
  readonly blockHash: Hash
  readonly blockNumber: bigint
  /** Seconds since the Unix epoch. */
  readonly blockTimestamp: bigint
  readonly transactionHash: Hash
  readonly transactionIndex: number
  /** Within the block. */
  readonly logIndex: number
}

export interface LogQuery {
  readonly fromBlock: bigint
  /** Inclusive. */
  readonly toBlock: bigint
  /** None means any. */
  readonly addresses: readonly Address[]
  /** One entry a position; an empty entry matches anything. */
  readonly topics: readonly (readonly Hash[])[]
  /** The reader may stop one above this many; the RPC then refuses the query. */
  readonly limit: number
}

/** Decided blocks: every one of them is final. */
export interface ChainReader {
  head(): Block
  blockByNumber(number: bigint): Promise<Block | undefined>
  blockByHash(hash: Hash): Promise<Block | undefined>
  /** One for each transaction. */
  receipts(block: Block): Promise<readonly ReceiptRecord[]>
  transactionLocation(hash: Hash): Promise<{ blockNumber: bigint; index: number } | undefined>
  /** In order of block and log index. */
  logs(query: LogQuery): Promise<readonly LocatedLog[]>
  /** Base fee of the block after `block`. */
  nextBaseFeeWei(block: Block): bigint
}

export interface StorageProof {
  readonly slot: Hash
  readonly value: bigint
  readonly proof: readonly Uint8Array[]
}

export interface AccountProof {
  /** Undefined for an account that does not exist; the proof then shows that. */
  readonly account: AccountRecord | undefined
  readonly accountProof: readonly Uint8Array[]
  /** In the order asked for. */
  readonly storageProofs: readonly StorageProof[]
}

export interface StateAccess {
  /** The state after this block. Fails with STATE_PRUNED when it is no longer kept. */
  at(blockNumber: bigint): Promise<StateReader>
  proof(address: Address, slots: readonly Hash[], blockNumber: bigint): Promise<AccountProof>
}

export interface AccessListItem {
  readonly address: Address
  readonly storageKeys: readonly Hash[]
}

export interface AuthorizationItem {
  readonly chainId: bigint
  readonly address: Address
  readonly nonce: bigint
  readonly yParity: bigint
  readonly r: bigint
  readonly s: bigint
}

export interface CallRequest {
  readonly from?: Address | undefined
  /** Undefined creates a contract. */
  readonly to?: Address | undefined
  readonly gasLimit?: bigint | undefined
  /** Either one price, or cap and tip, or none of the three: the call is then free. */
  readonly gasPriceWei?: bigint | undefined
  readonly feeCapWei?: bigint | undefined
  readonly tipCapWei?: bigint | undefined
  readonly valueWei?: bigint | undefined
  readonly data?: Uint8Array | undefined
  readonly nonce?: bigint | undefined
  readonly accessList?: readonly AccessListItem[] | undefined
  readonly authorizationList?: readonly AuthorizationItem[] | undefined
  readonly blobFeeCapWei?: bigint | undefined
  readonly blobVersionedHashes?: readonly Hash[] | undefined
}

export interface AccountOverride {
  readonly nonce?: bigint | undefined
  readonly balanceWei?: bigint | undefined
  readonly code?: Uint8Array | undefined
  /** Replaces the whole storage. */
  readonly state?: ReadonlyMap<Hash, Hash> | undefined
  /** Replaces single slots. */
  readonly stateDiff?: ReadonlyMap<Hash, Hash> | undefined
  readonly movePrecompileTo?: Address | undefined
}

export type StateOverrides = ReadonlyMap<Address, AccountOverride>

export interface BlockOverrides {
  readonly number?: bigint | undefined
  readonly timestamp?: bigint | undefined
  readonly gasLimit?: bigint | undefined
  readonly coinbase?: Address | undefined
  readonly prevRandao?: Hash | undefined
  readonly baseFeeWei?: bigint | undefined
  readonly blobBaseFeeWei?: bigint | undefined
}

export interface CallTarget {
  /** The call runs on the state after this block. */
  readonly blockNumber: bigint
  readonly stateOverrides?: StateOverrides | undefined
  readonly blockOverrides?: BlockOverrides | undefined
}

export interface CallFailure {
  /** True for REVERT; `output` is then the revert data, untouched. */
  readonly isRevert: boolean
  /** What failed, in the EVM's words: `out of gas`, `invalid opcode`, … */
  readonly message: string
}

export interface CallResult {
  /** Return data, or revert data. */
  readonly output: Uint8Array
  /** After refunds, intrinsic gas included. */
  readonly gasUsed: bigint
  /** Gas given back at the end; the call needed `gasUsed + gasRefund` on the way. */
  readonly gasRefund: bigint
  readonly failure?: CallFailure | undefined
}

export interface AccessListResult {
  readonly accessList: readonly AccessListItem[]
  /** With the list in place. */
  readonly gasUsed: bigint
  readonly failure?: CallFailure | undefined
}

/** Calls that change nothing. A request that cannot run at all fails with a TX_ code. */
export interface Calls {
  call(request: CallRequest, target: CallTarget): Promise<CallResult>
  createAccessList(request: CallRequest, target: CallTarget): Promise<AccessListResult>
}

export interface SyncProgress {
  readonly startingBlock: bigint
  readonly currentBlock: bigint
  readonly highestBlock: bigint
}

export interface SyncStatus {
  /** Undefined when the node has caught up. */
  progress(): SyncProgress | undefined
  /** Called when syncing begins, moves and ends. Returns the function that ends the subscription. */
  onChange(listener: (progress: SyncProgress | undefined) => void): () => void
}

export interface HeadEvent {
  readonly block: Block
  readonly receipts: readonly ReceiptRecord[]
}

export interface ChainEvents {
  /** Called once a block is committed, in order. Returns the function that ends the subscription. */
  onHead(listener: (event: HeadEvent) => void): () => void
}

export type MempoolPort = Pick<
  Mempool,
  'add' | 'get' | 'pendingNonce' | 'status' | 'content' | 'contentFrom' | 'subscribe'
>

export interface NodeFacts {
  readonly chainId: bigint
  /** Name/version/platform/runtime. */
  readonly clientVersion: string
  peerCount(): number
  isListening(): boolean
}

/** Anything that JSON can hold, and integers of any size; those become hex quantities. */
export type Plain =
  | null
  | boolean
  | number
  | string
  | bigint
  | readonly Plain[]
  | { readonly [key: string]: Plain | undefined }

/** Read-only views of this chain's own registries, at the state after a block. Undefined: there is none. */
export interface OpenLedgerReader {
  datanet(id: bigint, blockNumber: bigint): Promise<Plain | undefined>
  adapter(id: bigint, blockNumber: bigint): Promise<Plain | undefined>
  receipt(id: Hash, blockNumber: bigint): Promise<Plain | undefined>
  /** How the pot of an adapter's window was divided; the newest window when none is named. */
  attribution(adapterId: bigint, window: bigint | undefined, blockNumber: bigint): Promise<Plain | undefined>
  /** The native precompiles as they are scheduled at the time of the block. */
  precompiles(blockNumber: bigint): Promise<Plain>
  /** The record of an epoch's end; the newest one when none is named. */
  epochRecord(epoch: bigint | undefined): Promise<Plain | undefined>
  /** Header and certificate of a block. */
  certificate(blockNumber: bigint): Promise<Plain | undefined>
}

/** This node itself, as its operator sees it. */
export interface NodeReader {
  status(): Plain
  peers(): Plain
}

export interface RpcPorts {
  readonly chain: ChainReader
  readonly state: StateAccess
  readonly calls: Calls
  readonly mempool: MempoolPort
  readonly sync: SyncStatus
  readonly events: ChainEvents
  readonly facts: NodeFacts
  readonly openledger: OpenLedgerReader
  readonly node: NodeReader
}
