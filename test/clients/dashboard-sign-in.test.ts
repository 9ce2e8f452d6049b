/** Sign-in to the dashboard, and its session in the browser. */
import { expect } from 'bun:test'
import { browserTest } from '../support/browser'
import { ADMIN, dashboardSuite, PASSWORD, settled, signIn } from '../support/dashboard'
import { codeAt } from '../support/totp'

const { address, ask, asServer, makeAdmin, makeUser, origin, protect, visit } = dashboardSuite()

browserTest('an administrator signs in by keyboard alone, and stays on the address that was opened', async () => {
  await using site = await visit({ as: undefined })
  const { page, problems } = site
  const user = await makeUser()
  await page.goto(`${origin()}/dashboard#/users/${user.id}`)
  await page.getByLabel('Email address or username').waitFor()
  await page.keyboard.type(ADMIN)
  await page.keyboard.press('Tab')
  await page.keyboard.type(PASSWORD)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: user.email }).waitFor()
  expect(page.url()).toBe(`${origin()}/dashboard#/users/${user.id}`)
  expect(await page.title()).toBe(`${user.email} · Latchkey`)
  expect(problems).toEqual([])
})

browserTest('a wrong password is refused with the words of the server and its request id', async () => {
  await using site = await visit({ as: undefined })
  const { page } = site
  await signIn(page, ADMIN, 'wrong')
  const alert = page.getByRole('alert')
  await alert.filter({ hasText: 'Invalid login credentials' }).waitFor()
  expect(await alert.getByRole('link').textContent()).toMatch(/^[0-9a-f-]{36}$/)
})

browserTest('an account without the role is signed out again, on the server as well', async () => {
  const user = await makeUser({ email: address('plain') })
  await using site = await visit({ as: undefined })
  const { page } = site
  await signIn(page, user.email)
  await page
    .getByRole('alert')
    .filter({ hasText: `${user.email} is not an administrator` })
    .waitFor()
  expect(await page.locator('nav').count()).toBe(0)
  expect(await page.evaluate('sessionStorage.length + localStorage.length')).toBe(0)
  const { body } = await asServer('GET', `/admin/users/${user.id}/sessions`)
  expect(body.items).toEqual([])
})

browserTest('an administrator with a second factor is not let in without it, by the page or by the API', async () => {
  const { email } = await makeAdmin()
  const { secret, codes } = await protect(email)
  await using site = await visit({ as: undefined })
  const { page, problems } = site
  await signIn(page, email)
  await page.getByRole('heading', { name: 'Second step' }).waitFor()
  expect(await page.locator('nav').count()).toBe(0)

  const stored = JSON.parse((await page.evaluate("sessionStorage.getItem('latchkey-dashboard')")) as string)
  for (const path of ['/admin/users', '/admin/roles', '/admin/settings', '/admin/signing-keys'])
    expect([path, (await ask('GET', `/auth/v1${path}`, { token: stored.accessToken })).status]).toEqual([path, 403])
  await page.reload()
  await page.getByRole('heading', { name: 'Second step' }).waitFor()

  await page.getByLabel('Code').fill('000000')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').filter({ hasText: 'Invalid TOTP code' }).waitFor()
  await page.getByLabel('Code').fill(codeAt(secret, Date.now()))
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Users' }).waitFor()

  await page.getByRole('button', { name: 'Sign out' }).click()
  await signIn(page, email)
  await page.getByLabel('Method').selectOption('Recovery code')
  await page.getByLabel('Recovery code').fill(codes[0] as string)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Users' }).waitFor()
  expect(problems).toEqual([])
})

browserTest('a passkey signs in', async () => {
  const { email } = await makeAdmin()
  await using site = await visit({ as: email })
  const { page, problems } = site
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  await page.evaluate(`(async () => {
    const { accessToken } = JSON.parse(sessionStorage.getItem('latchkey-dashboard'))
    const post = async (path, body) => (await fetch('/auth/v1' + path, {
      method: 'POST', body: JSON.stringify(body), headers: { authorization: 'Bearer ' + accessToken },
    })).json()
    const { challenge_id, options } = await post('/passkeys/registration/options', {})
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
    const credential = (await navigator.credentials.create({ publicKey })).toJSON()
    await post('/passkeys/registration/verify', { challenge_id, credential })
  })()`)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
  await page.getByRole('heading', { level: 1, name: 'Users' }).waitFor()
  expect(await page.locator('.account p').textContent()).toContain(email)
  expect(problems).toEqual([])
})

// ---- The session of the page ----

browserTest('tokens are in the storage of the tab only, survive a reload, and end with sign-out', async () => {
  const { email } = await makeAdmin()
  await using site = await visit({ as: email })
  const { page } = site
  expect(await page.context().cookies()).toEqual([])
  expect(await page.evaluate('JSON.stringify(localStorage)')).toBe('{}')
  await page.reload()
  await page.getByRole('heading', { level: 1, name: 'Users' }).waitFor()
  const other = await page.context().newPage()
  await other.goto(`${origin()}/dashboard`)
  await other.getByRole('button', { name: 'Sign in', exact: true }).waitFor()
  await other.close()

  const { accessToken } = JSON.parse((await page.evaluate("sessionStorage.getItem('latchkey-dashboard')")) as string)
  expect((await ask('GET', '/auth/v1/admin/roles', { token: accessToken })).status).toBe(200)
  const ended = page.waitForResponse((response) => response.url().includes('/logout'))
  await page.getByRole('button', { name: 'Sign out' }).click()
  expect((await ended).status()).toBe(204)
  await page.getByLabel('Password').waitFor()
  expect(await page.evaluate('sessionStorage.length')).toBe(0)
  expect((await ask('GET', '/auth/v1/admin/roles', { token: accessToken })).status).toBe(403)
})

browserTest('a duplicated tab shares the session: its tokens, and its end', async () => {
  const { email } = await makeAdmin()
  await using site = await visit({ as: email })
  const { page } = site
  const [copy] = await Promise.all([
    page.waitForEvent('popup'),
    // A tab that is opened by a script starts with a copy of the storage, like a duplicated one.
    page.evaluate("void window.open('/dashboard')"),
  ])
  await copy.getByRole('heading', { level: 1, name: 'Users' }).waitFor()
  for (const [tab, hours] of [
    [page, 1],
    [page, 2],
    [page, 3],
    [copy, 4],
    [page, 5],
  ] as const) {
    await tab.clock.setSystemTime(Date.now() + hours * 3_600_000)
    await tab.evaluate("import('/dashboard/api.js').then(({ get }) => get('/admin/roles'))")
  }
  await copy.getByRole('button', { name: 'Sign out' }).click()
  await page.getByText('You signed out in another tab.').waitFor()
  expect(await page.evaluate('sessionStorage.length')).toBe(0)
})

browserTest('another page of the host hears no tokens: not if it asks, and not of a refresh', async () => {
  const { email } = await makeAdmin()
  await using site = await visit({ as: undefined })
  const { page } = site
  const other = await page.context().newPage()
  await other.goto(`${origin()}/favicon.svg`)
  await other.evaluate(`void (globalThis.heard = new Promise((resolve) => {
    const kinds = new Set()
    globalThis.tabs = new BroadcastChannel('latchkey-dashboard')
    tabs.addEventListener('message', ({ data: { kind } }) => {
      kinds.add(kind)
      if (kind === 'ended') resolve([...kinds])
    })
  }))`)
  await signIn(page, email)
  await page.getByRole('heading', { level: 1, name: 'Users' }).waitFor()
  await other.evaluate("tabs.postMessage({ kind: 'asked' })")
  await page.clock.setSystemTime(Date.now() + 3_600_000)
  await page.evaluate("import('/dashboard/api.js').then(({ get }) => get('/admin/roles'))")
  await page.getByRole('button', { name: 'Sign out' }).click()
  expect(await other.evaluate('heard')).toEqual(['ended'])
})

browserTest('a session that ended elsewhere leads to the sign-in page, and says so', async () => {
  const admin = await makeAdmin()
  await using site = await visit({ as: admin.email })
  const { page } = site
  await asServer('DELETE', `/admin/users/${admin.id}/sessions`)
  await page.getByRole('link', { name: 'Health' }).click()
  await page.getByText('Your session has ended. Sign in again.').waitFor()
  await signIn(page, admin.email)
  await page.getByRole('heading', { level: 1, name: 'Health' }).waitFor()
})

browserTest('the page signs out after 30 minutes without activity', async () => {
  const { email } = await makeAdmin()
  await using site = await visit({ as: undefined })
  const { page } = site
  await page.clock.install()
  await page.reload()
  await signIn(page, email)
  await page.getByRole('heading', { level: 1, name: 'Users' }).waitFor()
  await page.clock.fastForward('29:00')
  await page.keyboard.press('Shift')
  await page.clock.fastForward('29:00')
  expect(await page.getByRole('heading', { level: 1, name: 'Users' }).isVisible()).toBe(true)
  await page.clock.fastForward('02:00')
  await page.getByText('You were signed out after 30 minutes without activity.').waitFor()
})

browserTest('an access token is refreshed once before it expires, for all requests that wait', async () => {
  const { email } = await makeAdmin()
  await using site = await visit({ as: undefined })
  const { page } = site
  await page.clock.install()
  await page.reload()
  await signIn(page, email)
  await page.getByRole('heading', { level: 1, name: 'Users' }).waitFor()
  await settled(page)
  const refreshes: string[] = []
  page.on('request', (request) => {
    if (request.url().includes('grant_type=refresh_token')) refreshes.push(request.url())
  })
  for (let minutes = 0; minutes < 60; minutes += 20) {
    await page.clock.fastForward('20:00')
    await page.keyboard.press('Shift')
  }
  const user = await makeUser()
  await site.open(`users/${user.id}`)
  await page.getByRole('heading', { level: 1, name: user.email }).waitFor()
  expect(refreshes).toHaveLength(1)
})
