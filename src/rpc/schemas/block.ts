import { z } from 'zod'
import { hash, uint64 } from './hex.ts'

const tag = z.enum(['earliest', 'latest', 'pending', 'safe', 'finalized'])
export type BlockTag = z.output<typeof tag>

/** A block as a request names it. */
export type BlockSelector =
  | { readonly number: bigint }
  | { readonly hash: z.output<typeof hash> }
  | { readonly tag: BlockTag }

const byNumber = uint64.transform((number): BlockSelector => ({ number }))
const byTag = tag.transform((name): BlockSelector => ({ tag: name }))
const byHash = hash.transform((value): BlockSelector => ({ hash: value }))

/** Picks the schema by the looks of the value, so that the message is about what was meant. */
function named(value: unknown): z.ZodType<BlockSelector> {
  if (typeof value !== 'string') return byTag
  if (value.length === 66 && value.startsWith('0x')) return byHash
  return (tag.options as readonly string[]).includes(value) ? byTag : byNumber
}

function delegate(choose: (value: unknown) => z.ZodType<BlockSelector>) {
  return z.unknown().transform((value, ctx): BlockSelector => {
    const parsed = choose(value).safeParse(value)
    if (parsed.success) return parsed.data
    ctx.addIssue({ code: 'custom', message: parsed.error.issues[0]?.message ?? 'not a block' })
    return z.NEVER
  })
}

/** A number or a tag. */
export const blockNumberOrTag = delegate((value) => {
  const chosen = named(value)
  return chosen === byHash ? byNumber : chosen
})

/** EIP-1898. There is one chain only, so every known block is canonical. */
const blockObject = z
  .object({
    blockNumber: uint64.optional(),
    blockHash: hash.optional(),
    requireCanonical: z.boolean().optional(),
  })
  .refine((value) => (value.blockNumber === undefined) !== (value.blockHash === undefined), {
    error: 'expected either blockNumber or blockHash',
  })
  .transform(
    ({ blockNumber, blockHash }): BlockSelector =>
      blockHash === undefined ? { number: blockNumber ?? 0n } : { hash: blockHash },
  )

/** A number, a tag, a hash, or an object of EIP-1898. */
export const blockSelector = delegate((value) =>
  typeof value === 'object' && value !== null ? blockObject : named(value),
)

export const LATEST: BlockSelector = { tag: 'latest' }
