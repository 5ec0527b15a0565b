import type { Hash } from '../../../../src/primitives/hex.ts'
import { type Account, account, type MadeReceipt, OPEN, testHash } from '../../../support/precompileWorld.ts'
import {
  application,
  ascending,
  auditors,
  contributors,
  type Fixture,
  host,
  requester,
  stranger,
  voteCommitmentOf,
} from './fixture.ts'

type Next = () => number

/** Challenges, appeals and lists of auditors in a random life: every step is tried, and many are refused. */
export class AppealLife {
  readonly #f: Fixture
  readonly #receipts: readonly MadeReceipt[]
  /** Votes by receipt and elector: the first one counts, as it does for the chain. */
  readonly #votes = new Map<Hash, Map<Account, number>>()
  readonly #challenged = new Set<Hash>()
  readonly #appealed = new Set<Hash>()

  constructor(f: Fixture, receipts: readonly MadeReceipt[]) {
    this.#f = f
    this.#receipts = receipts
  }

  step(next: Next): void {
    const steps = [
      () => this.challenge(next),
      () => this.#open(next),
      () => this.#vote(next),
      () => this.#vote(next),
      () => this.#reveal(),
      () => this.#bonds(next),
      () => this.#claim(next),
    ]
    steps[next() % steps.length]!()
  }

  /** Of the newest receipts: others can rarely be challenged. */
  challenge(next: Next): void {
    const by = [stranger, stranger, requester, host, auditors[0]][next() % 5]!
    for (const receipt of this.#receipts.slice(-4)) {
      if (next() % 3 === 0) continue
      if (this.#f.challenge(receipt, by).ok) this.#challenged.add(receipt.receiptId)
    }
  }

  /** From what committees found to the end of an appeal, each step as incomplete as alone. */
  whole(next: Next): void {
    const { auditCommitBlocks, auditRevealBlocks } = this.#f.world.parameters
    this.#open(next)
    this.#vote(next)
    if (next() % 4 > 0) this.#f.chain.advance(auditCommitBlocks + 1)
    this.#reveal()
    this.#f.chain.advance(auditRevealBlocks + 1)
  }

  /** Bonds of challenges and appeals that are held, and of auditors. */
  bondsWei(): bigint {
    const { attribution, baseModelId } = this.#f
    const from = stranger.address
    let wei = 0n
    for (const id of this.#challenged) wei += attribution.read('getChallenge', [id]).bondWei
    for (const id of this.#appealed) wei += attribution.read('getAppeal', [id]).bondWei
    for (const { address } of auditors) {
      const info = attribution.try('auditorInfo', [address, baseModelId], { from })
      if (info.ok) wei += info.value.bondWei
    }
    return wei
  }

  #open(next: Next): void {
    const { attribution } = this.#f
    const newest = this.#receipts.slice(-8)
    const facts = newest.filter(() => next() % 3 > 0).map((receipt) => this.#f.factsOf(receipt))
    attribution.try('openAppeal', [facts], { from: stranger.address })
    const by = [stranger, application, auditors[1]][next() % 3]!
    for (const receipt of newest) {
      if (next() % 2 === 0) continue
      if (this.#f.appeal(receipt, by).ok) this.#appealed.add(receipt.receiptId)
    }
  }

  #vote(next: Next): void {
    for (const receipt of this.#receipts) {
      const { receiptId } = receipt
      if (this.#f.statusOf(receiptId) !== 3 || this.#votes.has(receiptId)) continue
      const agreed = [1, 1, 2, 4, 5][next() % 5]!
      const votes = new Map<Account, number>()
      this.#votes.set(receiptId, votes)
      for (const by of this.#f.electors(receipt)) {
        if (next() % 8 === 0) continue
        const verdict = next() % 6 === 0 ? 1 + (next() % 5) : agreed
        votes.set(by, verdict)
        const commitment = voteCommitmentOf(by, [receiptId], [verdict])
        this.#f.attribution.try('commitAppeal', [[receiptId], commitment], { from: by.address })
      }
      if (next() % 3 > 0) this.#reveal()
    }
  }

  #reveal(): void {
    for (const [receiptId, votes] of this.#votes) {
      if (this.#f.statusOf(receiptId) !== 3) continue
      for (const [by, verdict] of votes) {
        const args = [[receiptId], [verdict], testHash('audit salt')]
        this.#f.attribution.try('revealAppeal', args, { from: by.address })
      }
    }
  }

  #bonds(next: Next): void {
    const { attribution, baseModelId } = this.#f
    const by = auditors[next() % auditors.length]!
    attribution.try('addAuditorBond', [baseModelId], {
      from: by.address,
      valueWei: (BigInt(next()) * OPEN) / 2n ** 32n,
    })
    const list = ascending(auditors.filter(() => next() % 4 > 0))
    attribution.try('setGrantedAuditors', [list], { from: requester.address })
  }

  #claim(next: Next): void {
    const all = [host, stranger, application, ...contributors, ...auditors, account(40)]
    const accounts = all.filter(() => next() % 2 === 0).map(({ address }) => address)
    this.#f.attribution.try('claimMany', [accounts], { from: stranger.address })
  }
}
