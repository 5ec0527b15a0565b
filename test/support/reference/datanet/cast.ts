import { encodeFunctionData } from 'viem'
import { iDatanetRegistryAbi } from '../../../../contracts/generated/IDatanetRegistry.ts'
import { DATANET_ADDRESS } from '../../../../precompiles/addresses.ts'
import type { PrecompileParameters } from '../../../../precompiles/parameters.ts'
import { type Address, hexToBytes } from '../../../../src/primitives/hex.ts'
import type { Dice } from '../../callFuzzer.ts'
import { type Account, account } from '../../precompileWorld.ts'
import type { Move } from '../subject.ts'
import { PEOPLE, TREES } from '../twinWorlds.ts'
import type { ContributionFacts, DatanetFacts, DatanetScan } from './scan.ts'
import type { DatanetStart } from './start.ts'

const byAddress = new Map(PEOPLE.map((address, n) => [address, account(n)]))

/** The person with this address, if it is one. */
export function personOf(address: Address): Account | undefined {
  return byAddress.get(address)
}

export interface MoveOptions {
  readonly valueWei?: bigint
  readonly advance?: number
}

/** A call of the registry. */
export function move(
  method: string,
  args: readonly unknown[],
  from: Address,
  options: MoveOptions = {},
): Move {
  const data = encodeFunctionData({ abi: iDatanetRegistryAbi, functionName: method, args } as never)
  return { from, to: DATANET_ADDRESS, data: hexToBytes(data), ...options }
}

/** The open one of the start; a curated and a private one follow. */
const FIRST_BUSY = 3n
/** The one in which every seat is taken. */
const FULL = 7n

/** How many of the newest contributions are looked after. */
const NEWEST = 24

/** What all parts of a player choose from. */
export class Cast {
  readonly dice: Dice
  readonly start: DatanetStart
  readonly scan: DatanetScan
  /** The Datanet that most happens in for now. */
  focus: bigint = FIRST_BUSY

  constructor(dice: Dice, start: DatanetStart, scan: DatanetScan) {
    this.dice = dice
    this.start = start
    this.scan = scan
  }

  get parameters(): PrecompileParameters {
    return this.start.world.parameters
  }

  anybody(): Address {
    return this.dice.one(PEOPLE)
  }

  /** Mostly a person; also a system account, a contract, or nobody. */
  account(): Address {
    const { systemAccounts } = this.parameters
    const odd = this.dice.below(12)
    if (odd === 0) return this.dice.one(systemAccounts)
    if (odd === 1) return this.dice.one(TREES)
    return odd === 2 ? `0x${'00'.repeat(20)}` : this.anybody()
  }

  datanets(policies: readonly number[] = [0, 1, 2]): readonly DatanetFacts[] {
    const { datanets } = this.scan.counts()
    const all = Array.from({ length: Number(datanets) }, (_, n) => this.scan.datanet(BigInt(n + 1)))
    return all.filter(({ policy }) => policies.includes(policy))
  }

  /** A Datanet, mostly one of these policies. */
  datanet(policies?: readonly number[]): DatanetFacts {
    return this.dice.one(this.datanets(this.dice.below(12) === 0 ? undefined : policies))
  }

  /** Turns to one of those in which the most happens: one of each policy, the one that receipts are of, a full one. */
  refocus(): void {
    const odd = this.dice.below(12)
    this.focus = odd < 2 ? 1n : odd === 2 ? FULL : FIRST_BUSY + BigInt(odd % 3)
  }

  busy(): DatanetFacts {
    return this.dice.below(8) === 0 ? this.datanet() : this.scan.datanet(this.focus)
  }

  contributions(statuses: readonly number[], newest = NEWEST): readonly ContributionFacts[] {
    return this.scan.newest(newest).filter(({ status }) => statuses.includes(status))
  }

  /** One of the newest contributions, mostly in one of these states. */
  contribution(...statuses: readonly number[]): ContributionFacts | undefined {
    const found = this.contributions(statuses)
    const list = found.length === 0 || this.dice.below(16) === 0 ? this.scan.newest(NEWEST) : found
    return list.length === 0 ? undefined : this.dice.one(list)
  }

  /** Some of the newest in these states, rarely with an id that is wrong or twice in the list. */
  ids(statuses: readonly number[]): readonly bigint[] {
    const found = this.contributions(statuses).map(({ contributionId }) => contributionId)
    const some = found.filter(() => this.dice.below(4) > 0).slice(0, 6)
    const odd = this.dice.below(40)
    if (odd === 0) return [...some, 10_000n]
    if (odd === 1) return [...some, ...some]
    if (odd === 2) return Array.from({ length: 65 }, () => 1n)
    return odd < 6 ? this.scan.newest(4).map(({ contributionId }) => contributionId) : some
  }

  /** Blocks from now to that one; none when it has been. */
  until(block: number): MoveOptions {
    const advance = block - this.scan.block()
    return advance > 0 ? { advance } : {}
  }
}
