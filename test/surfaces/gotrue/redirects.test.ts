/** Redirects of links and providers: query, fragment and type, in the format of Go's URL package. */
import { expect, test } from 'bun:test'
import { startApp, type TestApp } from '../../support/app'
import { confirmedUser, landingOf, lastMessageTo, open, WITH_CONFIRMATION } from '../../support/mail'
import { fakeGitHub, GITHUB, returnFromProvider, startAuthorization } from '../../support/providers'

const ADA = 'ada@example.com'
const SPA = 'http://localhost:3000/#/route'
const CHALLENGE = { code_challenge: 'a'.repeat(43), code_challenge_method: 'plain' }

async function asked(app: TestApp, path: string, body: object = {}): Promise<{ link: string; token: string }> {
  app.clock.advance(60_000)
  const { status } = await app.ask('POST', `/auth/v1${path}`, { body: { email: ADA, ...body } })
  expect(status).toBe(200)
  return lastMessageTo(app, ADA)
}

const opened = (app: TestApp, token: string, type: string, redirectTo = SPA) =>
  open(app, `/auth/v1/verify?${new URLSearchParams({ token, type, redirect_to: redirectTo })}`)

test('an error replaces a fragment of the target, and a session is appended to it', async () => {
  await using app = await startApp()
  await confirmedUser(app, ADA)
  expect((await opened(app, 'unknown', 'signup')).location).toStartWith(
    'http://localhost:3000/#error=access_denied&error_code=otp_expired&',
  )
  const { token } = await asked(app, '/recover')
  const { location } = await opened(app, token, 'recovery')
  expect(location).toStartWith(`${SPA}#access_token=`)
  const pkce = await asked(app, '/recover', CHALLENGE)
  const target = await opened(app, pkce.token, 'recovery', 'http://localhost:3000/?b=2&a=1#/route')
  expect(target.location).toMatch(/^http:\/\/localhost:3000\/\?a=1&b=2&code=[0-9a-f-]{36}#\/route$/)
  const again = await opened(app, pkce.token, 'recovery', 'http://localhost:3000/?b=2&error=x#/route')
  expect(again.location).toMatch(
    /^http:\/\/localhost:3000\/\?b=2&error=access_denied&error_code=.*#error=access_denied&/,
  )
})

test('the message after the first of two confirmations replaces a fragment', async () => {
  await using app = await startApp({ settings: WITH_CONFIRMATION })
  await confirmedUser(app, ADA)
  const { body } = await app.ask('POST', '/auth/v1/token?grant_type=password', {
    body: { email: ADA, password: 'correct-horse-battery-9' },
  })
  await app.ask('PUT', '/auth/v1/user', { token: body.access_token, body: { email: 'new@example.com' } })
  const { token } = await lastMessageTo(app, 'new@example.com')
  const { location } = await opened(app, token, 'email_change')
  expect(location).toStartWith('http://localhost:3000/#message=Confirmation+link+accepted.')
})

test('parameters are escaped as Go escapes them', async () => {
  await using app = await startApp()
  await confirmedUser(app, ADA)
  const { token } = await asked(app, '/recover', CHALLENGE)
  const { location } = await opened(app, token, 'recovery', "http://localhost:3000/?q=~*()!'%20ü")
  expect(location).toStartWith('http://localhost:3000/?code=')
  expect(location).toEndWith('&q=~%2A%28%29%21%27+%C3%BC')
})

test('type email is resolved to the token’s kind, and other types stay as requested', async () => {
  await using app = await startApp({ settings: WITH_CONFIRMATION })
  const { token: signup } = await asked(app, '/signup', { password: 'correct-horse-battery-9' })
  expect((await opened(app, signup, 'email', '')).fragment.type).toBe('signup')
  for (const [path, type, resolved] of [
    ['/otp', 'email', 'magiclink'],
    ['/recover', 'email', 'magiclink'],
    ['/recover', 'magiclink', 'magiclink'],
    ['/otp', 'recovery', 'recovery'],
  ] as const) {
    const { token } = await asked(app, path)
    expect([path, type, (await opened(app, token, type, '')).fragment.type]).toEqual([path, type, resolved])
  }
})

test('a PKCE link works only with the requested type, and otherwise stays unused', async () => {
  await using app = await startApp({ settings: WITH_CONFIRMATION })
  const { token } = await asked(app, '/signup', { password: 'correct-horse-battery-9', ...CHALLENGE })
  expect(token).toStartWith('pkce_')
  const changed = await opened(app, token, 'invite', '')
  expect(changed.query).toEqual({
    error: 'invalid_request',
    error_code: 'flow_state_not_found',
    error_description: 'No associated flow state found. 422: No valid flow state found for user.',
  })
  // the fragment of an error is escaped twice
  expect(changed.location).toContain('No+associated+flow+state+found.+422%253A+No+valid')
  expect((await opened(app, token, 'signup', '')).query.code).toBeString()
  const magic = await asked(app, '/otp', CHALLENGE)
  expect((await opened(app, magic.token, 'recovery', '')).query.error_code).toBe('flow_state_not_found')
  expect((await opened(app, magic.token, 'magiclink', '')).query.code).toBeString()
})

test('a PKCE code is case-sensitive', async () => {
  await using app = await startApp()
  await confirmedUser(app, ADA)
  const { token } = await asked(app, '/otp', CHALLENGE)
  const { code = '' } = (await opened(app, token, 'magiclink', '')).query
  const exchange = (auth_code: string) =>
    app.ask('POST', '/auth/v1/token?grant_type=pkce', { body: { auth_code, code_verifier: CHALLENGE.code_challenge } })
  expect((await exchange(code.toUpperCase())).body.code).toBe('flow_state_not_found')
  expect((await exchange(code)).status).toBe(200)
})

test('an error of a provider without a description has an empty one in the query and none in the fragment', async () => {
  const github = fakeGitHub()
  await using app = await startApp({ settings: GITHUB, fetchProvider: github.fetch })
  const started = await startAuthorization(app, `&redirect_to=${encodeURIComponent(SPA)}`)
  const { location } = landingOf(await returnFromProvider(app, started, '&error=access_denied'))
  expect(location).toBe('http://localhost:3000/?error=access_denied&error_description=#error=access_denied&sb=')
  const again = await startAuthorization(app)
  const described = landingOf(await returnFromProvider(app, again, '&error=x&error_description=a%3Ab'))
  expect(described.location).toBe(
    'http://localhost:3000?error=x&error_description=a%3Ab#error=x&error_description=a%253Ab&sb=',
  )
})

test('redirect_to in the body of a generated link overrides that of the query', async () => {
  await using app = await startApp({ settings: { AUTH_URI_ALLOW_LIST: 'https://*.example.com/**' } })
  await confirmedUser(app, ADA)
  const make = async (body: object, query = '', headers = {}) =>
    (
      await app.ask('POST', `/auth/v1/admin/generate_link${query}`, {
        token: app.admin,
        headers,
        body: { type: 'magiclink', email: ADA, ...body },
      })
    ).body.redirect_to
  const inQuery = `?redirect_to=${encodeURIComponent('https://query.example.com/')}`
  const inHeader = { redirect_to: 'https://header.example.com/' }
  expect(await make({ redirect_to: 'https://body.example.com/' }, inQuery, inHeader)).toBe('https://body.example.com/')
  expect(await make({ redirect_to: 'https://evil.net/' }, inQuery)).toBe('https://query.example.com/')
  expect(await make({}, inQuery, inHeader)).toBe('https://header.example.com/')
})
