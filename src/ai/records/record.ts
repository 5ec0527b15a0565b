import { z } from 'zod'
import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import { bytesToUtf8, utf8ToBytes } from '../../primitives/bytes.ts'
import type { Hash } from '../../primitives/hex.ts'
import { canonicalJson, cidOfDigest, sha256 } from '../hashes.ts'
import { minhash } from './minhash.ts'

/** One record of a Datanet: a text and its class, with an id where the contributor keeps one. */
export interface DataRecord {
  readonly id?: string | undefined
  readonly text: string
  readonly label: string
}

/** A record whose class is an index into an adapter's labels. */
export interface LabelledText {
  readonly text: string
  readonly label: number
}

/** Why a line was not taken; lines count from 1. */
export interface RowProblem {
  readonly line: number
  readonly problem: string
}

export interface ParsedRecords {
  readonly records: readonly DataRecord[]
  /** The first problems, `limits.rowProblems` at most. */
  readonly problems: readonly RowProblem[]
  readonly problemCount: number
}

/** What a contribution commits to on the chain. */
export interface ContributionFacts {
  /** Canonical JSON Lines: the content that the root names. */
  readonly bytes: Uint8Array
  /** sha2-256 of `bytes`. */
  readonly contentRoot: Hash
  readonly cid: string
  readonly recordCount: number
  readonly byteCount: number
  /** 128 big-endian uint32. */
  readonly minhash: Uint8Array
}

const LONE_SURROGATE = /\p{Surrogate}/u
const wellFormed = (text: string) => !LONE_SURROGATE.test(text)
const textOf = (maximum: number) =>
  z
    .string()
    .min(1)
    .max(maximum)
    .refine(wellFormed, 'holds half of a character')
    .refine((text) => text.trim().length > 0, 'is blank')
const recordSchema = z.strictObject({
  id: textOf(limits.recordIdCharacters).optional(),
  text: textOf(limits.inputCharacters),
  label: textOf(limits.labelCharacters),
})

/**
 * Reads JSON Lines from outside: one object a line with `text`, `label` and maybe `id`, nothing else. Empty lines
 * are passed over. Lines that are wrong are told one by one; bytes that are too many or not UTF-8 are refused whole.
 */
export function parseRecords(bytes: Uint8Array): ParsedRecords {
  if (bytes.length > limits.contributionBytes) {
    throw new NodeError('LIMIT_EXCEEDED', `A contribution has ${limits.contributionBytes} bytes at most.`)
  }
  const records: DataRecord[] = []
  const problems: RowProblem[] = []
  const ids = new Set<string>()
  let problemCount = 0
  const lines = bytesToUtf8(bytes).split('\n')
  for (const [index, line] of lines.entries()) {
    if (line.trim().length === 0) continue
    const parsed = parseLine(line)
    const problem = 'problem' in parsed ? parsed.problem : repeatedId(parsed.record, ids)
    if (problem !== undefined) {
      problemCount += 1
      if (problems.length < limits.rowProblems) problems.push({ line: index + 1, problem })
    } else if ('record' in parsed) {
      records.push(parsed.record)
    }
    if (records.length > limits.contributionRecords) {
      throw new NodeError(
        'LIMIT_EXCEEDED',
        `A contribution has ${limits.contributionRecords} records at most.`,
      )
    }
  }
  return { records, problems, problemCount }
}

/** Canonical bytes: each record as JSON with sorted keys and no spaces, each line ended by a line feed. */
export function canonicalRecords(records: readonly DataRecord[]): Uint8Array {
  return utf8ToBytes(records.map((record) => `${canonicalJson(record)}\n`).join(''))
}

/** Root, counts and signature of a contribution; scorers recompute all of it. `minhashKey` for private Datanets. */
export function describeContribution(records: readonly DataRecord[], minhashKey?: Hash): ContributionFacts {
  if (records.length === 0) throw new NodeError('BAD_DATASET', 'A contribution has at least one record.')
  const bytes = canonicalRecords(records)
  const contentRoot = sha256(bytes)
  return {
    bytes,
    contentRoot,
    cid: cidOfDigest(contentRoot),
    recordCount: records.length,
    byteCount: bytes.length,
    minhash: minhash(
      records.map(({ text }) => text),
      minhashKey,
    ),
  }
}

/** Records with their classes as indices into `labels`; an unknown class is refused. */
export function labelledTexts(
  records: readonly DataRecord[],
  labels: readonly string[],
): readonly LabelledText[] {
  const indexOf = new Map(labels.map((label, index) => [label, index]))
  return records.map(({ text, label }) => {
    const index = indexOf.get(label)
    if (index === undefined)
      throw new NodeError('BAD_DATASET', `${JSON.stringify(label)} is none of the classes.`)
    return { text, label: index }
  })
}

function parseLine(line: string): { record: DataRecord } | { problem: string } {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return { problem: 'is not JSON' }
  }
  const parsed = recordSchema.safeParse(value)
  if (parsed.success) return { record: parsed.data }
  const issues = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`.trim())
  return { problem: issues.join('; ') }
}

function repeatedId(record: DataRecord, ids: Set<string>): string | undefined {
  if (record.id === undefined) return undefined
  if (ids.has(record.id)) return `the id ${JSON.stringify(record.id)} was used before`
  ids.add(record.id)
  return undefined
}
