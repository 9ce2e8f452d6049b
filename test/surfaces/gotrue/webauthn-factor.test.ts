import { expect, test } from 'bun:test'
import { claimsOf, type Json, startApp, type TestApp } from '../../support/app'
import { type Authenticator, authenticator, type Deviations } from '../../support/authenticator'
import { challenge, enrol, enrolled, pass, protectedAccount, refusal, unenrol, verify } from '../../support/factors'
import { startHookServer } from '../../support/hook-server'

const enrolKey = (app: TestApp, token: string, friendly_name = 'key') =>
  enrol(app, token, { factor_type: 'webauthn', friendly_name })

/** Challenges the factor and verifies with the authenticator's response. */
async function show(app: TestApp, token: string, id: string, device: Authenticator, liberties: Deviations = {}) {
  const { body } = await challenge(app, token, id)
  const { type, credential_options: options } = body.webauthn
  const credential_response =
    type === 'create' ? device.create(options.publicKey, liberties) : device.get(options.publicKey, liberties)
  return verify(app, token, id, { challenge_id: body.id, webauthn: { type, credential_response } })
}

async function withKey(app: TestApp) {
  const ada = await app.signUp()
  const device = authenticator()
  const { id } = (await enrolKey(app, ada.accessToken)).body as Json
  const { status, body } = await show(app, ada.accessToken, id, device)
  expect(status).toBe(200)
  return { ...ada, device, id: id as string, raised: body.access_token as string }
}

test('if a Custom Access Token hook refuses the session, a new key stays registered, and can be used', async () => {
  await using hook = await startHookServer()
  hook.always(({ payload }) => ({ body: { claims: payload.claims } }))
  await using app = await startApp({ settings: hook.settings('CUSTOM_ACCESS_TOKEN') })
  const ada = await app.signUp()
  const device = authenticator()
  const { id } = (await enrolKey(app, ada.accessToken)).body as Json
  const refused = { body: { error: { http_code: 403, message: 'Not now' } } }
  for (let times = 0; times < 2; times++) {
    hook.next(refused)
    expect((await show(app, ada.accessToken, id, device)).body.message).toBe('Not now')
    expect((await app.store.findFactor(id))?.status).toBe('verified')
    expect((await app.store.findSession(ada.sessionId))?.session.aal).toBe('aal1')
  }
  const { status, body } = await show(app, ada.accessToken, id, device)
  expect([status, claimsOf(body.access_token).aal]).toEqual([200, 'aal2'])
  expect(hook.last().payload.authentication_method).toBe('mfa/webauthn')
})

test('a key is registered by its first challenge, and used by later ones', async () => {
  await using app = await startApp()
  const ada = await app.signUp('ada@example.com')
  const device = authenticator('http://localhost:3000', 'd548826e-79b4-db40-a3d8-11116f7e8349')
  const added = await enrolKey(app, ada.accessToken)
  expect([added.status, added.body]).toEqual([200, { id: expect.any(String), type: 'webauthn', friendly_name: 'key' }])
  const begun = await challenge(app, ada.accessToken, added.body.id, {
    body: { factorId: added.body.id, webauthn: { rpId: 'evil.example', rpOrigins: ['https://evil.example'] } },
  })
  expect(begun.body).toEqual({
    id: expect.any(String),
    type: 'webauthn',
    expires_at: expect.any(Number),
    webauthn: {
      type: 'create',
      credential_options: {
        publicKey: {
          rp: { id: 'localhost', name: 'localhost' },
          user: expect.objectContaining({ id: Buffer.from(ada.id).toString('base64url'), name: 'ada@example.com' }),
          challenge: expect.any(String),
          pubKeyCredParams: expect.any(Array),
          timeout: 300_000,
          authenticatorSelection: {},
        },
      },
    },
  })
  app.clock.advance(1000)
  const made = await show(app, ada.accessToken, added.body.id, device)
  expect(claimsOf(made.body.access_token)).toMatchObject({
    aal: 'aal2',
    amr: [{ method: 'mfa/webauthn' }, { method: 'password' }],
  })
  expect(made.body.user.factors).toEqual([
    expect.objectContaining({
      status: 'verified',
      factor_type: 'webauthn',
      phone: '',
      web_authn_aaguid: 'd548826e-79b4-db40-a3d8-11116f7e8349',
    }),
  ])
  const later = await app.signIn(ada.email)
  const asked = await challenge(app, later.accessToken, added.body.id)
  expect(asked.body.webauthn).toEqual({
    type: 'request',
    credential_options: {
      publicKey: {
        challenge: expect.any(String),
        timeout: 300_000,
        rpId: 'localhost',
        allowCredentials: [
          {
            type: 'public-key',
            id: device.credentials[0]?.id.toString('base64url'),
            transports: ['internal', 'hybrid'],
          },
        ],
        userVerification: 'preferred',
      },
    },
  })
  expect((await show(app, later.accessToken, added.body.id, device)).status).toBe(200)
})

test.each<[string, Deviations]>([
  ['another origin', { origin: 'https://evil.example' }],
  ['another RP id', { rpId: 'evil.example' }],
  ['another challenge', { challenge: Buffer.alloc(32).toString('base64url') }],
  ['another key', { forges: true }],
  ['a decreased counter', { counter: 0 }],
])(
  'threat T36: a second factor with %s is refused, and its challenge can be answered again',
  async (_what, liberties) => {
    await using app = await startApp()
    const ada = await withKey(app)
    const low = await app.signIn(ada.email)
    expect((await show(app, low.accessToken, ada.id, ada.device, { counter: 5 })).status).toBe(200)
    const again = await app.signIn(ada.email)
    const { body } = await challenge(app, again.accessToken, ada.id)
    const { publicKey } = body.webauthn.credential_options
    const answer = (given: Deviations) =>
      verify(app, again.accessToken, ada.id, {
        challenge_id: body.id,
        webauthn: { type: 'request', credential_response: ada.device.get(publicKey, given) },
      })
    expect(refusal(await answer({ counter: 6, ...liberties }))).toEqual([422, 'mfa_verification_failed'])
    expect((await answer({ counter: 7 })).status).toBe(200)
  },
)

test('a response submitted twice at once works once', async () => {
  await using app = await startApp()
  const ada = await withKey(app)
  const low = await app.signIn(ada.email)
  const { body } = await challenge(app, low.accessToken, ada.id)
  const credential_response = ada.device.get(body.webauthn.credential_options.publicKey)
  const replies = await Promise.all(
    [1, 2, 3].map(() =>
      verify(app, low.accessToken, ada.id, {
        challenge_id: body.id,
        webauthn: { type: 'request', credential_response },
      }),
    ),
  )
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
})

test('a registered factor cannot be registered again', async () => {
  await using app = await startApp()
  const ada = await withKey(app)
  const { body } = await challenge(app, ada.raised, ada.id)
  const { challenge: asked } = body.webauthn.credential_options.publicKey
  const device = authenticator()
  const credential_response = device.create({ challenge: asked, rp: { id: 'localhost' }, user: { id: '' } })
  const answer = { challenge_id: body.id, webauthn: { type: 'create', credential_response } }
  expect(refusal(await verify(app, ada.raised, ada.id, answer))).toEqual([422, 'mfa_verification_failed'])
})

test.each<[object, string]>([
  [{ code: '123456' }, 'WebAuthn config required'],
  [{ webauthn: {} }, 'WebAuthn type must be create or request'],
  [{ webauthn: { type: 'get' } }, 'WebAuthn type must be create or request'],
  [{ webauthn: { type: 'create' } }, 'credential_response required'],
  [{ webauthn: { type: 'create', credential_response: {} } }, 'Invalid credential_response'],
])('a response %j is refused with a message', async (given, message) => {
  await using app = await startApp()
  const ada = await app.signUp()
  const { body } = await enrolKey(app, ada.accessToken)
  const begun = await challenge(app, ada.accessToken, body.id)
  const reply = await verify(app, ada.accessToken, body.id, { challenge_id: begun.body.id, ...given })
  expect([reply.status, reply.body.code, reply.body.message]).toEqual([400, 'validation_failed', message])
})

test('a key that is a second factor cannot sign in alone', async () => {
  await using app = await startApp()
  const ada = await withKey(app)
  const { body } = await app.ask('POST', '/auth/v1/passkeys/authentication/options')
  const credential = ada.device.get(body.options)
  const answer = { challenge_id: body.challenge_id, credential }
  const reply = await app.ask('POST', '/auth/v1/passkeys/authentication/verify', { body: answer })
  expect(refusal(reply)).toEqual([400, 'webauthn_verification_failed'])
  expect((await app.ask('GET', '/auth/v1/passkeys', { token: ada.raised })).body).toEqual([])
})

test('a key of one account does not work for another', async () => {
  await using app = await startApp()
  const ada = await withKey(app)
  const eve = await withKey(app)
  const low = await app.signIn(eve.email)
  const { body } = await challenge(app, low.accessToken, eve.id)
  const credential_response = ada.device.get(body.webauthn.credential_options.publicKey)
  const answer = { challenge_id: body.id, webauthn: { type: 'request', credential_response } }
  expect(refusal(await verify(app, low.accessToken, eve.id, answer))).toEqual([422, 'mfa_verification_failed'])
  expect(refusal(await challenge(app, low.accessToken, ada.id))).toEqual([403, 'mfa_factor_not_found'])
})

test('a removed key can be registered again', async () => {
  await using app = await startApp()
  const ada = await withKey(app)
  expect((await unenrol(app, ada.raised, ada.id)).status).toBe(200)
  const { body } = await enrolKey(app, ada.raised)
  expect((await show(app, ada.raised, body.id, ada.device)).status).toBe(200)
})

test('adding a key to an account with an authenticator app needs aal2', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  const low = await app.signIn(ada.email)
  expect(refusal(await enrolKey(app, low.accessToken))).toEqual([403, 'insufficient_aal'])
  expect((await enrolKey(app, ada.raised.accessToken)).status).toBe(200)
})

test('keys can be disabled', async () => {
  await using app = await startApp({
    settings: { AUTH_MFA_WEB_AUTHN_ENROLL_ENABLED: 'false', AUTH_MFA_WEB_AUTHN_VERIFY_ENABLED: 'false' },
  })
  const ada = await app.signUp()
  expect(refusal(await enrolKey(app, ada.accessToken))).toEqual([422, 'mfa_webauthn_enroll_not_enabled'])
})

test('threat T31: a factor enrolled before the first was verified needs aal2 to be verified', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const { id } = (await enrolKey(app, ada.accessToken, 'leftover')).body
  const factor = await enrolled(app, ada.accessToken)
  const raised = (await pass(app, ada.accessToken, factor)).body.access_token
  app.clock.advance(60_000)
  const low = (await app.signIn(ada.email)).accessToken
  const device = authenticator()
  expect(refusal(await show(app, low, id, device))).toEqual([403, 'insufficient_aal'])
  expect(claimsOf(low).aal).toBe('aal1')
  expect(refusal(await unenrol(app, low, factor.id))).toEqual([422, 'insufficient_aal'])
  expect((await show(app, raised, id, device)).status).toBe(200)
})
