import { type CheckedOptions, VERSION_TABLE } from './postgres-options.ts'

/** One step of a table's life. A step that was released never changes: a new one follows it. */
export interface Migration {
  readonly table: string
  readonly version: number
  /** One `DO` block, and so one transaction. Run again, it does nothing. */
  readonly sql: string
}

/** The first half of the key of our advisory locks; the other half is a hash of the schema's name. */
const LOCK = 1_936_681_842
/** So many months lie ready beside the one of now; what ends later waits in the default partition. */
const MONTHS_AHEAD = 3

const SESSION_COLUMNS = `session_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C",
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    authenticated_at timestamptz,`

/** In the order in which they run. */
export function migrationsFor(options: CheckedOptions): readonly Migration[] {
  const { schema, table, liveTable } = options
  const ended = migration(schema, { table, version: 1, sql: endedTable(options) })
  if (liveTable === null) return [ended]
  return [ended, migration(schema, { table: liveTable, version: 1, sql: liveTableOf(schema, liveTable) })]
}

/**
 * Makes the partitions of this month and the next ones, and moves what waited for them in the default partition.
 * Writers wait only while one is made.
 */
export function partitionsFor({ schema, table }: CheckedOptions): string {
  const parent = `"${schema}"."${table}"`
  return `DO $sojourn$
DECLARE
  begins timestamp;
  part text;
  bounds text;
BEGIN
  PERFORM pg_advisory_xact_lock(${LOCK}, hashtext('${schema}'));
  FOR months IN 0..${MONTHS_AHEAD} LOOP
    begins := date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => months);
    part := format('%I.%I', '${schema}', '${table}_' || to_char(begins, 'YYYY_MM'));
    CONTINUE WHEN to_regclass(part) IS NOT NULL;
    LOCK TABLE ${parent} IN SHARE ROW EXCLUSIVE MODE;
    bounds := format('FROM (%L) TO (%L)', begins || '+00', begins + interval '1 month' || '+00');
    EXECUTE format('CREATE TABLE %s (LIKE ${parent} INCLUDING DEFAULTS)', part);
    EXECUTE format('WITH moved AS (
      DELETE FROM "${schema}"."${table}_default" WHERE ended_at >= %L AND ended_at < %L RETURNING *
    ) INSERT INTO %s SELECT * FROM moved', begins || '+00', begins + interval '1 month' || '+00', part);
    EXECUTE format('ALTER TABLE ${parent} ATTACH PARTITION %s FOR VALUES %s', part, bounds);
  END LOOP;
END
$sojourn$`
}

function migration(schema: string, { table, version, sql }: Migration): Migration {
  const versions = `"${schema}"."${VERSION_TABLE}"`
  const block = `DO $sojourn$
BEGIN
  PERFORM pg_advisory_xact_lock(${LOCK}, hashtext('${schema}'));
  IF to_regnamespace('"${schema}"') IS NULL THEN
    CREATE SCHEMA "${schema}";
  END IF;
  IF to_regclass('${versions}') IS NULL THEN
    CREATE TABLE ${versions} (
      table_name text NOT NULL,
      version integer NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (table_name, version)
    );
  END IF;
  IF EXISTS (SELECT FROM ${versions} WHERE table_name = '${table}' AND version >= ${version}) THEN
    RETURN;
  END IF;
  ${sql}
  INSERT INTO ${versions} (table_name, version) VALUES ('${table}', ${version});
END
$sojourn$`
  return { table, version, sql: block }
}

/** A session ends once: its `ended_at` never changes, so that either key finds it when it comes twice. */
function endedTable({ schema, table, isPartitioned }: CheckedOptions): string {
  const name = `"${schema}"."${table}"`
  const part = `
  CREATE TABLE "${schema}"."${table}_default" PARTITION OF ${name} DEFAULT;`
  return `CREATE TABLE ${name} (
    ${SESSION_COLUMNS}
    ended_at timestamptz NOT NULL,
    reason text NOT NULL,
    data jsonb,
    archived_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (session_id${isPartitioned ? ', ended_at' : ''})
  )${isPartitioned ? ' PARTITION BY RANGE (ended_at)' : ''};${isPartitioned ? part : ''}
  CREATE INDEX ON ${name} (user_id, ended_at, session_id) WHERE user_id IS NOT NULL;
  CREATE INDEX ON ${name} (ended_at);`
}

function liveTableOf(schema: string, table: string): string {
  const name = `"${schema}"."${table}"`
  return `CREATE TABLE ${name} (
    ${SESSION_COLUMNS}
    expires_at timestamptz NOT NULL,
    version bigint NOT NULL,
    data jsonb,
    checkpointed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (session_id)
  );
  CREATE INDEX ON ${name} (user_id) WHERE user_id IS NOT NULL;
  CREATE INDEX ON ${name} (expires_at);`
}
