import { cidOfDigest } from '../../ai/hashes.ts'
import type { AdapterFiles } from '../../ai/lora/peft.ts'
import type { Hash } from '../../primitives/hex.ts'

export interface AdapterSource {
  readonly weightsHash: Hash
  readonly configHash: Hash
}

/** Gets the files of a version of an adapter: those whose hashes the chain names. */
export async function fetchAdapterFiles(
  { weightsHash, configHash }: AdapterSource,
  fetch: (cid: string, signal: AbortSignal) => Promise<Uint8Array>,
  signal: AbortSignal,
): Promise<AdapterFiles> {
  const [weights, config] = await Promise.all([
    fetch(cidOfDigest(weightsHash), signal),
    fetch(cidOfDigest(configHash), signal),
  ])
  return { weights, config }
}
