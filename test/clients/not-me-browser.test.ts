/** From the notice of a sign-in to the end of that session, in a browser without JavaScript, with the executable. */
import { expect } from 'bun:test'
import { startBinary } from '../support/binary'
import { lastMessageOfKind } from '../support/binary-mailbox'
import { browserTest, openBrowser } from '../support/browser'

const ada = { email: 'ada@example.com', password: 'correct-horse-battery-9' }

browserTest('the link in the notice shows the session, and its button ends it, without JavaScript', async () => {
  await using server = await startBinary({
    env: {
      AUTH_MAILER_NOTIFICATIONS_NEW_DEVICE_ENABLED: 'true',
      AUTH_TRUSTED_PROXIES: '127.0.0.1/32',
      AUTH_BRAND_NAME: 'Acme',
    },
  })
  await server.ask('POST', '/auth/v1/signup', { body: ada })
  const asked = {
    body: ada,
    headers: { 'x-forwarded-for': '198.51.100.7', 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0' },
  }
  const { body } = await server.ask('POST', '/auth/v1/token?grant_type=password', asked)
  const [link = ''] = (await lastMessageOfKind(server, ada.email, 'new_device_notification')).links

  await using browser = await openBrowser()
  const page = await browser.newPage({ javaScriptEnabled: false, locale: 'de-DE' })
  await page.goto(link)
  await page.getByRole('heading', { name: 'Waren Sie das?' }).waitFor()
  for (const shown of ['Acme', ada.email, '198.51.100.7', 'Firefox, Linux'])
    expect(await page.getByText(shown, { exact: true }).count()).toBe(1)
  const token = body.access_token
  expect((await server.ask('GET', '/auth/v1/user', { token })).status).toBe(200)
  await page.getByRole('button', { name: 'Diese Sitzung beenden' }).click()
  await page.getByRole('heading', { name: 'Die Sitzung ist beendet' }).waitFor()
  expect((await server.ask('GET', '/auth/v1/user', { token })).status).toBe(403)
  const next = page.getByRole('link', { name: 'Neues Passwort festlegen' })
  expect(await next.getAttribute('href')).toEndWith('/account#/password')
})
