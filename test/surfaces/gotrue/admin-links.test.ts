import { expect, test } from 'bun:test'
import { PASSWORD, passwordGrant, startApp, type TestApp } from '../../support/app'
import { confirmedUser, open, userOf, verify, WITH_CONFIRMATION } from '../../support/mail'

const ADA = 'ada@example.com'
const NEW = 'lovelace@example.com'
const HALF = 'Confirmation link accepted. Please proceed to confirm link sent to the other email'

const start = (settings = {}) => startApp({ settings: { ...WITH_CONFIRMATION, ...settings } })
const generate = (app: TestApp, body: object, query = '') =>
  app.ask('POST', `/auth/v1/admin/generate_link${query}`, { token: app.admin, body })
const follow = (app: TestApp, link: string) => open(app, link.replace('http://localhost:7020', ''))
const sentMails = async (app: TestApp) => (await app.core.forTask().listMessages({ limit: 100 })).length

interface Story {
  body: object
  /** The state before. */
  given?: (app: TestApp) => Promise<unknown>
  /** `type` of the link and, where it differs, `verification_type`. */
  type: string
  verificationType?: string
}

const STORIES: Record<string, Story> = {
  'a sign-up': { body: { type: 'signup', email: ADA, password: PASSWORD, data: { name: 'Ada' } }, type: 'signup' },
  'an invitation': { body: { type: 'invite', email: ADA, data: { name: 'Ada' } }, type: 'invite' },
  'a magic link': {
    body: { type: 'magiclink', email: ADA },
    given: (app) => confirmedUser(app, ADA),
    type: 'magiclink',
  },
  'a magic link for an unknown address': { body: { type: 'magiclink', email: ADA }, type: 'signup' },
  'a recovery': {
    body: { type: 'recovery', email: 'ADA@example.com' },
    given: (app) => confirmedUser(app, ADA),
    type: 'recovery',
  },
}

test.each(Object.entries(STORIES))(
  '%s returns the user with a link, a code and a token, and nothing is mailed',
  async (_, story) => {
    await using app = await start()
    await story.given?.(app)
    const { status, body } = await generate(app, story.body)
    expect(status).toBe(200)
    expect(Object.keys(body).slice(-5)).toEqual([
      'action_link',
      'email_otp',
      'hashed_token',
      'verification_type',
      'redirect_to',
    ])
    expect(body).toMatchObject({
      email: ADA,
      verification_type: story.type,
      redirect_to: 'http://localhost:3000',
      email_otp: expect.stringMatching(/^\d{6}$/),
      action_link: `http://localhost:7020/auth/v1/verify?token=${body.hashed_token}&type=${story.type}&redirect_to=http://localhost:3000`,
    })
    expect(await sentMails(app)).toBe(0)
  },
)

test.each(Object.entries(STORIES))('%s works by its link, by its code and by its token', async (_, story) => {
  for (const way of ['link', 'code', 'token'] as const) {
    await using app = await start()
    await story.given?.(app)
    const { body } = await generate(app, story.body)
    const { hashed_token: token_hash, email_otp: token, verification_type: type } = body
    const accessToken =
      way === 'link'
        ? (await follow(app, body.action_link)).fragment.access_token
        : (await verify(app, way === 'code' ? { type, email: ADA, token } : { type, token_hash })).body.access_token
    expect(await userOf(app, accessToken)).toMatchObject({ id: body.id, email_confirmed_at: expect.any(String) })
    expect((await follow(app, body.action_link)).fragment.error_code).toBe('otp_expired')
  }
})

test('the password of a generated sign-up is the one that was given', async () => {
  await using app = await start()
  const { body } = await generate(app, STORIES['a sign-up']?.body ?? {})
  expect((await passwordGrant(app, { email: ADA, password: PASSWORD })).body.code).toBe('email_not_confirmed')
  await follow(app, body.action_link)
  expect((await passwordGrant(app, { email: ADA, password: PASSWORD })).status).toBe(200)
})

test.each(['query', 'body'])('the link redirects to the target of the %s, if allowed', async (where) => {
  await using app = await start({ AUTH_URI_ALLOW_LIST: 'https://app.example.com/**' })
  await confirmedUser(app, ADA)
  const to = async (target: string) => {
    const named = { redirect_to: target }
    const body = { type: 'magiclink', email: ADA, ...(where === 'body' && named) }
    return (await generate(app, body, where === 'query' ? `?${new URLSearchParams(named)}` : '')).body
  }
  const allowed = await to('https://app.example.com/in?a=1&b=2')
  expect(allowed.redirect_to).toBe('https://app.example.com/in?a=1&b=2')
  expect((await follow(app, allowed.action_link)).location).toStartWith(
    'https://app.example.com/in?a=1&b=2#access_token',
  )
  expect((await to('https://evil.example/')).redirect_to).toBe('http://localhost:3000')
})

test('a new link invalidates older ones of its kind; magic link and recovery are one kind', async () => {
  await using app = await start()
  await confirmedUser(app, ADA)
  const links = []
  for (const type of ['magiclink', 'recovery', 'magiclink'])
    links.push((await generate(app, { type, email: ADA })).body.action_link)
  const opened = []
  for (const link of links) opened.push((await follow(app, link)).fragment.access_token !== undefined)
  expect(opened).toEqual([false, false, true])
})

test.each<[object, number, string, string]>([
  [{}, 400, 'validation_failed', 'An email address is required'],
  [{ type: 'magiclink', email: 'nope' }, 400, 'validation_failed', 'Unable to validate email address: invalid format'],
  [{ type: 'nope', email: ADA }, 400, 'validation_failed', 'Invalid email action link type requested: nope'],
  [{ type: 'toString', email: ADA }, 400, 'validation_failed', 'Invalid email action link type requested: toString'],
  [
    { type: 'email_change', email: ADA },
    400,
    'validation_failed',
    'Invalid email action link type requested: email_change',
  ],
  [{ type: 'recovery', email: 'nobody@example.com' }, 404, 'user_not_found', 'User with this email not found'],
  [
    { type: 'email_change_new', email: 'nobody@example.com', new_email: NEW },
    404,
    'user_not_found',
    'User with this email not found',
  ],
  [
    { type: 'email_change_current', email: 'nobody@example.com', new_email: NEW },
    404,
    'user_not_found',
    'User with this email not found',
  ],
  [{ type: 'email_change_new', email: ADA }, 400, 'validation_failed', 'An email address is required'],
  [
    { type: 'email_change_new', email: ADA, new_email: 'nope' },
    400,
    'validation_failed',
    'Unable to validate email address: invalid format',
  ],
  [
    { type: 'email_change_new', email: ADA, new_email: 'eve@example.com' },
    422,
    'email_exists',
    'A user with this email address has already been registered',
  ],
  [
    { type: 'signup', email: ADA, password: PASSWORD },
    422,
    'email_exists',
    'A user with this email address has already been registered',
  ],
  [{ type: 'invite', email: ADA }, 422, 'email_exists', 'A user with this email address has already been registered'],
  [{ type: 'signup', email: NEW }, 400, 'validation_failed', 'Signup requires a valid password'],
  [{ type: 'signup', email: NEW, password: 'abc' }, 422, 'weak_password', 'Password should be at least 6 characters.'],
])('%j is refused', async (body, status, code, message) => {
  await using app = await start()
  await confirmedUser(app, ADA)
  await confirmedUser(app, 'eve@example.com')
  const reply = await generate(app, body)
  expect([reply.status, reply.body.code, reply.body.message]).toEqual([status, code, message])
  expect((await app.ask('GET', '/auth/v1/admin/users', { token: app.admin })).body.users).toHaveLength(2)
})

test('only administrators generate links', async () => {
  await using app = await start()
  await confirmedUser(app, ADA)
  const { accessToken } = await app.signIn(ADA)
  for (const [token, status, code] of [
    [undefined, 401, 'no_authorization'],
    [accessToken, 403, 'not_admin'],
    [app.keys.anon, 403, 'not_admin'],
  ] as const) {
    const body = { type: 'recovery', email: ADA }
    const reply = await app.ask('POST', '/auth/v1/admin/generate_link', { body, ...(token !== undefined && { token }) })
    expect([reply.status, reply.body.code]).toEqual([status, code])
  }
})

// Changes of address: `POST /admin/generate_link`.

const half = (app: TestApp, side: 'current' | 'new', email = NEW) =>
  generate(app, { type: `email_change_${side}`, email: ADA, new_email: email })
const emailNow = async (app: TestApp, id: string) =>
  (await app.ask('GET', `/auth/v1/admin/users/${id}`, { token: app.admin })).body.email

test.each([
  ['current', 'new'],
  ['new', 'current'],
] as const)(
  'links for both addresses, generated and opened %s first, change the address together',
  async (first, second) => {
    await using app = await start()
    const { id } = await confirmedUser(app, ADA)
    const one = (await half(app, first)).body
    const other = (await half(app, second)).body
    expect([one.verification_type, one.new_email]).toEqual([`email_change_${first}`, NEW])
    expect(new URL(one.action_link).searchParams.get('type')).toBe('email_change')
    expect((await follow(app, one.action_link)).fragment.message).toBe(HALF)
    expect(await emailNow(app, id)).toBe(ADA)
    expect((await follow(app, other.action_link)).fragment.access_token).toBeString()
    expect(await emailNow(app, id)).toBe(NEW)
  },
)

test('their codes work with their own address', async () => {
  await using app = await start()
  const { id } = await confirmedUser(app, ADA)
  const current = (await half(app, 'current')).body
  const fresh = (await half(app, 'new')).body
  const answer = (email: string, token: string) => verify(app, { type: 'email_change', email, token })
  if (current.email_otp !== fresh.email_otp) expect((await answer(ADA, fresh.email_otp)).body.code).toBe('otp_expired')
  expect((await answer(NEW, fresh.email_otp)).body.msg).toBe(HALF)
  expect((await answer(ADA, current.email_otp)).body.user).toMatchObject({ id, email: NEW })
})

// threat T42: two links for one address do not count as one for each.
test.each(['current', 'new'] as const)('two links for the %s address do not change the address', async (side) => {
  await using app = await start()
  const { id } = await confirmedUser(app, ADA)
  const links = [(await half(app, side)).body.action_link, (await half(app, side)).body.action_link]
  for (const link of links) await follow(app, link)
  expect(await emailNow(app, id)).toBe(ADA)
})

// threat T42.
test.each(['current', 'new'] as const)(
  'a link for the %s address, if already confirmed, does not confirm for the other one',
  async (side) => {
    await using app = await start()
    const { id } = await confirmedUser(app, ADA)
    await follow(app, (await half(app, side)).body.action_link)
    await follow(app, (await half(app, side)).body.action_link)
    expect(await emailNow(app, id)).toBe(ADA)
  },
)

// threat T42.
test('a link for an address whose mail is already pending does not confirm for the other one', async () => {
  await using app = await start()
  const { id } = await confirmedUser(app, ADA)
  const { accessToken: token } = await app.signIn(ADA)
  await app.ask('PUT', '/auth/v1/user', { token, body: { email: NEW } })
  const [mailed] = await app.core.forTask().listMessages({ to: ADA, limit: 1 })
  await follow(app, mailed?.links[0] ?? '')
  await follow(app, (await half(app, 'current')).body.action_link)
  expect(await emailNow(app, id)).toBe(ADA)
})

test('links for another address start over', async () => {
  await using app = await start()
  const { id } = await confirmedUser(app, ADA)
  const current = (await half(app, 'current')).body
  const other = (await half(app, 'new', 'other@example.com')).body
  expect((await follow(app, current.action_link)).fragment.error_code).toBe('otp_expired')
  expect((await follow(app, other.action_link)).fragment.message).toBe(HALF)
  expect(await emailNow(app, id)).toBe(ADA)
})

test('with secure change off there is only a link for the new address', async () => {
  await using app = await start({ AUTH_MAILER_SECURE_EMAIL_CHANGE_ENABLED: 'false' })
  const { id } = await confirmedUser(app, ADA)
  const { status, body } = await half(app, 'current', 'nope')
  expect([status, body]).toEqual([
    400,
    { code: 'validation_failed', message: 'Enable secure email change to generate link for current email' },
  ])
  await follow(app, (await half(app, 'new')).body.action_link)
  expect(await emailNow(app, id)).toBe(NEW)
})
