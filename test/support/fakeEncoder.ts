import type {
  AttributedAnswer,
  AuditFindings,
  AuditRequest,
  LoadedAdapter,
  QueryProjection,
} from '../../src/ai/engine/calls.ts'
import type { Encoder, RequestOptions } from '../../src/ai/engine/engine.ts'
import { sha256 } from '../../src/ai/hashes.ts'
import type { AdapterFiles } from '../../src/ai/lora/peft.ts'
import { NodeError } from '../../src/errors/errors.ts'
import { utf8ToBytes } from '../../src/primitives/bytes.ts'
import type { Hash } from '../../src/primitives/hex.ts'

export const LABELS = ['calm', 'angry', 'sad'] as const

/** Files whose hash depends on this text alone. */
export function adapterFiles(text: string): AdapterFiles & { readonly hash: Hash } {
  const weights = utf8ToBytes(text)
  return { weights, config: utf8ToBytes('config'), hash: sha256(weights) }
}

/** An encoder without a model: it remembers adapters, and answers what the test says. */
export class FakeEncoder {
  readonly loaded = new Set<Hash>()
  /** What was asked, in order. */
  readonly asked: string[] = []
  logits: readonly number[] = [1, 3, 2]
  margin = 1
  queryRow = Int8Array.of(1, -2, 127, -127)

  /** As the modules take it. */
  get encoder(): Encoder {
    return this as unknown as Encoder
  }

  async countTokens(text: string): Promise<number> {
    return text.split(' ').length
  }

  async loadAdapter(files: AdapterFiles, options?: RequestOptions): Promise<LoadedAdapter> {
    options?.signal?.throwIfAborted()
    const hash = sha256(files.weights)
    this.asked.push('load')
    this.loaded.add(hash)
    return { hash, config: { rank: 1, alpha: 1, modules: [], labels: [...LABELS] } }
  }

  async attribute(hash: Hash, text: string, projection: QueryProjection): Promise<AttributedAnswer> {
    this.#require(hash)
    this.asked.push(`attribute ${text} k=${projection.k}`)
    return { ...this.#answer(text), queryRow: this.queryRow }
  }

  async audit(request: AuditRequest): Promise<AuditFindings> {
    this.#require(request.adapterHash)
    this.asked.push(`audit ${request.text} k=${request.k} as ${request.answer} by ${request.auditSeed}`)
    return { own: this.#answer(request.text), queryRow: this.queryRow, digest: sha256(utf8ToBytes('digest')) }
  }

  #answer(text: string) {
    const logits = Float32Array.from(this.logits)
    const label = logits.indexOf(Math.max(...logits))
    return { label, logits, margin: this.margin, inputTokens: text.split(' ').length }
  }

  #require(hash: Hash): void {
    if (!this.loaded.has(hash)) throw new NodeError('NOT_FOUND', 'not loaded')
  }
}
