import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

interface Kind {
  readonly timeoutMs: number
  /** Kinds run one after the other in this order, so that whole networks have the machine for themselves. */
  readonly order: number
  readonly workers: number
  /** A process per file. Not for unit tests: loading the packages anew for each file took half of their time. */
  readonly isolate: boolean
}

// One project per kind of test, so that each can be run alone: `npx vitest run --project unit`.
const kind = (name: string, { timeoutMs, order, workers, isolate }: Kind) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    pool: 'forks' as const,
    maxWorkers: workers,
    isolate,
    sequence: { groupOrder: order },
    setupFiles: ['test/support/propertySeed.ts'],
  },
})

const cores = availableParallelism()

export default defineConfig({
  test: {
    projects: [
      kind('unit', { timeoutMs: 20_000, order: 0, workers: cores, isolate: false }),
      kind('spec', { timeoutMs: 20_000, order: 0, workers: cores, isolate: false }),
      kind('fuzz', { timeoutMs: 120_000, order: 1, workers: cores, isolate: true }),
      kind('sim', { timeoutMs: 120_000, order: 1, workers: cores, isolate: true }),
      kind('e2e', { timeoutMs: 600_000, order: 2, workers: 1, isolate: true }),
    ],
  },
})
