import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  canonicalRecords,
  describeContribution,
  labelledTexts,
  parseRecords,
} from '../../../../src/ai/records/record.ts'
import { limits } from '../../../../src/config/limits.ts'
import { isNodeError } from '../../../../src/errors/errors.ts'

const codeOf = (action: () => unknown) => {
  try {
    action()
    return 'none'
  } catch (error) {
    return isNodeError(error) ? error.code : `unexpected ${String(error)}`
  }
}

describe('JSON Lines', () => {
  test('are read line by line; what is wrong is told with its line', () => {
    const lines = [
      '{"text":"a","label":"x"}',
      '',
      '{"label":"y","text":"b","id":"1"}',
      'nonsense',
      '{"text":"c"}',
      '{"text":" ","label":"x"}',
      '{"text":"d","label":"x","extra":1}',
      '{"text":"e","label":"x","id":"1"}',
      '{"text":"\\ud800","label":"x"}',
      '[]',
    ]
    const { records, problems, problemCount } = parseRecords(Buffer.from(lines.join('\r\n')))
    expect(records).toEqual([
      { text: 'a', label: 'x' },
      { text: 'b', label: 'y', id: '1' },
    ])
    expect(problems.map(({ line }) => line)).toEqual([4, 5, 6, 7, 8, 9, 10])
    expect(problemCount).toBe(7)
  })

  test('with more problems than are told are counted', () => {
    const { problems, problemCount } = parseRecords(Buffer.from('x\n'.repeat(500)))
    expect([problems.length, problemCount]).toEqual([limits.rowProblems, 500])
  })

  test.each([
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'BAD_ENCODING'],
    ['too many bytes', new Uint8Array(limits.contributionBytes + 1), 'LIMIT_EXCEEDED'],
    [
      'too many records',
      Buffer.from('{"text":"a","label":"x"}\n'.repeat(limits.contributionRecords + 1)),
      'LIMIT_EXCEEDED',
    ],
  ])('%s are refused whole', (_name, bytes, code) => {
    expect(codeOf(() => parseRecords(bytes))).toBe(code)
  })
})

describe('a contribution', () => {
  const records = [
    { label: 'x', text: 'one "two"', id: 'é' },
    { text: 'three', label: 'y' },
  ]

  test('has canonical bytes: sorted keys, no spaces, a line feed after each', () => {
    const expected = '{"id":"é","label":"x","text":"one \\"two\\""}\n{"label":"y","text":"three"}\n'
    expect(Buffer.from(canonicalRecords(records)).toString()).toBe(expected)
    const facts = describeContribution(records)
    expect(facts.contentRoot).toBe(`0x${createHash('sha256').update(expected).digest('hex')}`)
    expect([facts.recordCount, facts.byteCount]).toEqual([2, Buffer.byteLength(expected)])
    expect(facts.cid).toMatch(/^bafkrei[a-z2-7]{52}$/)
    expect(facts.minhash.length).toBe(512)
  })

  test('that is parsed and written again has the same bytes, however it was spaced', () => {
    const field = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => text.trim().length > 0)
    const list = fc.array(fc.record({ text: field, label: field }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(list, (drawn) => {
        const loose = drawn.map(
          ({ text, label }) => `  ${JSON.stringify({ text, label }, null, ' ').replaceAll('\n', '')}`,
        )
        const parsed = parseRecords(Buffer.from(loose.join('\n')))
        expect(parsed.problems).toEqual([])
        expect(Buffer.compare(canonicalRecords(parsed.records), canonicalRecords(drawn))).toBe(0)
      }),
    )
  })

  test('without records, or without any word, is refused', () => {
    expect(codeOf(() => describeContribution([]))).toBe('BAD_DATASET')
    expect(codeOf(() => describeContribution([{ text: '!?', label: 'x' }]))).toBe('BAD_DATASET')
  })

  test('gets its classes as indices; an unknown class is refused', () => {
    expect(labelledTexts(records, ['y', 'x'])).toEqual([
      { text: 'one "two"', label: 1 },
      { text: 'three', label: 0 },
    ])
    expect(codeOf(() => labelledTexts(records, ['x']))).toBe('BAD_DATASET')
  })
})
