import { expect, test } from 'bun:test'
import { type Reply, refresh, startApp, type TestApp } from '../../support/app'
import { authenticator } from '../../support/authenticator'
import { execute, readRows } from '../../support/database'
import { protectedAccount } from '../../support/factors'

const ADA = 'ada@example.com'
const EVE = 'eve@example.com'

const exportOf = (app: TestApp, token: string | undefined): Promise<Reply> =>
  app.ask('GET', '/auth/v1/user/export', token === undefined ? {} : { token })

test('a user downloads what is stored about them', async () => {
  await using app = await startApp({ settings: { AUTH_SITE_URL: 'http://localhost:3000' } })
  const ada = await app.signUp(ADA)
  await app.ask('POST', '/auth/v1/recover', { body: { email: ADA } })
  await app.ask('POST', '/auth/v1/token?grant_type=password', { body: { email: ADA, password: 'wrong' } })
  await app.ask('PUT', `/auth/v1/admin/users/${ada.id}/roles/admin`, { token: app.admin })
  const { status, headers, body } = await exportOf(app, ada.accessToken)
  expect(status).toBe(200)
  expect(Object.fromEntries(headers)).toMatchObject({
    'content-disposition': 'attachment; filename="account.json"',
    'cache-control': 'no-store',
  })
  expect(body).toMatchObject({
    exported_at: '2026-01-01T00:00:00Z',
    user: { id: ada.id, email: ADA, identities: [{ provider: 'email' }] },
    username: null,
    roles: ['admin'],
    uid: 1,
    passkeys: [],
    sessions: [{ id: ada.sessionId, ip: '203.0.113.7', active: true }],
    known_networks: [{ network: '203.0.113.0/24' }],
    messages: [{ template: 'recovery', recipient: ADA }],
    refused_requests: [{ code: 'invalid_credentials', route: '/auth/v1/token' }],
  })
  // neither the addresses of those who tried to get in, nor what went wrong on the operator's side
  for (const name of ['ip', 'user_id', 'advice', 'reason']) expect(body.refused_requests[0]).not.toHaveProperty(name)
  expect(body.messages[0]).not.toHaveProperty('error')
  const actions = body.audit_log.map(({ payload }: { payload: { action: string } }) => payload.action)
  expect(actions).toEqual(expect.arrayContaining(['user_signedup', 'user_recovery_requested']))
})

test('the export has factors and passkeys without their secrets, and no other secret of the account', async () => {
  await using app = await startApp({ settings: { AUTH_SITE_URL: 'https://app.example' } })
  const { raised, factor } = await protectedAccount(app)
  const token = raised.accessToken
  const begun = await app.ask('POST', '/auth/v1/passkeys/registration/options', { token })
  const credential = authenticator('https://app.example').create(begun.body.options)
  const registered = { challenge_id: begun.body.challenge_id, credential }
  expect((await app.ask('POST', '/auth/v1/passkeys/registration/verify', { token, body: registered })).status).toBe(200)
  const made = await app.ask('POST', '/api/auth/tokens', { token, body: { name: 'script' } })
  expect(made.status).toBe(201)
  const { text, body } = await exportOf(app, token)
  expect([body.user.factors.length, body.passkeys.length, body.personal_access_tokens.length]).toEqual([1, 1, 1])
  const secrets = [factor.secret, made.body.token, raised.refreshToken, token]
  for (const [table, column] of [
    ['users', 'encrypted_password'],
    ['mfa_factors', 'secret'],
    ['sessions', 'refresh_token_hmac_key'],
    ['webauthn_credentials', 'public_key'],
    ['webauthn_credentials', 'credential_id'],
    ['personal_access_tokens', 'token_hash'],
    ['personal_access_tokens', 'lookup_id'],
  ] as const)
    for (const row of await readRows(app.database, `SELECT ${column} AS value FROM ${table}`))
      secrets.push(String((row as { value: unknown }).value))
  expect(secrets.length).toBeGreaterThan(10)
  for (const secret of secrets) expect([secret, text.includes(secret)]).toEqual([secret, false])
})

test('codes and links of messages are left out', async () => {
  await using app = await startApp()
  const { accessToken } = await app.signUp(ADA)
  await app.ask('POST', '/auth/v1/otp', { body: { email: ADA } })
  const [mail] = await app.core.forTask().listMessages({ to: ADA, limit: 1 })
  const { text } = await exportOf(app, accessToken)
  expect(mail?.code).toMatch(/^\d{6}$/)
  expect(text).not.toContain(mail?.code as string)
  expect(text).not.toContain(new URL(mail?.links[0] as string).searchParams.get('token') as string)
})

test('what others did, and what was done to others, stays without them', async () => {
  await using app = await startApp()
  const admin = await app.signUp(ADA)
  await app.ask('PUT', `/auth/v1/admin/users/${admin.id}/roles/admin`, { token: app.admin })
  const { body: refreshed } = await refresh(app, admin.refreshToken)
  const eve = await app.signUp(EVE)
  const asked = { token: refreshed.access_token, body: { user_metadata: { name: 'Eve' } }, ip: '198.51.100.7' }
  expect((await app.ask('PUT', `/auth/v1/admin/users/${eve.id}`, asked)).status).toBe(200)
  const ofEve = await exportOf(app, eve.accessToken)
  expect(ofEve.body.audit_log.some(({ payload }: Reply['body']) => payload.action === 'user_modified')).toBe(true)
  for (const other of [ADA, admin.id, '198.51.100.7']) expect(ofEve.text).not.toContain(other)
  const ofAdmin = await exportOf(app, refreshed.access_token)
  expect(ofAdmin.body.audit_log.some(({ payload }: Reply['body']) => payload.action === 'user_modified')).toBe(true)
  for (const other of [EVE, eve.id]) expect(ofAdmin.text).not.toContain(other)
})

test('messages to an earlier owner of the address are not exported', async () => {
  await using app = await startApp()
  const first = await app.signUp(ADA)
  await app.ask('POST', '/auth/v1/recover', { body: { email: ADA } })
  expect((await exportOf(app, first.accessToken)).body.messages).toHaveLength(1)
  await app.ask('DELETE', '/auth/v1/user', { token: first.accessToken })
  app.clock.advance(60_000)
  const second = await app.signUp(ADA)
  expect((await exportOf(app, second.accessToken)).body.messages).toEqual([])
})

test('messages to an earlier address of the account are exported, and none about another account', async () => {
  await using app = await startApp({ settings: { AUTH_MAILER_SECURE_EMAIL_CHANGE_ENABLED: 'false' } })
  const ada = await app.signUp(ADA)
  const eve = await app.signUp(EVE)
  await app.ask('POST', '/auth/v1/recover', { body: { email: ADA } })
  const change = (token: string, email: string) => app.ask('PUT', '/auth/v1/user', { token, body: { email } })
  // Eve enters Ada's next address, and Ada confirms it for herself.
  await change(eve.accessToken, 'ada@example.net')
  await app.ask('PUT', `/auth/v1/admin/users/${ada.id}`, {
    token: app.admin,
    body: { email: 'ada@example.net', email_confirm: true },
  })
  app.clock.advance(60_000)
  await app.ask('POST', '/auth/v1/recover', { body: { email: 'ada@example.net' } })
  // Another account has the earlier address since.
  const other = await app.signUp(ADA)
  await app.ask('POST', '/auth/v1/recover', { body: { email: ADA } })
  const messagesOf = async (token: string) =>
    (await exportOf(app, token)).body.messages.map(({ template, recipient }: Reply['body']) => [template, recipient])
  expect(await messagesOf(ada.accessToken)).toEqual([
    ['recovery', 'ada@example.net'],
    ['recovery', ADA],
  ])
  expect(await messagesOf(eve.accessToken)).toEqual([['email_change', 'ada@example.net']])
  expect(await messagesOf(other.accessToken)).toEqual([['recovery', ADA]])
})

test('an older message, which does not name its account, is exported to the owner of its address', async () => {
  await using app = await startApp()
  const ada = await app.signUp(ADA)
  const eve = await app.signUp(EVE)
  await app.ask('POST', '/auth/v1/recover', { body: { email: ADA } })
  await execute(app.database, 'UPDATE messages SET user_id = NULL')
  expect((await exportOf(app, ada.accessToken)).body.messages).toMatchObject([{ recipient: ADA }])
  expect((await exportOf(app, eve.accessToken)).body.messages).toEqual([])
})

test('an export needs the second factor of the account, a session, and is in the audit log', async () => {
  await using app = await startApp()
  const { email, raised } = await protectedAccount(app)
  const low = await app.signIn(email)
  const refused = await exportOf(app, low.accessToken)
  expect([refused.status, refused.body.code]).toEqual([401, 'insufficient_aal'])
  expect((await exportOf(app, raised.accessToken)).status).toBe(200)
  const { body } = await app.ask('GET', '/auth/v1/admin/audit?action=user_exported', { token: app.admin })
  expect(body).toHaveLength(1)
  expect((await exportOf(app, undefined)).status).toBe(401)
  expect((await exportOf(app, app.keys.publishable)).status).toBe(403)
  const made = await app.ask('POST', '/api/auth/tokens', { token: raised.accessToken, body: { name: 'script' } })
  expect((await exportOf(app, made.body.token)).status).toBe(403)
})

test('exports are limited per client', async () => {
  await using app = await startApp({ settings: { AUTH_RATE_LIMITS: 'on' } })
  const { accessToken } = await app.signUp(ADA)
  const statuses = new Set<number>()
  for (let asked = 0; asked < 40; asked++) statuses.add((await exportOf(app, accessToken)).status)
  expect([...statuses].sort()).toEqual([200, 429])
})
