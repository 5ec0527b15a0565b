import { z } from 'zod'
import { cidOfDigest } from '../../ai/hashes.ts'
import type { AdapterFiles } from '../../ai/lora/peft.ts'
import { NodeError } from '../../errors/errors.ts'
import { bytesToUtf8 } from '../../primitives/bytes.ts'
import type { Hash } from '../../primitives/hex.ts'

const cid = z.string().min(1).max(128)

/** What an adapter's metadata CID leads to. */
const cardSchema = z.object({ format: z.literal(1), config: cid })

export interface AdapterSource {
  readonly weightsHash: Hash
  readonly metadataCid: string
}

/** Gets an adapter's files by their CIDs; the weights are those whose hash the chain names. */
export async function fetchAdapterFiles(
  adapter: AdapterSource,
  fetch: (cid: string, signal: AbortSignal) => Promise<Uint8Array>,
  signal: AbortSignal,
): Promise<AdapterFiles> {
  const card = parseCard(await fetch(adapter.metadataCid, signal))
  const [weights, config] = await Promise.all([
    fetch(cidOfDigest(adapter.weightsHash), signal),
    fetch(card.config, signal),
  ])
  return { weights, config }
}

function parseCard(bytes: Uint8Array): z.output<typeof cardSchema> {
  let json: unknown
  try {
    json = JSON.parse(bytesToUtf8(bytes))
  } catch (error) {
    throw new NodeError('BAD_MODEL', 'The adapter’s card is not JSON.', {}, error)
  }
  const parsed = cardSchema.safeParse(json)
  if (!parsed.success) throw new NodeError('BAD_MODEL', 'The adapter’s card does not name its configuration.')
  return parsed.data
}
