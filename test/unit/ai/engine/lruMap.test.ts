import { expect, test } from 'vitest'
import { LruMap } from '../../../../src/ai/engine/lruMap.ts'

test('the entry that was used least recently makes room', () => {
  const map = new LruMap<string, number>(2)
  map.set('a', 1)
  map.set('b', 2)
  expect(map.get('a')).toBe(1)
  map.set('c', 3)
  expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([1, undefined, 3, 2])
  map.set('a', 4)
  map.set('d', 5)
  expect([map.get('c'), map.get('a')]).toEqual([undefined, 4])
  expect([map.delete('a'), map.delete('a')]).toEqual([true, false])
})
