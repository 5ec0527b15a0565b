import type { Certificate } from '../ledger/certificate.ts'
import type { Hash } from '../primitives/hex.ts'
import type { Input } from './core/types.ts'
import type { BuiltValue } from './ports.ts'

/** What waits for the consensus loop. Events of a height that is over are dropped. */
export type LoopEvent =
  | { readonly type: 'input'; readonly height: number; readonly input: Input }
  | { readonly type: 'built'; readonly height: number; readonly round: number; readonly value: BuiltValue }
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
