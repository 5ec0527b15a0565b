import type { CallKind } from '../../../precompiles/host.ts'
import type { Mutability } from '../../../precompiles/shared/abiTypes.ts'

/** All that the dispatcher looks at before a method runs. */
export interface Situation {
  readonly isKnown: boolean
  readonly kind: CallKind
  readonly isStatic: boolean
  readonly mutability: Mutability
  readonly valueWei: bigint
  readonly hasGas: boolean
  readonly isWellFormed: boolean
}

interface Rule {
  /** A custom error, or what the EVM says. */
  readonly refusal: string
  readonly refuses: (situation: Situation) => boolean
}

const reads = ({ mutability }: Situation) => mutability === 'view' || mutability === 'pure'

/** In the order that precompiles/README.md documents: the first that refuses decides. */
export const RULES: readonly Rule[] = [
  { refusal: 'UnknownSelector', refuses: ({ isKnown }) => !isKnown },
  { refusal: 'CallKindRefused', refuses: ({ kind }) => kind === 'delegatecall' || kind === 'callcode' },
  { refusal: 'StaticCallRefused', refuses: (situation) => situation.isStatic && !reads(situation) },
  {
    refusal: 'ValueRefused',
    refuses: ({ valueWei, mutability }) => valueWei > 0n && mutability !== 'payable',
  },
  { refusal: 'out of gas', refuses: ({ hasGas }) => !hasGas },
  { refusal: 'MalformedInput', refuses: ({ isWellFormed }) => !isWellFormed },
]

/** Undefined where the method itself decides. */
export function refusalOf(situation: Situation): string | undefined {
  return RULES.find(({ refuses }) => refuses(situation))?.refusal
}

/** The custom errors that no method may end in by itself. */
export const DISPATCHER_ERRORS: readonly string[] = RULES.map(({ refusal }) => refusal).filter(
  (refusal) => refusal !== 'out of gas',
)
