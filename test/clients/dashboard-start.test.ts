/** The dashboard of a new server: the link to its first administrator, and a port of its own. */
import { expect, test } from 'bun:test'
import { type Binary, startBinary } from '../support/binary'
import { hasBrowser, openBrowser } from '../support/browser'

const PASSWORD = 'correct-horse-battery-9'
const MESSAGE = 'make the first administrator within 24 hours'

async function linkOf(server: Binary): Promise<string | undefined> {
  await server.settled()
  return server.log.find(({ msg }) => msg === MESSAGE)?.url
}

test.skipIf(!hasBrowser)(
  'a new server logs a link, which makes the first administrator and works once',
  async () => {
    await using server = await startBinary()
    await using browser = await openBrowser()
    const link = (await linkOf(server)) as string
    expect(link).toMatch(/^http:\/\/localhost:\d+\/dashboard#\/setup\/[\w-]{43}$/)
    const asked: string[] = []
    const page = await browser.newPage()
    page.setDefaultTimeout(10_000)
    page.on('request', (request) => asked.push(`${request.url()} ${request.headers().referer ?? ''}`))
    await page.goto(link)
    await page.getByRole('heading', { name: 'First administrator' }).waitFor()
    await page.getByLabel('Email address').fill('root@example.com')
    await page.getByLabel('Password').fill('short')
    await page.getByRole('button', { name: 'Create the administrator' }).click()
    await page.getByRole('alert').filter({ hasText: 'Password should be' }).waitFor()
    await page.getByLabel('Password').fill(PASSWORD)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Users' }).waitFor()
    await page.getByRole('link', { name: 'root@example.com' }).waitFor()
    const token = link.split('/').at(-1) as string
    expect(asked.filter((request) => request.includes(token))).toEqual([])
    expect(page.url()).not.toContain(token)

    const other = await (await browser.newContext()).newPage()
    await other.goto(link)
    await other.getByLabel('Email address').fill('second@example.com')
    await other.getByLabel('Password').fill(PASSWORD)
    await other.keyboard.press('Enter')
    await other.getByRole('alert').waitFor()
    const { body } = await server.ask('GET', '/auth/v1/admin/users', { headers: { apikey: server.keys.secret_key } })
    expect(body.users.map(({ email }: { email: string }) => email)).toEqual(['root@example.com'])

    await server.stop()
    await using again = await startBinary({ folder: server.folder })
    expect(await linkOf(again)).toBeUndefined()
  },
  60_000,
)

test('without the dashboard there is no link', async () => {
  await using server = await startBinary({ env: { AUTH_DASHBOARD: 'off' } })
  expect(await linkOf(server)).toBeUndefined()
  expect(server.log.find(({ msg }) => msg === 'listening').dashboard).toBeUndefined()
  expect((await server.ask('GET', '/auth/v1/admin/setup')).body).toEqual({ open: false })
})

test.skipIf(!hasBrowser)(
  'on a port of its own it signs in and works, and is not on the main port',
  async () => {
    await using server = await startBinary({ env: { AUTH_DASHBOARD_PORT: '0' } })
    await using browser = await openBrowser()
    const { dashboard } = server.log.find(({ msg }) => msg === 'listening')
    expect(new URL(dashboard).port).not.toBe(new URL(server.url).port)
    expect((await server.ask('GET', '/dashboard')).status).toBe(404)
    expect(await linkOf(server)).toStartWith(`${dashboard}#/setup/`)
    const page = await browser.newPage()
    page.setDefaultTimeout(10_000)
    const problems: string[] = []
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
    await page.goto((await linkOf(server)) as string)
    await page.getByLabel('Email address').fill('root@example.com')
    await page.getByLabel('Password').fill(PASSWORD)
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'root@example.com' }).waitFor()
    expect(problems).toEqual([])
  },
  60_000,
)
