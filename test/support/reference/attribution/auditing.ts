import { receiptStatus } from '../../../../precompiles/proofOfAttribution/layout.ts'
import { bytesToHex, type Hash, hexToBytes, ZERO_HASH } from '../../../../src/primitives/hex.ts'
import { testHash } from '../../precompileWorld.ts'
import type { Move } from '../subject.ts'
import { AUDITORS, type Committed, commitmentOf, type Known, OWNER, STRANGER, voteOf } from './people.ts'
import { addressesOf, type Idea, SOME, type Table } from './table.ts'

const [OK, ROW_MISMATCH, UNAVAILABLE, UNDECIDED, NO_VERDICT] = [1, 3, 4, 5, 6] as const
const hasBit = (bits: bigint | number, index: number) => ((BigInt(bits) >> BigInt(index)) & 1n) === 1n

/** Those who can still commit to a receipt, or have committed and can reveal. */
interface Bench {
  readonly members: readonly string[]
  readonly committed: bigint
  readonly revealed: bigint
  readonly commitEndBlock: number
  readonly revealEndBlock: number
}

/** Moves that draw and decide audits and appeals. */
export class Auditing {
  readonly #table: Table

  constructor(table: Table) {
    this.#table = table
  }

  draw(receipts: readonly Known[]): Move {
    const table = this.#table
    const { dice } = table
    const ids = table.some(receipts, 5).map(({ receiptId }) => receiptId)
    const unknown = dice.below(20) === 0 ? [testHash('no receipt')] : []
    return table.call('drawAudits', [[...ids, ...unknown]], dice.below(4) === 0 ? {} : { advance: 1 })
  }

  /** An auditor commits to what it found in some of the audits in which it sits. */
  commit(receipts: readonly Known[]): Move {
    const committed = this.#commitment(receipts, (id) => this.#seats(id))
    this.#table.committed.push(committed)
    const commitment = this.#table.rarely(commitmentOf(committed), ZERO_HASH)
    return this.#table.call('commitAudit', [committed.receiptIds, commitment], { from: committed.auditor })
  }

  reveal(): Move {
    const { auditor, receiptIds, verdicts, digests, salt, advance } = this.#revealing(
      this.#table.committed,
      receiptStatus.auditOpen,
      (id) => this.#seats(id),
    )
    const args = [receiptIds, this.#shortened(verdicts), digests, salt]
    return this.#table.call('revealAudit', args, { from: auditor, advance })
  }

  vote(receipts: readonly Known[]): Move {
    const vote = this.#commitment(receipts, (id) => this.#electors(id))
    this.#table.votes.push(vote)
    const commitment = this.#table.rarely(voteOf(vote), ZERO_HASH)
    return this.#table.call('commitAppeal', [vote.receiptIds, commitment], { from: vote.auditor })
  }

  revealVote(): Move {
    const { auditor, receiptIds, verdicts, salt, advance } = this.#revealing(
      this.#table.votes,
      receiptStatus.appealed,
      (id) => this.#electors(id),
    )
    const args = [receiptIds, this.#shortened(verdicts), salt]
    return this.#table.call('revealAppeal', args, { from: auditor, advance })
  }

  openAppeal(receipts: readonly Known[]): Move {
    const table = this.#table
    const facts = table.some(receipts, 4).map((receipt) => table.factsOf(receipt))
    const first = facts[0]
    if (first !== undefined && table.dice.below(30) === 0) facts[0] = { ...first, settlerWei: 7n }
    return table.call('openAppeal', [facts])
  }

  appeal(receipts: readonly Known[]): Move {
    const table = this.#table
    const found = receipts.filter(({ receiptId }) => {
      const { committed, revealed } = table.scan.audit(receiptId)
      return committed !== 0 && committed === revealed
    })
    const receipt = table.dice.one(found.length > 0 ? found : receipts)
    const facts = table.factsOf(receipt)
    const { revealEndBlock } = table.scan.audit(receipt.receiptId)
    const bondWei = table.start.world.parameters.appealBondWei
    const valueWei = table.rarely(bondWei, 0n, bondWei - 1n)
    const from = table.dice.one([STRANGER.address, receipt.host, receipt.requester, ...SOME])
    const waits =
      table.dice.below(3) === 0 ? table.until(revealEndBlock + table.dice.below(6)) : { advance: 0 }
    return table.call('appealReceipt', [facts], { from, valueWei, ...waits })
  }

  toReveal(): readonly Committed[] {
    return this.#waiting(this.#table.committed, receiptStatus.auditOpen, (id) => this.#seats(id))
  }

  votesToReveal(): readonly Committed[] {
    return this.#waiting(this.#table.votes, receiptStatus.appealed, (id) => this.#electors(id))
  }

  ideas(): readonly Idea[] {
    const { made } = this.#table
    if (made.length === 0) return [() => this.reveal()]
    return [
      () => this.draw(made),
      () => this.commit(made),
      () => this.reveal(),
      () => this.vote(made),
      () => this.revealVote(),
      () => this.openAppeal(made),
      () => this.appeal(made),
    ]
  }

  #seats(receiptId: Hash): Bench {
    const { committee, committed, revealed, ...ends } = this.#table.scan.audit(receiptId)
    return { ...ends, members: committee, committed: BigInt(committed), revealed: BigInt(revealed) }
  }

  /** An elector's place follows from the list of auditors, unless that has changed; then the vote is one too many. */
  #electors(receiptId: Hash): Bench {
    const { electors, ...appeal } = this.#table.scan.appeal(receiptId)
    return { ...appeal, members: this.#table.scan.electors(receiptId).slice(0, electors) }
  }

  #commitment(all: readonly Known[], benchOf: (receiptId: Hash) => Bench): Committed {
    const { dice, scan } = this.#table
    const timely = all.filter(({ receiptId }) => scan.block() <= benchOf(receiptId).commitEndBlock)
    const receipts = timely.length > 0 ? timely : all
    const waiting = receipts.flatMap(({ receiptId }) => {
      const { members, committed } = benchOf(receiptId)
      return members.filter((_, index) => !hasBit(committed, index))
    })
    const auditor = (waiting.length === 0 ? dice.one(AUDITORS).address : dice.one(waiting)) as `0x${string}`
    const own = receipts.filter(({ receiptId }) => {
      const { members, committed } = benchOf(receiptId)
      const index = members.indexOf(auditor)
      return index >= 0 && !hasBit(committed, index)
    })
    const chosen = dice.below(24) === 0 ? this.#table.some(receipts, 3) : this.#table.some(own, 6)
    const receiptIds = chosen.map(({ receiptId }) => receiptId)
    return {
      auditor,
      receiptIds,
      verdicts: receiptIds.map((id) => this.#verdict(id)),
      digests: receiptIds.map((id) => this.#digest(id)),
      salt: testHash(`salt ${dice.below(3)}`),
    }
  }

  /** What most auditors find: mostly the same. */
  #verdict(receiptId: Hash): number {
    const { dice } = this.#table
    const usual =
      [OK, OK, OK, 2, ROW_MISMATCH, UNAVAILABLE, UNDECIDED, OK][Number(BigInt(receiptId) % 8n)] ?? OK
    if (dice.below(16) === 0) return dice.one([0, NO_VERDICT, 255])
    return dice.below(4) === 0 ? dice.one([OK, 2, ROW_MISMATCH, UNAVAILABLE, UNDECIDED]) : usual
  }

  /** Digests of the same work differ in few bits. */
  #digest(receiptId: Hash): Hash {
    const { dice } = this.#table
    const bytes = hexToBytes(testHash(`digest ${receiptId}`))
    const flips = dice.below(5)
    for (let n = 0; n < flips; n++) {
      const bit = dice.below(100)
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    }
    return bytesToHex(bytes)
  }

  /** Something that is committed to and can be revealed, now or after some blocks. */
  #revealing(
    all: readonly Committed[],
    status: number,
    benchOf: (receiptId: Hash) => Bench,
  ): Committed & { readonly advance: number } {
    const { dice, scan } = this.#table
    const waiting = this.#waiting(all, status, benchOf)
    const known = dice.below(12) === 0 ? all : waiting
    if (known.length === 0) {
      const ids = { receiptIds: [testHash('x')], verdicts: [1], digests: [ZERO_HASH], salt: ZERO_HASH }
      return { auditor: dice.one(addressesOf([OWNER, ...AUDITORS])), ...ids, advance: 0 }
    }
    const chosen = dice.one(known)
    const benches = chosen.receiptIds.map(benchOf)
    const isEarly = benches.some(
      ({ members, committed }) => !members.every((_, index) => hasBit(committed, index)),
    )
    const wait = Math.max(0, ...benches.map(({ commitEndBlock }) => commitEndBlock + 1)) - scan.block()
    return { ...chosen, advance: isEarly && wait > 0 && dice.below(4) > 0 ? wait : 0 }
  }

  #waiting(
    all: readonly Committed[],
    status: number,
    benchOf: (receiptId: Hash) => Bench,
  ): readonly Committed[] {
    return all.filter(({ auditor, receiptIds }) =>
      receiptIds.some((id) => {
        const { members, committed, revealed, revealEndBlock } = benchOf(id)
        const index = members.indexOf(auditor)
        const isTimely = this.#table.scan.block() <= revealEndBlock
        const isOpen = isTimely && index >= 0 && this.#table.statusOf(id) === status
        return isOpen && hasBit(committed, index) && !hasBit(revealed, index)
      }),
    )
  }

  #shortened(verdicts: readonly number[]): readonly number[] {
    return this.#table.dice.below(24) === 0 ? verdicts.slice(1) : verdicts
  }
}
