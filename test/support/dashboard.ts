/** The dashboard of the compiled executable in a real browser, and accounts to show in it. */
import { afterAll, beforeAll } from 'bun:test'
import type { Browser, Locator, Page } from 'playwright-core'
import type { Json } from './app'
import { type Binary, startBinary } from './binary'
import { drawn, hasBrowser, messageShown, noteMessages, openBrowser, START_MS } from './browser'
import { sendPreviousCode } from './totp'

export const PASSWORD = 'correct-horse-battery-9'
export const ADMIN = 'admin@example.com'
export const PHONE = { width: 390, height: 844 }
export const DESKTOP = { width: 1280, height: 860 }

export interface Visit extends AsyncDisposable {
  page: Page
  /** Errors of the console and of scripts; violations of the content security policy are among them. */
  problems: string[]
  /** Opens a view, and waits until it has loaded. */
  open(path: string): Promise<void>
}

export interface VisitOptions {
  colorScheme?: 'light' | 'dark'
  viewport?: { width: number; height: number }
  /** Signs in as this account; undefined stays on the sign-in page. */
  as?: string | undefined
}

/** A failed request is an error in the console as well; tests of refusals look at it on the page. */
const FAILED_REQUEST = /^Failed to load resource/

/** Starts one server and one browser for the tests of a file. */
export function dashboardSuite(env: Record<string, string> = {}) {
  let server: Binary
  let browser: Browser
  let serial = 0

  beforeAll(async () => {
    if (!hasBrowser) return
    server = await startBinary({ env })
    browser = await openBrowser()
    await makeAdmin(ADMIN)
  }, START_MS)

  afterAll(async () => {
    await browser?.close()
    await server?.[Symbol.asyncDispose]()
  })

  /** Under localhost, where passkeys work. */
  const origin = () => `http://localhost:${new URL(server.url).port}`

  const ask: Binary['ask'] = (...asked) => server.ask(...asked)

  /** A request with the secret key. */
  const asServer = (method: string, path: string, body?: unknown): Promise<Json> =>
    server.ask(method, `/auth/v1${path}`, { headers: { apikey: server.keys.secret_key }, body })

  const address = (name = 'user') => `${name}-${++serial}@example.com`

  async function makeUser(given: Json = {}): Promise<Json> {
    const { status, body } = await asServer('POST', '/admin/users', {
      email: address(),
      password: PASSWORD,
      email_confirm: true,
      ...given,
    })
    if (status !== 200) throw new Error(JSON.stringify(body))
    return body
  }

  async function makeAdmin(email = address('admin')): Promise<Json> {
    const user = await makeUser({ email })
    const { status } = await asServer('PUT', `/admin/users/${user.id}/roles/admin`)
    if (status !== 200) throw new Error(`the role was not granted: ${status}`)
    return user
  }

  const userOf = async (id: string): Promise<Json> => (await asServer('GET', `/admin/users/${id}`)).body

  const signInAs = async (email: string, password = PASSWORD): Promise<Json> =>
    server.ask('POST', '/auth/v1/token?grant_type=password', { body: { email, password } })

  /** Enrols and verifies an authenticator app. @returns its secret, and recovery codes */
  async function protect(email: string): Promise<{ secret: string; codes: string[] }> {
    const { body: session } = await signInAs(email)
    const token = session.access_token
    const { body: factor } = await server.ask('POST', '/auth/v1/factors', { token, body: { factor_type: 'totp' } })
    const { secret } = factor.totp
    const { body: challenge } = await server.ask('POST', `/auth/v1/factors/${factor.id}/challenge`, { token })
    const { body: verified } = await sendPreviousCode(secret, (code) =>
      server.ask('POST', `/auth/v1/factors/${factor.id}/verify`, { token, body: { challenge_id: challenge.id, code } }),
    )
    const { body: recovery } = await server.ask('POST', '/auth/v1/factors/recovery-codes', {
      token: verified.access_token,
      body: {},
    })
    await server.ask('POST', '/auth/v1/logout?scope=global', { token: verified.access_token })
    return { secret, codes: recovery.codes }
  }

  async function visit({ colorScheme = 'light', viewport = DESKTOP, ...options }: VisitOptions = {}): Promise<Visit> {
    const email = 'as' in options ? options.as : ADMIN
    const context = await browser.newContext({
      colorScheme,
      viewport,
      // No transition is waited for, and no colour is measured during one.
      reducedMotion: 'reduce',
      permissions: ['clipboard-read', 'clipboard-write'],
      locale: 'en-US',
    })
    context.setDefaultTimeout(30_000)
    await noteMessages(context)
    const page = await context.newPage()
    const problems: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error' && !FAILED_REQUEST.test(message.text())) problems.push(message.text())
    })
    page.on('pageerror', (error) => problems.push(error.message))
    await page.goto(`${origin()}/dashboard`)
    if (email !== undefined) {
      await signIn(page, email)
      await page.getByRole('heading', { level: 1, name: 'Users' }).waitFor()
    }
    return {
      page,
      problems,
      async open(path) {
        // A new document, so that the previous view is not taken for this one.
        await page.goto('about:blank')
        await page.goto(`${origin()}/dashboard#/${path}`)
        await settled(page)
      },
      async [Symbol.asyncDispose]() {
        await context.close()
      },
    }
  }

  return {
    address,
    ask,
    asServer,
    makeAdmin,
    makeUser,
    origin,
    protect,
    server: () => server,
    signInAs,
    userOf,
    visit,
  }
}

export async function signIn(page: Page, email: string, password = PASSWORD): Promise<void> {
  await page.getByLabel('Email address or username').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** Waits until the view has been drawn and nothing is being loaded. */
export async function settled(page: Page): Promise<void> {
  await page.locator('main h1').waitFor()
  do await drawn(page)
  while ((await page.locator('.loading, [aria-busy=true]').count()) > 0)
}

export const dialog = (page: Page): Locator => page.getByRole('dialog')
/** Waits for a message about what was done. */
export const saved = messageShown

/** Presses Tab until an element has the focus, as a user without pointer does. */
export async function tabTo(page: Page, target: Locator, limit = 60): Promise<void> {
  for (let presses = 0; presses < limit; presses++) {
    if (await target.evaluate((element) => element === element.ownerDocument.activeElement)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`${target} was not reached by ${limit} presses of Tab`)
}

/** Opens the menu of a user and chooses an entry. */
export async function choose(page: Page, entry: string): Promise<void> {
  await page.locator('summary', { hasText: 'Actions' }).click()
  await page.locator('.menu').getByRole('button', { name: entry, exact: true }).click()
}
