import { afterAll, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SQL } from 'bun'
import { ensureSecrets, type Secrets } from '../../src/adapters/data-folder'
import { aesGcmSealer } from '../../src/adapters/sealer'
import { systemRandom } from '../../src/adapters/system'
import { createApp } from '../../src/compose/app'
import { type MoveOptions, moveDatabase, type Place } from '../../src/compose/move'
import { load } from '../../src/config/load'
import { createLog } from '../../src/http/log'
import { openStore } from '../../src/store'
import { version } from '../../src/version'
import { countRows, execute, putMigratedDatabase, readRows } from '../support/database'
import { ADA, AT, allRowsOf, GRACE, OLDER_TOKEN, putEveryRow, REFRESH_TOKEN } from '../support/every-row'
import { fakeHasher, testClock } from '../support/fakes'
import { hasPostgres, newPostgresDatabase, runOn } from '../support/postgres'
import { removeFolder } from '../support/remove-folder'

const root = mkdtempSync(join(tmpdir(), 'latchkey-move-'))
afterAll(() => removeFolder(root))

const newPlace = (): Place => {
  const folder = mkdtempSync(join(root, 'data-'))
  return { database: join(folder, 'latchkey.db'), folder }
}
const settingsOf = (set: Record<string, string> = {}) => load({ set: { AUTH_RATE_LIMITS: 'off', ...set } }).settings
/** What servers on Postgres are given. */
const sharedSettings = ({ jwtSecret, encryptionKey }: Secrets) => ({
  AUTH_JWT_SECRET: jwtSecret,
  AUTH_ENCRYPTION_KEY: encryptionKey,
})
const move = (options: Omit<MoveOptions, 'now'>) => moveDatabase({ now: AT, ...options })

/** The file of a server with rows of every kind. */
async function filledPlace() {
  const place = newPlace()
  await putMigratedDatabase(place.database)
  const { secrets } = ensureSecrets(place.folder, { database: '', random: systemRandom.bytes, now: AT })
  const sealer = aesGcmSealer(Buffer.from(secrets.encryptionKey, 'base64'))
  putEveryRow(place.database, sealer, secrets.tokenPepper)
  return { ...place, secrets, sealer }
}

async function postgresPlace() {
  const { url, ...rest } = await newPostgresDatabase()
  return { database: url, folder: '', ...rest }
}

/** An app on a database, with the settings that a move names. */
async function serve(place: Place, settings: Record<string, string>) {
  const isFile = place.folder !== ''
  const app = await createApp({
    loaded: [],
    settings: settingsOf({ ...settings, ...(!isFile && { AUTH_DATABASE_URL: place.database }) }),
    secrets: isFile ? JSON.parse(readFileSync(join(place.folder, 'secrets.json'), 'utf8')) : undefined,
    folder: place.folder,
    clock: testClock(new Date(AT + 60_000).toISOString()),
    hasher: fakeHasher(),
    log: createLog({ level: 'error', format: 'json', write: () => {}, now: () => AT }),
  })
  return {
    ...app,
    async refresh(token: string) {
      const request = new Request('http://localhost:7020/auth/v1/token?grant_type=refresh_token', {
        method: 'POST',
        body: JSON.stringify({ refresh_token: token }),
      })
      const response = await app.fetch(request, { requestIP: () => ({ address: '203.0.113.7' }) })
      // biome-ignore lint/suspicious/noExplicitAny: the test asserts what it holds
      return { status: response.status, body: (await response.json()) as any }
    },
    [Symbol.asyncDispose]: () => app.close(),
  }
}

const onBoth = test.skipIf(!hasPostgres)

onBoth('every row is the same after a move to Postgres and back', async () => {
  const from = await filledPlace()
  await using there = await postgresPlace()
  const { rows, secrets } = await move({ settings: settingsOf(), from, to: there })
  expect(Object.fromEntries(rows)).toMatchObject({ users: 2, sessions: 2, mfa_factors: 3, audit_log_entries: 2 })

  const back = newPlace()
  await move({ settings: settingsOf(sharedSettings(secrets)), from: there, to: back })
  expect(allRowsOf(back.database, from.sealer)).toEqual(allRowsOf(from.database, from.sealer))
  expect(readFileSync(join(back.folder, 'secrets.json'), 'utf8')).toBe(
    readFileSync(join(from.folder, 'secrets.json'), 'utf8'),
  )
  // no account gets the number of a deleted one
  expect(await readRows(back.database, "SELECT seq FROM sqlite_sequence WHERE name = 'users'")).toEqual([{ seq: 12 }])
})

onBoth('sessions are refreshed on Postgres, and after the move back', async () => {
  const from = await filledPlace()
  await using there = await postgresPlace()
  const { secrets } = await move({ settings: settingsOf(), from, to: there })
  let newest: string
  {
    await using app = await serve(there, sharedSettings(secrets))
    const first = await app.refresh(REFRESH_TOKEN)
    expect(first).toMatchObject({ status: 200, body: { user: { id: ADA } } })
    newest = first.body.refresh_token
    expect(await app.refresh(OLDER_TOKEN)).toMatchObject({ status: 200, body: { user: { id: ADA } } })
  }
  const back = newPlace()
  await move({ settings: settingsOf(sharedSettings(secrets)), from: there, to: back })
  await using app = await serve(back, {})
  expect(await app.refresh(newest)).toMatchObject({ status: 200, body: { user: { id: ADA } } })
  expect(app.keys.secret).toBe(from.secrets.secretKey)
})

onBoth('data under another encryption key is sealed again', async () => {
  const from = await filledPlace()
  await using there = await postgresPlace()
  const settings = settingsOf({ AUTH_ENCRYPTION_KEY: '12'.repeat(32), AUTH_JWT_SECRET: 'x'.repeat(40) })
  const { secrets } = await move({ settings, from, to: there })
  const back = newPlace()
  await move({ settings, from: there, to: back })
  const sealer = aesGcmSealer(Buffer.from(secrets.encryptionKey, 'base64'))
  const ofOther = { ...allRowsOf(from.database, from.sealer), meta: [] }
  expect({ ...allRowsOf(back.database, sealer), meta: [] }).toEqual(ofOther)
})

onBoth('the rows of GoTrue move to SQLite', async () => {
  await using from = await postgresPlace()
  await runOn(from.database, ROWS_OF_GOTRUE)
  const to = newPlace()
  const settings = settingsOf({ AUTH_ENCRYPTION_KEY: '12'.repeat(32), AUTH_JWT_SECRET: 'x'.repeat(40) })
  await move({ settings, from, to })
  expect(
    await readRows(
      to.database,
      'SELECT uid, id, aud, role, email, encrypted_password, email_change, raw_app_meta_data, raw_user_meta_data, created_at, factor_count FROM users',
    ),
  ).toEqual([
    {
      uid: 1,
      id: GRACE,
      aud: '',
      role: '',
      email: 'grace@example.com',
      encrypted_password: null,
      email_change: null,
      raw_app_meta_data: '{}',
      raw_user_meta_data: '{"aa":2,"b":1}',
      created_at: 0,
      factor_count: 1,
    },
  ])
  expect(await countRows(to.database, 'identities')).toBe(0)
  expect(
    await readRows(
      to.database,
      'SELECT aal, ip, refresh_token_hmac_key, refresh_token_counter, refreshed_at FROM sessions',
    ),
  ).toEqual([
    { aal: 'aal1', ip: '203.0.113.7', refresh_token_hmac_key: '', refresh_token_counter: -1, refreshed_at: AT },
  ])
  await using app = await serve(to, { AUTH_ENCRYPTION_KEY: '12'.repeat(32) })
  expect(await app.refresh(OLDER_TOKEN)).toMatchObject({ status: 200, body: { user: { id: GRACE } } })
})

/** NULL where Go has no value, capitals, a token of version 1, and an account of another instance. */
const ROWS_OF_GOTRUE = `
  INSERT INTO auth.users (instance_id, id, email, encrypted_password, email_change, raw_app_meta_data, raw_user_meta_data)
  VALUES
    ('00000000-0000-0000-0000-000000000000', '${GRACE}', 'Grace@Example.com', '', '', '["a"]', '{"aa": 2, "b": 1}'),
    (NULL, '${ADA}', 'ada@example.com', '', '', NULL, NULL);
  INSERT INTO auth.identities (provider_id, user_id, identity_data, provider) VALUES ('1', '${ADA}', '{}', 'github');
  INSERT INTO auth.sessions (id, user_id, ip, refreshed_at) VALUES ('${GRACE}', '${GRACE}', '203.0.113.7', to_timestamp(${AT} / 1000.0) AT TIME ZONE 'UTC'), ('${ADA}', '${ADA}', NULL, NULL);
  INSERT INTO auth.refresh_tokens (token, user_id, session_id, revoked, parent) VALUES ('${OLDER_TOKEN}', '${GRACE}', '${GRACE}', false, '');
  INSERT INTO auth.mfa_factors (id, user_id, factor_type, status, secret, created_at, updated_at)
  VALUES ('${GRACE}', '${GRACE}', 'totp', 'verified', 'GEZDGNBVGY3TQOJQ', now(), now());
`

onBoth('the views of the target are recorded with the version, so that an older executable leaves them', async () => {
  const from = await filledPlace()
  await using to = await postgresPlace()
  await runOn(to.database, "UPDATE latchkey.meta SET value = 'other' WHERE key = 'views'")
  await move({ settings: settingsOf(sharedSettings(from.secrets)), from, to })
  const [row] = await runOn(to.database, "SELECT value FROM latchkey.meta WHERE key = 'views'")
  expect(row?.value).toEndWith(` ${version}`)
})

onBoth('a target with accounts is refused', async () => {
  const from = await filledPlace()
  await using there = await postgresPlace()
  await runOn(there.database, `INSERT INTO auth.users (id) VALUES ('${ADA}')`)
  await expect(move({ settings: settingsOf(), from, to: there })).rejects.toThrow('already has accounts')
  await expect(move({ settings: settingsOf(), from, to: there, isDry: true })).rejects.toThrow('already has accounts')
})

onBoth('a file with accounts, and a folder with other secrets, are refused', async () => {
  await using from = await postgresPlace()
  const settings = settingsOf({ AUTH_ENCRYPTION_KEY: '12'.repeat(32), AUTH_JWT_SECRET: 'x'.repeat(40) })
  const to = await filledPlace()
  await expect(move({ settings, from, to })).rejects.toThrow('has the secrets of another server')
  rmSync(join(to.folder, 'secrets.json'))
  await expect(move({ settings, from, to })).rejects.toThrow('already has accounts')
  expect(await countRows(to.database, 'users')).toBe(2)
})

onBoth('another encryption key is refused', async () => {
  const from = await filledPlace()
  await using there = await postgresPlace()
  await execute(from.database, "UPDATE meta SET value = 'another' WHERE key = 'encryption_key_id'")
  await expect(move({ settings: settingsOf(), from, to: there })).rejects.toThrow('another encryption key')
  await execute(from.database, "UPDATE meta SET value = ? WHERE key = 'encryption_key_id'", from.sealer.keyId)
  await move({ settings: settingsOf(), from, to: there })
  const wrong = settingsOf({ AUTH_ENCRYPTION_KEY: '12'.repeat(32), AUTH_JWT_SECRET: 'x'.repeat(40) })
  await expect(move({ settings: wrong, from: there, to: newPlace() })).rejects.toThrow('another encryption key')
})

onBoth('a database on Postgres that a server uses is refused, as source and as target', async () => {
  await using there = await postgresPlace()
  await using gotrue = await postgresPlace()
  const store = await openStore(there.database, AT)
  await store.getMeta('probe')
  // as Supabase Auth connects: without an application_name
  await using connection = new SQL(gotrue.database, { max: 1 })
  await connection.connect()
  const settings = settingsOf({ AUTH_ENCRYPTION_KEY: '12'.repeat(32), AUTH_JWT_SECRET: 'x'.repeat(40) })
  const from = await filledPlace()
  const problems = await Promise.allSettled([
    move({ settings, from: there, to: newPlace() }),
    move({ settings, from, to: there }),
    move({ settings, from, to: gotrue }),
  ])
  await store.close()
  const [asSource, asTarget, byGotrue] = problems.map((each) => String((each as PromiseRejectedResult).reason))
  expect(asSource).toContain('a latchkey server')
  expect(asTarget).toContain('is connected to')
  expect(byGotrue).toContain('probably Supabase Auth')
})

onBoth('a move to Postgres that fails in the middle leaves the target empty', async () => {
  const from = await filledPlace()
  await execute(from.database, "UPDATE messages SET content = 'damaged' WHERE id = 'm1'")
  await using there = await postgresPlace()
  const settings = settingsOf({ AUTH_ENCRYPTION_KEY: '12'.repeat(32) })
  await expect(move({ settings, from, to: there })).rejects.toThrow('messages: ')
  const [counts] = await runOn(
    there.database,
    'SELECT (SELECT count(*)::int FROM auth.users) AS users, (SELECT count(*)::int FROM latchkey.accounts) AS accounts',
  )
  expect(counts).toEqual({ users: 0, accounts: 0 })
})

onBoth('a row that does not fit into Postgres is named', async () => {
  const from = await filledPlace()
  await execute(from.database, 'UPDATE users SET email = ? WHERE id = ?', `${'a'.repeat(250)}@example.com`, ADA)
  await using there = await postgresPlace()
  const problem = `users: value too long for type character varying(255) (the row is "${ADA}")`
  await expect(move({ settings: settingsOf(), from, to: there })).rejects.toThrow(problem)
})

onBoth('a move to SQLite that fails in the middle leaves no file', async () => {
  await using from = await postgresPlace()
  // SQLite tells no capitals apart here
  await runOn(
    from.database,
    `INSERT INTO auth.users (instance_id, id, email) SELECT '00000000-0000-0000-0000-000000000000', id::uuid, email FROM (VALUES ('${ADA}', 'ada@example.com'), ('${GRACE}', 'Ada@example.com')) AS u (id, email)`,
  )
  const to = newPlace()
  const settings = settingsOf({ AUTH_ENCRYPTION_KEY: '12'.repeat(32), AUTH_JWT_SECRET: 'x'.repeat(40) })
  await expect(move({ settings, from, to })).rejects.toThrow(/^users: UNIQUE constraint failed: users.email/)
  expect(existsSync(to.database)).toBe(false)
})

onBoth('a dry run counts the rows and changes nothing', async () => {
  const from = await filledPlace()
  await using there = await postgresPlace()
  const { rows } = await move({ settings: settingsOf(), from, to: there, isDry: true })
  expect(rows.get('users')).toBe(2)
  expect(await runOn(there.database, 'SELECT count(*)::int AS users FROM auth.users')).toEqual([{ users: 0 }])
})

test('a move from SQLite to SQLite is refused', async () => {
  await expect(move({ settings: settingsOf(), from: newPlace(), to: newPlace() })).rejects.toThrow(
    'from SQLite to Postgres',
  )
})
