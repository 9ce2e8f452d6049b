/** From an application to the account page and back, in a browser, with the published supabase-js. */
import { expect } from 'bun:test'
import { alert, entrySuite, PASSWORD, signIn, step } from '../support/account-entry'
import { browserTest } from '../support/browser'

const suite = entrySuite({ AUTH_URI_ALLOW_LIST: 'http://localhost:*/**,my_app://**' })
const { addressFor, appOrigin, asServer, backInApplication, fromApplication, makeUser, origin, visit } = suite

browserTest('an application gets a session of its own by keyboard alone', async () => {
  const { id, email } = await makeUser()
  await using site = await visit()
  const { page, problems } = site
  await fromApplication(page)
  await page.getByText('You will continue to').waitFor()
  expect(await page.title()).toBe('Sign in · Acme')
  await page.keyboard.type(email)
  await page.keyboard.press('Tab')
  await page.keyboard.type(PASSWORD)
  await page.keyboard.press('Enter')
  await backInApplication(page, email)
  const { body } = await asServer('GET', `/admin/users/${id}/sessions`)
  expect(body.items.length).toBe(2)
  expect(problems).toEqual([])
})

browserTest('with a session, the page asks which account to continue with, also after "back"', async () => {
  const { email } = await makeUser()
  const other = await makeUser()
  await using site = await visit()
  const { page, problems } = site
  await fromApplication(page)
  await signIn(page, email)
  await backInApplication(page, email)

  await fromApplication(page)
  await step(page, `Continue to ${new URL(appOrigin()).host}`)
  await page.getByRole('button', { name: `Continue as ${email}` }).click()
  await backInApplication(page, email)

  // The page is not between the application's own pages in the history.
  await page.goBack()
  await page.locator('#user').filter({ hasText: email }).waitFor()
  expect(new URL(page.url()).origin).toBe(appOrigin())

  await fromApplication(page)
  await page.getByRole('button', { name: 'Use another account' }).click()
  await signIn(page, other.email)
  await backInApplication(page, other.email)
  expect(problems).toEqual([])
})

browserTest('prompt=login asks again, login_hint fills in, and screen=sign-up begins there', async () => {
  const { email } = await makeUser()
  await using site = await visit()
  const { page } = site
  await page.goto(`${origin()}/account`)
  await signIn(page, email)
  await step(page, 'Overview')
  await fromApplication(page, `?prompt=login&login_hint=${encodeURIComponent(email)}`)
  await step(page, 'Sign in')
  expect(await page.getByLabel('Email address').inputValue()).toBe(email)
  await signIn(page, email)
  await backInApplication(page, email)
  await page.click('#out')

  await using fresh = await visit()
  await fromApplication(fresh.page, '?screen=sign-up')
  await step(fresh.page, 'Create your account')
})

browserTest('a target that is not allowed leads nowhere, signed in or not', async () => {
  const { email } = await makeUser()
  await using site = await visit()
  const { page } = site
  for (const target of ['https://evil.example/', 'javascript:alert(1)', '//evil.example', 'data:text/html,x', '']) {
    await page.goto(addressFor(target))
    await step(page, 'This link does not work')
    expect(await page.locator('main').textContent()).not.toContain('evil.example')
    expect(await page.locator('input').count()).toBe(0)
  }
  await page.goto(`${origin()}/account?redirect_to=https%3A%2F%2Fevil.example%2F`)
  await signIn(page, email)
  await step(page, 'Overview')
  expect(await page.locator('a[href*="evil"]').count()).toBe(0)
  await page.goto(addressFor('https://evil.example/'))
  await step(page, 'This link does not work')
})

browserTest('an app is named by its scheme, even if that has an underscore', async () => {
  await using site = await visit()
  await site.page.goto(addressFor('my_app://callback'))
  await site.page.getByText('You will continue to my_app.').waitFor()
})

browserTest('an allowed target without a challenge gets a link back, and no code', async () => {
  const { email } = await makeUser()
  await using site = await visit()
  const { page } = site
  await page.goto(`${origin()}/account?redirect_to=${encodeURIComponent(`${appOrigin()}/settings`)}`)
  await signIn(page, email)
  await step(page, 'Overview')
  await page.getByRole('link', { name: `Back to ${new URL(appOrigin()).host}` }).click()
  await page.waitForURL(`${appOrigin()}/settings`)
})

browserTest('a malformed challenge is refused in place', async () => {
  const { email } = await makeUser()
  await using site = await visit()
  const { page } = site
  await page.goto(addressFor().replace(/code_challenge=[^&]*/, 'code_challenge=short'))
  await signIn(page, email)
  await alert(page, 'code challenge has to be between 43 and 128 characters')
  await page.getByRole('link', { name: 'Go to your account' }).click()
  await step(page, 'Overview')
})

browserTest('a session that ended meanwhile leads to sign-in, and from there to the application', async () => {
  const { id, email } = await makeUser()
  await using site = await visit()
  const { page } = site
  await fromApplication(page)
  await signIn(page, email)
  await backInApplication(page, email)
  await asServer('DELETE', `/admin/users/${id}/sessions`)
  await fromApplication(page)
  await page.getByRole('button', { name: `Continue as ${email}` }).click()
  await page.getByText('Your session has ended. Sign in again.').waitFor()
  await signIn(page, email)
  await backInApplication(page, email)
})

browserTest('two tabs sign in to the application side by side', async () => {
  const [one, two] = [await makeUser(), await makeUser()]
  await using site = await visit()
  const { page, context } = site
  const second = await context.newPage()
  // Each tab of the application has a verifier of its own, as supabase-js keeps one per storage.
  await fromApplication(page)
  await second.goto(`${origin()}/account`)
  await signIn(second, two.email)
  await signIn(page, one.email)
  await backInApplication(page, one.email)
  await step(second, 'Overview')
  await second.getByText(two.email).first().waitFor()
})
