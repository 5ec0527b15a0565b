import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { limits } from '../config/limits.ts'
import { NodeError } from '../errors/errors.ts'
import { asBytes, asInt, asList, decodeRlp, encodeRlp, fromInt } from '../primitives/rlp.ts'
import type { PooledTransaction } from './transaction.ts'

const WIRE_VERSION = 1

/** `rlp([version, [transaction, …]])`, in the order given. */
export function encodeJournal(transactions: readonly PooledTransaction[]): Uint8Array {
  return encodeRlp([fromInt(WIRE_VERSION), transactions.map((transaction) => transaction.bytes)])
}

/** The encoded transactions of a journal; each still has to pass admission. */
export function decodeJournal(bytes: Uint8Array): Uint8Array[] {
  const [version, transactions] = asList(decodeRlp(bytes, limits.mempoolJournalBytes), 2)
  if (asInt(version) !== WIRE_VERSION) throw new NodeError('BAD_RLP', 'Unknown journal version.')
  return asList(transactions).map((transaction) => asBytes(transaction))
}

/** Writes the whole journal beside the old one and then takes its place: a crash leaves one of the two. */
export async function saveJournal(path: string, transactions: readonly PooledTransaction[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const next = `${path}.new`
  const file = await open(next, 'w')
  try {
    await file.writeFile(encodeJournal(transactions))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(next, path)
}

/** Empty when there is none. A journal that cannot be read fails with BAD_RLP or LIMIT_EXCEEDED. */
export async function loadJournal(path: string): Promise<Uint8Array[]> {
  try {
    return decodeJournal(await readFile(path))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
