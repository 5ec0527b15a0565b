import { defineConfig } from 'vitest/config'

/** The rule-by-rule tests of the pure core alone: what they let through is not left to scenarios and simulations. */
// biome-ignore lint/style/noDefaultExport: vitest takes its configuration from the default export
export default defineConfig({
  test: {
    include: ['test/unit/consensus/core/*.test.ts'],
    setupFiles: ['test/support/propertySeed.ts'],
    testTimeout: 10_000,
  },
})
