/**
 * Passkeys and security keys in a real browser: a page with the published supabase-js on one port of localhost, the
 * executable without any setting on another, and Chromium's virtual authenticator (WebAuthn Level 3 §11).
 */
import { afterAll, beforeAll, expect } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, CDPSession, Page } from 'playwright-core'
import { claimsOf, type Json } from '../support/app'
import { type Binary, startBinary } from '../support/binary'
import { browserTest, hasBrowser, openBrowser, START_MS } from '../support/browser'

const SUPABASE_JS = readFileSync(join(import.meta.dir, '../../node_modules/@supabase/supabase-js/dist/umd/supabase.js'))
const PASSWORD = 'correct-horse-battery-9'

let server: Binary
let browser: Browser
let application: ReturnType<typeof Bun.serve>
let serial = 0

beforeAll(async () => {
  if (!hasBrowser) return
  server = await startBinary()
  browser = await openBrowser()
  application = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: ({ url }) =>
      new URL(url).pathname === '/supabase.js'
        ? new Response(SUPABASE_JS, { headers: { 'content-type': 'text/javascript' } })
        : new Response(
            `<!doctype html><title>Application</title><link rel="icon" href="data:,"><script src="/supabase.js"></script>
            <script>var auth = supabase.createClient('${server.url}', '${server.keys.publishable_key}').auth</script>`,
            { headers: { 'content-type': 'text/html' } },
          ),
  })
}, START_MS)
afterAll(async () => {
  await browser?.close()
  await application?.stop(true)
  await server?.[Symbol.asyncDispose]()
})

/** The application in a browser of its own, with an authenticator that needs no interaction. */
async function visit(transport: 'internal' | 'usb'): Promise<{ tab: Page; cdp: CDPSession; authenticatorId: string }> {
  const context = await browser.newContext()
  context.setDefaultTimeout(30_000)
  const tab = await context.newPage()
  const cdp = await context.newCDPSession(tab)
  await cdp.send('WebAuthn.enable')
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport,
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  await tab.goto(`http://localhost:${application.port}/`)
  return { tab, cdp, authenticatorId }
}

/** Runs an async function of supabase-js's `auth` and one argument in the application. */
const inPage = (tab: Page, code: string, argument: unknown = null): Promise<Json> =>
  tab.evaluate(`(${code})(auth, ${JSON.stringify(argument)})`)

const signUp = (tab: Page, email: string) =>
  inPage(
    tab,
    `async (auth, credentials) => {
      const { data, error } = await auth.signUp(credentials)
      if (error) throw error
      return data.user.id
    }`,
    { email, password: PASSWORD },
  )

const address = () => `user-${++serial}@example.com`

browserTest('a passkey is registered, signs in, is renamed and removed', async () => {
  const { tab, cdp, authenticatorId } = await visit('internal')
  const userId = await signUp(tab, address())
  const registered = await inPage(tab, 'async (auth) => auth.registerPasskey()')
  expect([registered.error, registered.data]).toEqual([
    null,
    { id: expect.any(String), friendly_name: expect.any(String), created_at: expect.any(String) },
  ])
  const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId })
  expect(credentials).toMatchObject([{ rpId: 'localhost', isResidentCredential: true }])
  await inPage(tab, 'async (auth) => auth.signOut()')
  const signedIn = await inPage(tab, 'async (auth) => auth.signInWithPasskey()')
  expect([signedIn.error, signedIn.data.user.id]).toEqual([null, userId])
  expect(claimsOf(signedIn.data.session.access_token)).toMatchObject({ aal: 'aal1', amr: [{ method: 'passkey' }] })
  const kept = await inPage(
    tab,
    `async (auth, passkeyId) => ({
      renamed: (await auth.passkey.update({ passkeyId, friendlyName: 'laptop' })).data,
      list: (await auth.passkey.list()).data,
      deleted: (await auth.passkey.delete({ passkeyId })).error,
      left: (await auth.passkey.list()).data,
    })`,
    registered.data.id,
  )
  expect([kept.renamed.friendly_name, kept.list.length, kept.deleted, kept.left]).toEqual(['laptop', 1, null, []])
  const again = await inPage(tab, 'async (auth) => ({ code: (await auth.signInWithPasskey()).error?.code })')
  expect(again.code).toBe('webauthn_verification_failed')
  await tab.context().close()
})

browserTest('an authenticator that does not verify its user cannot sign in', async () => {
  const { tab, cdp, authenticatorId } = await visit('internal')
  await signUp(tab, address())
  expect((await inPage(tab, 'async (auth) => auth.registerPasskey()')).error).toBeNull()
  await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false })
  await inPage(tab, 'async (auth) => auth.signOut()')
  const refused = await inPage(tab, 'async (auth) => ({ isRefused: (await auth.signInWithPasskey()).error !== null })')
  expect(refused.isRefused).toBe(true)
  await tab.context().close()
})

browserTest('a security key is a second factor, and the next sign-in requires it again', async () => {
  const { tab } = await visit('usb')
  const email = address()
  await signUp(tab, email)
  const raised = await inPage(
    tab,
    `async (auth) => {
      const { data, error } = await auth.mfa.webauthn.register({ friendlyName: 'key' })
      return { error, token: data?.access_token, level: (await auth.mfa.getAuthenticatorAssuranceLevel()).data }
    }`,
  )
  expect([raised.error, raised.level.currentLevel]).toEqual([null, 'aal2'])
  expect(
    claimsOf(raised.token)
      .amr.map(({ method }: Json) => method)
      .sort(),
  ).toEqual(['mfa/webauthn', 'password'])
  const later = await inPage(
    tab,
    `async (auth, credentials) => {
      await auth.signOut()
      await auth.signInWithPassword(credentials)
      const before = (await auth.mfa.getAuthenticatorAssuranceLevel()).data
      const factorId = (await auth.mfa.listFactors()).data.webauthn[0].id
      const { error } = await auth.mfa.webauthn.authenticate({ factorId })
      return { before, error, after: (await auth.mfa.getAuthenticatorAssuranceLevel()).data }
    }`,
    { email, password: PASSWORD },
  )
  expect([later.before.currentLevel, later.before.nextLevel, later.error, later.after.currentLevel]).toEqual([
    'aal1',
    'aal2',
    null,
    'aal2',
  ])
  await tab.context().close()
})

// By default, supabase-js asks for a key on USB, NFC or Bluetooth; without one, the browser waits.
for (const [transport, attachment] of [
  ['usb', 'cross-platform'],
  ['internal', 'platform'],
] as const)
  browserTest(`one authenticator has a second factor and a passkey of an account: ${transport}`, async () => {
    const { tab } = await visit(transport)
    const userId = await signUp(tab, address())
    const done = await inPage(
      tab,
      `async (auth, authenticatorAttachment) => {
      const options = { authenticatorSelection: { authenticatorAttachment } }
      const key = await auth.mfa.webauthn.register({ friendlyName: 'key' }, options)
      const passkey = await auth.registerPasskey()
      await auth.signOut()
      const signedIn = await auth.signInWithPasskey()
      const factorId = (await auth.mfa.listFactors()).data.webauthn[0].id
      const raised = await auth.mfa.webauthn.authenticate({ factorId })
      return {
        errors: [key, passkey, signedIn, raised].map(({ error }) => error?.message),
        userId: signedIn.data.user.id,
        level: (await auth.mfa.getAuthenticatorAssuranceLevel()).data.currentLevel,
        again: [await auth.mfa.webauthn.register({ friendlyName: 'again' }, options), await auth.registerPasskey()].map(({ error }) => error?.name),
      }
    }`,
      attachment,
    )
    expect(done).toEqual({
      errors: [undefined, undefined, undefined, undefined],
      userId,
      level: 'aal2',
      again: ['InvalidStateError', 'InvalidStateError'],
    })
    await tab.context().close()
  })
