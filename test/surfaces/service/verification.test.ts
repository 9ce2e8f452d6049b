/** The endpoints for verification tokens below `/api/auth` (docs/other-surfaces.md#verification-tokens). */
import { expect, test } from 'bun:test'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HOUR, MINUTE } from '../../../src/lib/milliseconds'
import {
  claimsOf,
  type Json,
  PASSWORD,
  type Reply,
  refresh,
  type SignedIn,
  startApp,
  type TestApp,
} from '../../support/app'
import { pass, protectedAccount, refusal } from '../../support/factors'
import { confirmedUser } from '../../support/mail'
import { removeFolder } from '../../support/remove-folder'
import { codeAt } from '../../support/totp'

const NEW_PASSWORD = 'another-horse-battery-7'
/** Without autoconfirm, both addresses confirm a change, and sign-ups are confirmed. */
const CONFIRMING = { AUTH_MAILER_AUTOCONFIRM: 'false' }

const post = (app: TestApp, path: string, body: unknown, asked: object = {}) =>
  app.ask('POST', `/api/auth${path}`, { body, ...asked })

const requestReset = (app: TestApp, email: string) => post(app, '/password/reset/request', { email })
const completeReset = (app: TestApp, token: string, password = NEW_PASSWORD) =>
  post(app, '/password/reset/complete', { token, new_password: password })
const sendLink = (app: TestApp, email: string) => post(app, '/magic-link/send', { email })
const verifyLink = (app: TestApp, token: string, asked?: object) => post(app, '/magic-link/verify', { token }, asked)
const requestChange = (app: TestApp, token: string, email: string) =>
  post(app, '/email/change/request', { new_email: email }, { token })
const confirmChange = (app: TestApp, token: string) => post(app, '/email/change/confirm', { token })

const mailsTo = (app: TestApp, to: string) => app.core.forTask().listMessages({ to, limit: 100 })

/** The token of the latest mail to an address. */
async function tokenTo(app: TestApp, to: string): Promise<string> {
  const mail = (await mailsTo(app, to)).find(({ links }) => links.length > 0)
  const token = new URL(mail?.links[0] ?? 'x:').searchParams.get('token')
  if (!token) throw new Error(`no link was mailed to ${to}`)
  return token
}

async function resetToken(app: TestApp, email: string): Promise<string> {
  expect((await requestReset(app, email)).status).toBe(200)
  return tokenTo(app, email)
}

async function linkToken(app: TestApp, email: string): Promise<string> {
  expect((await sendLink(app, email)).status).toBe(200)
  return tokenTo(app, email)
}

async function signInByLink(app: TestApp, email: string): Promise<Json> {
  const { status, body } = await verifyLink(app, await linkToken(app, email))
  expect(status).toBe(200)
  return body
}

/** A user with a confirmed address, on a server without autoconfirm. */
async function confirmed(app: TestApp, email: string): Promise<SignedIn> {
  const body = { email, password: PASSWORD, email_confirm: true }
  expect((await app.ask('POST', '/auth/v1/admin/users', { body, token: app.admin })).status).toBe(200)
  return app.signIn(email)
}

const getUser = (app: TestApp, token: string) => app.ask('GET', '/auth/v1/user', { token })
const errorOf = ({ status, body }: Reply) => [status, body.error]
const usersWith = async (app: TestApp, email: string) =>
  (await app.ask('GET', '/auth/v1/admin/users', { token: app.admin })).body.users.filter(
    (user: Json) => user.email === email,
  )

// Password reset

test('a mailed link sets a new password, and the old one stops working', async () => {
  await using app = await startApp()
  const ada = await app.signUp('ada@example.com')
  const asked = await requestReset(app, 'Ada@Example.com')
  expect(asked.body).toEqual({ message: expect.any(String) })
  const [mail] = await mailsTo(app, 'ada@example.com')
  expect(mail).toMatchObject({ kind: 'recovery', code: null })
  expect(mail?.links).toEqual([expect.stringMatching(/^http:\/\/localhost:3000\/reset-password\?token=[\w-]{43}$/)])
  const done = await completeReset(app, await tokenTo(app, 'ada@example.com'))
  expect([done.status, done.body]).toEqual([200, { message: expect.any(String) }])
  await expect(app.signIn(ada.email)).rejects.toThrow('invalid_credentials')
  expect((await app.signIn(ada.email, NEW_PASSWORD)).id).toBe(ada.id)
})

test("the links lead to the application's own pages, whatever the request says", async () => {
  await using app = await startApp({
    settings: {
      AUTH_PASSWORD_RESET_URL: 'https://app.example.com/reset',
      AUTH_MAGIC_LINK_URL: 'https://app.example.com/in',
      AUTH_EMAIL_CHANGE_URL: 'https://app.example.com/change',
    },
  })
  const ada = await app.signUp('ada@example.com')
  const headers = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', forwarded: 'host=evil.example' }
  await post(app, '/password/reset/request', { email: ada.email }, { headers })
  expect((await mailsTo(app, ada.email))[0]?.links[0]).toStartWith('https://app.example.com/reset?token=')
  app.clock.advance(MINUTE)
  await post(app, '/magic-link/send', { email: ada.email }, { headers })
  expect((await mailsTo(app, ada.email))[0]?.links[0]).toStartWith('https://app.example.com/in?token=')
  await post(app, '/email/change/request', { new_email: 'b@example.com' }, { headers, token: ada.accessToken })
  expect((await mailsTo(app, 'b@example.com'))[0]?.links[0]).toStartWith('https://app.example.com/change?token=')
})

test('known and unknown addresses get the same response, and only the known one a mail', async () => {
  await using app = await startApp({ settings: { AUTH_DISABLE_SIGNUP: 'true' } })
  const body = { email: 'known@example.com', password: PASSWORD, email_confirm: true }
  await app.ask('POST', '/auth/v1/admin/users', { body, token: app.admin })
  for (const path of ['/password/reset/request', '/magic-link/send']) {
    app.clock.advance(MINUTE)
    const replies = await Promise.all(
      ['known@example.com', 'other@example.com'].map((email) => post(app, path, { email })),
    )
    const seen = replies.map(({ status, text, headers }) => {
      headers.delete('x-request-id')
      return { status, text, headers: [...headers].sort() }
    })
    expect(seen[0]).toEqual(seen[1] as Json)
  }
  expect(await mailsTo(app, 'known@example.com')).toHaveLength(2)
  expect(await mailsTo(app, 'other@example.com')).toHaveLength(0)
})

test('a refused password leaves the token usable', async () => {
  await using app = await startApp({ settings: { AUTH_PASSWORD_MIN_LENGTH: '10' } })
  await app.signUp('ada@example.com')
  const token = await resetToken(app, 'ada@example.com')
  for (const weak of ['', 'short', 'x'.repeat(73)]) {
    const reply = await completeReset(app, token, weak)
    expect(reply).toMatchObject({ status: 422, body: { error: 'validation_error', detail: 'new_password' } })
    expect(reply.body.message).not.toBe('')
  }
  expect((await completeReset(app, token)).status).toBe(200)
})

test('a reset ends every session of every family', async () => {
  await using app = await startApp()
  const ada = await app.signUp('ada@example.com')
  const second = await app.signIn(ada.email)
  const service = await signInByLink(app, ada.email)
  const eve = await app.signUp('eve@example.com')
  app.clock.advance(MINUTE)
  expect((await completeReset(app, await resetToken(app, ada.email))).status).toBe(200)
  for (const token of [ada.accessToken, second.accessToken, service.access_token])
    expect(await getUser(app, token)).toMatchObject({ status: 403, body: { code: 'session_not_found' } })
  for (const token of [ada.refreshToken, second.refreshToken, service.refresh_token])
    expect((await refresh(app, token)).status).toBe(400)
  expect((await getUser(app, eve.accessToken)).status).toBe(200)
})

test('a reset invalidates every other pending link and code', async () => {
  await using app = await startApp({ settings: CONFIRMING })
  const ada = await confirmed(app, 'ada@example.com')
  await requestChange(app, ada.accessToken, 'new@example.com')
  const [current, next] = [await tokenTo(app, ada.email), await tokenTo(app, 'new@example.com')]
  const link = await linkToken(app, ada.email)
  app.clock.advance(MINUTE)
  await app.ask('POST', '/auth/v1/recover', { body: { email: ada.email } })
  const supabase = await tokenTo(app, ada.email)
  app.clock.advance(MINUTE)
  expect((await completeReset(app, await resetToken(app, ada.email))).status).toBe(200)
  for (const token of [current, next])
    expect(errorOf(await confirmChange(app, token))).toEqual([409, 'token_already_used'])
  expect(errorOf(await verifyLink(app, link))).toEqual([409, 'token_already_used'])
  const body = { type: 'recovery', token_hash: supabase }
  expect((await app.ask('POST', '/auth/v1/verify', { body })).body.code).toBe('otp_expired')
})

test('of two simultaneous resets with one token, exactly one sets its password', async () => {
  await using app = await startApp()
  await app.signUp('ada@example.com')
  const token = await resetToken(app, 'ada@example.com')
  const passwords = Array.from({ length: 10 }, (_, index) => `${NEW_PASSWORD}-${index}`)
  const replies = await Promise.all(passwords.map((password) => completeReset(app, token, password)))
  const winners = passwords.filter((_, index) => replies[index]?.status === 200)
  expect(winners).toHaveLength(1)
  expect(replies.filter(({ status }) => status === 409)).toHaveLength(9)
  expect((await app.signIn('ada@example.com', winners[0])).email).toBe('ada@example.com')
})

test('a reset confirms the address', async () => {
  await using app = await startApp({ settings: CONFIRMING })
  await app.ask('POST', '/auth/v1/signup', { body: { email: 'ada@example.com', password: PASSWORD } })
  const confirmation = await tokenTo(app, 'ada@example.com')
  expect((await completeReset(app, await resetToken(app, 'ada@example.com'))).status).toBe(200)
  expect((await app.signIn('ada@example.com', NEW_PASSWORD)).email).toBe('ada@example.com')
  const body = { type: 'signup', token_hash: confirmation }
  expect((await app.ask('POST', '/auth/v1/verify', { body })).status).toBe(403)
})

test('a link sent to a former address of the account is unknown', async () => {
  await using app = await startApp()
  const ada = await app.signUp('ada@example.com')
  const reset = await resetToken(app, ada.email)
  app.clock.advance(MINUTE)
  const link = await linkToken(app, ada.email)
  const body = { email: 'moved@example.com', email_confirm: true }
  expect((await app.ask('PUT', `/auth/v1/admin/users/${ada.id}`, { body, token: app.admin })).status).toBe(200)
  expect((await completeReset(app, reset)).status).toBeOneOf([404, 409])
  expect((await verifyLink(app, link)).status).toBeOneOf([404, 409])
  expect((await app.signIn('moved@example.com')).id).toBe(ada.id)
})

// Invalid tokens

const ENDPOINTS = {
  'password reset': { mint: resetToken, show: (app: TestApp, token: string) => completeReset(app, token), ms: 30 },
  'magic link': { mint: linkToken, show: (app: TestApp, token: string) => verifyLink(app, token), ms: 15 },
  'e-mail change': {
    async mint(app: TestApp, email: string) {
      const { accessToken } = await app.signIn(email)
      expect((await requestChange(app, accessToken, 'new@example.com')).status).toBe(200)
      return tokenTo(app, 'new@example.com')
    },
    show: confirmChange,
    ms: 24 * 60,
  },
}

for (const [name, { mint, show, ms: minutes }] of Object.entries(ENDPOINTS)) {
  test(`${name}: a token works once, then it counts as used`, async () => {
    await using app = await startApp()
    await app.signUp('ada@example.com')
    const token = await mint(app, 'ada@example.com')
    expect((await show(app, token)).status).toBe(200)
    expect(errorOf(await show(app, token))).toEqual([409, 'token_already_used'])
    app.clock.advance(24 * HOUR)
    expect(errorOf(await show(app, token))).toEqual([409, 'token_already_used']) // used before past its time
  })

  test(`${name}: a token is valid for exactly ${minutes} minutes`, async () => {
    await using app = await startApp()
    await app.signUp('ada@example.com')
    const token = await mint(app, 'ada@example.com')
    app.clock.advance(minutes * MINUTE)
    const reply = await show(app, token)
    expect(errorOf(reply)).toEqual([410, 'token_expired'])
    expect(reply.body).toEqual({ error: 'token_expired', message: expect.any(String) })
    app.clock.jump(-1)
    expect((await show(app, token)).status).toBe(200)
  })

  test(`${name}: a token that was never issued is not found`, async () => {
    await using app = await startApp()
    await app.signUp('ada@example.com')
    const token = await mint(app, 'ada@example.com')
    for (const unknown of ['', 'x', token.slice(0, 42), `${token}A`, `vt_${token}`, 'A'.repeat(43), '日本語'])
      expect(errorOf(await show(app, unknown))).toEqual([404, 'token_not_found'])
    expect((await show(app, token)).status).toBe(200)
  })

  test(`${name}: a token of another kind is refused and stays valid`, async () => {
    await using app = await startApp()
    for (const [other, { mint: mintOther, show: showRightly }] of Object.entries(ENDPOINTS)) {
      if (other === name) continue
      const { email } = await app.signUp()
      const token = await mintOther(app, email)
      expect(errorOf(await show(app, token))).toEqual([400, 'token_kind_mismatch'])
      expect((await showRightly(app, token)).status).toBe(200)
    }
  })

  test(`${name}: a newer link replaces the older one`, async () => {
    await using app = await startApp()
    await app.signUp('ada@example.com')
    const older = await mint(app, 'ada@example.com')
    app.clock.advance(MINUTE)
    const newer = await mint(app, 'ada@example.com')
    expect(errorOf(await show(app, older))).toEqual([409, 'token_already_used'])
    expect((await show(app, newer)).status).toBe(200)
  })
}

test('a token of /auth/v1 is unknown on this surface, and stays usable there', async () => {
  await using app = await startApp()
  await app.signUp('ada@example.com')
  await app.ask('POST', '/auth/v1/recover', { body: { email: 'ada@example.com' } })
  const token = await tokenTo(app, 'ada@example.com')
  for (const { show } of Object.values(ENDPOINTS))
    expect(errorOf(await show(app, token))).toEqual([404, 'token_not_found'])
  const body = { type: 'recovery', token_hash: token }
  expect((await app.ask('POST', '/auth/v1/verify', { body })).status).toBe(200)
})

test('a token of this surface is unknown to /auth/v1, and stays usable here', async () => {
  await using app = await startApp()
  await app.signUp('ada@example.com')
  const token = await linkToken(app, 'ada@example.com')
  for (const type of ['magiclink', 'recovery', 'email', 'signup', 'email_change']) {
    const reply = await app.ask('POST', '/auth/v1/verify', { body: { type, token_hash: token } })
    expect(reply).toMatchObject({ status: 403, body: { code: 'otp_expired' } })
    const opened = await app.ask('GET', `/auth/v1/verify?type=${type}&token=${token}`)
    expect(opened.headers.get('location')).toContain('error_code=otp_expired')
  }
  expect((await verifyLink(app, token)).status).toBe(200)
})

// Magic link

test('a magic link signs in with a session of the service surface', async () => {
  await using app = await startApp()
  const ada = await app.signUp('ada@example.com')
  await app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body: { data: { display_name: 'Ada Lovelace' } } })
  const token = await linkToken(app, ada.email)
  const reply = await verifyLink(app, token)
  expect(reply.status).toBe(200)
  expect(reply.headers.get('cache-control')).toBe('no-store')
  expect(reply.body).toEqual({
    access_token: expect.any(String),
    refresh_token: expect.any(String),
    token_type: 'bearer',
    expires_in: 1800,
    user: {
      id: ada.id,
      email: 'ada@example.com',
      display_name: 'Ada Lovelace',
      roles: ['user'],
      is_active: true,
      is_admin: false,
      matrix_user_id: null,
      created_at: '2026-01-01T00:00:00.000Z',
    },
  })
  const seconds = app.clock.now() / 1000
  expect(claimsOf(reply.body.access_token)).toEqual({
    sub: ada.id,
    email: 'ada@example.com',
    name: 'Ada Lovelace',
    roles: ['user'],
    type: 'access',
    iss: 'latchkey',
    iat: seconds,
    exp: seconds + 1800,
    sid: expect.stringMatching(/^[0-9a-f-]{36}$/),
  })
})

test('roles are in the token, and admin in the response', async () => {
  await using app = await startApp()
  const ada = await app.signUp('ada@example.com')
  await app.store.grantRole({ userId: ada.id, role: 'admin', now: app.clock.now() })
  const body = await signInByLink(app, ada.email)
  expect([body.user.is_admin, body.user.roles]).toEqual([true, ['user', 'admin']])
  expect(claimsOf(body.access_token).roles).toEqual(['user', 'admin'])
})

test('a magic link creates a missing account, with the address confirmed', async () => {
  await using app = await startApp({ settings: CONFIRMING })
  expect(await usersWith(app, 'new@example.com')).toEqual([])
  await sendLink(app, 'New@Example.com')
  expect(await usersWith(app, 'new@example.com')).toEqual([]) // nobody until the link is followed
  const { status, body } = await verifyLink(app, await tokenTo(app, 'new@example.com'))
  expect([status, body.user.email]).toEqual([200, 'new@example.com'])
  const [user] = await usersWith(app, 'new@example.com')
  expect(user).toMatchObject({
    id: body.user.id,
    email_confirmed_at: '2026-01-01T00:00:00Z',
    app_metadata: { provider: 'email', providers: ['email'] },
  })
  expect((await getUser(app, body.access_token)).body.identities).toMatchObject([
    { provider: 'email', identity_data: { email: 'new@example.com', email_verified: true } },
  ])
})

test('with sign-up disabled, an unknown address gets no mail, and an earlier link creates no account', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'))
  let token = ''
  {
    await using app = await startApp({ folder })
    token = await linkToken(app, 'new@example.com')
  }
  await using app = await startApp({ folder, settings: { AUTH_DISABLE_SIGNUP: 'true' } })
  expect((await sendLink(app, 'unknown@example.com')).status).toBe(200)
  expect(await mailsTo(app, 'unknown@example.com')).toEqual([])
  expect(errorOf(await verifyLink(app, token))).toEqual([403, 'signup_disabled'])
  expect(await usersWith(app, 'new@example.com')).toEqual([])
  removeFolder(folder)
})

test('two simultaneous verifications create one account and one session', async () => {
  await using app = await startApp()
  const token = await linkToken(app, 'new@example.com')
  const replies = await Promise.all(Array.from({ length: 20 }, () => verifyLink(app, token)))
  const [winner, ...others] = replies.filter(({ status }) => status === 200)
  expect(others).toEqual([])
  expect(replies.filter((reply) => reply.body.error === 'token_already_used')).toHaveLength(19)
  expect(await usersWith(app, 'new@example.com')).toHaveLength(1)
  const sessions = await app.ask('GET', '/auth/v1/sessions', { token: winner?.body.access_token })
  expect(sessions.body).toHaveLength(1)
})

test('a link to an address that got an account meanwhile signs in to that account', async () => {
  await using app = await startApp()
  const token = await linkToken(app, 'ada@example.com')
  const ada = await app.signUp('ada@example.com')
  const { status, body } = await verifyLink(app, token)
  expect([status, body.user.id]).toEqual([200, ada.id])
})

test('a banned user gets no session, and the link works again once the ban is lifted', async () => {
  await using app = await startApp()
  const ada = await app.signUp('ada@example.com')
  const [link, ban] = [await linkToken(app, ada.email), `/auth/v1/admin/users/${ada.id}`]
  await app.ask('PUT', ban, { token: app.admin, body: { ban_duration: '1h' } })
  expect(errorOf(await verifyLink(app, link))).toEqual([403, 'user_inactive'])
  await app.ask('PUT', ban, { token: app.admin, body: { ban_duration: 'none' } })
  expect((await verifyLink(app, link)).status).toBe(200)
})

test('a second mail within a minute is silently not sent, for known and unknown addresses', async () => {
  await using app = await startApp()
  await app.signUp('ada@example.com')
  for (const email of ['ada@example.com', 'new@example.com']) {
    const before = (await mailsTo(app, email)).length
    const first = await sendLink(app, email)
    const second = await sendLink(app, email)
    expect([second.status, second.text]).toEqual([first.status, first.text])
    expect(await mailsTo(app, email)).toHaveLength(before + 1)
    app.clock.advance(MINUTE)
    await sendLink(app, email)
    expect(await mailsTo(app, email)).toHaveLength(before + 2)
  }
  app.clock.advance(MINUTE)
  await Promise.all(Array.from({ length: 10 }, () => requestReset(app, 'ada@example.com')))
  const resets = (await mailsTo(app, 'ada@example.com')).filter(({ kind }) => kind === 'recovery')
  expect(resets).toHaveLength(1)
  expect((await requestReset(app, 'ada@example.com')).status).toBe(200)
})

test('ten requests at once for an address without an account send one mail', async () => {
  await using app = await startApp()
  await Promise.all(Array.from({ length: 10 }, () => sendLink(app, 'new@example.com')))
  expect(await mailsTo(app, 'new@example.com')).toHaveLength(1)
})

test('a mail does not delay one with another purpose, or of another surface', async () => {
  await using app = await startApp()
  await app.signUp('ada@example.com')
  const requests = [
    () => post(app, '/magic-link/send', { email: 'ada@example.com' }),
    () => post(app, '/password/reset/request', { email: 'ada@example.com' }),
    () => app.ask('POST', '/auth/v1/recover', { body: { email: 'ada@example.com' } }),
  ]
  for (const order of [requests, requests.toReversed()]) {
    for (const request of order) expect((await request()).status).toBe(200)
    const sent = await app.core.forTask().listMessages({ to: 'ada@example.com', limit: 10 })
    expect(sent.map(({ kind }) => kind).sort()).toEqual(['magic_link', 'recovery', 'recovery'])
    await app.core.forTask().clearMessages()
    app.clock.advance(MINUTE)
  }
})

test('clearing the mailbox does not allow another mail within the minute', async () => {
  await using app = await startApp()
  await sendLink(app, 'new@example.com')
  await app.core.forTask().clearMessages()
  await sendLink(app, 'new@example.com')
  expect(await mailsTo(app, 'new@example.com')).toEqual([])
})

// The token of such a session on other surfaces

test('the token of such a session works at /auth/v1, too, until the session ends', async () => {
  await using app = await startApp()
  const { access_token: token, user } = await signInByLink(app, 'ada@example.com')
  expect(await getUser(app, token)).toMatchObject({ status: 200, body: { id: user.id, email: 'ada@example.com' } })
  expect((await requestChange(app, token, 'b@example.com')).status).toBe(200)
  app.clock.advance(MINUTE)
  expect((await app.ask('POST', '/auth/v1/logout', { token })).status).toBe(204)
  expect(await getUser(app, token)).toMatchObject({ status: 403, body: { code: 'session_not_found' } })
  expect(errorOf(await requestChange(app, token, 'c@example.com'))).toEqual([401, 'invalid_token'])
})

test('a token of such a session expires after half an hour', async () => {
  await using app = await startApp()
  const { access_token: token } = await signInByLink(app, 'ada@example.com')
  app.clock.advance(30 * MINUTE - 1000)
  expect((await getUser(app, token)).status).toBe(200)
  app.clock.advance(1000)
  expect(await getUser(app, token)).toMatchObject({ status: 403, body: { code: 'bad_jwt' } })
  expect(errorOf(await requestChange(app, token, 'b@example.com'))).toEqual([401, 'invalid_token'])
})

test('a token signed by this server without the required claims is refused', async () => {
  await using app = await startApp()
  const ada = await signInByLink(app, 'ada@example.com')
  const eve = await signInByLink(app, 'eve@example.com')
  const right = claimsOf(ada.access_token)
  expect((await getUser(app, await app.core.keyring.sign(right))).status).toBe(200) // the forger's tools work
  const { exp: _exp, ...withoutExp } = right
  const { sid: _sid, ...withoutSid } = right
  const { iss: _iss, ...withoutIss } = right
  const { sub: _sub, ...withoutSub } = right
  const forged: Record<string, Json> = {
    'no exp': withoutExp,
    'no sid': withoutSid,
    'no iss': withoutIss,
    'no sub': withoutSub,
    'an empty sid': { ...right, sid: '' },
    'a malformed sid': { ...right, sid: 'x' },
    'the nil sid': { ...right, sid: '00000000-0000-0000-0000-000000000000' },
    'an unknown session': { ...right, sid: crypto.randomUUID() },
    "another user's session": { ...right, sid: claimsOf(eve.access_token).sid },
    'another user': { ...right, sub: eve.user.id },
    'another issuer': { ...right, iss: 'another-auth' },
    "Supabase's issuer": { ...right, iss: app.core.policy.issuer },
    'a time as text': { ...right, exp: String(right.exp) },
    'a session_id in place of sid': { ...withoutSid, session_id: right.sid },
    'a session_id beside another sid': { ...right, session_id: right.sid, sid: claimsOf(eve.access_token).sid },
    'a sid that is a list': { ...right, sid: [right.sid] },
  }
  for (const [what, claims] of Object.entries(forged)) {
    const token = await app.core.keyring.sign(claims)
    expect([what, (await getUser(app, token)).status]).toEqual([what, 403])
    expect([what, ...errorOf(await requestChange(app, token, 'b@example.com'))]).toEqual([what, 401, 'invalid_token'])
  }
  expect(await mailsTo(app, 'b@example.com')).toEqual([])
})

test('roles in a token of this family give no admin rights; the role of the user does', async () => {
  await using app = await startApp()
  const { access_token: token } = await signInByLink(app, 'ada@example.com')
  const forged = await app.core.keyring.sign({ ...claimsOf(token), roles: ['user', 'admin'] })
  for (const each of [token, forged])
    expect((await app.ask('GET', '/auth/v1/admin/users', { token: each })).status).toBe(403)
  await app.store.grantRole({ userId: claimsOf(token).sub, role: 'admin', now: app.clock.now() })
  expect((await app.ask('GET', '/auth/v1/admin/users', { token })).status).toBe(200)
})

// Change of address

test('with autoconfirm, one link goes to the new address, and a notice to the old one', async () => {
  await using app = await startApp()
  const ada = await app.signUp('ada@example.com')
  const asked = await requestChange(app, ada.accessToken, 'New@Example.com')
  expect([asked.status, asked.body]).toEqual([200, { message: expect.any(String) }])
  const [notice] = await mailsTo(app, 'ada@example.com')
  expect(notice).toMatchObject({ kind: 'email_change_notice', links: [], code: null })
  const [mail] = await mailsTo(app, 'new@example.com')
  expect(mail?.links).toEqual([expect.stringMatching(/^http:\/\/localhost:3000\/confirm-email\?token=[\w-]{43}$/)])
  const token = await tokenTo(app, 'new@example.com')
  expect(notice?.text).not.toContain(token)
  expect((await getUser(app, ada.accessToken)).body).toMatchObject({
    email: 'ada@example.com',
    new_email: 'new@example.com',
  })
  expect(await confirmChange(app, token)).toMatchObject({ status: 200, body: { status: 'changed' } })
  const { body } = await getUser(app, ada.accessToken) // the session goes on
  expect(body.email).toBe('new@example.com')
  expect(body.new_email).toBeUndefined()
  expect(body.identities).toMatchObject([{ provider: 'email', identity_data: { email: 'new@example.com' } }])
  expect((await app.signIn('new@example.com')).id).toBe(ada.id)
  await expect(app.signIn('ada@example.com')).rejects.toThrow('invalid_credentials')
})

for (const order of ['present address first', 'new address first'] as const)
  test(`without autoconfirm both addresses have to confirm: ${order}`, async () => {
    await using app = await startApp({ settings: CONFIRMING })
    const ada = await confirmed(app, 'ada@example.com')
    expect((await requestChange(app, ada.accessToken, 'new@example.com')).status).toBe(200)
    const tokens = [await tokenTo(app, 'ada@example.com'), await tokenTo(app, 'new@example.com')]
    const [first = '', second = ''] = order === 'present address first' ? tokens : tokens.toReversed()
    expect(await confirmChange(app, first)).toMatchObject({ status: 200, body: { status: 'pending' } })
    expect((await getUser(app, ada.accessToken)).body.email).toBe('ada@example.com')
    expect(errorOf(await confirmChange(app, first))).toEqual([409, 'token_already_used']) // it does not count twice
    expect((await getUser(app, ada.accessToken)).body.email).toBe('ada@example.com')
    expect(await confirmChange(app, second)).toMatchObject({ status: 200, body: { status: 'changed' } })
    expect((await getUser(app, ada.accessToken)).body.email).toBe('new@example.com')
    expect(errorOf(await confirmChange(app, second))).toEqual([409, 'token_already_used'])
  })

test('both confirmations at once, each clicked five times: pending once, changed once', async () => {
  await using app = await startApp({ settings: CONFIRMING })
  const ada = await confirmed(app, 'ada@example.com')
  await requestChange(app, ada.accessToken, 'new@example.com')
  const tokens = [await tokenTo(app, 'ada@example.com'), await tokenTo(app, 'new@example.com')]
  const replies = await Promise.all([...Array(5)].flatMap(() => tokens.map((token) => confirmChange(app, token))))
  const statuses = replies.map(({ body }) => body.status ?? body.error).sort()
  expect(statuses).toEqual(['changed', 'pending', ...Array(8).fill('token_already_used')])
  expect((await getUser(app, ada.accessToken)).body.email).toBe('new@example.com')
})

test('one address cannot confirm for both, even with links of both families', async () => {
  await using app = await startApp({ settings: { ...CONFIRMING, AUTH_URI_ALLOW_LIST: '' } })
  for (const [index, wanted] of [
    ['eve@example.com', 'eve@example.com'],
    ['eve1@example.com', 'eve2@example.com'],
  ].entries()) {
    const [one = '', two = ''] = wanted
    for (const isSupabaseFirst of [true, false]) {
      const ada = await confirmed(app, `ada-${index}-${isSupabaseFirst}@example.com`)
      const ask = {
        supabase: (email: string) => app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body: { email } }),
        service: (email: string) => requestChange(app, ada.accessToken, email),
      }
      const show = {
        supabase: (token: string) =>
          app.ask('POST', '/auth/v1/verify', { body: { type: 'email_change', token_hash: token } }),
        service: (token: string) => confirmChange(app, token),
      }
      const [first, second] = isSupabaseFirst ? (['supabase', 'service'] as const) : (['service', 'supabase'] as const)
      expect((await ask[first](one)).status).toBe(200)
      const firstToken = await tokenTo(app, one)
      app.clock.advance(MINUTE)
      expect((await ask[second](two)).status).toBe(200)
      const secondToken = await tokenTo(app, two)
      await show[first](firstToken)
      await show[second](secondToken)
      await show[first](firstToken)
      expect((await getUser(app, ada.accessToken)).body.email).toBe(ada.email)
      await app.core.forTask().clearMessages()
    }
  }
})

test('an address of another account is refused on request, and on confirmation', async () => {
  await using app = await startApp()
  const ada = await app.signUp('ada@example.com')
  await app.signUp('grace@example.com')
  expect(errorOf(await requestChange(app, ada.accessToken, 'Grace@example.com'))).toEqual([409, 'email_exists'])
  await requestChange(app, ada.accessToken, 'new@example.com')
  const token = await tokenTo(app, 'new@example.com')
  const other = await app.signUp('new@example.com')
  expect(errorOf(await confirmChange(app, token))).toEqual([409, 'email_exists'])
  expect((await getUser(app, ada.accessToken)).body.email).toBe('ada@example.com')
  expect((await getUser(app, other.accessToken)).body.email).toBe('new@example.com')
})

test('of two accounts that want one address the first to confirm has it', async () => {
  await using app = await startApp()
  const [ada, eve] = [await app.signUp(), await app.signUp()]
  await requestChange(app, ada.accessToken, 'new@example.com')
  const hers = await tokenTo(app, 'new@example.com')
  await requestChange(app, eve.accessToken, 'new@example.com')
  const others = await tokenTo(app, 'new@example.com')
  const replies = await Promise.all([confirmChange(app, others), confirmChange(app, hers)])
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
  expect(await usersWith(app, 'new@example.com')).toHaveLength(1)
})

test('an invalid or unchanged address is refused, naming the field', async () => {
  await using app = await startApp()
  const ada = await app.signUp('ada@example.com')
  for (const email of [
    '',
    'x',
    'a@b@c',
    'ada@example.com',
    'ADA@example.com',
    'a\r\nBcc: b@example.com',
    '＠example.com',
  ])
    expect(await requestChange(app, ada.accessToken, email)).toMatchObject({
      status: 422,
      body: { error: 'validation_error', detail: expect.any(String) },
    })
  const long = `${'x'.repeat(250)}@example.com`
  expect(errorOf(await requestChange(app, ada.accessToken, long))).toEqual([422, 'validation_error'])
})

test('a second change within a minute is refused with the seconds to wait', async () => {
  await using app = await startApp()
  const ada = await app.signUp('ada@example.com')
  await requestChange(app, ada.accessToken, 'one@example.com')
  app.clock.advance(15_500)
  const reply = await requestChange(app, ada.accessToken, 'two@example.com')
  expect(errorOf(reply)).toEqual([429, 'rate_limited'])
  expect(reply.headers.get('retry-after')).toBe('45')
  expect(await mailsTo(app, 'two@example.com')).toEqual([])
  app.clock.advance(45_000)
  expect((await requestChange(app, ada.accessToken, 'two@example.com')).status).toBe(200)
})

test('a change of address needs a session', async () => {
  await using app = await startApp()
  const body = { new_email: 'new@example.com' }
  const tokens = [undefined, 'x', 'a.b.c', app.keys.anon, app.keys.publishable, app.admin]
  for (const token of tokens) {
    const reply = await post(app, '/email/change/request', body, token === undefined ? {} : { token })
    expect(errorOf(reply)).toEqual([401, 'invalid_token'])
  }
  expect(await mailsTo(app, 'new@example.com')).toEqual([])
})

test('a ban or a deletion between mail and click leaves the address as it was', async () => {
  await using app = await startApp()
  const [ada, eve] = [await app.signUp(), await app.signUp()]
  await requestChange(app, ada.accessToken, 'a@example.com')
  await requestChange(app, eve.accessToken, 'e@example.com')
  await app.ask('PUT', `/auth/v1/admin/users/${ada.id}`, { token: app.admin, body: { ban_duration: '1h' } })
  await app.ask('DELETE', `/auth/v1/admin/users/${eve.id}`, { token: app.admin })
  expect(errorOf(await confirmChange(app, await tokenTo(app, 'a@example.com')))).toEqual([403, 'user_inactive'])
  expect(errorOf(await confirmChange(app, await tokenTo(app, 'e@example.com')))).toEqual([404, 'token_not_found'])
  expect(await usersWith(app, 'a@example.com')).toEqual([])
})

// The surface

test('an invalid address is refused, naming the field', async () => {
  await using app = await startApp()
  const bad = [
    '',
    'x',
    'a@b@c',
    'a b@example.com',
    'a\u0000@example.com',
    '"quoted local"@example.com',
    'a＠example.com',
  ]
  for (const path of ['/password/reset/request', '/magic-link/send'])
    for (const email of [...bad, `${'x'.repeat(320)}@example.com`]) {
      const reply = await post(app, path, { email })
      expect(reply).toMatchObject({ status: 422, body: { error: 'validation_error', detail: 'email' } })
      expect(Object.keys(reply.body).sort()).toEqual(['detail', 'error', 'message'])
    }
  expect((await post(app, '/magic-link/send', {})).status).toBe(422)
})

test('a malformed body is a bad request, never a fault', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const paths = [
    ...['/password/reset/request', '/password/reset/complete', '/email/change/request', '/email/change/confirm'],
    ...['/magic-link/send', '/magic-link/verify'],
  ]
  const fields = ['email', 'token', 'new_password', 'new_email']
  const wrong = [1, true, [], {}, ['x']].map((value) =>
    JSON.stringify(Object.fromEntries(fields.map((field) => [field, value]))),
  )
  for (const path of paths) {
    for (const raw of ['', '{', '[]', '"x"', 'null', '1', ...wrong]) {
      const reply = await app.ask('POST', `/api/auth${path}`, { raw, token: ada.accessToken })
      expect([path, raw, reply.status < 500 && reply.status >= 400]).toEqual([path, raw, true])
      expect(reply.body).toMatchObject({ error: expect.any(String), message: expect.any(String) })
    }
    const huge = await app.ask('POST', `/api/auth${path}`, { raw: 'x'.repeat(1_100_000), token: ada.accessToken })
    expect(huge.status).toBe(413)
  }
})

test('a wrong method is 405 with the allowed ones, and an unknown path 404, in the format of the surface', async () => {
  await using app = await startApp()
  for (const path of ['/password/reset/request', '/email/change/confirm', '/magic-link/verify'])
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
      const reply = await app.ask(method, `/api/auth${path}`)
      expect(errorOf(reply)).toEqual([405, 'method_not_allowed'])
      expect(reply.headers.get('allow')).toBe('POST')
    }
  expect((await app.ask('HEAD', '/api/auth/magic-link/verify')).status).toBe(405)
  for (const path of [
    '',
    '/',
    '/nothing',
    '/magic-link',
    '/magic-link/verify/',
    '//magic-link/verify',
    '/Magic-Link/send',
  ])
    for (const method of ['GET', 'POST']) {
      const reply = await app.ask(method, `/api/auth${path}`, method === 'POST' ? { body: {} } : {})
      expect([path, ...errorOf(reply)]).toEqual([path, 404, 'not_found'])
      expect(reply.body.message).toEqual(expect.any(String))
    }
})

test('opening a link does not consume it', async () => {
  await using app = await startApp()
  const token = await linkToken(app, 'ada@example.com')
  for (const method of ['GET', 'HEAD', 'OPTIONS'])
    await app.ask(method, `/api/auth/magic-link/verify?token=${token}`, { headers: { 'sec-purpose': 'prefetch' } })
  expect((await verifyLink(app, token)).status).toBe(200)
})

test('too many requests of one client are refused with the time to wait, while others are served', async () => {
  const settings = { AUTH_RATE_LIMITS: 'on', AUTH_SMTP_MAX_FREQUENCY: '0s' }
  const bodies: Record<string, object> = {
    '/password/reset/request': { email: 'nobody@example.com' },
    '/magic-link/send': { email: 'nobody@example.com' },
    '/password/reset/complete': { token: 'x', new_password: NEW_PASSWORD },
    '/magic-link/verify': { token: 'x' },
    '/email/change/confirm': { token: 'x' },
  }
  for (const [path, body] of Object.entries(bodies)) {
    await using app = await startApp({ settings })
    const statuses: number[] = []
    for (let attempt = 0; attempt < 30; attempt++) statuses.push((await post(app, path, body)).status)
    expect(statuses).not.toContain(429)
    const refused = await post(app, path, body)
    expect([path, ...errorOf(refused)]).toEqual([path, 429, 'rate_limited'])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await post(app, path, body, { ip: '198.51.100.9' })).status).not.toBe(429)
    app.clock.advance(Number(refused.headers.get('retry-after')) * 1000)
    expect((await post(app, path, body)).status).not.toBe(429)
  }
})

test('no token and no password is logged', async () => {
  await using app = await startApp()
  const ada = await app.signUp('ada@example.com')
  const secrets = [await resetToken(app, ada.email), NEW_PASSWORD]
  await completeReset(app, secrets[0] ?? '')
  await completeReset(app, secrets[0] ?? '')
  app.clock.advance(MINUTE)
  const session = await signInByLink(app, ada.email)
  secrets.push(session.access_token, session.refresh_token, await tokenTo(app, ada.email))
  await app.ask('GET', `/api/auth/magic-link/verify?token=${secrets.at(-1)}`)
  const log = JSON.stringify(app.log())
  for (const secret of secrets) expect(log).not.toContain(secret)
})

test('an account with a second factor signs in by link and code, and the token stays valid until a correct code', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  const { body: made } = await app.ask('POST', '/auth/v1/factors/recovery-codes', { token: ada.raised.accessToken })
  const token = await linkToken(app, ada.email)
  const code = codeAt(ada.factor.secret, app.clock.now())
  const wrong = code === '000000' ? '000001' : '000000'
  for (const given of [undefined, '', wrong, 'aaaaaaaaaaaaaaaa']) {
    const { status, body } = await post(app, '/magic-link/verify', { token, code: given })
    expect([status, body.error]).toEqual([401, 'mfa_required'])
  }
  app.clock.advance(30_000)
  const right = codeAt(ada.factor.secret, app.clock.now())
  const signedIn = await post(app, '/magic-link/verify', { token, code: right })
  expect(signedIn.status).toBe(200)
  const { body: sessions } = await app.ask('GET', '/auth/v1/sessions', { token: signedIn.body.access_token })
  const [newest] = sessions
  expect([newest.current, newest.aal, newest.amr.map(({ method }: Json) => method).sort()]).toEqual([
    true,
    'aal2',
    ['otp', 'totp'],
  ])
  app.clock.advance(120_000)
  const second = await linkToken(app, ada.email)
  const replayed = await post(app, '/magic-link/verify', { token: second, code: right })
  expect([replayed.status, replayed.body.error]).toEqual([401, 'mfa_required'])
  expect((await post(app, '/magic-link/verify', { token: second, code: made.codes[0] })).status).toBe(200)
  app.clock.advance(120_000)
  const third = await linkToken(app, ada.email)
  expect((await post(app, '/magic-link/verify', { token: third, code: made.codes[0] })).status).toBe(401)
})

test('threat T7: attempts at a second factor by link count together with those of the gotrue surface', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  const token = await linkToken(app, ada.email)
  for (let guess = 0; guess < 10; guess++)
    expect((await post(app, '/magic-link/verify', { token, code: 'aaaaaaaaaaaaaaaa' })).status).toBe(401)
  const closed = await post(app, '/magic-link/verify', { token, code: codeAt(ada.factor.secret, app.clock.now()) })
  expect([closed.status, closed.body.error, closed.headers.get('retry-after')]).toEqual([429, 'rate_limited', '900'])
  expect(refusal(await pass(app, ada.raised.accessToken, ada.factor))).toEqual([429, 'over_request_rate_limit'])
})

test('the response does not reveal that no mail is sent because of the limit, for known and unknown addresses', async () => {
  await using app = await startApp({
    settings: {
      AUTH_MAILER_AUTOCONFIRM: 'false',
      AUTH_RATE_LIMITS: 'on',
      AUTH_RATE_LIMIT_EMAIL_SENT: '1',
      AUTH_SMTP_HOST: 'mail.example.com',
      AUTH_SMTP_ADMIN_EMAIL: 'auth@example.com',
    },
  })
  await confirmedUser(app, 'known@example.com')
  await app.ask('POST', '/auth/v1/otp', { body: { email: 'another@example.com' } })
  for (const path of ['/password/reset/request', '/magic-link/send'])
    for (const email of ['known@example.com', 'nobody@example.com'])
      expect([path, email, (await post(app, path, { email })).status]).toEqual([path, email, 200])
})

test.each([
  ['/password/reset/complete', { new_password: 'correct-horse-battery-9' }],
  ['/email/change/confirm', {}],
  ['/magic-link/verify', {}],
  ['/introspect', {}],
])('%s without a token is a bad request that names the field', async (path, body) => {
  await using app = await startApp()
  for (const given of [body, { ...body, token: null }]) {
    const reply = await app.ask('POST', `/api/auth${path}`, {
      body: given,
      headers: { 'content-type': 'application/json' },
    })
    expect([reply.status, reply.body.error, reply.body.detail ?? reply.body.field]).toEqual([
      422,
      'validation_error',
      'token',
    ])
  }
})
