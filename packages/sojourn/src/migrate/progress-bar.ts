import type { MigrateProgress } from './migrate.ts'

const WIDTH = 30

/** One line that says how far a migration is, such as `██████░░░░  61 %  12,200 of 12,201 imported`. */
export function progressLine(progress: MigrateProgress): string {
  const { seen, done, ...counts } = progress
  const filled = Math.floor(done * WIDTH)
  const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled)
  const percent = String(Math.floor(done * 100)).padStart(3)
  const others = (['known', 'missed', 'refused', 'unreadable'] as const)
    .filter((name) => counts[name] > 0)
    .map((name) => `, ${grouped(counts[name])} ${name}`)
  return `${bar} ${percent} %  ${grouped(seen)} seen, ${grouped(counts.imported)} imported${others.join('')}`
}

function grouped(count: number): string {
  return count.toLocaleString('en-GB')
}
