export type { PostgresPool } from './pool.ts'
export { postgres } from './postgres.ts'
export type {
  CheckpointsQuery,
  PostgresArchive,
  RetainOptions,
} from './postgres-archive.ts'
export type { PostgresOptions } from './postgres-options.ts'
export type { CheckpointedSession } from './rows.ts'
