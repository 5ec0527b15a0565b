import { encodeFunctionData } from 'viem'
import { iAdapterRegistryAbi } from '../../../../contracts/generated/IAdapterRegistry.ts'
import { iProofOfAttributionAbi } from '../../../../contracts/generated/IProofOfAttribution.ts'
import { ADAPTER_ADDRESS, ATTRIBUTION_ADDRESS } from '../../../../precompiles/addresses.ts'
import { receiptStatus, windowState } from '../../../../precompiles/proofOfAttribution/layout.ts'
import { bpsOf, minimum } from '../../../../precompiles/shared/shares.ts'
import {
  type Address,
  bytesToHex,
  type Hash,
  hexToBytes,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '../../../../src/primitives/hex.ts'
import type { Dice } from '../../callFuzzer.ts'
import { OPEN, testHash } from '../../precompileWorld.ts'
import type { RunningWorld } from '../runningWorld.ts'
import type { Move, Player } from '../subject.ts'
import { TREES } from '../twinWorlds.ts'
import { type Facts, makeReceipt } from './receipts.ts'
import { AttributionScan } from './scan.ts'
import {
  APPLICATION,
  type AttributionStart,
  AUDITORS,
  CONTRIBUTORS,
  type Committed,
  commitmentOf,
  HOSTS,
  type Known,
  OWNER,
  REQUESTERS,
  SETTLER,
  SIGNERS,
  STRANGER,
} from './start.ts'

type Args = readonly unknown[]
interface Options {
  readonly from?: Address
  readonly valueWei?: bigint
  readonly advance?: number
}
/** Makes a move. */
type Idea = () => Move

const addresses = (accounts: readonly { readonly address: Address }[]) =>
  accounts.map(({ address }) => address)
const PAYERS = [...addresses(REQUESTERS), ...TREES.slice(0, 1)]
const SOME = [...addresses([OWNER, SETTLER, STRANGER, ...HOSTS, ...REQUESTERS]), ...TREES.slice(0, 1)]
const ALL = [...SOME, ...addresses([...AUDITORS, ...CONTRIBUTORS, APPLICATION])]
const ENDPOINTS = [
  'https://h',
  'h',
  '',
  'a\u0000b',
  'a\u202eb',
  'ü'.repeat(128),
  'x'.repeat(257),
  'x'.repeat(31),
  'y'.repeat(32),
  'z'.repeat(100),
]

/** Plays a market of receipts: keeps what was signed, and thinks of what could come next in the native world. */
export class AttributionPlayer implements Player {
  readonly #dice: Dice
  readonly #start: AttributionStart
  readonly #scan: AttributionScan
  readonly #made: Known[]
  readonly #committed: Committed[]
  readonly #focus: readonly bigint[]
  #nonce = 0n

  constructor(dice: Dice, start: AttributionStart, native: RunningWorld) {
    this.#dice = dice
    this.#start = start
    this.#scan = new AttributionScan(native)
    this.#made = [...start.receipts]
    this.#committed = [...start.committed]
    const [first = 1n] = start.adapterIds
    this.#focus = [dice.below(3) > 0 ? first : dice.one(start.adapterIds), dice.one(start.adapterIds)]
  }

  boundaries(): readonly bigint[] {
    const { challengeWindowBlocks, windowAgeBlocks } = this.#start.world.parameters
    const blocks: number[] = []
    for (const { receiptId } of this.#open()) {
      const { settledBlock } = this.#batchOf(receiptId)
      const { commitEndBlock, revealEndBlock } = this.#scan.audit(receiptId)
      blocks.push(settledBlock + challengeWindowBlocks, commitEndBlock, revealEndBlock)
    }
    for (const id of this.#focus) {
      const window = this.#scan.window(id, this.#scan.windows(id).closed + 1n)
      blocks.push(window.openedBlock + windowAgeBlocks, this.#scan.version(id, 2).activeFromBlock)
      blocks.push(this.#scan.version(id, 1).retiredBlock)
    }
    for (const { address } of HOSTS) blocks.push(this.#scan.host(address).withdrawableBlock)
    for (const { address } of REQUESTERS)
      blocks.push(this.#scan.deposit(address, ZERO_ADDRESS).withdrawableBlock)
    for (const { address } of AUDITORS) {
      blocks.push(this.#scan.auditor(address, this.#start.baseModelIds[0] ?? 1n).withdrawableBlock)
    }
    return blocks.map(BigInt)
  }

  async next(): Promise<Move> {
    const dice = this.#dice
    const kind = dice.below(24)
    if (kind < 15) return dice.one(this.#progress())()
    if (kind < 17) return dice.one(this.#receiptMoves())()
    if (kind < 18) return dice.one(this.#depositMoves())()
    if (kind < 19) return dice.one(this.#hostMoves())()
    if (kind < 20) return dice.one(this.#auditorMoves())()
    if (kind < 21) return dice.one(this.#siblingMoves())()
    if (kind < 22) return dice.one(this.#claimMoves())()
    return dice.one(this.#views())()
  }

  #call(method: string, args: Args, options: Options = {}): Move {
    const data = encodeFunctionData({ abi: iProofOfAttributionAbi, functionName: method, args } as never)
    return { to: ATTRIBUTION_ADDRESS, data: hexToBytes(data), from: this.#dice.one(SOME), ...options }
  }

  // what the player knows

  #status(receiptId: Hash): number {
    return this.#scan.receipt(receiptId).status
  }

  #withStatus(...statuses: readonly number[]): Known[] {
    return this.#made.filter(({ receiptId }) => statuses.includes(this.#status(receiptId)))
  }

  #open(): Known[] {
    return this.#withStatus(receiptStatus.settled, receiptStatus.auditOpen)
  }

  #batchOf(receiptId: Hash) {
    return this.#scan.batch(this.#scan.receipt(receiptId).batchId)
  }

  #factsOf({ receiptId, receiptHash, queryRowHash, requester, application }: Known): Facts {
    const { parameters, chain } = this.#start.world
    const { feeWei } = this.#scan.receipt(receiptId)
    const costWei = chain.baseFeeWei * parameters.settlementGas
    const settlerWei = minimum(costWei, bpsOf(feeWei, parameters.settlerCapBps))
    return { receiptId, requester, application, settlerWei, queryRowHash, receiptHash }
  }

  // moves

  /** What brings receipts and windows further. */
  #progress(): readonly Idea[] {
    const undrawn = this.#withStatus(receiptStatus.settled)
    const audited = this.#withStatus(receiptStatus.auditOpen)
    const ideas: Idea[] = []
    const add = (times: number, idea: Idea) => {
      for (let n = 0; n < times; n++) ideas.push(idea)
    }
    if (undrawn.length + audited.length < 12) add(3, () => this.#settle())
    if (undrawn.length > 0) add(3, () => this.#draw(undrawn))
    if (audited.length > 0) {
      add(6, () => this.#commit(audited))
      add(6, () => this.#reveal())
    }
    if (undrawn.length + audited.length > 0) add(4, () => this.#finalize(true))
    for (const id of this.#focus) {
      const window = this.#scan.window(id, this.#scan.windows(id).closed + 1n)
      if (window.state === windowState.open && window.settled === window.finished)
        add(2, () => this.#close(id, true))
      if (window.state > windowState.open) add(6, () => this.#close(id, false))
    }
    return ideas
  }

  #receiptMoves(): readonly Idea[] {
    const dice = this.#dice
    return [
      () => this.#settle(),
      () => this.#draw(this.#made),
      () => this.#commit(this.#made),
      () => this.#reveal(),
      () => this.#finalize(false),
      () => this.#markWrong(),
      () => this.#markWrong(),
      () => this.#close(dice.one([...this.#start.adapterIds, 0n, 99n]), false),
    ]
  }

  #settle(): Move {
    const dice = this.#dice
    const from = dice.one([SETTLER.address, SETTLER.address, ...SOME])
    if (dice.below(60) === 0)
      return this.#call('settle', [dice.below(2) === 0 ? [] : this.#manyReceipts(), 0n], { from })
    const receipts = Array.from({ length: 1 + dice.below(4) }, () => this.#receipt())
    this.#made.push(...receipts)
    const again = dice.below(4) === 0 ? [dice.one(this.#made)] : []
    const batch = [...receipts, ...again, ...(dice.below(12) === 0 ? receipts.slice(0, 1) : [])]
    return this.#call('settle', [batch.map(({ signed }) => signed), 0n], { from })
  }

  #receipt(): Known {
    const dice = this.#dice
    this.#nonce += 1n
    const adapterId = dice.below(8) === 0 ? dice.one(this.#start.adapterIds) : dice.one(this.#focus)
    const second = this.#scan.version(adapterId, 2)
    const isSecond = second.activeFromBlock > 0 && this.#scan.block() >= second.activeFromBlock
    const version = isSecond && dice.below(3) > 0 ? 2 : 1
    return makeReceipt(dice, this.#start, {
      adapterId,
      version,
      block: this.#scan.block(),
      nonce: this.#nonce,
    })
  }

  /** More than a call takes; all the same, so that they are quickly made. */
  #manyReceipts(): readonly unknown[] {
    const { signed } = this.#receipt()
    return Array.from({ length: 65 }, () => signed)
  }

  #some<T>(list: readonly T[], most: number): readonly T[] {
    const chosen = list.filter(() => this.#dice.below(2) === 0).slice(0, most)
    return chosen.length > 0 || list.length === 0 ? chosen : [this.#dice.one(list)]
  }

  #draw(receipts: readonly Known[]): Move {
    const dice = this.#dice
    const ids = this.#some(receipts, 5).map(({ receiptId }) => receiptId)
    const stranger = dice.below(20) === 0 ? [testHash('no receipt')] : []
    return this.#call('drawAudits', [[...ids, ...stranger]], dice.below(3) === 0 ? {} : { advance: 1 })
  }

  /** An auditor commits to what it found in some of the audits in which it sits. */
  #commit(receipts: readonly Known[]): Move {
    const dice = this.#dice
    const seats = receipts.flatMap(({ receiptId }) => {
      const { committee, committed } = this.#scan.audit(receiptId)
      return committee.filter((_, seat) => (committed & (1 << seat)) === 0)
    })
    const auditor = seats.length === 0 ? dice.one(AUDITORS).address : dice.one(seats)
    const own = receipts.filter(({ receiptId }) => {
      const { committee, committed } = this.#scan.audit(receiptId)
      const seat = committee.indexOf(auditor)
      return seat >= 0 && (committed & (1 << seat)) === 0
    })
    const chosen = dice.below(20) === 0 ? this.#some(receipts, 3) : this.#some(own, 6)
    const receiptIds = chosen.map(({ receiptId }) => receiptId)
    const committed: Committed = {
      auditor,
      receiptIds,
      verdicts: receiptIds.map((id) => this.#verdict(id)),
      digests: receiptIds.map((id) => this.#digest(id)),
      salt: testHash(`salt ${dice.below(3)}`),
    }
    this.#committed.push(committed)
    const commitment = dice.below(40) === 0 ? ZERO_HASH : commitmentOf(committed)
    return this.#call('commitAudit', [receiptIds, commitment], { from: auditor })
  }

  /** What most auditors find: mostly the same. */
  #verdict(receiptId: Hash): number {
    const dice = this.#dice
    const usual = [1, 1, 1, 2, 3, 4, 2, 1][Number(BigInt(receiptId) % 8n)] ?? 1
    return dice.below(6) === 0 ? dice.one([1, 2, 3, 4, 0, 5]) : usual
  }

  /** Digests of the same work differ in few bits. */
  #digest(receiptId: Hash): Hash {
    const flips = this.#dice.below(5)
    const bytes = hexToBytes(testHash(`digest ${receiptId}`))
    for (let n = 0; n < flips; n++) {
      const bit = this.#dice.below(100)
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    }
    return bytesToHex(bytes)
  }

  #reveal(): Move {
    const dice = this.#dice
    const waiting = this.#committed.filter(({ auditor, receiptIds }) =>
      receiptIds.some((id) => {
        const { committee, committed, revealed } = this.#scan.audit(id)
        const bit = 1 << Math.max(committee.indexOf(auditor), 0)
        return (
          this.#status(id) === receiptStatus.auditOpen && (committed & bit) !== 0 && (revealed & bit) === 0
        )
      }),
    )
    const known = dice.below(12) === 0 ? this.#committed : waiting
    const chosen: Committed =
      known.length > 0
        ? dice.one(known)
        : {
            auditor: OWNER.address,
            receiptIds: [testHash('x')],
            verdicts: [1],
            digests: [ZERO_HASH],
            salt: ZERO_HASH,
          }
    const { auditor, receiptIds, verdicts, digests, salt } = chosen
    const ends = receiptIds.map((id) => this.#scan.audit(id)).map(({ commitEndBlock }) => commitEndBlock + 1)
    const isEarly = receiptIds.some((id) => {
      const { committed, seats } = this.#scan.audit(id)
      return committed !== (1 << seats) - 1
    })
    const wait = Math.max(0, ...ends) - this.#scan.block()
    const advance = isEarly && wait > 0 && dice.below(4) > 0 ? { advance: wait } : { advance: 0 }
    const changed = dice.below(16) === 0 ? verdicts.slice(1) : verdicts
    return this.#call('revealAudit', [receiptIds, changed, digests, salt], { from: auditor, ...advance })
  }

  #finalize(waits: boolean): Move {
    const dice = this.#dice
    const { challengeWindowBlocks } = this.#start.world.parameters
    const list = waits ? this.#some(this.#open(), 8) : this.#some(this.#made, 4)
    const facts = list.map((receipt) => this.#factsOf(receipt))
    const rows = list.map(({ signed }) => (dice.below(8) === 0 ? '0x' : signed.queryRow))
    const first = facts[0]
    if (first !== undefined && dice.below(14) === 0)
      facts[0] = { ...first, settlerWei: first.settlerWei + 1n }
    if (dice.below(30) === 0) rows.pop()
    const ends = list.map(({ receiptId }) => {
      const { revealEndBlock, committed, revealed } = this.#scan.audit(receiptId)
      const reveals = committed !== 0 && committed === revealed ? 0 : revealEndBlock + 1
      return Math.max(this.#batchOf(receiptId).settledBlock + challengeWindowBlocks, reveals)
    })
    const wait = (dice.below(2) === 0 ? Math.max(0, ...ends) : Math.min(...ends)) - this.#scan.block()
    const canWait = waits && wait > 0 && wait < 30 && dice.below(4) > 0
    return this.#call('finalize', [facts, rows], canWait ? { advance: wait } : {})
  }

  #markWrong(): Move {
    const dice = this.#dice
    if (this.#made.length === 0) return this.#settle()
    const open = this.#open()
    const receipt = dice.one(open.length > 0 && dice.below(5) > 0 ? open : this.#made)
    const facts = this.#factsOf(receipt)
    const from = dice.below(8) === 0 ? STRANGER.address : receipt.requester
    const changed = dice.below(10) === 0 ? { ...facts, application: ZERO_ADDRESS } : facts
    return this.#call('markWrong', [changed], { from, advance: 0 })
  }

  #close(adapterId: bigint, waits: boolean): Move {
    const dice = this.#dice
    const { windowAgeBlocks } = this.#start.world.parameters
    const window = this.#scan.window(adapterId, this.#scan.windows(adapterId).closed + 1n)
    const wait = window.openedBlock + windowAgeBlocks - this.#scan.block()
    const work = dice.one([1, 2, 3, 5, 8, 100, 2 ** 32 - 1, dice.below(20) === 0 ? 0 : 4])
    const canWait = waits && wait > 0 && dice.below(3) > 0
    return this.#call('closeWindow', [adapterId, work], canWait ? { advance: wait - dice.below(2) } : {})
  }

  #depositMoves(): readonly Idea[] {
    const dice = this.#dice
    const from = dice.one(PAYERS)
    const host = dice.one([ZERO_ADDRESS, ZERO_ADDRESS, ...addresses(HOSTS), from])
    const { balanceWei, leavingWei, withdrawableBlock } = this.#scan.deposit(from, host)
    const amountWei = dice.one([balanceWei, balanceWei / 2n, balanceWei + 1n, 0n, 1n])
    const wait = withdrawableBlock - this.#scan.block()
    const waits = leavingWei > 0n && wait > 0 && dice.below(2) === 0 ? { advance: wait } : {}
    return [
      () => this.#call('deposit', [host], { from, valueWei: dice.one([0n, 1n, OPEN / 50n, OPEN]) }),
      () => this.#call('requestWithdraw', [host, amountWei], { from }),
      () => this.#call('withdraw', [host], { from, ...waits }),
      () => this.#call('withdraw', [host], { from, ...waits }),
    ]
  }

  #hostMoves(): readonly Idea[] {
    const dice = this.#dice
    const from = dice.one(addresses([...HOSTS, ...HOSTS, STRANGER]))
    const signer = dice.one([
      ...addresses([...SIGNERS, ...HOSTS, ...AUDITORS]),
      ZERO_ADDRESS,
      ADAPTER_ADDRESS,
    ])
    const fields = [signer, dice.one(['https://h', ...ENDPOINTS])]
    const bondWei = dice.one([OPEN, 30n * OPEN, OPEN - 1n, 0n])
    const wait = this.#scan.host(from).withdrawableBlock - this.#scan.block()
    const waits = wait > 0 && dice.below(2) === 0 ? { advance: wait } : {}
    return [
      () => this.#call('registerHost', fields, { from, valueWei: bondWei }),
      () => this.#call('updateHost', fields, { from }),
      () => this.#call('addHostBond', [], { from, valueWei: dice.one([0n, 1n, OPEN]) }),
      () => this.#call('deregisterHost', [], { from }),
      () => this.#call('withdrawHostBond', [], { from, ...waits }),
      () => this.#call('withdrawHostBond', [], { from, ...waits }),
    ]
  }

  #auditorMoves(): readonly Idea[] {
    const dice = this.#dice
    const from = dice.one(addresses([...AUDITORS, ...HOSTS, STRANGER]))
    const model = dice.one([
      ...this.#start.baseModelIds,
      dice.below(6) === 0 ? 0n : 1n,
      dice.below(6) === 0 ? 99n : 1n,
    ])
    const bondWei = dice.one([10n * OPEN, 11n * OPEN + 7n, 10n * OPEN - 1n])
    const wait = this.#scan.auditor(from, model).withdrawableBlock - this.#scan.block()
    const waits = wait > 0 && dice.below(2) === 0 ? { advance: wait } : {}
    return [
      () => this.#call('registerAuditor', [model], { from, valueWei: bondWei }),
      () => this.#call('deregisterAuditor', [model], { from }),
      () => this.#call('withdrawAuditorBond', [model], { from, ...waits }),
    ]
  }

  /** What owners of adapters do meanwhile. */
  #siblingMoves(): readonly Idea[] {
    const dice = this.#dice
    const id = dice.one([...this.#focus, ...this.#start.adapterIds])
    const owner = this.#scan.adapter(id).owner
    const price = {
      baseWei: OPEN / dice.one([50n, 100n, 1000n]),
      perThousandInputWei: OPEN / 70n,
      perThousandOutputWei: 7n,
    }
    const until = this.#scan.block() + dice.one([-1, 0, 1, 5])
    return (
      [
        ['pause', [id]],
        ['unpause', [id]],
        ['unpause', [id]],
        ['setPrice', [id, price]],
        ['setAccess', [id, dice.one(PAYERS), Math.max(0, until)]],
        ['setAccessPolicy', [id, dice.below(2)]],
        ['transferAdapter', [id, STRANGER.address]],
      ] as const
    ).map(([method, args]) => () => {
      const data = encodeFunctionData({ abi: iAdapterRegistryAbi, functionName: method, args } as never)
      return { to: ADAPTER_ADDRESS, data: hexToBytes(data), from: owner }
    })
  }

  #claimMoves(): readonly Idea[] {
    const dice = this.#dice
    const { treasuryAddress, stakingAddress } = this.#start.world.parameters
    const system = [treasuryAddress, stakingAddress, ADAPTER_ADDRESS]
    return [
      () => this.#call('claim', [], { from: dice.one([...ALL, ...ALL, ...system]) }),
      () => this.#call('claimFor', [dice.one([...ALL, ...ALL, ...system])]),
      () => this.#call('sweepSurplus', []),
    ]
  }

  #views(): readonly Idea[] {
    const dice = this.#dice
    const made = this.#made.length > 0 ? dice.one(this.#made) : undefined
    const receiptId = made === undefined || dice.below(16) === 0 ? testHash('no receipt') : made.receiptId
    const adapterId = dice.below(12) === 0 ? 99n : dice.one(this.#focus)
    const { opened, closed } = this.#scan.windows(adapterId)
    const windowIndex = dice.one([
      closed,
      closed,
      closed + 1n,
      opened,
      dice.below(4) === 0 ? opened + 1n : 1n,
    ])
    const page = [
      dice.one([0, 0, 0, 1, 3, 8, 9, 2 ** 32 - 1]),
      dice.one([1, 5, 256, 257, dice.below(4) === 0 ? 0 : 9]),
    ]
    const model = dice.one([...this.#start.baseModelIds, 99n])
    const score = () =>
      made === undefined
        ? this.#call('domainSeparator', [])
        : this.#call('score', [
            this.#factsOf(made),
            dice.below(10) === 0 ? '0x00' : made.signed.queryRow,
            ...page,
          ])
    return [
      () => this.#call('domainSeparator', []),
      () => this.#call('getReceipt', [receiptId]),
      () => this.#call('getAudit', [receiptId]),
      () => this.#call('committee', [receiptId]),
      () => this.#call('depositOf', [dice.one(PAYERS), dice.one([ZERO_ADDRESS, ...addresses(HOSTS)])]),
      () => this.#call('hostInfo', [dice.one(addresses([...HOSTS, STRANGER]))]),
      () => this.#call('auditorInfo', [dice.one(addresses(AUDITORS)), model]),
      () => this.#call('auditorsOf', [model]),
      () => this.#call('getWindow', [adapterId, windowIndex]),
      () => this.#call('windowsOf', [adapterId]),
      () => this.#call('windowQuery', [adapterId, windowIndex]),
      () => this.#call('windowScores', [adapterId, windowIndex, ...page]),
      () => this.#call('windowShares', [adapterId, windowIndex, ...page]),
      score,
      score,
      () => this.#call('totals', []),
      () => this.#call('credits', [dice.one(ALL)]),
    ]
  }
}
