/** The hand-over from the account page to an application, with the published supabase-js and the executable. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createClient, type Provider } from '@supabase/supabase-js'
import { type Binary, startBinary } from '../support/binary'

const password = 'correct-horse-battery-9'
const redirectTo = 'http://localhost:3000/callback'
let server: Binary

const client = () => {
  const kept = new Map<string, string>()
  const storage = {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  }
  return createClient(server.url, server.keys.publishable_key, {
    auth: { autoRefreshToken: false, detectSessionInUrl: false, flowType: 'pkce', storage },
  }).auth
}

beforeAll(async () => {
  server = await startBinary()
})
afterAll(() => server[Symbol.asyncDispose]())

test('signInWithOAuth leads to the account page, and exchangeCodeForSession ends the sign-in', async () => {
  const page = client()
  const { data: signedUp } = await page.signUp({ email: 'ada@example.com', password })
  const app = client()
  const { data } = await app.signInWithOAuth({ provider: 'account' as Provider, options: { redirectTo } })
  const sent = await fetch(data.url ?? '', { redirect: 'manual' })
  const arrived = new URL(sent.headers.get('location') ?? '')
  expect([sent.status, arrived.pathname, arrived.searchParams.get('redirect_to')]).toEqual([
    302,
    '/account',
    redirectTo,
  ])

  const given = await fetch(`${server.url}/auth/v1/account/code`, {
    method: 'POST',
    headers: { authorization: `Bearer ${signedUp.session?.access_token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      ...Object.fromEntries(arrived.searchParams),
      refresh_token: signedUp.session?.refresh_token,
    }),
  })
  const returned = new URL(((await given.json()) as { redirect_to: string }).redirect_to)
  expect(returned.href).toStartWith(`${redirectTo}?code=`)
  const code = returned.searchParams.get('code') ?? ''
  expect((await client().exchangeCodeForSession(code)).error?.name).toBe('AuthPKCECodeVerifierMissingError')
  const { data: opened, error } = await app.exchangeCodeForSession(code)
  expect([error, opened.user?.email]).toEqual([null, 'ada@example.com'])

  await page.signOut({ scope: 'local' })
  expect((await app.refreshSession()).error).toBeNull()
  expect((await page.refreshSession()).data.session).toBeNull()
})
