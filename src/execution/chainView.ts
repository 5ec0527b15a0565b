import type { PrecompileRegistry } from '../../precompiles/registry.ts'
import type { ChainSpec } from '../chainspec/chainSpec.ts'
import { NodeError } from '../errors/errors.ts'
import { type Block, blockHashOf } from '../ledger/block.ts'
import type { Certificate } from '../ledger/certificate.ts'
import type { Receipt } from '../ledger/receipt.ts'
import type { ValidatorSet } from '../ledger/validators.ts'
import type { SigningDomain } from '../ledger/vote.ts'
import { bytesToHex, type Hash } from '../primitives/hex.ts'
import type { StateReader } from '../state/types.ts'
import type { ChainStore } from '../storage/chainStore.ts'
import type { ExecutionHead } from './executor.ts'
import { readValidatorSet } from './stakingView.ts'

export interface ChainHead extends ExecutionHead {
  readonly height: number
  /** Who votes on the next block. */
  readonly nextSet: ValidatorSet
}

export interface DecidedBlock {
  readonly block: Block
  readonly blockHash: Hash
  readonly receipts: readonly Receipt[]
  readonly certificate: Certificate
}

export type DecidedListener = (decided: DecidedBlock) => void

/** The chain for those who read it. `Chain` itself is one; beside a chain that runs in another thread a follower is. */
export interface ChainView {
  readonly spec: ChainSpec
  readonly genesisHash: Hash
  readonly signingDomain: SigningDomain
  readonly precompiles: PrecompileRegistry
  /** Decided blocks. It may hold a block that is not the head yet. */
  readonly store: ChainStore
  readonly head: ChainHead
  /** From this height on the state of every block is kept. */
  readonly statesFrom: number
  /** Calls `listener` after each decided block, in order; the returned function ends that. */
  onDecided(listener: DecidedListener): () => void
}

/** The head as the store has it; `state` reads what is after it. */
export function readHead(store: ChainStore, state: StateReader): ChainHead {
  const height = store.headHeight()
  const block = height === undefined ? undefined : store.block(height)
  if (height === undefined || block === undefined) {
    throw new NodeError('DATA_CORRUPT', 'The data folder names a head block that is not there.')
  }
  return {
    height,
    block,
    blockHash: blockHashOf(block),
    stateRoot: bytesToHex(block.header.stateRoot),
    state,
    certificate: store.certificate(height) ?? null,
    nextSet: readValidatorSet(state),
  }
}
