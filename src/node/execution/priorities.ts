import { initialPriorities, nextPriorities, type Priorities } from '../../consensus/proposer.ts'
import { NodeError } from '../../errors/errors.ts'
import type { ChainHead } from '../../execution/chainView.ts'
import type { ValidatorSet } from '../../ledger/validators.ts'
import { bigIntToBytes, bytesToBigInt } from '../../primitives/bytes.ts'
import { asBytes, asInt, asList, decodeRlp, encodeRlp, fromInt } from '../../primitives/rlp.ts'
import { metadataKey } from '../../storage/keys.ts'
import type { KvOp, KvReader } from '../../storage/kv.ts'

// Proposer priorities as they lie beside the head, written with it.

const PRIORITIES_KEY = metadataKey('priorities')

/** Priorities before round 0 of the height after the head. */
export function readPriorities(kv: KvReader, head: ChainHead): Priorities {
  const stored = kv.get(PRIORITIES_KEY)
  if (stored !== undefined) {
    const { height, priorities } = decodePriorities(stored)
    if (height === head.height + 1 && priorities.length === head.nextSet.size) return priorities
  }
  if (head.height !== 0)
    throw new NodeError('DATA_CORRUPT', 'The proposer priorities of the head are missing.')
  return initialPriorities(head.nextSet)
}

/** To be written with the block after `head`; `nextSet` votes on the one after that. */
export function nextPrioritiesOps(kv: KvReader, head: ChainHead, nextSet: ValidatorSet): readonly KvOp[] {
  const priorities = nextPriorities(head.nextSet, readPriorities(kv, head), nextSet)
  return [putPriorities(head.height + 2, priorities)]
}

/** Keeps the priorities before round 0 of a height, in the write that makes the block before it the head. */
export function putPriorities(height: number, priorities: Priorities): KvOp {
  return { type: 'put', key: PRIORITIES_KEY, value: encodePriorities({ height, priorities }) }
}

/** Priorities before round 0 of `height`, in the order of its set. */
interface StoredPriorities {
  readonly height: number
  readonly priorities: Priorities
}

const WORD_BITS = 256
const STORED_BYTES = 16 * 1024

/** RLP of the height and the priorities, as 256-bit two's complement because RLP has no negative integers. */
function encodePriorities({ height, priorities }: StoredPriorities): Uint8Array {
  return encodeRlp([
    fromInt(height),
    priorities.map((priority) => bigIntToBytes(BigInt.asUintN(WORD_BITS, priority), WORD_BITS / 8)),
  ])
}

function decodePriorities(bytes: Uint8Array): StoredPriorities {
  const [height, priorities] = asList(decodeRlp(bytes, STORED_BYTES), 2)
  return {
    height: asInt(height),
    priorities: asList(priorities).map((item) =>
      BigInt.asIntN(WORD_BITS, bytesToBigInt(asBytes(item, WORD_BITS / 8))),
    ),
  }
}
