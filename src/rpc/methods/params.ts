import type { BlockSelector } from '../schemas/block.ts'
import { blockNumberOrTag, blockSelector, LATEST } from '../schemas/block.ts'

/** A block parameter that may be left out: the newest block. */
export const orLatest = blockSelector.nullish().transform((value): BlockSelector => value ?? LATEST)

/** A block parameter that cannot be a hash. */
export const blockNumber = blockNumberOrTag
