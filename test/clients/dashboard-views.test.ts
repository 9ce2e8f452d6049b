/** The other views of the dashboard, and what holds for all of them: accessibility, phones, and hostile data. */
import { expect } from 'bun:test'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { violations } from '../support/accessibility'
import type { Json } from '../support/app'
import { startBinary } from '../support/binary'
import { browserTest, dismiss, focused } from '../support/browser'
import { DESKTOP, dashboardSuite, dialog, PASSWORD, PHONE, saved, settled, signIn, tabTo } from '../support/dashboard'
import { removeFolder } from '../support/remove-folder'

const { ask, asServer, makeUser, origin, protect, server, signInAs, visit } = dashboardSuite({
  AUTH_CUSTOM_OAUTH_ENABLED: 'true',
})

const VIEWS = [
  'users',
  'activity',
  'why',
  'audit',
  'messages',
  'events',
  'templates',
  'limits',
  'providers',
  'keys',
  'settings',
  'health',
]

/** A user of whom there is something in every part of the page. */
async function fullUser(): Promise<Json> {
  const user = await makeUser({ user_metadata: { full_name: 'Grace Hopper', team: { id: 7 } } })
  const { body: session } = await signInAs(user.email)
  await ask('POST', '/api/auth/tokens', { token: session.access_token, body: { name: 'deploy' } })
  await protect(user.email)
  await signInAs(user.email)
  await signInAs(user.email, 'wrong')
  await ask('POST', '/auth/v1/recover', { body: { email: user.email } })
  return user
}

for (const colorScheme of ['light', 'dark'] as const)
  for (const [name, viewport] of [
    ['desktop', DESKTOP],
    ['phone', PHONE],
  ] as const)
    browserTest(`every view is accessible, and as wide as the screen: ${colorScheme}, ${name}`, async () => {
      const user = await fullUser()
      // Refusals and counts are written in the background.
      while ((await asServer('GET', '/admin/refusals')).body.items.length === 0) {}
      await using start = await visit({ colorScheme, viewport, as: undefined })
      expect(['sign-in', await violations(start.page)]).toEqual(['sign-in', []])
      await using site = await visit({ colorScheme, viewport })
      const { page, problems } = site
      for (const path of [...VIEWS, `users/${user.id}`, `why/${crypto.randomUUID()}`, 'nowhere']) {
        await site.open(path)
        const width = await page.evaluate('document.documentElement.scrollWidth')
        expect([path, await violations(page), width]).toEqual([path, [], viewport.width])
      }
      await site.open(`users/${user.id}`)
      await page.locator('summary', { hasText: 'Actions' }).click()
      expect(['menu', await violations(page)]).toEqual(['menu', []])
      await page.locator('.menu').getByRole('button', { name: 'Delete' }).click()
      await dialog(page).waitFor()
      expect(['dialog', await violations(page)]).toEqual(['dialog', []])
      await dismiss(page)
      await page.getByRole('button', { name: 'Edit', exact: true }).click()
      await dialog(page).waitFor()
      expect(['editor', await violations(page)]).toEqual(['editor', []])
      expect(problems).toEqual([])
    })

browserTest('on a phone the navigation opens and closes, also by keyboard', async () => {
  await using site = await visit({ viewport: PHONE })
  const { page } = site
  const navigation = page.getByRole('navigation', { name: 'Dashboard' })
  expect(await navigation.isVisible()).toBe(false)
  await page.getByRole('button', { name: 'Menu' }).click()
  await navigation.getByRole('link', { name: 'Health' }).click()
  await page.getByRole('heading', { level: 1, name: 'Health' }).waitFor()
  await navigation.waitFor({ state: 'hidden' })
  await page.getByRole('button', { name: 'Menu' }).press('Enter')
  await navigation.waitFor()
  await page.keyboard.press('Escape')
  await navigation.waitFor({ state: 'hidden' })
})

browserTest('the theme follows the system, and another choice stays', async () => {
  await using site = await visit({ colorScheme: 'dark' })
  const { page } = site
  const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor') as Promise<string>
  const dark = await ground()
  await page.getByRole('button', { name: 'Light' }).click()
  const light = await ground()
  expect(light).not.toBe(dark)
  await page.reload()
  await page.getByRole('button', { name: 'Dark' }).waitFor()
  expect(await ground()).toBe(light)
  await page.getByRole('button', { name: 'Dark' }).click()
  expect([await ground(), await page.evaluate('localStorage.length')]).toEqual([dark, 0])
})

browserTest('views change by keyboard, and a heading gets the focus, so that it is read', async () => {
  await using site = await visit()
  const { page } = site
  await tabTo(page, page.getByRole('link', { name: 'Signing keys' }))
  await page.keyboard.press('Enter')
  await focused(page.getByRole('heading', { level: 1, name: 'Signing keys' }))
})

browserTest('a view has its title and the focus, and says that it loads, before it is drawn', async () => {
  await using site = await visit()
  const { page } = site
  await site.open('health')
  const afterChange = (hash: string, look: string) =>
    page.evaluate(`new Promise((resolve) => {
      addEventListener('hashchange', () => setTimeout(() => resolve(${look})), { once: true })
      location.hash = '${hash}'
    })`)
  const named = await afterChange('#/users', '[document.title, document.activeElement.textContent]')
  expect(named).toEqual(['Users · Latchkey', 'Users'])
  await settled(page)
  const busy = await afterChange('#/users?status=banned', "document.querySelectorAll('[aria-busy=true]').length")
  expect(busy).toBe(1)
})

// ---- Hostile data ----

const attack = (mark: string) =>
  `"><img src=x onerror="window.ran='${mark}'"><script>window.ran='${mark}'</script>{{7*7}}`

browserTest('markup in names, metadata, addresses, user agents and requests stays text', async () => {
  const email = '<img/src=x/onerror=window.ran=1>@example.com'
  const given = {
    user_metadata: {
      full_name: attack('name'),
      [attack('key')]: attack('metadata'),
      avatar_url: 'javascript:window.ran=1',
    },
    app_metadata: { [attack('app')]: attack('app') },
  }
  const made = await asServer('POST', '/admin/users', { ...given, email, password: PASSWORD, email_confirm: true })
  // The server may refuse such an address; then its markup is in everything else.
  const user = made.status === 200 ? made.body : await makeUser(given)
  const { body: session } = await ask('POST', '/auth/v1/token?grant_type=password', {
    body: { email: user.email, password: PASSWORD },
    headers: { 'user-agent': attack('agent') },
  })
  await ask('POST', '/api/auth/tokens', { token: session.access_token, body: { name: attack('token') } })
  await ask('POST', '/auth/v1/factors', {
    token: session.access_token,
    body: { factor_type: 'totp', friendly_name: attack('factor') },
  })
  await ask('POST', '/auth/v1/token?grant_type=password', {
    body: { email: attack('email'), password: 'wrong' },
    headers: { 'x-request-id': 'hostile-<b>', 'user-agent': attack('agent') },
  })

  await using site = await visit()
  const { page, problems } = site
  for (const path of [
    'users',
    `users/${user.id}`,
    'activity',
    'why',
    'audit',
    'why',
    'activity',
    'messages',
    `why/${encodeURIComponent(attack('id'))}`,
    encodeURIComponent(attack('path')),
  ]) {
    await site.open(path)
    expect([
      path,
      await page.evaluate('window.ran'),
      await page.locator('main img, main script, main iframe').count(),
    ]).toEqual([path, undefined, 0])
  }
  await site.open(`users/${user.id}`)
  for (const text of [attack('name'), attack('token'), attack('factor')])
    expect(await page.locator('main').textContent()).toContain(text)
  // What looks like a link in metadata is none.
  const links = await page.locator('main a').evaluateAll((all) => all.map((link) => link.getAttribute('href')))
  expect(links.filter((href) => !href?.startsWith('#/'))).toEqual([])
  expect(problems).toEqual([])
})

browserTest('another site cannot show the dashboard in a frame', async () => {
  await using attacker = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () =>
      new Response(`<!doctype html><iframe src="${origin()}/dashboard"></iframe>`, {
        headers: { 'content-type': 'text/html' },
      }),
  })
  await using site = await visit()
  const { page } = site
  const refused = page.waitForEvent('console', (message) => message.text().includes('frame-ancestors'))
  await page.goto(attacker.url.href)
  await refused
  expect(page.frames().filter((frame) => frame.url().startsWith(origin()))).toEqual([])
})

browserTest('a page of another site cannot act with the administrator’s session', async () => {
  const victim = await makeUser()
  await using attacker = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () => new Response('<!doctype html><title>Attack</title>', { headers: { 'content-type': 'text/html' } }),
  })
  await using site = await visit()
  const { page } = site
  const other = await page.context().newPage()
  await other.goto(attacker.url.href)
  const status = await other.evaluate(`fetch('${origin()}/auth/v1/admin/users/${victim.id}', {
    method: 'DELETE', credentials: 'include' }).then(({ status }) => status, () => 'blocked')`)
  expect([401, 'blocked']).toContain(status as number)
  // A window that it opens is out of its reach, as soon as it shows the dashboard.
  const [opened] = await Promise.all([
    page.context().waitForEvent('page'),
    other.evaluate(`globalThis.opened = open('${origin()}/dashboard')`),
  ])
  await opened.getByRole('button', { name: 'Sign in', exact: true }).waitFor()
  const reach = await other.evaluate(`(() => {
    try { return opened === null || opened.closed || opened.document === null ? 'cut off' : opened.document.title } catch { return 'cut off' }
  })()`)
  expect(reach).toBe('cut off')
  expect((await asServer('GET', `/admin/users/${victim.id}`)).status).toBe(200)
})

// ---- Views ----

browserTest('a signing key is made, activated and revoked', async () => {
  await using site = await visit()
  const { page, problems } = site
  await site.open('keys')
  await page.getByRole('button', { name: 'New key' }).click()
  await dialog(page).getByRole('button', { name: 'Create' }).click()
  const row = page.locator('tbody tr', { hasText: 'ES256' })
  await row.getByText('Standby').waitFor()
  await row.getByRole('button', { name: 'Activate' }).click()
  await dialog(page).getByLabel('At once').check()
  await dialog(page).getByRole('button', { name: 'Activate' }).click()
  await row.getByText('In use').waitFor()
  const { body: session } = await signInAs((await makeUser()).email)
  const [header = ''] = session.access_token.split('.')
  expect(JSON.parse(atob(header)).alg).toBe('ES256')

  await page.getByRole('button', { name: 'New key' }).click()
  await dialog(page).getByRole('button', { name: 'Create' }).click()
  const standby = page.locator('tbody tr', { hasText: 'Standby' })
  await standby.getByRole('button', { name: 'Revoke' }).click()
  await dialog(page).getByRole('button', { name: 'Revoke' }).click()
  await dialog(page).getByRole('alert').filter({ hasText: 'Type revoke to confirm.' }).waitFor()
  await dialog(page).getByLabel('Type revoke to confirm').fill('revoke')
  await page.keyboard.press('Enter')
  await page.locator('tbody tr', { hasText: 'Revoked' }).waitFor()
  expect(problems).toEqual([])
})

browserTest('settings are shown with their source, found by name, and without secrets', async () => {
  await using site = await visit()
  const { page } = site
  await site.open('settings')
  await page.getByLabel('Show').selectOption('Set by you')
  const row = page.locator('tbody tr', { hasText: 'AUTH_CUSTOM_OAUTH_ENABLED' })
  expect(await row.textContent()).toContain('true')
  await page.getByLabel('Show').selectOption('All')
  await page.getByRole('searchbox').fill('jwt_secret')
  await page.locator('tbody tr', { hasText: 'AUTH_JWT_SECRET' }).waitFor()
  const text = (await page.locator('main').textContent()) ?? ''
  for (const secret of Object.values(server().keys)) expect(text).not.toContain(secret)
})

browserTest('health has its checks, the version and the database', async () => {
  await using site = await visit()
  const { page } = site
  await site.open('health')
  const text = (await page.locator('main').textContent()) ?? ''
  for (const part of ['Database', 'Disk', 'Clock', 'ok', 'SQLite', '0.1.0']) expect(text).toContain(part)
})

browserTest('health has the last backup that was good', async () => {
  await using files = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-backups-'))
  files.defer(() => removeFolder(folder))
  await using saving = await startBinary({ env: { AUTH_BACKUP_FOLDER: folder } })
  const headers = { apikey: saving.keys.secret_key }
  const given = { email: 'admin@example.com', password: PASSWORD, email_confirm: true }
  const { body: user } = await saving.ask('POST', '/auth/v1/admin/users', { headers, body: given })
  await saving.ask('PUT', `/auth/v1/admin/users/${user.id}/roles/admin`, { headers })
  await using site = await visit({ as: undefined })
  const { page } = site
  await page.goto(`${saving.url}/dashboard#/health`)
  await signIn(page, given.email)
  const backups = page.getByRole('region', { name: 'Backups' })
  await backups.waitFor()
  while ((await backups.locator('time').count()) === 0) {
    await page.reload()
    await settled(page)
  }
  expect(await backups.textContent()).toContain('Last good one')
})

browserTest('mail templates are shown as they look, in each language, without running anything', async () => {
  await using site = await visit()
  const { page, problems } = site
  await site.open('templates')
  await page.getByLabel('Template').selectOption('recovery')
  await page.getByLabel('Language').selectOption('de')
  await page.waitForURL(/name=recovery&locale=de/)
  await settled(page)
  const heading = page.frameLocator('iframe').getByRole('heading').first()
  const size = await heading.evaluate((mail) => mail.ownerDocument.defaultView?.getComputedStyle(mail).fontSize)
  expect(size).toBe('22px')
  expect(await page.locator('iframe').getAttribute('sandbox')).toBe('allow-scripts')
  const reach = await heading.evaluate((mail) => {
    try {
      return mail.ownerDocument.defaultView?.parent.document.title
    } catch {
      return 'cut off'
    }
  })
  expect([reach, problems]).toEqual(['cut off', []])
})

browserTest('a custom provider is added, changed and deleted', async () => {
  await using site = await visit()
  const { page, problems } = site
  await site.open('providers')
  await page.getByRole('button', { name: 'Add a provider' }).click()
  await dialog(page).getByLabel('Identifier').fill('acme')
  await dialog(page).getByLabel('Type', { exact: true }).selectOption('oauth2')
  await dialog(page).getByLabel('Name').fill('Acme')
  await dialog(page).getByLabel('Authorization URL').fill('https://example.com/authorize')
  await dialog(page).getByLabel('Token URL').fill('https://example.com/token')
  await dialog(page).getByLabel('User info URL').fill('https://example.com/userinfo')
  await dialog(page).getByLabel('Client id').fill('latchkey')
  await dialog(page).getByLabel('Client secret').fill('a-client-secret')
  await dialog(page).getByRole('button', { name: 'Save' }).click()
  const row = page.locator('tbody tr', { hasText: 'custom:acme' })
  await row.getByText('Enabled').waitFor()
  await row.getByRole('button', { name: 'Edit' }).click()
  await dialog(page).getByLabel('Enabled').uncheck()
  await dialog(page).getByRole('button', { name: 'Save' }).click()
  await row.getByText('Disabled').waitFor()
  expect(await page.locator('main').textContent()).not.toContain('a-client-secret')
  await row.getByRole('button', { name: 'Delete' }).click()
  await dialog(page).getByLabel(/^Type/).fill('custom:acme')
  await page.keyboard.press('Enter')
  await saved(page, 'The provider was deleted.')
  expect((await asServer('GET', '/admin/custom-providers')).body.providers).toEqual([])
  expect(problems).toEqual([])
})

browserTest('the audit log is filtered by action', async () => {
  const user = await makeUser()
  await signInAs(user.email)
  await using site = await visit()
  const { page } = site
  await site.open('audit')
  await page.getByLabel('Action').fill('user_signedup')
  await page.keyboard.press('Enter')
  await page.waitForURL(/action=user_signedup/)
  await settled(page)
  const actions = new Set(await page.locator('tbody .main-cell').allTextContents())
  expect([...actions]).toEqual(['user signedup'])
})

browserTest('a request id leads to the reason of its refusal, its account and the audit log around it', async () => {
  const user = await makeUser()
  const { headers } = await signInAs(user.email, 'wrong')
  const id = headers.get('x-request-id') as string
  await using site = await visit()
  const { page, problems } = site
  await site.open('why')
  await page.getByLabel('Request id').fill(id)
  await page.keyboard.press('Enter')
  await page.waitForURL(new RegExp(id))
  await settled(page)
  // Refusals are written some seconds after their answer.
  while (await page.getByRole('button', { name: 'Look again' }).isVisible()) {
    await page.getByRole('button', { name: 'Look again' }).click()
    await settled(page)
  }
  const text = (await page.locator('main').textContent()) ?? ''
  for (const part of ['Invalid login credentials', '400', user.id, 'user signedup']) expect(text).toContain(part)
  await page.getByRole('link', { name: user.id }).click()
  await page.getByRole('heading', { level: 1, name: user.email }).waitFor()
  await site.open('why')
  await page.locator('tbody tr').first().getByRole('link').first().click()
  await page.getByRole('link', { name: 'All refusals' }).waitFor()
  expect(problems).toEqual([])
})

browserTest('activity has its numbers as charts, and as tables for those who do not see them', async () => {
  const user = await makeUser()
  await signInAs(user.email)
  await signInAs(user.email, 'wrong')
  await using site = await visit()
  const { page, problems } = site
  await site.open('activity')
  const chart = page.getByRole('region', { name: 'Sign-ins' })
  // Counts are written in the background.
  while ((await chart.getByRole('img').count()) === 0) {
    await page.reload()
    await settled(page)
  }
  expect(await chart.getByRole('img').getAttribute('aria-label')).toMatch(/^Sign-ins: \d+ in total/)
  await chart.locator('summary').click()
  expect(await chart.getByRole('columnheader').allTextContents()).toContain('password, success')
  await page.getByLabel('Period').selectOption('Last 30 days')
  await page.waitForURL(/range=month/)
  await settled(page)
  await chart.getByRole('img').waitFor()
  expect(problems).toEqual([])
})

browserTest('messages have their state, and a failed one is queued again', async () => {
  await using mailServer = Bun.listen({
    port: 0,
    hostname: '127.0.0.1',
    socket: {
      open: (socket) => void socket.write('220 ready\r\n'),
      data: (socket, data) => {
        const isGreeting = /^(EHLO|HELO)/.test(String(data))
        socket.write(isGreeting ? '250 ready\r\n' : '550 no such mailbox\r\n')
      },
    },
  })
  await using sending = await startBinary({
    env: {
      AUTH_SMTP_HOST: '127.0.0.1',
      AUTH_SMTP_PORT: String(mailServer.port),
      AUTH_SMTP_ADMIN_EMAIL: 'auth@example.com',
    },
  })
  const headers = { apikey: sending.keys.secret_key }
  const given = { email: 'admin@example.com', password: PASSWORD, email_confirm: true }
  const { body: user } = await sending.ask('POST', '/auth/v1/admin/users', { headers, body: given })
  await sending.ask('PUT', `/auth/v1/admin/users/${user.id}/roles/admin`, { headers })
  await sending.ask('POST', '/auth/v1/recover', { body: { email: given.email } })
  await using site = await visit({ as: undefined })
  const { page, problems } = site
  await page.goto(`${sending.url}/dashboard#/messages`)
  await signIn(page, given.email)
  await page.getByRole('heading', { level: 1, name: 'Messages' }).waitFor()
  const row = page.locator('tbody tr', { hasText: given.email })
  const state = row.locator('[data-label=State]')
  while (!(await state.getByText('550').isVisible())) {
    await page.reload()
    await settled(page)
  }
  expect(await row.textContent()).toContain('recovery')
  const attempts = async () => Number(await row.locator('[data-label=Attempts]').textContent())
  const before = await attempts()
  await row.getByRole('button', { name: 'Retry' }).click()
  await saved(page, 'The message is queued again.')
  while ((await attempts()) === before) {
    await page.reload()
    await settled(page)
  }
  await page.getByLabel('State').selectOption('Sent')
  await page.waitForURL(/state=sent/)
  await page.getByText('No messages.').waitFor()
  expect(problems).toEqual([])
})

browserTest('events have their state, and a failed one is sent again', async () => {
  let isDown = true
  let received = 0
  await using backend = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch() {
      received += isDown ? 0 : 1
      return new Response(null, { status: isDown ? 500 : 204 })
    },
  })
  await using sending = await startBinary({
    env: {
      AUTH_EVENTS_URL: backend.url.href,
      AUTH_EVENTS_SECRETS: `v1,whsec_${Buffer.from('a secret of thirty-two characters').toString('base64')}`,
    },
  })
  const headers = { apikey: sending.keys.secret_key }
  const given = { email: 'admin@example.com', password: PASSWORD, email_confirm: true }
  const { body: user } = await sending.ask('POST', '/auth/v1/admin/users', { headers, body: given })
  await sending.ask('PUT', `/auth/v1/admin/users/${user.id}/roles/admin`, { headers })
  await using site = await visit({ as: undefined })
  const { page, problems } = site
  await page.goto(`${sending.url}/dashboard#/events?type=user.created`)
  await signIn(page, given.email)
  await page.getByRole('heading', { level: 1, name: 'Events' }).waitFor()
  const row = page.locator('tbody tr', { hasText: 'user.created' })
  // Ids may have such numbers as well.
  const state = row.locator('[data-label=State]')
  while (!(await state.getByText('500').isVisible())) {
    await page.reload()
    await settled(page)
  }
  isDown = false
  await row.getByRole('button', { name: 'Retry' }).click()
  await saved(page, 'The event will be sent again.')
  while (!(await state.getByText('Delivered').isVisible())) {
    await page.reload()
    await settled(page)
  }
  expect([received > 0, problems]).toEqual([true, []])
})

browserTest('a rate limit that is hit is shown and reset', async () => {
  await using limited = await startBinary({ env: { AUTH_RATE_LIMITS: 'on' } })
  const headers = { apikey: limited.keys.secret_key }
  const make = async (email: string) => {
    const given = { email, password: PASSWORD, email_confirm: true }
    return (await limited.ask('POST', '/auth/v1/admin/users', { headers, body: given })).body
  }
  const [admin, user] = [await make('admin@example.com'), await make('user@example.com')]
  await limited.ask('PUT', `/auth/v1/admin/users/${admin.id}/roles/admin`, { headers })
  await using site = await visit({ as: undefined })
  const { page, problems } = site
  await page.goto(`${limited.url}/dashboard#/limits`)
  await signIn(page, admin.email)
  await page.getByText('No limit is hit.').waitFor()
  const attempt = async (password: string) =>
    (
      await limited.ask('POST', '/auth/v1/token?grant_type=password', {
        body: { email: user.email, password },
        headers: { 'x-forwarded-for': '203.0.113.7' },
      })
    ).status
  while ((await attempt('wrong')) !== 429) {}
  expect(await attempt(PASSWORD)).toBe(429)
  await page.getByRole('button', { name: 'Reload' }).click()
  const rows = page.locator('tbody tr')
  await rows.first().waitFor()
  while ((await rows.count()) > 0) {
    const before = await rows.count()
    await rows.first().getByRole('button', { name: 'Reset' }).click()
    await saved(page, 'The limit has been reset.')
    while ((await rows.count()) === before) await settled(page)
  }
  expect([await attempt(PASSWORD), problems]).toEqual([200, []])
})
