/** The seals of the audit log: what is found, and what is kept. */
import { describe, expect, test } from 'bun:test'
import { DAY, MINUTE } from '../../../src/lib/milliseconds'
import { startApp, type TestApp } from '../../support/app'
import { countRows, execute, readRows } from '../../support/database'
import { currentEngine, eachEngine } from '../../support/engines'

const seal = (app: TestApp) => app.core.forTask().sealAudit()
const verify = (app: TestApp, known?: string) => app.core.forTask().verifyAudit(known === undefined ? {} : { known })
const isPostgres = () => currentEngine() === 'postgres'

/** Writes entries, one a second. */
async function put(app: TestApp, count: number, from: number): Promise<void> {
  const sqlite = `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${count})
    INSERT INTO audit_log_entries (id, payload, created_at, ip_address)
    SELECT printf('00000000-0000-4000-8000-%012x', ${from} / 1000 + i), '{"action":"login"}', ${from} + i * 1000, '203.0.113.7' FROM n`
  const postgres = `INSERT INTO auth.audit_log_entries (instance_id, id, payload, created_at, ip_address)
    SELECT '00000000-0000-0000-0000-000000000000', ('00000000-0000-4000-8000-' || lpad(to_hex(${from}::bigint / 1000 + i), 12, '0'))::uuid,
      '{"action":"login"}', to_timestamp(${from} / 1000.0 + i), '203.0.113.7' FROM generate_series(0, ${count} - 1) i`
  await execute(app.database, { sqlite, postgres })
}

const idOf = (at: number) =>
  `00000000-0000-4000-8000-${Math.floor(at / 1000)
    .toString(16)
    .padStart(12, '0')}`
const table = () => (isPostgres() ? 'auth.audit_log_entries' : 'audit_log_entries')
const run = (app: TestApp, sql: string) => execute(app.database, { sqlite: sql, postgres: sql })

/** A log of 1200 sealed entries, which are three seals, and 3 entries after them. */
async function sealedLog() {
  const app = await startApp()
  const start = app.clock.now()
  await put(app, 1200, start)
  app.clock.advance(30 * MINUTE)
  await seal(app)
  await put(app, 3, app.clock.now())
  return { app, start, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() }
}

eachEngine(() => {
  test('an untouched log verifies, and says how many entries are not sealed yet', async () => {
    await using log = await sealedLog()
    const verdict = await verify(log.app)
    expect(verdict).toMatchObject({ fault: undefined, sealed: 1200, late: 0, seals: 3, unsealed: 3 })
    expect(verdict.head).toMatch(/^3:[0-9a-f]{64}$/)
    log.app.clock.advance(3 * MINUTE)
    expect(await seal(log.app)).toBe(3)
    expect(await verify(log.app)).toMatchObject({ fault: undefined, sealed: 1203, seals: 4, unsealed: 0 })
    expect(await seal(log.app)).toBe(0)
  })

  const changes: [what: string, sql: (id: string, at: number) => string, kind: string][] = [
    [
      'a byte of a payload',
      (id) => `UPDATE ${table()} SET payload = '{"action":"logiN"}' WHERE id = '${id}'`,
      'entry_changed',
    ],
    [
      'a space in a payload',
      (id) => `UPDATE ${table()} SET payload = '{"action": "login"}' WHERE id = '${id}'`,
      'entry_changed',
    ],
    ['an address', (id) => `UPDATE ${table()} SET ip_address = '203.0.113.8' WHERE id = '${id}'`, 'entry_changed'],
    ['a removed entry', (id) => `DELETE FROM ${table()} WHERE id = '${id}'`, 'entry_removed'],
  ]
  test.each(changes)('%s is found, and the entry is named', async (_, sql, kind) => {
    await using log = await sealedLog()
    const at = log.start + 700_000
    await run(log.app, sql(idOf(at), at))
    const { fault } = await verify(log.app)
    expect(fault).toMatchObject({ kind, seal: 2 })
    if (kind === 'entry_changed') expect(fault).toMatchObject({ entry: idOf(at), at })
    else expect(fault?.entry).toBe(isPostgres() ? idOf(at) : '701')
  })

  test('the first of several changes is named', async () => {
    await using log = await sealedLog()
    for (const seconds of [1100, 40, 600])
      await run(log.app, `UPDATE ${table()} SET ip_address = '' WHERE id = '${idOf(log.start + seconds * 1000)}'`)
    expect((await verify(log.app)).fault).toMatchObject({ kind: 'entry_changed', entry: idOf(log.start + 40_000) })
  })

  test('another time of an entry is found', async () => {
    await using log = await sealedLog()
    const [id, other] = [idOf(log.start + 10_000), log.start + 10_001]
    await execute(log.app.database, {
      sqlite: `UPDATE audit_log_entries SET created_at = ${other} WHERE id = '${id}'`,
      postgres: `UPDATE auth.audit_log_entries SET created_at = created_at + interval '1 microsecond' WHERE id = '${id}'`,
    })
    expect((await verify(log.app)).fault).toMatchObject({ kind: 'entry_changed', entry: id })
  })

  test('two entries that changed places are found', async () => {
    await using log = await sealedLog()
    const [one, other] = [idOf(log.start + 5000), idOf(log.start + 6000)]
    await execute(log.app.database, {
      sqlite: `UPDATE audit_log_entries SET seq = CASE seq WHEN 6 THEN -7 ELSE -6 END WHERE seq IN (6, 7)`,
      postgres: `UPDATE auth.audit_log_entries SET created_at = created_at + CASE id WHEN '${one}'::uuid THEN interval '1 second' ELSE interval '-1 second' END
        WHERE id IN ('${one}', '${other}')`,
    })
    if (!isPostgres()) await run(log.app, 'UPDATE audit_log_entries SET seq = -seq WHERE seq < 0')
    expect((await verify(log.app)).fault).toMatchObject({ kind: 'entry_changed', seal: 1 })
  })

  test('a seal that was changed or removed is found, with the entries that it covers', async () => {
    await using log = await sealedLog()
    await run(log.app, `DELETE FROM ${isPostgres() ? 'latchkey.' : ''}audit_seals WHERE seq = 2`)
    expect((await verify(log.app)).fault).toEqual({ kind: 'seal_removed', seal: 2 })
  })

  test.each([
    ['sealed_at', 'sealed_at + 1'],
    ['last_at', '0'],
    ['members', "replace(members, 'A', 'B')"],
    ['mac', "replace(mac, 'a', 'b')"],
    ['late', `'[{"key":"00","digest":"00","at":0}]'`],
  ])('another %s of a seal is found', async (column, value) => {
    await using log = await sealedLog()
    await run(log.app, `UPDATE ${isPostgres() ? 'latchkey.' : ''}audit_seals SET ${column} = ${value} WHERE seq = 1`)
    expect((await verify(log.app)).fault).toEqual({ kind: 'seal_changed', seal: 1 })
  })

  test('seals that were removed from the end are found by a head that was noted', async () => {
    await using log = await sealedLog()
    const { head } = await verify(log.app)
    expect((await verify(log.app, head)).fault).toBeUndefined()
    await run(log.app, `DELETE FROM ${isPostgres() ? 'latchkey.' : ''}audit_seals WHERE seq = 3`)
    expect((await verify(log.app)).fault).toBeUndefined()
    expect((await verify(log.app, head)).fault).toEqual({ kind: 'seal_removed', seal: 3 })
  })

  test('another key verifies nothing, so that seals cannot be made with the database alone', async () => {
    await using log = await sealedLog()
    const { store } = log.app
    const { verifyAudit } = await import('../../../src/core/operations/audit-seals')
    expect((await verifyAudit({ store, auditKey: Buffer.alloc(32) })).fault).toEqual({ kind: 'seal_changed', seal: 1 })
  })

  test('what is too old is deleted with its seal, and the rest still verifies', async () => {
    await using log = await sealedLog()
    const { app } = log
    const { head } = await verify(app)
    app.clock.advance(60 * DAY)
    await put(app, 10, app.clock.now())
    app.clock.advance(31 * DAY)
    const entries = await countRows(app.database, 'audit_log_entries')
    expect((await app.core.forTask().sweep()).auditLog).toBe(1203)
    expect(await countRows(app.database, 'audit_log_entries')).toBe(entries - 1203)
    expect(await verify(app)).toMatchObject({ fault: undefined, sealed: 10, seals: 1, unsealed: 0 })
    expect((await verify(app, head)).fault).toMatchObject({ kind: 'seal_removed' })
  })

  test('after everything was deleted, the chain goes on', async () => {
    await using log = await sealedLog()
    const { app } = log
    app.clock.advance(200 * DAY)
    await app.core.forTask().sweep()
    expect(await countRows(app.database, 'audit_log_entries')).toBe(0)
    await put(app, 2, app.clock.now())
    app.clock.advance(3 * MINUTE)
    await seal(app)
    expect(await verify(app)).toMatchObject({ fault: undefined, sealed: 2, seals: 1 })
    await run(
      app,
      `UPDATE ${isPostgres() ? 'latchkey.' : ''}meta SET value = replace(value, '"seq":4', '"seq":3') WHERE key = 'audit_anchor'`,
    )
    expect((await verify(app)).fault).toEqual({ kind: 'anchor_changed', seal: 0 })
  })

  test('two servers that seal at once make one chain', async () => {
    await using app = await startApp()
    await put(app, 1700, app.clock.now())
    app.clock.advance(DAY / 2)
    const sealed = await Promise.all([seal(app), seal(app), seal(app)])
    expect(sealed.reduce((one, other) => one + other)).toBe(1700)
    expect(await verify(app)).toMatchObject({ fault: undefined, sealed: 1700, unsealed: 0 })
  })

  test('a verification beside sealing and deletion finds no fault', async () => {
    await using log = await sealedLog()
    const { app } = log
    await put(app, 800, app.clock.now() + 91 * DAY)
    app.clock.advance(92 * DAY)
    const [, ...verdicts] = await Promise.all([app.core.forTask().sweep(), verify(app), verify(app), verify(app)])
    for (const verdict of [...verdicts, await verify(app)]) expect(verdict.fault).toBeUndefined()
    expect(await verify(app)).toMatchObject({ sealed: 800, unsealed: 0 })
  })

  test('the entries of real requests are sealed by the sweep, and verify', async () => {
    await using app = await startApp()
    await app.signUp()
    await app.signUp()
    app.clock.advance(10 * MINUTE)
    await app.core.forTask().sweep()
    const written = await countRows(app.database, 'audit_log_entries')
    expect(written).toBeGreaterThan(2)
    expect(await verify(app)).toMatchObject({ fault: undefined, sealed: written, unsealed: 0 })
    const [kept] = await readRows<{ mac: string }>(app.database, 'SELECT mac FROM audit_seals')
    expect(kept?.mac).toHaveLength(64)
  })
})

describe('on SQLite', () => {
  test('an inserted entry is found, also before the first one', async () => {
    for (const seq of [-5, 0]) {
      await using log = await sealedLog()
      if (isPostgres()) return
      await execute(
        log.app.database,
        `INSERT INTO audit_log_entries (seq, id, payload, created_at) VALUES (${seq}, 'forged', '{}', 1)`,
      )
      expect((await verify(log.app)).fault).toMatchObject({ kind: 'entry_inserted', entry: 'forged' })
    }
  })

  test('entries with a time in the future are sealed, and deleted once they were sealed long ago', async () => {
    await using app = await startApp()
    if (isPostgres()) return
    await put(app, 5, app.clock.now() + 1000 * DAY)
    await put(app, 5, app.clock.now())
    await seal(app)
    expect(await verify(app)).toMatchObject({ fault: undefined, sealed: 10, unsealed: 0 })
    app.clock.advance(91 * DAY)
    expect((await app.core.forTask().sweep()).auditLog).toBe(10)
  })
})

describe('on Postgres', () => {
  test('an entry that is committed late is sealed later, and one that is later still was inserted', async () => {
    await using log = await sealedLog()
    const { app, start } = log
    if (!isPostgres()) return
    await put(app, 1, start + 2_150_000)
    await run(
      app,
      `UPDATE auth.audit_log_entries SET id = gen_random_uuid(), created_at = to_timestamp(${start + 900_500} / 1000.0) WHERE id = '${idOf(start + 2_150_000)}'`,
    )
    expect(await verify(app)).toMatchObject({ fault: undefined, sealed: 1200, late: 0, unsealed: 4 })
    app.clock.advance(3 * MINUTE)
    expect(await seal(app)).toBe(4)
    expect(await verify(app)).toMatchObject({ fault: undefined, sealed: 1204, late: 1, unsealed: 0 })
    await seal(app)
    expect(await seal(app)).toBe(0)
    expect(await verify(app)).toMatchObject({ fault: undefined, sealed: 1204, late: 1 })
    await run(
      app,
      `UPDATE auth.audit_log_entries SET ip_address = '' WHERE created_at = to_timestamp(${start + 900_500} / 1000.0)`,
    )
    expect((await verify(app)).fault).toMatchObject({ kind: 'entry_changed' })
  })

  test('an entry with a time long ago was inserted', async () => {
    await using log = await sealedLog()
    const { app, start } = log
    if (!isPostgres()) return
    await put(app, 1, app.clock.now() + 3 * 60 * MINUTE)
    app.clock.advance(4 * 60 * MINUTE)
    await seal(app)
    await run(
      app,
      `INSERT INTO auth.audit_log_entries (instance_id, id, payload, created_at) VALUES ('00000000-0000-0000-0000-000000000000', '${idOf(1)}', '{}', to_timestamp(${start + 500} / 1000.0))`,
    )
    await seal(app)
    expect((await verify(app)).fault).toMatchObject({ kind: 'entry_inserted', entry: idOf(1), at: start + 500 })
  })

  test('entries of one instant, less than a millisecond apart, before 1970 and of GoTrue are sealed and deleted', async () => {
    await using app = await startApp()
    if (!isPostgres()) return
    const entries = `INSERT INTO auth.audit_log_entries (instance_id, id, payload, created_at) SELECT gen_random_uuid(), gen_random_uuid(), '{}',`
    for (const createdAt of [
      "'2024-01-01'::timestamptz + i * interval '1 microsecond'",
      "'2024-01-01'",
      "'1960-01-01'",
    ])
      await run(app, `${entries} ${createdAt} FROM generate_series(1, 700) i`)
    expect(await seal(app)).toBe(2100)
    expect((await verify(app)).fault).toBeUndefined()
    expect((await app.core.forTask().sweep()).auditLog).toBe(2100)
  })
})
