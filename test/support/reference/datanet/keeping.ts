import { contributionStatus as status } from '../../../../precompiles/datanet/layout.ts'
import { type Address, bytesToHex as hex } from '../../../../src/primitives/hex.ts'
import { datanetTerms, OPEN } from '../../precompileWorld.ts'
import type { Move } from '../subject.ts'
import { type Cast, move } from './cast.ts'
import type { DatanetFacts } from './scan.ts'
import { GOVERNANCE, SCORERS } from './start.ts'

const [OPEN_POLICY, APPOINTING, PRIVATE] = [[0], [1, 2], [2]]
const TEXTS = [
  'Weaknesses',
  'a text that is longer than what fits into one slot',
  '',
  'é',
  'two\nlines',
  'x'.repeat(129),
]

/** What owners, managers and scorers do, besides contributions: terms, purses, seats, access, versions, views. */
export class Keeping {
  readonly #cast: Cast
  /** What an affair is about. */
  #matter: { readonly datanetId: bigint; readonly account: Address } | undefined

  constructor(cast: Cast) {
    this.#cast = cast
  }

  /** The Datanet of the affair, or mostly one of these policies; and an account. */
  #about(policies?: readonly number[]): readonly [DatanetFacts, Address] {
    const matter = this.#matter
    if (matter !== undefined && this.#cast.dice.below(6) > 0) {
      return [this.#cast.scan.datanet(matter.datanetId), matter.account]
    }
    return [this.#cast.datanet(policies), this.#cast.account()]
  }

  #ownerOf({ owner, pendingOwner }: DatanetFacts): Address {
    const odd = this.#cast.dice.below(16)
    if (odd === 0) return this.#cast.anybody()
    return odd === 1 && pendingOwner !== `0x${'00'.repeat(20)}` ? pendingOwner : owner
  }

  #text(usual: string): string {
    const { dice } = this.#cast
    return dice.below(5) === 0 ? dice.one(TEXTS) : usual
  }

  #terms(): ReturnType<typeof datanetTerms> {
    const { dice } = this.#cast
    return datanetTerms({
      minBondWei: dice.one([0n, 1n, OPEN / 10n, OPEN / 10n]),
      acceptThresholdBps: dice.one([0, 4000, 5000, 5000, 5000, 10_000, 10_001]),
      bountyPerRecordWei: dice.one([0n, 1n, OPEN / 7n, OPEN]),
      scorerPayWei: dice.one([0n, 1n, OPEN / 3n, OPEN]),
    })
  }

  create(): Move {
    const { dice } = this.#cast
    const kind = dice.below(16) === 0 ? 3 : dice.below(3)
    const policy = dice.below(16) === 0 ? 3 : dice.below(3)
    const texts = [this.#text('name'), this.#text('CC0-1.0'), this.#text('bafymeta')] as const
    const args = [texts[0], kind, policy, texts[1], texts[2], this.#terms()]
    return move('createDatanet', args, this.#cast.anybody())
  }

  terms(): Move {
    const { dice } = this.#cast
    const one = this.#cast.busy()
    const by = this.#ownerOf(one)
    if (dice.below(2) === 0) return move('setTerms', [one.datanetId, this.#terms()], by)
    return move('updateDatanet', [one.datanetId, this.#text('MIT'), this.#text('bafyother')], by)
  }

  ownership(step = this.#cast.dice.below(3)): Move {
    const { dice } = this.#cast
    const [one, account] = this.#about()
    const offered = one.pendingOwner !== `0x${'00'.repeat(20)}`
    switch (step) {
      case 0:
        return move('setRoles', [one.datanetId, account, dice.below(9)], this.#ownerOf(one))
      case 1:
        if (offered)
          return move('acceptOwnership', [one.datanetId], dice.below(4) === 0 ? one.owner : one.pendingOwner)
        return move('acceptOwnership', [one.datanetId], this.#cast.anybody())
      default:
        return move('transferOwnership', [one.datanetId, account], this.#ownerOf(one))
    }
  }

  purse(step = this.#cast.dice.below(3)): Move {
    const { dice } = this.#cast
    const one = this.#cast.busy()
    const { datanetId, purseWei } = one
    switch (step) {
      case 0:
        return move('fund', [datanetId], this.#cast.anybody(), {
          valueWei: dice.one([0n, 1n, OPEN, 3n * OPEN]),
        })
      case 1: {
        const amountWei = dice.one([0n, 1n, purseWei / 2n, purseWei, purseWei + 1n])
        return move('requestPurse', [datanetId, amountWei], this.#ownerOf(one))
      }
      default: {
        const asked = this.#cast.datanets().filter((other) => other.purseWithdrawableBlock > 0)
        const from = asked.length > 0 && dice.below(6) > 0 ? dice.one(asked) : one
        const wait = dice.below(4) > 0 ? this.#cast.until(from.purseWithdrawableBlock) : {}
        return move('withdrawPurse', [from.datanetId], this.#ownerOf(from), wait)
      }
    }
  }

  seats(step = this.#cast.dice.below(2)): Move {
    return step === 0 ? this.#appointed() : this.#bonded()
  }

  #appointed(): Move {
    const { dice, scan } = this.#cast
    const one = this.#cast.datanet(APPOINTING)
    const { datanetId, activeSeats } = one
    const seated = scan.seats(datanetId, activeSeats)
    const scorer = dice.below(3) === 0 ? this.#cast.account() : dice.one(SCORERS).address
    const known = seated.length === 0 ? scorer : dice.one(seated).account
    if (dice.below(5) > 1) return move('appointScorer', [datanetId, scorer], this.#ownerOf(one))
    return move('dismissScorer', [datanetId, dice.below(6) === 0 ? scorer : known], this.#ownerOf(one))
  }

  #bonded(step = this.#cast.dice.below(4)): Move {
    const { dice, scan, parameters } = this.#cast
    const { datanetId, takenSeats, activeSeats } = this.#cast.datanet(OPEN_POLICY)
    const scorer = dice.one(SCORERS).address
    const active = scan.seats(datanetId, activeSeats)
    const leaving = scan.seats(datanetId, takenSeats & ~activeSeats)
    switch (step) {
      case 0: {
        const by = active.length === 0 || dice.below(6) === 0 ? scorer : dice.one(active).account
        return move('leaveScorers', [datanetId], by)
      }
      case 1: {
        const one = leaving.length === 0 ? undefined : dice.one(leaving)
        const wait = one === undefined || dice.below(2) > 0 ? {} : this.#cast.until(one.withdrawableBlock)
        return move('withdrawScorerBond', [datanetId], one?.account ?? scorer, wait)
      }
      default: {
        const more = dice.one([-1n, 0n, 1n, OPEN, 99n * OPEN, 100n * OPEN, 900n * OPEN])
        const valueWei = parameters.scorerBondWei + more
        return move('joinScorers', [datanetId], scorer, { valueWei })
      }
    }
  }

  /** Things that take more than one step. */
  affairs(): readonly (() => Move)[] {
    const { dice } = this.#cast
    const isPrivate = dice.below(2) === 0
    this.#matter = {
      datanetId: this.#cast.datanet(isPrivate ? PRIVATE : undefined).datanetId,
      account: this.#cast.anybody(),
    }
    if (isPrivate) return [() => this.access(0), () => this.access(1), () => this.access(2)]
    return dice.one([
      [() => this.purse(0), () => this.purse(1), () => this.purse(2), () => this.purse(2)],
      [() => this.#bonded(0), () => this.#bonded(1), () => this.#bonded(1), () => this.#bonded(3)],
      [() => this.ownership(2), () => this.ownership(1), () => this.ownership(0)],
      [() => this.tombstone(), () => this.claim(), () => this.claim()],
    ])
  }

  access(step = this.#cast.dice.below(3)): Move {
    const { dice, scan } = this.#cast
    const [one, account] = this.#about(PRIVATE)
    switch (step) {
      case 0: {
        const [first, length] = dice.one([
          [2, 33],
          [3, 33],
          [4, 65],
          [4, 33],
          [2, 65],
          [1, 33],
          [0, 0],
        ] as const)
        const key = dice.bytes(length)
        if (length > 0) key[0] = first
        return move('requestAccess', [one.datanetId, hex(key), this.#text('')], account)
      }
      case 1: {
        const until = scan.block() + dice.one([-1, 0, 1, 5, 1000])
        const wrapped = dice.bytes(dice.one([0, 1, 130, 512, 513]))
        return move('grantAccess', [one.datanetId, account, until, hex(wrapped)], this.#ownerOf(one))
      }
      default:
        return move('revokeAccess', [one.datanetId, account], this.#ownerOf(one))
    }
  }

  freeze(): Move {
    const { dice, scan } = this.#cast
    const one = this.#cast.datanet()
    const ends = this.#cast
      .contributions([status.accepted])
      .map(({ challengeEndBlock }) => challengeEndBlock + 1 - scan.block())
    const wait = Math.max(0, ...ends)
    const maximum = dice.one([1, 2, 3, 5, 512, 512, 0, 513])
    const options = wait > 0 && dice.below(4) === 0 ? { advance: wait } : {}
    return move('freezeVersion', [one.datanetId, maximum], this.#ownerOf(one), options)
  }

  tombstone(): Move {
    const { dice, scan } = this.#cast
    const one = this.#cast.contribution(status.accepted) ?? scan.contribution(1n)
    const by = dice.one([one.contributor, GOVERNANCE.address, this.#cast.anybody()])
    return move('tombstone', [one.contributionId], by)
  }

  claim(): Move {
    const { dice } = this.#cast
    const account = this.#cast.account()
    switch (dice.below(4)) {
      case 0:
        return move('claimFor', [account], this.#cast.anybody())
      case 1:
        return move('sweepSurplus', [], this.#cast.anybody())
      default: {
        const by = this.#cast.anybody()
        const forMany = BigInt(account) % 2n === 0n
        return forMany ? move('claimMany', [[account, by]], by) : move('claim', [], by)
      }
    }
  }

  view(): Move {
    const { dice, scan, start } = this.#cast
    const datanetId = dice.below(24) === 0 ? 99n : this.#cast.datanet().datanetId
    const newest = scan.newest(30)
    const id = dice.below(24) === 0 || newest.length === 0 ? 0n : dice.one(newest).contributionId
    const root = newest.length === 0 ? `0x${'11'.repeat(32)}` : dice.one(newest).contentRoot
    const account = this.#cast.account()
    const [start_, count, version] = [dice.below(12), dice.one([1, 3, 256, 0, 257]), dice.below(3)]
    const receiptId = dice.one(start.receipts).receiptId
    const [method, args] = dice.one<readonly [string, readonly unknown[]]>([
      ['credits', [account]],
      ['totals', []],
      ['rolesOf', [datanetId, account]],
      ['nonces', [account]],
      ['domainSeparator', []],
      ['isTombstoned', [id]],
      ['hasAccess', [datanetId, account]],
      ['accessOf', [datanetId, account]],
      ['getDatanet', [datanetId]],
      ['counts', []],
      ['getContribution', [id]],
      ['getMinhash', [id]],
      ['contributionByRoot', [root]],
      ['feedbackOn', [receiptId]],
      ['contributionsOf', [datanetId, BigInt(start_), count]],
      ['scorerInfo', [datanetId, dice.below(2) === 0 ? account : dice.one(SCORERS).address]],
      ['panelOf', [id]],
      ['panelOf', [id]],
      ['scorersOf', [datanetId]],
      ['getVersion', [datanetId, version]],
      ['versionMembers', [datanetId, version, start_, count]],
    ])
    return move(method, args, this.#cast.anybody())
  }
}
