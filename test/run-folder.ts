import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** A folder that all files of one run share, whichever worker runs them; it goes when the run is over. */
    readonly runFolder: string
  }
}

let folder: string | null = null

/** Vitest calls these two around a run. */
export function setup(project: TestProject): void {
  folder = mkdtempSync(join(tmpdir(), 'sojourn-run-'))
  project.provide('runFolder', folder)
}

export function teardown(): void {
  if (folder !== null) rmSync(folder, { recursive: true, force: true })
}
