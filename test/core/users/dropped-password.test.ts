/** An unconfirmed password is dropped when a code is requested for its account, and the mail says so. */
import { expect, test } from 'bun:test'
import { PASSWORD, passwordGrant, startApp } from '../../support/app'
import { lastMessageTo, open, WITH_CONFIRMATION } from '../../support/mail'

const SAID = 'it no longer works'

test('a magic link mailed before the sign-up was confirmed says that the password was dropped', async () => {
  await using app = await startApp({ settings: WITH_CONFIRMATION })
  const email = 'ada@example.com'
  await app.ask('POST', '/auth/v1/signup', { body: { email, password: PASSWORD } })
  expect((await lastMessageTo(app, email)).text).not.toContain(SAID)
  app.clock.advance(3_600_000)
  await app.ask('POST', '/auth/v1/otp', { body: { email } })
  const mail = await lastMessageTo(app, email)
  expect(mail.text).toContain(SAID)
  expect(mail.html).toContain(SAID)
  await open(app, mail.link)
  const known = await passwordGrant(app, { email, password: PASSWORD })
  const unknown = await passwordGrant(app, { email: 'nobody@example.com', password: PASSWORD })
  expect([known.status, known.body]).toEqual([unknown.status, unknown.body])
})

test('a code for a new address, or for an account whose password an administrator set, does not say that', async () => {
  await using app = await startApp({ settings: WITH_CONFIRMATION })
  await app.ask('POST', '/auth/v1/otp', { body: { email: 'new@example.com' } })
  expect((await lastMessageTo(app, 'new@example.com')).text).not.toContain(SAID)
  const body = { email: 'made@example.com', password: PASSWORD }
  await app.ask('POST', '/auth/v1/admin/users', { token: app.admin, body })
  await app.ask('POST', '/auth/v1/otp', { body: { email: body.email } })
  expect((await lastMessageTo(app, body.email)).text).not.toContain(SAID)
})
