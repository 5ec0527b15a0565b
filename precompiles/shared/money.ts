import { iClaimableAbi } from '../../contracts/generated/IClaimable.ts'
import { invariant } from '../../src/errors/errors.ts'
import { bigIntToBytes } from '../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hash } from '../../src/primitives/hex.ts'
import { bounds } from '../bounds.ts'
import type { PrecompileHost } from '../host.ts'
import type { PrecompileParameters } from '../parameters.ts'
import { bindErrors, bindEvents, type Fail } from './binding.ts'
import type { Call, Methods } from './dispatch.ts'
import { type FieldsOf, mappingSlot, namespaceSlot, StructRef, struct } from './layout.ts'
import type { Store } from './store.ts'

export const moneyLayout = struct({
  /** address → uint256 wei that may be claimed */
  credits: 'mapping',
  creditsWei: 'uint128',
  bondsWei: 'uint128',
  depositsWei: 'uint128',
  pendingWei: 'uint128',
  potsWei: 'uint128',
})
export const MONEY_SLOT = namespaceSlot('openledger.storage.Money')

const fail: Fail<typeof iClaimableAbi> = bindErrors(iClaimableAbi)
const emit = bindEvents(iClaimableAbi)

/** Where wei of the account can be, other than in credits. */
export type Bucket = 'bondsWei' | 'depositsWei' | 'pendingWei' | 'potsWei'

/** The credit reason that all three interfaces give the same number. */
const SURPLUS = 4

/** A credit's reference to a numbered thing. */
export function refOf(id: bigint | number): Hash {
  return bytesToHex(bigIntToBytes(BigInt(id), 32))
}

/**
 * The books of one precompile: every wei of its balance is in exactly one bucket or credited to one account. Wei moves
 * only by the methods here, so the sums always tell what the account owes.
 */
export class Money {
  readonly #host: PrecompileHost
  readonly #store: Store
  readonly #parameters: PrecompileParameters
  readonly #books: StructRef<FieldsOf<typeof moneyLayout>>

  constructor(host: PrecompileHost, store: Store, parameters: PrecompileParameters) {
    this.#host = host
    this.#store = store
    this.#parameters = parameters
    this.#books = new StructRef(store, moneyLayout, MONEY_SLOT)
  }

  /** Books wei that came with this call. */
  receive(bucket: Bucket, amountWei: bigint): void {
    this.#add(bucket, amountWei)
  }

  move(from: Bucket, to: Bucket, amountWei: bigint): void {
    this.#subtract(from, amountWei)
    this.#add(to, amountWei)
  }

  /** Lets `account` claim wei out of a bucket. What would go to a system account goes to the treasury. */
  credit(from: Bucket, account: Address, reason: number, ref: Hash, amountWei: bigint): void {
    if (amountWei === 0n) return
    const payee = this.#mayClaim(account) ? account : this.#parameters.treasuryAddress
    this.#creditQuietly(from, payee, amountWei)
    emit(this.#host, 'Credited', { account: payee, reason, ref, amountWei })
  }

  /** As `credit`, for an amount that an event of its own tells. Returns the account that was credited. */
  creditQuietly(from: Bucket, account: Address, amountWei: bigint): Address {
    const payee = this.#mayClaim(account) ? account : this.#parameters.treasuryAddress
    if (amountWei > 0n) this.#creditQuietly(from, payee, amountWei)
    return payee
  }

  /** Sends wei of a bucket to its owner, who asked for it. */
  payOut(from: Bucket, to: Address, amountWei: bigint): void {
    if (!this.#mayClaim(to)) fail('SystemAccount', { account: to })
    this.#subtract(from, amountWei)
    this.#host.transfer(to, amountWei)
  }

  creditOf(account: Address): bigint {
    return this.#store.load(this.#creditSlot(account))
  }

  claim(account: Address): bigint {
    const { caller } = this.#host
    const system = this.#isSystem(account)
    if (system && (caller !== account || !this.#mayClaim(account))) fail('SystemAccount', { account })
    const slot = this.#creditSlot(account)
    const amountWei = this.#store.load(slot)
    if (amountWei === 0n) fail('NothingToClaim')
    this.#store.save(slot, 0n)
    this.#subtract('creditsWei', amountWei)
    this.#host.transfer(account, amountWei)
    emit(this.#host, 'Claimed', { account, by: caller, amountWei })
    return amountWei
  }

  /** Claims for each of the accounts that has a credit. */
  claimMany(accounts: readonly Address[]): bigint {
    const { claimsPerCall } = bounds
    if (accounts.length === 0 || accounts.length > claimsPerCall) {
      fail('BoundExceeded', { length: BigInt(accounts.length), maximum: BigInt(claimsPerCall) })
    }
    let totalWei = 0n
    for (const account of accounts) {
      if (this.#isSystem(account)) fail('SystemAccount', { account })
      if (this.creditOf(account) > 0n) totalWei += this.claim(account)
    }
    return totalWei
  }

  sweepSurplus(): bigint {
    const { depositsWei, pendingWei, potsWei, creditsWei, bondsWei } = this.totals()
    const owedWei = depositsWei + pendingWei + potsWei + creditsWei + bondsWei
    const surplusWei = this.#host.balanceWei(this.#host.self) - owedWei
    invariant(surplusWei >= 0n, 'the books hold more than the balance')
    if (surplusWei === 0n) return 0n
    const { treasuryAddress } = this.#parameters
    this.#addCredit(treasuryAddress, surplusWei)
    emit(this.#host, 'Credited', {
      account: treasuryAddress,
      reason: SURPLUS,
      ref: refOf(0),
      amountWei: surplusWei,
    })
    emit(this.#host, 'SurplusSwept', { amountWei: surplusWei })
    return surplusWei
  }

  totals() {
    return this.#books.values()
  }

  #creditQuietly(from: Bucket, account: Address, amountWei: bigint): void {
    this.#subtract(from, amountWei)
    this.#addCredit(account, amountWei)
  }

  #addCredit(account: Address, amountWei: bigint): void {
    const slot = this.#creditSlot(account)
    this.#store.save(slot, this.#store.load(slot) + amountWei)
    this.#add('creditsWei', amountWei)
  }

  #creditSlot(account: Address): bigint {
    return mappingSlot(this.#store, this.#books.at('credits'), account)
  }

  #add(bucket: Bucket | 'creditsWei', amountWei: bigint): void {
    this.#books.set(bucket, this.#books.get(bucket) + amountWei)
  }

  #subtract(bucket: Bucket | 'creditsWei', amountWei: bigint): void {
    const before = this.#books.get(bucket)
    invariant(before >= amountWei, `${bucket} holds ${before}, not ${amountWei}`)
    this.#books.set(bucket, before - amountWei)
  }

  #isSystem(account: Address): boolean {
    return this.#parameters.systemAccounts.includes(account)
  }

  #mayClaim(account: Address): boolean {
    const { stakingAddress, treasuryAddress } = this.#parameters
    return account === stakingAddress || account === treasuryAddress || !this.#isSystem(account)
  }
}

export interface MoneyCall extends Call {
  readonly money: Money
}

/** The methods of IClaimable, the same in every precompile. */
export const claimMethods: Methods<typeof iClaimableAbi, MoneyCall> = {
  credits: { gas: 0n, run: ({ money }, { account }) => money.creditOf(account) },
  totals: { gas: 0n, run: ({ money }) => money.totals() },
  claim: { gas: 0n, run: ({ host, money }) => money.claim(host.caller) },
  claimFor: { gas: 0n, run: ({ money }, { account }) => money.claim(account) },
  claimMany: { gas: 0n, run: ({ money }, { accounts }) => money.claimMany(accounts) },
  sweepSurplus: { gas: 0n, run: ({ money }) => money.sweepSurplus() },
}
