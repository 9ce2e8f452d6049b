/** Security case 46: somebody signs up with another's address and a password of their own, before the owner comes. */
import { expect, test } from 'bun:test'
import { PASSWORD, passwordGrant, startApp, type TestApp } from '../support/app'
import { lastLetter, open, verify, WITH_CONFIRMATION } from '../support/mail'

const OWNER = 'owner@example.com'
const STRANGERS = 'a-password-of-the-stranger-1'

/** What the owner does to come in by their inbox. */
const WAYS: Record<string, (app: TestApp) => Promise<void>> = {
  'a code': async (app) => {
    await app.ask('POST', '/auth/v1/otp', { body: { email: OWNER } })
    const { code } = await lastLetter(app, OWNER)
    expect((await verify(app, { type: 'email', email: OWNER, token: code })).status).toBe(200)
  },
  'a recovery link': async (app) => {
    await app.ask('POST', '/auth/v1/recover', { body: { email: OWNER } })
    await open(app, (await lastLetter(app, OWNER)).link)
  },
  'an invitation': async (app) => {
    await app.ask('POST', '/auth/v1/invite', { token: app.admin, body: { email: OWNER } })
    await open(app, (await lastLetter(app, OWNER)).link)
  },
  'a magic link that an administrator made': async (app) => {
    const body = { type: 'magiclink', email: OWNER }
    const { body: made } = await app.ask('POST', '/auth/v1/admin/generate_link', { token: app.admin, body })
    expect((await verify(app, { type: 'magiclink', token_hash: made.hashed_token })).status).toBe(200)
  },
  'a magic link of the application': async (app) => {
    await app.ask('POST', '/api/auth/magic-link/send', { body: { email: OWNER } })
    const [link = ''] = (await app.core.listMessages({ to: OWNER, limit: 1 }))[0]?.links ?? []
    const token = new URL(link).searchParams.get('token')
    expect((await app.ask('POST', '/api/auth/magic-link/verify', { body: { token } })).status).toBe(200)
  },
}

test.each(Object.entries(WAYS))('an owner who comes in by %s leaves the stranger outside', async (_, comeIn) => {
  await using app = await startApp({ settings: WITH_CONFIRMATION })
  await app.ask('POST', '/auth/v1/signup', { body: { email: OWNER, password: STRANGERS } })
  app.clock.advance(61_000)
  await comeIn(app)
  expect((await passwordGrant(app, { email: OWNER, password: STRANGERS })).body.code).toBe('invalid_credentials')
})

test('a link sent before the stranger signed up leaves them outside too', async () => {
  await using app = await startApp({ settings: WITH_CONFIRMATION })
  await app.ask('POST', '/api/auth/magic-link/send', { body: { email: OWNER } })
  const [link = ''] = (await app.core.listMessages({ to: OWNER, limit: 1 }))[0]?.links ?? []
  await app.ask('POST', '/auth/v1/signup', { body: { email: OWNER, password: STRANGERS } })
  const token = new URL(link).searchParams.get('token')
  expect((await app.ask('POST', '/api/auth/magic-link/verify', { body: { token } })).status).toBe(200)
  expect((await passwordGrant(app, { email: OWNER, password: STRANGERS })).body.code).toBe('invalid_credentials')
})

test('the mail that answers a sign-up confirms its password, asked for again or not', async () => {
  for (const again of [false, true]) {
    await using app = await startApp({ settings: WITH_CONFIRMATION })
    await app.ask('POST', '/auth/v1/signup', { body: { email: OWNER, password: PASSWORD } })
    app.clock.advance(61_000)
    if (again) await app.ask('POST', '/auth/v1/resend', { body: { type: 'signup', email: OWNER } })
    await open(app, (await lastLetter(app, OWNER)).link)
    expect([again, (await passwordGrant(app, { email: OWNER, password: PASSWORD })).status]).toEqual([again, 200])
  }
})
