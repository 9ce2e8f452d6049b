/** Proof of work: what a token is good for, and what is not a token (docs/captcha.md#proof-of-work). */
import { expect, test } from 'bun:test'
import { CAPTCHA_ACTIONS } from '../../../src/core/captcha/actions'
import { MINUTE } from '../../../src/lib/milliseconds'
import { hmacSha256 } from '../../../src/lib/secrets'
import { PASSWORD, startApp, type TestApp } from '../../support/app'
import { challengeFor, fail, POW, solve, tokenFor } from '../../support/captcha'
import { countRows } from '../../support/database'

let serial = 0
const signUp = async (app: TestApp, token: string): Promise<string> => {
  const { status, body } = await app.ask('POST', '/auth/v1/signup', {
    body: {
      email: `user-${++serial}@example.com`,
      password: PASSWORD,
      gotrue_meta_security: { captcha_token: token },
    },
  })
  return status === 200 ? 'passed' : /\((.*)\)/.exec(body.message)?.[1] || `${status} ${body.message}`
}

test('a challenge says what it is for, how hard it is and until when', async () => {
  await using app = await startApp({ settings: { ...POW, AUTH_SECURITY_CAPTCHA_DIFFICULTY: '7' } })
  for (const path of ['/auth/v1/captcha/challenge', '/captcha/challenge']) {
    const { status, body, headers } = await app.ask('GET', `${path}?action=sign_in`)
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(body).toEqual({
      challenge: expect.stringMatching(/^[\w-]{22}\.sign_in\.7\.1767225900000\.[\w-]{43}$/),
      difficulty: 7,
      expires_at: Date.parse('2026-01-01T00:05:00Z') / 1000,
    })
  }
  expect((await challengeFor(app, 'sign_in')).challenge).not.toBe((await challengeFor(app, 'sign_in')).challenge)
})

test('a challenge for nothing known is refused, with what is known', async () => {
  await using app = await startApp({ settings: POW })
  for (const query of ['', '?action=', '?action=signup', '?action=sign_in%00', '?action=constructor']) {
    const { status, body } = await app.ask('GET', `/auth/v1/captcha/challenge${query}`)
    expect([status, body]).toEqual([
      400,
      { code: 'validation_failed', message: `action must be one of ${CAPTCHA_ACTIONS.join(', ')}` },
    ])
  }
})

test('a solved challenge is good for one request, whatever becomes of it', async () => {
  await using app = await startApp({ settings: POW })
  const token = await tokenFor(app, 'sign_up')
  expect(await signUp(app, token)).toBe('passed')
  expect(await signUp(app, token)).toBe('timeout-or-duplicate')
  const spent = await tokenFor(app, 'sign_up')
  const weak = await app.ask('POST', '/auth/v1/signup', {
    body: { email: 'a@b.example', password: '1', gotrue_meta_security: { captcha_token: spent } },
  })
  expect(weak.body.code).toBe('weak_password')
  expect(await signUp(app, spent)).toBe('timeout-or-duplicate')
})

test('another solution of a spent challenge is spent too', async () => {
  await using app = await startApp({ settings: { ...POW, AUTH_SECURITY_CAPTCHA_DIFFICULTY: '1' } })
  const { challenge } = await challengeFor(app, 'sign_up')
  const outcomes: string[] = []
  for (let number = 0; number < 40; number++) outcomes.push(await signUp(app, `${challenge}.${number}`))
  expect(outcomes.filter((each) => each === 'passed')).toHaveLength(1)
  expect(new Set(outcomes)).toEqual(new Set(['passed', 'timeout-or-duplicate', 'invalid-input-response']))
})

test('of 20 concurrent requests with one token exactly one passes', async () => {
  await using app = await startApp({ settings: POW })
  const token = await tokenFor(app, 'sign_up')
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => signUp(app, token)))
  expect(outcomes.sort()).toEqual(['passed', ...Array(19).fill('timeout-or-duplicate')])
})

test('a token counts on every node that shares the secrets and the database, and stays spent after a restart', async () => {
  await using app = await startApp({ settings: POW })
  const [used, kept] = [await tokenFor(app, 'sign_up'), await tokenFor(app, 'sign_up')]
  expect(await signUp(app, used)).toBe('passed')
  await app.close()
  await using again = await startApp({ settings: POW, folder: app.folder })
  expect(await signUp(again, used)).toBe('timeout-or-duplicate')
  expect(await signUp(again, kept)).toBe('passed')
})

test('a challenge can be solved for five minutes', async () => {
  await using app = await startApp({ settings: POW })
  const [early, late] = [await tokenFor(app, 'sign_up'), await tokenFor(app, 'sign_up')]
  app.clock.advance(5 * MINUTE - 1)
  expect(await signUp(app, early)).toBe('passed')
  app.clock.advance(1)
  expect(await signUp(app, late)).toBe('timeout-or-duplicate')
})

test('a challenge from far ahead, as a clock that was set back leaves it, is not good', async () => {
  await using app = await startApp({ settings: POW })
  app.clock.jump(60 * MINUTE)
  const token = await tokenFor(app, 'sign_up')
  app.clock.jump(-60 * MINUTE)
  expect(await signUp(app, token)).toBe('timeout-or-duplicate')
})

test('a token of another action is refused, and stays good for its own', async () => {
  await using app = await startApp({ settings: POW })
  for (const action of CAPTCHA_ACTIONS.filter((each) => each !== 'sign_up'))
    expect([action, await signUp(app, await tokenFor(app, action))]).toEqual([action, 'invalid-input-response'])
  const token = await tokenFor(app, 'sign_up')
  const login = await app.ask('POST', '/auth/v1/token?grant_type=password', {
    body: { gotrue_meta_security: { captcha_token: token } },
  })
  expect(login.body.code).toBe('captcha_failed')
  expect(await signUp(app, token)).toBe('passed')
})

test.each([
  ['sign_up', '/auth/v1/signup', 'gotrue'],
  ['sign_in', '/auth/v1/token?grant_type=password', 'gotrue'],
  ['sign_in', '/auth/v1/passkeys/authentication/options', 'gotrue'],
  ['otp', '/auth/v1/otp', 'gotrue'],
  ['otp', '/auth/v1/magiclink', 'gotrue'],
  ['recover', '/auth/v1/recover', 'gotrue'],
  ['resend', '/auth/v1/resend', 'gotrue'],
  ['sign_in', '/auth/v1/login', 'captcha_token'],
  ['sign_up', '/api/auth/register', 'captcha_token'],
  ['sign_in', '/api/auth/login', 'captcha_token'],
  ['sign_in', '/api/auth/token', 'captchaToken'],
  ['recover', '/api/auth/password/reset/request', 'captcha_token'],
  ['otp', '/api/auth/magic-link/send', 'captcha_token'],
])('%s is the action of %s', async (action, path, field) => {
  await using app = await startApp({ settings: POW })
  const bodyWith = (token: string) =>
    field === 'gotrue' ? { gotrue_meta_security: { captcha_token: token } } : { [field]: token }
  for (const each of CAPTCHA_ACTIONS) {
    const { text } = await app.ask('POST', path, { body: bodyWith(await tokenFor(app, each)) })
    expect([each, text.includes('captcha')]).toEqual([each, each !== action])
  }
})

test('a number that does not solve the challenge is refused, and does not spend it', async () => {
  await using app = await startApp({ settings: POW })
  const { challenge, difficulty } = await challengeFor(app, 'sign_up')
  expect(await signUp(app, fail(challenge, difficulty))).toBe('invalid-input-response')
  expect(await signUp(app, solve(challenge, difficulty))).toBe('passed')
})

test('a forged challenge is refused: an easier one, a later one, another action or id, another key', async () => {
  await using app = await startApp({ settings: { ...POW, AUTH_SECURITY_CAPTCHA_DIFFICULTY: '12' } })
  const { challenge } = await challengeFor(app, 'sign_in')
  const [id, , , expiry, signature] = challenge.split('.') as [string, string, string, string, string]
  const other = (await challengeFor(app, 'sign_up')).challenge.split('.')[0]
  const ours = `${id}.sign_up.1.${expiry}`
  for (const [claims, signed] of [
    [`${id}.sign_up.12.${expiry}`, signature],
    [`${id}.sign_in.1.${expiry}`, signature],
    [`${id}.sign_up.0.${expiry}`, signature],
    [`${id}.sign_up.12.${Number(expiry) + 1}`, signature],
    [`${other}.sign_up.12.${expiry}`, signature],
    [ours, hmacSha256('', ours).toString('base64url')],
    [ours, hmacSha256('another pepper', `proof of work\n${ours}`).toString('base64url')],
    [ours, hmacSha256(app.secrets.tokenPepper, ours).toString('base64url')],
    [ours, 'A'.repeat(43)],
  ] as const)
    expect([claims, await signUp(app, solve(`${claims}.${signed}`, 12))]).toEqual([claims, 'invalid-input-response'])
  expect(await countRows(app.database, 'spent_captchas')).toBe(0)
})

test('a challenge of the previous pepper counts', async () => {
  const [older, newer] = ['an older pepper of enough bytes, really', 'a newer pepper of enough bytes, really']
  await using app = await startApp({ settings: { ...POW, AUTH_TOKEN_PEPPER: older } })
  const token = await tokenFor(app, 'sign_up')
  const settings = { ...POW, AUTH_TOKEN_PEPPER: newer }
  await using without = await startApp({ settings })
  expect(await signUp(without, token)).toBe('invalid-input-response')
  await using rotated = await startApp({ settings: { ...settings, AUTH_TOKEN_PEPPER_PREVIOUS: older } })
  expect(await signUp(rotated, token)).toBe('passed')
})

test('what is not a token is refused without being stored', async () => {
  await using app = await startApp({ settings: POW })
  const { challenge, difficulty } = await challengeFor(app, 'sign_up')
  const token = solve(challenge, difficulty)
  const number = token.slice(challenge.length + 1)
  for (const wrong of [
    ...['x', '.', '.....', '......', challenge, `${challenge}.`, `${token}.`, `${token}.1`, `.${token}`, `0${token}`],
    ...[`${challenge}.0${number}`, `${challenge}.+${number}`, `${challenge}.-1`, `${challenge}.${number}.0`],
    ...[`${challenge}.${number}e0`, `${challenge}. ${number}`, `${challenge}.0x1`, `${challenge}.12345678901234567`],
    ...[
      token.replace('.', '..'),
      token.toUpperCase(),
      `${token}\u0000`,
      token.replace(/\./g, '\n'),
      '\u{1f511}'.repeat(55),
    ],
    ...[`${'x'.repeat(15_000)}${token}`, 'x'.repeat(17_000), 'x'.repeat(1_000_000), '.'.repeat(16_000)],
  ])
    expect([wrong.slice(0, 200), await signUp(app, wrong)]).toEqual([wrong.slice(0, 200), 'invalid-input-response'])
  expect(await countRows(app.database, 'spent_captchas')).toBe(0)
  expect(await signUp(app, ` ${token}\n`)).toBe('passed')
})

test('spent tokens are kept for an hour beyond their end, then removed', async () => {
  await using app = await startApp({ settings: POW })
  const token = await tokenFor(app, 'sign_up')
  await signUp(app, token)
  app.clock.advance(64 * MINUTE)
  expect(await app.core.forTask().sweep()).toMatchObject({ spentCaptchas: 0 })
  app.clock.advance(2 * MINUTE)
  expect(await app.core.forTask().sweep()).toMatchObject({ spentCaptchas: 1 })
})

test('neither the token nor the challenge is logged', async () => {
  await using app = await startApp({ settings: POW })
  const token = await tokenFor(app, 'sign_up')
  await signUp(app, token)
  await signUp(app, token)
  const log = JSON.stringify(app.log())
  expect(log).toContain('captcha_refused')
  for (const part of token.split('.').filter((each) => each.length > 20)) expect(log).not.toContain(part)
})
