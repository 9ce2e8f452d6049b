/**
 * Makes the pictures of the documents from the built executable with invented accounts: `bun scripts/pictures.ts`.
 * They are committed; make them again when a page changes its look.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { startBinary } from '../test/support/binary'
import { openBrowser } from '../test/support/browser'

const FOLDER = join(import.meta.dir, '..', 'docs', 'images')
const PASSWORD = 'correct-horse-battery-9'
const NAMES = ['ada', 'grace', 'katherine', 'annie', 'hedy', 'joan', 'radia', 'barbara']

await using server = await startBinary({ env: { AUTH_MAILER_AUTOCONFIRM: 'false', AUTH_RATE_LIMITS: 'off' } })
const browser = await openBrowser()
const origin = `http://localhost:${new URL(server.url).port}`
mkdirSync(FOLDER, { recursive: true })

async function ask(method: string, path: string, body?: unknown): Promise<{ id: string }> {
  const answer = await server.ask(method, `/auth/v1${path}`, { headers: { apikey: server.keys.secret_key }, body })
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  return answer.body
}

async function picture(name: string, path: string, prepare: (page: Page) => Promise<void>): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1120, height: 640 }, colorScheme: 'light' })
  await page.goto(`${origin}${path}`)
  await prepare(page)
  await page.screenshot({ path: join(FOLDER, `${name}.png`), animations: 'disabled' })
  await page.close()
}

for (const name of NAMES) {
  const { id } = await ask('POST', '/admin/users', {
    email: `${name}@example.com`,
    password: PASSWORD,
    email_confirm: true,
    user_metadata: { name: `${name[0]?.toUpperCase()}${name.slice(1)}` },
  })
  if (name === 'ada') await ask('PUT', `/admin/users/${id}/roles/admin`)
}
await ask('POST', '/signup', { email: 'mary@example.com', password: PASSWORD })
await ask('POST', '/recover', { email: 'hedy@example.com' })
await ask('POST', '/invite', { email: 'evelyn@example.com' })
await ask('POST', '/otp', { email: 'grace@example.com' })

await picture('mailbox', '/mailbox', async (page) => {
  await page.getByText('grace@example.com').first().click()
  await page.waitForLoadState('networkidle')
})
await picture('dashboard', '/dashboard', async (page) => {
  await page.getByLabel('Email').fill('ada@example.com')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByText('grace@example.com').first().waitFor()
})
await picture('account', '/account', async (page) => {
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
})
await browser.close()
