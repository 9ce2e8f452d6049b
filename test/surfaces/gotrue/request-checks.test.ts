/** The order of checks of a request. */
import { expect, test } from 'bun:test'
import { startApp } from '../../support/app'
import { enrol } from '../../support/factors'
import { confirmedUser, lastMessageTo, mailboxOf, verify } from '../../support/mail'

const PHONE_FACTORS = { AUTH_MFA_PHONE_ENROLL_ENABLED: 'true', AUTH_MFA_PHONE_VERIFY_ENABLED: 'true' }
const SOMEBODY = crypto.randomUUID()

test('the body of a challenge is read only if the factor needs one', async () => {
  await using app = await startApp({ settings: PHONE_FACTORS })
  const { accessToken: token } = await app.signUp()
  const totp = (await enrol(app, token)).body.id
  const phone = (await enrol(app, token, { factor_type: 'phone', friendly_name: 'p', phone: '+15551230001' })).body.id
  const ask = async (id: string, raw?: string) => {
    const { status, body } = await app.ask('POST', `/auth/v1/factors/${id}/challenge`, { token, ...(raw && { raw }) })
    return [status, body.code ?? body.type]
  }
  expect(await ask(totp)).toEqual([200, 'totp'])
  expect(await ask(totp, '{')).toEqual([200, 'totp'])
  expect(await ask(phone)).toEqual([400, 'bad_json'])
  expect(await ask(phone, '{"channel":1}')).toEqual([400, 'bad_json'])
  expect(await ask(phone, '{"channel":"pigeon"}')).toEqual([400, 'validation_failed'])
  expect(await ask(phone, '{}')).toEqual([200, 'phone'])
  // an unknown factor is reported before the body is read
  expect(await ask(SOMEBODY, '{')).toEqual([404, 'mfa_factor_not_found'])
  expect(await ask('nope', '{')).toEqual([404, 'validation_failed'])
})

test('if phone verification is disabled, that is reported before the body is read', async () => {
  await using app = await startApp({ settings: { ...PHONE_FACTORS, AUTH_MFA_PHONE_VERIFY_ENABLED: 'false' } })
  const { accessToken: token } = await app.signUp()
  const { body } = await enrol(app, token, { factor_type: 'phone', friendly_name: 'p', phone: '+15551230001' })
  const { body: answer } = await app.ask('POST', `/auth/v1/factors/${body.id}/challenge`, { token })
  expect(answer.code).toBe('mfa_phone_verify_not_enabled')
})

test('the resource in the path is looked up before the body is read', async () => {
  await using app = await startApp()
  const { accessToken: token, id } = await app.signUp()
  const cases: [method: string, path: string, token: string, expected: [number, string]][] = [
    ['PUT', '/admin/users/nope', app.admin, [404, 'validation_failed']],
    ['PUT', `/admin/users/${SOMEBODY}`, app.admin, [404, 'user_not_found']],
    ['DELETE', `/admin/users/${SOMEBODY}`, app.admin, [404, 'user_not_found']],
    ['PUT', `/admin/users/${SOMEBODY}/factors/${SOMEBODY}`, app.admin, [404, 'user_not_found']],
    ['PUT', `/admin/users/${id}/factors/nope`, app.admin, [404, 'validation_failed']],
    ['PUT', `/admin/users/${id}/factors/${SOMEBODY}`, app.admin, [404, 'mfa_factor_not_found']],
    ['DELETE', `/admin/users/${SOMEBODY}/factors/${SOMEBODY}`, app.admin, [404, 'user_not_found']],
    ['POST', '/factors/nope/verify', token, [404, 'validation_failed']],
    ['POST', `/factors/${SOMEBODY}/verify`, token, [404, 'mfa_factor_not_found']],
    ['PUT', `/admin/users/${id}`, app.admin, [400, 'bad_json']],
    ['POST', '/factors', token, [400, 'bad_json']],
  ]
  for (const [method, path, bearer, expected] of cases) {
    const { status, body } = await app.ask(method, `/auth/v1${path}`, { token: bearer, raw: '{' })
    expect([method, path, status, body.code]).toEqual([method, path, ...expected])
  }
})

test('an anonymous user is refused before the body is read', async () => {
  await using app = await startApp({ settings: { AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' } })
  const { body } = await app.ask('POST', '/auth/v1/signup', { body: {} })
  for (const path of ['/factors', `/factors/${SOMEBODY}/challenge`, '/factors/nope/verify']) {
    const answer = await app.ask('POST', `/auth/v1${path}`, { token: body.access_token, raw: '{' })
    expect([path, answer.status, answer.body.code]).toEqual([path, 403, 'no_authorization'])
  }
})

test('a disabled provider is reported before the body is read', async () => {
  await using app = await startApp({ settings: { AUTH_EXTERNAL_EMAIL_ENABLED: 'false' } })
  const ask = async (path: string) => (await app.ask('POST', `/auth/v1${path}`, { raw: '{' })).body.code
  expect(await ask('/recover')).toBe('email_provider_disabled')
  expect(await ask('/token?grant_type=web3')).toBe('web3_provider_disabled')
  const wallet = { chain: 'ethereum', message: 'test message', signature: { 0: 1, 1: 2, 2: 3 } }
  const { status, body } = await app.ask('POST', '/auth/v1/token?grant_type=web3', { body: wallet })
  expect([status, body.message]).toEqual([422, 'Web3 provider is disabled'])
})

test('a challenge id must be a UUID if given', async () => {
  await using app = await startApp()
  const { accessToken: token } = await app.signUp()
  const { id } = (await enrol(app, token)).body
  const ask = async (challengeId: string | null) =>
    (
      await app.ask('POST', `/auth/v1/factors/${id}/verify`, {
        token,
        body: { challenge_id: challengeId, code: '123456' },
      })
    ).body.code
  expect([await ask(''), await ask('nope'), await ask(null)]).toEqual(['bad_json', 'bad_json', 'mfa_factor_not_found'])
})

test('stored text cannot contain NUL characters', async () => {
  await using app = await startApp({ settings: PHONE_FACTORS })
  const { accessToken: token, id } = await app.signUp()
  const factor = (await enrol(app, token)).body.id
  const cases: [method: string, path: string, token: string, body: object][] = [
    ['POST', '/auth/v1/factors', token, { factor_type: 'totp', friendly_name: 'a\0b' }],
    ['POST', '/auth/v1/factors', token, { factor_type: 'totp', friendly_name: 'a', issuer: 'a\0b' }],
    ['PUT', `/auth/v1/admin/users/${id}/factors/${factor}`, app.admin, { friendly_name: 'a\0b' }],
    ['PATCH', `/auth/v1/passkeys/${SOMEBODY}`, token, { friendly_name: 'a\0b' }],
    ['POST', '/auth/v1/factors/recovery-codes', token, { friendly_name: 'a\0b' }],
    ['POST', '/auth/v1/admin/users', app.admin, { email: 'b@example.com', role: 'a\0b' }],
    ['POST', '/auth/v1/admin/users', app.admin, { email: 'b@example.com', aud: 'a\0b' }],
    ['PUT', `/auth/v1/admin/users/${id}`, app.admin, { role: 'a\0b' }],
    ['POST', '/api/auth/tokens', token, { name: 'a\0b' }],
  ]
  for (const [method, path, bearer, body] of cases) {
    const { status, text } = await app.ask(method, path, { token: bearer, body })
    expect([path, body, status]).toEqual([path, body, 400])
    expect([path, text]).toEqual([path, expect.stringContaining('NUL')])
  }
  const account = { email: 'c@example.com', password: 'correct-horse-battery-9', display_name: 'a\0b' }
  const { status, body } = await app.ask('POST', '/api/auth/register', { body: account })
  expect([status, body.error, body.detail]).toEqual([422, 'validation_error', 'display_name'])
})

test('a filter with a NUL character is refused', async () => {
  await using app = await startApp()
  await confirmedUser(app, 'ada@example.com')
  const list = async (path: string) => app.ask('GET', `/auth/v1${path}`, { token: app.admin })
  for (const path of ['/admin/users?filter=%00', '/admin/users?filter=ada%00x', '/admin/audit?query=author:%00']) {
    const { status, body } = await list(path)
    expect([path, status, body.code]).toEqual([path, 400, 'validation_failed'])
  }
  expect((await list(`/admin/users?filter=${'a'.repeat(8000)}`)).body.users).toEqual([])
  expect((await list('/admin/users?filter=ADA')).body.users).toHaveLength(1)
})

test('lists are sorted as GoTrue sorts them', async () => {
  await using app = await startApp()
  for (const name of ['a', 'b']) {
    await confirmedUser(app, `${name}@example.com`)
    app.clock.advance(1000)
  }
  const sorted = async (sort: string) => {
    const { body } = await app.ask('GET', `/auth/v1/admin/users?sort=${encodeURIComponent(sort)}`, { token: app.admin })
    return body.message ?? body.users.map(({ email }: { email: string }) => email[0]).join('')
  }
  for (const sort of ['created_at', 'created_at desc', 'created_at DESC'])
    expect([sort, await sorted(sort)]).toEqual([sort, 'ba'])
  for (const sort of ['created_at asc', 'created_at ASC', 'created_at Asc'])
    expect([sort, await sorted(sort)]).toEqual([sort, 'ab'])
  expect(await sorted('')).toBe("Bad Sort Parameters: bad field for sort ''")
  expect(await sorted('created_at  asc')).toBe(
    "Bad Sort Parameters: bad direction for sort ' asc', only 'asc' and 'desc' allowed",
  )
  expect(await sorted('created_at asc desc')).toContain("bad direction for sort 'asc desc'")
})

test('page numbers are unsigned integers of 64 bits', async () => {
  await using app = await startApp()
  await confirmedUser(app, 'ada@example.com')
  const page = async (query: string) => {
    const { body } = await app.ask('GET', `/auth/v1/admin/users?${query}`, { token: app.admin })
    return body.message ?? body.users.length
  }
  expect(await page('page=18446744073709551615')).toBe(0)
  expect(await page('per_page=18446744073709551615')).toBe(1)
  expect(await page('page=18446744073709551616')).toContain('value out of range')
  for (const wrong of ['1.5', '-1', '1e3', '0x1', '1_000'])
    expect(await page(`page=${wrong}`)).toContain('invalid syntax')
  expect(await page('per_page=0')).toBe('Bad Pagination Parameters: per_page must be greater than 0')
})

test('users of another audience are found only if the request names it', async () => {
  await using app = await startApp()
  const email = 'ada@example.com'
  await confirmedUser(app, email, { aud: 'other' })
  const inOther = { headers: { 'x-jwt-aud': 'other' } }
  const ask = async (path: string, body: object, more: object = {}) => {
    app.clock.advance(60_000)
    return app.ask('POST', `/auth/v1${path}`, { body, ...more })
  }
  expect((await ask('/recover', { email })).body).toEqual({})
  expect((await ask('/otp', { email, create_user: false })).body.code).toBe('otp_disabled')
  expect((await ask('/otp', { email })).body).toEqual({})
  expect((await ask('/resend', { email, type: 'signup' })).body).toEqual({})
  expect(await mailboxOf(app, email)).toEqual([])
  const link = { type: 'recovery', email }
  expect((await ask('/admin/generate_link', link, { token: app.admin })).body.code).toBe('user_not_found')
  expect((await ask('/recover', { email }, inOther)).body).toEqual({})
  const { code } = await lastMessageTo(app, email)
  const shown = { type: 'recovery', email, token: code }
  expect((await verify(app, shown)).body.code).toBe('otp_expired')
  expect((await verify(app, shown, inOther)).status).toBe(200)
})

test('ids in paths and bodies may have any format that GoTrue accepts', async () => {
  await using app = await startApp()
  const { id } = await app.signUp()
  const get = async (text: string) => {
    const { status, body } = await app.ask('GET', `/auth/v1/admin/users/${encodeURIComponent(text)}`, {
      token: app.admin,
    })
    return [text, status, body.id ?? body.message]
  }
  const digits = id.replaceAll('-', '')
  for (const text of [id.toUpperCase(), digits, `{${id}}`, `{${digits}}`, `urn:uuid:${id}`, `urn:uuid:${digits}`])
    expect(await get(text)).toEqual([text, 200, id])
  for (const text of [
    `${id}x`,
    `{${id}`,
    `uuid:${id}`,
    `{urn:uuid:${id}}`,
    ` ${id}`,
    id.slice(1),
    `${digits.slice(0, 31)}-`,
  ])
    expect(await get(text)).toEqual([text, 404, 'user_id must be an UUID'])
  const given = crypto.randomUUID()
  const made = await app.ask('POST', '/auth/v1/admin/users', {
    token: app.admin,
    body: { id: `{${given}}`, email: 'b@example.com' },
  })
  expect(made.body.id).toBe(given)
})

test('a password beside a password hash is refused, even an empty one', async () => {
  await using app = await startApp()
  const hash = '$2y$10$SXEz2HeT8PUIGQXo9yeUIem8KzNxgG0d7o/.eGj2rj8KbRgAuRVlq'
  const body = { email: 'ada@example.com', password: '', password_hash: hash }
  const { status, body: answer } = await app.ask('POST', '/auth/v1/admin/users', { token: app.admin, body })
  expect([status, answer.message]).toEqual([400, 'Only a password or a password hash should be provided'])
})

test('links to other pages are escaped as Go escapes them', async () => {
  await using app = await startApp()
  const { headers } = await app.ask('GET', '/auth/v1/admin/users?x=~*&per_page=1', { token: app.admin })
  expect(headers.get('link')).toBe('</admin/users?page=0&per_page=1&x=~%2A>; rel="last"')
})
