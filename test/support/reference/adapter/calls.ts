import { encodeFunctionData } from 'viem'
import { iAdapterRegistryAbi } from '../../../../contracts/generated/IAdapterRegistry.ts'
import { ADAPTER_ADDRESS } from '../../../../precompiles/addresses.ts'
import { type Address, hexToBytes } from '../../../../src/primitives/hex.ts'
import type { Dice } from '../../callFuzzer.ts'
import { account } from '../../precompileWorld.ts'
import type { Move } from '../subject.ts'
import { TREES } from '../twinWorlds.ts'
import { ALICE, BOB } from './start.ts'

/** Something that could be done next. */
export type Idea = () => Move | Promise<Move>

export interface CallOptions {
  readonly from?: Address
  readonly valueWei?: bigint
  readonly advance?: number
}

const SOME = [ALICE, BOB, account(3), account(5)].map(({ address }) => address)
/** Who owns adapters, or may come to. */
export const ACCOUNTS: readonly Address[] = [...SOME, ...TREES]

/** A call of the adapter registry, by anybody where nothing is said. */
export function adapterCall(
  dice: Dice,
  method: string,
  args: readonly unknown[],
  options: CallOptions = {},
): Move {
  const data = encodeFunctionData({ abi: iAdapterRegistryAbi, functionName: method, args } as never)
  return { to: ADAPTER_ADDRESS, data: hexToBytes(data), from: dice.one(SOME), ...options }
}
