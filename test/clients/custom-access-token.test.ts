/** Claims of a Custom Access Token hook, as the published supabase-js reads them from the executable's tokens. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createClient } from '@supabase/supabase-js'
import { type Binary, startBinary } from '../support/binary'
import { type HookServer, startHookServer } from '../support/hook-server'

const password = 'correct-horse-battery-9'
let hook: HookServer
let server: Binary

beforeAll(async () => {
  hook = await startHookServer()
  server = await startBinary({ env: hook.settings('CUSTOM_ACCESS_TOKEN') })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await hook[Symbol.asyncDispose]()
})

const client = () =>
  createClient(server.url, server.keys.publishable_key, {
    auth: { autoRefreshToken: false, detectSessionInUrl: false },
  })

/** Adds claims to every token. */
const adds = (more: object) => hook.always(({ payload }) => ({ body: { claims: { ...payload.claims, ...more } } }))

test('getClaims reads a claim of the hook, and a new one after a refresh', async () => {
  const { auth } = client()
  adds({ user_role: 'editor', permissions: ['posts.write'] })
  const { data } = await auth.signUp({ email: 'ada@example.com', password })
  expect(data.session).not.toBeNull()
  const first = await auth.getClaims()
  expect([first.error, first.data?.claims]).toEqual([
    null,
    expect.objectContaining({ user_role: 'editor', permissions: ['posts.write'], email: 'ada@example.com' }),
  ])
  adds({ user_role: 'admin' })
  await auth.refreshSession()
  const { data: second } = await auth.getClaims()
  expect([second?.claims.user_role, second?.claims.permissions]).toEqual(['admin', undefined])
})

test('a refresh that fails with 5xx is retried by the client, and succeeds with the same token', async () => {
  const { auth } = client()
  adds({ user_role: 'back' })
  await auth.signUp({ email: 'grace@example.com', password })
  hook.next({ body: { error: { http_code: 503, message: 'Later' } } }, { status: 500 })
  expect((await auth.refreshSession()).error).toBeNull()
  expect((await auth.getClaims()).data?.claims.user_role).toBe('back')
})

test('the message of the hook reaches the application', async () => {
  const { auth } = client()
  adds({})
  await auth.signUp({ email: 'joan@example.com', password })
  hook.always({ body: { error: { http_code: 403, message: 'Your subscription has ended' } } })
  const { data, error } = await auth.signInWithPassword({ email: 'joan@example.com', password })
  expect([data.session, error?.status, error?.message]).toEqual([null, 403, 'Your subscription has ended'])
})

test('a token of 16 KiB works in a header, and beside cookies as large', async () => {
  const { auth } = client()
  hook.always(({ payload: { claims } }) => {
    const frame = JSON.stringify({ ...claims, pad: '' }).length
    return { body: { claims: { ...claims, pad: 'x'.repeat(16_384 - frame) } } }
  })
  const { data } = await auth.signUp({ email: 'long@example.com', password })
  const token = data.session?.access_token ?? ''
  expect(token.length).toBeGreaterThan(21_800)
  expect((await auth.getUser()).data.user?.email).toBe('long@example.com')
  expect((await auth.getClaims()).data?.claims.email).toBe('long@example.com')
  // what server-rendered applications send along: the session in chunks
  const session = Buffer.from(JSON.stringify(data.session)).toString('base64url')
  const chunks = session.match(/.{1,3180}/g) ?? []
  const cookie = chunks.map((chunk, index) => `sb-localhost-auth-token.${index}=${chunk}`).join('; ')
  expect(cookie.length + token.length).toBeGreaterThan(50_000)
  const { status, body } = await server.ask('GET', '/auth/v1/user', { token, headers: { cookie } })
  expect([status, body.email]).toEqual([200, 'long@example.com'])
  const filler = 'x'.repeat(65_536 - cookie.length - token.length - 300)
  const full = await server.ask('GET', '/auth/v1/user', { token, headers: { cookie, 'x-filler': filler } })
  expect(full.status).toBe(200)
})
