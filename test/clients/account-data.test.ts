/** Export and deletion of an account on its page, and the second step that a session may lack. */
import { expect } from 'bun:test'
import { readFileSync } from 'node:fs'
import { accountSuite, dialog, fieldError, notified } from '../support/account-views'
import { browserTest, focused } from '../support/browser'
import { codeAt } from '../support/totp'

const { ask, origin, protect, signedIn, signIn, userOf, visit } = accountSuite()

browserTest('the file has what is stored about the account', async () => {
  const { user, session } = await signedIn({ user_metadata: { full_name: 'Ada' } })
  await using site = await visit({ session })
  await site.open('data')
  const [download] = await Promise.all([
    site.page.waitForEvent('download'),
    site.page.getByRole('button', { name: 'Download' }).click(),
  ])
  await notified(site.page, 'The file was downloaded.')
  const file = JSON.parse(readFileSync(await download.path(), 'utf8'))
  expect([download.suggestedFilename(), file.user.id, file.user.email]).toEqual(['account.json', user.id, user.email])
  expect(site.problems).toEqual([])
})

browserTest('an account is deleted once its address is typed, by keyboard alone', async () => {
  const { user, session } = await signedIn()
  const other = await signIn(user.email)
  await using site = await visit({ session })
  const { page, problems } = site
  await site.open('data')
  await page.getByRole('button', { name: 'Delete account' }).focus()
  await page.keyboard.press('Enter')
  const typed = dialog(page).getByLabel(`Type ${user.email} to confirm`)
  await focused(typed)
  await dialog(page).getByText('This cannot be undone.').waitFor()
  await page.keyboard.type('someone@example.com')
  await page.keyboard.press('Enter')
  await fieldError(dialog(page), `This does not match ${user.email}.`)
  expect((await userOf(user.id)).email).toBe(user.email)
  await page.keyboard.press('ControlOrMeta+A')
  await page.keyboard.type(` ${user.email.toUpperCase()}`)
  await page.keyboard.press('Enter')
  await page.getByText('Your account was deleted.').waitFor()
  expect((await userOf(user.id)).email).not.toBe(user.email)
  expect((await ask('GET', '/user', { token: other.access_token })).status).toBe(403)
  expect(await page.evaluate("sessionStorage.getItem('latchkey-account')")).toBeNull()
  expect(problems).toEqual([])
})

browserTest('a session that lacks the second step is asked for it before the account is shown', async () => {
  const { user, session } = await signedIn()
  const { secret } = await protect(session)
  // What the tab knows is older than the factor.
  const { user: known, ...low } = await signIn(user.email)
  await using site = await visit({ session: { ...low, user: { ...known, factors: undefined } } })
  const { page, problems } = site
  await page.goto(`${origin()}/account?lang=en#/data`)
  await page.getByRole('heading', { level: 1 }).filter({ hasNotText: 'Your data' }).waitFor()
  const code = page.getByLabel('Code')
  await code.waitFor()
  expect((await ask('DELETE', '/user', { token: low.access_token })).body.code).toBe('insufficient_aal')
  await code.fill(codeAt(secret, Date.now()))
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Your data' }).waitFor()
  await page.getByRole('button', { name: 'Delete account' }).click()
  await dialog(page).getByLabel('Type').fill(user.email)
  await page.keyboard.press('Enter')
  await page.getByText('Your account was deleted.').waitFor()
  expect((await userOf(user.id)).email).not.toBe(user.email)
  expect(problems).toEqual([])
})
