import { expect, test } from 'bun:test'
import { MINUTE } from '../../../src/lib/milliseconds'
import { claimsOf, type Json, type SignedIn, startApp, type TestApp } from '../../support/app'
import { type Authenticator, authenticator, type Deviations } from '../../support/authenticator'
import { execute } from '../../support/database'
import { enrolled, pass, protectedAccount, refusal } from '../../support/factors'

const UNKNOWN = '11111111-1111-4111-8111-111111111111'

const begin = (app: TestApp, token: string) => app.ask('POST', '/auth/v1/passkeys/registration/options', { token })
const finish = (app: TestApp, token: string, body: object) =>
  app.ask('POST', '/auth/v1/passkeys/registration/verify', { token, body })
const beginSignIn = (app: TestApp) => app.ask('POST', '/auth/v1/passkeys/authentication/options')
const finishSignIn = (app: TestApp, body: object) =>
  app.ask('POST', '/auth/v1/passkeys/authentication/verify', { body })
const list = (app: TestApp, token: string) => app.ask('GET', '/auth/v1/passkeys', { token })

async function register(app: TestApp, token: string, device: Authenticator, liberties: Deviations = {}) {
  const { body } = await begin(app, token)
  return finish(app, token, { challenge_id: body.challenge_id, credential: device.create(body.options, liberties) })
}

async function signIn(app: TestApp, device: Authenticator, liberties: Deviations = {}) {
  const { body } = await beginSignIn(app)
  return finishSignIn(app, { challenge_id: body.challenge_id, credential: device.get(body.options, liberties) })
}

async function withPasskey(app: TestApp): Promise<SignedIn & { device: Authenticator; passkey: Json }> {
  const ada = await app.signUp()
  const device = authenticator()
  const { status, body } = await register(app, ada.accessToken, device)
  expect(status).toBe(200)
  return { ...ada, device, passkey: body }
}

test('registration asks for a discoverable credential', async () => {
  await using app = await startApp()
  const ada = await app.signUp('ada@example.com')
  const { status, body } = await begin(app, ada.accessToken)
  expect(status).toBe(200)
  expect(body).toEqual({
    challenge_id: expect.any(String),
    expires_at: Math.floor((app.clock.now() + 5 * MINUTE) / 1000),
    options: {
      rp: { id: 'localhost', name: 'localhost' },
      user: { id: Buffer.from(ada.id).toString('base64url'), name: 'ada@example.com', displayName: 'ada@example.com' },
      challenge: expect.stringMatching(/^[\w-]{43}$/),
      pubKeyCredParams: [-7, -35, -36, -257, -258, -259, -37, -38, -39, -8].map((alg) => ({ type: 'public-key', alg })),
      timeout: 300_000,
      authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'preferred' },
      attestation: 'none',
    },
  })
})

test('a passkey signs its owner in without further input', async () => {
  await using app = await startApp()
  const ada = await withPasskey(app)
  expect(ada.passkey).toEqual({ id: expect.any(String), friendly_name: 'Passkey', created_at: '2026-01-01T00:00:00Z' })
  app.clock.advance(MINUTE)
  const asked = await beginSignIn(app)
  expect(asked.body.options).toEqual({
    challenge: expect.any(String),
    timeout: 300_000,
    rpId: 'localhost',
    userVerification: 'preferred',
  })
  const { status, body } = await signIn(app, ada.device)
  expect([status, body.user.id, body.token_type]).toEqual([200, ada.id, 'bearer'])
  expect(claimsOf(body.access_token)).toMatchObject({ aal: 'aal1', amr: [{ method: 'passkey' }] })
  expect((await list(app, body.access_token)).body).toEqual([{ ...ada.passkey, last_used_at: '2026-01-01T00:01:00Z' }])
})

test('a passkey is named after the model of its authenticator, if known', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const device = authenticator('http://localhost:3000', 'bada5566-a7aa-401f-bd96-45619a55120d')
  expect((await register(app, ada.accessToken, device)).body.friendly_name).toBe('1Password')
})

test('registration excludes existing passkeys', async () => {
  await using app = await startApp()
  const ada = await withPasskey(app)
  const { body } = await begin(app, ada.accessToken)
  const id = ada.device.credentials[0]?.id.toString('base64url')
  expect(body.options.excludeCredentials).toEqual([{ type: 'public-key', id, transports: ['internal', 'hybrid'] }])
})

test.each<[string, Deviations]>([
  ['another origin', { origin: 'https://localhost.evil.example' }],
  ['another site of the same host name', { origin: 'http://localhost:3000.evil.example' }],
  ['another RP id', { rpId: 'example.com' }],
  ['another challenge', { challenge: Buffer.alloc(32, 1).toString('base64url') }],
  ['no user verification', { isUserVerified: false }],
  ['another ceremony', { type: 'webauthn.get' }],
])('threat T36: a registration with %s is refused', async (_what, liberties) => {
  await using app = await startApp()
  const ada = await app.signUp()
  expect(refusal(await register(app, ada.accessToken, authenticator(), liberties))).toEqual([
    400,
    'webauthn_verification_failed',
  ])
  expect((await list(app, ada.accessToken)).body).toEqual([])
})

test.each<[string, Deviations, string]>([
  ['another origin', { origin: 'https://evil.example' }, 'webauthn_verification_failed'],
  ['another RP id', { rpId: 'evil.example' }, 'webauthn_verification_failed'],
  ['another challenge', { challenge: Buffer.alloc(32).toString('base64url') }, 'webauthn_verification_failed'],
  ['no user verification', { isUserVerified: false }, 'webauthn_verification_failed'],
  ['the signature of another key', { forges: true }, 'webauthn_verification_failed'],
  ['another ceremony', { type: 'webauthn.create' }, 'webauthn_verification_failed'],
  ['another user', { userHandle: Buffer.from(UNKNOWN).toString('base64url') }, 'validation_failed'],
])('threat T36: a sign-in with %s is refused', async (_what, liberties, code) => {
  await using app = await startApp()
  const ada = await withPasskey(app)
  expect(refusal(await signIn(app, ada.device, liberties))).toEqual([400, code])
  expect((await signIn(app, ada.device)).status).toBe(200)
})

test('threat T36: a counter that does not grow indicates a cloned authenticator', async () => {
  await using app = await startApp()
  const ada = await withPasskey(app)
  expect((await signIn(app, ada.device, { counter: 7 })).status).toBe(200)
  for (const counter of [7, 6, 0])
    expect(refusal(await signIn(app, ada.device, { counter }))).toEqual([400, 'webauthn_verification_failed'])
  expect((await signIn(app, ada.device, { counter: 8 })).status).toBe(200)
})

test('an authenticator without a counter signs in again and again', async () => {
  await using app = await startApp()
  const ada = await withPasskey(app)
  for (let time = 0; time < 3; time++) expect((await signIn(app, ada.device, { counter: 0 })).status).toBe(200)
})

test('threat T36: a challenge can be answered once, correctly or not', async () => {
  await using app = await startApp()
  const ada = await withPasskey(app)
  const { body } = await beginSignIn(app)
  const answer = (liberties: Deviations = {}) =>
    finishSignIn(app, { challenge_id: body.challenge_id, credential: ada.device.get(body.options, liberties) })
  expect(refusal(await answer({ forges: true }))).toEqual([400, 'webauthn_verification_failed'])
  expect(refusal(await answer())).toEqual([400, 'webauthn_challenge_not_found'])
  const { body: again } = await beginSignIn(app)
  const credential = ada.device.get(again.options)
  const replies = await Promise.all(
    [1, 2, 3, 4].map(() => finishSignIn(app, { challenge_id: again.challenge_id, credential })),
  )
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
})

test('threat T36: a credential of one account does not work for another', async () => {
  await using app = await startApp()
  const ada = await withPasskey(app)
  const eve = await app.signUp()
  const { body } = await begin(app, eve.accessToken)
  const own = await begin(app, ada.accessToken)
  const credential = ada.device.create(own.body.options)
  expect(refusal(await finish(app, eve.accessToken, { challenge_id: own.body.challenge_id, credential }))).toEqual([
    400,
    'webauthn_challenge_not_found',
  ])
  expect(refusal(await finish(app, eve.accessToken, { challenge_id: body.challenge_id, credential }))).toEqual([
    400,
    'webauthn_verification_failed',
  ])
  const done = await finish(app, ada.accessToken, { challenge_id: own.body.challenge_id, credential })
  expect(done.status).toBe(200)
  expect((await list(app, eve.accessToken)).body).toEqual([])
  const path = `/auth/v1/passkeys/${ada.passkey.id}`
  expect(refusal(await app.ask('DELETE', path, { token: eve.accessToken }))).toEqual([404, 'validation_failed'])
  const rename = { token: eve.accessToken, body: { friendly_name: 'mine' } }
  expect(refusal(await app.ask('PATCH', path, rename))).toEqual([404, 'validation_failed'])
})

test('registration and sign-in challenges are not interchangeable', async () => {
  await using app = await startApp()
  const ada = await withPasskey(app)
  const registration = await begin(app, ada.accessToken)
  const authentication = await beginSignIn(app)
  const assertion = ada.device.get({ ...authentication.body.options, challenge: registration.body.options.challenge })
  expect(
    refusal(await finishSignIn(app, { challenge_id: registration.body.challenge_id, credential: assertion })),
  ).toEqual([400, 'webauthn_challenge_not_found'])
  const credential = ada.device.create({
    ...registration.body.options,
    challenge: authentication.body.options.challenge,
  })
  expect(
    refusal(await finish(app, ada.accessToken, { challenge_id: authentication.body.challenge_id, credential })),
  ).toEqual([400, 'webauthn_challenge_not_found'])
})

test('a ceremony expires after five minutes', async () => {
  await using app = await startApp()
  const ada = await withPasskey(app)
  const { body } = await beginSignIn(app)
  app.clock.advance(5 * MINUTE)
  const late = { challenge_id: body.challenge_id, credential: ada.device.get(body.options) }
  expect(refusal(await finishSignIn(app, late))).toEqual([400, 'webauthn_challenge_expired'])
})

test.each<[string, object, [number, string]]>([
  ['nothing', {}, [400, 'challenge_id is required']],
  ['no credential', { challenge_id: UNKNOWN }, [400, 'credential is required']],
  ['a challenge that is no UUID', { challenge_id: 'x', credential: {} }, [400, 'challenge_id must be a valid UUID']],
  ['an unknown challenge', { challenge_id: UNKNOWN, credential: {} }, [400, 'Challenge not found or already used']],
  ['a credential of another type', { challenge_id: UNKNOWN, credential: 'x' }, [400, 'Could not parse']],
])('a response with %s is refused with a message', async (_what, body, [status, message]) => {
  await using app = await startApp()
  const reply = await finishSignIn(app, body)
  expect([reply.status, reply.body.message]).toEqual([status, expect.stringContaining(message)])
})

test.each([
  ['empty', {}],
  ['without a response', { id: 'AAAA', rawId: 'AAAA', type: 'public-key' }],
  ['with numbers for text', { id: 'AAAA', rawId: 'AAAA', type: 'public-key', response: { clientDataJSON: 7 } }],
  ['with text that is no base64url', { id: 'AAAA', rawId: 'AAAA', response: { clientDataJSON: '%%%' } }],
  ['that is huge', { id: 'AAAA', rawId: 'AAAA', response: { clientDataJSON: 'A'.repeat(100_000) } }],
])('a registration %s is refused without a fault', async (_what, credential) => {
  await using app = await startApp()
  const ada = await app.signUp()
  const { body } = await begin(app, ada.accessToken)
  const reply = await finish(app, ada.accessToken, { challenge_id: body.challenge_id, credential })
  expect(refusal(reply)).toEqual([400, 'webauthn_verification_failed'])
})

test('an owner renames and removes a passkey, and a removed one cannot sign in', async () => {
  await using app = await startApp()
  const ada = await withPasskey(app)
  const path = `/auth/v1/passkeys/${ada.passkey.id}`
  const token = ada.accessToken
  const renamed = await app.ask('PATCH', path, { token, body: { friendly_name: 'laptop' } })
  expect([renamed.status, renamed.body.friendly_name]).toEqual([200, 'laptop'])
  const messages = await Promise.all(
    ['', 'x'.repeat(121)].map(
      async (friendly_name) => (await app.ask('PATCH', path, { token, body: { friendly_name } })).body.message,
    ),
  )
  expect(messages).toEqual(['friendly_name is required', 'friendly_name must be 120 characters or less'])
  expect((await app.ask('DELETE', path, { token })).status).toBe(204)
  expect(refusal(await app.ask('DELETE', path, { token }))).toEqual([404, 'validation_failed'])
  expect(refusal(await signIn(app, ada.device))).toEqual([400, 'webauthn_verification_failed'])
})

test('with a second factor, only a session at aal2 adds or removes passkeys', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  const device = authenticator()
  const done = await register(app, ada.raised.accessToken, device)
  expect(done.status).toBe(200)
  const low = await signIn(app, device)
  expect(claimsOf(low.body.access_token).aal).toBe('aal1')
  const token = low.body.access_token
  expect(refusal(await begin(app, token))).toEqual([403, 'insufficient_aal'])
  expect(refusal(await app.ask('DELETE', `/auth/v1/passkeys/${done.body.id}`, { token }))).toEqual([
    403,
    'insufficient_aal',
  ])
  expect(refusal(await app.ask('PUT', '/auth/v1/user', { token, body: { password: 'another-password-1' } }))).toEqual([
    401,
    'insufficient_aal',
  ])
  app.clock.advance(1000)
  const raised = await pass(app, token, ada.factor)
  expect(claimsOf(raised.body.access_token)).toMatchObject({
    aal: 'aal2',
    amr: [{ method: 'totp' }, { method: 'passkey' }],
  })
  expect((await begin(app, raised.body.access_token)).status).toBe(200)
})

test('a registration started before a factor was enrolled cannot be finished at aal1', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const other = await app.signIn(ada.email)
  const factor = await enrolled(app, other.accessToken)
  const { body } = await begin(app, ada.accessToken)
  expect((await pass(app, other.accessToken, factor)).status).toBe(200)
  const credential = authenticator().create(body.options)
  expect((await finish(app, ada.accessToken, { challenge_id: body.challenge_id, credential })).status).toBe(403)
})

test('an account has at most ten passkeys, also with simultaneous registrations', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const ceremonies = await Promise.all(Array.from({ length: 12 }, () => begin(app, ada.accessToken)))
  const replies = await Promise.all(
    ceremonies.map(({ body }) =>
      finish(app, ada.accessToken, {
        challenge_id: body.challenge_id,
        credential: authenticator().create(body.options),
      }),
    ),
  )
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(10)
  expect(refusal(await begin(app, ada.accessToken))).toEqual([422, 'too_many_passkeys'])
})

test('one registration creates one passkey, however often it is submitted', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const device = authenticator()
  await register(app, ada.accessToken, device)
  const { body } = await begin(app, ada.accessToken)
  const first = device.credentials[0]
  if (!first) throw new Error('no credential')
  const credential = device.create(body.options)
  expect((await finish(app, ada.accessToken, { challenge_id: body.challenge_id, credential })).status).toBe(200)
  const { body: again } = await begin(app, ada.accessToken)
  const clientDataJSON = Buffer.from(
    JSON.stringify({ type: 'webauthn.create', challenge: again.options.challenge, origin: 'http://localhost:3000' }),
  ).toString('base64url')
  const same = { ...credential, response: { ...credential.response, clientDataJSON } }
  expect(refusal(await finish(app, ada.accessToken, { challenge_id: again.challenge_id, credential: same }))).toEqual([
    422,
    'webauthn_credential_exists',
  ])
})

test('banned, deleted and unconfirmed accounts cannot sign in by passkey', async () => {
  await using app = await startApp()
  const ada = await withPasskey(app)
  const ban = { token: app.admin, body: { ban_duration: '1h' } }
  await app.ask('PUT', `/auth/v1/admin/users/${ada.id}`, ban)
  expect(refusal(await signIn(app, ada.device))).toEqual([403, 'user_banned'])
  const eve = await withPasskey(app)
  expect((await app.ask('DELETE', '/auth/v1/user', { token: eve.accessToken })).status).toBe(204)
  expect(refusal(await signIn(app, eve.device))).toEqual([400, 'webauthn_verification_failed'])
  const bob = await withPasskey(app)
  await execute(
    app.database,
    {
      sqlite: 'UPDATE users SET email_confirmed_at = NULL WHERE id = ?',
      postgres: 'UPDATE auth.users SET email_confirmed_at = NULL WHERE id = ?',
    },
    bob.id,
  )
  expect(refusal(await signIn(app, bob.device))).toEqual([403, 'email_not_confirmed'])
})

test('administrators see and remove the passkeys of users', async () => {
  await using app = await startApp()
  const ada = await withPasskey(app)
  const path = `/auth/v1/admin/users/${ada.id}/passkeys`
  expect((await app.ask('GET', path, { token: app.admin })).body).toEqual([ada.passkey])
  expect(refusal(await app.ask('GET', path, { token: ada.accessToken }))).toEqual([403, 'not_admin'])
  expect(refusal(await app.ask('GET', `/auth/v1/admin/users/${UNKNOWN}/passkeys`, { token: app.admin }))).toEqual([
    404,
    'user_not_found',
  ])
  const one = `${path}/${ada.passkey.id}`
  expect((await app.ask('DELETE', one, { token: app.admin })).status).toBe(204)
  expect(refusal(await app.ask('DELETE', one, { token: app.admin }))).toEqual([404, 'validation_failed'])
  expect(refusal(await app.ask('DELETE', `${path}/x`, { token: app.admin }))).toEqual([404, 'validation_failed'])
})

test('anonymous users cannot register passkeys', async () => {
  await using app = await startApp({ settings: { AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' } })
  const { body } = await app.ask('POST', '/auth/v1/signup', { body: {} })
  expect(refusal(await begin(app, body.access_token))).toEqual([403, 'no_authorization'])
})

test('passkeys can be disabled', async () => {
  await using app = await startApp({ settings: { AUTH_PASSKEY_ENABLED: 'false' } })
  const ada = await app.signUp()
  const replies = [await begin(app, ada.accessToken), await beginSignIn(app), await list(app, ada.accessToken)]
  for (const reply of replies) expect(refusal(reply)).toEqual([404, 'passkey_disabled'])
  expect((await app.ask('GET', '/auth/v1/settings')).body.passkeys_enabled).toBe(false)
})

test('the site, its name and its origins can be set', async () => {
  await using app = await startApp({
    settings: {
      AUTH_SITE_URL: 'https://app.example.com/welcome',
      AUTH_WEBAUTHN_RP_ID: 'example.com',
      AUTH_WEBAUTHN_RP_DISPLAY_NAME: 'Example',
      AUTH_WEBAUTHN_RP_ORIGINS: 'https://app.example.com,https://admin.example.com',
    },
  })
  const ada = await app.signUp()
  const { body } = await begin(app, ada.accessToken)
  expect(body.options.rp).toEqual({ id: 'example.com', name: 'Example' })
  expect((await register(app, ada.accessToken, authenticator('https://admin.example.com'))).status).toBe(200)
  for (const origin of ['https://example.com', 'http://app.example.com', 'http://localhost:3000'])
    expect((await register(app, ada.accessToken, authenticator(origin))).status).toBe(400)
})

test('pages of this server are accepted if it is within the domain of the site', async () => {
  const answers = async (api: string, origin: string) => {
    await using app = await startApp({
      settings: { AUTH_SITE_URL: 'https://example.com', AUTH_API_EXTERNAL_URL: `${api}/auth/v1` },
    })
    const ada = await app.signUp()
    return (await register(app, ada.accessToken, authenticator(origin))).status
  }
  const own = 'https://auth.example.com'
  expect(await answers(own, own)).toBe(200)
  expect(await answers(own, 'https://example.com')).toBe(200)
  expect(await answers(own, 'https://other.example.com')).toBe(400)
  for (const foreign of ['https://auth.other.example', 'https://notexample.com'])
    expect([foreign, await answers(foreign, foreign)]).toEqual([foreign, 400])
})

test('on localhost every port is accepted', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  for (const origin of ['http://localhost:5173', 'https://localhost'])
    expect((await register(app, ada.accessToken, authenticator(origin))).status).toBe(200)
})

test('sign-ins by passkey are limited for each client', async () => {
  await using app = await startApp({ settings: { AUTH_RATE_LIMITS: 'on' } })
  for (let time = 0; time < 30; time++) expect((await beginSignIn(app)).status).toBe(200)
  const { status, headers } = await beginSignIn(app)
  expect([status, Number(headers.get('retry-after')) > 0]).toEqual([429, true])
})

test.each(['usb', 5, {}, true, [5, null, 'pigeon'], null])(
  'invalid transports %p are stored as an empty list',
  async (transports) => {
    await using app = await startApp()
    const ada = await app.signUp()
    const { body } = await begin(app, ada.accessToken)
    const credential = authenticator().create(body.options)
    credential.response.transports = transports
    const made = await finish(app, ada.accessToken, { challenge_id: body.challenge_id, credential })
    expect(made.status).toBe(200)
    const { body: next } = await begin(app, ada.accessToken)
    expect(next.options.excludeCredentials[0].transports ?? []).toEqual([])
  },
)
