import { receiptFlag, receiptStatus } from '../../../../precompiles/proofOfAttribution/layout.ts'
import type { Move } from '../subject.ts'
import { type Known, SETTLER, STRANGER } from './people.ts'
import { makeReceipt } from './receipts.ts'
import { type Idea, SOME, type Table } from './table.ts'

/** Moves that settle, mark, challenge and end receipts. */
export class Settling {
  readonly #table: Table

  constructor(table: Table) {
    this.#table = table
  }

  settle(): Move {
    const table = this.#table
    const { dice, scan, made } = table
    const from = dice.one([SETTLER.address, SETTLER.address, ...SOME])
    const lastBlock = table.rarely(0n, BigInt(scan.block()), BigInt(scan.block() - 1), 2n ** 64n - 1n)
    if (dice.below(60) === 0) {
      return table.call('settle', [dice.below(2) === 0 ? [] : this.#tooMany(), lastBlock], { from })
    }
    const receipts = Array.from({ length: 1 + dice.below(4) }, () => this.#receipt())
    made.push(...receipts)
    const again = dice.below(4) === 0 ? [dice.one(made)] : []
    const batch = [...receipts, ...again, ...(dice.below(12) === 0 ? receipts.slice(0, 1) : [])]
    const options = { from, advance: dice.below(2), ...(dice.below(6) === 0 ? this.#untilWindowIsOld() : {}) }
    return table.call('settle', [batch.map(({ signed }) => signed), lastBlock], options)
  }

  /** To the last block in which the newest window takes receipts, or the next. */
  #untilWindowIsOld(): { readonly advance?: number } {
    const { dice, scan, focus, start } = this.#table
    const id = dice.one(focus)
    const { openedBlock } = scan.window(id, scan.windows(id).opened)
    const wait = openedBlock + start.world.parameters.windowAgeBlocks - scan.block() - dice.below(2)
    return wait > 0 && wait < 20 ? { advance: wait } : {}
  }

  #receipt(): Known {
    const { dice, scan, start, focus } = this.#table
    this.#table.nonce += 1n
    const adapterId = dice.below(8) === 0 ? dice.one(start.adapterIds) : dice.one(focus)
    const second = scan.version(adapterId, 2)
    const isSecond = second.activeFromBlock > 0 && scan.block() >= second.activeFromBlock
    const version = isSecond && dice.below(3) > 0 ? 2 : 1
    const place = { adapterId, version, block: scan.block(), nonce: this.#table.nonce }
    return makeReceipt(dice, start, place)
  }

  /** More than a call takes; all the same, so that they are quickly made. */
  #tooMany(): readonly unknown[] {
    const { signed } = this.#receipt()
    return Array.from({ length: 65 }, () => signed)
  }

  /** Ends receipts, in the block in which they can be ended, or sooner. */
  finalize(receipts: readonly Known[]): Move {
    const table = this.#table
    const { dice } = table
    const list = table.some(receipts, 10)
    const facts = list.map((receipt) => table.factsOf(receipt))
    const rows = list.map(({ signed }) => (dice.below(10) === 0 ? '0x' : signed.queryRow))
    const first = facts[0]
    if (first !== undefined && dice.below(16) === 0)
      facts[0] = { ...first, settlerWei: first.settlerWei + 1n }
    if (dice.below(40) === 0) rows.pop()
    const ends = list.map((receipt) => this.#endOf(receipt))
    // now and then a block too early
    const early = dice.below(6) === 0 ? 1 : 0
    const end = (dice.below(3) > 0 ? Math.max(0, ...ends) : Math.min(...ends)) - early
    return table.call('finalize', [facts, rows], table.until(end))
  }

  #endOf({ receiptId }: Known): number {
    const { scan, start } = this.#table
    const { challengeWindowBlocks, appealBlocks } = start.world.parameters
    const status = this.#table.statusOf(receiptId)
    const youngUntil = this.#table.settledBlock(receiptId) + challengeWindowBlocks
    if (status === receiptStatus.settled) return youngUntil
    if (status === receiptStatus.appealed) {
      const { committed, revealed, revealEndBlock } = scan.appeal(receiptId)
      return committed !== 0n && committed === revealed
        ? youngUntil
        : Math.max(youngUntil, revealEndBlock + 1)
    }
    const { committed, revealed, revealEndBlock, lastRevealBlock } = scan.audit(receiptId)
    const lastBlock = committed !== 0 && committed === revealed ? lastRevealBlock : revealEndBlock
    return Math.max(youngUntil, lastBlock + appealBlocks + 1)
  }

  markWrong(receipts: readonly Known[]): Move {
    const table = this.#table
    const marked = receipts.filter(
      ({ receiptId }) => (table.scan.receipt(receiptId).flags & receiptFlag.markedWrong) !== 0,
    )
    const receipt = table.dice.one(marked.length > 0 && table.dice.below(4) === 0 ? marked : receipts)
    const facts = table.factsOf(receipt)
    const from = table.rarely(receipt.requester, STRANGER.address)
    return table.call('markWrong', [table.rarely(facts, { ...facts, settlerWei: 7n })], { from, advance: 0 })
  }

  challenge(receipts: readonly Known[]): Move {
    const table = this.#table
    const { dice, start } = table
    const bondWei = start.world.parameters.receiptChallengeBondWei
    const receipt = dice.one(receipts)
    const isUnaudited = (table.scan.receipt(receipt.receiptId).flags & receiptFlag.unaudited) !== 0
    const usual = isUnaudited ? receipt.requester : dice.one([STRANGER.address, receipt.requester, ...SOME])
    const from = table.rarely(usual, receipt.host, STRANGER.address)
    const facts = table.factsOf(receipt)
    const valueWei = table.rarely(bondWei, 0n, bondWei + 1n)
    return table.call('challengeReceipt', [table.rarely(facts, { ...facts, settlerWei: 7n })], {
      from,
      valueWei,
      advance: 0,
    })
  }

  ideas(): readonly Idea[] {
    const { made } = this.#table
    if (made.length === 0) return [() => this.settle()]
    const open = this.#table.open()
    const receipts = open.length > 0 && this.#table.dice.below(5) > 0 ? open : made
    return [
      () => this.settle(),
      () => this.finalize(made),
      () => this.markWrong(receipts),
      () => this.challenge(receipts),
    ]
  }
}
