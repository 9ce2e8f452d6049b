/** Settings of the database. */
import { expect, test } from 'bun:test'
import { policyOf } from '../../src/compose/policy'
import { load } from '../../src/config/load'
import { describeLoaded, printLoaded } from '../../src/config/print'
import type { Sources } from '../../src/config/sources'

const SECRETS = { AUTH_JWT_SECRET: 'j'.repeat(32), AUTH_ENCRYPTION_KEY: '0'.repeat(64) }
const URL = 'postgres://ada:hunter2@db:5432/app'

const loaded = (sources: Sources) => {
  const { settings, problems, ...rest } = load(sources)
  return { settings, ...rest, problems: problems.map(({ severity, message }) => `${severity}: ${message}`) }
}
const withEnv = (env: Record<string, string>) => loaded({ env: { ...SECRETS, ...env } })

test.each(['AUTH_DATABASE_URL', 'GOTRUE_DATABASE_URL', 'GOTRUE_DB_DATABASE_URL', 'DATABASE_URL'])(
  '%s names a Postgres database',
  (name) => {
    for (const url of [URL, URL.replace('postgres:', 'postgresql:')]) {
      const { settings, problems } = withEnv({ [name]: url })
      expect([settings.database.url, problems]).toEqual([url, []])
    }
  },
)

test('of several names, the first of the documented order is used', () => {
  const names = ['AUTH_DATABASE_URL', 'GOTRUE_DB_DATABASE_URL', 'DATABASE_URL']
  const env = Object.fromEntries(names.map((name) => [name, `postgres://ada:hunter2@${name.toLowerCase()}/app`]))
  const { settings, problems } = withEnv(env)
  expect(settings.database.url).toContain('@auth_database_url')
  expect(problems).toEqual([
    'warning: environment AUTH_DATABASE_URL and environment GOTRUE_DB_DATABASE_URL differ; the first one is used.',
  ])
})

test('DATABASE_URL of a .env in the working directory is ignored, GOTRUE_DB_DATABASE_URL is not', () => {
  const inFile = (values: Record<string, string>) =>
    loaded({ env: SECRETS, envFile: { path: '.env', values } }).settings.database.url
  expect(inFile({ DATABASE_URL: URL })).toBeUndefined()
  expect(inFile({ GOTRUE_DB_DATABASE_URL: URL })).toBe(URL)
})

test('the URL may be in a file', () => {
  const { settings, problems } = loaded({
    env: { ...SECRETS, AUTH_DATABASE_URL_FILE: '/run/secrets/url' },
    readFile: () => `${URL}\n`,
  })
  expect([settings.database.url, problems]).toEqual([URL, []])
})

test('the password is never printed', () => {
  const rows = printLoaded(withEnv({ AUTH_DATABASE_URL: `${URL}?sslmode=require` }).loaded)
  expect(rows).toContain('postgres://ada@db:5432/app')
  for (const url of [
    ...['postgres://ada:hunter2', 'postgres://ada:hunter2/3@db/app', 'postgres://ada:hunter2@db/app?a=b'],
    ...['postgres://ada:hunter2@db/app#x', '"postgres://ada:hunter2@db/app?sslmode=x"', 'mysql://a:hunter2/@3@db/x'],
    ...['postgres://ada:hunter2@db@/', 'jdbc:postgresql://db/app?user=ada&password=hunter2'],
  ]) {
    const { loaded: values, problems } = withEnv({ AUTH_DATABASE_URL: url })
    expect(problems.join('\n')).toStartWith('error: AUTH_DATABASE_URL (environment AUTH_DATABASE_URL) must be')
    expect(problems.join('\n') + printLoaded(values)).not.toContain('hunter2')
  }
})

test('credentials in the URL of a hook are never printed', () => {
  for (const url of ['https://ada:hunter2@hooks.example.com/sms', 'HTTPS://hooks.example.com/sms?key=hunter2']) {
    const { loaded: values } = withEnv({ AUTH_HOOK_SEND_SMS_URI: url })
    const rows = printLoaded(values)
    expect(rows).toContain('hooks.example.com/sms')
    expect(rows).not.toContain('hunter2')
    expect(JSON.stringify(describeLoaded(values))).not.toContain('hunter2')
  }
})

test('on Postgres, the secrets that servers share must be set, and the message says how to make them', () => {
  const { problems } = loaded({ env: { AUTH_DATABASE_URL: URL } })
  expect(problems).toEqual([
    expect.stringMatching(/^error: AUTH_JWT_SECRET must be set on Postgres, .*openssl rand -base64 48$/),
    expect.stringMatching(/^error: AUTH_ENCRYPTION_KEY must be set on Postgres, .*`openssl rand -hex 32`/),
  ])
  const gotrue = { GOTRUE_JWT_SECRET: SECRETS.AUTH_JWT_SECRET, GOTRUE_ENCRYPTION_KEY: SECRETS.AUTH_ENCRYPTION_KEY }
  expect(loaded({ env: { AUTH_DATABASE_URL: URL, ...gotrue } }).problems).toEqual([])
  expect(loaded({ env: {} }).problems).toEqual([])
})

test.each([
  [{ GOTRUE_DB_NAMESPACE: 'tenant' }, 'error: AUTH_DB_NAMESPACE must be auth, not "tenant"'],
  [{ AUTH_VERIFICATION_BACKEND: 'memory' }, 'error: AUTH_VERIFICATION_BACKEND must be database on Postgres'],
  [{ AUTH_DATABASE_URL: 'postgres://ada@db:6543/app' }, 'warning: AUTH_DATABASE_URL has port 6543'],
  [{ AUTH_DB_ISOLATION: 'read committed' }, 'must be one of serializable, repeatable read, not "read committed"'],
  [{ AUTH_DB_MAX_CONNECTIONS: '-1' }, 'must be an integer from 1 to 1000, not "-1"'],
])('%j is reported on Postgres', (env, message) => {
  const { problems } = withEnv({ AUTH_DATABASE_URL: URL, ...(env as Record<string, string>) })
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(message)
})

test('on SQLite, settings of Postgres have no effect', () => {
  expect(loaded({ env: { GOTRUE_DB_NAMESPACE: 'tenant', AUTH_VERIFICATION_BACKEND: 'memory' } }).problems).toEqual([])
})

test('the number of connections and the isolation level have defaults', () => {
  const { maxConnections, isolation } = withEnv({}).settings.database
  expect([maxConnections, isolation]).toEqual([10, 'serializable'])
  const set = withEnv({ GOTRUE_DB_MAX_POOL_SIZE: '25', AUTH_DB_ISOLATION: 'Repeatable_Read' }).settings.database
  expect([set.maxConnections, set.isolation]).toEqual([25, 'repeatable read'])
  // GoTrue's 0 means no limit
  expect(withEnv({ GOTRUE_DB_MAX_POOL_SIZE: '0' }).settings.database.maxConnections).toBe(10)
})

const HOOK = {
  AUTH_HOOK_SEND_SMS_ENABLED: 'true',
  AUTH_HOOK_SEND_SMS_URI: 'pg-functions://postgres/public/send_sms',
}

test('a function of the database can be a hook on Postgres, without secrets', () => {
  const { settings, problems } = withEnv({ AUTH_DATABASE_URL: URL, ...HOOK })
  expect(problems).toEqual([])
  expect(policyOf(settings).hooks.sendSms).toEqual({
    uri: HOOK.AUTH_HOOK_SEND_SMS_URI,
    schema: 'public',
    name: 'send_sms',
  })
})

test('on SQLite it stops the start, unless the hook is off', () => {
  expect(loaded({ env: HOOK }).problems).toEqual([
    expect.stringMatching(/^error: AUTH_HOOK_SEND_SMS_URI names a Postgres function, but the database is SQLite/),
  ])
  expect(loaded({ env: { ...HOOK, AUTH_HOOK_SEND_SMS_ENABLED: 'false' } }).problems).toEqual([])
})

test('a function with a name that GoTrue refuses is refused', () => {
  const { problems } = withEnv({
    AUTH_DATABASE_URL: URL,
    ...HOOK,
    AUTH_HOOK_SEND_SMS_URI: 'pg-functions://postgres/auth/send-sms-hook',
  })
  expect(problems[0]).toContain('must be of the form pg-functions://postgres/<schema>/<function>')
})
