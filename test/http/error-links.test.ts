/** Errors link to the page of the documentation about their code. */
import { expect, test } from 'bun:test'
import { startApp } from '../support/app'

const PUBLIC = { AUTH_API_EXTERNAL_URL: 'https://auth.example.com/auth/v1' }
const linkTo = (code: string) => `https://auth.example.com/docs/errors/${code}`

const CASES: [method: string, path: string, body: unknown, status: number, code: string][] = [
  [
    'POST',
    '/auth/v1/token?grant_type=password',
    { email: 'a@example.com', password: 'wrong' },
    400,
    'invalid_credentials',
  ],
  ['POST', '/token?grant_type=nope', {}, 400, 'invalid_credentials'],
  ['POST', '/auth/v1/signup', { email: 'a@example.com', password: 'short' }, 422, 'weak_password'],
  ['GET', '/auth/v1/user', undefined, 401, 'no_authorization'],
  ['GET', '/auth/v1/sso', undefined, 404, 'saml_provider_disabled'],
  ['POST', '/api/auth/login', { email: 'a@example.com', password: 'wrong' }, 401, 'invalid_credentials'],
  ['GET', '/api/auth/me', undefined, 401, 'invalid_token'],
  ['GET', '/api/auth/nope', undefined, 404, 'not_found'],
  ['GET', '/api/auth/login', undefined, 405, 'method_not_allowed'],
  ['GET', '/auth/v1/me', undefined, 401, 'token_missing'],
  ['GET', '/auth/v1/login', undefined, 405, 'method_not_allowed'],
]

test.each(CASES)('%s %s links to the page of its error', async (method, path, body, status, code) => {
  await using app = await startApp({ settings: PUBLIC })
  const answer = await app.ask(method, path, { body })
  expect(answer.status).toBe(status)
  expect(answer.headers.get('x-error-help')).toBe(linkTo(code))
  // It is for the pages of lists.
  expect(answer.headers.has('link')).toBe(false)
})

test('answers without an error code have no link', async () => {
  await using app = await startApp({ settings: PUBLIC })
  expect((await app.ask('GET', '/auth/v1/settings')).headers.has('x-error-help')).toBe(false)
  expect((await app.ask('GET', '/auth/v1/nope')).headers.has('x-error-help')).toBe(false)
  expect((await app.ask('POST', '/auth/v1/token?grant_type=id_token', { body: {} })).headers.has('x-error-help')).toBe(
    false,
  )
})

test('redirects with an error in their URL have no link', async () => {
  await using app = await startApp({ settings: PUBLIC })
  const { status, headers } = await app.ask('GET', '/auth/v1/verify?type=signup&token=dead')
  expect(status).toBe(303)
  expect(headers.get('location')).toContain('error_code=otp_expired')
  expect(headers.has('x-error-help')).toBe(false)
})

test('without the documentation, errors have no link', async () => {
  await using app = await startApp({ settings: { AUTH_DOCS: 'off' } })
  const { status, headers } = await app.ask('GET', '/auth/v1/user')
  expect(status).toBe(401)
  expect(headers.has('x-error-help')).toBe(false)
  expect((await app.ask('GET', '/auth/v1/user', BROWSER)).text).not.toContain('/docs/errors/')
})

const BROWSER = { headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate' } }

test('the page that browsers get links to it on the machine of a developer only', async () => {
  await using local = await startApp()
  const page = await local.ask('GET', '/auth/v1/user', BROWSER)
  expect(page.text).toContain('<a href="http://localhost:7020/docs/errors/no_authorization">no_authorization</a>')
  expect(page.headers.get('x-error-help')).toBe('http://localhost:7020/docs/errors/no_authorization')

  await using open = await startApp({ settings: PUBLIC })
  const shown = await open.ask('GET', '/auth/v1/user', BROWSER)
  expect(shown.text).toContain('no_authorization')
  expect(shown.text).not.toContain('/docs/errors/')
})
