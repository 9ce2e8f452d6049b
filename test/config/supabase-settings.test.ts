/** The settings of a Supabase project and of a GoTrue container, as they are. */
import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeProtectedHeader, SignJWT } from 'jose'
import { parse } from 'smol-toml'
import { keyringOf } from '../../src/compose/keys'
import { load } from '../../src/config/load'
import type { Sources } from '../../src/config/sources'
import {
  CLI_ENVIRONMENT,
  COMPOSE_COMMENTS,
  COMPOSE_ENVIRONMENT,
  GOTRUE_NAMES,
  signingKey,
} from '../support/gotrue-names'

const INIT = readFileSync(join(import.meta.dir, '../support/supabase-init.toml'), 'utf8')
const GUIDE = readFileSync(join(import.meta.dir, '../../docs/moving-from-supabase.md'), 'utf8')
/** With every key that it has as a comment. */
const UNCOMMENTED = INIT.replace(/^# (?=\[|\w+ = )/gm, '')
const KEY = { AUTH_ENCRYPTION_KEY: '0'.repeat(64) }

const authOf = (text: string) => (parse(text) as { auth: Record<string, unknown> }).auth
const fromToml = (auth: unknown, rest: Sources = {}) =>
  load({
    readFile: () => '<p>{{ .ConfirmationURL }}</p>',
    ...rest,
    toml: { path: 'c.toml', auth: auth as Record<string, unknown>, ...rest.toml },
  })
const shown = ({ problems }: ReturnType<typeof load>) =>
  problems.map(({ severity, message }) => `${severity}: ${message}`)
const stops = (loaded: ReturnType<typeof load>) => shown(loaded).filter((line) => line.startsWith('error'))

/** What an uncommented file needs from the environment, as its user would set it. */
const ENV = {
  SENDGRID_API_KEY: 'x',
  SUPABASE_AUTH_SMS_TWILIO_AUTH_TOKEN: 'x',
  SUPABASE_AUTH_EXTERNAL_APPLE_SECRET: 'x',
}

describe('config.toml', () => {
  test('that of `supabase init` has no problem, and every key of it works or is off as there', () => {
    const loaded = fromToml(authOf(INIT))
    expect(shown(loaded)).toEqual([])
    const { works, ...others } = loaded.supabase
    expect(others).toEqual({ differs: [], notHere: [] })
    expect(works).toContain('auth.site_url')
    expect(works).toContain('auth.oauth_server.authorization_url_path')
    expect(works.length).toBe(
      INIT.slice(INIT.indexOf('\n[auth]'), INIT.indexOf('\n[edge_')).match(/^\w+ = /gm)?.length ?? 0,
    )
  })

  test('each key has its effect', () => {
    const { settings } = fromToml(authOf(INIT))
    expect(settings).toMatchObject({
      server: { siteUrl: 'http://127.0.0.1:3000' },
      tokens: { jwtExpSeconds: 3600, refreshTokenRotation: true, refreshTokenReuseIntervalMs: 10_000 },
      accounts: {
        disableSignup: false,
        anonymousEnabled: false,
        emailEnabled: true,
        phoneEnabled: false,
        passwordMinLength: 6,
        passwordRequiredCharacters: [],
        requireReauthentication: false,
      },
      oauth: { manualLinking: false, solanaEnabled: false },
      mail: {
        redirects: ['https://127.0.0.1:3000'],
        mailerAutoconfirm: true,
        secureEmailChange: true,
        maxFrequencyMs: 1000,
        otpLength: 6,
        otpExpMs: 3_600_000,
      },
      sms: { autoconfirm: true, maxFrequencyMs: 5000, template: 'Your code is {{ .Code }}' },
      mfa: {
        maxFactors: 10,
        totpEnrolment: false,
        totpVerification: false,
        phoneEnrolment: false,
        phoneOtpLength: 6,
        phoneMaxFrequencyMs: 5000,
      },
      limits: { signUps: 30, tokens: 150, verifications: 30, anonymousUsers: 30, web3: 30, smsSent: { count: 30 } },
    })
    expect(settings.sms.provider).toBeUndefined()
    expect(settings.limits.emailsSent).toBeUndefined()
  })

  test('each commented key has its effect, and what is missing for a feature is said', () => {
    const hooked = UNCOMMENTED.replace(/uri = "pg-functions.*"/g, 'uri = "pg-functions://postgres/public/some_hook"')
    const keyed = hooked.replace('external_url = ""', 'external_url = "https://id.example.com/auth/v1"')
    const jwk = { kty: 'oct', k: Buffer.alloc(32, 1).toString('base64url'), alg: 'HS256', kid: 'a', key_ops: ['sign'] }
    const { settings, ...loaded } = fromToml(authOf(keyed), {
      env: ENV,
      readFile: (path) => (path.endsWith('.json') ? JSON.stringify([jwk]) : `<p>${path} {{ .ConfirmationURL }}</p>`),
    })
    expect(settings).toMatchObject({
      server: { apiExternalUrl: 'https://id.example.com/auth/v1' },
      tokens: { jwtKeys: [jwk] },
      captcha: { enabled: true, provider: 'hcaptcha' },
      mail: {
        smtpHost: 'smtp.sendgrid.net',
        smtpPort: 587,
        smtpUser: 'apikey',
        smtpPass: 'x',
        smtpAdminEmail: 'admin@email.com',
        smtpSenderName: 'Admin',
      },
      limits: { emailsSent: { count: 2 } },
      templates: {
        subject_invite: 'You have been invited',
        body_invite: '<p>./supabase/templates/invite.html {{ .ConfirmationURL }}</p>',
        send_password_changed_notification: true,
        subject_password_changed_notification: 'Your password has been changed',
      },
      sms: { testOtp: { 4152127777: '123456' } },
      sessions: { timeboxMs: 86_400_000, inactivityTimeoutMs: 28_800_000 },
      mfa: {
        passkeys: false,
        rpId: 'localhost',
        rpDisplayName: 'Supabase',
        rpOrigins: ['http://127.0.0.1:3000'],
        webauthnEnrolment: true,
        webauthnVerification: true,
      },
    })
    // the captcha secret of the file is empty, which Supabase refuses as well
    expect(shown({ settings, ...loaded }).filter((line) => /^error/.test(line))).toEqual([
      expect.stringContaining('AUTH_SECURITY_CAPTCHA_ENABLED needs AUTH_SECURITY_CAPTCHA_SECRET'),
    ])
    expect(loaded.supabase.differs).toEqual([])
  })

  test.each([
    ['third_party.firebase', { third_party: { firebase: { enabled: true, project_id: 'p' } } }, 2],
    ['oauth_server', { oauth_server: { enabled: true, allow_dynamic_registration: false } }, 2],
    ['external.myspace', { external: { myspace: { enabled: true, client_id: 'c', secret: 's' } } }, 3],
  ])('%s is not here: a warning and a reason while it is on, nothing while it is off', (name, auth, keys) => {
    const on = fromToml(auth)
    expect(on.supabase).toEqual({
      works: [],
      differs: [],
      notHere: Array.from({ length: keys }, () => ({
        name: expect.stringContaining(name),
        reason: expect.any(String),
      })),
    })
    expect(shown(on)).toEqual([expect.stringMatching(new RegExp(`^warning: auth\\.${name}\\.enabled is on, but `))])
    const off = fromToml(JSON.parse(JSON.stringify(auth).replace('"enabled":true', '"enabled":false')))
    expect([shown(off), off.supabase.works.length]).toEqual([[], keys])
  })

  test('keys that have no use here are listed with the reason', () => {
    const { supabase, problems } = fromToml({ enabled: false, anon_key: 'a', service_role_key: 'b', jwt_expiry: 60 })
    expect(problems.filter(({ severity }) => severity !== 'warning')).toEqual([])
    expect(supabase).toEqual({
      works: ['auth.jwt_expiry'],
      differs: [
        { name: 'auth.enabled', reason: 'a started server is not switched off by a setting' },
        { name: 'auth.anon_key', reason: expect.stringContaining('latchkey keys') },
        { name: 'auth.service_role_key', reason: expect.stringContaining('latchkey keys') },
      ],
      notHere: [],
    })
  })

  test('a key of a newer CLI is a warning; one that is close to a known key is more likely a mistake', () => {
    const loaded = fromToml({ telepathy: { enabled: true }, jwt_expirey: 60 })
    expect(shown(loaded)).toEqual([
      'warning: c.toml [auth] telepathy.enabled is not a known setting; it has no effect.',
      'unknown: c.toml [auth] jwt_expirey is not a known setting; did you mean jwt_expiry?',
    ])
  })

  test('every key may be there or not, and with it nothing prevents a start', () => {
    const lines = UNCOMMENTED.split('\n')
    const isKey = (line: string) => /^\w+ = /.test(line)
    const first = lines.indexOf('[auth]')
    const last = lines.indexOf('[edge_runtime]')
    // an empty secret, placeholders as URIs, and HTML as signing keys
    const tolerated = /AUTH_SECURITY_CAPTCHA_SECRET|HOOK_\w+_URI|JWT_KEYS/
    let removed = 0
    for (let at = first; at < last; at++) {
      if (!isKey(lines[at] ?? '')) continue
      removed++
      const text = lines.filter((_, index) => index !== at).join('\n')
      expect(stops(fromToml(authOf(text), { env: ENV })).filter((line) => !tolerated.test(line))).toEqual([])
    }
    expect(removed).toBeGreaterThan(90)
  })

  test('a key with a value of another type is read or reported, and never throws', () => {
    const values = [-1.5, 'x', true, ['a', 1], { a: 1 }, new Date(0), 'env(NOPE)']
    const auth = authOf(UNCOMMENTED)
    let tried = 0
    const vary = (table: Record<string, unknown>) => {
      for (const [key, own] of Object.entries(table)) {
        if (typeof own === 'object' && own !== null && !Array.isArray(own)) vary(own as Record<string, unknown>)
        for (const value of values) {
          table[key] = value
          const { problems } = fromToml(structuredClone(auth), { env: ENV })
          expect(problems.every(({ message }) => message.length > 20 && !/undefined|\[object/.test(message))).toBe(true)
          tried++
        }
        table[key] = own
      }
    }
    vary(auth)
    expect(tried).toBeGreaterThan(600)
  }, 60_000)

  test('a date is a value of the wrong type, and not an empty table', () => {
    expect(stops(fromToml({ site_url: new Date(0) }))).toEqual([
      expect.stringMatching(/^error: AUTH_SITE_URL \(c\.toml \[auth\] site_url\) must be an absolute URL/),
    ])
    expect(fromToml({ site_url: new Date(0) }).supabase.works).toEqual(['auth.site_url'])
  })

  test('a comment at a time may be removed from the file of `supabase init`', () => {
    // a table with its keys, or one key of a table that is there
    const blocks = INIT.slice(INIT.indexOf('\n[auth]'), INIT.indexOf('\n[edge_')).match(/(^# (\[|\w+ = ).*\n)+/gm) ?? []
    expect(blocks.length).toBeGreaterThan(15)
    for (const block of blocks) {
      const text = INIT.replace(block, block.replace(/^# /gm, ''))
      const wrong = stops(fromToml(authOf(text), { env: ENV })).filter(
        (line) => !/AUTH_SECURITY_CAPTCHA_SECRET|HOOK_\w+_URI|JWT_KEYS/.test(line),
      )
      expect(wrong).toEqual([])
    }
  })

  test('env() is resolved in lists and tables, from the environment, then a named file, then the project’s files', () => {
    const auth = {
      site_url: 'env(A)',
      additional_redirect_urls: ['env(B)', 'https://b.example.com'],
      sms: { test_otp: { '4152127777': 'env(C)' } },
    }
    const variables = { A: 'https://project.example.com', B: 'https://a.example.com', C: '222222' }
    const envFile = { path: '.env', values: { A: 'https://file.example.com' } }
    const of = (rest: Sources) => {
      const { settings } = fromToml(auth, { ...rest, toml: { path: 'c.toml', auth, variables } })
      return [settings.server.siteUrl, settings.mail.redirects, settings.sms.testOtp]
    }
    const others = [['https://a.example.com', 'https://b.example.com'], { 4152127777: '222222' }]
    expect(of({ envFile })).toEqual(['https://project.example.com', ...others])
    expect(of({ envFile: { ...envFile, isExplicit: true } })).toEqual(['https://file.example.com', ...others])
    expect(of({ envFile, env: { A: 'https://env.example.com' } })).toEqual(['https://env.example.com', ...others])
  })

  test('a key that is absent has the default of this server, as the documentation says', () => {
    const { server, tokens, mail, sms, mfa } = fromToml({}).settings
    const documented = Object.fromEntries(
      [...GUIDE.matchAll(/^\| `([^|]+)` \| [^|]+ \| ([^|]+) \|$/gm)].map(([, key = '', here]) => [key, here]),
    )
    const isOn = (on: boolean) => (on ? 'on' : 'off')
    expect(documented).toMatchObject({
      site_url: `\`${server.siteUrl}\``,
      additional_redirect_urls: mail.redirects.length === 0 ? 'none' : '',
      refresh_token_reuse_interval: String(tokens.refreshTokenReuseIntervalMs / 1000),
      'email.max_frequency': `${mail.maxFrequencyMs / 60_000} min`,
      'email.otp_expiry': mail.otpExpMs === undefined ? expect.stringMatching(/^by kind/) : '',
      'sms.enable_confirmations': isOn(!sms.autoconfirm),
      'sms.max_frequency`, `mfa.phone.max_frequency': `${sms.maxFrequencyMs / 60_000} min`,
      'mfa.totp`, `mfa.web_authn`, `passkey.enabled': isOn(
        mfa.totpEnrolment && mfa.totpVerification && mfa.webauthnEnrolment && mfa.webauthnVerification && mfa.passkeys,
      ),
    })
    expect([sms.otpExpMs, mfa.phoneMaxFrequencyMs, tokens.jwtSecret]).toEqual([60_000, sms.maxFrequencyMs, undefined])
    const smtp = { host: 'mail.example.com', admin_email: 'a@b.co' }
    const sends = fromToml({ email: { smtp } }).settings
    expect([mail.mailerAutoconfirm, sends.mail.mailerAutoconfirm]).toEqual([true, false])
  })

  test('a switch may refer to a variable as well', () => {
    const auth = {
      email: { smtp: { enabled: 'env(SENDS)', host: 'mail.example.com', admin_email: 'a@b.co' } },
      sms: { vonage: { enabled: true }, twilio: { enabled: 'env(TWILIO)' } },
      oauth_server: { enabled: 'env(SENDS)' },
    }
    const of = (env: Record<string, string>) => {
      const { settings, supabase } = fromToml(auth, { env })
      return [settings.mail.smtpHost, settings.sms.provider, supabase.notHere.length]
    }
    expect(of({ SENDS: 'false', TWILIO: 'false' })).toEqual([undefined, 'vonage', 0])
    // of several SMS providers, Supabase's CLI takes the first in its own order
    expect(of({ SENDS: 'true', TWILIO: 'true' })).toEqual(['mail.example.com', 'twilio', 1])
    expect(of({ SENDS: 'false', SUPABASE_AUTH_EMAIL_SMTP_ENABLED: 'true' })[0]).toBe('mail.example.com')
  })

  test('SUPABASE_AUTH_… wins over a key of the file, as in Supabase’s CLI', () => {
    const env = { SUPABASE_AUTH_SITE_URL: 'https://env.example.com', SUPABASE_AUTH_EMAIL_ENABLE_CONFIRMATIONS: 'true' }
    const auth = { site_url: 'https://file.example.com', email: { enable_confirmations: false } }
    const { settings } = fromToml(auth, { env })
    expect([settings.server.siteUrl, settings.mail.mailerAutoconfirm]).toEqual(['https://env.example.com', false])
    expect(fromToml({}, { env }).settings.server.siteUrl).toBe('http://localhost:3000')
  })

  test('a secret that is encrypted by dotenvx is not used as a secret', () => {
    const smtp = { host: 'mail.example.com', user: 'u', pass: 'encrypted:BL7aXq', admin_email: 'a@b.co' }
    const loaded = fromToml({ email: { smtp } })
    expect(loaded.settings.mail.smtpPass).toBeUndefined()
    expect(shown(loaded)[0]).toStartWith('incomplete: c.toml [auth] email.smtp.pass is encrypted by dotenvx')
    expect(shown(loaded).join()).not.toContain('BL7aXq')
  })

  test('a hook that is a Postgres function is off on SQLite and said so; on Postgres, and from GoTrue’s names, it is not', () => {
    const auth = { hook: { send_email: { enabled: true, uri: 'pg-functions://postgres/public/send_email' } } }
    const onSqlite = fromToml(auth)
    expect(onSqlite.settings.hooks.sendEmailEnabled).toBe(false)
    expect(shown(onSqlite)).toEqual([
      expect.stringMatching(/^incomplete: auth\.hook\.send_email is a Postgres function, .* not called/),
    ])
    const env = { AUTH_DATABASE_URL: 'postgres://ada@db/postgres', AUTH_JWT_SECRET: 'j'.repeat(40), ...KEY }
    const onPostgres = fromToml(auth, { env })
    expect([onPostgres.settings.hooks.sendEmailEnabled, shown(onPostgres)]).toEqual([true, []])
    const { enabled, uri } = { enabled: 'true', uri: auth.hook.send_email.uri }
    const named = load({ env: { GOTRUE_HOOK_SEND_EMAIL_ENABLED: enabled, GOTRUE_HOOK_SEND_EMAIL_URI: uri } })
    expect(stops(named)).toEqual([expect.stringContaining('names a Postgres function, but the database is SQLite')])
  })
})

describe('the environment of a GoTrue container', () => {
  test.each(GOTRUE_NAMES)('%s is known', (name) => {
    const { problems, supabase } = load({ env: { [name]: '1' } })
    expect(problems.filter(({ severity }) => severity === 'unknown')).toEqual([])
    const { works, differs, notHere } = supabase
    expect([...works, ...differs.map((each) => each.name), ...notHere.map((each) => each.name)]).toEqual([name])
  })

  test('that of the compose file needs one setting more: the encryption key', () => {
    const loaded = load({ env: COMPOSE_ENVIRONMENT })
    expect(stops(loaded)).toEqual([
      expect.stringMatching(/^error: AUTH_ENCRYPTION_KEY must be set .* AUTH_ENCRYPTION_KEY=<64 hexadecimal digits> /),
    ])
    const { settings, supabase, ...rest } = load({ env: { ...COMPOSE_ENVIRONMENT, ...KEY } })
    expect(rest.problems).toEqual([])
    expect(supabase.differs).toEqual([{ name: 'GOTRUE_DB_DRIVER', reason: expect.any(String) }])
    expect(supabase.notHere).toEqual([])
    expect(settings).toMatchObject({
      server: { host: '0.0.0.0', port: 9999, apiExternalUrl: 'http://localhost:8000/auth/v1' },
      tokens: { jwtSecret: COMPOSE_ENVIRONMENT.GOTRUE_JWT_SECRET, jwtAdminRoles: ['service_role'] },
      database: { url: COMPOSE_ENVIRONMENT.GOTRUE_DB_DATABASE_URL },
      accounts: { phoneEnabled: true, emailEnabled: true, anonymousEnabled: false },
      mail: { smtpHost: 'supabase-mail', smtpPort: 2500, mailerAutoconfirm: false, redirects: [] },
      sms: { autoconfirm: true },
    })
  })

  test('each of its settings may be missing, except the JWT secret', () => {
    const missing = Object.keys(COMPOSE_ENVIRONMENT).filter(
      (name) => stops(load({ env: { ...COMPOSE_ENVIRONMENT, ...KEY, [name]: undefined } })).length > 0,
    )
    expect(missing).toEqual(['GOTRUE_JWT_SECRET'])
  })

  test('its comments may be removed, all at once or one at a time', () => {
    const env = { ...COMPOSE_ENVIRONMENT, ...KEY }
    expect(stops(load({ env: { ...env, ...COMPOSE_COMMENTS } }))).toEqual([])
    for (const [name, value] of Object.entries(COMPOSE_COMMENTS)) {
      if (/HOOK/.test(name)) continue
      expect(stops(load({ env: { ...env, [name]: value } }))).toEqual([])
    }
  })

  test('secrets of a hook that is a function are not used, so they need no form', () => {
    const hook = 'GOTRUE_HOOK_PASSWORD_VERIFICATION_ATTEMPT'
    const env = { ...COMPOSE_ENVIRONMENT, ...KEY, [`${hook}_ENABLED`]: 'true', [`${hook}_SECRETS`]: '<base64>' }
    const uri = (value: string) => shown(load({ env: { ...env, [`${hook}_URI`]: value } }))
    expect(uri('pg-functions://postgres/public/attempt')).toEqual([
      expect.stringMatching(/^note: .*_SECRETS .* That has no effect since its hook is a Postgres function\.$/),
    ])
    expect(uri('https://hooks.example.com')).toContainEqual(expect.stringMatching(/^error: .*_SECRETS /))
  })

  test('that of `supabase start` needs nothing else either', async () => {
    const env = { ...CLI_ENVIRONMENT, ...KEY, GOTRUE_JWT_KEYS: JSON.stringify([await signingKey()]) }
    const loaded = load({ env })
    expect(loaded.settings.tokens.jwtKeys).toHaveLength(1)
    expect(shown(loaded)).toEqual([
      'warning: GOTRUE_OAUTH_SERVER_ENABLED is on, but there is no OAuth 2.1 server: other applications cannot sign in with the accounts of this server.',
    ])
    expect(loaded.supabase.differs.map(({ name }) => name)).toEqual([
      'GOTRUE_DB_DRIVER',
      'GOTRUE_MAILER_TEMPLATE_RELOADING_ENABLED',
    ])
    expect(loaded.supabase.notHere.map(({ name }) => name)).toEqual([
      'GOTRUE_OAUTH_SERVER_ALLOW_DYNAMIC_REGISTRATION',
      'GOTRUE_OAUTH_SERVER_AUTHORIZATION_PATH',
      'GOTRUE_OAUTH_SERVER_ENABLED',
    ])
  })

  test('the keys that Supabase’s script for the compose file makes are used as they are', async () => {
    const secret = COMPOSE_ENVIRONMENT.GOTRUE_JWT_SECRET
    const jwk = await signingKey()
    const oct = { kty: 'oct', k: Buffer.from(secret).toString('base64url'), alg: 'HS256' }
    const env = { ...COMPOSE_ENVIRONMENT, ...KEY, GOTRUE_JWT_KEYS: JSON.stringify([jwk, oct]) }
    const { settings, problems } = load({ env })
    expect(problems).toEqual([])
    expect(settings.tokens).toMatchObject({ jwtKeys: [jwk], jwtValidMethods: ['ES256', 'HS256'] })
    const ring = await keyringOf(settings, { jwtSecret: 'none' })
    const own = await ring.sign({ role: 'authenticated' })
    expect(decodeProtectedHeader(own)).toMatchObject({ alg: 'ES256', kid: jwk.kid })
    const sign = (text: string) =>
      new SignJWT({ role: 'anon' }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(text))
    expect(await ring.verify(await sign(secret), 0)).toEqual({ role: 'anon' })
    await expect(ring.verify(await sign(`another ${secret}`), 0)).rejects.toThrow()
    // as in GoTrue, it is the setting that verifies, whatever the list says
    const other = { ...oct, k: Buffer.from(`another ${secret}`).toString('base64url') }
    const differing = load({ env: { ...env, GOTRUE_JWT_KEYS: JSON.stringify([jwk, other]) } })
    const differentRing = await keyringOf(differing.settings, { jwtSecret: 'none' })
    await expect(differentRing.verify(await sign(`another ${secret}`), 0)).rejects.toThrow()
  })

  test('an empty list of keys counts as unset, as the compose file writes it', () => {
    const { settings, problems } = load({ env: { GOTRUE_JWT_KEYS: '[]', AUTH_JWT_SECRET: 'j'.repeat(40) } })
    expect([problems, settings.tokens.jwtKeys, settings.tokens.jwtValidMethods]).toEqual([[], undefined, undefined])
  })

  test('the key of GoTrue’s database encryption is the encryption key, unless there is another one', () => {
    const key = Buffer.alloc(32, 7)
    const env = {
      ...COMPOSE_ENVIRONMENT,
      GOTRUE_SECURITY_DB_ENCRYPTION_ENCRYPT: 'true',
      GOTRUE_SECURITY_DB_ENCRYPTION_ENCRYPTION_KEY_ID: 'k1',
      GOTRUE_SECURITY_DB_ENCRYPTION_ENCRYPTION_KEY: key.toString('base64url'),
      GOTRUE_SECURITY_DB_ENCRYPTION_DECRYPTION_KEYS: `k1:${key.toString('base64url')}`,
    }
    expect([stops(load({ env })), load({ env }).settings.tokens.encryptionKey]).toEqual([[], key])
    expect(load({ env: { ...env, ...KEY } }).settings.tokens.encryptionKey).toEqual(Buffer.alloc(32))
    const onSqlite = load({ env: { ...env, GOTRUE_DB_DATABASE_URL: '' } })
    expect(onSqlite.settings.tokens.encryptionKey).toBeUndefined()
  })

  test('the names of a feature that is off are off here as well, and SAML that is on is not here', () => {
    const names = { GOTRUE_SAML_PRIVATE_KEY: 'k', GOTRUE_SAML_RELAY_STATE_VALIDITY_PERIOD: '2m' }
    const off = load({ env: { ...names, GOTRUE_SAML_ENABLED: 'false' } })
    expect([off.supabase.works.length, off.supabase.notHere, shown(off)]).toEqual([3, [], []])
    const on = load({ env: { ...names, GOTRUE_SAML_ENABLED: 'true' } })
    expect(on.supabase.notHere).toHaveLength(3)
    expect(shown(on)).toEqual(['warning: GOTRUE_SAML_ENABLED is on, but there is no SAML single sign-on.'])
  })

  test('an empty value is one that is not set, and a mail server may have a user without a password', () => {
    const env = { GOTRUE_EXTERNAL_PHONE_ENABLED: '', GOTRUE_SMTP_HOST: 'mail.example.com', GOTRUE_SMTP_PASS: '' }
    const loaded = load({ env: { ...env, GOTRUE_SMTP_USER: 'u', GOTRUE_SMTP_ADMIN_EMAIL: 'a@b.co' } })
    expect(shown(loaded)).toEqual([expect.stringMatching(/^warning: AUTH_SMTP_USER is set without AUTH_SMTP_PASS/)])
    expect(loaded.settings.accounts.phoneEnabled).toBe(false)
  })
})
