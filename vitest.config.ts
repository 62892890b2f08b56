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
    // Files of one worker share their modules and test servers: to load the same ones for each took minutes. What a
    // file changes outside its own variables, it must put back.
    isolate: false,
    // Servers are started there, and sources compiled.
    hookTimeout: 60_000,
    // The default leaves one core of two idle. Three would be no faster: by then the processor is what they wait for.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
})
