import { defineConfig } from 'vitest/config'

/** The tests of the pure core alone: what they let through, no simulation has to find. */
// biome-ignore lint/style/noDefaultExport: vitest takes its configuration from the default export
export default defineConfig({
  test: {
    include: ['test/unit/consensus/core/**/*.test.ts'],
    setupFiles: ['test/support/propertySeed.ts'],
    testTimeout: 10_000,
  },
})
