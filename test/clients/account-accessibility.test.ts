/** Every view and dialog of an open account: accessible, as wide as the screen, and without an error, in two languages. */
import { expect } from 'bun:test'
import type { Page } from 'playwright-core'
import { violations } from '../support/accessibility'
import { accountSuite, dialog, settled } from '../support/account-views'
import type { Json } from '../support/app'
import { browserTest, dismiss, focused } from '../support/browser'

const { ask, protect, signedIn, signIn, visit } = accountSuite({
  AUTH_MFA_PHONE_ENROLL_ENABLED: 'true',
  AUTH_MFA_PHONE_VERIFY_ENABLED: 'true',
  AUTH_SECURITY_MANUAL_LINKING_ENABLED: 'true',
  AUTH_SECURITY_UPDATE_PASSWORD_REQUIRE_CURRENT_PASSWORD: 'true',
  AUTH_EXTERNAL_GITHUB_CLIENT_ID: 'client',
  AUTH_EXTERNAL_GITHUB_SECRET: 'secret',
})

const VIEWS = ['', 'contacts', 'password', 'passkeys', 'factors', 'identities', 'sessions', 'data']
const SIZES = { desktop: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } }

/** An account of which there is something in every view. */
async function fullAccount(): Promise<Json> {
  const { user, session } = await signedIn({ user_metadata: { display_name: 'Ada Lovelace' } })
  const { raised } = await protect(session, 'A phone with a rather long name that takes more than one line on a phone')
  const token = raised.access_token
  await ask('POST', '/factors/recovery-codes', { token })
  await ask('PUT', '/user', { token, body: { email: `a-rather-long-address-of-ada.lovelace-${user.email}` } })
  await ask('PUT', '/user', { token, body: { phone: '+491512345678' } })
  await signIn(user.email, { headers: { 'user-agent': 'my-app/1.0' } })
  return raised
}

/** Opens every dialog of a view. */
async function checkDialogs(page: Page, view: string): Promise<void> {
  // a dialog that was closed stays in the document for a moment
  const openers = page.locator('main :is(.row button, .choice, .section .actions button):not(dialog *)')
  expect(await openers.count()).toBeGreaterThan(1)
  for (let index = 0; index < (await openers.count()); index++) {
    await openers.nth(index).click()
    await dialog(page).waitFor()
    await settled(page)
    const title = await dialog(page).getByRole('heading').first().textContent()
    const width = await page.evaluate('document.documentElement.scrollWidth')
    expect([view, title, await violations(page), width]).toEqual([view, title, [], page.viewportSize()?.width])
    await dismiss(page)
  }
}

for (const [colorScheme, size, language] of [
  ['light', 'desktop', 'en'],
  ['dark', 'desktop', 'de'],
  ['light', 'phone', 'de'],
  ['dark', 'phone', 'en'],
] as const)
  browserTest(`every view is accessible, and as wide as the screen: ${colorScheme}, ${size}, ${language}`, async () => {
    const session = await fullAccount()
    await using site = await visit({ session, colorScheme, viewport: SIZES[size], language })
    const { page, problems } = site
    for (const view of VIEWS) {
      await site.open(view)
      const width = await page.evaluate('document.documentElement.scrollWidth')
      expect([view, await violations(page), width]).toEqual([view, [], SIZES[size].width])
      if (['contacts', 'factors', 'sessions'].includes(view)) await checkDialogs(page, view)
    }
    expect(problems).toEqual([])
  })

browserTest('the navigation is used by keyboard, and moves the focus and the title', async () => {
  const session = await fullAccount()
  await using site = await visit({ session })
  const { page } = site
  await site.open('')
  for (const name of ['Password', 'Sessions', 'Your data']) {
    await page.getByRole('navigation').getByRole('link', { name }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name }).waitFor()
    await focused(page.locator('main'))
    expect(await page.title()).toStartWith(name)
    expect(await page.getByRole('link', { name }).getAttribute('aria-current')).toBe('page')
  }
  await page.goBack()
  await page.getByRole('heading', { level: 1, name: 'Sessions' }).waitFor()
})

browserTest('the scripts of the views, with those of the page, are small', async () => {
  const session = await fullAccount()
  await using site = await visit({ session })
  await site.open('factors')
  const total = await site.page.evaluate(
    "performance.getEntriesByType('resource').reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0)",
  )
  expect(total).toBeGreaterThan(50_000)
  expect(total).toBeLessThan(200_000)
})
