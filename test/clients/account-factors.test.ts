/** The second step of the sign-in on the account page: authenticator apps, security keys, phones, recovery codes. */
import { expect } from 'bun:test'
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { accountSuite, dialog, fieldError, notified, row, rowTitles } from '../support/account-views'
import { claimsOf, type Json } from '../support/app'
import { lastMessageOfKind } from '../support/binary-mailbox'
import { browserTest, copied, dismiss } from '../support/browser'
import { codeAt } from '../support/totp'

const { ask, protect, server, signedIn, signIn, visit } = accountSuite({
  AUTH_MFA_PHONE_ENROLL_ENABLED: 'true',
  AUTH_MFA_PHONE_VERIFY_ENABLED: 'true',
})

const MARKUP = '<svg onload="document.title=1">'

const tokenOf = (page: Page): Promise<string> =>
  page.evaluate("JSON.parse(sessionStorage.getItem('latchkey-account')).accessToken")
const userBy = async (token: string): Promise<Json> => (await ask('GET', '/user', { token })).body
const factorsBy = async (token: string): Promise<Json[]> => (await userBy(token)).factors ?? []

/** A code that is not the right one now, before or after. */
const wrongCode = (secret: string) => {
  const near = [-30_000, 0, 30_000, 60_000].map((by) => codeAt(secret, Date.now() + by))
  return ['000000', '111111', '222222', '333333', '444444'].find((code) => !near.includes(code)) as string
}

browserTest('an authenticator app is added, with recovery codes that are shown once', async () => {
  const { session } = await signedIn()
  await using site = await visit({ session })
  const { page, problems } = site
  await site.open('factors')
  await page.getByText('Sign-ins are not confirmed with a second step.').waitFor()
  await page.getByRole('button', { name: 'Authenticator app' }).click()
  const image = dialog(page).getByRole('img', { name: 'QR code' })
  await image.waitFor()
  expect(
    await image.evaluate((element) => (element as Json).decode().then(() => (element as Json).naturalWidth > 100)),
  ).toBe(true)
  await dialog(page).getByText('Cannot scan the code?').click()
  const shown = (await dialog(page).locator('.secret code').textContent()) ?? ''
  const secret = shown.replaceAll(' ', '')
  await copied(dialog(page), () => dialog(page).getByRole('button', { name: 'Copy' }).click())
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe(secret)
  const uri = (await dialog(page).getByRole('link').getAttribute('href')) ?? ''
  expect(new URL(uri).searchParams.get('secret')).toBe(secret)

  const code = dialog(page).getByLabel('Code from the app')
  await page.keyboard.press('Tab')
  await code.focus()
  await page.keyboard.press('Enter')
  await fieldError(dialog(page), 'Fill in this field.')
  await code.fill(wrongCode(secret))
  await page.keyboard.press('Enter')
  await fieldError(dialog(page), 'not right')
  const right = codeAt(secret, Date.now())
  await code.fill(`${right.slice(0, 3)} ${right.slice(3)}`)
  await page.keyboard.press('Enter')

  const codes = dialog(page).locator('.codes code')
  await codes.nth(9).waitFor()
  const [first = ''] = await codes.allTextContents()
  expect(first).toMatch(/^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/)
  // What is shown only once is not closed by mistake.
  await page.keyboard.press('Escape')
  expect(await dialog(page).isVisible()).toBe(true)
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    dialog(page).getByRole('button', { name: 'Download' }).click(),
  ])
  expect([download.suggestedFilename(), readFileSync(await download.path(), 'utf8').includes(first)]).toEqual([
    'recovery-codes.txt',
    true,
  ])
  await copied(dialog(page), () => dialog(page).getByRole('button', { name: 'Copy' }).click())
  expect(await page.evaluate('navigator.clipboard.readText()')).toContain(first)
  await dialog(page).getByRole('button', { name: 'I have saved the codes' }).click()
  await page.getByText('10 of 10 codes are left.').waitFor()
  expect(await rowTitles(page)).toEqual(['Authenticator app'])
  expect(claimsOf(await tokenOf(page)).aal).toBe('aal2')
  expect(problems).toEqual([])

  const { access_token: low } = await signIn((await userBy(await tokenOf(page))).email)
  const used = await ask('POST', '/factors/recovery-codes/verify', { token: low, body: { code: first } })
  expect(used.status).toBe(200)
})

browserTest('a factor that was not verified leaves nothing behind, and names do not collide', async () => {
  const { session } = await signedIn()
  const { raised } = await protect(session, 'Authenticator app')
  await using site = await visit({ session: raised })
  const { page } = site
  await site.open('factors')
  await page.getByRole('button', { name: 'Authenticator app An app' }).click()
  await dialog(page).getByRole('img', { name: 'QR code' }).waitFor()
  const names = async () => (await factorsBy(raised.access_token)).map(({ friendly_name: name }) => name)
  expect(await names()).toEqual(['Authenticator app', 'Authenticator app 2'])
  const [withdrawn] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === 'DELETE'),
    page.keyboard.press('Escape'),
  ])
  expect([withdrawn.status(), await names()]).toEqual([200, ['Authenticator app']])
})

browserTest('a factor that is removed in another tab meanwhile is explained', async () => {
  const { session } = await signedIn()
  const { raised } = await protect(session)
  const token = raised.access_token
  await using site = await visit({ session: raised })
  const { page } = site
  await site.open('factors')
  await page.getByRole('button', { name: 'Authenticator app An app' }).click()
  await dialog(page).getByRole('img', { name: 'QR code' }).waitFor()
  const added = (await factorsBy(token)).find(({ status }) => status === 'unverified')
  await ask('DELETE', `/factors/${added.id}`, { token })
  await dialog(page).getByLabel('Code from the app').fill('123456')
  await page.keyboard.press('Enter')
  await dialog(page).getByRole('alert').filter({ hasText: 'This method has been removed.' }).waitFor()
  await dismiss(page)
  const [verified] = (await factorsBy(token)) as [Json]
  await page.getByRole('button', { name: 'Remove phone' }).click()
  await ask('DELETE', `/factors/${verified.id}`, { token })
  await dialog(page).getByRole('button', { name: 'Remove' }).click()
  await notified(page, 'The method was removed.')
  await page.getByText('Sign-ins are not confirmed with a second step.').waitFor()
})

browserTest('a security key is added with a name of its own, which is shown as text', async () => {
  const { session } = await signedIn()
  await using site = await visit({ session })
  const { page, problems } = site
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'usb',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
    },
  })
  await site.open('factors')
  await page.getByRole('button', { name: 'Security key' }).click()
  await dialog(page).getByLabel('Name').fill('')
  await page.keyboard.press('Enter')
  await fieldError(dialog(page), 'Fill in this field.')
  await dialog(page).getByLabel('Name').fill(MARKUP)
  await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled: true })
  await page.keyboard.press('Enter')
  await dialog(page).getByRole('button', { name: 'I have saved the codes' }).click()
  await row(page, MARKUP).waitFor()
  expect([claimsOf(await tokenOf(page)).aal, await page.title()]).toEqual(['aal2', expect.stringContaining('Two-step')])
  await page.getByRole('button', { name: `Remove ${MARKUP}` }).click()
  await dialog(page).getByText('your recovery codes are deleted').waitFor()
  await dialog(page).getByRole('button', { name: 'Remove' }).click()
  await notified(page, 'The method was removed.')
  await page.getByText('Sign-ins are not confirmed with a second step.').waitFor()
  expect(await factorsBy(await tokenOf(page))).toEqual([])
  expect(problems).toEqual([])
})

browserTest('a phone is added with the code that was sent to it', async () => {
  const { session } = await signedIn()
  const { raised } = await protect(session)
  await using site = await visit({ session: raised })
  const { page } = site
  await site.open('factors')
  await page.getByRole('button', { name: 'Code by SMS' }).click()
  await dialog(page).getByLabel('Phone number').fill('0151')
  await page.keyboard.press('Enter')
  await fieldError(dialog(page), 'country code')
  await dialog(page).getByLabel('Phone number').fill('+49 151 2345671')
  await dialog(page).getByRole('button', { name: 'Send code' }).click()
  const code = dialog(page).getByLabel('Code', { exact: true })
  await code.waitFor()
  const sent = await lastMessageOfKind(server(), '491512345671', 'mfa_challenge')
  await code.fill(String((Number(sent.code) + 1) % 1_000_000).padStart(6, '0'))
  await page.keyboard.press('Enter')
  await fieldError(dialog(page), 'not right')
  await code.fill(sent.code)
  await page.keyboard.press('Enter')
  await notified(page, 'Added: Code by SMS')
  await row(page, '+491512345671').waitFor()
})

browserTest('recovery codes are replaced and removed', async () => {
  const { session } = await signedIn()
  const { raised } = await protect(session)
  await using site = await visit({ session: raised })
  const { page } = site
  await site.open('')
  await page.getByText('You have no recovery codes.').waitFor()
  await page.getByRole('link', { name: 'Create recovery codes' }).click()
  await page.getByRole('button', { name: 'Create recovery codes' }).click()
  const shown = dialog(page).locator('.codes code')
  await shown.first().waitFor()
  const first = await shown.allTextContents()
  await dialog(page).getByRole('button', { name: 'I have saved the codes' }).click()
  await page.getByRole('button', { name: 'Create new codes' }).click()
  await dialog(page).getByText('The previous codes become invalid.').waitFor()
  await dialog(page).getByRole('button', { name: 'Create new codes' }).click()
  await shown.first().waitFor()
  const second = await shown.allTextContents()
  expect(second.filter((code) => first.includes(code))).toEqual([])
  await dialog(page).getByRole('button', { name: 'I have saved the codes' }).click()
  await page.getByRole('button', { name: 'Remove Recovery codes' }).click()
  await dialog(page).getByRole('button', { name: 'Remove' }).click()
  await notified(page, 'The recovery codes were removed.')
  await page.getByText('You have no recovery codes.').waitFor()
  expect((await ask('GET', '/factors/recovery-codes', { token: raised.access_token })).status).toBe(404)
})
