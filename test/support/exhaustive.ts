/** True with TEST_ALL=1: tests that take samples of something large then look at all of it. */
export const isExhaustive = process.env.TEST_ALL === '1'

/** One of `part` items, spread over the list without a period that the list could share; all with TEST_ALL=1. */
export function sampled<T>(items: readonly T[], part: number, seed = 0): readonly T[] {
  if (isExhaustive) return items
  return items.filter((_, index) => (Math.imul(index + seed + 1, 2_654_435_761) >>> 8) % part === 0)
}

/** Runs of a random test of seconds: a third of them, unless TEST_ALL=1 asks for all. */
export const runs = (all: number): number => (isExhaustive ? all : Math.ceil(all / 3))
