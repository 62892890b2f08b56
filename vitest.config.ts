import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: [
      'packages/**/src/**/*.test.ts',
      'examples/*/src/**/*.test.ts',
      'bench/src/**/*.test.ts',
      'test/**/*.test.ts',
    ],
    testTimeout: 30_000,
    // The default leaves one core of two idle: most files wait for servers, disks and deadlines.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
})
