/**
 * Sign-in with a provider account in a real browser: a page with the published supabase-js, the executable, and
 * a third-party OpenID provider.
 */
import { expect } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type MutableResponse, OAuth2Server } from 'oauth2-mock-server'
import type { BrowserContext, Page } from 'playwright-core'
import { type Binary, startBinary } from '../support/binary'
import { browserTest, openBrowser } from '../support/browser'

const SUPABASE_JS = readFileSync(join(import.meta.dir, '../../node_modules/@supabase/supabase-js/dist/umd/supabase.js'))
const EMAIL = 'ada@example.com'
const CLIENT = 'latchkey-client'

/** A minimal application; its path is the flow that it uses. */
const page = ({ url, keys }: Binary, flowType: string) => `<!doctype html>
<title>Application</title>
<link rel="icon" href="data:,">
<button id="google">Google</button><button id="anonymous">Try</button><button id="link">Link</button>
<p id="events"></p><p id="user"></p><p id="token"></p><p id="told"></p>
<script src="/supabase.js"></script>
<script>
  const { auth } = supabase.createClient('${url}', '${keys.publishable_key}', { auth: { flowType: '${flowType}' } })
  const show = (id, text) => (document.getElementById(id).textContent = text)
  const options = { redirectTo: location.origin + location.pathname, scopes: 'calendar', queryParams: { prompt: 'consent' } }
  auth.onAuthStateChange((event, session) => {
    document.getElementById('events').textContent += event + ' '
    if (session?.provider_token) show('token', 'given')
    setTimeout(async () => {
      const { data } = await auth.getUserIdentities()
      const { data: got } = await auth.getUser()
      const names = data?.identities.map(({ provider }) => provider).join(',')
      if (got.user) show('user', [got.user.id, got.user.email, got.user.is_anonymous, names].join(' '))
    })
  })
  const does = {
    google: () => auth.signInWithOAuth({ provider: 'google', options }),
    anonymous: () => auth.signInAnonymously(),
    link: () => auth.linkIdentity({ provider: 'google', options }),
  }
  for (const [id, run] of Object.entries(does))
    document.getElementById(id).onclick = async () => show('told', (await run()).error?.message ?? 'done')
</script>`

interface Visit extends AsyncDisposable {
  server: Binary
  origin: string
  context: BrowserContext
  provider: OAuth2Server
  complaints: string[]
}

async function visit(): Promise<Visit> {
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
  const provider = new OAuth2Server()
  await provider.issuer.keys.generate('RS256')
  await provider.start(0, '127.0.0.1')
  const claims = { sub: 'google-ada', email: EMAIL, email_verified: true, name: 'Ada Lovelace', aud: CLIENT }
  provider.service.on('beforeTokenSigning', (token) => Object.assign(token.payload, claims))
  provider.service.on('beforeUserinfo', (answer: MutableResponse) => {
    answer.body = claims
  })
  const server = await startBinary({
    env: {
      AUTH_SITE_URL: application.url.origin,
      AUTH_EXTERNAL_GOOGLE_CLIENT_ID: CLIENT,
      AUTH_EXTERNAL_GOOGLE_SECRET: 'secret',
      AUTH_EXTERNAL_GOOGLE_URL: provider.issuer.url ?? '',
      AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true',
      AUTH_SECURITY_MANUAL_LINKING_ENABLED: 'true',
    },
  })
  resolve(server)
  const browser = await openBrowser()
  const context = await browser.newContext()
  context.setDefaultTimeout(30_000)
  const complaints: string[] = []
  context.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  return {
    server,
    context,
    provider,
    complaints,
    origin: application.url.origin,
    async [Symbol.asyncDispose]() {
      await browser.close()
      await server[Symbol.asyncDispose]()
      await provider.stop()
      await application.stop(true)
    },
  }
}

async function open({ context, origin }: Visit, flowType: string): Promise<Page> {
  const tab = await context.newPage()
  await tab.goto(`${origin}/${flowType}`)
  await tab.locator('#events').filter({ hasText: 'INITIAL_SESSION' }).waitFor()
  return tab
}

async function userIn(tab: Page, hasText: string): Promise<string[]> {
  await tab.locator('#user').filter({ hasText }).waitFor()
  return ((await tab.locator('#user').textContent()) ?? '').split(' ')
}

for (const flowType of ['implicit', 'pkce'] as const) {
  browserTest(`signInWithOAuth signs in (${flowType}), and no secret stays in the address`, async () => {
    await using site = await visit()
    const tab = await open(site, flowType)
    const asked = tab.waitForRequest((request) => request.url().startsWith(`${site.provider.issuer.url}/authorize`))
    await tab.click('#google')
    const { searchParams } = new URL((await asked).url())
    expect([searchParams.get('scope'), searchParams.get('prompt')]).toEqual(['email profile calendar', 'consent'])
    expect((await userIn(tab, EMAIL)).slice(1)).toEqual([EMAIL, 'false', 'google'])
    await tab.locator('#token').filter({ hasText: 'given' }).waitFor()
    const { origin, pathname, hash, search } = new URL(tab.url())
    expect([origin, pathname, hash, search]).toEqual([site.origin, `/${flowType}`, '', ''])
    expect(site.complaints).toEqual([])
  })

  browserTest(`linkIdentity makes an anonymous user a permanent one (${flowType})`, async () => {
    await using site = await visit()
    const tab = await open(site, flowType)
    await tab.click('#anonymous')
    const [before] = await userIn(tab, 'true')
    await tab.click('#link')
    const [after, ...rest] = await userIn(tab, EMAIL)
    expect([after, ...rest]).toEqual([before, EMAIL, 'false', 'google'])
    expect(site.complaints).toEqual([])
  })
}
