import { parseArgs } from 'node:util'
import type { OldStore } from '../core/old-store.ts'
import { type MigrateTarget, migrate } from './migrate.ts'
import { progressLine } from './progress-bar.ts'

const USAGE = `sojourn-migrate <file> [options]

Fetches all sessions of an old store. The file is a module of yours with one default export, or a function that makes it:

  export default { from: connectRedis({ client }), to: { sessions, as: 'express-session', userId } }

and, if there is something to be closed at the end, close() beside them.

  --dry-run            only says what would come of it
  --resume <place>     goes on where an earlier run stopped
  --concurrency <n>    so many sessions at once (16)

Exit code: 0 done, 1 stopped before, 2 it could not be run.`

/** What a file of the user's says. */
interface Migration {
  readonly from: OldStore
  readonly to: MigrateTarget<unknown>
  readonly close?: () => unknown
}

/** What the command takes from its process. */
export interface Terminal {
  readonly print: (line: string) => unknown
  readonly complain: (line: string) => unknown
  /** Writes a line over the one before. */
  readonly show: (line: string) => unknown
  /** The default export of a module. */
  readonly load: (file: string) => Promise<unknown>
  readonly signal: AbortSignal
}

const OPTIONS = {
  help: { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
  resume: { type: 'string' },
  concurrency: { type: 'string', default: '16' },
} as const

/** `sojourn-migrate`, but for its process. */
export async function run(args: readonly string[], terminal: Terminal): Promise<0 | 1 | 2> {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
    const [file] = positionals
    terminal.print(values.help || file === undefined ? USAGE : `Reading ${file}.`)
    if (values.help || file === undefined) return values.help ? 0 : 2
    const migration = migrationIn(await terminal.load(file))
    try {
      return await walk(migration, values, terminal)
    } finally {
      await migration.close?.()
    }
  } catch (error) {
    terminal.complain(error instanceof Error ? error.message : String(error))
    return 2
  }
}

async function walk(
  { from, to }: Migration,
  values: { readonly 'dry-run': boolean; readonly resume?: string | undefined; readonly concurrency: string },
  terminal: Terminal,
): Promise<0 | 1> {
  let place = values.resume ?? null
  try {
    const progress = await migrate(from, to, {
      dryRun: values['dry-run'],
      concurrency: Number(values.concurrency),
      resumeFrom: place,
      signal: terminal.signal,
      onProgress: (now) => {
        place = now.next
        terminal.show(progressLine(now))
      },
    })
    terminal.print(progressLine(progress))
    place = progress.next
  } catch (error) {
    terminal.complain(error instanceof Error ? error.message : String(error))
    place ??= '0'
  }
  if (place === null) return 0
  terminal.complain(`Go on with --resume ${place}`)
  return 1
}

function migrationIn(given: unknown): Migration {
  const made: unknown = typeof given === 'function' ? given() : given
  if (isMigration(made)) return made
  throw new Error('The default export of the file must be { from, to }.')
}

function isMigration(made: unknown): made is Migration {
  return typeof made === 'object' && made !== null && 'to' in made && 'from' in made
}
