/** The assurance level of a token is that of its session when it was issued, whatever other tokens do. */
import { expect, test } from 'bun:test'
import { claimsOf, PASSWORD, type Reply, type RequestOptions, refresh, startApp, type TestApp } from '../support/app'
import { enrol, enrolled, pass, unenrol } from '../support/factors'
import { cookieOf, get, login, mint, minted, ORIGIN, post } from '../support/native'
import { codeAt } from '../support/totp'

const SAME_ORIGIN = { 'sec-fetch-site': 'same-origin', origin: ORIGIN }

/** Whether a request may create a personal access token, which needs the second factor. */
const mayActAsRaised = async (app: TestApp, asked: RequestOptions): Promise<boolean> => {
  const { status, body } = await post(app, '/tokens', { name: 'x' }, asked)
  if (status === 201) return true
  expect([status, body.error]).toEqual([403, 'mfa_required'])
  return false
}

const federated = async (app: TestApp, email: string, more: object = {}) =>
  (await app.ask('POST', '/auth/v1/login', { body: { id: email, password: PASSWORD, ...more } })).body.access_token

interface Held {
  /** Issued before a factor is passed in the same session. */
  token: string
  /** Credentials that the client still has afterwards, and how each is presented. */
  later(): Promise<RequestOptions[]>
}

const kinds: Record<string, (app: TestApp, email: string) => Promise<Held>> = {
  async 'a native pair'(app, email) {
    const pair = await minted(app, email)
    return {
      token: pair.accessToken,
      async later() {
        const { body: next } = await post(app, '/refresh', { refreshToken: pair.refreshToken })
        const { body: again } = await post(app, '/refresh', { refreshToken: next.refreshToken })
        return [pair.accessToken, next.accessToken, again.accessToken].map((token) => ({ token }))
      },
    }
  },
  async 'the tokens and the cookie of a service'(app, email) {
    const { body, headers } = await login(app, email)
    const cookie = cookieOf(headers)
    return {
      token: body.access_token,
      async later() {
        const { body: next } = await post(app, '/refresh', { refresh_token: body.refresh_token })
        return [{ token: body.access_token }, { token: next.access_token }, { headers: { cookie, ...SAME_ORIGIN } }]
      },
    }
  },
  async 'a token of the federation surface'(app, email) {
    const token = await federated(app, email)
    return {
      token,
      async later() {
        const next = await app.ask('POST', '/auth/v1/refresh', { token })
        return [{ token: next.body.access_token }]
      },
    }
  },
  async 'an access token of Supabase'(app, email) {
    const { accessToken: token } = await app.signIn(email)
    return { token, later: async () => [{ token }] }
  },
}

test.each(Object.entries(kinds))('%s issued before the second factor stays at aal1', async (_, hold) => {
  await using app = await startApp()
  const { email, id } = await app.signUp()
  await app.store.grantRole({ userId: id, role: 'admin', now: app.clock.now() })
  const { token, later } = await hold(app, email)
  const factor = await enrolled(app, token)
  const raised = await pass(app, token, factor)
  expect(claimsOf(raised.body.access_token).aal).toBe('aal2')
  expect(await mayActAsRaised(app, { token: raised.body.access_token })).toBe(true)
  for (const asked of await later()) {
    expect(await mayActAsRaised(app, asked)).toBe(false)
    const refusals: Reply[] = [
      await app.ask('GET', '/auth/v1/admin/users', asked),
      await app.ask('PUT', '/auth/v1/user', { ...asked, body: { password: `${PASSWORD}!` }, headers: json(asked) }),
    ]
    expect(refusals.map(({ status }) => status)).toEqual([403, 401])
    if (asked.token === undefined) continue
    expect((await enrol(app, asked.token, { friendly_name: 'other' })).status).toBe(403)
    expect((await unenrol(app, asked.token, factor.id)).status).toBe(422)
    expect((await get(app, '/me', asked)).body.roles).toEqual(['user'])
  }
})

const json = ({ headers }: RequestOptions) => ({ ...headers, 'content-type': 'application/json' })

test('a Supabase refresh token issued before the second factor is invalid', async () => {
  await using app = await startApp()
  const { email } = await app.signUp()
  const before = await app.signIn(email)
  const factor = await enrolled(app, before.accessToken)
  const { body } = await pass(app, before.accessToken, factor)
  const next = await refresh(app, body.refresh_token)
  expect(claimsOf(next.body.access_token).aal).toBe('aal2')
  expect((await refresh(app, before.refreshToken)).body.code).toBe('refresh_token_already_used')
})

test.each([
  ['within the reuse interval', { GOTRUE_SECURITY_REFRESH_TOKEN_REUSE_INTERVAL: '10' }],
  ['where reuse is allowed', { GOTRUE_SECURITY_REFRESH_TOKEN_ALLOW_REUSE: 'true' }],
])(
  'a Supabase refresh token issued before the second factor stays at aal1 %s, and ends no session',
  async (_, settings) => {
    await using app = await startApp({ settings })
    const { email } = await app.signUp()
    const before = await app.signIn(email)
    const factor = await enrolled(app, before.accessToken)
    const { body } = await pass(app, before.accessToken, factor)
    const parent = body.refresh_token
    for (let refreshes = 0; refreshes < 3; refreshes++) {
      const low = await refresh(app, before.refreshToken)
      const { aal, amr } = claimsOf(low.body.access_token)
      expect([aal, amr.map(({ method }: { method: string }) => method)]).toEqual(['aal1', ['password']])
      expect(low.body.refresh_token).toBe(before.refreshToken)
      expect((await app.ask('GET', '/auth/v1/sessions', { token: low.body.access_token })).status).toBe(200)
      expect((await app.ask('DELETE', `/auth/v1/factors/${factor.id}`, { token: low.body.access_token })).status).toBe(
        422,
      )
      const again = await refresh(app, parent)
      expect(claimsOf(again.body.access_token).aal).toBe('aal2')
    }
  },
)

test('tokens of a sign-in with a second factor keep their assurance level through refreshes', async () => {
  await using app = await startApp()
  const { email, accessToken } = await app.signUp()
  const { secret } = await enrolled(app, accessToken).then(async (factor) => {
    await pass(app, accessToken, factor)
    return factor
  })
  const code = () => {
    app.clock.advance(30_000)
    return { code: codeAt(secret, app.clock.now()) }
  }
  const { body: pair } = await mint(app, email, code())
  const { body: next } = await post(app, '/refresh', { refreshToken: pair.refreshToken })
  const { body: service, headers } = await login(app, email, code())
  const { body: renewed } = await post(app, '/refresh', { refresh_token: service.refresh_token })
  const fed = await federated(app, email, code())
  const { body: fedNext } = await app.ask('POST', '/auth/v1/refresh', { token: fed })
  const held: RequestOptions[] = [pair.accessToken, next.accessToken, service.access_token, renewed.access_token].map(
    (token) => ({ token }),
  )
  held.push({ token: fedNext.access_token }, { headers: { cookie: cookieOf(headers), ...SAME_ORIGIN } })
  for (const asked of held) expect(await mayActAsRaised(app, asked)).toBe(true)
})

test('tokens of a removed factor do not count for the next one', async () => {
  await using app = await startApp()
  const { email, accessToken } = await app.signUp()
  const first = await enrolled(app, accessToken)
  await pass(app, accessToken, first)
  app.clock.advance(30_000)
  const { body: pair } = await mint(app, email, { code: codeAt(first.secret, app.clock.now()) })
  expect((await unenrol(app, pair.accessToken, first.id)).status).toBe(200)
  const second = await enrolled(app, pair.accessToken, 'second')
  await pass(app, pair.accessToken, second)
  expect(await mayActAsRaised(app, { token: pair.accessToken })).toBe(false)
})
