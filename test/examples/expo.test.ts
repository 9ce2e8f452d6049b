/** `examples/expo`: its types, its bundles, the application on the web in a browser, and links into it on a device. */
import { expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lastMessageOfKind, openLink } from '../support/binary-mailbox'
import { hasBrowser, openBrowser } from '../support/browser'
import { newVisitor, walkWithLink, walkWithPassword } from '../support/example-walk'
import { canInstall, installExample, startForApplication } from '../support/examples'
import { freePort } from '../support/free-port'

const NAME = 'expo'
const INSTALL = { isSlow: true }
/** Metro keeps the variables of an earlier bundle in its cache; `--clear` empties it. */
const ENVIRONMENT = { CI: '1', EXPO_NO_TELEMETRY: '1', EXPO_OFFLINE: '1' }
const DEEP_LINKS = { AUTH_URI_ALLOW_LIST: 'exp://**,latchkey-expo://**' }
const EMAIL = 'ada@example.com'

test.skipIf(!hasBrowser || !canInstall(NAME, INSTALL))(
  'Expo on the web: sign-up, sign-in, reload, sign-out, link and code by mail',
  async () => {
    const example = await installExample(NAME, INSTALL)
    const port = freePort()
    const origin = `http://localhost:${port}`
    await using server = await startForApplication(port)
    writeFileSync(join(example.folder, '.env.local'), server.envFile)
    await example.run(['npm', 'run', 'check'])
    await example.run(['npx', 'expo', 'export', '--clear', '--platform', 'web'], ENVIRONMENT)
    await using _ = await example.serve(['npx', 'expo', 'serve', '--port', String(port)], port, ENVIRONMENT)
    await using browser = await openBrowser()
    await using ada = await newVisitor(browser)
    await using other = await newVisitor(browser)
    const site = { server, origin, signIn: '/', account: '/' }
    await walkWithPassword(ada.page, site)
    await walkWithLink(ada.page, other.page, site)

    await ada.page.getByLabel('Email').fill(EMAIL)
    await ada.page.getByRole('button', { name: 'Email me a link' }).click()
    await ada.page.getByText('Check your mail').waitFor()
    await ada.page.getByLabel('Code').fill((await lastMessageOfKind(server, EMAIL, 'magic_link')).code)
    await ada.page.getByRole('button', { name: 'Enter code' }).click()
    await ada.page.getByText(`Signed in as ${EMAIL}`).waitFor()
    // Chromium reports every refused request: the wrong password, and the icon that the example has none of.
    expect(ada.complaints.filter((text) => !/ (400|404) \(/.test(text))).toEqual([])
  },
  600_000,
)

test.skipIf(!canInstall(NAME, INSTALL))(
  'Expo: the bundles for Android and iOS are built',
  async () => {
    const example = await installExample(NAME, INSTALL)
    const names = ['EXPO_PUBLIC_SUPABASE_URL=http://localhost:7020', 'EXPO_PUBLIC_SUPABASE_PUBLISHABLE_KEY=key']
    writeFileSync(join(example.folder, '.env.local'), names.join('\n'))
    await example.run(['npx', 'expo', 'export', '--clear', '--platform', 'android', '--platform', 'ios'], ENVIRONMENT)
    for (const platform of ['android', 'ios'])
      expect(readdirSync(join(example.folder, 'dist/_expo/static/js', platform))).toEqual([
        expect.stringMatching(/^index-[0-9a-f]+\.hbc$/),
      ])
  },
  600_000,
)

test.each(['latchkey-expo://auth', 'exp://192.168.1.5:8081/--/auth'])(
  'the link in a mail leads to %s, with a code that the application exchanges',
  async (redirectTo) => {
    await using server = await startForApplication(8081, DEEP_LINKS)
    const verifier = crypto.randomUUID() + crypto.randomUUID()
    const challenge = createHash('sha256').update(verifier).digest('base64url')
    const asked = { email: EMAIL, code_challenge: challenge, code_challenge_method: 's256' }
    await server.ask('POST', `/auth/v1/signup?redirect_to=${encodeURIComponent(redirectTo)}`, {
      body: { ...asked, password: 'correct-horse-battery-9' },
    })
    await server.ask('POST', `/auth/v1/otp?redirect_to=${encodeURIComponent(redirectTo)}`, { body: asked })
    const target = await openLink((await lastMessageOfKind(server, EMAIL, 'magic_link')).link)
    expect(target.href).toStartWith(`${redirectTo}?code=`)
    const body = { auth_code: target.searchParams.get('code'), code_verifier: verifier }
    const session = await server.ask('POST', '/auth/v1/token?grant_type=pkce', { body })
    expect([session.status, session.body.user.email]).toEqual([200, EMAIL])
  },
)
