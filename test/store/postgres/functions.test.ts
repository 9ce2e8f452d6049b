/** Functions of a Postgres database as hooks: what they receive, and what becomes of their answers. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Unavailable } from '../../../src/lib/unavailable'
import { type FunctionCall, type Functions, openFunctions } from '../../../src/store'
import { connect } from '../../../src/store/postgres/connect'
import { hasPostgres, newPostgresDatabase, type PostgresDatabase, runOn } from '../../support/postgres'
import { tcpProxy } from '../../support/tcp-proxy'

const FUNCTIONS = `
  CREATE SCHEMA hooks;
  CREATE TABLE hooks.calls (at timestamptz DEFAULT now());
  CREATE FUNCTION hooks.echo(event jsonb) RETURNS jsonb LANGUAGE sql AS
    $$ SELECT jsonb_build_object('type', jsonb_typeof(event), 'event', event) $$;
  CREATE FUNCTION hooks.echo_json(event json) RETURNS json LANGUAGE sql AS $$ SELECT event $$;
  CREATE FUNCTION hooks."MixedCase"(event jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT '{}'::jsonb $$;
  CREATE FUNCTION hooks.nothing(event jsonb) RETURNS void LANGUAGE sql AS $$ SELECT $$;
  CREATE FUNCTION hooks.empty(event jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT NULL::jsonb $$;
  CREATE FUNCTION hooks.number(event jsonb) RETURNS int LANGUAGE sql AS $$ SELECT 5 $$;
  CREATE FUNCTION hooks.count(event jsonb) RETURNS jsonb LANGUAGE sql AS
    $$ INSERT INTO hooks.calls DEFAULT VALUES; SELECT '{"error":{"http_code":403,"message":"no"}}'::jsonb $$;
  CREATE FUNCTION hooks.raises(event jsonb) RETURNS jsonb LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO hooks.calls DEFAULT VALUES; RAISE EXCEPTION 'no: %', event; END $$;
  CREATE FUNCTION hooks.pretends(event jsonb) RETURNS jsonb LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'gone' USING ERRCODE = '08006'; END $$;
  CREATE FUNCTION hooks.hangs(event jsonb) RETURNS jsonb LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(60); RETURN '{}'; END $$;
  CREATE FUNCTION hooks.sized(event jsonb) RETURNS text LANGUAGE sql AS $$ SELECT repeat('é', (event->>'size')::int) $$;
  CREATE FUNCTION hooks.locked(event jsonb) RETURNS jsonb LANGUAGE sql AS
    $$ INSERT INTO hooks.calls DEFAULT VALUES; SELECT to_jsonb(pg_advisory_xact_lock(7)::text) $$;
  CREATE FUNCTION hooks.forbidden(event jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT '{}'::jsonb $$;
  CREATE ROLE hook_caller LOGIN;
  GRANT USAGE ON SCHEMA hooks TO hook_caller;
  REVOKE EXECUTE ON FUNCTION hooks.forbidden FROM PUBLIC;`

describe.skipIf(!hasPostgres)('a function of the database', () => {
  let database: PostgresDatabase
  let functions: Functions
  beforeAll(async () => {
    database = await newPostgresDatabase()
    await runOn(database.url, FUNCTIONS)
    functions = openFunctions(database.url, { maxConnections: 2 })
  }, 60_000)
  afterAll(async () => {
    await functions?.close()
    await runOn(database.url, 'DROP OWNED BY hook_caller; DROP ROLE hook_caller')
    await database?.[Symbol.asyncDispose]()
  })

  const call = (name: string, more: Partial<FunctionCall> = {}, opened = functions) =>
    opened.call({
      ...{ schema: 'hooks', name, argument: {}, statementTimeoutMs: 2000, timeoutMs: 5000, maxBytes: 1000 },
      ...more,
    })
  const calls = async () => (await runOn(database.url, 'SELECT FROM hooks.calls')).length

  test('receives the payload as one JSON object', async () => {
    const argument = { user_id: 'O\'Neil \\ "', list: [1, null, true], text: 'ünïcode' }
    const answer = await call('echo', { argument })
    expect(answer).toEqual({ outcome: 'answered', body: expect.any(String) })
    expect(JSON.parse((answer as { body: string }).body)).toEqual({ type: 'object', event: argument })
    expect(await call('echo_json', { argument })).toEqual({ outcome: 'answered', body: JSON.stringify(argument) })
  })

  test('is found by the exact letters of its name', async () => {
    expect(await call('MixedCase')).toEqual({ outcome: 'answered', body: '{}' })
    expect(await call('mixedcase')).toMatchObject({ outcome: 'failed' })
  })

  test('may answer nothing, and any text', async () => {
    for (const name of ['nothing', 'empty']) expect(await call(name)).toEqual({ outcome: 'answered', body: '' })
    expect(await call('number')).toEqual({ outcome: 'answered', body: '5' })
  })

  test('is called once, and what it wrote is kept if it answers with an error', async () => {
    const before = await calls()
    expect(await call('count')).toMatchObject({ outcome: 'answered', body: expect.stringContaining('403') })
    expect(await calls()).toBe(before + 1)
  })

  test('that raises an exception fails, without the data of the call in the log, and writes nothing', async () => {
    const before = await calls()
    expect(await call('raises', { argument: { token: 'hunter2' } })).toEqual({
      outcome: 'failed',
      error: 'SQLSTATE P0001; the log of Postgres has the message',
    })
    expect(await calls()).toBe(before)
  })

  test('that takes too long is cancelled by Postgres', async () => {
    expect(await call('hangs', { statementTimeoutMs: 20 })).toEqual({
      outcome: 'failed',
      error: 'canceling statement due to statement timeout',
    })
    expect(await call('empty')).toMatchObject({ outcome: 'answered' })
  })

  test('that is missing, or not for this role, fails with a message that says so', async () => {
    expect(await call('missing')).toEqual({
      outcome: 'failed',
      error: 'function hooks.missing(unknown) does not exist',
    })
    expect(await call('echo', { schema: 'missing' })).toEqual({
      outcome: 'failed',
      error: 'schema "missing" does not exist',
    })
    const other = openFunctions(database.url.replace('postgres@', 'hook_caller@'), { maxConnections: 1 })
    expect(await call('forbidden', {}, other)).toEqual({
      outcome: 'failed',
      error: 'permission denied for function forbidden',
    })
    await other.close()
  })

  test('may answer with so many bytes, and not one more', async () => {
    expect(await call('sized', { argument: { size: 500 } })).toEqual({ outcome: 'answered', body: 'é'.repeat(500) })
    expect(await call('sized', { argument: { size: 501 } })).toEqual({ outcome: 'too_large' })
  })

  test('that no connection is free for is not called once its caller was told so', async () => {
    const before = await calls()
    const own = openFunctions(database.url, { maxConnections: 1 })
    const holder = connect(database.url, { maxConnections: 1 })
    await holder.unsafe('SELECT pg_advisory_lock(7)')
    const first = call('locked', {}, own)
    expect(await call('locked', { timeoutMs: 20 }, own)).toEqual({ outcome: 'timed_out' })
    await holder.close()
    expect(await first).toMatchObject({ outcome: 'answered' })
    await own.close()
    expect(await calls()).toBe(before + 1)
  })

  test('is called again after the network was silent', async () => {
    using proxy = await tcpProxy(database.url)
    const away = openFunctions(proxy.url, { maxConnections: 1 })
    expect(await call('empty', {}, away)).toMatchObject({ outcome: 'answered' })
    proxy.mode = 'silent'
    const silent = { statementTimeoutMs: 20, timeoutMs: 30 }
    expect(await call('empty', silent, away)).toEqual({ outcome: 'timed_out' })
    // The connection stays silent when the network is back.
    proxy.forget()
    const answers = async () => (await call('empty', { timeoutMs: 200 }, away)).outcome === 'answered'
    while (!(await answers())) await Bun.sleep(20)
    await away.close()
  })

  test('cannot be called without a database, which clients may wait for', async () => {
    const away = openFunctions('postgres://ada:hunter2@127.0.0.1:1/app', { maxConnections: 1 })
    const error = await call('echo', {}, away).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Unavailable)
    expect((error as Unavailable).kind).toBe('unreachable')
    expect(String(error)).not.toContain('hunter2')
    await away.close()
  })

  test('whose connection Postgres ends was not at fault', async () => {
    const own = openFunctions(database.url, { maxConnections: 1 })
    const called = call('hangs', { statementTimeoutMs: 20_000, timeoutMs: 20_000 }, own).catch(
      (thrown: unknown) => thrown,
    )
    const END = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event = 'PgSleep'`
    while ((await runOn(database.url, END)).length === 0) await Bun.sleep(10)
    expect(await called).toBeInstanceOf(Unavailable)
    expect(await call('empty', {}, own)).toMatchObject({ outcome: 'answered' })
    await own.close()
  })

  test('that raises an error of the connection is at fault itself', async () => {
    expect(await call('pretends')).toMatchObject({ outcome: 'failed' })
  })
})
