/** A new address or number on the account page: requested, confirmed by links or codes, and every refusal. */
import { expect } from 'bun:test'
import { accountSuite, dialog, fieldError, notified, row, rowTitles } from '../support/account-views'
import { binaryMailboxOf, lastMessageOfKind, openLink } from '../support/binary-mailbox'
import { browserTest, dismiss, focused } from '../support/browser'
import { execute } from '../support/database'

const { address, ask, makeUser, protect, server, signedIn, userOf, visit } = accountSuite()

const sessionsOf = async (token: string) => (await ask('GET', '/sessions', { token })).body.length
const differentFrom = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0')

/** Requests a new address in the dialog. */
async function requestEmail({ page }: { page: import('playwright-core').Page }, email: string) {
  await page.getByRole('button', { name: 'Change address' }).click()
  await dialog(page).getByLabel('New email address').fill(email)
  await dialog(page).getByRole('button', { name: 'Continue' }).click()
}

browserTest('both addresses confirm with a code; wrong and used codes are refused, and the session stays', async () => {
  const { user, session } = await signedIn()
  const email = address('new')
  await using site = await visit({ session })
  const { page, problems } = site
  await site.open('contacts')
  await requestEmail(site, email)
  await notified(page, 'on its way')
  await page.getByText('Open the links in both messages, or enter both codes.').waitFor()

  const old = await lastMessageOfKind(server(), user.email, 'email_change')
  const field = (to: string) => page.getByLabel(`Code that was sent to ${to}`)
  await field(user.email).fill(differentFrom(old.code))
  await page.keyboard.press('Enter')
  await fieldError(page, 'wrong or has expired')
  await focused(field(user.email))
  await field(user.email).fill(old.code)
  await page.keyboard.press('Enter')
  await notified(page, 'The other address still has to confirm.')
  await field(user.email).waitFor({ state: 'detached' })

  const fresh = await lastMessageOfKind(server(), email, 'email_change')
  await field(email).fill(` ${fresh.code} `)
  await page.keyboard.press('Enter')
  await notified(page, 'Your email address was changed.')
  await page.getByText('Change to').waitFor({ state: 'detached' })
  expect((await userOf(user.id)).email).toBe(email)
  // The session that the server opens for the last code is ended again.
  expect(await sessionsOf(session.access_token)).toBe(1)
  await page.locator('.who').filter({ hasText: email }).waitFor()
  expect(problems).toEqual([])
})

browserTest('links confirm as well, the page shows the rest, and the message is sent again', async () => {
  const { user, session } = await signedIn()
  const email = address('linked')
  await using site = await visit({ session })
  const { page } = site
  await site.open('contacts')
  await requestEmail(site, email)
  await notified(page, 'on its way')
  const fresh = await lastMessageOfKind(server(), email, 'email_change')
  const back = await openLink(fresh.link)
  expect(back.pathname).toBe('/account')
  await site.open('contacts')
  await page.getByText('The new address has confirmed.').waitFor()
  const before = (await binaryMailboxOf(server(), user.email)).length
  await page.getByRole('button', { name: 'Send again' }).click()
  await notified(page, 'on its way')
  expect((await binaryMailboxOf(server(), user.email)).length).toBe(before + 1)
  const old = await lastMessageOfKind(server(), user.email, 'email_change')
  await page.getByLabel(`Code that was sent to ${user.email}`).fill(old.code)
  await page.getByRole('button', { name: 'Confirm', exact: true }).click()
  await notified(page, 'Your email address was changed.')
  expect((await userOf(user.id)).email).toBe(email)
})

browserTest('the link in another tab signs in there, and the first tab shows the new address', async () => {
  const { user, session } = await signedIn()
  const email = address('tab')
  await using site = await visit({ session })
  const { page } = site
  await site.open('contacts')
  await requestEmail(site, email)
  await notified(page, 'on its way')
  const { link: first } = await lastMessageOfKind(server(), user.email, 'email_change')
  const { link: second } = await lastMessageOfKind(server(), email, 'email_change')
  const tab = await site.context.newPage()
  await tab.goto(first)
  await tab.getByText('Now open the link that was sent to the other address.').waitFor()
  await tab.goto(second)
  await tab.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  await row(tab, email).waitFor()
  await page.bringToFront()
  await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
  await page.locator('.current').filter({ hasText: email }).waitFor()
  await page.getByText('Change to').waitFor({ state: 'detached' })
})

browserTest('a link in another browser confirms, and says that a sign-in is needed there', async () => {
  const { user, session } = await signedIn()
  const { session: other } = await signedIn()
  const email = address('elsewhere')
  await using site = await visit({ session })
  await site.open('contacts')
  await requestEmail(site, email)
  await notified(site.page, 'on its way')
  await openLink((await lastMessageOfKind(server(), user.email, 'email_change')).link)
  await using there = await visit({ session: other })
  await there.page.evaluate('sessionStorage.clear()')
  await there.page.goto((await lastMessageOfKind(server(), email, 'email_change')).link)
  await there.page.getByText('Your address is confirmed. Sign in here').waitFor()
  expect((await userOf(user.id)).email).toBe(email)
})

browserTest('an expired code is refused, and a change in another tab replaces it', async () => {
  const { user, session } = await signedIn()
  await using site = await visit({ session })
  const { page } = site
  await site.open('contacts')
  await requestEmail(site, address('expired'))
  await notified(page, 'on its way')
  const { code } = await lastMessageOfKind(server(), user.email, 'email_change')
  await execute(server().database, 'UPDATE verification_tokens SET expires_at = 1 WHERE user_id = ?', user.id)
  const field = page.getByLabel(`Code that was sent to ${user.email}`)
  await field.fill(code)
  await page.keyboard.press('Enter')
  await fieldError(page, 'wrong or has expired')
  const replaced = address('replaced')
  await ask('PUT', '/user', { token: session.access_token, body: { email: replaced } })
  await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
  await page.getByText(`Change to ${replaced}`).waitFor()
  const fresh = await lastMessageOfKind(server(), user.email, 'email_change')
  await field.fill(fresh.code)
  await page.keyboard.press('Enter')
  await notified(page, 'The other address still has to confirm.')
})

browserTest('an address that is malformed, the same or taken is refused in the dialog', async () => {
  const { user, session } = await signedIn()
  const other = await makeUser()
  await using site = await visit({ session })
  const { page } = site
  await site.open('contacts')
  const refused = async (email: string, text: string) => {
    await dialog(page).getByLabel('New email address').fill(email)
    await page.keyboard.press('Enter')
    await fieldError(dialog(page), text)
  }
  await requestEmail(site, '')
  await fieldError(dialog(page), 'Fill in this field.')
  await refused('no address', 'Enter an address such as')
  await refused(user.email.toUpperCase(), 'This is your current address.')
  await refused(other.email, 'already used')
  await dismiss(page)
  await focused(page.getByRole('button', { name: 'Change address' }))
})

browserTest('a number is confirmed by its code; a new code replaces the first one', async () => {
  const { user, session } = await signedIn()
  await using site = await visit({ session })
  const { page } = site
  await site.open('contacts')
  await page.getByRole('button', { name: 'Add a number' }).click()
  const number = dialog(page).getByLabel('New phone number')
  for (const malformed of ['030 901820', '+49 (0)', 'number']) {
    await number.fill(malformed)
    await page.keyboard.press('Enter')
    await fieldError(dialog(page), 'country code')
  }
  await number.fill('0049 (151) 234-5670')
  await dialog(page).getByRole('button', { name: 'Send code' }).click()
  await notified(page, '+491512345670')
  const first = await lastMessageOfKind(server(), '491512345670', 'phone_change')
  await page.getByRole('button', { name: 'Send a new code' }).click()
  await notified(page, '+491512345670')
  const second = await lastMessageOfKind(server(), '491512345670', 'phone_change')
  const code = page.getByLabel('Code that was sent to +491512345670')
  if (first.code !== second.code) {
    await code.fill(first.code)
    await page.keyboard.press('Enter')
    await fieldError(page, 'wrong or has expired')
  }
  await code.fill(second.code)
  await page.keyboard.press('Enter')
  await notified(page, 'Your phone number was changed.')
  expect((await userOf(user.id)).phone).toBe('491512345670')

  const { session: other } = await signedIn()
  await using there = await visit({ session: other })
  await there.open('contacts')
  await there.page.getByRole('button', { name: 'Add a number' }).click()
  await dialog(there.page).getByLabel('New phone number').fill('+491512345670')
  await there.page.keyboard.press('Enter')
  await fieldError(dialog(there.page), 'already used by another account')
})

browserTest('a code keeps the second factor of the session', async () => {
  const { user, session } = await signedIn()
  const { raised } = await protect(session)
  const email = address('kept')
  await using site = await visit({ session: raised })
  const { page } = site
  await site.open('contacts')
  await requestEmail(site, email)
  for (const to of [user.email, email]) {
    const { code } = await lastMessageOfKind(server(), to, 'email_change')
    await page.getByLabel(`Code that was sent to ${to}`).fill(code)
    await page.keyboard.press('Enter')
    await page.getByLabel(`Code that was sent to ${to}`).waitFor({ state: 'detached' })
  }
  await notified(page, 'Your email address was changed.')
  await site.open('factors')
  expect(await rowTitles(page)).toEqual(['phone'])
  expect((await ask('GET', '/user/security', { token: raised.access_token })).body.needs_second_factor).toBe(false)
})
