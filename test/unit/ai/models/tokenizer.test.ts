import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { UnigramTokenizer } from '../../../../src/ai/models/tokenizer.ts'
import { isNodeError } from '../../../../src/errors/errors.ts'
import { baseModel } from '../../../support/models.ts'

interface Vectors {
  readonly vectors: readonly { readonly text: string; readonly ids: readonly number[] }[]
}
const { vectors } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'tokenizerVectors.json'), 'utf8'),
) as Vectors
const tokenizer = new UnigramTokenizer(baseModel().tokenizer)

describe('ids equal those of the original tokenizer', () => {
  test.each(vectors)('$text', ({ text, ids }) => {
    expect(tokenizer.encode(text, 10_000)).toEqual(ids)
  })
})

test('a long text is cut at the first tokens', () => {
  const text = 'attribution '.repeat(100)
  expect(tokenizer.encode(text, 7)).toEqual(tokenizer.encode(text, 10_000).slice(0, 7))
})

test.each(['not json', '{}', '[["a"]]', '[["a", "b"]]'])('the vocabulary %j is refused', (text) => {
  let error: unknown
  try {
    new UnigramTokenizer(Buffer.from(text))
  } catch (caught) {
    error = caught
  }
  expect(isNodeError(error, 'BAD_MODEL')).toBe(true)
})
