import { limits } from '../../config/limits.ts'
import { isNodeError, NodeError } from '../../errors/errors.ts'
import { type Hash, hexToBytes } from '../../primitives/hex.ts'
import { keccak256 } from '../../primitives/keccak.ts'
import { ChunkReader, type StateChunk } from '../../state/snapshot/chunkReader.ts'
import { findTrieNode } from '../../state/trieNodes.ts'
import { ACCOUNT_TRIE_OWNER, codeKey } from '../../storage/keys.ts'
import type { KvReader } from '../../storage/kv.ts'
import type { SyncRequests } from '../ports.ts'
import {
  type Chunk,
  decodeSnapshotRequest,
  encodeAccountChunk,
  encodeCodes,
  encodeOffers,
  encodeSlotChunk,
  SNAPSHOT_PROTOCOL,
  SNAPSHOT_REQUEST_BYTES,
  type SnapshotRequest,
} from './codec.ts'

export interface SnapshotSource {
  headHeight(): number
  stateRoot(height: number): Hash | undefined
}

/** Serves the states of the last ends of epochs to peers, in chunks and within quotas. Returns how to stop it. */
export function serveSnapshots(
  options: { epochBlocks: number },
  modules: { source: SnapshotSource; kv: KvReader; requests: SyncRequests; reader?: ChunkReader },
): () => void {
  const { source, kv, requests } = modules
  const reader = modules.reader ?? new ChunkReader({ kv })
  const answer = async (_peer: string, bytes: Uint8Array) => {
    const request = decodeSnapshotRequest(bytes)
    if (request.kind === 'offers') return encodeOffers(offers(options.epochBlocks, source, kv))
    try {
      return await read(reader, kv, request)
    } catch (error) {
      // a state that is gone, or damage here: in no case what the requester sent
      if (!isNodeError(error)) throw error
      throw new NodeError('NOT_FOUND', 'This part of a state cannot be served.', {}, error)
    }
  }
  return requests.handle(SNAPSHOT_PROTOCOL, answer, {
    maxRequestBytes: SNAPSHOT_REQUEST_BYTES,
    maxConcurrentPerPeer: limits.syncServedPerPeer,
    maxConcurrent: limits.syncServedTotal,
    burst: limits.snapshotRequestsBurst,
    requestsPerSecond: limits.snapshotRequestsPerSecond,
  })
}

/** Ends of epochs whose state is here, the newest first; genesis, which needs none, is not among them. */
function offers(epochBlocks: number, source: SnapshotSource, kv: KvReader): readonly number[] {
  const head = source.headHeight()
  const heights: number[] = []
  for (let height = head - (head % epochBlocks); height > 0; height -= epochBlocks) {
    const root = source.stateRoot(height)
    if (root === undefined || findTrieNode(kv, ACCOUNT_TRIE_OWNER, hexToBytes(root)) === undefined) break
    heights.push(height)
    if (heights.length === limits.snapshotOffers) break
  }
  return heights
}

async function read(
  reader: ChunkReader,
  kv: KvReader,
  request: Exclude<SnapshotRequest, { kind: 'offers' }>,
): Promise<Uint8Array> {
  switch (request.kind) {
    case 'accounts':
      return encodeAccountChunk(toChunk(await reader.accounts(request.stateRoot, request.prefix)))
    case 'slots': {
      const owner = keccak256(hexToBytes(request.address))
      return encodeSlotChunk(toChunk(await reader.slots(owner, request.storageRoot, request.prefix)))
    }
    case 'codes':
      return encodeCodes(readCodes(kv, request.hashes))
  }
}

function toChunk<T>({ proof, items }: StateChunk<T>): Chunk<T> {
  return { proof, isSplit: items === undefined, items: items ?? [] }
}

/** As many of them, from the first on, as fit a chunk. */
function readCodes(kv: KvReader, hashes: readonly Hash[]): readonly Uint8Array[] {
  const codes: Uint8Array[] = []
  let left = limits.snapshotChunkBytes - limits.snapshotProofBytes
  for (const hash of hashes) {
    const code = kv.get(codeKey(hash))
    if (code === undefined) {
      if (codes.length === 0) throw new NodeError('NOT_FOUND', 'There is no such code here.')
      break
    }
    left -= code.length + 8
    if (left < 0) break
    codes.push(code)
  }
  return codes
}
