import { availableParallelism } from 'node:os'
import { configDefaults, defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take longest although they are small: at the end one of them would run alone, and a core would idle. */
const LONG_TESTS =
  /\/(conformance[-\w]*|[-\w.]+\.browser|model|sentinel|next|chaos|acl|driver-for-url|sweeper)\.test/
const LONG_PROCESSES = /\/(smoke|readme|package|[-\w]*kill|start[-\w]*)\.test/

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification) =>
      LONG_TESTS.test(moduleId) || LONG_PROCESSES.test(moduleId)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

const INCLUDE = [
  'packages/**/src/**/*.test.ts',
  'examples/*/src/**/*.test.ts',
  'bench/src/**/*.test.ts',
  'test/**/*.test.ts',
]
/** Next.js changes globals of its process, such as `Date` and `fetch`, and does not put them back. */
const ALONE = ['packages/sojourn/src/adapters/next.test.ts']

export default defineConfig({
  test: {
    sequence: { sequencer: LongFirst },
    testTimeout: 30_000,
    // Servers are started there, and sources compiled.
    hookTimeout: 60_000,
    // One more than there are cores, because each waits for servers and timers now and then. With two on two cores a run took
    // a seventh longer; with three nothing idles.
    maxWorkers: availableParallelism() + 1,
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          include: INCLUDE,
          exclude: [...configDefaults.exclude, ...ALONE],
          // Files of one worker share their modules and test servers: to load the same ones for each took minutes. What
          // a file changes outside its own variables, it must put back.
          isolate: false,
          globalSetup: ['test/run-folder.ts'],
        },
      },
      { extends: true, test: { name: 'alone', include: ALONE, isolate: true } },
    ],
  },
})
