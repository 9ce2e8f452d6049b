/** Sessions on the account page, and what happens to the page when its own session ends elsewhere. */
import { expect } from 'bun:test'
import type { Page } from 'playwright-core'
import { accountSuite, dialog, notified, PASSWORD, row, settled } from '../support/account-views'
import { browserTest, dismiss, focused } from '../support/browser'

const { ask, server, signedIn, signIn, visit } = accountSuite()

const PHONE_AGENT =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1'
const MARKUP = '<img src=x onerror=document.title=1>'

const isAlive = async (token: string) => (await ask('GET', '/user', { token })).status === 200
const from = (agent: string) => ({ headers: { 'user-agent': agent } })

browserTest('sessions are named by device and network, and ended one by one or all others at once', async () => {
  const { user, session } = await signedIn()
  const phone = await signIn(user.email, from(PHONE_AGENT))
  const hostile = await signIn(user.email, from(MARKUP))
  const long = await signIn(user.email, from(`app/${'x'.repeat(300)}`))
  await using site = await visit({ session })
  const { page, problems } = site
  await site.open('sessions')
  const rows = page.locator('.row')
  expect(await rows.count()).toBe(4)
  const first = (await rows.first().textContent()) ?? ''
  expect([first.includes('This device'), first.includes('127.0.0.1'), first.includes('with password')]).toEqual([
    true,
    true,
    true,
  ])
  expect(await rows.first().getByRole('button').count()).toBe(0)
  await row(page, MARKUP).waitFor()
  const end = page.getByRole('button', { name: 'End Safari on iPhone' })
  await end.focus()
  await page.keyboard.press('Enter')
  await dialog(page).getByRole('heading', { name: 'Safari on iPhone' }).waitFor()
  await dismiss(page)
  await focused(end)
  expect(await isAlive(phone.access_token)).toBe(true)
  await end.click()
  await dialog(page).getByRole('button', { name: 'End', exact: true }).click()
  await notified(page, 'The session has ended.')
  await rows.nth(3).waitFor({ state: 'detached' })
  expect([await isAlive(phone.access_token), await isAlive(hostile.access_token)]).toEqual([false, true])

  // It may have ended meanwhile.
  await ask('POST', '/logout?scope=local', { token: hostile.access_token })
  await row(page, MARKUP).getByRole('button').click()
  await dialog(page).getByRole('button', { name: 'End', exact: true }).click()
  await rows.nth(2).waitFor({ state: 'detached' })

  await page.getByRole('button', { name: 'End all other sessions' }).click()
  await dialog(page).getByRole('button', { name: 'End all other sessions' }).click()
  await notified(page, 'All other sessions have ended.')
  await page.getByText('You are signed in on this device only.').waitFor()
  expect([await isAlive(long.access_token), await isAlive(session.access_token)]).toEqual([false, true])
  expect(problems).toEqual([])
})

browserTest('a session that was ended elsewhere leads to the sign-in, which says why', async () => {
  const { user, session } = await signedIn()
  const elsewhere = await signIn(user.email)
  await using site = await visit({ session })
  const { page } = site
  await site.open('password')
  await ask('POST', '/logout?scope=others', { token: elsewhere.access_token })
  await page.getByLabel('New password').fill('another-horse-battery-9')
  await page.getByRole('button', { name: 'Change password' }).click()
  await page.getByText('Your session has ended. Sign in again.').waitFor()
  expect(await page.evaluate("sessionStorage.getItem('latchkey-account')")).toBeNull()
  expect((await signIn(user.email, { password: PASSWORD })).user.id).toBe(user.id)
})

browserTest('a session that is signed out in another tab ends here as well with its next request', async () => {
  const { user, session } = await signedIn()
  await using site = await visit({ session })
  const other = await signIn(user.email)
  await using tab = await visit({ session: other, context: site.context })
  await site.open('sessions')
  await tab.open('sessions')
  await tab.page.getByRole('button', { name: 'End all other sessions' }).click()
  await dialog(tab.page).getByRole('button', { name: 'End all other sessions' }).click()
  await notified(tab.page, 'All other sessions have ended.')
  await site.page.getByRole('link', { name: 'Overview' }).click()
  await site.page.getByText('Your session has ended. Sign in again.').waitFor()
})

browserTest('what was asked before a change, and is answered after it, does not hide the change', async () => {
  const { session } = await signedIn({ user_metadata: { full_name: 'Ada' } })
  await using site = await visit({ session })
  const { page } = site
  await site.open('')
  const comeBack = () => page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
  const { promise: isHeld, resolve: held } = Promise.withResolvers<void>()
  const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>()
  await page.route(
    '**/auth/v1/user',
    async (route) => {
      const response = await route.fetch()
      held()
      await mayGoOn
      await route.fulfill({ response })
    },
    { times: 1 },
  )
  await comeBack()
  await isHeld
  await ask('PUT', '/user', { token: session.access_token, body: { data: { full_name: 'Grace' } } })
  await comeBack()
  await row(page, 'Grace').waitFor()
  const late = page.waitForResponse('**/auth/v1/user')
  goOn()
  await (await late).finished()
  await settled(page)
  expect([await row(page, 'Grace').count(), await row(page, 'Ada').count()]).toEqual([1, 0])
})

browserTest('changes of another tab are shown when a view is opened', async () => {
  const { session } = await signedIn({ user_metadata: { full_name: 'Ada' } })
  await using site = await visit({ session })
  const { page, problems } = site
  await site.open('')
  await row(page, 'Ada').waitFor()
  await page.getByRole('link', { name: 'Sessions' }).first().click()
  await settled(page)
  await ask('PUT', '/user', { token: session.access_token, body: { data: { full_name: MARKUP } } })
  await page.getByRole('link', { name: 'Overview' }).click()
  await row(page, MARKUP).waitFor()
  await page.getByRole('button', { name: 'Change Name' }).click()
  await dialog(page).getByLabel('Name').fill('  Countess Lovelace ')
  await page.keyboard.press('Enter')
  await notified(page, 'Your name was changed.')
  const { body } = await ask('GET', '/user', { token: session.access_token })
  expect(body.user_metadata.full_name).toBe('Countess Lovelace')
  expect(problems).toEqual([])
})

/** Sets the clock of all tabs, and lets this one refresh its session. @returns the refresh token */
async function refreshLater(page: Page, minutes: number): Promise<string> {
  await page.context().clock.setSystemTime(Date.now() + minutes * 60_000)
  return (await page.evaluate(`(async () => {
    const { currentSession, refreshIfNeeded } = await import('/account/api.js')
    await refreshIfNeeded()
    return currentSession()?.refreshToken ?? 'signed out'
  })()`)) as string
}

browserTest('a new tab has the session, both refresh it, and signing out in one signs out the other', async () => {
  const { user, session } = await signedIn()
  await using site = await visit({ session })
  const { page, context, problems } = site
  await site.open('')
  const tab = await context.newPage()
  await tab.goto(`${new URL(page.url()).origin}/account#/sessions`)
  await tab.getByRole('heading', { level: 1, name: 'Sessions' }).waitFor()

  const tokens = new Set([session.refresh_token])
  for (const minutes of [60, 120]) {
    const both = await Promise.all([refreshLater(page, minutes), refreshLater(tab, minutes)])
    expect(both[0]).toBe(both[1])
    tokens.add(both[0])
  }
  // The other tab sleeps meanwhile, and then goes on with the latest token.
  for (const minutes of [180, 240, 300]) tokens.add(await refreshLater(page, minutes))
  tokens.add(await refreshLater(tab, 360))
  expect([tokens.size, tokens.has('signed out')]).toEqual([7, false])

  const ended = tab.waitForResponse((response) => response.url().includes('/logout'))
  await tab.getByRole('button', { name: 'Sign out' }).click()
  expect((await ended).status()).toBe(204)
  await page.getByText('You signed out in another tab.').waitFor()
  expect(await page.evaluate('sessionStorage.length')).toBe(0)
  expect(await ask('GET', `/admin/users/${user.id}/sessions`, { token: server().keys.secret_key })).toMatchObject({
    status: 200,
    body: { items: [] },
  })
  expect(problems).toEqual([])
})

browserTest('a tab in use keeps the session of an idle one', async () => {
  const { session } = await signedIn()
  await using site = await visit({ session })
  const { page, context } = site
  // All tabs of a context have one clock.
  await context.clock.install()
  await site.open('')
  const tab = await context.newPage()
  await tab.goto(`${new URL(page.url()).origin}/account#/sessions`)
  await tab.getByRole('heading', { level: 1, name: 'Sessions' }).waitFor()
  await context.clock.fastForward('29:00')
  await tab.keyboard.press('Shift')
  await context.clock.fastForward('02:00')
  await tab.getByRole('link', { name: 'Overview' }).first().click()
  await settled(tab)
  await page.getByRole('link', { name: 'Sessions' }).first().click()
  await page.getByRole('heading', { level: 1, name: 'Sessions' }).waitFor()
  await context.clock.fastForward('31:00')
  for (const each of [page, tab]) await each.getByText('You were signed out after 30 minutes').waitFor()
})

browserTest('an application that asks for a new sign-in gets no session of another tab', async () => {
  const { session } = await signedIn()
  await using site = await visit({ session })
  await site.open('')
  const tab = await site.context.newPage()
  await tab.goto(`${new URL(site.page.url()).origin}/account?prompt=login`)
  await tab.getByRole('button', { name: 'Sign in', exact: true }).waitFor()
  expect(await isAlive(session.access_token)).toBe(true)
})

/** Holds the next request to a path. @returns its arrival, and a function that lets it go on and waits for its answer */
async function hold(page: Page, path: string, when: 'before' | 'answered') {
  const { promise: isHeld, resolve: held } = Promise.withResolvers<void>()
  const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>()
  await page.route(
    path,
    async (route) => {
      const response = when === 'answered' ? await route.fetch() : undefined
      held()
      await mayGoOn
      await (response ? route.fulfill({ response }) : route.continue())
    },
    { times: 1 },
  )
  return {
    isHeld,
    async letGo() {
      const late = page.waitForResponse(path)
      goOn()
      await (await late).finished()
    },
  }
}

/** Signs out, and in as another user. */
async function changeUser(page: Page, email: string) {
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('Email address').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  const isIn = page.waitForResponse('**/auth/v1/token?grant_type=password')
  await page.keyboard.press('Enter')
  await (await isIn).finished()
}

const storedEmail = (page: Page) =>
  page.evaluate("JSON.parse(sessionStorage.getItem('latchkey-account'))?.user.email ?? 'signed out'")

browserTest('a refresh that is answered after its session has ended does not bring it back', async () => {
  const { user, session } = await signedIn()
  const { user: next } = await signedIn()
  await using site = await visit({ session })
  const { page, context } = site
  await site.open('')
  const tab = await context.newPage()
  await tab.goto(`${new URL(page.url()).origin}/account`)
  await tab.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  const refreshes = [await hold(page, '**/auth/v1/token?grant_type=refresh_token', 'answered')]
  refreshes.push(await hold(tab, '**/auth/v1/token?grant_type=refresh_token', 'answered'))
  await context.clock.setSystemTime(Date.now() + 60 * 60_000)
  for (const each of [page, tab])
    await each.evaluate("void import('/account/api.js').then(({ refreshIfNeeded }) => refreshIfNeeded())")
  for (const { isHeld } of refreshes) await isHeld
  expect(await storedEmail(page)).toBe(user.email)
  await changeUser(page, next.email)
  for (const { letGo } of refreshes) await letGo()
  await row(page, next.email).waitFor()
  await tab.getByText('You signed out in another tab.').waitFor()
  expect([await storedEmail(page), await storedEmail(tab)]).toEqual([next.email, 'signed out'])
})

browserTest('a request of an ended session that is refused late does not end the session after it', async () => {
  const { session } = await signedIn()
  const { user: next } = await signedIn()
  await using site = await visit({ session })
  const { page } = site
  await site.open('')
  const late = await hold(page, '**/auth/v1/user', 'before')
  await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
  await late.isHeld
  await changeUser(page, next.email)
  await row(page, next.email).waitFor()
  await late.letGo()
  await settled(page)
  expect(await storedEmail(page)).toBe(next.email)
})

browserTest('signing out ends the session on the server, also if the access token has expired meanwhile', async () => {
  const { user, session } = await signedIn()
  await using site = await visit({ session })
  const { page, context } = site
  await site.open('')
  await context.clock.setSystemTime(Date.now() + 60 * 60_000)
  // The clock of the server cannot be set, so it gets a token that it refuses like an expired one.
  await page.route('**/auth/v1/logout?*', async (route) => {
    const headers = route.request().headers()
    const isExpired = headers.authorization === `Bearer ${session.access_token}`
    await route.continue({ headers: { ...headers, ...(isExpired && { authorization: 'Bearer expired' }) } })
  })
  const ended = page.waitForResponse((response) => response.url().includes('/logout'))
  await page.getByRole('button', { name: 'Sign out' }).click()
  expect((await ended).status()).toBe(204)
  expect(await ask('GET', `/admin/users/${user.id}/sessions`, { token: server().keys.secret_key })).toMatchObject({
    status: 200,
    body: { items: [] },
  })
})
