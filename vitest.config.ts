import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

interface Kind {
  /** All of `test/<name>` unless given. */
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly timeoutMs: number
  /** Kinds run one after the other in this order, so that whole networks have the machine for themselves. */
  readonly order: number
  readonly workers: number
  /** A process per file. Not for unit tests: loading the packages anew for each file took half of their time. */
  readonly isolate: boolean
}

// One project per kind of test, so that each can be run alone: `npx vitest run --project unit`.
const kind = (name: string, { include, exclude = [], timeoutMs, order, workers, isolate }: Kind) => ({
  test: {
    name,
    include: [...(include ?? [`test/${name}/**/*.test.ts`])],
    exclude: [...exclude],
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
const E2E_PARTS = ['test/e2e/{ai,network,sync,threads}/**/*.test.ts']

export default defineConfig({
  test: {
    projects: [
      kind('unit', { timeoutMs: 20_000, order: 0, workers: cores, isolate: false }),
      kind('spec', { timeoutMs: 20_000, order: 0, workers: cores, isolate: false }),
      // these two run beside each other, on one worker more than cores: the fuzzing of decoders runs for so many seconds, however much of a core it has
      kind('fuzz', { timeoutMs: 240_000, order: 1, workers: cores + 1, isolate: true }),
      kind('sim', { timeoutMs: 120_000, order: 1, workers: cores + 1, isolate: true }),
      // parts of a node over real sockets, threads and folders, which mostly wait
      kind('e2e-parts', { include: E2E_PARTS, timeoutMs: 600_000, order: 2, workers: cores, isolate: true }),
      kind('e2e', { exclude: E2E_PARTS, timeoutMs: 600_000, order: 3, workers: 1, isolate: true }),
    ],
  },
})
