import { expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { type Json, PASSWORD, passwordGrant, refresh, startApp, type TestApp } from '../../support/app'
import { execute } from '../../support/database'

const users = '/auth/v1/admin/users'
const create = (app: TestApp, body: unknown) => app.ask('POST', users, { token: app.admin, body })
const change = (app: TestApp, id: string, body: unknown) => app.ask('PUT', `${users}/${id}`, { token: app.admin, body })
const get = (app: TestApp, path: string) => app.ask('GET', path, { token: app.admin })

test('the admin API accepts the secret key and service_role tokens', async () => {
  await using app = await startApp({ settings: { AUTH_JWT_SECRET: 'a-secret-of-this-test-with-at-least-32-bytes' } })
  const ada = await app.signUp()
  const ask = async (token: string | undefined, apikey?: string) => {
    const { status, body } = await app.ask('GET', users, { token, headers: apikey === undefined ? {} : { apikey } })
    return [status, body.code]
  }
  const sign = (claims: object, secret = 'a-secret-of-this-test-with-at-least-32-bytes') => {
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
  }
  const { publishable, secret, anon, serviceRole } = app.keys
  expect(await ask(undefined)).toEqual([401, 'no_authorization'])
  expect(await ask(undefined, publishable)).toEqual([401, 'no_authorization'])
  for (const token of [publishable, anon, ada.accessToken]) expect(await ask(token)).toEqual([403, 'not_admin'])
  expect(await ask('garbage')).toEqual([403, 'bad_jwt'])
  expect(await ask(undefined, serviceRole)).toEqual([401, 'no_authorization'])
  expect(await ask(sign({ role: 'service_role' }, 'another-secret-another-secret-another'))).toEqual([403, 'bad_jwt'])
  expect(await ask(sign({ role: 'service_role', exp: 1 }))).toEqual([403, 'bad_jwt'])
  expect(await ask(`${secret.slice(0, -1)}${secret.endsWith('A') ? 'B' : 'A'}`)).toEqual([403, 'bad_jwt'])
  for (const token of [secret, serviceRole, sign({ role: 'supabase_admin' })]) expect((await ask(token))[0]).toBe(200)
  expect((await ask(undefined, secret))[0]).toBe(200)
  expect((await ask(ada.accessToken, secret))[0]).toBe(200)
})

test('a user with the role admin may use it while the session is valid and the role is granted', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const ask = async () => (await app.ask('GET', users, { token: ada.accessToken })).status
  expect(await ask()).toBe(403)
  await app.store.grantRole({ userId: ada.id, role: 'admin', now: app.clock.now() })
  expect(await ask()).toBe(200)
  await app.store.revokeRole({ userId: ada.id, role: 'admin' })
  expect(await ask()).toBe(403)
  await app.store.grantRole({ userId: ada.id, role: 'admin', now: app.clock.now() })
  await app.ask('POST', '/auth/v1/logout', { token: ada.accessToken })
  expect(await ask()).toBe(403)
})

test('users cannot make themselves admins by what they may set', async () => {
  await using app = await startApp()
  const data = { role: 'service_role', is_admin: true, app_metadata: { role: 'service_role' } }
  const { body } = await app.ask('POST', '/auth/v1/signup', {
    body: {
      email: 'eve@example.com',
      password: PASSWORD,
      data,
      role: 'service_role',
      app_metadata: { role: 'admin' },
      aud: 'x',
    },
  })
  expect(body.user).toMatchObject({
    role: 'authenticated',
    aud: 'authenticated',
    app_metadata: { provider: 'email', providers: ['email'] },
  })
  expect((await app.ask('GET', users, { token: body.access_token })).status).toBe(403)
})

test('a user can be created with all fields at once', async () => {
  await using app = await startApp()
  const { status, body } = await create(app, {
    email: 'Ned@Example.com',
    phone: '+15551230000',
    password: 'weak',
    email_confirm: true,
    phone_confirm: true,
    role: 'editor',
    ban_duration: '24h',
    user_metadata: { name: 'Ned', gone: null },
    app_metadata: { plan: 'gold', provider: 'x', gone: null },
  })
  expect(status).toBe(200)
  expect(body).toMatchObject({
    email: 'ned@example.com',
    phone: '15551230000',
    role: 'editor',
    banned_until: '2026-01-02T00:00:00Z',
    app_metadata: { plan: 'gold', provider: 'x', providers: ['email', 'phone'] },
    user_metadata: { name: 'Ned', gone: null, email_verified: true },
    identities: [
      {
        provider: 'email',
        identity_data: { email: 'ned@example.com', email_verified: false, phone_verified: false, sub: body.id },
      },
      {
        provider: 'phone',
        identity_data: { phone: '15551230000', email_verified: false, phone_verified: false, sub: body.id },
      },
    ],
  })
  expect(body.app_metadata).not.toHaveProperty('gone')
})

test.each([
  [{ password: PASSWORD }, 400, 'Cannot create a user without either an email or phone'],
  [{ email: 'nope' }, 400, 'Unable to validate email address: invalid format'],
  [{ email: 'a@b.co', phone: 'x' }, 400, 'Invalid phone number format (E.164 required)'],
  [{ email: 'a@b.co', id: 'abc' }, 400, 'ID must conform to the uuid v4 format'],
  [{ email: 'a@b.co', id: '00000000-0000-0000-0000-000000000000' }, 400, 'ID cannot be a nil uuid'],
  [{ email: 'a@b.co', password: 'x'.repeat(73) }, 400, 'Password cannot be longer than 72 characters'],
  [
    { email: 'a@b.co', password: PASSWORD, password_hash: 'fake$x' },
    400,
    'Only a password or a password hash should be provided',
  ],
  [{ email: 'a@b.co', password_hash: 'plain' }, 400, 'Password hash must be bcrypt, argon2i, argon2id or fbscrypt'],
  [
    { email: 'a@b.co', ban_duration: 'forever' },
    400,
    'invalid format for ban duration: time: invalid duration "forever"',
  ],
  [{ email: 'a@b.co', ban_duration: '1d' }, 400, 'invalid format for ban duration: time: invalid duration "1d"'],
  [{ email: 'a@b.co', user_metadata: 'x' }, 400, expect.stringContaining('Could not parse request body as JSON')],
  [{ email: 'a@b.co', email_confirm: 'yes' }, 400, expect.stringContaining('Could not parse request body as JSON')],
])('creating %j is refused', async (body, status, message) => {
  await using app = await startApp()
  const reply = await create(app, body)
  expect([reply.status, reply.body.message]).toEqual([status, message])
})

test('taken addresses and numbers are refused, also in a race', async () => {
  await using app = await startApp()
  const id = crypto.randomUUID()
  await create(app, { id, email: 'a@example.com', phone: '15551230000' })
  expect((await create(app, { email: 'A@example.com' })).body.code).toBe('email_exists')
  expect((await create(app, { phone: '15551230000' })).body).toEqual({
    code: 'phone_exists',
    message: 'Phone number already registered by another user',
  })
  expect((await create(app, { id, email: 'b@example.com' })).body.code).toBe('conflict')
  const replies = await Promise.all(Array.from({ length: 10 }, () => create(app, { email: 'race@example.com' })))
  expect(replies.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(422)])
})

test('an account created without a password gets a random one', async () => {
  await using app = await startApp()
  await create(app, { email: 'a@example.com', email_confirm: true })
  for (const password of ['', 'undefined', 'null', PASSWORD])
    expect((await passwordGrant(app, { email: 'a@example.com', password })).status).toBe(400)
})

test('a user can be changed: metadata merged, role, contacts, password, ban', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  await change(app, ada.id, { user_metadata: { a: 1, b: 2 }, app_metadata: { x: 1, y: 2 } })
  const { body } = await change(app, ada.id, { user_metadata: { b: null, c: 3 }, app_metadata: { y: null, z: 3 } })
  expect(body.user_metadata).toMatchObject({ a: 1, c: 3 })
  expect(body.user_metadata).not.toHaveProperty('b')
  expect(body.app_metadata).toEqual({ provider: 'email', providers: ['email'], x: 1, z: 3 })
  expect((await change(app, ada.id, { email: 'new@example.com' })).body).toMatchObject({
    email: 'new@example.com',
    email_confirmed_at: '2026-01-01T00:00:00Z',
  })
  expect((await get(app, `${users}/${ada.id}`)).body.identities[0].identity_data.email).toBe('new@example.com')
  expect((await change(app, ada.id, { phone: '15551230000', phone_confirm: true })).body.identities).toHaveLength(2)
  expect((await change(app, ada.id, { role: 'editor' })).body.role).toBe('editor')
  expect((await app.ask('GET', '/auth/v1/user', { token: ada.accessToken })).status).toBe(200)
  await change(app, ada.id, { password: 'another-password-1' })
  expect((await app.ask('GET', '/auth/v1/user', { token: ada.accessToken })).body.code).toBe('session_not_found')
  expect((await passwordGrant(app, { email: 'new@example.com', password: 'another-password-1' })).status).toBe(200)
})

test('a change that is refused changes nothing', async () => {
  await using app = await startApp()
  const [ada, eve] = [await app.signUp(), await app.signUp()]
  for (const body of [
    { password: 'abc' },
    { email: 'nope' },
    { email: eve.email },
    { phone: 'x' },
    { ban_duration: '1 day' },
    { user_metadata: { a: '\0' } },
    { user_metadata: [] },
  ])
    expect((await change(app, ada.id, { role: 'editor', ...body })).status).toBeOneOf([400, 422])
  expect((await get(app, `${users}/${ada.id}`)).body).toMatchObject({ role: 'authenticated', email: ada.email })
})

test('a ban takes effect at once everywhere, and earlier sessions stay ended after it is lifted (decision D4)', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  await change(app, ada.id, { ban_duration: '1h30m' })
  for (const [method, path] of [
    ['GET', '/user'],
    ['POST', '/logout'],
    ['GET', '/sessions'],
    ['PUT', '/user'],
    ['DELETE', '/user'],
  ] as const)
    expect((await app.ask(method, `/auth/v1${path}`, { token: ada.accessToken })).body.code).toBe('user_banned')
  const { body } = await change(app, ada.id, { ban_duration: 'none' })
  expect(body).not.toHaveProperty('banned_until')
  expect((await app.ask('GET', '/auth/v1/user', { token: ada.accessToken })).body.code).toBe('session_not_found')
})

test('hard deletion removes everything; soft deletion keeps an anonymized row', async () => {
  await using app = await startApp()
  const [gone, ghost] = [await app.signUp(), await app.signUp()]
  expect((await app.ask('DELETE', `${users}/${gone.id}`, { token: app.admin })).body).toEqual({})
  expect((await get(app, `${users}/${gone.id}`)).body).toEqual({ code: 'user_not_found', message: 'User not found' })
  expect((await app.ask('DELETE', `${users}/${gone.id}`, { token: app.admin })).status).toBe(404)
  const soft = () => app.ask('DELETE', `${users}/${ghost.id}`, { token: app.admin, body: { should_soft_delete: true } })
  expect([(await soft()).status, (await soft()).status]).toEqual([200, 200])
  const { body } = await get(app, `${users}/${ghost.id}`)
  expect(body).toMatchObject({ id: ghost.id, deleted_at: '2026-01-01T00:00:00Z', user_metadata: {} })
  expect(JSON.stringify(body)).not.toContain(ghost.email)
  for (const { accessToken, refreshToken, email } of [gone, ghost]) {
    expect((await app.ask('GET', '/auth/v1/user', { token: accessToken })).status).toBe(403)
    expect((await refresh(app, refreshToken)).status).toBe(400)
    expect((await create(app, { email })).status).toBe(200)
  }
  expect(
    (await app.ask('DELETE', `${users}/${ghost.id}`, { token: app.admin, body: { should_soft_delete: 'yes' } })).body
      .code,
  ).toBe('bad_json')
})

test('an address that a deleted account got by an administrator is answered as an unknown one', async () => {
  await using app = await startApp()
  const { id } = await app.signUp()
  await app.ask('DELETE', `${users}/${id}`, { token: app.admin, body: { should_soft_delete: true } })
  const email = 'ghost@example.com'
  const changed = { email, email_confirm: true, password: PASSWORD }
  expect((await app.ask('PUT', `${users}/${id}`, { token: app.admin, body: changed })).status).toBe(200)
  for (const path of ['/recover', '/otp', '/magiclink'])
    expect((await app.ask('POST', `/auth/v1${path}`, { body: { email } })).status).toBe(200)
  expect((await app.ask('POST', '/auth/v1/otp', { body: { email, create_user: false } })).body.code).toBe(
    'otp_disabled',
  )
  const link = async (type: string) =>
    (await app.ask('POST', '/auth/v1/admin/generate_link', { token: app.admin, body: { type, email } })).body.code
  expect([await link('recovery'), await link('magiclink')]).toEqual(['user_not_found', 'email_exists'])
  expect(await app.core.forTask().listMessages({ limit: 10 })).toEqual([])
})

test.each(['nope', '1%27%20OR%20%271%27=%271', '..%2fusers', 'a%00b'])('the path id %s is invalid', async (id) => {
  await using app = await startApp()
  for (const method of ['GET', 'PUT', 'DELETE']) {
    const { status, body } = await app.ask(method, `${users}/${id}`, {
      token: app.admin,
      ...(method === 'PUT' && { body: {} }),
    })
    expect([status, body.message]).toEqual([404, 'user_id must be an UUID'])
  }
})

test('lists are paged, counted, sorted and searched', async () => {
  await using app = await startApp()
  for (const name of ['a', 'b', 'c']) {
    await create(app, { email: `${name}@example.com`, user_metadata: { full_name: `Quentin ${name.toUpperCase()}` } })
    app.clock.advance(1000)
  }
  const list = async (query: string) => {
    const { body, headers } = await get(app, `${users}${query}`)
    return {
      emails: body.users?.map((user: Json) => user.email[0]).join(''),
      total: headers.get('x-total-count'),
      link: headers.get('link'),
      body,
    }
  }
  expect(await list('')).toMatchObject({ emails: 'cba', total: '3', link: '</admin/users?page=1>; rel="last"' })
  expect(await list('?page=&per_page=')).toMatchObject({ emails: 'cba', total: '3' })
  expect(await list('?per_page=2')).toMatchObject({
    emails: 'cb',
    link: '</admin/users?page=2&per_page=2>; rel="next", </admin/users?page=2&per_page=2>; rel="last"',
  })
  expect(await list('?page=2&per_page=2')).toMatchObject({
    emails: 'a',
    link: '</admin/users?page=2&per_page=2>; rel="last"',
  })
  expect(await list('?page=9&per_page=2')).toMatchObject({ emails: '', total: '3' })
  expect(await list('?page=0&per_page=2')).toMatchObject({ emails: 'cb' })
  expect(await list('?sort=created_at%20asc')).toMatchObject({ emails: 'abc' })
  expect(await list('?filter=B@EX')).toMatchObject({ emails: 'b', total: '1' })
  expect(await list('?filter=quentin%20c')).toMatchObject({ emails: 'c', total: '1' })
  expect(await list('?filter=quentin&per_page=1&page=2&sort=created_at%20asc')).toMatchObject({
    emails: 'b',
    total: '3',
  })
  expect(await list('?filter=%27%20OR%201=1%20--')).toMatchObject({
    emails: '',
    total: '0',
    link: expect.stringContaining('page=0'),
  })
  expect((await list('')).body.users[0].identities).toBeNull()
  expect(JSON.stringify((await list('')).body)).not.toMatch(/fake\$|password/)
})

test.each([
  ['page=one', 'Bad Pagination Parameters'],
  ['page=-1', 'Bad Pagination Parameters'],
  ['page=1.5', 'Bad Pagination Parameters'],
  ['page=99999999999999999999', 'Bad Pagination Parameters'],
  ['per_page=0', 'Bad Pagination Parameters'],
  ['per_page=-5', 'Bad Pagination Parameters'],
  ['sort=email%20asc', 'Bad Sort Parameters'],
  ['sort=created_at%3BDROP%20TABLE%20users%20asc', 'Bad Sort Parameters'],
  ['sort=created_at%20sideways', 'Bad Sort Parameters'],
])('the list refuses %s', async (query, message) => {
  await using app = await startApp()
  const { status, body } = await get(app, `${users}?${query}`)
  expect([status, body.code]).toEqual([400, 'validation_failed'])
  expect(body.message).toStartWith(message)
})

test('a huge page size is capped', async () => {
  await using app = await startApp()
  await app.signUp()
  const { status, body } = await get(app, `${users}?per_page=999999999`)
  expect([status, body.users.length]).toEqual([200, 1])
})

test('lists cover more rows than one step', async () => {
  await using app = await startApp()
  const columns = 'id, aud, role, email, created_at, updated_at'
  const insert = {
    sqlite: `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 45000)
      INSERT INTO users (${columns}) SELECT 'id-' || i, 'authenticated', 'r', 'u' || i || '@example.com', i, i FROM n`,
    postgres: `INSERT INTO auth.users (instance_id, ${columns})
      SELECT '00000000-0000-0000-0000-000000000000', gen_random_uuid(), 'authenticated', 'r', 'u' || i || '@example.com',
        to_timestamp(i / 1000.0), to_timestamp(i / 1000.0) FROM generate_series(1, 45000) i`,
  }
  await execute(app.database, insert)
  const list = async (query: string) => {
    const { body, headers } = await get(app, `${users}?per_page=3&${query}`)
    return [headers.get('x-total-count'), ...body.users.map((user: Json) => user.email.split('@')[0])]
  }
  expect(await list('filter=99@&page=2')).toEqual(['450', 'u44699', 'u44599', 'u44499'])
  expect(await list('page=1')).toEqual(['45000', 'u45000', 'u44999', 'u44998'])
  expect(await list('page=15000')).toEqual(['45000', 'u3', 'u2', 'u1'])
  expect(await list('page=6667&sort=created_at%20asc')).toEqual(['45000', 'u19999', 'u20000', 'u20001'])
  expect(await list('page=15001')).toEqual(['45000'])
})

test('the audit log lists who did what, newest first, and can be searched by author, action and type', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  await app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body: { password: 'another-password-1' } })
  await change(app, ada.id, { role: 'editor' })
  await app.ask('DELETE', `${users}/${ada.id}`, { token: app.admin })
  const actions = async (query: string) =>
    (await get(app, `/auth/v1/admin/audit${query}`)).body.map(({ payload }: Json) => payload.action)
  expect(await actions('')).toEqual([
    'user_deleted',
    'user_modified',
    'user_updated_password',
    'login',
    'user_signedup',
  ])
  expect(await actions(`?query=author:${ada.email}`)).toEqual(['user_updated_password', 'login', 'user_signedup'])
  expect(await actions('?query=author:service_role')).toEqual(['user_deleted', 'user_modified'])
  expect(await actions('?query=action:password')).toEqual(['user_updated_password'])
  expect(await actions('?query=type:account')).toEqual(['login'])
  expect(await actions('?per_page=2&page=2')).toEqual(['user_updated_password', 'login'])
  expect((await get(app, '/auth/v1/admin/audit?query=nocolon')).body.message).toBe('Invalid query scope: nocolon')
})

test('there are no SAML providers to list', async () => {
  await using app = await startApp()
  expect((await get(app, '/auth/v1/admin/sso/providers')).body).toEqual({ items: [] })
})

const addressesIn = async (app: TestApp) =>
  (await app.ask('GET', '/auth/v1/admin/audit', { token: app.admin })).body.map(
    (entry: { payload: { action: string }; ip_address: string }) => [entry.payload.action, entry.ip_address],
  )

test('the audit log contains the IP address of each action', async () => {
  await using app = await startApp()
  const body = { email: 'ada@example.com', password: PASSWORD }
  const { body: made } = await app.ask('POST', '/auth/v1/admin/users', {
    token: app.admin,
    body: { ...body, email_confirm: true },
    ip: '198.51.100.1',
  })
  await app.ask('POST', '/auth/v1/token?grant_type=password', { body, ip: '198.51.100.2' })
  await app.ask('POST', '/api/auth/login', {
    body,
    ip: '2001:db8::2',
    headers: { 'content-type': 'application/json' },
  })
  await app.ask('DELETE', `/auth/v1/admin/users/${made.id}`, { token: app.admin, ip: '198.51.100.3' })
  expect(await addressesIn(app)).toEqual([
    ['user_deleted', '198.51.100.3'],
    ['login', '2001:db8::2'],
    ['login', '198.51.100.2'],
    ['user_signedup', '198.51.100.1'],
  ])
})

test('without AUTH_AUDIT_LOG_IP_ADDRESSES the audit log contains no addresses', async () => {
  await using app = await startApp({ settings: { AUTH_AUDIT_LOG_IP_ADDRESSES: 'false' } })
  await app.signUp()
  expect(new Set((await addressesIn(app)).map(([, ip]: [string, string]) => ip))).toEqual(new Set(['']))
})
