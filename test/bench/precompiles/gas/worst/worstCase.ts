import type { Block } from '@ethereumjs/block'
import { bounds } from '../../../../../precompiles/bounds.ts'
import { devnetParameters, type PrecompileParameters } from '../../../../../precompiles/parameters.ts'
import type { Address, Hash } from '../../../../../src/primitives/hex.ts'
import type { StateDiff } from '../../../../../src/state/types.ts'
import { blockOf, stateDiffOf } from '../../../../support/evmWorld.ts'
import { targets } from '../../../../support/precompileTargets.ts'
import { type Account, OPEN, type World } from '../../../../support/precompileWorld.ts'

/** A call on a state of its own, frozen when the case was made: the world may go on. */
export interface WorstCase {
  /** precompile.method, and in brackets what makes it hard. */
  readonly name: string
  readonly state: StateDiff
  readonly block: Block
  readonly genesisHash: Hash
  readonly parameters: PrecompileParameters
  readonly from: Address
  readonly to: Address
  readonly input: Uint8Array
  readonly valueWei: bigint
}

/** A devnet's, with the long windows of a public network, so that lists get as long as their bounds allow. */
export const worstParameters: PrecompileParameters = {
  ...devnetParameters,
  revealMaxBlocks: 256,
  scoreCommitBlocks: 200,
  scoreRevealBlocks: 200,
  scorerExitBlocks: 1_000,
  auditCommitBlocks: 200,
  auditRevealBlocks: 200,
  hostExitBlocks: 1_000,
  adapterExitBlocks: 1_000,
  auditorExitBlocks: 1_000,
  purseExitBlocks: 3_000,
  windowReceipts: 64,
}

interface AnyContract {
  readonly address: Address
  encode(method: never, args: readonly unknown[]): Uint8Array
}

export interface CallOf {
  readonly on: AnyContract
  readonly method: string
  readonly what?: string
  readonly args: readonly unknown[]
  readonly from: Account
  readonly valueWei?: bigint
}

/** The call as it would run now. */
export function worstCase(world: World, call: CallOf): WorstCase {
  const { on, method, what, args, from, valueWei = 0n } = call
  const precompile = targets.find(({ address }) => address === on.address)?.precompile
  return {
    name: `${precompile}.${method}${what === undefined ? '' : ` (${what})`}`,
    state: stateDiffOf(world.chain),
    block: blockOf(world.chain),
    genesisHash: world.chain.genesisHash,
    parameters: world.parameters,
    from: from.address,
    to: on.address,
    input: on.encode(method as never, args),
    valueWei,
  }
}

export const longText = (bytes: number) => 'x'.repeat(bytes)

export const LONG_NAME = longText(bounds.nameBytes)
export const LONG_LICENCE = longText(bounds.licenceBytes)
export const LONG_CID = longText(bounds.cidBytes)

export function fundAll(world: World, accounts: readonly Account[]): void {
  for (const { address } of accounts) world.chain.fund(address, 1_000_000n * OPEN)
}
