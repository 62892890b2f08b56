export { lmdb } from './lmdb.ts'
export type { LmdbOptions } from './lmdb-options.ts'
