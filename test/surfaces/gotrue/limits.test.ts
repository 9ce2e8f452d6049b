import { expect, test } from 'bun:test'
import { HOUR } from '../../../src/lib/milliseconds'
import { PASSWORD, passwordGrant, type Reply, refresh, startApp, type TestApp } from '../../support/app'
import { challenge, enrolled, verify } from '../../support/factors'

const on = { AUTH_RATE_LIMITS: 'on', AUTH_RATE_LIMIT_TOKEN_REFRESH: '1000000' }
const limited = { code: 'over_request_rate_limit', message: 'Request rate limit reached' }

const createUser = (app: TestApp, email: string) =>
  app.ask('POST', '/auth/v1/admin/users', {
    token: app.admin,
    body: { email, password: PASSWORD, email_confirm: true },
  })

/** Tries wrong passwords, each time from another address. @returns how many were checked */
async function attack(
  app: TestApp,
  times: number,
  { email = 'ada@example.com', ip = (index: number) => `198.${index >> 8}.${index & 255}.1`, headers = {} } = {},
) {
  app.hasher.verified.length = 0
  for (let index = 0; index < times; index++) {
    const { status } = await passwordGrant(app, { email, password: `guess-${index}` }, { ip: ip(index), headers })
    expect(status).toBeOneOf([400, 429])
  }
  return app.hasher.verified.length
}

test('of 300 attempts at one account 20 are checked, in any letter case of the address', async () => {
  await using app = await startApp({ settings: on })
  await createUser(app, 'ada@example.com')
  expect(await attack(app, 100)).toBe(20)
  expect(await attack(app, 100, { email: 'ADA@Example.com' })).toBe(0)
  const reply = await passwordGrant(app, { email: 'ada@example.com', password: PASSWORD }, { ip: '192.0.2.1' })
  expect([reply.status, reply.body]).toEqual([429, limited])
  expect(Number(reply.headers.get('retry-after'))).toBeWithin(1, 3601)
})

test('the limit also applies to accounts that do not exist', async () => {
  await using app = await startApp({ settings: on })
  expect(await attack(app, 50, { email: 'nobody@example.com' })).toBe(20)
})

test('the owner can still sign in from a known network, and everyone else after an hour', async () => {
  await using app = await startApp({ settings: on })
  await createUser(app, 'ada@example.com')
  const home = { ip: '203.0.113.7' }
  expect((await passwordGrant(app, { email: 'ada@example.com', password: PASSWORD }, home)).status).toBe(200)
  expect(await attack(app, 50)).toBe(20)
  expect((await passwordGrant(app, { email: 'ada@example.com', password: PASSWORD }, home)).status).toBe(200)
  expect(
    (await passwordGrant(app, { email: 'ada@example.com', password: PASSWORD }, { ip: '203.0.113.200' })).status,
  ).toBe(200)
  expect((await passwordGrant(app, { email: 'ada@example.com', password: PASSWORD }, { ip: '192.0.2.1' })).status).toBe(
    429,
  )
  app.clock.advance(HOUR)
  expect((await passwordGrant(app, { email: 'ada@example.com', password: PASSWORD }, { ip: '192.0.2.1' })).status).toBe(
    200,
  )
  app.clock.advance(31 * 24 * HOUR)
  expect(await attack(app, 50)).toBe(20)
  expect((await passwordGrant(app, { email: 'ada@example.com', password: PASSWORD }, home)).status).toBe(429)
})

test('correct passwords do not count', async () => {
  await using app = await startApp({ settings: on })
  await createUser(app, 'ada@example.com')
  for (let index = 0; index < 25; index++)
    expect(
      (await passwordGrant(app, { email: 'ada@example.com', password: PASSWORD }, { ip: `198.51.${index}.1` })).status,
    ).toBe(200)
})

test('parallel attempts are counted before they are checked', async () => {
  await using app = await startApp({ settings: on })
  await createUser(app, 'ada@example.com')
  const replies = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      passwordGrant(app, { email: 'ada@example.com', password: `guess-${index}` }, { ip: `198.51.${index}.1` }),
    ),
  )
  expect(replies.filter(({ status }) => status === 400)).toHaveLength(20)
})

test('a /64 is one client, and forged headers do not change the address', async () => {
  await using app = await startApp({ settings: { AUTH_RATE_LIMITS: 'on' } })
  const ask = async (ip: string, headers = {}) => (await refresh(app, 'abcdefghijkl', { ip, headers })).status
  for (let index = 0; index < 30; index++) expect(await ask(`2001:db8::${index}`)).toBe(400)
  expect(await ask('2001:DB8:0:0:ffff::1')).toBe(429)
  for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'cf-connecting-ip', 'sb-forwarded-for'])
    expect(await ask('2001:db8::1', { [name]: '192.0.2.77' })).toBe(429)
  expect(await ask('2001:db8:0:1::1')).toBe(400)
})

test('behind a trusted proxy the right-most foreign hop is the client', async () => {
  await using app = await startApp({ settings: { AUTH_RATE_LIMITS: 'on', AUTH_TRUSTED_PROXIES: '10.0.0.0/8' } })
  const ask = async (forwarded: string) =>
    (await refresh(app, 'abcdefghijkl', { ip: '10.0.0.1', headers: { 'x-forwarded-for': forwarded } })).status
  for (let index = 0; index < 30; index++) expect(await ask(`6.6.6.${index}, 192.0.2.1, 10.0.0.2`)).toBe(400)
  expect(await ask('192.0.2.1')).toBe(429)
  expect(await ask('192.0.2.2')).toBe(400)
})

test('sign-ups and account changes have limits of their own', async () => {
  await using app = await startApp({ settings: { AUTH_RATE_LIMITS: 'on' } })
  const ada = await app.signUp()
  const signUp = async () =>
    (await app.ask('POST', '/auth/v1/signup', { body: { email: 'x', password: PASSWORD } })).status
  const change = async () => (await app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body: {} })).status
  for (let index = 0; index < 29; index++) expect(await signUp()).toBe(400)
  expect(await signUp()).toBe(429)
  for (let index = 0; index < 30; index++) expect(await change()).toBe(200)
  expect(await change()).toBe(429)
})

test('anonymous sign-ins have an hourly limit', async () => {
  await using app = await startApp({
    settings: {
      AUTH_RATE_LIMITS: 'on',
      AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true',
      AUTH_RATE_LIMIT_ANONYMOUS_USERS: '3',
    },
  })
  const ask = async () => (await app.ask('POST', '/auth/v1/signup', { body: {} })).status
  expect([await ask(), await ask(), await ask(), await ask()]).toEqual([200, 200, 200, 429])
  app.clock.advance(HOUR / 3)
  expect([await ask(), await ask()]).toEqual([200, 429])
})

test('other spellings of the path do not bypass a limit', async () => {
  await using app = await startApp({ settings: { AUTH_RATE_LIMITS: 'on' } })
  for (const path of [
    '//auth/v1/token',
    '/auth/v1//token',
    '/auth/v1/token/',
    '/auth/v1/%74oken',
    '/auth/v1/token;x',
    '/auth/v1/./TOKEN',
  ]) {
    const { status } = await app.ask('POST', `${path}?grant_type=password`, {
      body: { email: 'a@b.co', password: 'x' },
      headers: { 'x-http-method-override': 'POST' },
    })
    expect([path, status]).toEqual([path, 404])
  }
  for (let index = 0; index < 30; index++)
    await app.ask('POST', `${index % 2 ? '' : '/auth/v1'}/token?grant_type=password`, { body: {} })
  expect((await app.ask('POST', '/token?grant_type=password', { body: {} })).status).toBe(429)
})

test('challenges and verifications of second factors, and passkey ceremonies, have limits of their own', async () => {
  await using app = await startApp({ settings: { AUTH_RATE_LIMITS: 'on' } })
  const { accessToken: token } = await app.signUp()
  const { id } = await enrolled(app, token)
  const ways: [asked: () => Promise<Reply>, usual: number][] = [
    [() => challenge(app, token, id), 200],
    [() => verify(app, token, id, { code: '1' }), 422],
    [() => app.ask('POST', '/auth/v1/passkeys/registration/options', { token }), 200],
  ]
  for (const [ask, usual] of ways) {
    for (let index = 0; index < 30; index++) expect((await ask()).status).toBe(usual)
    const { status, body } = await ask()
    expect([status, body]).toEqual([429, limited])
  }
  const code = () => app.ask('POST', '/auth/v1/factors/recovery-codes/verify', { token, body: { code: 'x' } })
  expect((await code()).body).toEqual(limited)
  app.clock.advance(4000)
  expect((await challenge(app, token, id)).status).toBe(200)
  expect((await challenge(app, token, id)).status).toBe(429)
})

test('every 429 names the setting whose limit was reached, in the answer and in the log', async () => {
  const settings = {
    AUTH_RATE_LIMITS: 'on',
    AUTH_RATE_LIMIT_OTP: '1',
    AUTH_RATE_LIMIT_EMAIL_SENT: '2',
    AUTH_MAILER_AUTOCONFIRM: 'false',
    AUTH_SMTP_HOST: '127.0.0.1',
    AUTH_SMTP_PORT: '9',
    AUTH_SMTP_ADMIN_EMAIL: 'auth@example.com',
    AUTH_RATE_LIMIT_CODE_GUESSES: '1',
  }
  await using app = await startApp({ settings })
  await createUser(app, 'ada@example.com')
  const ask = (path: string, body: object, ip = '192.0.2.1') => app.ask('POST', path, { body, ip })
  const recover = (ip: string) => ask('/auth/v1/recover', { email: 'ada@example.com' }, ip)
  const code = (ip: string) =>
    ask('/auth/v1/verify', { type: 'recovery', email: 'ada@example.com', token: '000000' }, ip)
  expect((await recover('192.0.2.9')).status).toBe(200)
  expect((await ask('/auth/v1/otp', { email: 'bob@example.com' }, '192.0.2.8')).status).toBe(200)
  await code('192.0.2.9')
  for (let request = 0; request < 30; request++) await ask('/api/auth/magic-link/send', {}, '192.0.2.3')
  await attack(app, 20)
  const replies: [Reply, string][] = [
    [await recover('192.0.2.10'), 'AUTH_SMTP_MAX_FREQUENCY'],
    [await ask('/auth/v1/otp', { email: 'eve@example.com' }, '192.0.2.11'), 'AUTH_RATE_LIMIT_EMAIL_SENT'],
    [await code('192.0.2.12'), 'AUTH_RATE_LIMIT_CODE_GUESSES'],
    [await passwordGrant(app, { email: 'ada@example.com', password: 'x' }), 'AUTH_RATE_LIMIT_PASSWORD_GUESSES'],
    [await ask('/api/auth/login', { email: 'ada@example.com', password: 'x' }), 'AUTH_RATE_LIMIT_PASSWORD_GUESSES'],
    [await ask('/auth/v1/login', { id: 'ada@example.com', password: 'x' }), 'AUTH_RATE_LIMIT_PASSWORD_GUESSES'],
  ]
  for (const [{ status, headers }, setting] of replies)
    expect([status, headers.get('x-rate-limit-setting')]).toEqual([429, setting])
  const logged = app.log().filter(({ msg, status }) => msg === 'request' && status === 429)
  expect(logged.slice(-replies.length).map(({ limit }) => limit)).toEqual(replies.map(([, setting]) => setting))
})
