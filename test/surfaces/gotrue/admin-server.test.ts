/** Settings, health, signing keys and mail templates, for administrators. */
import { expect, test } from 'bun:test'
import { decodeProtectedHeader } from 'jose'
import { allSettings } from '../../../src/config'
import { type Json, refresh, startApp, type TestApp } from '../../support/app'
import { currentEngine } from '../../support/engines'

const get = (app: TestApp, path: string) => app.ask('GET', `/auth/v1/admin/${path}`, { token: app.admin })
const post = (app: TestApp, path: string, body?: object) =>
  app.ask('POST', `/auth/v1/admin/${path}`, { token: app.admin, ...(body && { body }) })

test('the settings in force are listed with their origin, and no secret leaves', async () => {
  const secrets = {
    AUTH_JWT_SECRET: 'a-secret-of-this-test-with-at-least-32-bytes',
    AUTH_SMTP_PASS: 'smtp-password-of-this-test',
    AUTH_HOOK_SEND_SMS_SECRETS: 'v1,whsec_c2VjcmV0LW9mLXRoaXMtdGVzdA==',
    AUTH_EXTERNAL_GITHUB_SECRET: 'github-secret-of-this-test',
  }
  await using app = await startApp({
    settings: {
      ...secrets,
      AUTH_HOOK_SEND_SMS_ENABLED: 'true',
      AUTH_HOOK_SEND_SMS_URI: 'https://hook-user:hook-password@hooks.example.com/sms?key=query-token',
      AUTH_JWT_EXP: '1800',
    },
  })
  const { status, body, text } = await get(app, 'settings')
  expect(status).toBe(200)
  expect(body.items).toHaveLength(allSettings.length)
  const named = (name: string): Json => body.items.find((each: Json) => each.name === name)
  expect(named('AUTH_JWT_EXP')).toMatchObject({
    area: 'Tokens and keys',
    value: '1800',
    origin: 'flag --set AUTH_JWT_EXP',
    is_default: false,
    is_secret: false,
    default: '3600',
    unit: 'seconds',
  })
  expect(named('AUTH_SITE_URL')).toMatchObject({ origin: 'default', is_default: true })
  for (const [name, value] of Object.entries(secrets)) {
    expect(named(name)).toMatchObject({ value: '********', is_secret: true })
    expect(text).not.toContain(value)
  }
  for (const hidden of ['hook-user', 'hook-password', 'query-token']) expect(text).not.toContain(hidden)
  expect(named('AUTH_HOOK_SEND_SMS_URI').value).toStartWith('https://********:********@hooks.example.com/sms?key=')
  expect(named('AUTH_EXTERNAL_GITLAB_SECRET')).toMatchObject({ value: null, is_secret: true })
})

test('health has the checks of /ready, the engine and the size of the database', async () => {
  await using app = await startApp()
  const { body } = await get(app, 'health')
  expect(body).toMatchObject({
    status: 'ok',
    checks: { database: 'ok', clock: 'ok', mail: 'ok' },
    reasons: {},
    engine: currentEngine(),
    started_at: '2026-01-01T00:00:00Z',
    mail_queue: { length: 0, oldest_seconds: 0 },
    backup: null,
  })
  expect(body.database.size_bytes).toBeGreaterThan(10_000)
  expect(body.memory_bytes).toBeGreaterThan(1_000_000)
  await app.store.close()
  // Without the database, the secret key still tells who asks.
  expect((await get(app, 'health')).body).toMatchObject({
    status: 'unavailable',
    checks: { database: 'failed' },
    reasons: { database: expect.any(String) },
    database: { size_bytes: null },
  })
})

test('a signing key is created, activated and revoked, and each step is audited', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const kidOf = (token: string) => decodeProtectedHeader(token).kid
  expect((await get(app, 'signing-keys')).body).toEqual({ items: [], managed_in: 'database' })
  const { status, body: key } = await post(app, 'signing-keys', { alg: 'ES256' })
  expect([status, key]).toMatchObject([200, { alg: 'ES256', status: 'standby', signs_from: null }])
  expect((await post(app, `signing-keys/${key.kid}/activate`)).body).toMatchObject({
    status: 'standby',
    signs_from: '2026-01-01T00:10:00Z',
  })
  expect((await post(app, `signing-keys/${key.kid}/activate`, { now: true })).body).toMatchObject({ status: 'in_use' })
  await app.refreshKeys()
  const signed = (await refresh(app, ada.refreshToken)).body
  expect(kidOf(signed.access_token)).toBe(key.kid)
  expect((await post(app, `signing-keys/${key.kid}/activate`)).status).toBe(422)
  expect((await post(app, `signing-keys/${key.kid}/revoke`)).body).toMatchObject({ status: 'revoked' })
  expect((await post(app, `signing-keys/${key.kid}/revoke`)).status).toBe(422)
  await app.refreshKeys()
  expect((await app.ask('GET', '/auth/v1/user', { token: signed.access_token })).status).toBe(403)

  const { text } = await get(app, 'signing-keys')
  expect(text).not.toMatch(/"d"|private/)
  const { body: entries } = await get(app, 'audit?query=action:signing_key')
  expect(entries.map(({ payload }: Json) => [payload.action, payload.actor_username, payload.traits.kid])).toEqual(
    ['revoked', 'activated', 'activated', 'created'].map((what) => [`signing_key_${what}`, 'service_role', key.kid]),
  )
})

test('signing keys that do not exist, or cannot be changed here, are refused', async () => {
  await using app = await startApp({ settings: { AUTH_JWT_VALID_METHODS: 'HS256,ES256' } })
  expect(await post(app, 'signing-keys', { alg: 'none' })).toMatchObject({
    status: 400,
    body: { code: 'validation_failed', message: 'alg must be one of ES256, RS256, EdDSA' },
  })
  for (const action of ['activate', 'revoke'])
    expect((await post(app, `signing-keys/unknown/${action}`)).status).toBe(404)
  const { body: key } = await post(app, 'signing-keys', { alg: 'EdDSA' })
  expect(await post(app, `signing-keys/${key.kid}/activate`)).toMatchObject({ status: 422, body: { code: 'conflict' } })
})

test('with keys in the settings, none are managed here', async () => {
  const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ])
  const { key_ops: _operations, ext: _ext, ...jwk } = await crypto.subtle.exportKey('jwk', privateKey)
  const keys = [{ ...jwk, alg: 'ES256', kid: 'set', key_ops: ['sign', 'verify'] }]
  await using app = await startApp({ settings: { AUTH_JWT_KEYS: JSON.stringify(keys) } })
  expect((await get(app, 'signing-keys')).body).toEqual({ items: [], managed_in: 'settings' })
  expect(await post(app, 'signing-keys', {})).toMatchObject({ status: 422, body: { code: 'conflict' } })
  expect((await get(app, 'settings')).text).not.toContain(jwk.d as string)
})

test('every mail can be previewed with sample data, in each language', async () => {
  await using app = await startApp()
  const { body } = await get(app, 'mail-templates')
  expect(body.locales).toContain('de')
  for (const { name } of body.items)
    for (const locale of ['', ...body.locales]) {
      const { status, body: mail } = await get(app, `mail-templates/${name}/preview?locale=${locale}`)
      expect([name, locale, status]).toEqual([name, locale, 200])
      expect(mail.subject).not.toBe('')
      expect(`${mail.subject}${mail.html}${mail.text}`).not.toMatch(/\{\{|undefined|<no value>/)
    }
  const english = await get(app, 'mail-templates/confirmation/preview')
  const german = await get(app, 'mail-templates/confirmation/preview?locale=de-AT')
  expect(german.body.subject).not.toBe(english.body.subject)
  expect(english.body.html).toContain('123456')
  for (const name of ['unknown', '__proto__', '..%2F..'])
    expect([name, (await get(app, `mail-templates/${name}/preview`)).status]).toEqual([name, 404])
  const markup = await get(app, 'mail-templates/confirmation/preview?locale=%3Cscript%3E')
  expect(markup.body.html).not.toContain('<script>')
})
