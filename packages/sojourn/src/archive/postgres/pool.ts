/**
 * What is asked of a driver: a pool of `pg`, a client of it, or PGlite. It stays yours to close. Without values it
 * may get several sentences of SQL in one `DO` block, never several statements.
 */
export interface PostgresPool {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>
}
