import { expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { claimsOf, PASSWORD, startApp, type TestApp } from '../../support/app'
import { confirmedUser, lastMessageTo, open, userOf, verify, WITH_CONFIRMATION, WITH_PHONE } from '../../support/mail'

const ADA = 'ada@example.com'
const NEW = 'lovelace@example.com'
const SITE = 'http://localhost:3000'
const VERIFIER = 'a-verifier-of-more-than-43-characters.~_0123456789'
const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url')
const S256 = { code_challenge: sha256(VERIFIER), code_challenge_method: 's256' }
const PLAIN = { code_challenge: VERIFIER, code_challenge_method: 'plain' }

const start = (settings = {}) => startApp({ settings: { ...WITH_CONFIRMATION, ...settings } })
const post = (app: TestApp, path: string, body: object) => app.ask('POST', `/auth/v1${path}`, { body })
const exchange = (app: TestApp, auth_code: string | undefined, code_verifier: string | undefined = VERIFIER) =>
  post(app, '/token?grant_type=pkce', { auth_code, code_verifier })

/** How each flow starts, and the method of its session. */
interface Flow {
  begin(app: TestApp, challenge: object): Promise<unknown>
  to?: string
  method: string
}

const known = async (app: TestApp, path: string, body: object, email = ADA) => [
  await confirmedUser(app, email),
  await post(app, path, { email, ...body }),
]

const FLOWS: Record<string, Flow> = {
  'a sign-up': {
    begin: (app, challenge) => post(app, '/signup', { email: ADA, password: PASSWORD, ...challenge }),
    method: 'email/signup',
  },
  'a sign-up by OTP': {
    begin: (app, challenge) => post(app, '/otp', { email: ADA, ...challenge }),
    method: 'email/signup',
  },
  'a magic link of /otp': { begin: (app, challenge) => known(app, '/otp', challenge), method: 'magiclink' },
  'a magic link of /magiclink': { begin: (app, challenge) => known(app, '/magiclink', challenge), method: 'magiclink' },
  'a recovery': { begin: (app, challenge) => known(app, '/recover', challenge), method: 'recovery' },
  'a sign-up mail sent again': {
    begin: async (app, challenge) => {
      await post(app, '/signup', { email: ADA, password: PASSWORD })
      app.clock.advance(60_000)
      return post(app, '/resend', { type: 'signup', email: ADA, ...challenge })
    },
    method: 'email/signup',
  },
  'a change of address': {
    begin: async (app, challenge) => {
      await confirmedUser(app, ADA)
      const { accessToken: token } = await app.signIn(ADA)
      await app.ask('PUT', '/auth/v1/user', { token, body: { email: NEW, ...challenge } })
      return open(app, (await lastMessageTo(app, ADA)).link)
    },
    to: NEW,
    method: 'email_change',
  },
}

const sessionsOf = async (app: TestApp, token: string) =>
  (await app.ask('GET', '/auth/v1/sessions', { token })).body.length

test.each(
  Object.entries(FLOWS).flatMap(([name, flow]): [string, string, Flow, object][] => [
    [name, 's256', flow, S256],
    [name, 'plain', flow, PLAIN],
    [name, 'S256', flow, { ...S256, code_challenge_method: 'S256' }],
  ]),
)(
  '%s with a %s challenge ends in a code, which is exchanged with its verifier for a session',
  async (_name, _method, flow, challenge) => {
    await using app = await start()
    await flow.begin(app, challenge)
    const mail = await lastMessageTo(app, flow.to ?? ADA)
    expect(mail.token).toStartWith('pkce_')
    const { status, location, query, fragment } = await open(app, mail.link)
    expect(status).toBe(303)
    expect(Object.keys(query)).toEqual(['code'])
    expect(query.code).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect([location.includes('#'), fragment]).toEqual([false, {}])
    const reply = await exchange(app, query.code)
    expect([reply.status, reply.body.user?.email]).toEqual([200, flow.to ?? ADA])
    expect(claimsOf(reply.body.access_token)).toMatchObject({ aal: 'aal1', amr: [{ method: flow.method }] })
    expect(await userOf(app, reply.body.access_token)).toMatchObject({ email_confirmed_at: expect.any(String) })
  },
)

test('opening the link confirms the address, but the session starts with the exchange', async () => {
  await using app = await start()
  await FLOWS['a sign-up']?.begin(app, S256)
  const { query } = await open(app, (await lastMessageTo(app, ADA)).link)
  const { accessToken } = await app.signIn(ADA)
  expect(await sessionsOf(app, accessToken)).toBe(1)
  await exchange(app, query.code)
  expect(await sessionsOf(app, accessToken)).toBe(2)
})

test('the code is added to the query of the target', async () => {
  await using app = await start()
  await confirmedUser(app, ADA)
  await post(app, `/otp?redirect_to=${encodeURIComponent(`${SITE}/cb?z=1&a=2`)}`, { email: ADA, ...S256 })
  const { location, query } = await open(app, (await lastMessageTo(app, ADA)).link)
  expect(location).toBe(`${SITE}/cb?a=2&code=${query.code}&z=1`)
})

test('the first side of a change of address says so in the query and in the fragment', async () => {
  await using app = await start()
  await confirmedUser(app, ADA)
  const { accessToken: token } = await app.signIn(ADA)
  await app.ask('PUT', '/auth/v1/user', { token, body: { email: NEW, ...S256 } })
  const message = 'Confirmation link accepted. Please proceed to confirm link sent to the other email'
  const { location, query, fragment } = await open(app, (await lastMessageTo(app, NEW)).link)
  expect([query, fragment]).toEqual([{ message }, { message, sb: '' }])
  const encoded = message.replaceAll(' ', '+')
  expect(location).toBe(`${SITE}?message=${encoded}#message=${encoded}&sb=`)
})

/** A code as issued to a browser. */
async function handedOut(begin: Flow['begin'] = (app) => known(app, '/otp', S256), settings = {}) {
  const app = await start(settings)
  await begin(app, S256)
  const { query } = await open(app, (await lastMessageTo(app, ADA)).link)
  return { app, code: query.code ?? '' }
}

// threat T48.
test.each([
  'another-verifier-of-more-than-43-characters-0123456',
  sha256(VERIFIER),
  VERIFIER.slice(0, -1),
  VERIFIER.toUpperCase(),
])('the wrong verifier %s does not consume the code', async (wrong) => {
  const { app, code } = await handedOut()
  await using _ = app
  const { status, body } = await exchange(app, code, wrong)
  expect([status, body]).toEqual([
    400,
    { code: 'bad_code_verifier', message: 'code challenge does not match previously saved code verifier' },
  ])
  expect((await exchange(app, code)).status).toBe(200)
})

test('a verifier for the other challenge method is refused', async () => {
  const plain = await handedOut((app) => known(app, '/otp', { ...S256, code_challenge_method: 'plain' }))
  await using _ = plain.app
  expect((await exchange(plain.app, plain.code, VERIFIER)).body.code).toBe('bad_code_verifier')
  expect((await exchange(plain.app, plain.code, sha256(VERIFIER))).status).toBe(200)
})

// threat T48.
test('a code works once', async () => {
  const { app, code } = await handedOut()
  await using _ = app
  expect((await exchange(app, code)).status).toBe(200)
  const { status, body } = await exchange(app, code)
  expect([status, body]).toEqual([
    404,
    { code: 'flow_state_not_found', message: 'invalid flow state, no valid flow state found' },
  ])
})

// threat T48: one code in parallel requests.
test('of 50 simultaneous exchanges of one code, one opens a session', async () => {
  const { app, code } = await handedOut()
  await using _ = app
  const replies = await Promise.all(Array.from({ length: 50 }, () => exchange(app, code)))
  const opened = replies.filter(({ status }) => status === 200)
  expect(opened).toHaveLength(1)
  expect(replies.filter(({ body }) => body.code === 'flow_state_not_found')).toHaveLength(49)
  expect(await sessionsOf(app, opened[0]?.body.access_token)).toBe(1)
})

test('of 50 simultaneous requests to one link, one gets a code', async () => {
  await using app = await start()
  await known(app, '/otp', S256)
  const { link } = await lastMessageTo(app, ADA)
  const landings = await Promise.all(Array.from({ length: 50 }, () => open(app, link)))
  expect(landings.filter(({ query }) => query.code !== undefined)).toHaveLength(1)
  expect(landings.filter(({ query }) => query.error_code === 'otp_expired')).toHaveLength(49)
})

test('a code expires five minutes after the link was opened', async () => {
  await using app = await start({ AUTH_MAILER_OTP_EXP: '3600s' })
  for (const [afterMs, status] of [
    [300_000, 200],
    [300_001, 422],
  ] as const) {
    await post(app, '/signup', { email: `ada-${afterMs}@example.com`, password: PASSWORD, ...S256 })
    app.clock.advance(3_000_000)
    const { query } = await open(app, (await lastMessageTo(app, `ada-${afterMs}@example.com`)).link)
    app.clock.advance(afterMs)
    const reply = await exchange(app, query.code)
    expect(reply.status).toBe(status)
    if (status === 422)
      expect(reply.body).toEqual({
        code: 'flow_state_expired',
        message: 'invalid flow state, flow state has expired',
      })
  }
})

test('a long-lived link still ends in a code at the end of its lifetime, also after a sweep', async () => {
  await using app = await start({ AUTH_MAILER_OTP_EXP: '172800' })
  await known(app, '/otp', S256)
  app.clock.advance(172_800_000 - 1)
  await app.core.forTask().sweep()
  const { query } = await open(app, (await lastMessageTo(app, ADA)).link)
  app.clock.advance(300_000)
  await app.core.forTask().sweep()
  expect((await exchange(app, query.code)).status).toBe(200)
})

test('a code belongs to the user of its link, whatever other flows exist', async () => {
  await using app = await start()
  const ada = await confirmedUser(app, ADA)
  const eve = await confirmedUser(app, 'eve@example.com')
  const other = 'another-verifier-of-more-than-43-characters-0123456'
  await post(app, '/otp', { email: ADA, ...S256 })
  await post(app, '/otp', {
    email: 'eve@example.com',
    code_challenge: sha256(other),
    code_challenge_method: 's256',
  })
  const codeOf = async (email: string) => (await open(app, (await lastMessageTo(app, email)).link)).query.code
  const [adas, eves] = [await codeOf(ADA), await codeOf('eve@example.com')]
  expect((await exchange(app, adas, other)).body.code).toBe('bad_code_verifier')
  expect((await exchange(app, eves, VERIFIER)).body.code).toBe('bad_code_verifier')
  expect((await exchange(app, adas, VERIFIER)).body.user.id).toBe(ada.id)
  expect((await exchange(app, eves, other)).body.user.id).toBe(eve.id)
})

test('a code belongs to the challenge of its own mail, not to a later one of the same user', async () => {
  await using app = await start()
  await confirmedUser(app, ADA)
  await post(app, '/otp', { email: ADA, ...S256 })
  const { query } = await open(app, (await lastMessageTo(app, ADA)).link)
  app.clock.advance(60_000)
  const intruders = 'another-verifier-of-more-than-43-characters-0123456'
  await post(app, '/otp', { email: ADA, code_challenge: intruders, code_challenge_method: 'plain' })
  expect((await exchange(app, query.code, intruders)).body.code).toBe('bad_code_verifier')
  expect((await exchange(app, query.code)).status).toBe(200)
})

// docs/threat-model.md#t21, #t41: a password change invalidates pending codes.
test.each(['a change', 'a reset'])('a code issued before %s of the password is refused', async (what) => {
  const { app, code } = await handedOut()
  await using _ = app
  if (what === 'a change') {
    const { accessToken: token } = await app.signIn(ADA)
    const reply = await app.ask('PUT', '/auth/v1/user', { token, body: { password: 'another-password-1' } })
    expect(reply.status).toBe(200)
  } else {
    app.clock.advance(60_000)
    await post(app, '/recover', { email: ADA })
    const { token } = await lastMessageTo(app, ADA, 'recovery')
    expect((await verify(app, { type: 'recovery', token, password: 'another-password-1' })).status).toBe(200)
  }
  expect((await exchange(app, code)).body.code).toBe('flow_state_not_found')
})

test.each([
  ['banned', 'user_banned'],
  ['deleted', 'flow_state_not_found'],
  ['softly deleted', 'flow_state_not_found'],
])('a user who is %s meanwhile gets no session', async (fate, refused) => {
  const { app, code } = await handedOut()
  await using _ = app
  const { id } = await app.signIn(ADA)
  const path = `/auth/v1/admin/users/${id}`
  await (fate === 'banned'
    ? app.ask('PUT', path, { token: app.admin, body: { ban_duration: '24h' } })
    : app.ask('DELETE', path, { token: app.admin, body: { should_soft_delete: fate === 'softly deleted' } }))
  expect((await exchange(app, code)).body.code).toBe(refused)
})

test.each([
  [undefined, VERIFIER],
  ['', VERIFIER],
  ['00000000-0000-4000-8000-000000000000', ''],
  ['', ''],
])('code %j with verifier %j is an incomplete request', async (code, verifier) => {
  await using app = await start()
  const { status, body } = await exchange(app, code, verifier)
  expect([status, body]).toEqual([
    400,
    {
      code: 'validation_failed',
      message: 'invalid request: both auth code and code verifier should be non-empty',
    },
  ])
})

test.each(['00000000-0000-4000-8000-000000000000', 'nope', '\u0000', 'x'.repeat(10_000)])(
  'an unknown code is not found',
  async (code) => {
    await using app = await start()
    const { status, body } = await exchange(app, code)
    expect([status, body.code]).toEqual([404, 'flow_state_not_found'])
  },
)

test('a flow whose link was never opened has no code', async () => {
  await using app = await start()
  await known(app, '/otp', S256)
  const { token } = await lastMessageTo(app, ADA)
  for (const code of [token, token.slice(5)]) expect((await exchange(app, code)).status).toBe(404)
})

const ENDPOINTS: [string, object][] = [
  ['/signup', { email: ADA, password: PASSWORD }],
  ['/otp', { email: ADA }],
  ['/magiclink', { email: ADA }],
  ['/recover', { email: ADA }],
  ['/resend', { type: 'signup', email: ADA }],
]

const INCOMPLETE = 'PKCE flow requires code_challenge_method and code_challenge'
const LENGTH = 'code challenge has to be between 43 and 128 characters'
const CHARACTERS = 'code challenge can only contain alphanumeric characters, hyphens, periods, underscores and tildes'

// threat T48.
test.each<[object, string]>([
  [{ code_challenge: S256.code_challenge }, INCOMPLETE],
  [{ code_challenge_method: 's256' }, INCOMPLETE],
  [{ ...S256, code_challenge: '' }, INCOMPLETE],
  [{ ...S256, code_challenge: 'x'.repeat(42) }, LENGTH],
  [{ ...S256, code_challenge: 'x'.repeat(129) }, LENGTH],
  [{ ...S256, code_challenge: `${'x'.repeat(43)}+` }, CHARACTERS],
  [{ ...S256, code_challenge: `${'x'.repeat(43)}\n` }, CHARACTERS],
  [{ ...S256, code_challenge: `${'x'.repeat(43)}é` }, CHARACTERS],
  [{ ...S256, code_challenge_method: 'none' }, 'Invalid code_challenge_method'],
])('the challenge %j is refused by every endpoint, and nothing is mailed', async (challenge, message) => {
  await using app = await start()
  for (const [path, body] of ENDPOINTS) {
    const reply = await post(app, path, { ...body, ...challenge })
    expect([path, reply.status, reply.body]).toEqual([path, 400, { code: 'validation_failed', message }])
  }
  expect(await app.core.forTask().listMessages({ limit: 10 })).toEqual([])
})

test('phone numbers have no PKCE flow', async () => {
  await using app = await start(WITH_PHONE)
  const { status, body } = await post(app, '/signup', { phone: '15551230000', password: PASSWORD, ...S256 })
  expect([status, body.message]).toEqual([400, 'PKCE not supported for phone signups'])
  const half = { phone: '15551230000', password: PASSWORD, code_challenge_method: 's256' }
  expect((await post(app, '/signup', half)).body.message).toBe(INCOMPLETE)
})

// The code and token of a PKCE mail may be entered elsewhere: they open a session at once.
test.each(['code', 'token_hash'])('the %s of a PKCE mail opens a session at once', async (way) => {
  await using app = await start()
  await known(app, '/otp', S256)
  const { code, token, link } = await lastMessageTo(app, ADA)
  const reply = await verify(app, {
    type: 'magiclink',
    ...(way === 'code' ? { email: ADA, token: code } : { token_hash: token }),
  })
  expect([reply.status, reply.body.user?.email]).toEqual([200, ADA])
  expect(claimsOf(reply.body.access_token).amr).toMatchObject([{ method: 'otp' }])
  expect((await open(app, link)).query).toMatchObject({ error: 'access_denied', error_code: 'otp_expired' })
})

test('a link is unknown with a prefix that it was not sent with, or without its own, and stays usable', async () => {
  await using app = await start()
  await known(app, '/otp', S256)
  const inPkce = (await lastMessageTo(app, ADA)).token
  await known(app, '/otp', {}, 'eve@example.com')
  const implicit = (await lastMessageTo(app, 'eve@example.com')).token
  for (const token of [inPkce.slice(5), `pkce_${implicit}`, `pkce_${inPkce}`]) {
    expect((await open(app, `/auth/v1/verify?token=${token}&type=magiclink`)).fragment.error_code).toBe('otp_expired')
    const reply = await verify(app, { type: 'magiclink', token_hash: token })
    expect([reply.status, reply.body.code]).toEqual([403, 'otp_expired'])
  }
  expect((await open(app, `/auth/v1/verify?token=${inPkce}&type=magiclink`)).query.code).toBeString()
  expect((await verify(app, { type: 'magiclink', token_hash: implicit })).status).toBe(200)
})

test('direct recovery accepts the token of a PKCE mail', async () => {
  await using app = await start()
  await known(app, '/recover', S256)
  const { token } = await lastMessageTo(app, ADA)
  expect((await verify(app, { type: 'recovery', token, password: 'another-password-1' })).status).toBe(200)
})

test('with link confirmation, only the button issues the code', async () => {
  await using app = await start({ AUTH_MAILER_LINK_CONFIRMATION: 'true' })
  await known(app, '/otp', S256)
  const { link } = await lastMessageTo(app, ADA)
  const page = await app.ask('GET', link)
  expect([page.status, page.text.includes('code=')]).toEqual([200, false])
  const { headers } = await app.ask('POST', link.replace('/verify?', '/verify/confirm?'), { raw: '' })
  expect(headers.get('location')).toMatch(/^http:\/\/localhost:3000\?code=/)
})

test('codes are stored only as hashes', async () => {
  const { app, code } = await handedOut()
  await using _ = app
  const { readFileSync, existsSync } = await import('node:fs')
  for (const file of [app.database, `${app.database}-wal`])
    if (existsSync(file)) expect(readFileSync(file).includes(code)).toBe(false)
})
