/** A native client, and services behind a gateway, against the compiled executable. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createClient } from '@supabase/supabase-js'
import { MINUTE } from '../../src/lib/milliseconds'
import { type Binary, run, startBinary } from '../support/binary'
import { startGateway } from './gateway'
import { NativeClient } from './native-client'

const password = 'correct-horse-battery-9'
let server: Binary
let serial = 0

beforeAll(async () => {
  server = await startBinary()
})
afterAll(() => server[Symbol.asyncDispose]())

async function registered() {
  const email = `native-${++serial}@example.com`
  const body = { email, password, display_name: 'Ada' }
  const { status, body: made } = await server.ask('POST', '/api/auth/register', { body })
  expect(status).toBe(201)
  return { email, id: made.user.id as string }
}

const loggedIn = async (email: string) =>
  (await server.ask('POST', '/api/auth/login', { body: { email, password } })).body

test('a native client signs in, refreshes its pair once for all waiting requests, and signs out', async () => {
  const { email } = await registered()
  let now = Date.now()
  const client = new NativeClient(server.url, () => now)
  expect(await client.signIn(email, 'wrong-horse')).toBe(401)
  expect(client.isSignedIn).toBe(false)
  expect(await client.signIn(email, password)).toBe(200)
  expect(await (await client.fetch('/api/auth/me')).json()).toMatchObject({ email })
  expect(client.renewals).toBe(0)

  now += 14.8 * MINUTE
  const answers = await Promise.all(Array.from({ length: 5 }, () => client.fetch('/api/auth/me')))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
  expect(client.renewals).toBe(1)

  expect(await client.signOut()).toBe(204)
  expect((await client.fetch('/api/auth/me')).status).toBe(401)
})

test('a native client whose family was revoked has to sign in again', async () => {
  const { email } = await registered()
  const { body: pair } = await server.ask('POST', '/api/auth/token', {
    body: { grantType: 'password', email, password },
  })
  const refresh = () => server.ask('POST', '/api/auth/refresh', { body: { refreshToken: pair.refreshToken } })
  const { body: next } = await refresh()
  expect((await refresh()).status).toBe(401)
  const spent = await server.ask('POST', '/api/auth/refresh', { body: { refreshToken: next.refreshToken } })
  expect([spent.status, spent.body.error]).toEqual([401, 'invalid_refresh_token'])
  expect((await server.ask('GET', '/api/auth/me', { token: next.accessToken })).status).toBe(401)
})

test('services behind a gateway identify callers by introspection, whatever surface signed them in', async () => {
  const { email, id } = await registered()
  await using upstream = Bun.serve({
    port: 0,
    fetch: ({ headers }) => Response.json([headers.get('x-user-id'), headers.get('x-user-roles')]),
  })
  await using gateway = startGateway(server.url, upstream.url.origin)
  const through = (path: string, token: string) =>
    fetch(new URL(path, gateway.url), { headers: { authorization: `Bearer ${token}` } })

  const session = await loggedIn(email)
  const supabase = createClient(server.url, server.keys.publishable_key, { auth: { persistSession: false } })
  const { data } = await supabase.auth.signInWithPassword({ email, password })
  for (const token of [session.access_token, data.session?.access_token ?? '']) {
    const heartbeat = await through('/presence', token)
    expect(await heartbeat.json()).toEqual([id, 'user'])
    expect((await through('/admin/reports', token)).status).toBe(403)
  }
  expect((await through('/presence', 'garbage')).status).toBe(401)
  expect((await fetch(new URL('/presence', gateway.url))).status).toBe(401)

  const granted = await run(['role', 'grant', email, 'admin'], { cwd: server.folder })
  expect([granted.status, granted.stderr]).toEqual([0, ''])
  const { access_token: admin } = await loggedIn(email)
  expect((await through('/admin/reports', admin)).status).toBe(200)

  const refreshed = await server.ask('POST', '/api/auth/refresh', { body: { refresh_token: session.refresh_token } })
  expect(refreshed.status).toBe(200)
  const logout = { refresh_token: refreshed.body.refresh_token }
  expect((await server.ask('POST', '/api/auth/logout', { body: logout })).body).toEqual({ status: 'ok' })
  expect((await through('/presence', refreshed.body.access_token)).status).toBe(401)
  expect((await server.ask('POST', '/api/auth/refresh', { body: logout })).status).toBe(401)
  await supabase.auth.signOut()
  expect((await through('/presence', data.session?.access_token ?? '')).status).toBe(401)
})
