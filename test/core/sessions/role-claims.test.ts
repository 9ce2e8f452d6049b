/** Roles and the claims that they give, in access tokens of Supabase's surface (docs/roles-and-claims.md). */
import { expect, test } from 'bun:test'
import { load } from '../../../src/config/load'
import { claimsOf, type Json, refresh, type SignedIn, startApp, type TestApp } from '../../support/app'
import { enrolled, pass, protectedAccount } from '../../support/factors'
import { startHookServer } from '../../support/hook-server'

const BY_ROLE = {
  editor: { user_role: 'editor', permissions: ['posts.write'] },
  moderator: { user_role: 'moderator', permissions: ['posts.delete'], role: 'moderator' },
  user: { plan: 'free' },
}
const LISTED = { AUTH_JWT_ROLES_CLAIM: 'user_roles' }
const MAPPED = { AUTH_JWT_ROLE_CLAIMS: JSON.stringify(BY_ROLE) }

const changeRole = (app: TestApp, method: 'PUT' | 'DELETE', { id }: Pick<SignedIn, 'id'>, role: string) =>
  app.ask(method, `/api/auth/admin/users/${id}/roles/${role}`, { token: app.admin })
const grant = (app: TestApp, user: Pick<SignedIn, 'id'>, role: string) => changeRole(app, 'PUT', user, role)

/** A session that is refreshed again and again. */
function refreshed(app: TestApp, { refreshToken }: SignedIn): () => Promise<Json> {
  let next = refreshToken
  return async () => {
    app.clock.advance(1000)
    const { body } = await refresh(app, next)
    next = body.refresh_token
    return claimsOf(body.access_token)
  }
}

/** The names of the calls that read roles. */
function countRoleReads(app: TestApp): string[] {
  const reads: string[] = []
  const { rolesOf, hasRole } = app.store
  app.store.rolesOf = async (id) => {
    reads.push('rolesOf')
    return rolesOf(id)
  }
  app.store.hasRole = async (which) => {
    reads.push('hasRole')
    return hasRole(which)
  }
  return reads
}

const STANDARD = [
  ...['iss', 'sub', 'aud', 'exp', 'iat', 'email', 'phone', 'app_metadata', 'user_metadata'],
  ...['role', 'aal', 'amr', 'session_id', 'is_anonymous'],
]

test('without the settings, tokens are as before, and roles are not read', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  await grant(app, ada, 'admin')
  const reads = countRoleReads(app)
  const again = await app.signIn(ada.email)
  const claims = await refreshed(app, ada)()
  for (const each of [claimsOf(again.accessToken), claims]) expect(Object.keys(each)).toEqual(STANDARD)
  expect(reads).toEqual([])
})

test('roles are listed in a claim; what is granted or revoked shows in the next token', async () => {
  await using app = await startApp({ settings: LISTED })
  const ada = await app.signUp()
  expect(claimsOf(ada.accessToken).user_roles).toEqual(['user'])
  const next = refreshed(app, ada)
  await grant(app, ada, 'admin')
  const granted = await next()
  expect([granted.user_roles, granted.role]).toEqual([['user', 'admin'], 'authenticated'])
  expect(Object.keys(granted)).toEqual([...STANDARD, 'user_roles'])
  await changeRole(app, 'DELETE', ada, 'admin')
  expect((await next()).user_roles).toEqual(['user'])
})

test('roles are read once for a token', async () => {
  await using app = await startApp({ settings: { ...LISTED, ...MAPPED } })
  const ada = await app.signUp()
  const reads = countRoleReads(app)
  await refreshed(app, ada)()
  expect(reads).toEqual(['rolesOf'])
})

test('roles give claims, and several roles are merged', async () => {
  await using app = await startApp({ settings: MAPPED })
  const ada = await app.signUp()
  const next = refreshed(app, ada)
  const customOf = (claims: Json) =>
    Object.fromEntries(Object.entries(claims).filter(([name]) => !STANDARD.includes(name)))
  expect(customOf(claimsOf(ada.accessToken))).toEqual({ plan: 'free' })
  expect(await grant(app, ada, 'editor')).toMatchObject({ status: 200, body: { roles: ['user', 'editor'] } })
  expect(customOf(await next())).toEqual({ ...BY_ROLE.editor, plan: 'free' })
  await grant(app, ada, 'moderator')
  const both = await next()
  expect(customOf(both)).toEqual({ user_role: 'editor', permissions: ['posts.write', 'posts.delete'], plan: 'free' })
  expect(both.role).toBe('moderator')
  await changeRole(app, 'DELETE', ada, 'editor')
  await changeRole(app, 'DELETE', ada, 'moderator')
  const none = await next()
  expect([customOf(none), none.role]).toEqual([{ plan: 'free' }, 'authenticated'])
})

test('a token with a mapped database role is accepted like any other', async () => {
  await using app = await startApp({ settings: MAPPED })
  const ada = await app.signUp()
  await grant(app, ada, 'moderator')
  const { accessToken } = await app.signIn(ada.email)
  expect(claimsOf(accessToken).role).toBe('moderator')
  const { status, body } = await app.ask('GET', '/auth/v1/user', { token: accessToken })
  expect([status, body.role]).toEqual([200, 'authenticated'])
  expect((await app.ask('GET', '/auth/v1/admin/users', { token: accessToken })).status).toBe(403)
})

test('until the second factor of its user has been passed, a session has the role user only', async () => {
  await using app = await startApp({ settings: { ...LISTED, ...MAPPED } })
  const ada = await protectedAccount(app)
  await grant(app, ada, 'editor')
  const low = await app.signIn(ada.email)
  const { user_roles, user_role } = claimsOf(low.accessToken)
  expect([user_roles, user_role]).toEqual([['user'], undefined])
  const { body } = await pass(app, low.accessToken, ada.factor)
  const high = claimsOf(body.access_token)
  expect([high.aal, high.user_roles, high.user_role]).toEqual(['aal2', ['user', 'editor'], 'editor'])
})

test('an unverified factor changes nothing', async () => {
  await using app = await startApp({ settings: LISTED })
  const ada = await app.signUp()
  await grant(app, ada, 'admin')
  await enrolled(app, ada.accessToken)
  expect((await refreshed(app, ada)()).user_roles).toEqual(['user', 'admin'])
})

test('tokens of /api/auth list the same roles, without the claims', async () => {
  await using app = await startApp({ settings: { ...LISTED, ...MAPPED } })
  const ada = await app.signUp()
  await grant(app, ada, 'editor')
  const { body } = await app.ask('POST', '/api/auth/login', { body: { email: ada.email, password: ada.password } })
  const claims = claimsOf(body.access_token)
  expect([claims.roles, claims.user_roles, claims.user_role]).toEqual([['user', 'editor'], undefined, undefined])
})

test('the Custom Access Token hook receives these claims, and has the last word', async () => {
  await using hook = await startHookServer()
  await using app = await startApp({ settings: { ...LISTED, ...MAPPED, ...hook.settings('CUSTOM_ACCESS_TOKEN') } })
  hook.always(({ payload: { claims } }) => ({ body: { claims } }))
  const ada = await app.signUp()
  await grant(app, ada, 'moderator')
  const next = refreshed(app, ada)
  await next()
  const { claims } = hook.last().payload
  expect([claims.user_roles, claims.user_role, claims.permissions, claims.role, claims.plan]).toEqual([
    ['user', 'moderator'],
    'moderator',
    ['posts.delete'],
    'moderator',
    'free',
  ])
  hook.always(({ payload }) => {
    const { permissions: _, ...kept } = payload.claims
    return { body: { claims: { ...kept, role: 'authenticated', user_role: 'custom' } } }
  })
  const { role, user_role, permissions, plan } = await next()
  expect([role, user_role, permissions, plan]).toEqual(['authenticated', 'custom', undefined, 'free'])
})

test('only roles of the database or of the configuration can be granted', async () => {
  await using app = await startApp({ settings: MAPPED })
  const ada = await app.signUp()
  for (const role of ['emperor', 'constructor', '__proto__']) expect((await grant(app, ada, role)).status).toBe(404)
  expect((await app.ask('GET', '/auth/v1/admin/roles', { token: app.admin })).body).toEqual({
    roles: ['admin', 'editor', 'moderator', 'user'],
  })
  expect((await grant(app, ada, 'editor')).status).toBe(200)
  expect((await grant(app, ada, 'editor')).status).toBe(200)
})

test('a role that left the configuration stays granted, without claims', async () => {
  await using app = await startApp({ settings: LISTED })
  const ada = await app.signUp()
  await app.store.grantRole({ userId: ada.id, role: 'editor', now: app.clock.now(), isConfigured: true })
  const { user_roles, user_role } = await refreshed(app, ada)()
  expect([user_roles, user_role]).toEqual([['user', 'editor'], undefined])
  expect((await changeRole(app, 'DELETE', ada, 'editor')).body).toEqual({ roles: ['user'] })
})

const problemsOf = (set: Record<string, string>) =>
  load({ set })
    .problems.filter(({ severity }) => severity === 'error')
    .map(({ message }) => message)

/** Threat T66. */
test('a role cannot set the claims of the server itself', async () => {
  await using app = await startApp()
  const own = Object.keys(claimsOf((await app.signUp()).accessToken)).filter((claim) => claim !== 'role')
  expect(own.length).toBeGreaterThan(12)
  for (const claim of [...own, 'nbf', 'jti', 'client_id', 'scope', 'type', 'sid']) {
    expect(problemsOf({ AUTH_JWT_ROLE_CLAIMS: JSON.stringify({ editor: { [claim]: 'x' } }) })).toEqual([
      expect.stringContaining(`without the claim "${claim}" (role "editor"), which this server sets itself`),
    ])
    expect(problemsOf({ AUTH_JWT_ROLES_CLAIM: claim })).toEqual([
      expect.stringContaining('must be the name of a claim that this server does not set itself'),
    ])
  }
  expect(problemsOf({ AUTH_JWT_ROLES_CLAIM: 'role' })).toHaveLength(1)
})

test.each([
  ['{"editor":', 'must be valid JSON'],
  ['[]', 'must be a JSON object with the claims of each role'],
  ['{"editor":"editor"}', 'must be a JSON object with the claims of each role'],
  ['{"1":{}}', '("1" is not one)'],
  ['{"__proto__":{}}', '("__proto__" is not one)'],
  ['{"editor":{"role":["editor"]}}', 'the name of a database role'],
  ['{"editor":{"role":""}}', 'the name of a database role'],
  ['{"editor":{"role":"service_role"}}', 'must not set "role" to service_role (role "editor")'],
])('%s stops the start', (text, reason) => {
  expect(problemsOf({ AUTH_JWT_ROLE_CLAIMS: text })).toEqual([expect.stringContaining(reason)])
})

test('the claims of all roles together have at most 8192 bytes', async () => {
  const sized = (bytes: number) => {
    const empty = JSON.stringify({ user: { big: '' } })
    return JSON.stringify({ user: { big: 'x'.repeat(bytes - empty.length) } })
  }
  expect(problemsOf({ AUTH_JWT_ROLE_CLAIMS: sized(8193) })).toEqual([
    expect.stringContaining('must be at most 8192 bytes of JSON (it has 8193)'),
  ])
  const full = { full: 'y'.repeat(3072 - '{"full":""}'.length) }
  await using app = await startApp({ settings: { ...LISTED, AUTH_JWT_ROLE_CLAIMS: sized(8192) } })
  const body = { email: `${'a'.repeat(240)}@example.com`, password: 'correct-horse-battery-9', data: full }
  const signedUp = await app.ask('POST', '/auth/v1/signup', { body })
  const claims = claimsOf(signedUp.body.access_token)
  expect([claims.user_metadata.full, claims.big.length > 8000]).toEqual([full.full, true])
  expect(JSON.stringify(claims).length).toBeLessThan(16_384)
  expect((await app.ask('GET', '/auth/v1/user', { token: signedUp.body.access_token })).status).toBe(200)
})

test('both settings cannot set the same claim', () => {
  const set = { AUTH_JWT_ROLES_CLAIM: 'user_role', ...MAPPED }
  const reason = 'AUTH_JWT_ROLE_CLAIMS must not set "user_role"'
  expect(problemsOf(set)).toEqual([expect.stringContaining(reason), expect.stringContaining(reason)])
})
