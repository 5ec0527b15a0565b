import { defineConfig } from 'vitest/config'

// One project per kind of test, so that each can be run alone: `npx vitest run --project unit`.
const kind = (name: string, testTimeout: number, files = `test/${name}/**/*.test.ts`) => ({
  test: { name, include: [files], testTimeout, hookTimeout: testTimeout, pool: 'forks' as const },
})

export default defineConfig({
  test: {
    projects: [
      kind('unit', 20_000),
      kind('spec', 20_000),
      kind('fuzz', 120_000),
      kind('sim', 120_000),
      kind('e2e', 600_000),
    ],
  },
})
