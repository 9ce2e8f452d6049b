/** Two servers that federate over loopback (docs/other-surfaces.md#federation, docs/threat-model.md#t51). */
import { expect, test } from 'bun:test'
import { type Binary, startBinary } from '../support/binary'

const password = 'correct-horse-battery-9'

async function registered(server: Binary, email: string): Promise<string> {
  const { status, body } = await server.ask('POST', '/api/auth/register', {
    body: { email, password, display_name: '' },
  })
  expect(status).toBe(201)
  return body.user.id.replaceAll('-', '')
}

const login = (server: Binary, id: string, more: object) =>
  server.ask('POST', '/auth/v1/login', { body: { id, password, ...more } })

const said = ({ status, body }: Awaited<ReturnType<Binary['ask']>>) => [status, body.error, body.reason]

test('an account of B signs in at A, reads me, refreshes, is introspected, changes no password, logs out, and is out at B', async () => {
  await using b = await startBinary()
  await using a = await startBinary({ env: { AUTH_FEDERATION_SERVERS: `b=${b.url}` } })
  const hex = await registered(b, 'grace@b.example')
  // neither the same address nor the same uid makes them one account
  await registered(a, 'grace@b.example')

  const signedIn = await login(a, 'grace@b.example', { server: 'b' })
  expect(signedIn).toMatchObject({ status: 200, body: { success: true, server: 'b', user_ref: `b@${hex}` } })
  const { access_token: first } = signedIn.body
  const me = await a.ask('GET', '/auth/v1/me', { token: first })
  expect(me.body).toMatchObject({
    success: true,
    user: { email: 'grace@b.example', server: 'b', user_ref: `b@${hex}` },
  })

  const refreshed = await a.ask('POST', '/auth/v1/refresh', { token: first })
  expect(refreshed.status).toBe(200)
  const { access_token: token } = refreshed.body
  expect(said(await a.ask('GET', '/auth/v1/me', { token: first }))).toEqual([401, 'unauthorized', 'token_invalid'])
  const introspected = await a.ask('POST', '/auth/v1/introspect', { body: { token } })
  expect(introspected.body).toMatchObject({ active: true, user_ref: `b@${hex}` })
  const change = { token, body: { old_password: password, new_password: 'another-horse-7' } }
  expect(said(await a.ask('POST', '/auth/v1/change-password', change))).toEqual([403, 'forbidden', 'external_user'])

  const { body: atB } = await login(b, 'grace@b.example', {})
  const out = await a.ask('POST', '/auth/v1/logout', { token })
  expect([out.status, out.body]).toEqual([200, { success: true, message: 'Logged out' }])
  expect(said(await a.ask('GET', '/auth/v1/me', { token }))).toEqual([401, 'unauthorized', 'token_invalid'])
  // A's session has ended at B; another session of the same user has not
  const sessions = await b.ask('GET', '/auth/v1/sessions', { token: atB.access_token })
  expect(sessions.body).toHaveLength(1)

  expect(said(await login(a, 'grace@b.example', { server: 'b', password: 'wrong' }))).toEqual([
    401,
    'unauthorized',
    'external_auth_failed',
  ])
  expect(said(await login(a, 'grace@b.example', { server: 'https://c.example' }))).toEqual([
    403,
    'forbidden',
    'server_not_allowed',
  ])

  const { body: again } = await login(a, 'grace@b.example', { server: 'b' })
  await b.stop()
  for (const [method, path] of [
    ['GET', '/me'],
    ['POST', '/refresh'],
    ['POST', '/logout'],
  ] as const)
    expect(said(await a.ask(method, `/auth/v1${path}`, { token: again.access_token }))).toEqual([
      502,
      'server_error',
      'upstream_unavailable',
    ])
  expect(said(await login(a, 'grace@b.example', { server: 'b' }))).toEqual([
    502,
    'server_error',
    'upstream_unavailable',
  ])
  expect((await login(a, 'grace@b.example', {})).status).toBe(200)
})

// Without the timeout of 5 s the last one would wait forever.
test('if B answers a redirect, 1 MiB, HTML, or nothing, A answers 502 in time and keeps working', async () => {
  const asked: string[] = []
  await using elsewhere = Bun.serve({
    port: 0,
    fetch({ url }) {
      asked.push(url)
      return Response.json({ access_token: 'x', user: { id: crypto.randomUUID() } })
    },
  })
  const { promise: never } = Promise.withResolvers<Response>()
  await using b = Bun.serve({
    port: 0,
    fetch({ url }) {
      if (url.includes('/redirect/')) return Response.redirect(new URL('/auth/v1/login', elsewhere.url).href, 307)
      if (url.includes('/large/')) return Response.json({ access_token: 'x'.repeat(1_048_576) })
      return url.includes('/html/')
        ? new Response('<h1>hello</h1>', { headers: { 'content-type': 'text/html' } })
        : never
    },
  })
  const kinds = ['redirect', 'large', 'html', 'slow']
  const listed = kinds.map((kind) => `${kind}=${new URL(kind, b.url).href}`)
  await using a = await startBinary({ env: { AUTH_FEDERATION_SERVERS: listed.join(',') } })
  const replies = await Promise.all(kinds.map((server) => login(a, 'grace', { server })))
  for (const reply of replies) expect(said(reply)).toEqual([502, 'server_error', 'upstream_unavailable'])
  expect(asked).toEqual([])
  expect((await a.ask('GET', '/health')).status).toBe(200)
}, 60_000)
