/** The password on the account page: set, changed, and every refusal of a change. */
import { expect } from 'bun:test'
import { accountSuite, fieldError, notified, PASSWORD, settled } from '../support/account-views'
import { lastMessageOfKind } from '../support/binary-mailbox'
import { browserTest, focused } from '../support/browser'
import { execute } from '../support/database'

const { ask, server, signedIn, signIn, visit } = accountSuite({
  AUTH_PASSWORD_MIN_LENGTH: '10',
  AUTH_SECURITY_UPDATE_PASSWORD_REQUIRE_CURRENT_PASSWORD: 'true',
  AUTH_SECURITY_UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION: 'true',
  AUTH_PASSWORD_REQUIRED_CHARACTERS: 'abcdefghijklmnopqrstuvwxyz:0123456789',
})

const NEW = 'another-horse-battery-7'
const isAlive = async (token: string) => (await ask('GET', '/user', { token })).status === 200

browserTest(
  'the rule is stated, each refusal is shown at its field, and a change ends the other sessions',
  async () => {
    const { user, session } = await signedIn()
    const other = await signIn(user.email)
    await using site = await visit({ session })
    const { page, problems } = site
    await site.open('password')
    const current = page.getByLabel('Current password')
    const next = page.getByLabel('New password')
    await page.getByText('At least 10 characters. With at least one lower-case letter and one digit.').waitFor()
    const submit = page.getByRole('button', { name: 'Change password' })

    await submit.click()
    await fieldError(page, 'Fill in this field.')
    await focused(current)
    await current.fill('wrong')
    await next.fill(NEW)
    await submit.click()
    await fieldError(page, 'not your current password')
    await focused(current)
    expect(await next.inputValue()).toBe(NEW)
    await current.fill(PASSWORD)
    await next.fill('short')
    await submit.click()
    await fieldError(page, 'too easy to guess')
    await next.fill(PASSWORD)
    await submit.click()
    await fieldError(page, 'your current password')
    expect(await isAlive(other.access_token)).toBe(true)

    await next.fill(NEW)
    await page.keyboard.press('Enter')
    await notified(page, 'All other sessions have ended.')
    await settled(page)
    expect([await current.inputValue(), await next.inputValue()]).toEqual(['', ''])
    expect([await isAlive(other.access_token), await isAlive(session.access_token)]).toEqual([false, true])
    expect((await signIn(user.email, { password: NEW })).user.id).toBe(user.id)
    expect(problems).toEqual([])
  },
)

browserTest('a session older than a day needs a code, which is sent on request and used once', async () => {
  const { user, session } = await signedIn()
  const twoDays = 2 * 86_400_000
  await execute(
    server().database,
    'UPDATE sessions SET created_at = created_at - ? WHERE user_id = ?',
    twoDays,
    user.id,
  )
  await using site = await visit({ session })
  const { page, problems } = site
  await site.open('password')
  const code = page.getByLabel('Code')
  const change = async (current: string, next: string, nonce: string) => {
    await page.getByLabel('Current password').fill(current)
    await page.getByLabel('New password').fill(next)
    await code.fill(nonce)
    await page.keyboard.press('Enter')
  }
  await change(PASSWORD, NEW, '')
  await fieldError(page, 'Fill in this field.')
  await page.getByRole('button', { name: 'Send code' }).click()
  await notified(page, `A code was sent to ${user.email}.`)
  const mail = await lastMessageOfKind(server(), user.email, 'reauthentication')
  await change(PASSWORD, NEW, String((Number(mail.code) + 1) % 1_000_000).padStart(6, '0'))
  await fieldError(page, 'This code is wrong or has expired.')
  expect(await page.getByLabel('New password').inputValue()).toBe(NEW)
  await change(PASSWORD, NEW, mail.code)
  await notified(page, 'Your password was changed.')
  await settled(page)
  await change(NEW, `${NEW}-again`, mail.code)
  await fieldError(page, 'This code is wrong or has expired.')
  expect((await signIn(user.email, { password: NEW })).user.id).toBe(user.id)
  expect(problems).toEqual([])
})

browserTest('an account that signs in by mail sets a password without a current one', async () => {
  const email = 'by-mail@example.com'
  await ask('POST', '/otp', { body: { email } })
  const { code } = await lastMessageOfKind(server(), email, 'confirmation')
  const { body: session } = await ask('POST', '/verify', { body: { type: 'email', email, token: code } })
  await using site = await visit({ session })
  const { page } = site
  await site.open('')
  await page.getByText('Not set').waitFor()
  await site.open('password')
  await page.getByRole('heading', { name: 'Set a password' }).waitFor()
  expect(await page.getByLabel('Current password').count()).toBe(0)
  await page.getByLabel('New password').fill(NEW)
  await page.getByRole('button', { name: 'Set password' }).click()
  await notified(page, 'Your password is set.')
  expect((await signIn(email, { password: NEW })).user.id).toBe(session.user.id)
})
