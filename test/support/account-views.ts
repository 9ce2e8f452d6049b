/** The account page of the compiled executable in a real browser, for a user who is signed in. */
import { afterAll, beforeAll } from 'bun:test'
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import type { Json } from './app'
import { type Binary, startBinary } from './binary'
import { drawn, hasBrowser, messageShown, noteMessages, openBrowser, START_MS } from './browser'
import { sendPreviousCode } from './totp'

export const PASSWORD = 'correct-horse-battery-9'

/** Messages need not be apart, and nothing is confirmed by itself. */
const SETTINGS = {
  AUTH_MAILER_AUTOCONFIRM: 'false',
  AUTH_EXTERNAL_PHONE_ENABLED: 'true',
  AUTH_SMTP_MAX_FREQUENCY: '0s',
  AUTH_SMS_MAX_FREQUENCY: '0s',
}

export interface AccountVisit extends AsyncDisposable {
  page: Page
  context: BrowserContext
  /** Errors of the console and of scripts; violations of the content security policy are among them. */
  problems: string[]
  /** Opens a view, and waits until it has loaded. */
  open(view: string): Promise<void>
}

export interface AccountVisitOptions {
  colorScheme?: 'light' | 'dark'
  viewport?: { width: number; height: number }
  language?: string
  /** Answer of a sign-in. */
  session: Json
  /** Another tab of the same browser. */
  context?: BrowserContext
}

/** A failed request is an error in the console as well; tests of refusals look at it on the page. */
const FAILED_REQUEST = /^Failed to load resource/

/** Starts one server and one browser for the tests of a file. */
export function accountSuite(env: Record<string, string> = {}) {
  let server: Binary
  let browser: Browser
  let serial = 0

  beforeAll(async () => {
    if (!hasBrowser) return
    server = await startBinary({ env: { ...SETTINGS, ...env } })
    browser = await openBrowser()
  }, START_MS)

  afterAll(async () => {
    await browser?.close()
    await server?.[Symbol.asyncDispose]()
  })

  /** Under localhost, where passkeys work. */
  const origin = () => `http://localhost:${new URL(server.url).port}`

  const ask = (method: string, path: string, asked: Parameters<Binary['ask']>[2] = {}): Promise<Json> =>
    server.ask(method, `/auth/v1${path}`, asked)

  const asServer = (method: string, path: string, body?: unknown): Promise<Json> =>
    ask(method, path, { headers: { apikey: server.keys.secret_key }, body })

  const address = (name = 'user') => `${name}-${++serial}@example.com`

  async function makeUser(given: Json = {}): Promise<Json> {
    const account = { email: address(), password: PASSWORD, email_confirm: true, ...given }
    const { status, body } = await asServer('POST', '/admin/users', account)
    if (status !== 200) throw new Error(JSON.stringify(body))
    return body
  }

  const userOf = async (id: string): Promise<Json> => (await asServer('GET', `/admin/users/${id}`)).body

  async function signIn(email: string, { password = PASSWORD, headers = {} } = {}): Promise<Json> {
    const { status, body } = await ask('POST', '/token?grant_type=password', { headers, body: { email, password } })
    if (status !== 200) throw new Error(JSON.stringify(body))
    return body
  }

  /** An account that is signed in. */
  async function signedIn(given: Json = {}): Promise<{ user: Json; session: Json }> {
    const user = await makeUser(given)
    return { user, session: await signIn(user.email) }
  }

  /** Adds an authenticator app to the account of a session. @returns its secret, and the raised session */
  async function protect(session: Json, name = 'phone'): Promise<{ secret: string; raised: Json; factorId: string }> {
    const token = session.access_token
    const body = { factor_type: 'totp', friendly_name: name }
    const { body: factor } = await ask('POST', '/factors', { token, body })
    const { body: challenge } = await ask('POST', `/factors/${factor.id}/challenge`, { token })
    const { status, body: raised } = await sendPreviousCode(factor.totp.secret, (code) =>
      ask('POST', `/factors/${factor.id}/verify`, { token, body: { challenge_id: challenge.id, code } }),
    )
    if (status !== 200) throw new Error(JSON.stringify(raised))
    return { secret: factor.totp.secret, raised, factorId: factor.id }
  }

  async function visit({
    colorScheme = 'light',
    viewport = { width: 1280, height: 860 },
    language = 'en',
    session,
    context: shared,
  }: AccountVisitOptions): Promise<AccountVisit> {
    const context =
      shared ??
      (await browser.newContext({
        colorScheme,
        viewport,
        // No transition is waited for, and no color is measured during one.
        reducedMotion: 'reduce',
        permissions: ['clipboard-read', 'clipboard-write'],
        locale: language,
      }))
    context.setDefaultTimeout(30_000)
    if (!shared) await noteMessages(context)
    const page = await context.newPage()
    const problems: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error' && !FAILED_REQUEST.test(message.text())) problems.push(message.text())
    })
    page.on('pageerror', (error) => problems.push(error.message))
    const stored = {
      accessToken: session.access_token,
      refreshToken: session.refresh_token,
      expiresAt: session.expires_at * 1000,
      user: session.user,
    }
    await page.goto(`${origin()}/favicon.svg`)
    await page.evaluate(`sessionStorage.setItem('latchkey-account', ${JSON.stringify(JSON.stringify(stored))})`)
    return {
      page,
      context,
      problems,
      async open(view) {
        // A new document, so that the previous view is not taken for this one.
        await page.goto('about:blank')
        await page.goto(`${origin()}/account?lang=${language}#/${view}`)
        await settled(page)
      },
      async [Symbol.asyncDispose]() {
        await (shared ? page.close() : context.close())
      },
    }
  }

  return {
    address,
    ask,
    asServer,
    makeUser,
    origin,
    protect,
    server: () => server,
    signedIn,
    signIn,
    userOf,
    visit,
  }
}

/** Waits until the view has been drawn and nothing is being loaded. */
export async function settled(page: Page): Promise<void> {
  await page.locator('main h1').waitFor()
  do await drawn(page)
  while ((await page.locator('main .spinner[role=status], [aria-busy=true]').count()) > 0)
}

export const dialog = (page: Page): Locator => page.getByRole('dialog')

/** Waits for a message about what was done. */
export const notified = messageShown

/** Waits for the message next to a field. */
export const fieldError = (scope: Page | Locator, text: string | RegExp): Promise<void> =>
  scope.locator('.hint.bad').filter({ hasText: text }).first().waitFor()

/** The names of the sections and rows that are shown, such as the names of passkeys. */
export const rowTitles = (page: Page): Promise<string[]> =>
  page.locator('.row-title > span:first-child').allTextContents()

export const row = (page: Page, title: string | RegExp): Locator => page.locator('.row').filter({ hasText: title })
