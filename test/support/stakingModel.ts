import type { Address } from '../../src/primitives/hex.ts'

/** What the model follows; amounts in wei, heights in blocks. */
export interface ModelRules {
  readonly minimumWei: bigint
  readonly members: number
  readonly epoch: number
  readonly unbonding: number
  readonly window: number
  readonly shareBps: number
  readonly jail: number
  readonly slashBps: bigint
  readonly bountyBps: bigint
}

interface Entry {
  amountWei: bigint
  readonly at: number
}

interface Account {
  stakeWei: bigint
  listed: boolean
  tombstoned: boolean
  jailedUntil: number
  key: string
  feeRecipient: Address
  unbonding: Entry[]
  /** Heights whose certificate it did not sign while a member. */
  missed: number[]
  /** Scaled by 1e18 and not rounded on the way. */
  rewardsScaled: bigint
}

export interface ModelMember {
  readonly operator: Address
  readonly key: string
  readonly power: bigint
  readonly feeRecipient: Address
}

const UNBONDINGS = 8
const SCALE = 10n ** 18n

/**
 * Staking as its interface tells it, written apart from the contract: it sorts with the language's sort, keeps what was
 * missed as a list of heights and rewards as unrounded numbers. Methods return the error's name, or undefined.
 */
export class StakingModel {
  readonly rules: ModelRules
  readonly accounts = new Map<Address, Account>()
  /** Operator and last height of every key that was registered; undefined while it has none. */
  readonly keys = new Map<string, { operator: Address; until: number | undefined }>()
  active: ModelMember[] = []
  /** The set of the parent's height. */
  parentSet: ModelMember[] = []
  height = 0
  bountiesWei = 0n
  treasuryWei = 0n

  constructor(rules: ModelRules) {
    this.rules = rules
  }

  get totalWei(): bigint {
    return [...this.accounts.values()].reduce((sum, one) => sum + one.stakeWei, 0n)
  }

  #epochEnd(): number {
    const { epoch } = this.rules
    const rest = this.height % epoch
    return rest === 0 ? this.height : this.height + epoch - rest
  }

  #eligible(one: Account): boolean {
    return one.listed && one.jailedUntil === 0 && one.stakeWei >= this.rules.minimumWei
  }

  #isLastEligible(operator: Address): boolean {
    return ![...this.accounts].some(([other, one]) => other !== operator && this.#eligible(one))
  }

  #candidate(operator: Address): Account | string {
    const one = this.accounts.get(operator)
    if (one?.tombstoned) return 'Tombstoned'
    return one?.listed ? one : 'UnknownOperator'
  }

  join(operator: Address, key: string, feeRecipient: Address, stakeWei: bigint): string | undefined {
    const known = this.accounts.get(operator)
    if (known?.tombstoned) return 'Tombstoned'
    if (known?.listed) return 'AlreadyRegistered'
    if (stakeWei < this.rules.minimumWei) return 'StakeTooLow'
    if (this.keys.has(key)) return 'ConsensusKeyTaken'
    this.keys.set(key, { operator, until: undefined })
    const fresh = { jailedUntil: 0, unbonding: [], missed: [], rewardsScaled: 0n, tombstoned: false }
    this.accounts.set(operator, { ...fresh, ...known, listed: true, key, feeRecipient, stakeWei })
    return undefined
  }

  addStake(operator: Address, amountWei: bigint): string | undefined {
    const one = this.#candidate(operator)
    if (typeof one === 'string') return one
    one.stakeWei += amountWei
    return undefined
  }

  unbond(operator: Address, amountWei: bigint): string | undefined {
    const one = this.#candidate(operator)
    if (typeof one === 'string') return one
    if (amountWei === 0n || amountWei > one.stakeWei) return 'NothingToWithdraw'
    if (amountWei === one.stakeWei) return this.exit(operator)
    if (one.stakeWei - amountWei < this.rules.minimumWei) return 'StakeTooLow'
    const at = this.#epochEnd() + this.rules.unbonding
    if (one.unbonding.length === UNBONDINGS && one.unbonding.at(-1)?.at !== at) return 'UnbondingsFull'
    one.stakeWei -= amountWei
    this.#enqueue(one, amountWei, at)
    return undefined
  }

  #enqueue(one: Account, amountWei: bigint, at: number): void {
    const newest = one.unbonding.at(-1)
    if (newest !== undefined && (newest.at === at || one.unbonding.length === UNBONDINGS)) {
      one.unbonding[one.unbonding.length - 1] = { amountWei: newest.amountWei + amountWei, at }
    } else {
      one.unbonding.push({ amountWei, at })
    }
  }

  exit(operator: Address): string | undefined {
    const one = this.#candidate(operator)
    if (typeof one === 'string') return one
    if (this.#isLastEligible(operator)) return 'LastValidator'
    this.#remove(one)
    return undefined
  }

  #remove(one: Account): void {
    this.#enqueue(one, one.stakeWei, this.#epochEnd() + this.rules.unbonding)
    one.stakeWei = 0n
    one.listed = false
    const key = this.keys.get(one.key)
    if (key !== undefined) key.until = this.#epochEnd()
  }

  /** The wei paid, or the error's name. */
  withdraw(operator: Address): bigint | string {
    const queue = this.accounts.get(operator)?.unbonding ?? []
    if (queue.length === 0) return 'NothingToWithdraw'
    const due = queue.filter((entry) => entry.at <= this.height)
    if (due.length === 0) return 'NotYetWithdrawable'
    const one = this.accounts.get(operator)
    if (one !== undefined) one.unbonding = queue.filter((entry) => entry.at > this.height)
    return due.reduce((sum, entry) => sum + entry.amountWei, 0n)
  }

  rotate(operator: Address, key: string): string | undefined {
    const one = this.#candidate(operator)
    if (typeof one === 'string') return one
    if (this.keys.has(key)) return 'ConsensusKeyTaken'
    this.keys.set(key, { operator, until: undefined })
    const old = this.keys.get(one.key)
    if (old !== undefined) old.until = this.#epochEnd()
    one.key = key
    return undefined
  }

  setFeeRecipient(operator: Address, feeRecipient: Address): string | undefined {
    const one = this.#candidate(operator)
    if (typeof one === 'string') return one
    one.feeRecipient = feeRecipient
    return undefined
  }

  unjail(operator: Address): string | undefined {
    const one = this.#candidate(operator)
    if (typeof one === 'string') return one
    if (one.jailedUntil === 0) return 'NotJailed'
    if (this.height < one.jailedUntil) return 'StillJailed'
    one.jailedUntil = 0
    return undefined
  }

  report(key: string, height: number): string | undefined {
    const known = this.keys.get(key)
    if (known === undefined) return 'UnknownKey'
    if (known.until !== undefined && height > known.until) return 'KeyRetired'
    if (this.height >= height + this.rules.unbonding) return 'EvidenceTooOld'
    const one = this.accounts.get(known.operator)
    if (one === undefined || one.tombstoned) return 'Tombstoned'
    const part = (wei: bigint) => (wei * this.rules.slashBps) / 10_000n
    let slashedWei = part(one.stakeWei)
    one.stakeWei -= slashedWei
    for (const entry of one.unbonding) {
      slashedWei += part(entry.amountWei)
      entry.amountWei -= part(entry.amountWei)
    }
    one.tombstoned = true
    if (one.listed) this.#remove(one)
    const bountyWei = (slashedWei * this.rules.bountyBps) / 10_000n
    this.bountiesWei += bountyWei
    this.treasuryWei += slashedWei - bountyWei
    return undefined
  }

  pullRewards(amountWei: bigint): string | undefined {
    const totalWei = this.totalWei
    if (totalWei === 0n) return 'NothingStaked'
    for (const one of this.accounts.values()) {
      one.rewardsScaled += (amountWei * SCALE * one.stakeWei) / totalWei
    }
    return undefined
  }

  // ---- blocks ----

  startBlock(absent: readonly Address[]): void {
    this.height += 1
    for (const member of this.parentSet) {
      if (absent.includes(member.operator)) this.accounts.get(member.operator)?.missed.push(this.height - 1)
    }
    if (this.height % this.rules.window === 0 && this.height > 1) this.#jail()
    this.parentSet = this.active
  }

  #jail(): void {
    const { window, shareBps, jail } = this.rules
    const missedOf = (operator: Address) =>
      this.accounts.get(operator)?.missed.filter((height) => height >= this.height - window).length ?? 0
    const total = this.active.reduce((sum, member) => sum + member.power, 0n)
    const isJailed = (member: ModelMember) => this.accounts.get(member.operator)?.jailedUntil !== 0
    let jailed = this.active.filter(isJailed).reduce((sum, member) => sum + member.power, 0n)
    const absent = this.active
      .filter((member) => !isJailed(member) && this.accounts.get(member.operator)?.listed === true)
      .filter((member) => (window - missedOf(member.operator)) * 10_000 < window * shareBps)
      .sort((a, b) => missedOf(b.operator) - missedOf(a.operator))
    for (const member of absent) {
      const one = this.accounts.get(member.operator)
      const tooMuch = (jailed + member.power) * 3n >= total
      if (one === undefined || tooMuch || this.#isLastEligible(member.operator)) continue
      one.jailedUntil = this.height + jail
      jailed += member.power
    }
  }

  /** The next set when the block is an epoch's last. */
  finishBlock(): void {
    if (this.height % this.rules.epoch !== 0) return
    const ranked = [...this.accounts]
      .filter(([, one]) => this.#eligible(one))
      .sort(([a, one], [b, other]) => {
        if (one.stakeWei !== other.stakeWei) return one.stakeWei > other.stakeWei ? -1 : 1
        return a < b ? -1 : 1
      })
      .slice(0, this.rules.members)
    if (ranked.length === 0) return
    this.active = ranked.map(([operator, { key, feeRecipient, stakeWei }]) => ({
      operator,
      key,
      feeRecipient,
      power: stakeWei / SCALE,
    }))
  }
}
