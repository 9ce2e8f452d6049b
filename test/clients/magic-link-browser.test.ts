/**
 * From the application to the mailbox and back in a real browser: a page with the published supabase-js asks for a mail,
 * the mail is opened in the executable's mailbox, and its link is clicked.
 */
import { expect } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { type Binary, startBinary } from '../support/binary'
import { lastMessageOfKind } from '../support/binary-mailbox'
import { browserTest, openBrowser } from '../support/browser'

const SUPABASE_JS = readFileSync(join(import.meta.dir, '../../node_modules/@supabase/supabase-js/dist/umd/supabase.js'))
const EMAIL = 'ada@example.com'
const PASSWORD = 'correct-horse-battery-9'

type FlowType = 'implicit' | 'pkce'

/** A minimal application; its path is the flow that it uses. */
const page = ({ url, keys }: Binary, flowType: string) => `<!doctype html>
<title>Application</title>
<link rel="icon" href="data:,">
<form><input name="email"><input name="password"><button name="link">Link</button><button name="forgot">Forgot</button><button name="save">Save</button></form>
<p id="events"></p><p id="user"></p><p id="told"></p>
<script src="/supabase.js"></script>
<script>
  const { auth } = supabase.createClient('${url}', '${keys.publishable_key}', { auth: { flowType: '${flowType}' } })
  const show = (id, text) => (document.getElementById(id).textContent += text + ' ')
  auth.onAuthStateChange(async (event) => {
    show('events', event)
    setTimeout(async () => {
      const { data } = await auth.getUser()
      if (data.user) document.getElementById('user').textContent = data.user.email
    })
  })
  const form = document.forms[0]
  form.onsubmit = async (event) => {
    event.preventDefault()
    const email = form.email.value
    const back = location.origin + location.pathname
    const asked = {
      link: () => auth.signInWithOtp({ email, options: { emailRedirectTo: back } }),
      forgot: () => auth.resetPasswordForEmail(email, { redirectTo: back }),
      save: () => auth.updateUser({ password: form.password.value }),
    }
    const { error } = await asked[event.submitter.name]()
    show('told', error ? error.code : 'done')
  }
</script>`

interface Visit extends AsyncDisposable {
  server: Binary
  /** Such as `http://localhost:41234`. */
  origin: string
  context: BrowserContext
  /** Errors and warnings in the consoles of all pages. */
  complaints: string[]
}

/** The application, the executable with an account, and a new browser. */
async function visit(env: Record<string, string> = {}): Promise<Visit> {
  const { promise: started, resolve } = Promise.withResolvers<Binary>()
  const application = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const { pathname } = new URL(request.url)
      if (pathname === '/supabase.js')
        return new Response(SUPABASE_JS, { headers: { 'content-type': 'text/javascript' } })
      return new Response(page(await started, pathname.slice(1)), { headers: { 'content-type': 'text/html' } })
    },
  })
  const { origin } = application.url
  const server = await startBinary({ env: { AUTH_SITE_URL: origin, AUTH_MAILER_AUTOCONFIRM: 'false', ...env } })
  resolve(server)
  await server.ask('POST', '/auth/v1/admin/users', {
    body: { email: EMAIL, password: PASSWORD, email_confirm: true },
    token: server.keys.secret_key,
  })
  const browser = await openBrowser()
  const context = await browser.newContext()
  context.setDefaultTimeout(30_000)
  const complaints: string[] = []
  context.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  return {
    server,
    origin,
    context,
    complaints,
    async [Symbol.asyncDispose]() {
      await browser.close()
      await server[Symbol.asyncDispose]()
      await application.stop(true)
    },
  }
}

/** Requests a mail on the application's page. */
async function ask({ context, origin }: Visit, flowType: FlowType, button: 'link' | 'forgot'): Promise<Page> {
  const tab = await context.newPage()
  await tab.goto(`${origin}/${flowType}`)
  await tab.locator('#events').filter({ hasText: 'INITIAL_SESSION' }).waitFor()
  await tab.fill('[name=email]', EMAIL)
  await tab.click(`[name=${button}]`)
  await tab.locator('#told').filter({ hasText: 'done' }).waitFor()
  return tab
}

/** Opens the mail in the mailbox and clicks the link in it. @returns the tab that the link opened */
async function clickLink({ context, server }: Visit): Promise<Page> {
  const mailbox = await context.newPage()
  await mailbox.goto(`${server.url}/mailbox`)
  await mailbox.getByRole('option').filter({ hasText: EMAIL }).first().click()
  const link = mailbox.frameLocator('iframe').getByRole('link').first()
  const [tab] = await Promise.all([context.waitForEvent('page'), link.click()])
  await tab.waitForLoadState()
  return tab
}

/** Waits until the application shows a signed-in user, and has had an auth event. */
async function signedIn(tab: Page, event = 'INITIAL_SESSION'): Promise<void> {
  await tab.locator('#user').filter({ hasText: EMAIL }).waitFor()
  await tab.locator('#events').filter({ hasText: event }).waitFor()
}

for (const flowType of ['implicit', 'pkce'] as const)
  browserTest(`a magic link signs the application in (${flowType}), and no secret stays in its address`, async () => {
    await using site = await visit()
    await ask(site, flowType, 'link')
    const tab = await clickLink(site)
    await signedIn(tab, 'SIGNED_IN')
    const { origin, pathname, hash, search } = new URL(tab.url())
    expect([origin, pathname, hash, search]).toEqual([site.origin, `/${flowType}`, '', ''])
    await tab.reload()
    await signedIn(tab)
    expect(site.complaints).toEqual([])
  })

for (const flowType of ['implicit', 'pkce'] as const)
  browserTest(`a recovery tells the application so (${flowType}), and the new password counts`, async () => {
    await using site = await visit()
    await ask(site, flowType, 'forgot')
    const tab = await clickLink(site)
    await signedIn(tab, 'PASSWORD_RECOVERY')
    await tab.fill('[name=password]', 'staple-battery-horse-7')
    await tab.click('[name=save]')
    await tab.locator('#told').filter({ hasText: 'done' }).waitFor()
    const signIn = (password: string) =>
      site.server.ask('POST', '/auth/v1/token?grant_type=password', { body: { email: EMAIL, password } })
    expect([(await signIn('staple-battery-horse-7')).status, (await signIn(PASSWORD)).status]).toEqual([200, 400])
    expect(site.complaints).toEqual([])
  })

for (const flowType of ['implicit', 'pkce'] as const)
  browserTest(`with a page in between, a link is used up by its button alone (${flowType})`, async () => {
    await using site = await visit({ AUTH_MAILER_LINK_CONFIRMATION: 'true' })
    await ask(site, flowType, 'link')
    const { link } = await lastMessageOfKind(site.server, EMAIL, 'magic_link')
    for (let times = 0; times < 3; times++) {
      const response = await fetch(link, { redirect: 'manual' })
      expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
      expect(await response.text()).toContain('<form method="post"')
    }

    const tab = await clickLink(site)
    expect(new URL(tab.url()).pathname).toBe('/auth/v1/verify')
    await tab.getByRole('button').click()
    await signedIn(tab, 'SIGNED_IN')
    const { origin, pathname, hash, search } = new URL(tab.url())
    expect([origin, pathname, hash, search]).toEqual([site.origin, `/${flowType}`, '', ''])

    const late = await clickLink(site)
    await late.getByRole('button').click()
    await late.waitForURL(/error_code=otp_expired/)
    expect(site.complaints).toEqual([])
  })

browserTest('a link that is opened twice says so, and the session of the first stays', async () => {
  await using site = await visit()
  await ask(site, 'implicit', 'link')
  await signedIn(await clickLink(site))
  const late = await clickLink(site)
  await late.waitForURL(/error_code=otp_expired/)
  await signedIn(late)
})
