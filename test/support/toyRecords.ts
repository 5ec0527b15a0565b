// A small data set that a working pipeline learns at once: what each sentence is about.

import type { LabelledText } from '../../src/ai/records/record.ts'
import { SeededStream } from '../../src/ai/seededStream.ts'
import { seedOf } from './models.ts'

const WORDS: readonly (readonly string[])[] = [
  ['pizza', 'bread', 'soup', 'cheese', 'dinner', 'kitchen', 'recipe', 'salad'],
  ['football', 'goal', 'team', 'match', 'coach', 'stadium', 'league', 'player'],
  ['compiler', 'keyboard', 'server', 'software', 'database', 'network', 'kernel', 'browser'],
]
const FRAMES = [
  'I like the',
  'We talked about a',
  'Nobody mentioned that',
  'Tell me more about my',
  'Here is another',
]

export const TOY_LABELS = ['food', 'sports', 'computing'] as const

export function toyRecords(count: number, seed = 1): readonly LabelledText[] {
  const stream = new SeededStream(seedOf(seed))
  return Array.from({ length: count }, (_, i) => {
    const label = i % WORDS.length
    const word = () => WORDS[label]?.[stream.below(8)] ?? ''
    return { text: `${FRAMES[stream.below(FRAMES.length)]} ${word()} and the ${word()}.`, label }
  })
}
