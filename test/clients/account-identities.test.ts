/** Linked accounts on the account page, with a third-party OpenID provider. */
import { afterAll, beforeAll, expect } from 'bun:test'
import { type MutableResponse, OAuth2Server } from 'oauth2-mock-server'
import { accountSuite, dialog, notified, row, rowTitles, settled } from '../support/account-views'
import { claimsOf, type Json } from '../support/app'
import { browserTest } from '../support/browser'

const CLIENT = 'latchkey-client'
const provider = new OAuth2Server()
const claims = { sub: '', email: '', email_verified: true, name: '', aud: CLIENT }
const env: Record<string, string> = {
  AUTH_EXTERNAL_GOOGLE_CLIENT_ID: CLIENT,
  AUTH_EXTERNAL_GOOGLE_SECRET: 'secret',
  AUTH_SECURITY_MANUAL_LINKING_ENABLED: 'true',
}

// Before the server of the suite starts, which needs its address.
beforeAll(async () => {
  await provider.issuer.keys.generate('RS256')
  await provider.start(0, '127.0.0.1')
  provider.service.on('beforeTokenSigning', (token) => Object.assign(token.payload, claims))
  provider.service.on('beforeUserinfo', (answer: MutableResponse) => {
    answer.body = claims
  })
  env.AUTH_EXTERNAL_GOOGLE_URL = provider.issuer.url ?? ''
})
afterAll(() => provider.stop())

const { ask, protect, signedIn, visit } = accountSuite(env)

const MARKUP = '<img src=x onerror=document.title=1>'
const become = (name: string) =>
  Object.assign(claims, { sub: `sub-of-${name}`, email: `${name}@provider.example`, name: MARKUP })

const providersOf = async (token: string) =>
  (await ask('GET', '/user', { token })).body.identities.map(({ provider: name }: Json) => name).sort()

browserTest('a linked account is shown and unlinked, and the last way to sign in stays', async () => {
  const { session } = await signedIn()
  become('ada')
  await using site = await visit({ session })
  const { page, problems } = site
  await site.open('identities')
  await page.getByText('The last way to sign in cannot be removed.').waitFor()
  expect([await rowTitles(page), await page.getByRole('button', { name: 'Unlink' }).count()]).toEqual([
    ['Email address'],
    0,
  ])
  await page.getByRole('button', { name: 'Google' }).click()
  await notified(page, 'The account is linked.')
  await row(page, 'ada@provider.example').waitFor()
  expect(await page.evaluate('location.search')).not.toContain('code')
  expect(await providersOf(session.access_token)).toEqual(['email', 'google'])
  expect(await page.getByRole('button', { name: 'Google', exact: true }).count()).toBe(0)

  await page.getByRole('button', { name: 'Unlink Google' }).click()
  await dialog(page).getByText('You can no longer sign in with Google.').waitFor()
  await dialog(page).getByRole('button', { name: 'Unlink' }).click()
  await notified(page, 'Google is no longer linked.')
  await settled(page)
  expect([await rowTitles(page), await providersOf(session.access_token)]).toEqual([['Email address'], ['email']])
  expect(problems).toEqual([])
})

browserTest('the account of another user is refused, and a session with a second factor keeps it', async () => {
  become('eve')
  const { session: eve } = await signedIn()
  await using there = await visit({ session: eve })
  await there.open('identities')
  await there.page.getByRole('button', { name: 'Google' }).click()
  await notified(there.page, 'The account is linked.')

  const { session } = await signedIn()
  const { raised } = await protect(session)
  await using site = await visit({ session: raised })
  const { page } = site
  await site.open('identities')
  await page.getByRole('button', { name: 'Google' }).click()
  await page.getByRole('alert').filter({ hasText: 'This account is linked already' }).waitFor()
  become('grace')
  await site.open('identities')
  await page.getByRole('button', { name: 'Google' }).click()
  await notified(page, 'The account is linked.')
  const token = (await page.evaluate("JSON.parse(sessionStorage.getItem('latchkey-account')).accessToken")) as string
  expect([claimsOf(token).aal, await providersOf(token)]).toEqual(['aal2', ['email', 'google']])
})
