/**
 * Databases on Postgres for tests. All test files of a run share one server, whose address is in LATCHKEY_TEST_POSTGRES;
 * a file that runs alone starts its own.
 */
import { SQL } from 'bun'
import { openStore } from '../../src/store'
import { postgresPrograms, startPostgresServer } from './postgres-server'

export interface PostgresDatabase extends AsyncDisposable {
  /** For example `postgres://postgres@127.0.0.1:41234/latchkey_1`. */
  url: string
}

/** Where the address of the server is handed down to test runners. */
export const SERVER_VARIABLE = 'LATCHKEY_TEST_POSTGRES'

/** With `postgres` in it, tests that are written for any engine run on Postgres, otherwise on SQLite. */
export const ENGINE_VARIABLE = 'LATCHKEY_TEST_ENGINE'

/** Whether this machine has a Postgres. */
export const hasPostgres = process.env[SERVER_VARIABLE] !== undefined || postgresPrograms !== undefined

const TEMPLATE = 'latchkey_template'

interface Shared {
  server?: Promise<string>
  /** By URL of the database. */
  connections: Map<string, SQL>
  /** Databases that no test has at the moment. */
  unused: string[]
}
const { latchkeyPostgres } = globalThis as { latchkeyPostgres?: Shared }
/** Of all test files of this process; each has its own copy of this module. */
const shared: Shared = latchkeyPostgres ?? { connections: new Map(), unused: [] }
Object.assign(globalThis, { latchkeyPostgres: shared })

/** The address of a server with the template, without a database. */
export function postgresServer(): Promise<string> {
  const inherited = process.env[SERVER_VARIABLE]
  shared.server ??= inherited === undefined ? startServer() : Promise.resolve(inherited)
  return shared.server
}

async function startServer(): Promise<string> {
  const { url } = await startPostgresServer()
  await createTemplate(url)
  return url
}

/**
 * Runs a statement; without values, it may be several. Integers are numbers.
 * @param url of a database
 */
export async function runOn<Row = Record<string, unknown>>(
  url: string,
  text: string,
  ...values: unknown[]
): Promise<Row[]> {
  const connection = shared.connections.get(url) ?? new SQL(url, { max: 1, bigint: true, connection: SESSION })
  shared.connections.set(url, connection)
  const rows = values.length > 0 ? await connection.unsafe(text, values) : await connection.unsafe(text)
  return [...rows].map(withNumbers)
}

const withNumbers = <Row extends object>(row: Row) =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
  ) as Row

const SESSION = { application_name: 'test', search_path: 'latchkey, auth', TimeZone: 'UTC' }

/** A database with the schema and without rows, created from the template and dropped afterwards. */
export async function newPostgresDatabase(): Promise<PostgresDatabase> {
  const server = await postgresServer()
  const name = `latchkey_${crypto.randomUUID().replaceAll('-', '')}`
  await runOn(`${server}/postgres`, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`)
  const url = `${server}/${name}`
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      await shared.connections.get(url)?.close()
      shared.connections.delete(url)
      await runOn(`${server}/postgres`, `DROP DATABASE ${name} WITH (FORCE)`)
    },
  }
}

/**
 * The same, but used before by another test whose rows were deleted, which is twenty times faster. For tests that change
 * rows alone.
 */
export async function postgresDatabase(): Promise<PostgresDatabase> {
  const url = shared.unused.pop() ?? (await newPostgresDatabase()).url
  return {
    url,
    async [Symbol.asyncDispose]() {
      await runOn(url, END_CONNECTIONS)
      await runOn(url, 'CALL testing.reset()')
      shared.unused.push(url)
    },
  }
}

/** Those that a test has left open could hold locks. */
const END_CONNECTIONS = `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()`

/** @param server a new server's address */
export async function createTemplate(server: string): Promise<void> {
  await runOn(`${server}/postgres`, `CREATE DATABASE ${TEMPLATE}`)
  const template = `${server}/${TEMPLATE}`
  const store = await openStore(template, 0)
  await store.close()
  await runOn(template, CAPTURE_PROCEDURE)
  await runOn(template, 'CALL testing.capture()')
  // A template with open connections cannot be copied.
  await shared.connections.get(template)?.close()
  shared.connections.delete(template)
}

/** Brings all tables and sequences into the state of the last capture. Foreign keys and triggers do not count there. */
const CAPTURE_PROCEDURE = `
  CREATE SCHEMA testing;
  CREATE PROCEDURE testing.capture() LANGUAGE plpgsql AS $capture$
  DECLARE
    steps text := 'SET LOCAL session_replication_role = replica;';
    each record;
    has_rows boolean;
  BEGIN
    FOR each IN SELECT format('%I.%I', schemaname, tablename) AS name, format('testing.%I', schemaname || '_' || tablename) AS copy
      FROM pg_tables WHERE schemaname IN ('auth', 'latchkey')
    LOOP
      steps := steps || format('DELETE FROM %s;', each.name);
      EXECUTE format('SELECT EXISTS (SELECT FROM %s)', each.name) INTO has_rows;
      IF has_rows THEN
        EXECUTE format('DROP TABLE IF EXISTS %s; CREATE TABLE %1$s AS TABLE %s', each.copy, each.name);
        steps := steps || (
          SELECT format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM %s;',
            each.name, string_agg(quote_ident(attname), ','), each.copy)
          FROM pg_attribute WHERE attrelid = each.name::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '');
      END IF;
    END LOOP;
    FOR each IN SELECT format('%I.%I', schemaname, sequencename) AS name, start_value, last_value
      FROM pg_sequences WHERE schemaname IN ('auth', 'latchkey')
    LOOP
      steps := steps || format('PERFORM setval(%L, %s, %L);',
        each.name, coalesce(each.last_value, each.start_value), each.last_value IS NOT NULL);
    END LOOP;
    EXECUTE format('CREATE OR REPLACE PROCEDURE testing.reset() LANGUAGE plpgsql AS %L', 'BEGIN ' || steps || ' END');
  END
  $capture$`
