import { expect, test } from 'bun:test'
import { MINUTE } from '../../../src/lib/milliseconds'
import { claimsOf, type Json, startApp, type TestApp, type TestOptions } from '../../support/app'
import { readRows } from '../../support/database'
import { challenge, enrol, enrolled, pass, protectedAccount, refusal, unenrol, verify } from '../../support/factors'

const PATH = '/auth/v1/factors/recovery-codes'

const generate = (app: TestApp, token: string, body?: object) => app.ask('POST', PATH, { token, body })
const regenerate = (app: TestApp, token: string) => app.ask('POST', `${PATH}/regenerate`, { token })
const status = (app: TestApp, token: string) => app.ask('GET', PATH, { token })
const use = (app: TestApp, token: string, code: unknown) => app.ask('POST', `${PATH}/verify`, { token, body: { code } })
const remove = (app: TestApp, token: string) => app.ask('DELETE', PATH, { token })

/** An account with an authenticator app and recovery codes, and a session at aal1. */
async function withCodes(app: TestApp) {
  const ada = await protectedAccount(app)
  const { status, body } = await generate(app, ada.raised.accessToken)
  expect(status).toBe(200)
  const low = await app.signIn(ada.email)
  return { ...ada, codes: body.codes as string[], factorId: body.id as string, low }
}

test('a refusal is not cached either', async () => {
  await using app = await startApp()
  const ada = await withCodes(app)
  const { status: code, headers } = await generate(app, ada.low.accessToken)
  expect([code, headers.get('cache-control')]).toEqual([403, 'no-store'])
})

test('ten codes are shown once and stored as hashes', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  const { status: code, headers, body } = await generate(app, ada.raised.accessToken)
  expect([code, headers.get('cache-control')]).toEqual([200, 'no-store'])
  expect(body).toEqual({
    id: expect.any(String),
    type: 'recovery_code',
    friendly_name: 'Recovery codes',
    total: 10,
    codes: Array(10).fill(expect.stringMatching(/^[a-z2-7]{16}$/)),
  })
  expect(new Set(body.codes).size).toBe(10)
  expect((await status(app, ada.raised.accessToken)).body).toEqual({
    id: body.id,
    type: 'recovery_code',
    total: 10,
    remaining: 10,
  })
  const user = await app.ask('GET', '/auth/v1/user', { token: ada.raised.accessToken })
  expect(user.body.factors.map((each: Json) => [each.factor_type, each.status, each.friendly_name])).toEqual([
    ['totp', 'verified', 'phone'],
    ['recovery_code', 'verified', 'Recovery codes'],
  ])
  const stored = JSON.stringify([
    await readRows(app.database, 'SELECT * FROM mfa_recovery_codes'),
    await readRows(app.database, 'SELECT * FROM mfa_factors'),
    await readRows(app.database, 'SELECT * FROM audit_log_entries'),
    app.log(),
  ])
  for (const each of body.codes) expect(stored).not.toContain(each)
})

test('a code raises a session once, in any letter case and spacing', async () => {
  await using app = await startApp()
  const ada = await withCodes(app)
  const [first = '', second = ''] = ada.codes
  app.clock.advance(1000)
  const typed = ` ${first.slice(0, 4).toUpperCase()}-${first.slice(4, 8)} ${first.slice(8)}\n`
  const { status: code, body } = await use(app, ada.low.accessToken, typed)
  expect(code).toBe(200)
  expect(claimsOf(body.access_token)).toMatchObject({
    aal: 'aal2',
    session_id: ada.low.sessionId,
    amr: [{ method: 'mfa/recovery_code' }, { method: 'password' }],
  })
  expect((await status(app, body.access_token)).body).toMatchObject({ total: 10, remaining: 9 })
  expect(refusal(await use(app, body.access_token, first))).toEqual([422, 'mfa_verification_failed'])
  expect((await use(app, body.access_token, second)).status).toBe(200)
})

test('a code ends sessions at aal1', async () => {
  await using app = await startApp()
  const ada = await withCodes(app)
  const other = await app.signIn(ada.email)
  expect((await use(app, ada.low.accessToken, ada.codes[0])).status).toBe(200)
  expect((await status(app, other.accessToken)).status).toBe(403)
  expect((await status(app, ada.raised.accessToken)).status).toBe(200)
})

test('threat T35: a code submitted many times at once works once', async () => {
  await using app = await startApp()
  const ada = await withCodes(app)
  const sessions = await Promise.all([1, 2, 3].map(() => app.signIn(ada.email)))
  const replies = await Promise.all(
    [ada.low, ...sessions, ada.low].map(({ accessToken }) => use(app, accessToken, ada.codes[0])),
  )
  expect(replies.filter(({ status: each }) => each === 200)).toHaveLength(1)
})

test('threat T35: a new set replaces the old one, and keeps id and name', async () => {
  await using app = await startApp()
  const ada = await withCodes(app)
  const { status: code, body } = await regenerate(app, ada.raised.accessToken)
  expect([code, body.id, body.friendly_name, body.codes.length]).toEqual([200, ada.factorId, 'Recovery codes', 10])
  for (const old of ada.codes.slice(0, 3))
    expect(refusal(await use(app, ada.low.accessToken, old))).toEqual([422, 'mfa_verification_failed'])
  expect((await use(app, ada.low.accessToken, body.codes[9])).status).toBe(200)
})

test('threat T8: wrong recovery codes and wrong TOTP codes share one limit', async () => {
  await using app = await startApp()
  const ada = await withCodes(app)
  const token = ada.low.accessToken
  for (let guess = 0; guess < 5; guess++) {
    expect((await use(app, token, 'aaaaaaaaaaaaaaaa')).status).toBe(422)
    const { body } = await challenge(app, token, ada.factor.id)
    expect((await verify(app, token, ada.factor.id, { challenge_id: body.id, code: 'abcdef' })).status).toBe(422)
  }
  const locked = await use(app, token, ada.codes[0])
  expect([...refusal(locked), locked.headers.get('retry-after')]).toEqual([429, 'mfa_recovery_codes_locked', '900'])
  expect(refusal(await pass(app, token, ada.factor))).toEqual([429, 'over_request_rate_limit'])
  app.clock.advance(15 * MINUTE)
  expect((await use(app, token, ada.codes[0])).status).toBe(200)
})

test('threat T8: the count survives a restart, and a new set of codes resets it', async () => {
  await using app = await startApp()
  const ada = await withCodes(app)
  for (let guess = 0; guess < 10; guess++) await use(app, ada.low.accessToken, 'aaaaaaaaaaaaaaaa')
  const { folder } = app
  await using again = await startApp({ folder, now: new Date(app.clock.now()).toISOString() })
  expect(refusal(await use(again, ada.low.accessToken, ada.codes[0]))).toEqual([429, 'mfa_recovery_codes_locked'])
  const { body } = await regenerate(again, ada.raised.accessToken)
  expect((await use(again, ada.low.accessToken, body.codes[0])).status).toBe(200)
})

test('of a hundred simultaneous attempts ten are checked', async () => {
  await using app = await startApp()
  const ada = await withCodes(app)
  const replies = await Promise.all(
    Array.from({ length: 100 }, () => use(app, ada.low.accessToken, 'bbbbbbbbbbbbbbbb')),
  )
  expect(replies.filter(({ status: each }) => each === 422)).toHaveLength(10)
})

test('codes need a session at aal2, and another factor', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  expect(refusal(await generate(app, ada.accessToken))).toEqual([403, 'insufficient_aal'])
  expect(refusal(await status(app, ada.accessToken))).toEqual([404, 'mfa_factor_not_found'])
  expect(refusal(await use(app, ada.accessToken, 'aaaaaaaaaaaaaaaa'))).toEqual([422, 'mfa_verification_failed'])
  expect(refusal(await regenerate(app, ada.accessToken))).toEqual([404, 'mfa_factor_not_found'])
  expect(refusal(await remove(app, ada.accessToken))).toEqual([404, 'mfa_factor_not_found'])
  const eve = await withCodes(app)
  expect(refusal(await regenerate(app, eve.low.accessToken))).toEqual([403, 'insufficient_aal'])
  expect(refusal(await remove(app, eve.low.accessToken))).toEqual([403, 'insufficient_aal'])
  expect(refusal(await generate(app, eve.raised.accessToken))).toEqual([422, 'mfa_verified_factor_exists'])
  // Removing the session's factor lowers the session.
  expect((await unenrol(app, eve.raised.accessToken, eve.factor.id)).status).toBe(200)
  expect(refusal(await generate(app, eve.raised.accessToken))).toEqual([403, 'insufficient_aal'])
})

test('codes are removed with the last other factor', async () => {
  await using app = await startApp()
  const ada = await withCodes(app)
  const { body } = await use(app, ada.low.accessToken, ada.codes[0])
  expect((await unenrol(app, body.access_token, ada.factor.id)).status).toBe(200)
  const user = await app.ask('GET', '/auth/v1/user', { token: body.access_token })
  expect(user.body.factors).toBeUndefined()
  const refreshed = await app.ask('POST', '/auth/v1/token?grant_type=refresh_token', {
    body: { refresh_token: body.refresh_token },
  })
  expect(claimsOf(refreshed.body.access_token)).toMatchObject({ aal: 'aal1', amr: [{ method: 'password' }] })
})

test('codes stay while another verified factor exists', async () => {
  await using app = await startApp()
  const ada = await withCodes(app)
  const second = await enrolled(app, ada.raised.accessToken, 'second')
  expect((await pass(app, ada.raised.accessToken, second)).status).toBe(200)
  expect((await unenrol(app, ada.raised.accessToken, ada.factor.id)).status).toBe(200)
  expect((await status(app, ada.raised.accessToken)).status).toBe(200)
})

test('their owner can remove the codes, and a removed code gets the same response as a wrong one', async () => {
  await using app = await startApp()
  const ada = await withCodes(app)
  const { status: code, body } = await remove(app, ada.raised.accessToken)
  expect([code, body]).toEqual([200, { id: ada.factorId }])
  expect(refusal(await use(app, ada.low.accessToken, ada.codes[0]))).toEqual([422, 'mfa_verification_failed'])
})

test('codes of one account do not work for another', async () => {
  await using app = await startApp()
  const ada = await withCodes(app)
  const eve = await withCodes(app)
  expect(refusal(await use(app, eve.low.accessToken, ada.codes[0]))).toEqual([422, 'mfa_verification_failed'])
  expect((await use(app, ada.low.accessToken, ada.codes[0])).status).toBe(200)
})

test('the name of another factor is refused, and a unique name can be set', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  expect(refusal(await generate(app, ada.raised.accessToken, { friendly_name: 'phone' }))).toEqual([
    422,
    'mfa_factor_name_conflict',
  ])
  const { body } = await generate(app, ada.raised.accessToken, { friendly_name: 'Backup codes' })
  expect(body.friendly_name).toBe('Backup codes')
})

test('recovery codes take no challenge and no enrolment', async () => {
  await using app = await startApp()
  const ada = await withCodes(app)
  const token = ada.raised.accessToken
  expect(refusal(await challenge(app, token, ada.factorId))).toEqual([404, 'mfa_factor_not_found'])
  expect(refusal(await enrol(app, token, { factor_type: 'recovery_code' }))).toEqual([400, 'validation_failed'])
})

test.each(['', '   ', 'short', 'x'.repeat(100_000), 7, null])('a code of the form %p is refused', async (code) => {
  await using app = await startApp()
  const ada = await withCodes(app)
  const reply = await use(app, ada.low.accessToken, code)
  expect([400, 422]).toContain(reply.status)
})

test.each<[string, TestOptions['settings'], (app: TestApp, token: string) => Promise<Json>, string]>([
  ['made', { AUTH_MFA_RECOVERY_CODES_ENROLL_ENABLED: 'false' }, generate, 'mfa_recovery_codes_enroll_not_enabled'],
  ['renewed', { AUTH_MFA_RECOVERY_CODES_ENROLL_ENABLED: 'false' }, regenerate, 'mfa_recovery_codes_enroll_not_enabled'],
  [
    'taken',
    { AUTH_MFA_RECOVERY_CODES_VERIFY_ENABLED: 'false' },
    (app, token) => use(app, token, 'aaaaaaaaaaaaaaaa'),
    'mfa_recovery_codes_verify_not_enabled',
  ],
])('disabled codes cannot be %s', async (_what, settings = {}, ask, code) => {
  await using app = await startApp({ settings })
  const ada = await protectedAccount(app)
  expect(refusal(await ask(app, ada.raised.accessToken))).toEqual([422, code])
})

test('codes created under the previous pepper still work', async () => {
  await using app = await startApp()
  const ada = await withCodes(app)
  const { folder } = app
  const settings = { AUTH_TOKEN_PEPPER: 'p'.repeat(32), AUTH_TOKEN_PEPPER_PREVIOUS: app.secrets.tokenPepper }
  await using again = await startApp({ folder, settings, now: new Date(app.clock.now()).toISOString() })
  expect((await use(again, ada.low.accessToken, ada.codes[0])).status).toBe(200)
  expect(refusal(await use(again, ada.low.accessToken, ada.codes[0]))).toEqual([422, 'mfa_verification_failed'])
})
