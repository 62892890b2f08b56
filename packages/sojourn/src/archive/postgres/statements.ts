import { type CheckedOptions, VERSION_TABLE } from './postgres-options.ts'

/**
 * Everything that is sent but migrations. The names are those of the options, checked and quoted; the rest is fixed,
 * and what differs from call to call travels as a parameter (SECURITY T104).
 */
export interface Statements {
  readonly write: string
  /** Null without checkpoints, as the others that are null. */
  readonly checkpoint: string | null
  readonly history: string
  readonly checkpoints: string | null
  readonly eraseEnded: string
  readonly eraseLive: string | null
  readonly retainEnded: string
  readonly retainLive: string | null
  readonly versions: string
  readonly kind: string
}

/** One parameter holds the whole batch: instants as ISO 8601, data as the text that becomes `jsonb`. */
const SESSION = `id text, "userId" text, "createdAt" timestamptz, "seenAt" timestamptz,
  "authenticatedAt" timestamptz, json text`
const ENDED_BATCH = `SELECT * FROM json_to_recordset($1::json) AS session(
  ${SESSION}, "endedAt" timestamptz, reason text)`
const LIVE_BATCH = `SELECT DISTINCT ON (id) * FROM json_to_recordset($1::json) AS session(
  ${SESSION}, "expiresAt" timestamptz, version bigint)
  ORDER BY id, version DESC`

/** Milliseconds as text, under the column's own name: ORDER BY must say whose it means. Text no driver and no setting
 * turns into anything else. */
const ms = (column: string) => `round(extract(epoch FROM ${column}) * 1000)::bigint::text AS ${column}`
const TOLD = `session_id, user_id, ${ms('created_at')}, ${ms('seen_at')}, ${ms('authenticated_at')},
  data::text AS data`

export function statementsFor({ schema, table, liveTable }: CheckedOptions): Statements {
  const ended = `"${schema}"."${table}"`
  const live = liveTable === null ? null : `"${schema}"."${liveTable}"`
  return {
    write: writing(ended, live),
    checkpoint: live && checkpointing(ended, live),
    history: `SELECT ${TOLD}, ${ms('ended_at')}, reason
FROM ${ended} AS past
WHERE user_id = $1 AND (past.ended_at, session_id) < ($2::timestamptz, $3)
ORDER BY past.ended_at DESC, session_id DESC
LIMIT $4::integer`,
    checkpoints: live && readingLive(ended, live),
    eraseEnded: deleting(ended, 'session_id, ended_at', 'user_id = $1 AND created_at <= $3::timestamptz'),
    eraseLive: live && deleting(live, 'session_id', 'user_id = $1 AND created_at <= $3::timestamptz'),
    retainEnded: deleting(ended, 'session_id, ended_at', 'ended_at < $1::timestamptz', 'ended_at'),
    retainLive: live && deleting(live, 'session_id', 'expires_at < $1::timestamptz'),
    versions: `SELECT table_name, max(version)::text AS version
FROM "${schema}"."${VERSION_TABLE}"
GROUP BY table_name`,
    kind: `SELECT relkind::text AS kind FROM pg_class WHERE oid = to_regclass('${ended}')`,
  }
}

/**
 * Without a target of the conflict, so that INSERT is the only right it needs (T105). In order, so that two writers of
 * one batch do not lock each other out. What conflicts with a unique index of somebody else is dropped as silently as
 * what comes twice: so it also says whether there is such an index.
 */
function writing(ended: string, live: string | null): string {
  const forget = `, gone AS (
  DELETE FROM ${live} USING batch WHERE ${live}.session_id = batch.id
)`
  return `WITH batch AS (
  ${ENDED_BATCH}
)${live === null ? '' : forget}, kept AS (
  INSERT INTO ${ended}
    (session_id, user_id, created_at, seen_at, authenticated_at, ended_at, reason, data)
  SELECT id, "userId", "createdAt", "seenAt", "authenticatedAt", "endedAt", reason, json::jsonb
  FROM batch ORDER BY id
  ON CONFLICT DO NOTHING
)
SELECT relname::text AS name
FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE (indisunique OR indisexclusion) AND indrelid IN (
    SELECT '${ended}'::regclass::oid
    UNION ALL SELECT inhrelid FROM pg_inherits WHERE inhparent = '${ended}'::regclass
  ) AND NOT EXISTS (
    SELECT FROM pg_attribute
    WHERE attrelid = indrelid AND attname = 'session_id' AND attnum = ANY (indkey)
  )
LIMIT 1`
}

/** A checkpoint that was on its way when its session ended comes too late. */
function checkpointing(ended: string, live: string): string {
  return `WITH batch AS (
  ${LIVE_BATCH}
)
INSERT INTO ${live} AS stored
  (session_id, user_id, created_at, seen_at, authenticated_at, expires_at, version, data)
SELECT id, "userId", "createdAt", "seenAt", "authenticatedAt", "expiresAt", version, json::jsonb
FROM batch
WHERE NOT EXISTS (SELECT FROM ${ended} WHERE session_id = batch.id)
ORDER BY id
ON CONFLICT (session_id) DO UPDATE SET
  seen_at = excluded.seen_at, authenticated_at = excluded.authenticated_at, expires_at = excluded.expires_at,
  version = excluded.version, data = excluded.data, checkpointed_at = now()
WHERE stored.version < excluded.version`
}

function readingLive(ended: string, live: string): string {
  return `SELECT ${TOLD}, ${ms('expires_at')}, version::text AS version
FROM ${live} AS stored
WHERE user_id = $1 AND NOT EXISTS (SELECT FROM ${ended} WHERE session_id = stored.session_id)
ORDER BY stored.created_at, session_id
LIMIT $2::integer`
}

function deleting(table: string, key: string, condition: string, order?: string): string {
  return `WITH gone AS (
  DELETE FROM ${table} WHERE (${key}) IN (
    SELECT ${key} FROM ${table} WHERE ${condition}${order === undefined ? '' : ` ORDER BY ${order}`} LIMIT $2::integer
  ) RETURNING 1
)
SELECT count(*)::text AS count FROM gone`
}
