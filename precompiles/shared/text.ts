import { utf8ToBytes } from '../../src/primitives/bytes.ts'

export type TextProblem = { readonly kind: 'length'; readonly bytes: number } | { readonly kind: 'content' }

// control characters, line and paragraph separators, and the marks that reorder what a reader sees
const HIDDEN = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

/** What is wrong with a text that people will see; undefined when nothing is. Lengths are UTF-8 bytes. */
export function textProblem(text: string, maxBytes: number, mayBeEmpty: boolean): TextProblem | undefined {
  const bytes = utf8ToBytes(text).length
  if (bytes > maxBytes) return { kind: 'length', bytes }
  if (bytes === 0 && !mayBeEmpty) return { kind: 'content' }
  return HIDDEN.test(text) ? { kind: 'content' } : undefined
}
