import { readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { arch, cpus, loadavg, platform } from 'node:os'

/** Where and when a run took place: no number means anything without it. */
export interface Conditions {
  readonly startedAt: string
  readonly node: string
  readonly system: string
  readonly processor: string
  readonly cores: number
  /** Of one minute, before the run began: what else was running. */
  readonly load: number
  /** The magic number that the file system has in statfs(2), such as ef53 for ext4. */
  readonly fileSystem: string
  readonly versions: Readonly<Record<string, string>>
}

const MEASURED = [
  'lmdb',
  'msgpackr',
  'libsql',
  'better-sqlite3-session-store',
  'express-session',
  'memorystore',
]

export async function conditionsIn(folder: string): Promise<Conditions> {
  const processors = cpus()
  return {
    startedAt: new Date().toISOString(),
    node: process.version,
    system: `${platform()} ${arch()}`,
    processor: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    load: loadavg()[0] ?? 0,
    fileSystem: (await statfs(folder)).type.toString(16),
    versions: pinnedVersions(),
  }
}

/** The manifest pins exact versions, so what it says is what runs. */
function pinnedVersions(): Record<string, string> {
  const manifest: { dependencies: Record<string, string> } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  )
  return Object.fromEntries(MEASURED.map((name) => [name, manifest.dependencies[name] ?? 'unknown']))
}
