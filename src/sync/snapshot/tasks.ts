import { NodeError } from '../../errors/errors.ts'
import { type Address, type Hash, toAddress, toHash } from '../../primitives/hex.ts'
import { asHash, asInt, asList, decodeRlp, encodeRlp, fromHex, fromInt } from '../../primitives/rlp.ts'
import { type Nibbles, nibblesText, parseNibbles } from '../../state/snapshot/subtrie.ts'
import { nameOfWorkRecordKey, workRecordKey, workRecordRange } from '../../storage/keys.ts'
import type { KvOp, KvReader, KvStore } from '../../storage/kv.ts'

/** The state that is being fetched. */
export interface SnapshotTarget {
  readonly height: number
  readonly blockHash: Hash
  readonly stateRoot: Hash
}

/** A part that is still missing. */
export type SnapshotTask =
  | { readonly kind: 'accounts'; readonly prefix: Nibbles }
  | {
      readonly kind: 'slots'
      readonly address: Address
      readonly storageRoot: Hash
      readonly prefix: Nibbles
    }
  | { readonly kind: 'code'; readonly codeHash: Hash }

// Tasks lie in the store beside what they bring: a chunk and the end of its task are one write.
const TARGET_KEY = workRecordKey('snapshot', 'target')
const TASK = 'task '
const TARGET_BYTES = 128
const NOTHING = new Uint8Array(0)

export function putTarget({ height, blockHash, stateRoot }: SnapshotTarget): KvOp {
  const value = encodeRlp([fromInt(height), fromHex(blockHash), fromHex(stateRoot)])
  return { type: 'put', key: TARGET_KEY, value }
}

export const deleteTarget: KvOp = { type: 'del', key: TARGET_KEY }

/** Undefined where no snapshot is under way. */
export function readTarget(kv: KvReader): SnapshotTarget | undefined {
  const value = kv.get(TARGET_KEY)
  if (value === undefined) return undefined
  try {
    const [height, blockHash, stateRoot] = asList(decodeRlp(value, TARGET_BYTES), 3)
    return { height: asInt(height), blockHash: asHash(blockHash), stateRoot: asHash(stateRoot) }
  } catch (error) {
    throw new NodeError('DATA_CORRUPT', 'The stored target of a snapshot is malformed.', {}, error)
  }
}

export function taskName(task: SnapshotTask): string {
  switch (task.kind) {
    case 'accounts':
      return `${TASK}accounts ${nibblesText(task.prefix)}`
    case 'slots':
      return `${TASK}slots ${task.address} ${task.storageRoot} ${nibblesText(task.prefix)}`
    case 'code':
      return `${TASK}code ${task.codeHash}`
  }
}

export const putTask = (task: SnapshotTask): KvOp => ({
  type: 'put',
  key: workRecordKey('snapshot', taskName(task)),
  value: NOTHING,
})

export const deleteTask = (task: SnapshotTask): KvOp => ({
  type: 'del',
  key: workRecordKey('snapshot', taskName(task)),
})

export async function readTasks(kv: KvStore): Promise<SnapshotTask[]> {
  const tasks: SnapshotTask[] = []
  for await (const [key] of kv.iterate(workRecordRange('snapshot'))) {
    const name = nameOfWorkRecordKey(key)
    if (name.startsWith(TASK)) tasks.push(parseTask(name))
  }
  return tasks
}

function parseTask(name: string): SnapshotTask {
  const [, kind, ...fields] = name.split(' ')
  const [first = '', second = '', third = ''] = fields
  switch (kind) {
    case 'accounts':
      return { kind, prefix: parseNibbles(first) }
    case 'slots':
      return { kind, address: toAddress(first), storageRoot: toHash(second), prefix: parseNibbles(third) }
    case 'code':
      return { kind, codeHash: toHash(first) }
    default:
      throw new NodeError('DATA_CORRUPT', `The store has an unknown task of a snapshot: ${name}.`)
  }
}
