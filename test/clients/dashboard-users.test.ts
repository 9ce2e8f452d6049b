/** What administrators do with users on the dashboard, by keyboard and by pointer. */
import { expect } from 'bun:test'
import type { Json } from '../support/app'
import { lastMessageOfKind } from '../support/binary-mailbox'
import { browserTest, copied, dismiss, focused } from '../support/browser'
import { ADMIN, choose, dashboardSuite, dialog, PASSWORD, saved, settled, tabTo } from '../support/dashboard'

const { address, ask, asServer, makeUser, protect, server, signInAs, userOf, visit } = dashboardSuite()

browserTest('users are found by search and filters, and the browser’s history goes back through them', async () => {
  const user = await makeUser({ email: address('searched') })
  const other = await makeUser({ email: address('searched') })
  await asServer('PUT', `/admin/users/${other.id}`, { ban_duration: '24h' })
  await using site = await visit()
  const { page, problems } = site
  await page.keyboard.press('/')
  await page.keyboard.type('SEARCHED-')
  const rows = page.locator('tbody tr')
  const shown = () => rows.locator('.main-cell a').allTextContents()
  await page.waitForURL(/q=SEARCHED-/)
  await rows.nth(1).waitFor()
  await settled(page)
  expect(await shown()).toEqual([other.email, user.email])
  expect(await page.getByRole('searchbox').inputValue()).toBe('SEARCHED-')
  await page.keyboard.press('ArrowDown')
  expect(await page.locator(':focus').textContent()).toBe(other.email as string)
  await page.keyboard.press('/')
  await page.keyboard.press('ArrowLeft')
  expect(await page.locator(':focus').getAttribute('id')).toBe('user-search')

  await page.getByLabel('Status').selectOption('Banned')
  await rows.nth(1).waitFor({ state: 'detached' })
  await settled(page)
  expect(await shown()).toEqual([other.email])
  await rows.getByRole('link').click()
  await page.getByRole('heading', { level: 1, name: other.email }).waitFor()
  await page.goBack()
  await page.getByRole('heading', { level: 1, name: 'Users' }).waitFor()
  await settled(page)
  expect([await shown(), await page.getByLabel('Status').inputValue()]).toEqual([[other.email], 'banned'])
  await page.goBack()
  await rows.nth(1).waitFor()
  expect(await page.getByLabel('Status').inputValue()).toBe('')

  await page.getByRole('searchbox').fill('')
  await page.waitForURL(({ hash }) => !hash.includes('q='))
  await page.getByLabel('Role').selectOption('admin')
  await page.waitForURL(/role=admin/)
  await settled(page)
  expect(await shown()).toEqual([ADMIN])
  await page.getByLabel('Role').selectOption('Any')
  await page.getByLabel('Provider').selectOption('email')
  await page.getByLabel('Created').selectOption('Last 24 hours')
  await page.getByLabel('Order').selectOption('Oldest first')
  await page.waitForURL(/sort=/)
  await settled(page)
  expect((await shown())[0]).toBe(ADMIN)
  await page.getByRole('searchbox').fill('no such user anywhere')
  await page.getByText('No user matches.').waitFor()
  await page.getByRole('searchbox').fill(user.id)
  await rows.first().waitFor()
  await settled(page)
  expect(await shown()).toEqual([user.email])
  expect(problems).toEqual([])
})

browserTest('a search that was typed last does not leave the view that was opened next', async () => {
  await using site = await visit()
  const { page } = site
  await page.clock.install()
  await page.reload()
  await page.getByRole('heading', { level: 1, name: 'Users' }).waitFor()
  await page.clock.pauseAt(Date.now() + 60_000)
  await page.getByRole('searchbox').fill('ada')
  await page.getByRole('link', { name: 'Health' }).click()
  await page.getByRole('heading', { level: 1, name: 'Health' }).waitFor()
  await page.clock.runFor(1000)
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Health')
})

browserTest('a user is created by keyboard alone, with metadata that is checked first', async () => {
  await using site = await visit()
  const { page } = site
  const email = address('created')
  await tabTo(page, page.getByRole('button', { name: 'Create user' }))
  await page.keyboard.press('Enter')
  await focused(dialog(page).getByLabel('Email address'))
  await page.keyboard.type(email)
  await tabTo(page, dialog(page).getByLabel('User metadata'))
  await page.keyboard.press('ControlOrMeta+A')
  await page.keyboard.type('{"plan": ')
  await page.keyboard.press('Tab')
  await tabTo(page, dialog(page).getByRole('button', { name: 'Create' }))
  await page.keyboard.press('Enter')
  await dialog(page).getByRole('alert').filter({ hasText: 'User metadata' }).waitFor()
  expect(await dialog(page).getByLabel('Email address').inputValue()).toBe(email)
  await dialog(page).getByLabel('User metadata').fill('{"plan": "pro"}')
  await dialog(page).getByLabel('Email address').press('Enter')
  await page.getByRole('heading', { level: 1, name: email }).waitFor()
  const created = await userOf(page.url().split('/').at(-1) as string)
  expect([created.user_metadata.plan, created.email_confirmed_at !== undefined]).toEqual(['pro', true])
})

browserTest('an invitation is mailed', async () => {
  await using site = await visit()
  const { page } = site
  const email = address('invited')
  await page.getByRole('button', { name: 'Invite' }).click()
  await dialog(page).getByLabel('Email address').fill(email)
  await dialog(page).getByRole('button', { name: 'Send invitation' }).click()
  await saved(page, email)
  expect((await lastMessageOfKind(server(), email, 'invite')).to).toBe(email)
})

browserTest('a user is edited, and metadata is replaced, with removed keys', async () => {
  const user = await makeUser({ user_metadata: { plan: 'free', old: true } })
  await using site = await visit()
  const { page, problems } = site
  await site.open(`users/${user.id}`)
  const email = address('edited')
  await page.getByRole('button', { name: 'Edit', exact: true }).click()
  await dialog(page).getByLabel('Email address').fill(email)
  await dialog(page).getByRole('button', { name: 'Save' }).click()
  await page.getByRole('heading', { level: 1, name: email }).waitFor()

  await page.getByRole('button', { name: 'Edit user metadata' }).click()
  const editor = dialog(page).getByLabel('JSON object')
  await editor.fill('[1]')
  await dialog(page).getByRole('button', { name: 'Save' }).click()
  await dialog(page).getByRole('alert').filter({ hasText: 'must be a JSON object' }).waitFor()
  await editor.fill('{"plan": "pro", "nested": {"a": [1, 2]}}')
  await dialog(page).getByRole('button', { name: 'Save' }).click()
  await saved(page, 'User metadata saved.')
  const changed = await userOf(user.id)
  expect(changed.email).toBe(email)
  expect(changed.user_metadata).toMatchObject({ plan: 'pro', nested: { a: [1, 2] } })
  expect(changed.user_metadata).not.toHaveProperty('old')
  expect(problems).toEqual([])
})

browserTest('a user is banned for a while, and the ban is lifted, by keyboard', async () => {
  const user = await makeUser()
  await using site = await visit()
  const { page } = site
  await site.open(`users/${user.id}`)
  await tabTo(page, page.locator('summary', { hasText: 'Actions' }))
  await page.keyboard.press('Enter')
  await tabTo(page, page.locator('.menu').getByRole('button', { name: 'Ban', exact: true }))
  await page.keyboard.press('Enter')
  await dialog(page).getByLabel('Duration', { exact: true }).selectOption('One week')
  await tabTo(page, dialog(page).getByRole('button', { name: 'Ban', exact: true }))
  await page.keyboard.press('Enter')
  await page.locator('#account').locator('..').getByText('Banned', { exact: true }).waitFor()
  const until = new Date((await userOf(user.id)).banned_until).getTime()
  expect(Math.round((until - Date.now()) / 86_400_000)).toBe(7)
  expect((await signInAs(user.email)).status).toBe(400)

  await choose(page, 'Lift the ban')
  await saved(page, 'The ban is lifted.')
  expect((await signInAs(user.email)).status).toBe(200)
})

browserTest('a password reset is mailed, a link is made, and a password is set', async () => {
  const user = await makeUser()
  await using site = await visit()
  const { page } = site
  await site.open(`users/${user.id}`)
  await choose(page, 'Mail a password reset')
  await saved(page, user.email)
  expect((await lastMessageOfKind(server(), user.email, 'recovery')).to).toBe(user.email)

  await choose(page, 'Make a sign-in link')
  await dialog(page).getByRole('button', { name: 'Sign-in link' }).click()
  const link = await dialog(page).getByLabel('Link', { exact: true }).inputValue()
  expect(new URL(link).searchParams.get('type')).toBe('magiclink')
  await copied(dialog(page), () => dialog(page).getByRole('button', { name: 'Copy the link' }).click())
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe(link)
  await dismiss(page)

  const { body: session } = await signInAs(user.email)
  await choose(page, 'Set a password')
  await dialog(page).getByLabel('New password').fill('another-horse-battery-7')
  await dialog(page).getByRole('button', { name: 'Set password' }).click()
  await saved(page, 'The password is set')
  expect((await signInAs(user.email, 'another-horse-battery-7')).status).toBe(200)
  expect((await ask('GET', '/auth/v1/user', { token: session.access_token })).status).toBe(403)
})

browserTest('sessions are listed with their device, and ended one by one or all at once', async () => {
  const user = await makeUser()
  const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0'
  const start = async () =>
    (
      await ask('POST', '/auth/v1/token?grant_type=password', {
        body: { email: user.email, password: PASSWORD },
        headers: { 'user-agent': agent },
      })
    ).body.access_token
  const tokens = [await start(), await start(), await start()]
  await using site = await visit()
  const { page } = site
  await site.open(`users/${user.id}`)
  const sessions = page.getByRole('region', { name: 'Sessions' }).locator('tbody tr')
  expect(await sessions.count()).toBe(3)
  expect(await sessions.first().textContent()).toContain('Firefox on Linux')
  await sessions.first().getByRole('button', { name: 'End' }).click()
  await dialog(page).getByRole('button', { name: 'End session' }).click()
  await sessions.nth(2).waitFor({ state: 'detached' })
  const statuses = () => Promise.all(tokens.map(async (token) => (await ask('GET', '/auth/v1/user', { token })).status))
  expect((await statuses()).sort()).toEqual([200, 200, 403])

  await choose(page, 'Sign out everywhere')
  await dialog(page).getByRole('button', { name: 'Sign out' }).click()
  await saved(page, '2 sessions ended.')
  expect(await statuses()).toEqual([403, 403, 403])
})

browserTest('a role is granted and revoked; that of an administrator after a question', async () => {
  const user = await makeUser()
  await using site = await visit()
  const { page } = site
  await site.open(`users/${user.id}`)
  const roles = page.getByRole('region', { name: 'Roles' })
  const role = roles.getByLabel('admin')
  const everyones = roles.getByLabel('user')
  expect([await everyones.isChecked(), await everyones.isDisabled()]).toEqual([true, true])
  const rolesOf = async () => (await asServer('GET', `/admin/users/${user.id}/roles`)).body.roles
  await role.click()
  await dismiss(page)
  expect([await role.isChecked(), await rolesOf()]).toEqual([false, ['user']])
  await role.click()
  await dialog(page).getByRole('button', { name: 'Grant' }).click()
  await saved(page, 'The role admin was granted.')
  expect((await rolesOf()).sort()).toEqual(['admin', 'user'])
  await settled(page)
  expect(await role.isChecked()).toBe(true)
  await role.click()
  await dialog(page).getByRole('button', { name: 'Revoke' }).click()
  await saved(page, 'The role admin was revoked.')
  expect(await rolesOf()).toEqual(['user'])
})

browserTest('a deletion asks for the name of the account, and is soft where that is chosen', async () => {
  const [hard, soft] = [await makeUser(), await makeUser()]
  await using site = await visit()
  const { page } = site
  await site.open(`users/${hard.id}`)
  await choose(page, 'Delete')
  await dialog(page).getByRole('button', { name: 'Delete' }).click()
  await dialog(page).getByRole('alert').filter({ hasText: 'to confirm' }).waitFor()
  expect((await userOf(hard.id)).id).toBe(hard.id)
  await dialog(page).getByLabel(/^Type/).fill(hard.email)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Users' }).waitFor()
  expect((await asServer('GET', `/admin/users/${hard.id}`)).status).toBe(404)

  await site.open(`users/${soft.id}`)
  await choose(page, 'Delete')
  await dialog(page).getByLabel('What happens').selectOption('soft')
  await dialog(page).getByLabel(/^Type/).fill(soft.email)
  await dialog(page).getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('heading', { level: 1, name: 'Users' }).waitFor()
  const kept = await userOf(soft.id)
  expect([kept.deleted_at !== undefined, kept.email]).toEqual([true, expect.not.stringContaining('@example.com')])
})

browserTest(
  'factors, personal access tokens and the claims of the next token are shown, and can be taken away',
  async () => {
    const user = await makeUser({ app_metadata: { plan: 'gold' } })
    const { body: session } = await signInAs(user.email)
    const made = await ask('POST', '/api/auth/tokens', { token: session.access_token, body: { name: 'deploy' } })
    expect(made.status).toBe(201)
    await protect(user.email)
    await using site = await visit()
    const { page, problems } = site
    await site.open(`users/${user.id}`)
    const tokens = page.getByRole('region', { name: 'Personal access tokens' })
    await tokens.getByText('deploy').waitFor()
    await tokens.getByRole('button', { name: 'Revoke' }).click()
    await dialog(page).getByRole('button', { name: 'Revoke' }).click()
    await tokens.getByText('No tokens.').waitFor()
    expect((await ask('GET', '/api/auth/me', { token: made.body.token })).status).toBe(401)

    await page.getByRole('button', { name: 'Preview' }).click()
    const claims = JSON.parse((await dialog(page).getByLabel('Claims').textContent()) as string)
    expect(claims).toMatchObject({ sub: user.id, email: user.email, app_metadata: { plan: 'gold' } })
    await dismiss(page)

    const factors = page.getByRole('region', { name: 'Second factors' })
    await factors.locator('tr', { hasText: 'Authenticator app' }).getByRole('button', { name: 'Remove' }).click()
    await dialog(page).getByRole('button', { name: 'Remove' }).click()
    await factors.getByText('Authenticator app').waitFor({ state: 'detached' })
    const left = (await userOf(user.id)).factors ?? []
    expect(left.filter((factor: Json) => factor.factor_type === 'totp')).toEqual([])
    expect(problems).toEqual([])
  },
)

browserTest('the audit trail of a user has what the administrator did, with the address', async () => {
  const user = await makeUser()
  await using site = await visit()
  const { page } = site
  await site.open(`users/${user.id}`)
  await choose(page, 'Ban')
  await dialog(page).getByRole('button', { name: 'Ban', exact: true }).click()
  await saved(page, 'The user is banned.')
  const trail = page.getByRole('region', { name: 'Audit trail' })
  const entry = trail.locator('tbody tr', { hasText: ADMIN }).first()
  await entry.waitFor()
  expect(await entry.textContent()).toContain('127.0.0.1')
  await entry.getByRole('button').click()
  expect(await dialog(page).getByLabel('The entry').textContent()).toContain(user.id)
})
