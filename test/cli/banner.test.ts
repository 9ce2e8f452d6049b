import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { addressesOf } from '../../src/cli/addresses'
import { banner } from '../../src/cli/banner'
import { warnings } from '../../src/cli/warnings'
import { load } from '../../src/config/load'

const keys = { publishable: 'sb_publishable_x', secret: 'sb_secret_x', anon: 'a', serviceRole: 's' }
const settingsOf = (env: Record<string, string>) => load({ env }).settings
const addresses = (env: Record<string, string>) => addressesOf(settingsOf(env), () => ['192.0.2.7', '2001:db8::7'])

/** The rows of the banner by name, and all of its text. */
function shown(env: Record<string, string>) {
  const text = banner(settingsOf(env), keys, { folder: '/srv/data', isColored: false })
  const rows = Object.fromEntries(
    [...text.matchAll(/^ {2}(\S+(?: \S+)?) {2,}(\S.*)$/gm)].map(([, name, value]) => [name as string, value]),
  )
  return { text, rows }
}

const PUBLIC = { AUTH_API_EXTERNAL_URL: 'https://auth.example.com/auth/v1' }

test('with default settings the banner shows one URL', () => {
  const { text, rows } = shown({})
  expect(rows).toMatchObject({
    URL: 'http://localhost:7020',
    'Swagger UI': 'http://localhost:7020/swagger',
    Mailbox: 'http://localhost:7020/mailbox',
    Data: '/srv/data',
  })
  expect(rows.Listening).toBeUndefined()
  expect(text).toContain("createClient('http://localhost:7020', 'sb_publishable_x')")
  expect(text).toContain('--set AUTH_RATE_LIMITS=off')
})

test('the dashboard is named where it is served', () => {
  const options = { folder: '/srv/data', isColored: false }
  expect(banner(settingsOf({}), keys, { ...options, dashboard: 'http://127.0.0.1:7021/dashboard' })).toMatch(
    /\n {2}Dashboard +http:\/\/127\.0\.0\.1:7021\/dashboard\n/,
  )
  expect(shown({}).rows.Dashboard).toBeUndefined()
})

test('the config.toml that was read is named', () => {
  const options = { folder: '/srv/data', configToml: 'supabase/config.toml', isColored: false }
  expect(banner(settingsOf({}), keys, options)).toMatch(/\n {2}Settings +supabase\/config\.toml\n/)
})

test('the README shows its sentences as they are printed', () => {
  const readme = readFileSync(join(import.meta.dir, '../../README.md'), 'utf8')
  const sentences = [...shown({}).text.matchAll(/^ {2}([A-Z][^:\n]*: ).*--set/gm)].map(([, sentence = '']) => sentence)
  expect(sentences).toHaveLength(2)
  for (const sentence of sentences) expect(readme).toContain(`\n  ${sentence}npm start -- --set `)
})

test('with a public URL it shows the listener, and the URL where the mailbox answers', () => {
  const { text, rows } = shown({ ...PUBLIC, AUTH_PORT: '7055' })
  expect(rows).toMatchObject({
    URL: 'https://auth.example.com',
    Listening: 'http://127.0.0.1:7055',
    'Swagger UI': 'http://localhost:7055/swagger',
    Mailbox: 'http://localhost:7055/mailbox  (on this machine only)',
  })
  expect(text).toContain("createClient('https://auth.example.com'")
  expect(text).toContain('AUTH_TRUSTED_PROXIES')
})

test.each([PUBLIC, { AUTH_HOST: '0.0.0.0' }, { AUTH_HOST: '::' }, { ...PUBLIC, AUTH_HOST: '0.0.0.0' }])(
  'with %j it does not suggest disabling limits or settings for test suites',
  (env) => expect(shown(env).text).not.toMatch(/RATE_LIMITS=off|AUTOCONFIRM=false/),
)

test('when listening on every interface, it shows the network URLs', () => {
  expect(addresses({ AUTH_HOST: '0.0.0.0' })).toMatchObject({
    client: 'http://localhost:7020',
    network: ['http://192.0.2.7:7020'],
  })
  expect(addresses({ AUTH_HOST: '::' }).network).toEqual(['http://192.0.2.7:7020', 'http://[2001:db8::7]:7020'])
  expect(addresses({}).network).toEqual([])
})

test.each([
  [{ AUTH_HOST: '::1' }, 'http://[::1]:7020'],
  [{ AUTH_HOST: '192.0.2.7' }, 'http://192.0.2.7:7020'],
  [{ AUTH_HOST: 'localhost' }, 'http://localhost:7020'],
])('with %j the URL can be requested', (env, url) =>
  expect(addresses(env)).toMatchObject({ client: url, local: url, isOne: true }),
)

test('a local URL of another port is shown beside the listener', () => {
  expect(addresses({ AUTH_API_EXTERNAL_URL: 'http://localhost:8000/auth/v1' })).toMatchObject({
    client: 'http://localhost:8000',
    local: 'http://localhost:7020',
    isOne: false,
  })
})

test('with a mail server, it shows the server and no mailbox', () => {
  const { rows } = shown({ AUTH_SMTP_HOST: 'mail.example.com', AUTH_SMTP_ADMIN_EMAIL: 'a@example.com' })
  expect(rows).toMatchObject({ Mail: 'goes to mail.example.com:587' })
  expect(rows.Mailbox).toBeUndefined()
})

test('a mailbox that was enabled explicitly answers everyone', () => {
  expect(addresses({ ...PUBLIC, AUTH_MAILBOX: 'on' }).mailbox?.reach).toBe('anyone')
  expect(addresses(PUBLIC).mailbox?.reach).toBe('this machine')
  expect(addresses({ AUTH_MAILBOX: 'off' }).mailbox).toBeUndefined()
})

test('a database outside the data folder has a row of its own', () =>
  expect(shown({ AUTH_DATABASE_URL: '/srv/other.db' }).rows).toMatchObject({ Database: '/srv/other.db' }))

test('on Postgres, the database is shown without its password, and no folder', () => {
  const { rows, text } = shown({
    AUTH_DATABASE_URL: 'postgres://ada:hunter2@db/app',
    AUTH_JWT_SECRET: 'j'.repeat(32),
    AUTH_ENCRYPTION_KEY: '0'.repeat(64),
  })
  expect([rows.Database, rows.Data]).toEqual(['postgres://ada@db:5432/app', undefined])
  expect(text).not.toContain('hunter2')
})

test('colours can be disabled', () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
  expect(shown({}).text).not.toMatch(/\u001b/)
})

test('disabled limits are a warning behind a public URL, too', () => {
  const found = warnings(settingsOf({ ...PUBLIC, AUTH_RATE_LIMITS: 'off', AUTH_SITE_URL: 'https://app.example.com' }))
  expect(found.join('\n')).toContain('AUTH_RATE_LIMITS is off: passwords can be guessed without limit')
  expect(warnings(settingsOf({ AUTH_RATE_LIMITS: 'off' }))).toEqual([])
})

test.each([
  ['app.example.com/**', 'it needs a scheme, such as https://app.example.com/**'],
  ['localhost:3000', 'it needs a scheme, such as https://localhost:3000'],
  ['/welcome', 'it needs a scheme, such as https://welcome'],
  ['*.example.com', 'write the scheme out'],
  ['https://app.example.com/#/welcome', 'from # on'],
  ['javascript:**', 'never allowed in redirects'],
])('an allow list entry such as %s is a warning', (entry, reason) => {
  const found = warnings(settingsOf({ AUTH_URI_ALLOW_LIST: `https://a.example.com/**,${entry}` }))
  expect(found).toEqual([
    expect.stringContaining(`AUTH_URI_ALLOW_LIST contains "${entry}", which no redirect can match`),
  ])
  expect(found[0]).toContain(reason)
})

test('allow list entries that a redirect can match are no warning', () => {
  const list = '**,https://*.example.com/**,myapp://*,myapp:cb,http://localhost:3000/*,https://a.example.com/[a-c]?'
  expect(warnings(settingsOf({ AUTH_URI_ALLOW_LIST: list }))).toEqual([])
})

test('a published JWT secret is a warning on a public address, and only there', () => {
  const secret = 'your-super-secret-jwt-token-with-at-least-32-characters-long'
  const of = (env: Record<string, string>) => warnings(settingsOf(env)).filter((line) => line.includes('JWT_SECRET'))
  expect(of({ GOTRUE_JWT_SECRET: secret, AUTH_HOST: '0.0.0.0' })).toEqual([
    expect.stringMatching(
      /^DEVELOPMENT SETTINGS ON A PUBLIC ADDRESS \(0\.0\.0\.0\): AUTH_JWT_SECRET is the one of an example/,
    ),
  ])
  expect(of({ GOTRUE_JWT_SECRET: secret, ...PUBLIC })).toHaveLength(1)
  expect(of({ GOTRUE_JWT_SECRET: secret })).toEqual([])
  expect(of({ GOTRUE_JWT_SECRET: `${secret}!`, AUTH_HOST: '0.0.0.0' })).toEqual([])
})
