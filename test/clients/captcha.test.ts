/**
 * Captchas with the published supabase-js and the compiled executable: every method that takes `options.captchaToken`,
 * and a page in Chromium that solves a proof of work.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '@supabase/supabase-js'
import type { Browser } from 'playwright-core'
import type { Json } from '../support/app'
import { type Binary, run, startBinary } from '../support/binary'
import { browserTest, hasBrowser, openBrowser, START_MS } from '../support/browser'
import { POW, solve } from '../support/captcha'

const SUPABASE_JS = readFileSync(join(import.meta.dir, '../../node_modules/@supabase/supabase-js/dist/umd/supabase.js'))
const password = 'correct-horse-battery-9'
const email = 'ada@example.com'

let server: Binary
let browser: Browser | undefined
beforeAll(async () => {
  server = await startBinary({
    env: {
      ...POW,
      AUTH_SECURITY_CAPTCHA_DIFFICULTY: '14',
      AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true',
      AUTH_SMTP_MAX_FREQUENCY: '0',
    },
  })
  if (hasBrowser) browser = await openBrowser()
}, START_MS)
afterAll(async () => {
  await browser?.close()
  await server[Symbol.asyncDispose]()
})

const client = (key = server.keys.publishable_key) =>
  createClient(server.url, key, { auth: { autoRefreshToken: false, persistSession: false } }).auth

async function token(action: string): Promise<string> {
  const { body } = await server.ask('GET', `/auth/v1/captcha/challenge?action=${action}`)
  return solve(body.challenge, body.difficulty)
}

test(
  'each method of supabase-js that takes a captchaToken is refused without one, and works with one',
  async () => {
    const steps: [action: string, call: (captchaToken: string | undefined) => Promise<{ error: Json }>][] = [
      [
        'sign_up',
        (captchaToken) => client().signUp({ email, password, options: { captchaToken: captchaToken as string } }),
      ],
      [
        'sign_in',
        (captchaToken) =>
          client().signInWithPassword({ email, password, options: { captchaToken: captchaToken as string } }),
      ],
      ['sign_up', (captchaToken) => client().signInAnonymously({ options: { captchaToken: captchaToken as string } })],
      ['otp', (captchaToken) => client().signInWithOtp({ email, options: { captchaToken: captchaToken as string } })],
      ['recover', (captchaToken) => client().resetPasswordForEmail(email, { captchaToken: captchaToken as string })],
      [
        'resend',
        (captchaToken) => client().resend({ type: 'signup', email, options: { captchaToken: captchaToken as string } }),
      ],
    ]
    for (const [action, call] of steps) {
      expect([action, (await call(undefined)).error]).toMatchObject([
        action,
        {
          status: 400,
          code: 'captcha_failed',
          message: 'captcha protection: request disallowed (no captcha_token found)',
        },
      ])
      const captchaToken = await token(action)
      expect([action, (await call(captchaToken)).error]).toEqual([action, null])
      expect([action, (await call(captchaToken)).error]).toMatchObject([
        action,
        { code: 'captcha_failed', message: 'captcha protection: request disallowed (timeout-or-duplicate)' },
      ])
    }
  },
  START_MS,
)

test('a refresh and the secret key need no captcha', async () => {
  const auth = client()
  const { data } = await auth.signInWithPassword({ email, password, options: { captchaToken: await token('sign_in') } })
  const refreshed = await auth.refreshSession({ refresh_token: data.session?.refresh_token ?? '' })
  expect(refreshed.error).toBeNull()
  const byServer = await client(server.keys.secret_key).signInWithPassword({ email, password })
  expect(byServer.error).toBeNull()
})

test('a start with a captcha that cannot work is refused, and says what to do', async () => {
  const { stderr, status } = await run(['serve', '--port', '0'], { env: { AUTH_SECURITY_CAPTCHA_ENABLED: 'true' } })
  expect(status).not.toBe(0)
  expect(stderr).toContain('AUTH_SECURITY_CAPTCHA_ENABLED needs AUTH_SECURITY_CAPTCHA_SECRET')
})

/** How a page may treat the worker of the script. */
for (const [where, policy] of [
  ['in a worker', undefined],
  ['in slices, where its policy allows no worker', "worker-src 'none'"],
] as const)
  browserTest(`a page solves a proof of work ${where}, and signs up`, async () => {
    await using page = await openPage(policy)
    const workers: string[] = []
    page.tab.on('worker', (worker) => workers.push(worker.url()))
    const address = `${policy === undefined ? 'worker' : 'slices'}@example.com`
    const { data, error }: Json = await page.tab.evaluate(
      `(async () => {
      const captchaToken = await latchkey.solveCaptcha('sign_up')
      return auth.signUp({ email: '${address}', password: '${password}', options: { captchaToken } })
    })()`,
    )
    expect([error, data.user.email]).toEqual([null, address])
    expect(workers.length).toBe(policy === undefined ? 1 : 0)
  })

browserTest('a page is told of an action that does not exist', async () => {
  await using page = await openPage(undefined)
  const message = await page.tab.evaluate("latchkey.solveCaptcha('nothing').catch((error) => error.message)")
  expect(message).toBe('action must be one of sign_up, sign_in, otp, recover, resend')
})

/** An application of another origin, with a Content-Security-Policy if there is one. */
async function openPage(policy: string | undefined) {
  const application = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: ({ url }) =>
      new URL(url).pathname === '/supabase.js'
        ? new Response(SUPABASE_JS, { headers: { 'content-type': 'text/javascript' } })
        : new Response(
            `<!doctype html><title>Application</title><link rel="icon" href="data:,"><script src="/supabase.js"></script>
            <script src="${server.url}/auth/v1/captcha/pow.js"></script>
            <script>var auth = supabase.createClient('${server.url}', '${server.keys.publishable_key}').auth</script>`,
            { headers: { 'content-type': 'text/html', ...(policy && { 'content-security-policy': policy }) } },
          ),
  })
  if (!browser) throw new Error('there is no browser')
  const tab = await browser.newPage()
  await tab.goto(`http://localhost:${application.port}/`)
  return {
    tab,
    async [Symbol.asyncDispose]() {
      await tab.close()
      await application.stop(true)
    },
  }
}
