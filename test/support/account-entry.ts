/**
 * The way in to the account page in a real browser: an application on another origin with the published supabase-js, the
 * executable, and a third-party OpenID provider.
 */
import { afterAll, beforeAll } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type MutableRedirectUri, type MutableResponse, OAuth2Server } from 'oauth2-mock-server'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Json } from './app'
import { type Binary, startBinary } from './binary'
import { lastMessageOfKind } from './binary-mailbox'
import { hasBrowser, openBrowser, START_MS } from './browser'
import { sendPreviousCode } from './totp'

export const PASSWORD = 'correct-horse-battery-9'
export const PHONE_SIZE = { width: 390, height: 844 }
export const DESKTOP_SIZE = { width: 1280, height: 860 }

const CLIENT = 'latchkey-client'
const SUPABASE_JS = readFileSync(join(import.meta.dir, '../../node_modules/@supabase/supabase-js/dist/umd/supabase.js'))

/** A failed request is an error in the console as well; tests of refusals look at it on the page. */
const FAILED_REQUEST = /^Failed to load resource/

/** A minimal application; the query of its address is given to the account page. */
const application = ({ url, keys }: Binary) => `<!doctype html>
<title>Application</title>
<link rel="icon" href="data:,">
<button id="in">Sign in</button><button id="out">Sign out</button>
<p id="user"></p><p id="events"></p>
<script src="/supabase.js"></script>
<script>
  const { auth } = supabase.createClient('${url.replace('127.0.0.1', 'localhost')}', '${keys.publishable_key}', { auth: { flowType: 'pkce' } })
  const show = (id, text) => (document.getElementById(id).textContent = text)
  auth.onAuthStateChange((event, session) => {
    document.getElementById('events').textContent += event + ' '
    show('user', session ? session.user.email : 'none')
  })
  document.getElementById('in').onclick = () =>
    auth.signInWithOAuth({
      provider: 'account',
      options: {
        redirectTo: location.origin + '/callback',
        queryParams: Object.fromEntries(new URLSearchParams(location.search)),
      },
    })
  document.getElementById('out').onclick = () => auth.signOut({ scope: 'local' })
</script>`

export interface Visit extends AsyncDisposable {
  context: BrowserContext
  page: Page
  /** Errors of the consoles and of scripts; violations of the content security policy are among them. */
  problems: string[]
}

export interface VisitOptions {
  colorScheme?: 'light' | 'dark'
  viewport?: { width: number; height: number }
  locale?: string
}

/** Starts an application, a provider, one server and one browser for the tests of a file. */
export function entrySuite(env: Record<string, string> = {}) {
  let server: Binary
  let browser: Browser
  let app: ReturnType<typeof Bun.serve>
  let google: OAuth2Server
  let serial = 0
  const provider: { claims: Json; refuses: Record<string, string> | undefined } = { claims: {}, refuses: undefined }

  beforeAll(async () => {
    if (!hasBrowser) return
    const { promise: started, resolve } = Promise.withResolvers<Binary>()
    app = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      async fetch(request) {
        if (new URL(request.url).pathname === '/supabase.js')
          return new Response(SUPABASE_JS, { headers: { 'content-type': 'text/javascript' } })
        return new Response(application(await started), { headers: { 'content-type': 'text/html' } })
      },
    })
    google = new OAuth2Server()
    await google.issuer.keys.generate('RS256')
    await google.start(0, '127.0.0.1')
    google.service.on('beforeTokenSigning', (token) => Object.assign(token.payload, provider.claims, { aud: CLIENT }))
    google.service.on('beforeUserinfo', (answer: MutableResponse) => {
      answer.body = provider.claims
    })
    google.service.on('beforeAuthorizeRedirect', ({ url }: MutableRedirectUri) => {
      if (!provider.refuses) return
      url.searchParams.delete('code')
      for (const [name, value] of Object.entries(provider.refuses)) url.searchParams.set(name, value)
    })
    server = await startBinary({
      env: {
        AUTH_SITE_URL: appOrigin(),
        AUTH_URI_ALLOW_LIST: `${appOrigin()}/**`,
        AUTH_BRAND_NAME: 'Acme',
        AUTH_MAILER_AUTOCONFIRM: 'false',
        AUTH_SMTP_MAX_FREQUENCY: '0s',
        AUTH_SMS_MAX_FREQUENCY: '0s',
        AUTH_EXTERNAL_GOOGLE_CLIENT_ID: CLIENT,
        AUTH_EXTERNAL_GOOGLE_SECRET: 'secret',
        AUTH_EXTERNAL_GOOGLE_URL: google.issuer.url ?? '',
        ...env,
      },
    })
    resolve(server)
    browser = await openBrowser()
  }, START_MS)

  afterAll(async () => {
    await browser?.close()
    await server?.[Symbol.asyncDispose]()
    await google?.stop()
    await app?.stop(true)
  })

  const appOrigin = () => `http://localhost:${app.port}`
  /** Under localhost, where passkeys work. */
  const origin = () => `http://localhost:${new URL(server.url).port}`
  const address = (name = 'user') => `${name}-${++serial}@example.com`
  const ask: Binary['ask'] = (...asked) => server.ask(...asked)
  const asServer = (method: string, path: string, body?: unknown): Promise<Json> =>
    server.ask(method, `/auth/v1${path}`, { headers: { apikey: server.keys.secret_key }, body })

  async function makeUser(given: Json = {}): Promise<Json> {
    const account = { email: address(), password: PASSWORD, email_confirm: true, ...given }
    const { status, body } = await asServer('POST', '/admin/users', account)
    if (status !== 200) throw new Error(JSON.stringify(body))
    return body
  }

  async function tokenOf(email: string): Promise<string> {
    const { body } = await ask('POST', '/auth/v1/token?grant_type=password', { body: { email, password: PASSWORD } })
    return body.access_token
  }

  /** Enrolls and verifies a factor that needs no browser, and recovery codes. */
  async function protect(email: string): Promise<{ secret: string; codes: string[] }> {
    const token = await tokenOf(email)
    const { body: factor } = await ask('POST', '/auth/v1/factors', { token, body: { factor_type: 'totp' } })
    const { body: challenge } = await ask('POST', `/auth/v1/factors/${factor.id}/challenge`, { token })
    const { body: session } = await sendPreviousCode(factor.totp.secret, (code) =>
      ask('POST', `/auth/v1/factors/${factor.id}/verify`, { token, body: { challenge_id: challenge.id, code } }),
    )
    const { body } = await ask('POST', '/auth/v1/factors/recovery-codes', { token: session.access_token, body: {} })
    return { secret: factor.totp.secret, codes: body.codes }
  }

  async function visit({ colorScheme = 'light', viewport = DESKTOP_SIZE, locale = 'en-US' }: VisitOptions = {}) {
    // No transition is waited for, and no color is measured during one.
    const context = await browser.newContext({ colorScheme, viewport, locale, reducedMotion: 'reduce' })
    context.setDefaultTimeout(30_000)
    const problems: string[] = []
    context.on('console', (message) => {
      if (message.type() === 'error' && !FAILED_REQUEST.test(message.text())) problems.push(message.text())
    })
    context.on('weberror', (error) => problems.push(error.error().message))
    const site: Visit = {
      context,
      problems,
      page: await context.newPage(),
      async [Symbol.asyncDispose]() {
        await context.close()
      },
    }
    return site
  }

  /** From the application to the account page. @param query for the account page, such as `?prompt=login` */
  async function fromApplication(page: Page, query = ''): Promise<void> {
    await page.goto(`${appOrigin()}/${query}`)
    await page.locator('#events').filter({ hasText: 'INITIAL_SESSION' }).waitFor()
    await page.click('#in')
    await page.waitForURL(`${origin()}/account?**`)
    await page.getByRole('heading', { level: 1 }).waitFor()
  }

  /** Waits until the application has a session, and its address no secret. */
  async function backInApplication(page: Page, email: string): Promise<void> {
    await page.waitForURL(`${appOrigin()}/callback`)
    await page.locator('#user').filter({ hasText: email }).waitFor()
  }

  /** The page for an application, without the application. */
  const addressFor = (redirectTo = `${appOrigin()}/callback`) =>
    `${origin()}/account?${new URLSearchParams({
      redirect_to: redirectTo,
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 's256',
    })}`

  const messageOf = (to: string, kind: string) => lastMessageOfKind(server, to, kind)

  return {
    address,
    addressFor,
    appOrigin,
    ask,
    asServer,
    backInApplication,
    fromApplication,
    makeUser,
    messageOf,
    origin,
    protect,
    provider,
    server: () => server,
    tokenOf,
    visit,
  }
}

export async function signIn(page: Page, email: string, password = PASSWORD): Promise<void> {
  await page.getByLabel('Email address').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** Waits until a step of the way in is shown. */
export const step = (page: Page, name: string | RegExp): Promise<void> =>
  page.getByRole('heading', { level: 1, name }).waitFor()

/** Waits for a text that screen readers announce as a problem. */
export const alert = (page: Page, text: string | RegExp): Promise<void> =>
  page.getByRole('alert').filter({ hasText: text }).waitFor()

/** An authenticator of the browser that needs no hand. */
export async function addAuthenticator(page: Page, transport: 'internal' | 'usb' = 'internal'): Promise<void> {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport,
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
}
