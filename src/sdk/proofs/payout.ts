import { AdapterReader } from '../../../precompiles/adapter/read.ts'
import { ATTRIBUTION_ADDRESS } from '../../../precompiles/addresses.ts'
import { DatanetReader } from '../../../precompiles/datanet/read.ts'
import {
  batchLayout,
  ROOT_SLOT,
  receiptLayout,
  receiptStatus,
  rootLayout,
  windowLayout,
  windowState,
} from '../../../precompiles/proofOfAttribution/layout.ts'
import { windowAllocation, windowVersion } from '../../../precompiles/proofOfAttribution/windowReader.ts'
import { mappingSlot, StructView } from '../../../precompiles/shared/layout.ts'
import { MONEY_SLOT, moneyLayout } from '../../../precompiles/shared/money.ts'
import { Store } from '../../../precompiles/shared/store.ts'
import { NodeError } from '../../errors/errors.ts'
import { FrameHost } from '../../execution/evm/frameHost.ts'
import { type Address, type Hash, ZERO_ADDRESS, ZERO_HASH } from '../../primitives/hex.ts'
import { StateJournal } from '../../state/stateJournal.ts'
import type { StateReader } from '../../state/types.ts'
import { LightClient, type VerifiedHeader } from './lightClient.ts'
import type { LightRpc } from './lightRpc.ts'
import { RemoteState } from './remoteState.ts'

/** One contribution's part of the pot that the receipt's fee went into. */
export interface ProvenShare {
  readonly contributionId: bigint
  readonly contributor: Address
  /** Credited when the window closed; zero for what scored nothing, or was taken out. */
  readonly amountWei: bigint
  /** What the contributor may claim now, of this window and all others, less what was claimed before. */
  readonly creditWei: bigint
}

export type ReceiptEnd = keyof typeof receiptStatus

export interface ProvenPayout {
  readonly header: VerifiedHeader
  readonly receiptId: Hash
  readonly status: ReceiptEnd
  readonly feeWei: bigint
  readonly adapterId: bigint
  readonly adapterVersion: number
  readonly windowIndex: bigint
  /** Whether the window is closed: its pot is divided and every share credited. */
  readonly isPaid: boolean
  /** The window's pot, of all its receipts; and what of it paid for the closing. */
  readonly potWei: bigint
  readonly closersWei: bigint
  /** False where nothing scored above zero: the pot then went to all of the Datanet's version by weight. */
  readonly isAttributed: boolean
  /** In the order of the rows; none before the window is closed. */
  readonly shares: readonly ProvenShare[]
  /** Account, slot and code proofs that were checked. */
  readonly proofs: number
}

export interface PayoutQuestion {
  readonly receiptId: Hash
  readonly trustedHash: Hash
  /** The block to look at; the newest unless given. */
  readonly block?: bigint
}

/**
 * Proves from a trusted hash, epoch records, certificates and EIP-1186 proofs what became of a receipt and what its
 * window credited to whom. Nothing else that the server says is believed. NOT_FOUND where the chain has no such
 * receipt, which is proven as well; BAD_PROOF and BAD_CERTIFICATE for a server that lies.
 */
export async function provePayout(
  { receiptId, trustedHash, block }: PayoutQuestion,
  modules: { rpc: LightRpc },
): Promise<ProvenPayout> {
  const header = await new LightClient({ trustedHash }, modules).header(block)
  const { stateRoot, height } = header
  const state = new RemoteState({ stateRoot, height }, modules)
  const payout = await state.read((reader) => readPayout(reader, receiptId))
  return { header, ...payout, proofs: state.proofs }
}

type Payout = Omit<ProvenPayout, 'header' | 'proofs'>

function readPayout(state: StateReader, receiptId: Hash): Payout {
  const host = openHost(state)
  const store = new Store(host)
  const root = new StructView(store, rootLayout, ROOT_SLOT)
  const receipt = new StructView(store, receiptLayout, mappingSlot(store, root.at('receipts'), receiptId))
  const status = statusOf(receipt.get('status'))
  if (status === 'none') throw new NodeError('NOT_FOUND', `The chain has no receipt ${receiptId}.`)
  const batchId = receipt.get('batchId')
  const batch = new StructView(store, batchLayout, mappingSlot(store, root.at('batches'), batchId))
  const { adapterId, windowIndex } = batch.values()
  const ofAdapter = mappingSlot(store, root.at('windows'), adapterId)
  const window = new StructView(store, windowLayout, mappingSlot(store, ofAdapter, windowIndex))
  const isPaid = window.get('state') === windowState.closed
  const base = {
    receiptId,
    status,
    feeWei: receipt.get('feeWei'),
    adapterId,
    adapterVersion: window.get('version'),
    windowIndex,
    isPaid,
    potWei: window.get('potWei'),
    closersWei: window.get('closersWei'),
  }
  // a window whose receipts were all refunded closes without a pot
  if (!isPaid || base.potWei === 0n) return { ...base, isAttributed: false, shares: [] }
  const reading = { host, adapters: new AdapterReader(host), datanets: new DatanetReader(host) }
  const of = windowVersion(reading, adapterId, window)
  const { members, amountsWei, attributed } = windowAllocation(reading, of, windowIndex, window)
  const credits = new StructView(store, moneyLayout, MONEY_SLOT).at('credits')
  const shares = members.map(({ contributionId, contributor }, place) => ({
    contributionId,
    contributor,
    amountWei: amountsWei[place] ?? 0n,
    creditWei: store.load(mappingSlot(store, credits, contributor)),
  }))
  return { ...base, isAttributed: attributed, shares }
}

function statusOf(code: number): ReceiptEnd {
  for (const [name, value] of Object.entries(receiptStatus)) if (value === code) return name as ReceiptEnd
  throw new NodeError('BAD_PROOF', `There is no receipt status ${code}.`)
}

/** More than any reading needs; a guard, not a price. */
const READING_GAS = 1_000_000_000_000n

/** A host on which nothing but the state can be read. */
function openHost(state: StateReader): FrameHost {
  const frame = {
    self: ATTRIBUTION_ADDRESS,
    caller: ZERO_ADDRESS,
    origin: ZERO_ADDRESS,
    valueWei: 0n,
    callKind: 'staticcall',
    isStatic: true,
    gasLimit: READING_GAS,
    block: {
      number: 0n,
      timestamp: 0n,
      chainId: 0n,
      baseFeeWei: 0n,
      prevRandao: ZERO_HASH,
      coinbase: ZERO_ADDRESS,
    },
    genesisHash: ZERO_HASH,
  } as const
  const access = {
    isWarmAccount: () => true,
    warmAccount: () => undefined,
    isWarmSlot: () => true,
    warmSlot: () => undefined,
  }
  return new FrameHost(frame, { state: new StateJournal(state), access })
}
