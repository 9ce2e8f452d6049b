/** Passkeys on the account page, with Chromium's virtual authenticator (WebAuthn Level 3 §11). */
import { expect } from 'bun:test'
import type { CDPSession, Page } from 'playwright-core'
import { accountSuite, dialog, fieldError, notified, row, rowTitles, settled } from '../support/account-views'
import { browserTest, focused } from '../support/browser'

const { ask, signedIn, visit } = accountSuite({ AUTH_PASSKEY_MAX_PASSKEYS_PER_USER: '2' })

const MARKUP = '<img src=x onerror="document.title=1">'

async function authenticatorOf(page: Page): Promise<{ cdp: CDPSession; authenticatorId: string }> {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  return { cdp, authenticatorId }
}

browserTest('a passkey is added, renamed and removed, also with markup in its name', async () => {
  const { session } = await signedIn()
  await using site = await visit({ session })
  const { page, problems } = site
  await authenticatorOf(page)
  await site.open('passkeys')
  await page.getByText('You have no passkeys yet.').waitFor()
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await notified(page, 'was added')
  await row(page, 'Not used yet').waitFor()
  const [name = ''] = await rowTitles(page)

  await page.getByRole('button', { name: `Rename ${name}` }).click()
  const field = dialog(page).getByLabel('Name')
  await focused(field)
  expect(await field.inputValue()).toBe(name)
  await field.fill(' ')
  await page.keyboard.press('Enter')
  await fieldError(dialog(page), 'Fill in this field.')
  await field.fill(MARKUP)
  await page.keyboard.press('Enter')
  await notified(page, 'Saved.')
  await row(page, MARKUP).waitFor()
  expect(await page.title()).toContain('Passkeys')

  // The authenticator has a passkey of this account already.
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByRole('alert').filter({ hasText: 'This device is registered already.' }).waitFor()

  await page.getByRole('button', { name: `Remove ${MARKUP}` }).click()
  await dialog(page).getByRole('heading', { name: MARKUP }).waitFor()
  await dialog(page).getByRole('button', { name: 'Remove' }).click()
  await notified(page, 'The passkey was removed.')
  await page.getByText('You have no passkeys yet.').waitFor()
  expect((await ask('GET', '/passkeys', { token: session.access_token })).body).toEqual([])
  expect(problems).toEqual([])
})

browserTest('an authenticator that does not verify its user adds nothing, and says why', async () => {
  const { session } = await signedIn()
  await using site = await visit({ session })
  const { cdp, authenticatorId } = await authenticatorOf(site.page)
  await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false })
  await site.open('passkeys')
  await site.page.getByRole('button', { name: 'Add a passkey' }).click()
  await site.page.getByRole('alert').filter({ hasText: 'The browser did not finish' }).waitFor()
  expect(await rowTitles(site.page)).toEqual([])
})

browserTest('what another tab has removed is gone here as well, and the limit is explained', async () => {
  const { session } = await signedIn()
  await using site = await visit({ session })
  const { page } = site
  const { cdp, authenticatorId } = await authenticatorOf(page)
  await site.open('passkeys')
  for (const count of [1, 2]) {
    await page.getByRole('button', { name: 'Add a passkey' }).click()
    await page
      .locator('.row')
      .nth(count - 1)
      .waitFor()
    await cdp.send('WebAuthn.clearCredentials', { authenticatorId })
  }
  await settled(page)
  await page.getByText('You have reached the maximum number of passkeys.').waitFor()
  expect(await page.getByRole('button', { name: 'Add a passkey' }).count()).toBe(0)
  const token = session.access_token
  const [{ id }] = (await ask('GET', '/passkeys', { token })).body
  await ask('DELETE', `/passkeys/${id}`, { token })
  // One of the two rows is of the passkey that is gone.
  while ((await page.locator('.row').count()) > 0) {
    await page
      .getByRole('button', { name: /^Remove/ })
      .first()
      .click()
    await dialog(page).getByRole('button', { name: 'Remove' }).click()
    await notified(page, 'The passkey was removed.')
    await dialog(page).waitFor({ state: 'detached' })
    await settled(page)
  }
  await page.getByText('You have no passkeys yet.').waitFor()
  expect((await ask('GET', '/passkeys', { token })).body).toEqual([])
})
