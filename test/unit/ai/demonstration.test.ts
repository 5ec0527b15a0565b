import { SeededStream } from 'openledger/sdk'
import { describe, expect, test } from 'vitest'
import {
  copyWithEdits,
  DEMONSTRATION,
  flipLabels,
  makeDemonstration,
} from '../../../scripts/demo/data/demonstration.ts'
import { canonicalRecords } from '../../../src/ai/records/record.ts'
import { seedOf } from '../../support/models.ts'

const labels = ['a', 'b', 'c']
const dataset = Array.from({ length: 2000 }, (_, i) => ({
  text: `record ${i} with twenty words or so ${Array.from({ length: 14 }, (_w, n) => `w${i * 31 + n}`).join(' ')}`,
  label: labels[i < 1400 ? 0 : 1 + (i % 2)]!,
}))
const options = { ...DEMONSTRATION, perClass: 900, seed: seedOf(1) }

describe('the demonstration', () => {
  const { contributions, validation, heldOut } = makeDemonstration(dataset, labels, options)

  test('has the sizes that were asked for', () => {
    expect(contributions.length).toBe(104)
    expect(contributions.reduce((sum, { records }) => sum + records.length, 0)).toBe(1000)
    const sizes = contributions.map(({ records }) => records.length)
    expect(Math.min(...sizes)).toBe(5)
    expect(Math.max(...sizes)).toBeGreaterThan(15)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(20)
    expect([validation.length, heldOut.length]).toEqual([150, 300])
    const kinds = (kind: string) => contributions.filter((contribution) => contribution.kind === kind).length
    expect([kinds('flipper'), kinds('copier'), kinds('honest')]).toEqual([10, 10, 84])
    expect(new Set(contributions.map(({ account }) => account)).size).toBe(10)
  })

  test('uses no record twice but the copied, and caps the classes in every part alike', () => {
    const texts = [
      ...contributions.filter(({ kind }) => kind !== 'copier').flatMap(({ records }) => records),
      ...validation,
      ...heldOut,
    ].map(({ text }) => text)
    expect(new Set(texts).size).toBe(texts.length)
    const share = (records: readonly { label: string }[]) =>
      records.filter(({ label }) => label === 'a').length / records.length
    expect(share(heldOut)).toBeCloseTo(0.6, 1)
    expect(share(validation)).toBeCloseTo(0.6, 1)
  })

  test('copies come after their originals, each original once', () => {
    const copies = contributions.flatMap(({ copyOf }, place) =>
      copyOf === undefined ? [] : [{ copyOf, place }],
    )
    expect(
      copies.every(({ copyOf, place }) => copyOf < place && contributions[copyOf]!.kind === 'honest'),
    ).toBe(true)
    expect(new Set(copies.map(({ copyOf }) => copyOf)).size).toBe(10)
  })

  test('is the same for the same seed', () => {
    const bytes = (seed: `0x${string}`) =>
      Buffer.from(
        canonicalRecords(
          makeDemonstration(dataset, labels, { ...options, seed }).contributions.flatMap(
            ({ records }) => records,
          ),
        ),
      )
    expect(bytes(seedOf(1)).equals(bytes(seedOf(1)))).toBe(true)
    expect(bytes(seedOf(1)).equals(bytes(seedOf(2)))).toBe(false)
  })

  test('a data set that is too small is told as such', () => {
    expect(() => makeDemonstration(dataset.slice(0, 500), labels, options)).toThrow(/too small/)
  })
})

test('flipping gives every record another class', () => {
  const flipped = flipLabels(dataset.slice(0, 200), labels, new SeededStream(seedOf(1)))
  expect(flipped.every(({ label }, i) => label !== dataset[i]!.label && labels.includes(label))).toBe(true)
  expect(flipped.map(({ text }) => text)).toEqual(dataset.slice(0, 200).map(({ text }) => text))
})

test('copying changes about one word in twenty', () => {
  const copied = copyWithEdits(dataset.slice(0, 200), new SeededStream(seedOf(1)))
  const words = dataset.slice(0, 200).map(({ text }) => text.split(' '))
  const changed = copied.reduce(
    (sum, { text }, i) => sum + text.split(' ').filter((word, n) => word !== words[i]![n]).length,
    0,
  )
  const share = changed / words.flat().length
  expect(share).toBeGreaterThan(0.03)
  expect(share).toBeLessThan(0.07)
})
