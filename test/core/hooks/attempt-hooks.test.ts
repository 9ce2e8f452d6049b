/** Hooks that get every attempt to authenticate (docs/hooks.md). */
import { expect, test } from 'bun:test'
import type { HttpResult } from '../../../src/core/kernel/ports'
import { type Json, PASSWORD, passwordGrant, startApp, type TestApp } from '../../support/app'
import { challenge, enrolled, pass, protectedAccount, refusal, verify } from '../../support/factors'
import { login } from '../../support/native'
import { codeAt } from '../../support/totp'

const SECRET = 'v1,whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ='
const hookSettings = (name: string) => ({
  [`AUTH_HOOK_${name}_ENABLED`]: 'true',
  [`AUTH_HOOK_${name}_URI`]: 'https://hooks.example.com/attempt',
  [`AUTH_HOOK_${name}_SECRETS`]: SECRET,
})

/** A server whose hook gives preset responses. */
async function start(name: string) {
  const asked: Json[] = []
  let answer: object = { decision: 'continue' }
  let status = 200
  const app: TestApp = await startApp({
    settings: hookSettings(name),
    post: async ({ body }): Promise<HttpResult> => {
      asked.push(JSON.parse(body))
      return {
        outcome: 'answered',
        status,
        contentType: 'application/json',
        retryAfter: '',
        isTooLarge: false,
        body: JSON.stringify(answer),
      }
    },
  })
  return {
    app,
    asked,
    says(given: object, code = 200) {
      answer = given
      status = code
    },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  }
}

test('the MFA hook gets valid and invalid codes', async () => {
  await using server = await start('MFA_VERIFICATION_ATTEMPT')
  const { app, asked } = server
  const ada = await app.signUp()
  const factor = await enrolled(app, ada.accessToken)
  const { body } = await challenge(app, ada.accessToken, factor.id)
  const wrong = await verify(app, ada.accessToken, factor.id, { challenge_id: body.id, code: 'abcdef' })
  expect(refusal(wrong)).toEqual([422, 'mfa_verification_failed'])
  expect((await pass(app, ada.accessToken, factor)).status).toBe(200)
  const told = { user_id: ada.id, factor_id: factor.id, factor_type: 'totp' }
  expect(asked.map(({ metadata, ...payload }) => [metadata.name, metadata.ip_address, payload])).toEqual([
    ['mfa-verification', '203.0.113.7', { ...told, valid: false }],
    ['mfa-verification', '203.0.113.7', { ...told, valid: true }],
  ])
})

test('if the MFA hook rejects, every session ends, even after a valid code', async () => {
  await using server = await start('MFA_VERIFICATION_ATTEMPT')
  const { app } = server
  const ada = await app.signUp()
  const other = await app.signIn(ada.email)
  const factor = await enrolled(app, ada.accessToken)
  server.says({ decision: 'reject', message: 'Too often.' })
  const rejected = await pass(app, ada.accessToken, factor)
  expect([...refusal(rejected), rejected.body.message]).toEqual([403, 'mfa_verification_rejected', 'Too often.'])
  for (const { accessToken: token } of [ada, other])
    expect(refusal(await app.ask('GET', '/auth/v1/user', { token }))).toEqual([403, 'session_not_found'])
  server.says({ decision: 'reject', message: '' })
  const again = await app.signIn(ada.email)
  expect((await pass(app, again.accessToken, factor)).body.message).toBe(
    'Further MFA verification attempts will be rejected.',
  )
  expect((await app.store.findFactor(factor.id))?.status).toBe('unverified')
})

test('a reused code is reported as invalid', async () => {
  await using server = await start('MFA_VERIFICATION_ATTEMPT')
  const { app, asked } = server
  const ada = await app.signUp()
  const factor = await enrolled(app, ada.accessToken)
  const { body } = await pass(app, ada.accessToken, factor)
  expect(refusal(await pass(app, body.access_token, factor))).toEqual([422, 'mfa_verification_failed'])
  expect(asked.map(({ valid }) => valid)).toEqual([true, false])
})

test('the MFA hook also gets codes of one-step sign-ins, and can reject those', async () => {
  await using server = await start('MFA_VERIFICATION_ATTEMPT')
  const { app, asked } = server
  const ada = await protectedAccount(app)
  const link = async () => {
    app.clock.advance(60_000)
    await app.ask('POST', '/api/auth/magic-link/send', { body: { email: ada.email } })
    const [mail] = await app.core.forTask().listMessages({ to: ada.email, limit: 1 })
    return new URL(mail?.links[0] ?? '').searchParams.get('token')
  }
  const signIn = (token: unknown, code: string) =>
    app.ask('POST', '/api/auth/magic-link/verify', { body: { token, code } })
  const token = await link()
  asked.length = 0
  const right = codeAt(ada.factor.secret, app.clock.now())
  const wrong = String((Number(right) + 1) % 1_000_000).padStart(6, '0')
  expect((await signIn(token, wrong)).status).toBe(401)
  expect((await signIn(token, 'no-code-of-an-app')).status).toBe(401)
  expect((await signIn(token, '')).status).toBe(401)
  expect((await signIn(token, right)).status).toBe(200)
  const told = { user_id: ada.id, factor_id: ada.factor.id, factor_type: 'totp' }
  expect(asked.map(({ metadata: _, ...payload }) => payload)).toEqual([
    { ...told, valid: false },
    { ...told, valid: true },
  ])
  server.says({ decision: 'reject', message: 'Too often.' })
  const refused = await signIn(await link(), codeAt(ada.factor.secret, app.clock.now()))
  expect([refused.status, refused.body]).toEqual([403, { error: 'mfa_rejected', message: 'Too often.' }])
  expect((await app.ask('GET', '/auth/v1/user', { token: ada.raised.accessToken })).status).toBe(403)
})

test('verification fails if the MFA hook fails', async () => {
  await using server = await start('MFA_VERIFICATION_ATTEMPT')
  const { app } = server
  const ada = await app.signUp()
  const factor = await enrolled(app, ada.accessToken)
  server.says({}, 500)
  expect((await pass(app, ada.accessToken, factor)).status).toBe(500)
  server.says({ decision: 'continue' })
  expect((await pass(app, ada.accessToken, factor)).status).toBe(200)
})

test('the password hook gets attempts at existing accounts only', async () => {
  await using server = await start('PASSWORD_VERIFICATION_ATTEMPT')
  const { app, asked } = server
  const ada = await app.signUp()
  expect((await passwordGrant(app, { email: ada.email, password: 'wrong-password-1' })).status).toBe(400)
  expect((await passwordGrant(app, { email: ada.email, password: PASSWORD })).status).toBe(200)
  expect((await passwordGrant(app, { email: 'nobody@example.com', password: PASSWORD })).status).toBe(400)
  const change = { token: ada.accessToken, body: { password: 'another-password-1' } }
  expect((await app.ask('PUT', '/auth/v1/user', change)).status).toBe(200)
  expect(asked.map(({ metadata, ...payload }) => [metadata.name, payload])).toEqual([
    ['password-verification', { user_id: ada.id, valid: false }],
    ['password-verification', { user_id: ada.id, valid: true }],
  ])
})

test('the password hook is not called for banned users', async () => {
  await using server = await start('PASSWORD_VERIFICATION_ATTEMPT')
  const { app, asked } = server
  const ada = await app.signUp()
  await app.ask('PUT', `/auth/v1/admin/users/${ada.id}`, { token: app.admin, body: { ban_duration: '1h' } })
  server.says({ decision: 'reject' })
  expect(refusal(await passwordGrant(app, { email: ada.email, password: PASSWORD }))).toEqual([400, 'user_banned'])
  expect(asked).toEqual([])
})

test('if the password hook rejects, sign-in fails, and sessions end if it asks for that', async () => {
  await using server = await start('PASSWORD_VERIFICATION_ATTEMPT')
  const { app } = server
  const ada = await app.signUp()
  const who = async () => (await app.ask('GET', '/auth/v1/user', { token: ada.accessToken })).status
  server.says({ decision: 'reject', message: 'Not today.' })
  const rejected = await passwordGrant(app, { email: ada.email, password: PASSWORD })
  expect([...refusal(rejected), rejected.body.message]).toEqual([400, 'invalid_credentials', 'Not today.'])
  expect(await who()).toBe(200)
  server.says({ decision: 'reject', should_logout_user: true })
  expect((await passwordGrant(app, { email: ada.email, password: PASSWORD })).body.message).toBe(
    'Further password verification attempts will be rejected.',
  )
  expect(await who()).toBe(403)
})

test.each(['MFA_VERIFICATION_ATTEMPT', 'PASSWORD_VERIFICATION_ATTEMPT'])(
  'enabling the hook %s without a URI prevents the start',
  async (name) => {
    const starting = startApp({ settings: { [`AUTH_HOOK_${name}_ENABLED`]: 'true' } })
    await expect(starting).rejects.toThrow(`AUTH_HOOK_${name}_ENABLED needs AUTH_HOOK_${name}_URI`)
  },
)

test('a failing MFA hook locks no factor, for any code and on any surface', async () => {
  await using server = await start('MFA_VERIFICATION_ATTEMPT')
  const { app } = server
  const ada = await protectedAccount(app)
  const { accessToken } = await app.signIn(ada.email)
  server.says({}, 500)
  for (let attempt = 0; attempt < 12; attempt++) {
    expect((await pass(app, accessToken, ada.factor)).status).toBe(500)
    const { body } = await challenge(app, accessToken, ada.factor.id)
    const wrong = await verify(app, accessToken, ada.factor.id, { challenge_id: body.id, code: '000000' })
    expect(wrong.status).toBe(500)
    const code = codeAt(ada.factor.secret, app.clock.now())
    expect((await login(app, ada.email, { code })).status).toBe(502)
  }
  server.says({ decision: 'continue' })
  expect((await pass(app, accessToken, ada.factor)).status).toBe(200)
})

test('a hook that fails after a lock has expired does not start it again', async () => {
  await using server = await start('MFA_VERIFICATION_ATTEMPT')
  const { app } = server
  const ada = await protectedAccount(app)
  const from = { ip: '198.51.100.9' }
  const { body: session } = await passwordGrant(app, { email: ada.email, password: PASSWORD }, from)
  const show = async (code: string) => {
    const { body } = await challenge(app, session.access_token, ada.factor.id, from)
    return verify(app, session.access_token, ada.factor.id, { challenge_id: body.id, code }, from)
  }
  for (let wrong = 0; wrong < 10; wrong++) expect((await show('000000')).status).toBe(422)
  app.clock.advance(15 * 60_000)
  server.says({}, 500)
  expect((await show('000000')).status).toBe(500)
  server.says({ decision: 'continue' })
  expect((await show(codeAt(ada.factor.secret, app.clock.now()))).status).toBe(200)
})

test('the MFA hook gets valid, invalid and used recovery codes, and can reject a valid one', async () => {
  await using server = await start('MFA_VERIFICATION_ATTEMPT')
  const { app, asked, says } = server
  const ada = await protectedAccount(app)
  const path = '/auth/v1/factors/recovery-codes'
  const { body: made } = await app.ask('POST', path, { token: ada.raised.accessToken, body: {} })
  const [first, second, third] = made.codes as string[]
  const { accessToken: token } = await app.signIn(ada.email)
  const shown = (code: string | undefined) => app.ask('POST', `${path}/verify`, { token, body: { code } })
  const verdicts = () => asked.splice(0).map(({ factor_id, factor_type, valid }) => [factor_id, factor_type, valid])
  asked.splice(0)
  expect((await shown('aaaaaaaaaaaaaaaa')).status).toBe(422)
  expect((await shown(first)).status).toBe(200)
  expect((await shown(first)).status).toBe(422)
  const about = [made.id, 'recovery_code']
  expect(verdicts()).toEqual([
    [...about, false],
    [...about, true],
    [...about, false],
  ])
  const mint = (code: string | undefined) =>
    app.ask('POST', '/api/auth/token', {
      body: { grantType: 'password', email: ada.email, password: PASSWORD, code },
      headers: { 'content-type': 'application/json' },
    })
  expect((await mint(second)).status).toBe(200)
  expect((await mint(second)).status).toBe(401)
  expect(verdicts()).toEqual([
    [...about, true],
    [...about, false],
  ])
  says({ decision: 'reject', message: 'not today' })
  expect((await mint(third)).status).toBe(403)
  const low = await app.signIn(ada.email)
  const refused = await app.ask('POST', `${path}/verify`, { token: low.accessToken, body: { code: third } })
  expect([refused.status, refused.body.message]).toEqual([403, 'not today'])
  says({ decision: 'continue' })
  expect((await mint(third)).status).toBe(200)
})
