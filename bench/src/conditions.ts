import { readFileSync } from 'node:fs'
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
  readonly versions: Readonly<Record<string, string>>
}

/** With the versions of what is measured, as the manifest names it. */
export function conditionsOf(packages: readonly string[]): Conditions {
  const processors = cpus()
  return {
    startedAt: new Date().toISOString(),
    node: process.version,
    system: `${platform()} ${arch()}`,
    processor: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    load: loadavg()[0] ?? 0,
    versions: pinnedVersions(packages),
  }
}

/** One line of prose. */
export function conditionsText(conditions: Conditions): string {
  const { startedAt, node, system, processor, cores, load, versions } = conditions
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return (
    `${startedAt.slice(0, 10)}: Node ${node} on ${system}, ${cores} cores (${processor}), ` +
    `load ${load.toFixed(1)} before the run; ${packages.join(', ')}`
  )
}

/** The manifest pins exact versions, so what it says is what runs. */
function pinnedVersions(packages: readonly string[]): Record<string, string> {
  const manifest: { dependencies: Record<string, string> } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  )
  return Object.fromEntries(packages.map((name) => [name, manifest.dependencies[name] ?? 'unknown']))
}
