/** The SQL of the documents, run by Postgres as it is written, in a database that has the tables it names. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../support/binary'
import { documentBlocks, placeOf, treatmentOf } from '../support/documents'
import { type PostgresServer, postgresPrograms, startPostgresServer } from '../support/postgres-server'
import { removeFolder } from '../support/remove-folder'

/** What a Supabase project has, and tables of an application. */
const PROJECT = `
do $$ declare name text; begin
  foreach name in array array['anon', 'authenticated', 'supabase_auth_admin'] loop
    if not exists (select from pg_roles where rolname = name) then execute format('create role %I', name); end if;
  end loop;
end $$;
create table public.user_roles (user_id uuid primary key, role text not null);
create table public.failed_attempts (user_id uuid not null, at timestamptz not null default now());
create table public.posts (id bigint primary key);
create table public.reports (id bigint primary key);
`

const queries = documentBlocks().filter((block) => treatmentOf(block) === 'queries')
const SECRETS = { AUTH_JWT_SECRET: 'j'.repeat(40), AUTH_ENCRYPTION_KEY: '0'.repeat(64) }

const client = Bun.which('psql')

describe.skipIf(postgresPrograms === undefined || client === null)('on Postgres', () => {
  let server: PostgresServer

  beforeAll(async () => {
    // Of its own, because roles belong to the whole server.
    server = await startPostgresServer()
    const cwd = mkdtempSync(join(tmpdir(), 'latchkey-sql-'))
    const env = { ...SECRETS, AUTH_DATABASE_URL: `${server.url}/postgres` }
    const { status, stderr } = await run(['migrate'], { env, cwd })
    removeFolder(cwd)
    expect([status, stderr]).toEqual([0, stderr])
    expect(psql(PROJECT)).toEqual({ status: 0, errors: '' })
  }, 60_000)

  afterAll(() => server[Symbol.asyncDispose]())

  /** Statement by statement, as a person enters them. */
  function psql(text: string): { status: number; errors: string } {
    const options = ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', `${server.url}/postgres`]
    const { exitCode, stderr } = Bun.spawnSync([client as string, ...options], {
      stdin: Buffer.from(text),
      env: { ...process.env, PGOPTIONS: '-c client_min_messages=warning' },
    })
    return { status: exitCode, errors: stderr.toString() }
  }

  test.each(queries.map((block) => [placeOf(block), block.text] as const))('%s can be run', (_, text) => {
    expect(psql(text)).toEqual({ status: 0, errors: '' })
  })

  test('there is SQL to run', () => {
    expect(queries.length).toBeGreaterThan(5)
  })
})
