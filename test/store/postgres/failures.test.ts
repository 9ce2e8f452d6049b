/** Failures of Postgres: each one is reported with its cause, nothing hangs, and operations work again by themselves. */
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { RejectedByDatabase } from '../../../src/lib/rejected-by-database'
import { Unavailable } from '../../../src/lib/unavailable'
import type { DatabaseProblem, Engine, Tx } from '../../../src/store/engine'
import { openPostgres } from '../../../src/store/postgres/open'
import { statement } from '../../../src/store/query'
import { meta } from '../../../src/store/schema'
import { databaseTokens } from '../../../src/store/verification/database'
import {
  hasPostgres,
  newPostgresDatabase,
  type PostgresDatabase,
  postgresDatabase,
  runOn,
} from '../../support/postgres'
import { startPostgresServer } from '../../support/postgres-server'
import { type TcpProxy, tcpProxy } from '../../support/tcp-proxy'

const insert = statement({ key: meta.key, value: meta.value }, (db, { key, value }) =>
  db.insert(meta).values({ key, value }),
)
const select = statement({ key: meta.key }, (db, { key }) => db.select().from(meta).where(eq(meta.key, key)))

const put = (key: string) => (tx: Tx) => tx.run(insert, { key, value: '0' })
const probe = async (tx: Tx) => {
  await tx.run(insert, { key: crypto.randomUUID(), value: '' })
}
const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )

/** Waits until an examination finds no problem; one that takes over a second is a problem, too. */
async function healthy(engine: Engine): Promise<void> {
  while ((await engine.examine(probe)) !== undefined) await Bun.sleep(50)
}

/** Waits until work succeeds. */
async function recovered(work: () => Promise<unknown>): Promise<void> {
  while ((await failure(work())) !== undefined) await Bun.sleep(50)
}

describe.skipIf(!hasPostgres)('on a database that others use, too', () => {
  let database: PostgresDatabase
  let proxy: TcpProxy
  let engine: Engine
  let problems: (DatabaseProblem | undefined)[]

  const open = (url = proxy.url, maxConnections = 4) =>
    openPostgres(url, {
      tokensOf: databaseTokens,
      now: 1,
      onEvent() {},
      onDatabaseProblem: (problem) => problems.push(problem),
      maxConnections,
    })
  // starts the server if this file runs alone
  beforeAll(async () => (await newPostgresDatabase())[Symbol.asyncDispose](), 60_000)
  beforeEach(async () => {
    database = await postgresDatabase()
    proxy = await tcpProxy(database.url)
    problems = []
    engine = await open()
  })
  afterEach(async () => {
    proxy.mode = 'open'
    await engine.close()
    proxy[Symbol.dispose]()
    await database[Symbol.asyncDispose]()
  })

  const get = (key: string) => engine.read((tx) => tx.one(select, { key }))
  const stored = async (key: string) =>
    (await runOn(database.url, 'SELECT value FROM latchkey.meta WHERE key = $1', key)).length
  /** Uses all connections at once, so that all are made. */
  const useAll = () => Promise.all(Array.from({ length: 8 }, (_, index) => engine.write(put(`warm ${index}`))))
  const killAll = () =>
    runOn(
      database.url,
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'latchkey'`,
    )

  test('connections that Postgres has ended are replaced, and nobody notices', async () => {
    await useAll()
    await killAll()
    const work = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? get('a') : engine.write(put(`k${index}`))))
    await Promise.all(work)
    expect(problems).toEqual([])
  })

  test('connections that the network has broken are replaced, and nobody notices', async () => {
    await useAll()
    proxy.cut()
    await Promise.all([get('a'), engine.write(put('a')), get('a'), engine.write(put('b'))])
    expect(problems).toEqual([])
  })

  test('a transaction that loses its connection before the commit is run again, from the start', async () => {
    let runs = 0
    await engine.write(async (tx) => {
      await tx.run(insert, { key: 'a', value: '0' })
      if (++runs === 1) proxy.cut()
      await tx.run(insert, { key: 'b', value: '0' })
    })
    expect([runs, await stored('a'), await stored('b')]).toEqual([2, 1, 1])
  })

  test('a commit whose answer is lost is not run again, and says that its outcome is unknown', async () => {
    let runs = 0
    proxy.cutAfter('COMMIT')
    const lost = await failure(
      engine.write(async (tx) => {
        runs += 1
        await tx.run(insert, { key: 'a', value: '0' })
      }),
    )
    expect(lost).toMatchObject({ name: 'Unavailable', kind: 'outcome_unknown' })
    expect((lost as Error).message).toContain('unknown whether')
    expect([runs, await stored('a')]).toEqual([1, 1])
    await engine.write(put('b'))
    expect(problems.map((problem) => problem?.kind)).toEqual(['outcome_unknown', undefined])
  })

  test('a commit that Postgres answers with a rollback is an error', async () => {
    const rolledBack = await failure(
      engine.write(async (tx) => {
        await tx.run(insert, { key: 'a', value: '0' })
        await tx.run(insert, { key: 'a', value: '0' }).catch(() => {})
      }),
    )
    expect(rolledBack).toEqual(new Error('the database answered a commit with ROLLBACK'))
    expect(await stored('a')).toBe(0)
  })

  test('a server that turns silent fails what waits within seconds, then at once, and is used again once it answers', async () => {
    await useAll()
    proxy.mode = 'silent'
    const silentAt = performance.now()
    const waiting = [failure(get('a')), failure(engine.write(put('a')))]
    expect(await Promise.all(waiting)).toMatchObject([{ kind: 'unreachable' }, { kind: 'unreachable' }])
    const asked = performance.now()
    expect(await failure(get('a'))).toMatchObject({ kind: 'unreachable' })
    expect(await failure(engine.write(put('a')))).toMatchObject({ kind: 'unreachable' })
    expect(await engine.examine(probe)).toMatchObject({ reason: 'the database cannot be reached' })
    // Each of them would have waited as long as the first ones.
    expect(performance.now() - asked).toBeLessThan(asked - silentAt)
    proxy.mode = 'open'
    proxy.cut()
    await recovered(() => engine.write(put('b')))
    await healthy(engine)
    expect(problems.at(-1)).toBeUndefined()
  }, 60_000)

  test('a transaction waits 2 s for a connection, and reads do not wait for transactions', async () => {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    const holding = Array.from({ length: 3 }, () => engine.write(() => ended))
    while (engine.connections()?.reserved !== 3) await Bun.sleep(5)
    const refused = failure(engine.write(put('a')))
    await get('a')
    expect(engine.connections()).toEqual({ max: 4, reserved: 3, waiting: 1 })
    expect(await refused).toMatchObject({ kind: 'no_connection' })
    end()
    await Promise.all(holding)
    await engine.write(put('a'))
    expect(engine.connections()).toEqual({ max: 4, reserved: 0, waiting: 0 })
  })

  test('a database without a free connection cannot be opened, and is named without its password', async () => {
    const role = `few_${crypto.randomUUID().slice(0, 8)}`
    await runOn(database.url, `CREATE ROLE ${role} LOGIN CONNECTION LIMIT 0`)
    const url = new URL(database.url)
    url.username = role
    url.password = 'hidden'
    const { message } = (await failure(open(url.href))) as Error
    await runOn(database.url, `DROP ROLE ${role}`)
    expect(message).toMatch(
      /^the database postgres:\/\/few_\w+@\S+ has no free connection \(53300: .+ AUTH_DB_MAX_CONN/,
    )
    expect(message).not.toContain('hidden')
  })

  test.each([
    ['53100', 'disk_full'],
    ['53200', 'out_of_memory'],
    ['53300', 'no_connection'],
    ['57014', 'too_slow'],
    ['55P03', 'too_slow'],
    ['25006', 'read_only'],
    ['0A000', 'read_only'],
    ['58030', 'disk_failing'],
    ['57P03', 'unreachable'],
    ['28P01', 'login_refused'],
  ] as const)('SQLSTATE %s is an environmental error, and the next write works', async (errno, kind) => {
    const thrown = Object.assign(new Error('as Postgres has it'), { code: 'ERR_POSTGRES_SERVER_ERROR', errno })
    const refused = await failure(engine.write(() => Promise.reject(thrown)))
    expect(refused).toBeInstanceOf(Unavailable)
    expect(refused).toMatchObject({ kind, cause: thrown })
    await engine.write(put('after'))
    expect(problems.map((problem) => problem?.kind)).toEqual([kind, undefined])
  })

  test('a transaction that conflicts again and again is refused, and may be retried', async () => {
    const conflict = Object.assign(new Error('could not serialize'), { errno: '40001' })
    expect(await failure(engine.write(() => Promise.reject(conflict)))).toMatchObject({ kind: 'conflicts' })
  })

  test('what a trigger or a constraint of the operator rejects is told apart, and is not run again', async () => {
    await using own = await newPostgresDatabase()
    await runOn(
      own.url,
      `CREATE FUNCTION public.reject() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.key = 'raised' THEN RAISE EXCEPTION 'not here'; END IF;
        IF NEW.key = 'coded' THEN RAISE EXCEPTION 'not here' USING ERRCODE = 'PT409'; END IF;
        IF NEW.key = 'wrong' THEN PERFORM 1 FROM missing; END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER reject BEFORE INSERT ON latchkey.meta FOR EACH ROW EXECUTE FUNCTION public.reject();
      ALTER TABLE latchkey.meta ADD CHECK (key <> 'checked')`,
    )
    await engine.close()
    engine = await open(own.url)
    for (const [key, state] of [
      ['raised', 'P0001'],
      ['coded', 'PT409'],
      ['wrong', '42P01'],
      ['checked', '23514'],
    ] as const) {
      const rejected = await failure(engine.write(put(key)))
      expect(rejected).toBeInstanceOf(RejectedByDatabase)
      expect(rejected).toMatchObject({ state })
    }
    expect(problems).toEqual([])
    await engine.close()
    engine = await open()
  })

  test('columns whose type a newer executable changed are read over new connections, and nobody notices', async () => {
    await using own = await newPostgresDatabase()
    await engine.close()
    engine = await open(own.url)
    const work = () =>
      Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          index % 2 === 0
            ? get('a')
            : engine.write(async (tx) => {
                await put(crypto.randomUUID())(tx)
                await tx.one(select, { key: 'a' })
              }),
        ),
      )
    await work()
    await runOn(own.url, 'ALTER TABLE latchkey.meta ALTER COLUMN value TYPE varchar')
    await work()
    expect(problems).toEqual([])
    await engine.close()
    engine = await open()
  })

  test('missing tables are damage: the error is thrown unchanged, and the problem ends with a good examination', async () => {
    await using own = await newPostgresDatabase()
    await engine.close()
    engine = await open(own.url)
    await runOn(own.url, 'ALTER TABLE latchkey.meta RENAME TO moved')
    expect(await failure(get('a'))).toMatchObject({ errno: '42P01' })
    expect(await engine.examine(probe)).toMatchObject({ kind: 'damaged' })
    await runOn(own.url, 'ALTER TABLE latchkey.moved RENAME TO meta')
    await healthy(engine)
    await engine.close()
    engine = await open()
  })

  test('a database that is read-only serves reads, fails the examination, and is written again once it may be', async () => {
    const name = new URL(database.url).pathname.slice(1)
    await runOn(database.url, `ALTER DATABASE ${name} SET default_transaction_read_only = on`)
    await killAll()
    expect(await failure(engine.write(put('a')))).toMatchObject({ kind: 'read_only' })
    await get('a')
    expect(await engine.examine(probe)).toMatchObject({ kind: 'read_only', reason: 'the database is read-only' })
    await runOn(database.url, `BEGIN READ WRITE; ALTER DATABASE ${name} RESET default_transaction_read_only; COMMIT`)
    // each connection keeps the setting it began with until it is replaced, which happens at most once a second
    await recovered(() => engine.write(put('a')))
    await healthy(engine)
  })

  test('clocks that differ by more than a second fail the examination', async () => {
    let leadMs = -900
    await engine.close()
    engine = await openPostgres(proxy.url, {
      tokensOf: databaseTokens,
      now: 1,
      onEvent() {},
      clock: () => Date.now() + leadMs,
    })
    await healthy(engine)
    leadMs = 5000
    const found = await engine.examine(probe)
    expect(found?.kind).toBe('clock_differs')
    expect(found?.reason).toMatch(/^the clock of this server reads \S+Z, and the clock of the database \S+Z$/)
    leadMs = 0
    await healthy(engine)
  })
})

describe.skipIf(!hasPostgres)('on a server of its own', () => {
  test('Postgres crashes, stays away and returns: refused at once meanwhile, then everything works again', async () => {
    await using server = await startPostgresServer()
    const problems: (string | undefined)[] = []
    const engine = await openPostgres(`${server.url}/postgres`, {
      tokensOf: databaseTokens,
      now: 1,
      onEvent() {},
      onDatabaseProblem: (problem) => problems.push(problem?.kind),
    })
    await engine.write(put('a'))
    await server.stop('immediate')
    const asked = performance.now()
    for (let time = 0; time < 5; time++) expect(await failure(engine.write(put('b')))).toBeInstanceOf(Unavailable)
    // Each would wait two seconds for a connection.
    expect(performance.now() - asked).toBeLessThan(5000)
    expect(await engine.examine(probe)).toMatchObject({ kind: 'unreachable' })

    const refused = await failure(
      openPostgres(`${server.url}/postgres`, { tokensOf: databaseTokens, now: 1, onEvent() {} }),
    )
    expect((refused as Error).message).toMatch(
      /^the database postgres:\/\/postgres@127\.0\.0\.1:\d+\/postgres cannot be reached \(.+\)\. Start it, or correct AUTH_DATABASE_URL\.$/,
    )
    const warnings: string[] = []
    const waiting = openPostgres(`${server.url}/postgres`, {
      tokensOf: databaseTokens,
      now: 1,
      onEvent() {},
      isServed: true,
      onWarning: (warning) => warnings.push(warning),
    })
    while (warnings.length === 0) await Bun.sleep(5)
    await server.start()
    await (await waiting).close()
    expect(warnings).toEqual([expect.stringMatching(/^the database cannot be reached .+; trying again for 30 s$/)])
    await recovered(() => engine.write(put('c')))
    await healthy(engine)
    expect([problems[0], problems.at(-1)]).toEqual(['unreachable', undefined])
    await engine.close()
    expect(await failure(engine.write(put('d')))).toEqual(new Error('the database is closed'))
  }, 60_000)
})
