/** ID tokens of custom providers (GoTrue's id_token grant). */
import { expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { generateKeyPair } from 'jose'
import { type Json, type RequestOptions, startApp } from '../../support/app'
import { ADDRESS, custom, fakeOpenId, ISSUER, NOW, OAUTH2, OIDC, sign } from '../../support/custom-provider'

async function start(change: Json = {}, settings: Record<string, string> = {}) {
  const fake = fakeOpenId()
  const app = await startApp({ now: NOW, settings, fetchProvider: fake.fetchProvider })
  const admin = custom(app)
  await admin.create({ ...OIDC, ...change })
  fake.requests.length = 0
  const grant = (body: Json, asked: RequestOptions = {}) =>
    app.ask('POST', '/auth/v1/token?grant_type=id_token', { ...asked, body: { provider: 'custom:acme', ...body } })
  return { app, fake, ...admin, grant, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() }
}

const person = { email: 'ada@example.com', email_verified: true, groups: ['a'] }

test('an ID token signs in with mapped and allowed claims, and only the keys are fetched', async () => {
  await using started = await start({
    attribute_mapping: { user_name: 'nick' },
    custom_claims_allowlist: ['groups', 'org'],
  })
  const { fake, grant } = started
  const { status, body } = await grant({ id_token: await sign({ ...person, nick: 'ada' }) })
  expect([status, body.user.app_metadata.provider, body.user.identities[0].provider]).toEqual([
    ...[200, 'custom:acme', 'custom:acme'],
  ])
  expect(body.user.user_metadata).toEqual({
    sub: 'acme-1',
    provider_id: 'acme-1',
    iss: ISSUER,
    user_name: 'ada',
    custom_claims: { groups: ['a'] },
    email: 'ada@example.com',
    email_verified: true,
    phone_verified: false,
  })
  expect(body.provider_token).toBeUndefined()
  expect(fake.requests.map(({ url }) => url)).toEqual([`${ISSUER}/keys`])
  expect(fake.requests[0]?.called.host).toBe(ADDRESS)
  expect((await grant({ id_token: await sign(person) })).body.user.id).toBe(body.user.id)
  expect(fake.requests).toHaveLength(1)
})

test('threat T47: the nonce claim must be the hash of the submitted nonce, unless the check is disabled', async () => {
  await using started = await start()
  const { grant, update } = started
  const nonce = createHash('sha256').update('raw').digest('hex')
  const bound = await sign({ ...person, nonce })
  expect((await grant({ id_token: bound })).body.error_description).toStartWith('Passed nonce and nonce in id_token')
  expect((await grant({ id_token: bound, nonce })).body.error).toBe('invalid nonce')
  expect((await grant({ id_token: bound, nonce: 'raw' })).status).toBe(200)
  await update('custom:acme', { skip_nonce_check: true })
  expect((await grant({ id_token: bound })).status).toBe(200)
})

test('threat T47: forged, foreign and expired tokens are refused', async () => {
  const { privateKey: other } = await generateKeyPair('RS256')
  await using started = await start({ acceptable_client_ids: ['acme-ios'] })
  const { app, grant } = started
  const bad = {
    forged: await sign(person, other),
    'of another issuer': await sign({ ...person, iss: 'https://evil.example' }),
    expired: await sign({ ...person, exp: Date.parse(NOW) / 1000 - 1 }),
    nothing: 'x',
  }
  for (const [name, idToken] of Object.entries(bad))
    expect([name, (await grant({ id_token: idToken })).body.error_description]).toEqual([name, 'Bad ID token'])
  expect((await grant({ id_token: await sign({ ...person, aud: 'other' }) })).body.error_description).toBe(
    'Unacceptable audience in id_token: [other]',
  )
  const { body: list } = await app.ask('GET', '/auth/v1/admin/users', { token: app.admin })
  expect(list.users).toEqual([])
  expect((await grant({ id_token: await sign({ ...person, aud: 'acme-ios' }) })).status).toBe(200)
})

test('threat T47: a token of one provider’s issuer is refused for another, even with the same keys', async () => {
  await using started = await start({ email_optional: true })
  const { fake, create, grant } = started
  const other = 'https://other.example.com'
  fake.metadata = { ...fake.metadata, issuer: other }
  expect((await create({ ...OIDC, identifier: 'custom:other', issuer: other })).status).toBe(201)
  const idToken = await sign({ ...person, iss: other })
  expect((await grant({ id_token: idToken })).body.error_description).toBe('Bad ID token')
  expect((await grant({ id_token: idToken, provider: 'custom:other' })).status).toBe(200)
})

test('providers that are unknown, disabled, without an issuer or switched off are refused', async () => {
  await using started = await start({ enabled: false })
  await started.create(OAUTH2)
  const idToken = await sign(person)
  const refused = async (provider: string) => {
    const { status, body } = await started.grant({ id_token: idToken, provider })
    return [status, body.code, body.message]
  }
  expect(await refused('custom:nope')).toEqual([400, 'validation_failed', 'Custom provider "custom:nope" not found'])
  expect(await refused('custom:acme')).toEqual([400, 'provider_disabled', 'Custom provider "custom:acme" is disabled'])
  expect(await refused('custom:plain')).toEqual([
    400,
    'validation_failed',
    'Provider "custom:plain" is not an OIDC provider',
  ])
  await using off = await start({}, { AUTH_CUSTOM_OAUTH_ENABLED: 'false' })
  const { status, body } = await off.grant({ id_token: idToken })
  expect([status, body]).toEqual([400, { code: 'validation_failed', message: 'Custom OAuth providers are disabled' }])
  expect(started.fake.asked('/keys')).toEqual([])
})

test('a custom provider is not found by its issuer alone, since several can have the same', async () => {
  await using started = await start()
  const body = { provider: '', issuer: ISSUER, client_id: 'acme-client', id_token: await sign(person) }
  expect((await started.grant(body)).body.message).toBe('Custom OIDC provider "" not allowed')
})

test('link_identity links to the account of the bearer token', async () => {
  await using started = await start()
  const ada = await started.app.signUp('somebody@example.com')
  const linked = await started.grant({ id_token: await sign(person), link_identity: true }, { token: ada.accessToken })
  expect([linked.status, linked.body.user.id]).toEqual([200, ada.id])
  expect(linked.body.user.app_metadata.providers).toEqual(['email', 'custom:acme'])
})
