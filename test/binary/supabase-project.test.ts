/** The executable with the settings of a Supabase project and of a GoTrue container, as they are. */
import { describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeProtectedHeader, SignJWT } from 'jose'
import { run, startBinary } from '../support/binary'
import { emptyDatabase } from '../support/empty-postgres'
import { CLI_ENVIRONMENT, COMPOSE_ENVIRONMENT, signingKey } from '../support/gotrue-names'
import { hasPostgres } from '../support/postgres'
import { removeFolder } from '../support/remove-folder'
import { startSmtp } from '../support/smtp'

const INIT = readFileSync(join(import.meta.dir, '../support/supabase-init.toml'), 'utf8')
const ADA = { email: 'ada@example.com', password: 'correct-horse-9' }
const SLOW_MS = 60_000

/** A project folder. @param files by path below it */
function project(files: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-project-'))
  mkdirSync(join(folder, 'supabase/templates'), { recursive: true })
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text)
  return { folder, [Symbol.dispose]: () => removeFolder(folder) }
}

/** The keys of `.env.example` have a fixed end; these have the same claims, and end later. */
const roleKey = (role: string, secret = COMPOSE_ENVIRONMENT.GOTRUE_JWT_SECRET) =>
  new SignJWT({ role, iss: 'supabase-demo' })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(secret))

describe('in the folder of a project', () => {
  test.each([
    ['as it is', INIT],
    ['saved on Windows', `\uFEFF${INIT.replaceAll('\n', '\r\n')}`],
  ])(
    'the config.toml of `supabase init`, %s, starts the server, and an account signs up and in',
    async (_, text) => {
      using at = project({ 'supabase/config.toml': text })
      await using server = await startBinary({ folder: at.folder })
      expect(server.log.filter(({ level }) => level !== 'info')).toEqual([])
      const listening = server.log.find(({ msg }) => msg === 'listening')
      expect(listening).toMatchObject({ autoconfirm: true, config: 'supabase/config.toml' })
      expect((await server.ask('POST', '/auth/v1/signup', { body: ADA })).body.access_token).toBeString()
      const grant = await server.ask('POST', '/auth/v1/token?grant_type=password', { body: ADA })
      expect([grant.status, grant.body.expires_in]).toEqual([200, 3600])
    },
    SLOW_MS,
  )

  test('check sums up what the file does here, as text and as JSON', async () => {
    const more = '[auth.future]\nx = 1\n'
    const on = INIT.replace(/(\[auth\.oauth_server\]\nenabled = )false/, '$1true')
    using at = project({ 'supabase/config.toml': `${on}${more}` })
    const { stdout, status } = await run(['check'], { cwd: at.folder })
    expect(status).toBe(0)
    expect(stdout).toContain(
      'warning: supabase/config.toml [auth] future.x is not a known setting; it has no effect.\n',
    )
    expect(stdout).toContain('warning: auth.oauth_server.enabled is on, but there is no OAuth 2.1 server')
    expect(stdout).toMatch(
      /\n\d+ settings of Supabase:\n {2}\d+ work as in Supabase\n {2}0 differ\n {2}3 are not here\n/,
    )
    expect(stdout).toMatch(/\n {4}auth\.oauth_server\.allow_dynamic_registration: there is no OAuth 2\.1 server.*\n/)
    expect(stdout).toMatch(
      /\nNot here, whatever the settings: the OAuth 2\.1 server, SAML .*\n\nThe settings are valid\.\n$/,
    )
    const json = await run(['check', '--json'], { cwd: at.folder })
    expect([json.status, JSON.parse(json.stdout)]).toEqual([
      0,
      {
        valid: true,
        problems: [
          { severity: 'warning', message: expect.stringContaining('future.x') },
          { severity: 'warning', message: expect.stringContaining('oauth_server.enabled') },
        ],
        supabase: {
          works: expect.arrayContaining(['auth.site_url', 'auth.third_party.clerk.enabled']),
          differs: [],
          not_here: expect.arrayContaining([{ name: 'auth.oauth_server.enabled', reason: expect.any(String) }]),
          never_here: ['the OAuth 2.1 server', 'SAML single sign-on', 'SCIM', 'third-party auth'],
        },
      },
    ])
    await using server = await startBinary({ folder: at.folder })
    expect(server.log.map(({ msg }) => msg)).toContainEqual(
      expect.stringMatching(/^3 settings of Supabase without effect; for the reasons, run \S+latchkey check$/),
    )
    expect((await run(['check', '--json', '--set', 'AUTH_NOPE=1'], { cwd: at.folder })).status).toBe(1)
    expect((await run(['check', '--json', '--print'], { cwd: at.folder })).stderr).toContain('cannot be used with')
  })

  test(
    'what config.toml sets shows on the wire',
    async () => {
      const text = `
[auth]
site_url = "https://app.example.com"
additional_redirect_urls = ["https://other.example.com/**"]
jwt_expiry = 900
enable_signup = true
enable_anonymous_sign_ins = true
minimum_password_length = 10
password_requirements = "letters_digits"
[auth.email]
enable_confirmations = true
otp_length = 8
[auth.sms]
enable_signup = true
enable_confirmations = true
[auth.sms.test_otp]
4152127777 = "123456"
[auth.mfa.totp]
enroll_enabled = false
verify_enabled = false
[auth.passkey]
enabled = false
[auth.external.github]
enabled = true
client_id = "env(GITHUB_ID)"
secret = "s"
redirect_uri = "https://id.example.com/auth/v1/callback"
[auth.external.google]
enabled = false
client_id = "g"
secret = "s"
[auth.web3.solana]
enabled = true
`
      using at = project({ 'supabase/config.toml': text, 'supabase/.env': 'GITHUB_ID=the-client' })
      await using server = await startBinary({ folder: at.folder })
      const post = (path: string, body: unknown, token?: string) =>
        server.ask('POST', `/auth/v1/${path}`, { body, ...(token !== undefined && { token }) })

      const { external, ...shown } = (await server.ask('GET', '/auth/v1/settings')).body
      expect(external).toMatchObject({ github: true, google: false, phone: true, email: true, anonymous_users: true })
      expect(shown).toMatchObject({ disable_signup: false, mailer_autoconfirm: false, phone_autoconfirm: false })
      const authorize = (to: string) => server.ask('GET', `/auth/v1/authorize?provider=github&redirect_to=${to}`)
      const location = new URL((await authorize('https://other.example.com/in')).headers.get('location') ?? '')
      expect([location.hostname, location.searchParams.get('client_id')]).toEqual(['github.com', 'the-client'])
      expect(location.searchParams.get('redirect_uri')).toBe('https://id.example.com/auth/v1/callback')
      expect((await server.ask('GET', '/auth/v1/authorize?provider=google')).status).toBe(400)

      const weak = await Promise.all([
        post('signup', { ...ADA, password: 'short-1' }),
        post('signup', { ...ADA, password: 'letters-only' }),
      ])
      expect(weak.map(({ body }) => [body.code, body.weak_password?.reasons])).toEqual([
        ['weak_password', ['length']],
        ['weak_password', ['characters']],
      ])
      const pending = await post('signup', { ...ADA, password: 'correct-horse-9' })
      expect([pending.status, pending.body.access_token]).toEqual([200, undefined])
      const anonymous = await post('signup', {})
      expect(anonymous.body).toMatchObject({ expires_in: 900, user: { is_anonymous: true } })
      expect((await post('passkeys/authentication/options', {})).body.code).toBe('passkey_disabled')

      expect((await post('otp', { phone: '+4152127777' })).status).toBe(200)
      const wrong = { type: 'sms', phone: '+4152127777', token: '654321' }
      expect((await post('verify', wrong)).body.code).toBe('otp_expired')
      const { user, access_token: token } = (await post('verify', { ...wrong, token: '123456' })).body
      expect(user.phone).toBe('4152127777')
      const factor = await post('factors', { factor_type: 'totp' }, token)
      expect(factor.body.code).toBe('mfa_totp_enroll_not_enabled')
    },
    SLOW_MS,
  )

  test('in the folder of config.toml itself, check says where the file is read from', async () => {
    using at = project({ 'supabase/config.toml': '[auth]\njwt_expiry = 900\n' })
    const cwd = join(at.folder, 'supabase')
    const lifetime = async (...args: string[]) => (await run(['check', '--print', ...args], { cwd })).stdout
    const found = await lifetime()
    expect(found).toMatch(/AUTH_JWT_EXP +3600 /)
    expect(found).toContain('\nwarning: config.toml is not read here; start in the folder above')
    const named = await lifetime('--config', 'config.toml')
    expect(named).toMatch(/AUTH_JWT_EXP +900 /)
    expect(named).not.toContain('not read here')
  })

  test('without settings of Supabase, check is silent about them', async () => {
    using at = project({})
    const { stdout } = await run(['check'], { cwd: at.folder })
    expect(stdout).toBe('The settings are valid.\n')
  })

  test('env() reads the files that Supabase’s CLI reads, those beside config.toml first', async () => {
    const names = ['STAGE_LOCAL', 'LOCAL', 'STAGE', 'BESIDE', 'PROJECT', 'SHELL']
    // each file sets its own name and all that come later
    const from = (first: number, value: string) =>
      names
        .slice(first)
        .map((name) => `V_${name}=https://${value}.example.com\n`)
        .join('')
    using at = project({
      'supabase/config.toml': `[auth]\nadditional_redirect_urls = [${names.map((name) => `"env(V_${name})"`).join(', ')}]\n`,
      'supabase/.env.development.local': from(0, 'stage-local').split('\n')[0] ?? '',
      'supabase/.env.local': from(0, 'local').split('\n').slice(0, 2).join('\n'),
      'supabase/.env.development': from(0, 'stage').split('\n').slice(0, 3).join('\n'),
      'supabase/.env': from(0, 'beside').split('\n').slice(0, 4).join('\n'),
      '.env': from(0, 'project'),
      'supabase/.env.test': from(0, 'test'),
    })
    const list = async (env: Record<string, string>) =>
      /AUTH_URI_ALLOW_LIST +(\S+)/.exec((await run(['check', '--print'], { cwd: at.folder, env })).stdout)?.[1]
    const hosts = (...found: string[]) => found.map((host) => `https://${host}.example.com`).join(',')
    const env = { V_SHELL: 'https://shell.example.com' }
    expect(await list(env)).toBe(hosts('stage-local', 'local', 'stage', 'beside', 'project', 'shell'))
    const test = { ...env, SUPABASE_ENV: 'test' }
    expect(await list(test)).toBe(hosts('test', 'test', 'test', 'test', 'test', 'shell'))
  })

  test('a template is found from the project folder and from that of config.toml', async () => {
    const template = (name: string) => `[auth.email.template.${name}]\nsubject = "${name}"\n`
    const text = [
      '[auth.email]\nenable_confirmations = true',
      `${template('confirmation')}content_path = "./supabase/templates/confirmation.html"`,
      `${template('magic_link')}content_path = "./templates/magic_link.html"`,
    ].join('\n')
    const html = (name: string) => `<p>${name} of mine {{ .ConfirmationURL }}</p>`
    using at = project({
      'supabase/config.toml': text,
      'supabase/templates/confirmation.html': html('confirmation'),
      'supabase/templates/magic_link.html': html('magic link'),
    })
    const smtp = await startSmtp()
    await using _ = smtp
    const env = { AUTH_SMTP_HOST: smtp.host, AUTH_SMTP_PORT: String(smtp.port), AUTH_SMTP_ADMIN_EMAIL: 'a@example.com' }
    await using server = await startBinary({ folder: at.folder, env })
    expect((await server.ask('POST', '/auth/v1/signup', { body: ADA })).body.confirmation_sent_at).toBeString()
    const [mail] = await smtp.received(1)
    expect([mail?.subject, mail?.html.includes('confirmation of mine')]).toEqual(['confirmation', true])
    await server.ask('POST', `/auth/v1/verify`, {
      body: { type: 'signup', token_hash: /token=([\w-]+)/.exec(mail?.html ?? '')?.[1] },
    })
    await server.ask('POST', '/auth/v1/magiclink', { body: { email: ADA.email } })
    const [, second] = await smtp.received(2)
    expect([second?.subject, second?.html.includes('magic link of mine')]).toEqual(['magic_link', true])
  })
})

test('a template that is missing is named by both of its places', async () => {
  const text = '[auth.email.template.invite]\ncontent_path = "./supabase/templates/invite.html"'
  using at = project({ 'supabase/config.toml': text })
  const { stderr, stdout } = await run(['check'], { cwd: at.folder })
  for (const place of ['supabase/supabase/templates', 'supabase/templates'])
    expect(stdout + stderr).toContain(`${at.folder}/${place}/invite.html`)
})

describe.skipIf(!hasPostgres)('in place of a GoTrue container', () => {
  /** The environment on a database of the tests, and with a mail server of the tests. */
  async function place(given: Record<string, string>) {
    const database = await emptyDatabase()
    const smtp = await startSmtp({ auth: { user: 'fake_mail_user', password: 'fake_mail_password' } })
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-container-'))
    return {
      folder,
      smtp,
      env: {
        ...given,
        GOTRUE_DB_DATABASE_URL: database.url,
        GOTRUE_SMTP_HOST: smtp.host,
        GOTRUE_SMTP_PORT: String(smtp.port),
      } as Record<string, string>,
      async [Symbol.asyncDispose]() {
        await smtp.stop()
        await database[Symbol.asyncDispose]()
        removeFolder(folder)
      },
    }
  }

  test(
    'the environment of the compose file and one line more: an account signs up, confirms and signs in with the keys of that file',
    async () => {
      await using at = await place(COMPOSE_ENVIRONMENT)
      const { folder, smtp } = at
      const refused = await run(['serve', '--port', '0'], { env: at.env, cwd: folder })
      expect(refused.status).toBe(1)
      expect(refused.stderr.trim().split('\n')).toHaveLength(1)
      const [, line = ''] = /Add the line (\w+=)<64 hexadecimal digits>/.exec(refused.stderr) ?? []
      const env = { ...at.env, [line.replace('=', '')]: 'a1'.repeat(32) }
      await using server = await startBinary({ folder, env })
      const [anon, service] = await Promise.all([roleKey('anon'), roleKey('service_role')])
      const headers = { apikey: anon }
      // as the gateway of Supabase passes requests on: without /auth/v1
      const signUp = await server.ask('POST', '/signup', { body: ADA, token: anon, headers })
      expect([signUp.status, signUp.body.access_token]).toEqual([200, undefined])
      const early = await server.ask('POST', '/token?grant_type=password', { body: ADA, token: anon, headers })
      expect(early.body.code).toBe('email_not_confirmed')
      const [mail] = await smtp.received(1)
      expect(mail).toMatchObject({ from: 'admin@example.com', user: 'fake_mail_user' })
      const [, query = ''] = /http:\/\/localhost:8000\/auth\/v1\/verify\?([^\s"]+)/.exec(mail?.text ?? '') ?? []
      const confirmed = await server.ask('GET', `/verify?${query}`)
      expect(confirmed.headers.get('location')).toStartWith('http://localhost:3000')
      const grant = await server.ask('POST', '/token?grant_type=password', { body: ADA, token: anon, headers })
      expect(grant.body).toMatchObject({ expires_in: 3600, user: { aud: 'authenticated', role: 'authenticated' } })
      const list = (token: string) => server.ask('GET', '/admin/users', { token, headers: { apikey: token } })
      expect((await list(service)).body.users).toHaveLength(1)
      const forged = `${service.slice(0, service.lastIndexOf('.'))}.${anon.split('.')[2]}`
      expect((await list(forged)).body).toMatchObject({ code: 'bad_jwt' })
      const refusals = await Promise.all([list(anon), list(grant.body.access_token)])
      expect(refusals.map(({ body }) => body.code)).toEqual(['not_admin', 'not_admin'])
    },
    SLOW_MS,
  )

  test(
    'the environment of `supabase start`: templates that cannot be fetched do not prevent the start',
    async () => {
      const key = Buffer.alloc(32, 5).toString('base64url')
      const jwk = await signingKey()
      await using at = await place({
        ...CLI_ENVIRONMENT,
        GOTRUE_JWT_KEYS: JSON.stringify([jwk]),
        GOTRUE_MAILER_TEMPLATES_INVITE: 'http://127.0.0.1:9/email/invite.html',
        GOTRUE_MAILER_TEMPLATES_PASSWORD_CHANGED_NOTIFICATION: 'http://127.0.0.1:9/email/changed.html',
        // a key that a container with encrypted columns has: then there is nothing to add
        GOTRUE_SECURITY_DB_ENCRYPTION_ENCRYPT: 'true',
        GOTRUE_SECURITY_DB_ENCRYPTION_ENCRYPTION_KEY_ID: 'k1',
        GOTRUE_SECURITY_DB_ENCRYPTION_ENCRYPTION_KEY: key,
        GOTRUE_SECURITY_DB_ENCRYPTION_DECRYPTION_KEYS: `k1:${key}`,
      })
      const { folder, env } = at
      const first = await startBinary({ folder, env })
      const { access_token: token } = (await first.ask('POST', '/signup', { body: ADA })).body
      expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'ES256', kid: jwk.kid })
      const service = await roleKey('service_role', CLI_ENVIRONMENT.GOTRUE_JWT_SECRET)
      expect((await first.ask('GET', '/admin/users', { token: service })).body.users).toHaveLength(1)
      expect(await first.stop()).toBe(0)
      const otherKey = Buffer.alloc(32, 6).toString('base64url')
      const other = { ...env, GOTRUE_SECURITY_DB_ENCRYPTION_ENCRYPTION_KEY: otherKey }
      const refused = await run(['serve', '--port', '0'], { env: other, cwd: folder })
      expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining('another encryption key')])
      await using second = await startBinary({ folder, env: { ...other, AUTH_ENCRYPTION_KEY: key } })
      expect((await second.ask('POST', '/token?grant_type=password', { body: ADA })).status).toBe(200)
    },
    SLOW_MS,
  )
})
