/** The dashboard of a new server: the link to its first administrator, and a port of its own. */
import { expect, test } from 'bun:test'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBinary } from '../support/binary'
import { browserTest, openBrowser } from '../support/browser'
import { removeFolder } from '../support/remove-folder'
import { onTerminal } from '../support/terminal'

const PASSWORD = 'correct-horse-battery-9'
interface Terminal extends AsyncDisposable {
  /** The link to the first administrator. */
  link: string | undefined
}

/** Starts the server on a terminal, and waits for its banner. */
async function startOnTerminal(folder: string, args: string[] = []): Promise<Terminal> {
  const terminal = onTerminal(['serve', '--port', '0', ...args], folder, { AUTH_RATE_LIMITS: 'off' })
  await terminal.shows('createClient(')
  return {
    link: /http:\S+#\/setup\/[\w-]+/.exec(terminal.shown())?.[0],
    [Symbol.asyncDispose]: async () => void (await terminal.stop()),
  }
}

browserTest(
  'a new server prints a link on a terminal, which makes the first administrator and works once',
  async () => {
    await using files = new AsyncDisposableStack()
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-first-'))
    files.defer(() => removeFolder(folder))
    await using browser = await openBrowser()
    {
      await using server = await startOnTerminal(folder)
      const link = server.link as string
      expect(link).toMatch(/^http:\/\/localhost:\d+\/dashboard#\/setup\/[\w-]{43}$/)
      const asked: string[] = []
      const page = await browser.newPage()
      page.setDefaultTimeout(30_000)
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
      await page.reload()
      await page.getByRole('link', { name: 'root@example.com' }).waitFor()
      expect(await page.locator('tbody tr').count()).toBe(1)
    }
    await using again = await startOnTerminal(folder)
    expect(again.link).toBeUndefined()
  },
)

test('the link is never in the log', async () => {
  await using server = await startBinary()
  await server.settled()
  expect(JSON.stringify(server.log)).not.toContain('setup')
  expect((await server.ask('GET', '/auth/v1/admin/setup')).body).toEqual({ open: false })
})

test('without the dashboard there is no link', async () => {
  await using files = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-first-'))
  files.defer(() => removeFolder(folder))
  await using server = await startOnTerminal(folder, ['--set', 'AUTH_DASHBOARD=off'])
  expect(server.link).toBeUndefined()
})

browserTest('on a port of its own it signs in and works, and is not on the main port', async () => {
  await using server = await startBinary({ env: { AUTH_DASHBOARD_PORT: '0' } })
  await using browser = await openBrowser()
  const { dashboard } = server.log.find(({ msg }) => msg === 'listening')
  expect(new URL(dashboard).port).not.toBe(new URL(server.url).port)
  expect((await server.ask('GET', '/dashboard')).status).toBe(404)
  const headers = { apikey: server.keys.secret_key }
  const given = { email: 'root@example.com', password: PASSWORD, email_confirm: true }
  const { body: user } = await server.ask('POST', '/auth/v1/admin/users', { headers, body: given })
  await server.ask('PUT', `/auth/v1/admin/users/${user.id}/roles/admin`, { headers })
  const page = await browser.newPage()
  page.setDefaultTimeout(30_000)
  const problems: string[] = []
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
  await page.goto(dashboard)
  await page.getByLabel('Email address or username').fill('root@example.com')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.keyboard.press('Enter')
  await page.getByRole('link', { name: 'root@example.com' }).waitFor()
  expect(problems).toEqual([])
})

browserTest(
  'where captchas are on, the page solves the proof of work, and says what it cannot do for others',
  async () => {
    await using browser = await openBrowser()
    const captcha = { AUTH_SECURITY_CAPTCHA_ENABLED: 'true' }
    const tryToSignIn = async (env: Record<string, string>) => {
      const server = await startBinary({ env: { ...captcha, ...env } })
      const headers = { apikey: server.keys.secret_key }
      const given = { email: 'root@example.com', password: PASSWORD, email_confirm: true }
      const { body: user } = await server.ask('POST', '/auth/v1/admin/users', { headers, body: given })
      await server.ask('PUT', `/auth/v1/admin/users/${user.id}/roles/admin`, { headers })
      const page = await browser.newPage()
      page.setDefaultTimeout(30_000)
      await page.goto(`${server.url}/dashboard`)
      await page.getByLabel('Email address or username').fill('root@example.com')
      await page.getByLabel('Password').fill(PASSWORD)
      await page.keyboard.press('Enter')
      return { page, server }
    }
    const pow = await tryToSignIn({ AUTH_SECURITY_CAPTCHA_PROVIDER: 'pow' })
    await using _ = pow.server
    await pow.page.getByRole('link', { name: 'root@example.com' }).waitFor()
    const other = await tryToSignIn({
      AUTH_SECURITY_CAPTCHA_PROVIDER: 'turnstile',
      AUTH_SECURITY_CAPTCHA_SECRET: 'a-secret-of-turnstile',
    })
    await using __ = other.server
    await other.page.getByRole('alert').filter({ hasText: 'captcha' }).waitFor()
  },
)
