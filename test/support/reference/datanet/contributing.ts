import { hashTypedData } from 'viem'
import { DATANET_ADDRESS } from '../../../../precompiles/addresses.ts'
import { contributionKind, contributionStatus as status } from '../../../../precompiles/datanet/layout.ts'
import { type Address, type Hash, ZERO_HASH } from '../../../../src/primitives/hex.ts'
import {
  type Account,
  type ContributionSpec,
  claimOf,
  contribution,
  contributionCommitmentOf,
  nearMinhash,
  signHex,
  testHash,
} from '../../precompileWorld.ts'
import type { Move } from '../subject.ts'
import { type Cast, move, personOf } from './cast.ts'
import type { ContributionFacts } from './scan.ts'
import { bandMate, CONTRIBUTORS, REQUESTER } from './start.ts'

const COMMIT = {
  Commit: [
    { name: 'datanetId', type: 'uint64' },
    { name: 'commitment', type: 'bytes32' },
    { name: 'sponsor', type: 'address' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadlineBlock', type: 'uint64' },
    { name: 'genesisHash', type: 'bytes32' },
  ],
} as const

type Overrides = Partial<ContributionSpec>

/** Commits of contributions of every kind, by themselves or by a sponsor, and their reveals. */
export class Contributing {
  readonly #cast: Cast
  readonly #byCommitment = new Map<Hash, ContributionSpec>()
  readonly #byId = new Map<bigint, ContributionSpec>()
  readonly #offered: ContributionSpec[] = []
  readonly #failed = new Set<ContributionSpec>()
  #count: number

  constructor(cast: Cast) {
    this.#cast = cast
    this.#count = 1000
  }

  /** What a contribution claims, if it is one of this player's. */
  specOf({ contributionId, commitment }: ContributionFacts): ContributionSpec | undefined {
    // an id may be another's than before, when a commit was taken back
    const spec = this.#byCommitment.get(commitment) ?? this.#byId.get(contributionId)
    if (spec !== undefined) this.#byId.set(contributionId, spec)
    return spec
  }

  /** Remembers which contributions are whose while their commitments are to be seen. */
  look(): void {
    for (const facts of this.#cast.contributions([status.committed])) this.specOf(facts)
  }

  commit(): Move {
    const { dice, scan } = this.#cast
    const { datanetId, minBondWei } = this.#cast.busy()
    const spec = this.#spec(datanetId)
    this.#offered.push(spec)
    const commitment = dice.below(40) === 0 ? ZERO_HASH : contributionCommitmentOf(datanetId, spec)
    if (commitment !== ZERO_HASH) this.#byCommitment.set(commitment, spec)
    const valueWei = dice.below(20) === 0 ? minBondWei - 1n : minBondWei + BigInt(dice.below(1000))
    const bond = { valueWei: valueWei < 0n ? 0n : valueWei }
    if (personOf(spec.by.address) === undefined || dice.below(3) > 0)
      return move('commitContribution', [datanetId, commitment], spec.by.address, bond)
    const sponsor = this.#cast.anybody()
    const deadlineBlock = BigInt(scan.block() + dice.below(8) - (dice.below(8) === 0 ? 3 : 0))
    const signature = this.#signature(datanetId, spec.by, { commitment, sponsor, deadlineBlock })
    const args = [datanetId, spec.by.address, commitment, deadlineBlock, signature]
    return move('commitContributionFor', args, sponsor, bond)
  }

  #signature(
    datanetId: bigint,
    by: Account,
    { commitment, sponsor, deadlineBlock }: { commitment: Hash; sponsor: Address; deadlineBlock: bigint },
  ): Hash {
    const { dice, scan, start } = this.#cast
    const { domain, chain } = start.world
    const wrong = dice.below(40)
    const message = {
      datanetId,
      commitment,
      sponsor: wrong === 0 ? by.address : sponsor,
      nonce: scan.nonce(by.address) + (wrong === 1 ? 1n : 0n),
      deadlineBlock: wrong === 2 ? deadlineBlock + 1n : deadlineBlock,
      genesisHash: wrong === 3 ? ZERO_HASH : chain.genesisHash,
    }
    const verifyingContract = wrong === 4 ? domain.verifyingContract : DATANET_ADDRESS
    const digest = hashTypedData({
      domain: { ...domain, verifyingContract },
      types: COMMIT,
      primaryType: 'Commit',
      message,
    })
    const signature = signHex(digest, wrong === 5 ? REQUESTER : by)
    if (wrong === 6) return signature.slice(0, -2) as Hash
    if (wrong === 7) return `${signature}00`
    // the recovery number as 0 or 1
    const last = Number.parseInt(signature.slice(-2), 16) - 27
    return wrong < 14 ? (`${signature.slice(0, -2)}0${last}` as Hash) : signature
  }

  #spec(datanetId: bigint): ContributionSpec {
    const { dice } = this.#cast
    this.#count += 1
    const by = dice.one(CONTRIBUTORS)
    const base = contribution(this.#count, by, { recordCount: dice.one([1, 3, 7, 20]) })
    const spec = { ...base, ...this.#likeness(), ...this.#kind(datanetId) }
    return dice.below(9) === 0 ? { ...spec, ...this.#wrong() } : spec
  }

  /** Near-duplicates, duplicates, and what only shares a bucket. */
  #likeness(): Overrides {
    const { dice } = this.#cast
    const earlier = this.#offered.at(-1 - dice.below(6))
    const like = dice.below(12)
    if (like === 0) return { minhash: bandMate(this.#count) }
    if (earlier === undefined || like > 5) return {}
    if (like === 1) return { contentRoot: earlier.contentRoot }
    if (like === 2) return { contentRoot: testHash(`popular ${dice.below(3)}`) }
    if (earlier.minhash.length !== 512) return {}
    return { minhash: nearMinhash(earlier.minhash, dice.one([0, 5, 20, 24, 25, 26, 40])) }
  }

  #kind(datanetId: bigint): Overrides {
    const { dice } = this.#cast
    // receipts are of the first Datanet
    const kind = datanetId === 1n && dice.below(2) === 0 ? 0 : dice.below(12)
    if (kind === 0) return this.#feedback()
    if (kind > 4) return {}
    const inDatanet = this.#cast.scan.newest(40).filter((one) => one.datanetId === datanetId)
    const accepted = inDatanet.filter((one) => one.status === status.accepted)
    const targets = dice.below(6) === 0 || accepted.length === 0 ? inDatanet : accepted
    if (targets.length === 0) return {}
    const { contributionId: targetId, recordCount, contributor } = dice.one(targets)
    if (kind < 3) return { kind: contributionKind.correction, targetId }
    const records = Math.max(1, recordCount + dice.one([-1, 0, 0, 1]))
    const others = CONTRIBUTORS.filter(({ address }) => address !== contributor)
    const by = dice.below(8) === 0 ? dice.one(CONTRIBUTORS) : dice.one(others)
    return { kind: contributionKind.labels, targetId, recordCount: Math.min(records, 1_000_000), by }
  }

  /** Mostly on a receipt or two that are final, by who paid for them. */
  #feedback(): Overrides {
    const { dice, start } = this.#cast
    const count = dice.one([1, 1, 1, 2, 3])
    const receipts = Array.from({ length: count }, () => dice.one(start.receipts))
    const odd = dice.below(10)
    const [first] = receipts
    const changed =
      odd === 0 && first !== undefined ? [{ ...first, settlerWei: 1n }, ...receipts.slice(1)] : receipts
    const unknown =
      odd === 1 && first !== undefined ? [{ ...first, receiptId: testHash('unknown') }] : changed
    const list = odd === 2 ? Array.from({ length: 17 }, () => dice.one(start.receipts)) : unknown
    return {
      kind: contributionKind.feedback,
      by: dice.below(10) === 0 ? dice.one(CONTRIBUTORS) : REQUESTER,
      receipts: odd === 3 ? [] : list,
      recordCount: odd === 4 ? list.length + 1 : Math.max(1, list.length),
    }
  }

  #wrong(): Overrides {
    const { dice, start } = this.#cast
    return dice.one<Overrides>([
      { recordCount: 0 },
      { recordCount: 1_000_000 },
      { recordCount: 1_000_001 },
      { byteCount: 0n },
      { byteCount: 2n ** 40n },
      { byteCount: 2n ** 40n + 1n },
      { contentRoot: ZERO_HASH },
      { kind: 4 },
      { minhash: new Uint8Array(511) },
      { minhash: new Uint8Array(512) },
      { targetId: 1n },
      { kind: contributionKind.records, receipts: start.receipts.slice(0, 1) },
      { kind: contributionKind.correction, targetId: 0n },
      { kind: contributionKind.labels, targetId: 1n << 40n },
      { kind: contributionKind.correction, receipts: start.receipts.slice(0, 1) },
    ])
  }

  reveal(): Move | undefined {
    const { dice, scan, parameters, focus } = this.#cast
    const anyOne = dice.below(24) === 0
    const last = scan.block() - parameters.revealMaxBlocks
    const known = this.#cast.contributions([status.committed]).filter((one) => {
      const spec = this.specOf(one)
      const isOpen =
        one.commitBlock >= last && spec?.by.address === one.contributor && !this.#failed.has(spec)
      return isOpen || (anyOne && this.specOf(one) !== undefined)
    })
    const inFocus = known.filter(({ datanetId }) => datanetId === focus)
    const one = inFocus.at(-1) ?? (known.length === 0 ? undefined : dice.one(known))
    const spec = one && this.specOf(one)
    if (one === undefined || spec === undefined) return undefined
    const by = one.sponsor !== `0x${'00'.repeat(20)}` && dice.below(3) === 0 ? one.sponsor : one.contributor
    // what is wrong with a claim stays so: it is tried once or twice
    if (dice.below(2) === 0) this.#failed.add(spec)
    const claim = claimOf(spec)
    const args = [one.contributionId, dice.below(24) === 0 ? { ...claim, salt: ZERO_HASH } : claim]
    const wait = one.commitBlock + parameters.revealMinBlocks - scan.block()
    return move('revealContribution', args, by, wait > 0 && dice.below(8) > 0 ? { advance: wait } : {})
  }

  order(): Move {
    const { dice, focus, parameters } = this.#cast
    const pending = this.#cast.contributions([status.revealed, status.committed])
    const inFocus = pending.filter((one) => one.datanetId === focus)
    const one = pending.length === 0 ? undefined : dice.one(inFocus.length > 0 ? inFocus : pending)
    const datanetId = one?.datanetId ?? this.#cast.datanet().datanetId
    // the first that is neither revealed nor over holds all others back
    const first = pending.filter((other) => other.datanetId === datanetId).at(-1)
    const isHeld = first?.status === status.committed && dice.below(4) > 0
    const wait = isHeld ? this.#cast.until(first.commitBlock + parameters.revealMaxBlocks + 1) : {}
    return move(
      'settleOrder',
      [datanetId, dice.one([1, 2, 8, 64, 64, 64, 64, 0, 65])],
      this.#cast.anybody(),
      wait,
    )
  }
}
