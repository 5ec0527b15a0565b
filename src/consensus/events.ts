import type { Certificate } from '../ledger/certificate.ts'
import type { Hash } from '../primitives/hex.ts'
import type { Effect, Input } from './core/types.ts'
import type { BuiltValue } from './ports.ts'

export type SignEffect = Extract<Effect, { type: 'signProposal' | 'signVote' }>

/** What waits for the consensus loop. Events of a height that is over are dropped. */
export type LoopEvent =
  | { readonly type: 'input'; readonly height: number; readonly input: Input }
  | { readonly type: 'built'; readonly height: number; readonly round: number; readonly value: BuiltValue }
  /** What the signer, which was away, is asked for again. */
  | { readonly type: 'sign'; readonly height: number; readonly effect: SignEffect }
  /** The bytes of a value that is proposed or waited for. */
  | {
      readonly type: 'value'
      readonly height: number
      readonly blockHash: Hash
      readonly envelope: Uint8Array
    }
  /** A block that was decided elsewhere; `settle` tells who brought it how it went. */
  | {
      readonly type: 'decided'
      readonly envelope: Uint8Array
      readonly certificate: Certificate
      readonly settle: (error?: unknown) => void
    }
