import { invariant } from '../errors/errors.ts'
import type { Address } from '../primitives/hex.ts'

/** One member of a height's validator set. */
export interface Validator {
  /** Address of the consensus key; signs proposals and votes. */
  readonly address: Address
  /** Where tips of its blocks go; the only coinbase it may use. */
  readonly feeRecipient: Address
  /** Voting power: its stake in whole OPEN. */
  readonly power: bigint
}

/** A height's validators in the order of the Staking contract; a signer bitmap counts in this order. */
export class ValidatorSet {
  readonly validators: readonly Validator[]
  readonly totalPower: bigint
  readonly #indexByAddress: ReadonlyMap<Address, number>

  constructor(validators: readonly Validator[]) {
    invariant(validators.length > 0, 'A validator set has at least one member.')
    this.validators = validators
    this.totalPower = validators.reduce((sum, validator) => sum + validator.power, 0n)
    this.#indexByAddress = new Map(validators.map((validator, index) => [validator.address, index]))
    invariant(this.#indexByAddress.size === validators.length, 'A validator set lists each member once.')
  }

  get size(): number {
    return this.validators.length
  }

  at(index: number): Validator | undefined {
    return this.validators[index]
  }

  indexOf(address: Address): number | undefined {
    return this.#indexByAddress.get(address)
  }

  get(address: Address): Validator | undefined {
    const index = this.#indexByAddress.get(address)
    return index === undefined ? undefined : this.validators[index]
  }

  /** More than 2/3 of the power: two such groups share an honest validator (arXiv 1807.04938, section 3). */
  isQuorum(power: bigint): boolean {
    return power * 3n > this.totalPower * 2n
  }

  /** More than 1/3 of the power: at least one honest validator is among them. */
  isHonestSupport(power: bigint): boolean {
    return power * 3n > this.totalPower
  }
}
