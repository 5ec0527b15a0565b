import {
  type Address,
  bytesToHex,
  type Hash,
  hexToBytes,
  ZERO_ADDRESS,
} from '../../../../src/primitives/hex.ts'
import { makeRow, OPEN, testHash, type World } from '../../precompileWorld.ts'
import {
  APPLICATION,
  AUDITORS,
  type Committed,
  commitmentOf,
  GOVERNANCE,
  HOSTS,
  K,
  type Known,
  OWNER,
  REQUESTERS,
  SETTLER,
  SIGNERS,
  STRANGER,
  voteOf,
} from './people.ts'

/** A challenged receipt, with what its committee found and what an appeal made of it. */
interface Case {
  /** By seat; zero is silence. */
  readonly verdicts: readonly [number, number, number]
  /** Bits of the digest that a seat has otherwise, by seat. */
  readonly flips?: readonly [number, number, number]
  readonly appeal?: 'disputed' | 'bonded'
  /** By place in AUDITORS; zero is silence. */
  readonly votes?: readonly [number, number, number, number, number]
}

/** All of them can be ended when the sequences start. Bonds are 10, 50, 30, 40 and 50. */
const CASES: readonly Case[] = [
  { verdicts: [1, 1, 1], flips: [0, 2, 3] },
  { verdicts: [2, 4, 3], flips: [0, 50, 3] },
  { verdicts: [1, 0, 1] },
  { verdicts: [0, 0, 0] },
  { verdicts: [5, 5, 1] },
  { verdicts: [2, 0, 5] },
  // exactly two thirds are not enough
  { verdicts: [1, 2, 1], appeal: 'disputed', votes: [2, 1, 1, 1, 0] },
  { verdicts: [1, 2, 1], appeal: 'disputed', votes: [1, 1, 2, 0, 1] },
  { verdicts: [2, 1, 2], appeal: 'disputed', votes: [1, 1, 1, 1, 5] },
  { verdicts: [1, 3, 0], appeal: 'disputed', votes: [4, 2, 3, 2, 0] },
  { verdicts: [2, 1, 2], appeal: 'disputed', votes: [1, 2, 2, 1, 0] },
  { verdicts: [2, 2, 2], appeal: 'bonded', votes: [0, 1, 1, 1, 1] },
  { verdicts: [1, 1, 1], appeal: 'bonded', votes: [1, 1, 0, 1, 1] },
  { verdicts: [2, 2, 2], appeal: 'bonded', votes: [0, 2, 2, 2, 2] },
  { verdicts: [5, 0, 0], appeal: 'bonded', votes: [1, 1, 1, 1, 1] },
]

/** Votes are still to be revealed, or to be committed. */
const LATE: Case = { verdicts: [2, 1, 1], appeal: 'disputed', votes: [1, 1, 1, 2, 6] }
const LATER: Case = { verdicts: [2, 1, 1], appeal: 'disputed', votes: [1, 0, 0, 2, 0] }
/** Four with seats that can commit or reveal, one of them what no verdict is; two under appeal; two that can be appealed against, one that must be. */
const OPEN_CASES: readonly Case[] = [
  { verdicts: [1, 1, 2] },
  { verdicts: [1, 0, 1] },
  { verdicts: [0, 2, 0] },
  { verdicts: [1, 6, 1] },
  LATE,
  LATER,
  { verdicts: [2, 2, 2] },
  { verdicts: [1, 1, 1] },
  { verdicts: [1, 1, 3] },
]

interface Judged {
  readonly receipt: Known
  readonly of: Case
}

const SALT = testHash('salt')

/** Plays what has happened so far. */
export class Market {
  readonly adapterIds: readonly bigint[]
  readonly receipts: Known[] = []
  /** What can be revealed in audits, and in appeals. */
  readonly committed: Committed[] = []
  readonly votes: Committed[] = []
  readonly #world: World

  constructor(world: World, adapterIds: readonly bigint[]) {
    this.#world = world
    this.adapterIds = adapterIds
  }

  /** Hosts with much and with little bond, deposits for all and for one host, and a list of auditors. */
  open(): void {
    const { attribution } = this.#world
    HOSTS.forEach((host, n) => {
      const signer = (n === 0 ? SIGNERS[0] : host) ?? host
      const options = { from: host.address, valueWei: (n === 0 ? 1_000n : 5n) * OPEN }
      attribution.send('registerHost', [signer.address, `https://host${n}.example`], options)
      const [requester, valueWei] = [REQUESTERS[n]?.address ?? ZERO_ADDRESS, OPEN / 20n]
      attribution.send('deposit', [host.address], { from: requester, valueWei })
    })
    attribution.send('deposit', [ZERO_ADDRESS], { from: REQUESTER, valueWei: 100n * OPEN })
    const list = AUDITORS.map(({ address }) => address).sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))
    attribution.send('setGrantedAuditors', [list.slice(0, 4)], { from: REQUESTER })
  }

  /** The oldest windows can be closed, the newest receipts are just settled. */
  trade(): void {
    const { chain, parameters, attribution } = this.#world
    const [wide = 0n, sour = 0n, child = 0n, unaudited = 0n, restricted = 0n] = this.adapterIds
    attribution.send('deregisterHost', [], { from: HOSTS[1]?.address ?? ZERO_ADDRESS })
    attribution.send('deregisterAuditor', [2n], { from: AUDITORS[0]?.address ?? ZERO_ADDRESS })
    this.#settle(restricted, 1)
    const old = [wide, sour, child, unaudited].map((id, n) => this.#settle(id, n < 2 ? 4 : 2))
    attribution.send('markWrong', [this.#factsOf(old[0]?.[1])], { from: REQUESTER })
    this.#judge(old.flat(), { verdicts: [1, 1, 1] })
    chain.advance(parameters.challengeWindowBlocks)
    for (const receipts of old.slice(0, 2)) this.#finalize(receipts)
    attribution.send('closeWindow', [sour, 100], { from: STRANGER.address })
    const again = this.#settle(sour, 4)
    this.#judge(again, { verdicts: [1, 1, 1] })
    chain.advance(parameters.challengeWindowBlocks)
    this.#finalize(again)
    attribution.send('closeWindow', [sour, 1], { from: STRANGER.address })
    // a copy, so that others of its cluster get what it would have got
    this.#world.datanets.send('tombstone', [4n], { from: GOVERNANCE.address })

    const judged = CASES.map((of, n) => ({ of, receipt: this.#settleOne(n % 3 === 0 ? wide : child) }))
    const rows = Array.from({ length: 8 }, (_, n) => makeRow(K, n + 50))
    this.#judgeAll(judged, () => {
      this.#world.nextVersion(wide, OWNER, [1n], rows)
    })

    this.#leaveOpen([...this.#settle(wide, 2), ...this.#settle(child, 7)])
    // in the block of the receipts that it may just judge
    const late = { from: REQUESTERS[1]?.address ?? ZERO_ADDRESS, valueWei: 60n * OPEN }
    attribution.send('registerAuditor', [1n], late)
    this.#settle(restricted, 2)
    this.#settle(wide, 3)
    attribution.send('requestWithdraw', [ZERO_ADDRESS, OPEN], { from: REQUESTER })
    attribution.send('deregisterAuditor', [1n], { from: AUDITORS[4]?.address ?? ZERO_ADDRESS })
  }

  /** Audits and appeals that can be committed to, or revealed, or appealed against, all since this block. */
  #leaveOpen(receipts: readonly Known[]): void {
    const { attribution } = this.#world
    this.#challenge(receipts)
    this.#draw(receipts)
    const judged = receipts.map((receipt, n) => ({ receipt, of: OPEN_CASES[n] ?? LATE }))
    const [audited, revealed] = [judged.slice(0, 4), judged.slice(4)]
    this.committed.push(...this.#commit(audited))
    this.#reveal(this.#commit(revealed))
    const appealed = revealed.filter(({ of }) => of.appeal === 'disputed')
    const facts = appealed.map(({ receipt }) => this.#factsOf(receipt))
    attribution.send('openAppeal', [facts], { from: STRANGER.address })
    this.votes.push(...this.#vote(appealed))
  }

  #settleOne(adapterId: bigint): Known {
    const [receipt] = this.#settle(adapterId, 1)
    if (receipt === undefined) throw new Error('a receipt was settled')
    return receipt
  }

  #settle(adapterId: bigint, count: number): readonly Known[] {
    const world = this.#world
    const [requester = OWNER, host = OWNER] = [REQUESTERS[0], HOSTS[0]]
    // only positive ones speak against all rows of the sour one
    const least = adapterId === this.adapterIds[1] ? 1 : -1
    const made = Array.from({ length: count }, (_, n) => {
      const nonce = BigInt(1_000_000 + this.receipts.length + n)
      const application = n % 2 === 0 ? APPLICATION.address : ZERO_ADDRESS
      const queryRow = Uint8Array.from(
        { length: K },
        (_, at) => (1 + ((n * 7 + at * 5) % 50)) * (at % 3 === 0 ? least : 1),
      )
      const terms = { requester, host, signer: SIGNERS[0] ?? OWNER, adapterId, queryRow, nonce, application }
      const receipt = world.makeReceipt({ ...terms, profileHash: world.profileHash, outputTokens: 100 * n })
      return { ...receipt, requester: requester.address, application, host: host.address }
    })
    world.settle(made, SETTLER)
    this.receipts.push(...made)
    return made
  }

  #challenge(receipts: readonly Known[]): void {
    const options = { from: STRANGER.address, valueWei: this.#world.parameters.receiptChallengeBondWei }
    for (const receipt of receipts) {
      this.#world.attribution.send('challengeReceipt', [this.#factsOf(receipt)], options)
    }
  }

  #draw(receipts: readonly Known[]): void {
    this.#world.chain.advance(1)
    const ids = receipts.map(({ receiptId }) => receiptId)
    this.#world.attribution.send('drawAudits', [ids], { from: STRANGER.address })
  }

  /** Audits of those that chance draws. */
  #judge(receipts: readonly Known[], of: Case): void {
    this.#draw(receipts)
    this.#reveal(this.#commit(receipts.map((receipt) => ({ receipt, of }))))
  }

  /** Challenges, audits and appeals, as they are said to be; the last votes are in when it is over. */
  #judgeAll(judged: readonly Judged[], meanwhile: () => void): void {
    const { chain, parameters, attribution } = this.#world
    const receipts = judged.map(({ receipt }) => receipt)
    this.#challenge(receipts)
    this.#draw(receipts)
    const committed = this.#commit(judged)
    chain.advance(parameters.auditCommitBlocks + 1)
    this.#reveal(committed)
    const disputed = judged.filter(({ of }) => of.appeal === 'disputed')
    const facts = disputed.map(({ receipt }) => this.#factsOf(receipt))
    attribution.send('openAppeal', [facts], { from: STRANGER.address })
    for (const { receipt, of } of judged) {
      const options = { from: SETTLER.address, valueWei: parameters.appealBondWei }
      if (of.appeal === 'bonded') attribution.send('appealReceipt', [this.#factsOf(receipt)], options)
    }
    const votes = this.#vote(judged)
    meanwhile()
    chain.advance(parameters.auditCommitBlocks + 1)
    for (const { auditor, receiptIds, verdicts, salt } of votes) {
      attribution.send('revealAppeal', [receiptIds, verdicts, salt], { from: auditor })
    }
  }

  #commit(judged: readonly Judged[]): readonly Committed[] {
    const { attribution } = this.#world
    const committed = judged.flatMap(({ receipt, of }) =>
      attribution.read('committee', [receipt.receiptId]).flatMap((auditor, seat) => {
        const verdict = of.verdicts[seat] ?? 0
        const digest = digestOf(receipt.receiptId, of.flips?.[seat] ?? 0)
        return verdict === 0 ? [] : [commitmentTo(auditor, receipt.receiptId, verdict, digest)]
      }),
    )
    for (const one of committed) {
      attribution.send('commitAudit', [one.receiptIds, commitmentOf(one)], { from: one.auditor })
    }
    return committed
  }

  #reveal(committed: readonly Committed[]): void {
    for (const { auditor, receiptIds, verdicts, digests, salt } of committed) {
      this.#world.attribution.send('revealAudit', [receiptIds, verdicts, digests, salt], { from: auditor })
    }
  }

  #vote(judged: readonly Judged[]): readonly Committed[] {
    const votes = judged.flatMap(({ receipt, of }) =>
      (of.votes ?? []).flatMap((verdict, place) => {
        const auditor = AUDITORS[place]?.address ?? ZERO_ADDRESS
        return verdict === 0 ? [] : [commitmentTo(auditor, receipt.receiptId, verdict, SALT)]
      }),
    )
    for (const vote of votes) {
      const args = [vote.receiptIds, voteOf(vote)]
      this.#world.attribution.send('commitAppeal', args, { from: vote.auditor })
    }
    return votes
  }

  #finalize(receipts: readonly Known[]): void {
    const facts = receipts.map((receipt) => this.#factsOf(receipt))
    const rows = receipts.map(({ signed }) => signed.queryRow)
    this.#world.attribution.send('finalize', [facts, rows], { from: STRANGER.address })
  }

  #factsOf(receipt: Known | undefined) {
    return this.#world.factsOf(receipt?.receiptId ?? testHash('no receipt'))
  }
}

const REQUESTER = REQUESTERS[0]?.address ?? ZERO_ADDRESS

function commitmentTo(auditor: Address, receiptId: Hash, verdict: number, digest: Hash): Committed {
  return {
    auditor: auditor.toLowerCase() as Address,
    receiptIds: [receiptId],
    verdicts: [verdict],
    digests: [digest],
    salt: SALT,
  }
}

/** With this many of its first bits the other way round. */
function digestOf(receiptId: Hash, flips: number): Hash {
  const bytes = hexToBytes(testHash(`digest ${receiptId}`))
  for (let bit = 0; bit < flips; bit++) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return bytesToHex(bytes)
}
