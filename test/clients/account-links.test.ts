/** Mailed links and codes of the account page: in the same browser, in another one, used twice, and made by others. */
import { expect } from 'bun:test'
import { alert, entrySuite, PASSWORD, signIn, step } from '../support/account-entry'
import { browserTest } from '../support/browser'

const suite = entrySuite({ AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' })
const { address, appOrigin, ask, asServer, backInApplication, fromApplication } = suite
const { makeUser, messageOf, origin, protect, visit } = suite

const NEW_PASSWORD = 'staple-battery-horse-7'

/** Asks for a link on the page of an application. */
async function askForLink(page: Parameters<typeof signIn>[0], email: string): Promise<string> {
  await fromApplication(page)
  await page.getByLabel('Email address').fill(email)
  await page.getByRole('button', { name: 'Send me a sign-in link' }).click()
  await step(page, 'Check your email')
  return (await messageOf(email, 'magic_link')).link
}

browserTest('a link opens in a new tab, and goes on to the application from there', async () => {
  const { email } = await makeUser()
  await using site = await visit()
  const { page, context, problems } = site
  const link = await askForLink(page, email)
  const tab = await context.newPage()
  await tab.goto(link)
  await backInApplication(tab, email)

  const again = await context.newPage()
  await again.goto(link)
  await alert(again, 'This link has expired, was already used, or was replaced by a newer one.')
  await step(again, 'Sign in')
  expect(again.url()).not.toMatch(/error|flow=/)
  expect(problems).toEqual([])
})

browserTest(
  'in another browser, a link explains itself, and signing in there still reaches the application',
  async () => {
    const { email } = await makeUser()
    await using site = await visit()
    const link = await askForLink(site.page, email)
    await using other = await visit()
    await other.page.goto(link)
    await other.page.getByText('This link works only in the browser that requested it').waitFor()
    expect(other.page.url()).not.toMatch(/[?&]code=|flow=/)
    await other.page.getByText('You will continue to').waitFor()
    await signIn(other.page, email)
    // The application did not begin there, so it has a code, and no verifier.
    await other.page.waitForURL(`${appOrigin()}/callback**`)
  },
)

browserTest('the confirmation of a sign-up counts in another browser', async () => {
  const email = address('fresh')
  await using site = await visit()
  await site.page.goto(`${origin()}/account#/sign-up`)
  await site.page.getByLabel('Email address').fill(email)
  await site.page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await site.page.keyboard.press('Enter')
  await step(site.page, 'Check your email')
  await using other = await visit()
  await other.page.goto((await messageOf(email, 'confirmation')).link)
  await other.page.getByText('Your address is confirmed.').waitFor()
  await signIn(other.page, email)
  await step(other.page, 'Overview')
})

browserTest('a reset looks the same for known and unknown addresses; its link sets a new password', async () => {
  const { email } = await makeUser()
  const texts: string[] = []
  await using site = await visit()
  const { page, context } = site
  for (const each of [address('nobody'), email]) {
    await fromApplication(page)
    await page.getByRole('link', { name: 'Forgot your password?' }).click()
    await step(page, 'Reset your password')
    await page.getByLabel('Email address').fill(each)
    await page.keyboard.press('Enter')
    await step(page, 'Check your email')
    texts.push(((await page.locator('main').textContent()) ?? '').replace(each, '(address)'))
  }
  expect(texts[0]).toBe(texts[1] as string)

  const tab = await context.newPage()
  await tab.goto((await messageOf(email, 'recovery')).link)
  await step(tab, 'Choose a new password')
  await tab.reload()
  await step(tab, 'Choose a new password')
  await tab.getByLabel('New password').fill(PASSWORD)
  await tab.keyboard.press('Enter')
  await alert(tab, 'This is your current password.')
  await tab.getByLabel('New password').fill(NEW_PASSWORD)
  await tab.keyboard.press('Enter')
  await backInApplication(tab, email)
  await using fresh = await visit()
  await fresh.page.goto(`${origin()}/account`)
  await signIn(fresh.page, email, NEW_PASSWORD)
  await step(fresh.page, 'Overview')
})

browserTest('the code of a reset works in place of its link, after the second factor', async () => {
  const { email } = await makeUser()
  const { codes } = await protect(email)
  await using site = await visit()
  const { page } = site
  await page.goto(`${origin()}/account#/reset`)
  await page.getByLabel('Email address').fill(email)
  await page.keyboard.press('Enter')
  await step(page, 'Check your email')
  await page.getByLabel('Code').fill((await messageOf(email, 'recovery')).code)
  await page.keyboard.press('Enter')
  await step(page, 'Second step')
  await page.getByText('Use another method').click()
  await page.getByRole('button', { name: 'Recovery code' }).click()
  await page.getByLabel('Recovery code').fill(codes[0] as string)
  await page.keyboard.press('Enter')
  await step(page, 'Choose a new password')
  await page.getByRole('button', { name: 'Continue without a new password' }).click()
  await step(page, 'Overview')
})

browserTest('a code can be sent again, and the previous one no longer works', async () => {
  const { email } = await makeUser()
  await using site = await visit()
  const { page } = site
  await askForLink(page, email)
  const first = await messageOf(email, 'magic_link')
  await page.getByRole('button', { name: 'Send again' }).click()
  await page.getByText('Sent again.').waitFor()
  await page.getByLabel('Code').fill(first.code)
  await page.keyboard.press('Enter')
  await alert(page, 'This code is wrong or has expired.')
  await page.getByLabel('Code').fill((await messageOf(email, 'magic_link')).code)
  await page.keyboard.press('Enter')
  await backInApplication(page, email)
})

browserTest(
  'the link of an invitation is asked about before it opens an account, and then a password is set',
  async () => {
    const email = address('guest')
    const { status } = await asServer('POST', `/invite?redirect_to=${encodeURIComponent(`${origin()}/account`)}`, {
      email,
    })
    expect(status).toBe(200)
    await using site = await visit()
    const { page, problems } = site
    await page.goto((await messageOf(email, 'invite')).link)
    await page.getByText(`This link opens the account ${email}.`).waitFor()
    expect(page.url()).toBe(`${origin()}/account`)
    expect(await page.evaluate("sessionStorage.getItem('latchkey-account')")).toBeNull()
    await page.getByRole('button', { name: `Continue as ${email}` }).click()
    await step(page, 'Choose a new password')
    await page.getByLabel('New password').fill(PASSWORD)
    await page.keyboard.press('Enter')
    await step(page, 'Overview')
    expect(problems).toEqual([])
  },
)

browserTest('a session in an address that is declined is ended, and a forged one does nothing', async () => {
  const email = address('guest')
  const { body } = await asServer('POST', `/invite?redirect_to=${encodeURIComponent(`${origin()}/account`)}`, { email })
  await using site = await visit()
  const { page } = site
  await page.goto((await messageOf(email, 'invite')).link)
  const ended = page.waitForResponse((response) => response.url().includes('/logout'))
  await page.getByRole('button', { name: 'Use another account' }).click()
  expect((await ended).status()).toBe(204)
  await step(page, 'Sign in')
  expect((await asServer('GET', `/admin/users/${body.id}/sessions`)).body.items).toEqual([])
  await page.goto('about:blank')
  await page.goto(`${origin()}/account#access_token=forged&refresh_token=forged&expires_in=3600&type=invite`)
  await alert(page, 'The sign-in could not be completed.')
})

browserTest('a session of an account that only calls itself like an address is refused', async () => {
  const { body } = await ask('POST', '/auth/v1/signup', { body: { data: { username: 'ada@example.com' } } })
  await using site = await visit()
  const { page } = site
  const { access_token, refresh_token } = body
  await page.goto(`${origin()}/account#${new URLSearchParams({ access_token, refresh_token, expires_in: '3600' })}`)
  await alert(page, 'The sign-in could not be completed.')
  expect(await page.getByText('ada@example.com').count()).toBe(0)
})
