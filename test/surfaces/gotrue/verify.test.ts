import { expect, test } from 'bun:test'
import { withMessage, withSession } from '../../../src/surfaces/gotrue/redirect-response'
import { PASSWORD, passwordGrant, refresh, startApp, type TestApp } from '../../support/app'
import {
  confirmedUser,
  differentCode,
  landingOf,
  lastMessageTo,
  type MailboxEntry,
  mailboxOf,
  open,
  userOf,
  verify,
  WITH_CONFIRMATION,
  WITH_PHONE,
} from '../../support/mail'

const ADA = 'ada@example.com'
const NEW = 'another-password-1'
const SITE = 'http://localhost:3000'
const INVALID = { code: 'otp_expired', message: 'Email link is invalid or has expired' }
const WRONG = { code: 'otp_expired', message: 'Token has expired or is invalid' }
const FAILED = '#error=access_denied&error_code=otp_expired&error_description=Email+link+is+invalid+or+has+expired&sb='

const start = (settings = {}) => startApp({ settings: { ...WITH_CONFIRMATION, ...settings } })

/** How each message is requested, and the state of the account after it was verified. */
interface Story {
  settings?: Record<string, string>
  to?: string
  begin(app: TestApp): Promise<unknown>
  holds: object
}

const CONFIRMED = { email: ADA, email_confirmed_at: expect.any(String), confirmed_at: expect.any(String) }
const identityOf = (email: string) => ({ provider: 'email', email, identity_data: { email, email_verified: true } })

const signUp = (app: TestApp, body: object = {}) =>
  app.ask('POST', '/auth/v1/signup', { body: { email: ADA, password: PASSWORD, ...body } })
const sendOtp = (app: TestApp, body: object = { email: ADA }) => app.ask('POST', '/auth/v1/otp', { body })
const recover = (app: TestApp, email = ADA) => app.ask('POST', '/auth/v1/recover', { body: { email } })

const STORIES: Record<string, Story> = {
  signup: {
    begin: (app) => signUp(app, { data: { name: 'Ada' } }),
    holds: {
      ...CONFIRMED,
      user_metadata: { name: 'Ada', email: ADA, email_verified: true },
      app_metadata: { provider: 'email', providers: ['email'] },
      identities: [identityOf(ADA)],
    },
  },
  invite: {
    begin: (app) =>
      app.ask('POST', '/auth/v1/invite', { token: app.admin, body: { email: ADA, data: { name: 'Ada' } } }),
    holds: { ...CONFIRMED, user_metadata: { name: 'Ada', email_verified: true }, identities: [identityOf(ADA)] },
  },
  magiclink: {
    begin: async (app) => [await confirmedUser(app, ADA), await sendOtp(app)],
    holds: CONFIRMED,
  },
  recovery: {
    begin: async (app) => [await confirmedUser(app, ADA), await recover(app)],
    holds: CONFIRMED,
  },
  email: { begin: (app) => sendOtp(app), holds: { ...CONFIRMED, identities: [identityOf(ADA)] } },
  email_change: {
    settings: { AUTH_MAILER_SECURE_EMAIL_CHANGE_ENABLED: 'false' },
    to: 'lovelace@example.com',
    begin: async (app) => {
      await confirmedUser(app, ADA)
      const { accessToken: token } = await app.signIn(ADA)
      return app.ask('PUT', '/auth/v1/user', { token, body: { email: 'lovelace@example.com' } })
    },
    holds: { email: 'lovelace@example.com', identities: [identityOf('lovelace@example.com')] },
  },
}

interface Answer {
  session?: { accessToken: string; refreshToken: string }
  refused?: string
}

/** The three ways to verify a mail. */
const WAYS: Record<string, (app: TestApp, type: string, mail: MailboxEntry, to: string) => Promise<Answer>> = {
  link: async (app, type, { token }) => {
    const { fragment } = await open(app, `/auth/v1/verify?token=${token}&type=${type}&redirect_to=${SITE}`)
    const { access_token: accessToken = '', refresh_token: refreshToken = '', error_code } = fragment
    return error_code === undefined ? { session: { accessToken, refreshToken } } : { refused: error_code }
  },
  code: async (app, type, { code }, to) => answerOf(await verify(app, { type, email: to, token: code })),
  token_hash: async (app, type, { token }) => answerOf(await verify(app, { type, token_hash: token })),
}

const answerOf = ({ status, body }: Awaited<ReturnType<typeof verify>>): Answer =>
  status === 200
    ? { session: { accessToken: body.access_token, refreshToken: body.refresh_token } }
    : { refused: body.code }

const MATRIX = Object.keys(STORIES).flatMap((type) => Object.keys(WAYS).map((way): [string, string] => [type, way]))

/** An app in which a message of this type has arrived. */
async function arrived(type: string, settings: Record<string, string> = {}) {
  const story = STORIES[type] as Story
  const app = await start({ ...story.settings, ...settings })
  await story.begin(app)
  const to = story.to ?? ADA
  return { app, to, story, mail: await lastMessageTo(app, to) }
}

test.each(MATRIX)('a message of type %s, verified by %s, signs in and takes effect', async (type, way) => {
  const { app, to, mail, story } = await arrived(type)
  await using _ = app
  const { session } = await (WAYS[way] as (typeof WAYS)[string])(app, type, mail, to)
  const user = await userOf(app, session?.accessToken ?? '')
  expect(user).toMatchObject(story.holds)
  expect(user).not.toHaveProperty('new_email')
  expect((await refresh(app, session?.refreshToken ?? '')).status).toBe(200)
})

test.each(MATRIX)('a message of type %s works once: by %s, and then in no way', async (type, way) => {
  const { app, to, mail } = await arrived(type)
  await using _ = app
  expect((await WAYS[way]?.(app, type, mail, to))?.session).toBeDefined()
  for (const again of Object.values(WAYS)) expect((await again(app, type, mail, to)).refused).toBe('otp_expired')
})

test.each(MATRIX)('an expired message of type %s is refused by %s, also before a sweep', async (type, way) => {
  const { app, to, mail } = await arrived(type, { AUTH_MAILER_OTP_EXP: '600s' })
  await using _ = app
  app.clock.advance(600_000)
  expect((await WAYS[way]?.(app, type, mail, to))?.refused).toBe('otp_expired')
})

// threat T41.
test.each(Object.entries(WAYS))('a newer message invalidates older ones of its kind: %s', async (_way, answer) => {
  await using app = await start()
  await confirmedUser(app, ADA)
  await sendOtp(app)
  const older = await lastMessageTo(app, ADA)
  app.clock.advance(60_000)
  await sendOtp(app)
  const newer = await lastMessageTo(app, ADA)
  expect(newer.token).not.toBe(older.token)
  if (newer.code !== older.code) expect((await answer(app, 'magiclink', older, ADA)).refused).toBe('otp_expired')
  expect((await answer(app, 'magiclink', newer, ADA)).session).toBeDefined()
})

// threat T38: a mismatch of kind or address is refused, and consumes nothing.
test.each(MATRIX)(
  'a message of type %s is refused under every other type, by %s, and stays valid',
  async (type, way) => {
    const { app, to, mail } = await arrived(type)
    await using _ = app
    const answer = WAYS[way] as (typeof WAYS)[string]
    const alike: Record<string, string[]> = {
      signup: ['signup', 'invite', 'email'],
      invite: ['signup', 'invite', 'email'],
      magiclink: ['magiclink', 'recovery', 'email'],
      recovery: ['magiclink', 'recovery', 'email'],
      email: ['signup', 'invite', 'email'],
      email_change: ['email_change'],
    }
    const others = Object.keys(STORIES).filter((other) => !alike[type]?.includes(other))
    for (const other of others)
      expect([other, (await answer(app, other, mail, to)).refused]).toEqual([other, 'otp_expired'])
    expect((await answer(app, type, mail, to)).session).toBeDefined()
  },
)

test('a code works only for the address that it was sent to', async () => {
  await using app = await start()
  await confirmedUser(app, ADA)
  await confirmedUser(app, 'eve@example.com')
  await sendOtp(app)
  const { code } = await lastMessageTo(app, ADA)
  for (const email of ['eve@example.com', 'nobody@example.com']) {
    const { status, body } = await verify(app, { type: 'magiclink', email, token: code })
    expect([status, body]).toEqual([403, WRONG])
  }
  expect((await verify(app, { type: 'magiclink', email: 'ADA@Example.com', token: code })).body.user.email).toBe(ADA)
})

// threat T38: prefix collision and one flipped bit.
test('a slightly changed token is refused', async () => {
  await using app = await start()
  await signUp(app)
  const { token } = await lastMessageTo(app, ADA)
  const bytes = Buffer.from(token, 'base64url')
  const flipped = Buffer.from(bytes)
  flipped[31] = (flipped[31] as number) ^ 1
  const wrong = [
    flipped.toString('base64url'),
    token.slice(0, 8),
    token.slice(0, -1),
    `${token}A`,
    token.slice(0, 8) + 'A'.repeat(35),
    token.toLowerCase(),
    '%00',
    'x'.repeat(4000),
    "' or 1=1 --",
  ]
  for (const token_hash of wrong) {
    const { status, body } = await verify(app, { type: 'signup', token_hash })
    expect([token_hash, status, body]).toEqual([token_hash, 403, INVALID])
  }
  expect((await verify(app, { type: 'signup', token_hash: token })).status).toBe(200)
})

// threat T6.
test('five wrong codes invalidate the code, but not the link in the same mail', async () => {
  await using app = await start()
  await signUp(app)
  const { code, token } = await lastMessageTo(app, ADA)
  const guess = (guessed: string) => verify(app, { type: 'signup', email: ADA, token: guessed })
  for (let by = 1; by <= 5; by++) expect((await guess(differentCode(code, by))).body).toEqual(WRONG)
  expect((await guess(code)).body).toEqual(WRONG)
  expect((await verify(app, { type: 'signup', token_hash: token })).status).toBe(200)
})

test('after four wrong codes the correct one still works', async () => {
  await using app = await start()
  await signUp(app)
  const { code } = await lastMessageTo(app, ADA)
  for (let by = 1; by <= 4; by++) await verify(app, { type: 'signup', email: ADA, token: differentCode(code, by) })
  expect((await verify(app, { type: 'signup', email: ADA, token: code })).status).toBe(200)
})

// threat T6: across parallel connections.
test('simultaneous attempts at one code are limited to five, too', async () => {
  await using app = await start()
  await signUp(app)
  const { code } = await lastMessageTo(app, ADA)
  const guesses = [...Array.from({ length: 40 }, (_, by) => differentCode(code, by + 1)), code]
  const replies = await Promise.all(guesses.map((token) => verify(app, { type: 'signup', email: ADA, token })))
  expect(replies.map(({ status }) => status)).toEqual(guesses.map(() => 403))
})

// threat T6: an attempt that could match two codes counts for both.
test('if one type accepts two codes, wrong attempts count for both', async () => {
  await using app = await start()
  await signUp(app)
  const older = await lastMessageTo(app, ADA)
  app.clock.advance(1000)
  await recover(app)
  const newer = await lastMessageTo(app, ADA)
  const wrong = Array.from({ length: 20 }, (_, index) => String(index).padStart(6, '0'))
    .filter((code) => code !== older.code && code !== newer.code)
    .slice(0, 5)
  for (const token of wrong) await verify(app, { type: 'email', email: ADA, token })
  for (const { code } of [older, newer])
    expect((await verify(app, { type: 'email', email: ADA, token: code })).body).toEqual(WRONG)
})

// threat T6.
test('an address allows twenty wrong codes an hour, for all codes and clients together', async () => {
  await using app = await start({ AUTH_RATE_LIMITS: 'on' })
  await confirmedUser(app, ADA)
  let ip = 0
  const guess = async (token: string) =>
    verify(app, { type: 'magiclink', email: ADA, token }, { ip: `198.51.100.${++ip}` })
  for (let round = 0; round < 4; round++) {
    await sendOtp(app)
    const { code } = await lastMessageTo(app, ADA)
    for (let by = 1; by <= 5; by++) expect((await guess(differentCode(code, by))).status).toBe(403)
    app.clock.advance(60_000)
  }
  await sendOtp(app)
  const last = await lastMessageTo(app, ADA)
  expect((await guess(last.code)).body.code).toBe('over_request_rate_limit')
  expect((await verify(app, { type: 'magiclink', token_hash: last.token })).status).toBe(200)
})

// threat T37.
test.each(Object.entries(WAYS))(
  'of 100 simultaneous verifications of one message by %s, one succeeds',
  async (_way, answer) => {
    await using app = await start()
    await signUp(app)
    const mail = await lastMessageTo(app, ADA)
    const answers = await Promise.all(Array.from({ length: 100 }, () => answer(app, 'signup', mail, ADA)))
    const [session] = answers.flatMap((each) => each.session ?? [])
    expect(answers.filter((each) => each.session)).toHaveLength(1)
    expect(answers.filter(({ refused }) => refused === 'otp_expired')).toHaveLength(99)
    const { body } = await app.ask('GET', '/auth/v1/sessions', { token: session?.accessToken ?? '' })
    expect(body).toHaveLength(1)
  },
)

// threat T37.
test('of 100 simultaneous uses of the link, token and code of one message, one succeeds', async () => {
  await using app = await start()
  await confirmedUser(app, ADA)
  await sendOtp(app)
  const mail = await lastMessageTo(app, ADA)
  const ways = Object.values(WAYS)
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) => ways[index % 3]?.(app, 'magiclink', mail, ADA)),
  )
  expect(answers.filter((answer) => answer?.session)).toHaveLength(1)
})

test('verifying one message invalidates all others to the same user', async () => {
  await using app = await start()
  await signUp(app)
  const confirmation = await lastMessageTo(app, ADA)
  await recover(app)
  const recovery = await lastMessageTo(app, ADA)
  expect((await verify(app, { type: 'recovery', token_hash: recovery.token })).status).toBe(200)
  expect((await verify(app, { type: 'signup', token_hash: confirmation.token })).body).toEqual(INVALID)
  expect((await verify(app, { type: 'signup', email: ADA, token: confirmation.code })).body).toEqual(WRONG)
})

// threat T41.
test('messages to an address that an administrator has replaced are invalid', async () => {
  await using app = await start()
  const { id } = await confirmedUser(app, ADA)
  await sendOtp(app)
  const mail = await lastMessageTo(app, ADA)
  const body = { email: 'lovelace@example.com', email_confirm: true }
  await app.ask('PUT', `/auth/v1/admin/users/${id}`, { token: app.admin, body })
  for (const answer of Object.values(WAYS))
    expect((await answer(app, 'magiclink', mail, ADA)).refused).toBe('otp_expired')
})

test('a recovery confirms the address that it was sent to', async () => {
  await using app = await start()
  await signUp(app)
  await recover(app)
  const { token } = await lastMessageTo(app, ADA, 'recovery')
  const { body } = await verify(app, { type: 'recovery', token_hash: token })
  expect(body.user).toMatchObject({ ...CONFIRMED, user_metadata: { email_verified: true } })
})

test.each([
  [{}, 400, 'validation_failed', 'Verify requires a verification type'],
  [{ type: '', token: '123456', email: ADA }, 400, 'validation_failed', 'Verify requires a verification type'],
  [{ type: 'signup' }, 400, 'validation_failed', 'Verify requires either a token or a token hash'],
  [{ type: 'signup', email: ADA }, 400, 'validation_failed', 'Verify requires either a token or a token hash'],
  [
    { type: 'signup', token: '1', token_hash: 'x' },
    400,
    'validation_failed',
    'Verify requires either a token or a token hash',
  ],
  [
    { type: 'signup', token: '123456' },
    400,
    'validation_failed',
    'Only an email address or phone number should be provided on verify',
  ],
  [
    { type: 'sms', token: '123456', email: ADA, phone: '15551230000' },
    400,
    'validation_failed',
    'Only an email address or phone number should be provided on verify',
  ],
  [{ type: 'signup', token: '123456', email: 'nope' }, 422, 'validation_failed', 'Invalid email format'],
  [
    { type: 'sms', token: '123456', phone: '0' },
    400,
    'validation_failed',
    'Invalid phone number format (E.164 required)',
  ],
  [
    { type: 'signup', token_hash: 'x', email: ADA },
    400,
    'validation_failed',
    'Only the token_hash and type should be provided',
  ],
  [
    { type: 'signup', token_hash: 'x', phone: '15551230000' },
    400,
    'validation_failed',
    'Only the token_hash and type should be provided',
  ],
  [
    { type: 'signup', token_hash: 'x', redirect_to: SITE },
    400,
    'validation_failed',
    'Only the token_hash and type should be provided',
  ],
  [{ type: 'sms', token_hash: 'x' }, 400, 'validation_failed', 'Invalid email verification type'],
  [{ type: 'constructor', token_hash: 'x' }, 400, 'validation_failed', 'Invalid email verification type'],
  [{ type: 'signup', token_hash: 'x' }, 403, 'otp_expired', INVALID.message],
  [{ type: 'signup', token: '123456', email: 'nobody@example.com' }, 403, 'otp_expired', WRONG.message],
  [{ type: 'sms', token: '123456', phone: '15551230000' }, 403, 'otp_expired', WRONG.message],
  [{ type: 7, token_hash: 'x' }, 400, 'bad_json', expect.any(String)],
])('POST %j is refused', async (body, status, code, message) => {
  await using app = await start(WITH_PHONE)
  const reply = await verify(app, body)
  expect([reply.status, reply.body.code, reply.body.message]).toEqual([status, code, message])
})

test('a query next to the body is ignored: auth-js puts redirect_to there', async () => {
  await using app = await start()
  await signUp(app)
  const { token } = await lastMessageTo(app, ADA)
  const reply = await app.ask('POST', `/auth/v1/verify?redirect_to=${SITE}/x`, {
    body: { type: 'signup', token_hash: token },
  })
  expect([reply.status, reply.body.token_type]).toEqual([200, 'bearer'])
})

test('a session from a code or link has its method in amr', async () => {
  await using app = await start()
  await signUp(app)
  const { token } = await lastMessageTo(app, ADA)
  const { status, body, headers } = await verify(app, { type: 'signup', token_hash: token })
  expect([status, headers.get('cache-control'), body.expires_in, body.token_type]).toEqual([
    200,
    'no-store',
    3600,
    'bearer',
  ])
  const { body: sessions } = await app.ask('GET', '/auth/v1/sessions', { token: body.access_token })
  expect(sessions).toMatchObject([{ aal: 'aal1', amr: [{ method: 'otp' }], current: true }])
})

// Redirects of links.

test('a link redirects with a session in the fragment, its keys in alphabetical order', async () => {
  await using app = await start({ AUTH_URI_ALLOW_LIST: 'https://app.example.com/**' })
  await app.ask('POST', '/auth/v1/signup?redirect_to=https://app.example.com/welcome?a=1%26b=2', {
    body: { email: ADA, password: PASSWORD },
  })
  const { link } = await lastMessageTo(app, ADA)
  const reply = await app.ask('GET', link)
  const { location, fragment } = landingOf(reply)
  expect([reply.status, reply.headers.get('cache-control'), reply.headers.get('referrer-policy')]).toEqual([
    303,
    'no-store',
    'no-referrer',
  ])
  expect(location).toStartWith('https://app.example.com/welcome?a=1&b=2#access_token=')
  expect(Object.keys(fragment)).toEqual([
    'access_token',
    'expires_at',
    'expires_in',
    'refresh_token',
    'sb',
    'token_type',
    'type',
  ])
  expect(fragment).toMatchObject({ expires_in: '3600', sb: '', token_type: 'bearer', type: 'signup' })
  expect(Number(fragment.expires_at)).toBe(app.clock.now() / 1000 + 3600)
})

test('a target that is not allowed is silently replaced by the site', async () => {
  await using app = await start()
  for (const target of [
    'https://evil.example/',
    'javascript:alert(1)',
    '//evil.example',
    'http://localhost:3000@evil.example',
  ]) {
    const { status, location } = await open(
      app,
      `/auth/v1/verify?token=x&type=signup&redirect_to=${encodeURIComponent(target)}`,
    )
    expect([target, status, location]).toEqual([target, 303, SITE + FAILED])
  }
})

test('an invalid link redirects with the error, and nothing else', async () => {
  await using app = await start()
  expect(await open(app, '/auth/v1/verify?token=x&type=signup')).toMatchObject({ status: 303, location: SITE + FAILED })
})

test('an invalid PKCE link has the error in the query, too', async () => {
  await using app = await start()
  const { location } = await open(app, `/auth/v1/verify?token=pkce_x&type=signup&redirect_to=${SITE}/cb?z=1`)
  expect(location).toBe(
    `${SITE}/cb?error=access_denied&error_code=otp_expired&error_description=Email+link+is+invalid+or+has+expired&z=1${FAILED}`,
  )
})

test('an unknown link type is an invalid request', async () => {
  await using app = await start()
  for (const type of ['sms', 'phone_change', 'nope', 'toString'])
    expect((await open(app, `/auth/v1/verify?token=x&type=${type}`)).location).toBe(
      `${SITE}#error=invalid_request&error_code=validation_failed&error_description=Invalid+email+verification+type&sb=`,
    )
})

test('a PKCE link opened with the type of another flow is an invalid request, and stays usable', async () => {
  await using app = await start()
  await confirmedUser(app, ADA)
  const challenge = { code_challenge: 'x'.repeat(43), code_challenge_method: 'plain' }
  await app.ask('POST', '/auth/v1/recover', { body: { email: ADA, ...challenge } })
  const { token } = await lastMessageTo(app, ADA)
  const { fragment, query } = await open(app, `/auth/v1/verify?token=${token}&type=magiclink`)
  expect(fragment).toMatchObject({ error: 'invalid_request', error_code: 'flow_state_not_found', sb: '' })
  expect(fragment.error_description).toStartWith('No associated flow state found.')
  expect(query).toMatchObject({ error: 'invalid_request', error_code: 'flow_state_not_found' })
  expect((await open(app, `/auth/v1/verify?token=${token}&type=recovery`)).query.code).toBeString()
})

test('a status that OAuth has no name for has no `error`', async () => {
  await using app = await start({ AUTH_MAILER_SECURE_EMAIL_CHANGE_ENABLED: 'false' })
  await confirmedUser(app, ADA)
  const { accessToken: token } = await app.signIn(ADA)
  await app.ask('PUT', '/auth/v1/user', { token, body: { email: 'taken@example.com' } })
  const { link } = await lastMessageTo(app, 'taken@example.com')
  await confirmedUser(app, 'taken@example.com')
  expect((await open(app, link)).location).toBe(
    `${SITE}#error_code=email_exists&error_description=A+user+with+this+email+address+has+already+been+registered&sb=`,
  )
})

test('values are escaped twice in the fragment of a message, and once in that of a session', () => {
  const told = { error_description: 'Ask again: 1%' }
  expect(withMessage(SITE, told)).toBe(`${SITE}#error_description=Ask+again%253A+1%2525`)
  expect(withSession(SITE, told)).toBe(`${SITE}#error_description=Ask+again%3A+1%25`)
})

test('over the rate limit, a link gets JSON and is not consumed', async () => {
  await using app = await start({ AUTH_RATE_LIMITS: 'on', AUTH_RATE_LIMIT_VERIFY: '30' })
  await signUp(app)
  const { link } = await lastMessageTo(app, ADA)
  const ip = '198.51.100.1'
  for (let request = 0; request < 30; request++)
    expect((await open(app, '/auth/v1/verify?token=x&type=signup', { ip })).status).toBe(303)
  const reply = await app.ask('GET', link, { ip })
  expect([reply.status, reply.body.code, reply.headers.get('location')]).toEqual([429, 'over_request_rate_limit', null])
  expect((await open(app, link)).fragment.access_token).toBeString()
})

test.each([
  ['', 'Verify requires a verification type'],
  ['?token=x', 'Verify requires a verification type'],
  ['?type=signup', 'Verify requires a token or a token hash'],
  ['?type=signup&token=', 'Verify requires a token or a token hash'],
  ['?type=signup&token_hash=x', 'Verify requires a token or a token hash'],
])('GET /verify%s returns JSON', async (query, message) => {
  await using app = await start()
  const { status, body } = await app.ask('GET', `/auth/v1/verify${query}`)
  expect([status, body]).toEqual([400, { code: 'validation_failed', message }])
})

// threat T39: opening a link without a click does not consume it.

test.each<[string, string, Record<string, string>]>([
  ['HEAD', 'HEAD', {}],
  ['OPTIONS', 'OPTIONS', {}],
  ['a preflight', 'OPTIONS', { origin: SITE, 'access-control-request-method': 'GET' }],
  ['a prefetch', 'GET', { 'sec-purpose': 'prefetch' }],
  ['a prerender', 'GET', { 'sec-purpose': 'prefetch;prerender' }],
  ['an older prefetch', 'GET', { purpose: 'prefetch' }],
  ['a preview of Safari', 'GET', { 'x-purpose': 'preview' }],
  ['an older prefetch of Firefox', 'GET', { 'x-moz': 'prefetch' }],
  ['Slack', 'GET', { 'user-agent': 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)' }],
  ['Outlook', 'GET', { 'user-agent': 'Mozilla/4.0 (compatible; ms-office; MSOffice rmj) Microsoft Outlook 16.0' }],
  ['Barracuda', 'GET', { 'user-agent': 'Mozilla/5.0 (compatible; BarracudaCentral; http://www.barracudacentral.org)' }],
  ['Google', 'GET', { 'user-agent': 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)' }],
  ['WhatsApp', 'GET', { 'user-agent': 'WhatsApp/2.23.20.0 A' }],
])('%s opens a link without consuming it', async (_, method, headers) => {
  await using app = await start()
  await signUp(app)
  const { link } = await lastMessageTo(app, ADA)
  const reply = await app.ask(method, link, { headers })
  expect(reply.headers.get('location')).toBeNull()
  expect(reply.text).not.toContain('access_token')
  expect((await passwordGrant(app, { email: ADA, password: PASSWORD })).body.code).toBe('email_not_confirmed')
  expect((await open(app, link)).fragment.access_token).toBeString()
})

test.each([
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0',
  'curl/8.5.0',
])('%s counts as a click', async (userAgent) => {
  await using app = await start()
  await signUp(app)
  const { link } = await lastMessageTo(app, ADA)
  expect((await open(app, link, { headers: { 'user-agent': userAgent } })).fragment.access_token).toBeString()
})

/** Submits the form of the page that a link showed, resolving its action like a browser. */
async function press(app: TestApp, link: string, page: string) {
  const action = /<form method="post" action="([^"]*)">/.exec(page)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const { pathname, search } = new URL(action, `http://localhost:7020${link}`)
  return landingOf(await app.ask('POST', pathname + search, { raw: '' }))
}

test.each(['signup', 'magiclink', 'recovery', 'invite', 'email_change', 'email'])(
  'with link confirmation, a link of type %s shows a page, whose button completes it',
  async (type) => {
    const { app, mail } = await arrived(type, { AUTH_MAILER_LINK_CONFIRMATION: 'true' })
    await using _ = app
    for (let look = 0; look < 3; look++) {
      const reply = await app.ask('GET', mail.link)
      expect([reply.status, reply.headers.get('content-type'), reply.headers.get('cache-control')]).toEqual([
        200,
        'text/html; charset=utf-8',
        'no-store',
      ])
      expect(reply.headers.get('referrer-policy')).toBe('no-referrer')
    }
    const { headers, text } = await app.ask('GET', mail.link)
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; img-src 'self'; form-action 'self' http:\/\/localhost:3000; base-uri 'none'; frame-ancestors 'none'$/,
    )
    expect(text).not.toContain('<script')
    const pressed = await press(app, mail.link, text)
    expect(pressed).toMatchObject({ status: 303, fragment: { access_token: expect.any(String) } })
    expect((await press(app, mail.link, text)).location).toBe(SITE + FAILED)
  },
)

test('the page of a link with a trailing slash has a working button, too', async () => {
  await using app = await start({ AUTH_MAILER_LINK_CONFIRMATION: 'true' })
  await signUp(app)
  const link = (await lastMessageTo(app, ADA)).link.replace('/verify?', '/verify/?')
  const { text } = await app.ask('GET', link)
  expect((await press(app, link, text)).fragment.access_token).toBeString()
})

test('the page is shown for an invalid link, too: only the button reveals it', async () => {
  await using app = await start({ AUTH_MAILER_LINK_CONFIRMATION: 'true' })
  const link = '/auth/v1/verify?token=x&type=signup'
  const { status, text } = await app.ask('GET', link)
  expect(status).toBe(200)
  expect((await press(app, link, text)).location).toBe(SITE + FAILED)
})

// Users who may not sign in.

test.each(Object.entries(WAYS))(
  'a banned user is refused by %s, and the message works once the ban is over',
  async (_way, answer) => {
    await using app = await start()
    const { id } = await confirmedUser(app, ADA)
    await sendOtp(app)
    const mail = await lastMessageTo(app, ADA)
    const ban = (ban_duration: string) =>
      app.ask('PUT', `/auth/v1/admin/users/${id}`, { token: app.admin, body: { ban_duration } })
    await ban('24h')
    expect((await answer(app, 'magiclink', mail, ADA)).refused).toBe('user_banned')
    await ban('none')
    expect((await answer(app, 'magiclink', mail, ADA)).session).toBeDefined()
  },
)

test('a banned user gets a message', async () => {
  await using app = await start()
  await confirmedUser(app, ADA, { ban_duration: '24h' })
  await sendOtp(app)
  const { code, link } = await lastMessageTo(app, ADA)
  const { status, body } = await verify(app, { type: 'magiclink', email: ADA, token: code })
  expect([status, body]).toEqual([403, { code: 'user_banned', message: 'User is banned' }])
  expect((await open(app, link)).location).toBe(
    `${SITE}#error=access_denied&error_code=user_banned&error_description=User+is+banned&sb=`,
  )
})

test.each([
  ['hard', {}],
  ['soft', { should_soft_delete: true }],
])('messages to a deleted user (%s) are invalid', async (_, body) => {
  await using app = await start()
  const { id } = await confirmedUser(app, ADA)
  await sendOtp(app)
  const mail = await lastMessageTo(app, ADA)
  expect((await app.ask('DELETE', `/auth/v1/admin/users/${id}`, { token: app.admin, body })).status).toBe(200)
  for (const answer of Object.values(WAYS))
    expect((await answer(app, 'magiclink', mail, ADA)).refused).toBe('otp_expired')
})

// The direct form of recovery: `POST /verify` with a password.

/** A user with a session elsewhere who has forgotten the password. */
async function forgetful(settings = {}) {
  const app = await start(settings)
  await confirmedUser(app, ADA)
  const elsewhere = await app.signIn(ADA)
  await recover(app)
  return { app, elsewhere, ...(await lastMessageTo(app, ADA, 'recovery')) }
}

test('recovery requires new password', async () => {
  const { app, token } = await forgetful()
  await using _ = app
  for (const body of [{}, { password: '' }, { password: null }]) {
    const reply = await verify(app, { type: 'recovery', token, ...body })
    expect([reply.status, reply.body]).toEqual([
      422,
      { code: 'validation_failed', message: 'Recovery requires a new password' },
    ])
  }
  expect((await verify(app, { type: 'recovery', token, password: NEW })).status).toBe(200)
})

test('recovery updates password', async () => {
  const { app, token, elsewhere } = await forgetful()
  await using _ = app
  const { status, body } = await verify(app, { type: 'recovery', token, password: NEW })
  expect([status, body.token_type, body.user.email]).toEqual([200, 'bearer', ADA])
  expect((await passwordGrant(app, { email: ADA, password: PASSWORD })).body.code).toBe('invalid_credentials')
  expect((await passwordGrant(app, { email: ADA, password: NEW })).status).toBe(200)
  expect((await userOf(app, body.access_token)).email).toBe(ADA)
  expect((await userOf(app, elsewhere.accessToken)).code).toBe('session_not_found')
  expect((await refresh(app, elsewhere.refreshToken)).body.code).toBe('refresh_token_not_found')
  expect((await verify(app, { type: 'recovery', token, password: 'and-one-more-1' })).body).toEqual(INVALID)
  expect((await passwordGrant(app, { email: ADA, password: NEW })).status).toBe(200)
})

test.each(['link token alone', 'token_hash', 'code'])('a weak password leaves a recovery usable: %s', async (form) => {
  const { app, token, code, elsewhere } = await forgetful()
  await using _ = app
  const forms: Record<string, object> = {
    'link token alone': { token },
    token_hash: { token_hash: token },
    code: { token: code, email: ADA },
  }
  const ask = (password: string) => verify(app, { type: 'recovery', password, ...forms[form] })
  const { status, body } = await ask('abc')
  expect([status, body.code, body.weak_password]).toEqual([422, 'weak_password', { reasons: ['length'] }])
  expect((await ask('x'.repeat(73))).status).toBe(400)
  expect((await userOf(app, elsewhere.accessToken)).email).toBe(ADA)
  expect((await ask(NEW)).status).toBe(200)
  expect((await passwordGrant(app, { email: ADA, password: NEW })).status).toBe(200)
  expect((await userOf(app, elsewhere.accessToken)).code).toBe('session_not_found')
})

test('both forms of GoTrue return a session without a password, which stays unchanged', async () => {
  const { app, token, elsewhere } = await forgetful()
  await using _ = app
  expect((await verify(app, { type: 'recovery', token_hash: token })).status).toBe(200)
  expect((await passwordGrant(app, { email: ADA, password: PASSWORD })).status).toBe(200)
  expect((await userOf(app, elsewhere.accessToken)).email).toBe(ADA)
})

test('the direct form accepts only the token of a recovery', async () => {
  const { app, code } = await forgetful()
  await using _ = app
  expect((await verify(app, { type: 'recovery', token: code, password: NEW })).body).toEqual(INVALID)
  await signUp(app, { email: 'eve@example.com' })
  const { token } = await lastMessageTo(app, 'eve@example.com')
  expect((await verify(app, { type: 'recovery', token, password: NEW })).body).toEqual(INVALID)
  expect((await verify(app, { type: 'signup', token, password: NEW })).body.message).toStartWith(
    'Only an email address',
  )
})

test('of 50 simultaneous direct recoveries with as many passwords, one succeeds', async () => {
  const { app, token } = await forgetful()
  await using _ = app
  const replies = await Promise.all(
    Array.from({ length: 50 }, (_each, index) =>
      verify(app, { type: 'recovery', token, password: `another-password-${index}` }),
    ),
  )
  const winner = replies.findIndex(({ status }) => status === 200)
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
  expect((await passwordGrant(app, { email: ADA, password: `another-password-${winner}` })).status).toBe(200)
})

test('a recovery with a new password notifies the owner, if enabled', async () => {
  const { app, token } = await forgetful({ AUTH_MAILER_NOTIFICATIONS_PASSWORD_CHANGED_ENABLED: 'true' })
  await using _ = app
  await verify(app, { type: 'recovery', token, password: NEW })
  expect((await mailboxOf(app, ADA))[0]?.kind).toBe('password_changed_notification')
})
