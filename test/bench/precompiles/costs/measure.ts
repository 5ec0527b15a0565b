import { bounds } from '../../../../precompiles/bounds.ts'
import { devnetParameters } from '../../../../precompiles/parameters.ts'
import type { Abi } from '../../../../precompiles/shared/abiTypes.ts'
import { bytesToHex } from '../../../../src/primitives/hex.ts'
import type { Contract } from '../../../support/contract.ts'
import {
  type Account,
  account,
  contribution,
  type MadeReceipt,
  makeRow,
  OPEN,
  rfc6962,
  testHash,
  World,
} from '../../../support/precompileWorld.ts'
import {
  auditors,
  Fixture,
  owner,
  scorer,
  settler,
  stranger,
} from '../../../unit/precompiles/proofOfAttribution/fixture.ts'

/**
 * Gas of whole transactions, calldata and its floor (EIP-7623) included, at k = 1024. The chain is the tests' own, with
 * the EVM's prices, so that the figures are the same everywhere.
 */
export const K = 1024
const BATCH = 32
/** Of a transaction (EIP-7825), of its bytes in pools, and of a devnet's block. */
const TRANSACTION_GAS = 2n ** 24n
const TRANSACTION_BYTES = 128 * 1024
/** Room for the fields of the transaction that carries the input. */
const ENVELOPE_BYTES = 512
const PER_DATANET = bounds.freezePerCall
/** Chunks of 23 rows that one call carries. */
const ROWS_PER_CALL = 69

const longTimes = { ...devnetParameters, revealMaxBlocks: 1_000, purseExitBlocks: 5_000 }

/** Sends, and says what the transaction costs. */
function gasOf<const A extends Abi>(
  on: Contract<A>,
  method: string,
  args: readonly unknown[],
  by: Account,
  valueWei = 0n,
): bigint {
  const { result } = on.send(method as never, args, { from: by.address, valueWei })
  return on.gasOf(method as never, args, result)
}

/** Contributions of a hundred contributors, frozen in as many Datanets as they take. */
export function frozen(world: World, count: number): readonly bigint[] {
  const ids: bigint[] = []
  for (let from = 0; from < count; from += PER_DATANET) {
    const size = Math.min(PER_DATANET, count - from)
    const specs = Array.from({ length: size }, (_, n) => {
      const by = account(1_000 + ((from + n) % 100))
      if (world.chain.balanceOf(by.address) === 0n) world.chain.fund(by.address, 1_000n * OPEN)
      return contribution(10_000 + from + n, by)
    })
    ids.push(world.frozenDatanet(owner, scorer, specs))
  }
  return ids
}

/** Creation, rows and publication of an adapter. */
export function publishing(rowCount: number): bigint {
  const world = new World(longTimes)
  const datanets = frozen(world, rowCount).map((datanetId) => ({ datanetId, version: 1 }))
  const baseModelId = world.registerBaseModel(owner)
  const rows = Array.from({ length: rowCount }, (_, n) => makeRow(K, n))
  const on = world.adapters
  const draft = world.draft(baseModelId, datanets, { k: K })
  let gas = gasOf(on, 'createAdapter', [draft], owner, OPEN)
  for (let start = 0; start < rowCount; start += ROWS_PER_CALL) {
    const bytes = Buffer.concat(rows.slice(start, start + ROWS_PER_CALL)).toString('hex')
    gas += gasOf(on, 'appendRows', [1n, start, `0x${bytes}`], owner)
  }
  return gas + gasOf(on, 'publish', [1n, bytesToHex(rfc6962(rows))], owner)
}

/** A chain whose requesters, one for each receipt of a batch, have deposits. */
function settling(): { readonly f: Fixture; receipts(count: number): readonly MadeReceipt[] } {
  const f = new Fixture({ k: K, parameters: { windowReceipts: 500 } })
  const requesters = Array.from({ length: 64 }, (_, n) => account(100 + n))
  for (const { address } of requesters) {
    f.chain.fund(address, 10n * OPEN)
    f.attribution.send('deposit', [`0x${'00'.repeat(20)}`], { from: address, valueWei: OPEN })
  }
  const receipts = (count: number) => requesters.slice(0, count).map((requester) => f.receipt({ requester }))
  // the first receipt of a window and the settler's first credit pay for slots that later ones find
  f.settle(...receipts(1))
  return { f, receipts }
}

const settleArgs = (receipts: readonly MadeReceipt[]) => [receipts.map(({ signed }) => signed), 0n]

/** For each receipt in one call of so many, each of a requester of its own. */
export function settlement(count: number): bigint {
  const { f, receipts } = settling()
  const gas = gasOf(f.attribution, 'settle', settleArgs(receipts(count)), settler)
  return ceilDivide(gas, count)
}

/** As many receipts as a transaction holds. */
export function largestBatch(): number {
  const { f, receipts } = settling()
  const all = receipts(64)
  let count = all.length
  const bytesOf = () => f.attribution.encode('settle', settleArgs(all.slice(0, count))).length
  while (bytesOf() + ENVELOPE_BYTES > TRANSACTION_BYTES) count -= 1
  if (settlement(count) * BigInt(count) > TRANSACTION_GAS) throw new Error('gas ends a batch before its size')
  return count
}

/** For each receipt of 32, all that must be sent: settlement, draw, three verdicts in batches, and its end. */
export function wholeLife(): bigint {
  const { f, receipts } = settling()
  const { attribution: on } = f
  const batch = receipts(BATCH)
  let gas = gasOf(on, 'settle', settleArgs(batch), settler)
  f.chain.advance()
  const ids = batch.map(({ receiptId }) => receiptId)
  gas += gasOf(on, 'drawAudits', [ids], stranger)
  const seats = auditors.map((auditor) => ({
    auditor,
    own: batch.filter((receipt) => f.committee(receipt).includes(auditor)).map(({ receiptId }) => receiptId),
  }))
  const said = (own: readonly string[]) =>
    [own.map(() => 1), own.map((id) => testHash(`digest ${id}`))] as const
  for (const { auditor, own } of seats) {
    const [verdicts, digests] = said(own)
    const commitment = f.commitmentOf(auditor, own as never, verdicts, digests)
    gas += gasOf(on, 'commitAudit', [own, commitment], auditor)
  }
  for (const { auditor, own } of seats) {
    gas += gasOf(on, 'revealAudit', [own, ...said(own), testHash('audit salt')], auditor)
  }
  f.pastChallenge()
  const facts = ids.map((id) => f.world.factsOf(id))
  gas += gasOf(on, 'finalize', [facts, ids.map(() => '0x')], stranger)
  if (ids.some((id) => f.statusOf(id) !== 4)) throw new Error('a receipt is not final')
  return ceilDivide(gas, BATCH)
}

/** Two windows of 1,000 contributions, by a hundred contributors who have been paid nothing before. */
export function closing(): { readonly first: bigint; readonly later: bigint } {
  const count = 1_000
  const f = new Fixture({
    k: K,
    withAuditors: false,
    parameters: { windowReceipts: BATCH, revealMaxBlocks: 1_000, purseExitBlocks: 5_000 },
  })
  const rows = Array.from({ length: count }, (_, n) => makeRow(K, n))
  const datanets = frozen(f.world, count)
  const adapterId = f.world.activeAdapter(owner, f.baseModelId, datanets, rows, { k: K })
  const close = () => {
    const receipts = Array.from({ length: BATCH }, () => f.receipt({ adapterId }))
    f.settle(...receipts)
    f.pastChallenge()
    f.finalize(receipts)
    return gasOf(f.attribution, 'closeWindow', [adapterId, 2 * count], stranger)
  }
  return { first: close(), later: close() }
}

export function ceilDivide(gas: bigint, count: number): bigint {
  return (gas + BigInt(count) - 1n) / BigInt(count)
}
