/** `examples/vite-react`: built, served and used in a browser. */
import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasBrowser, openBrowser } from '../support/browser'
import { newVisitor, walkWithLink, walkWithPassword, walkWithReset } from '../support/example-walk'
import { canInstall, installExample, startForApplication } from '../support/examples'
import { freePort } from '../support/free-port'

const NAME = 'vite-react'

test.skipIf(!hasBrowser || !canInstall(NAME))(
  'Vite and React: sign-up, sign-in, magic link and reset of the password',
  async () => {
    const example = await installExample(NAME)
    const port = freePort()
    await using server = await startForApplication(port)
    writeFileSync(join(example.folder, '.env.local'), server.envFile)
    await example.run(['npm', 'run', 'build'])
    await using _ = await example.serve(['npm', 'run', 'preview', '--', '--port', String(port)], port)
    await using browser = await openBrowser()
    await using ada = await newVisitor(browser)
    await using other = await newVisitor(browser)
    const site = { server, origin: `http://localhost:${port}`, signIn: '/', account: '/' }
    await walkWithPassword(ada.page, site)
    await walkWithLink(ada.page, other.page, site)
    await walkWithReset(ada.page, site)
    // Chromium reports every refused request; a wrong password is one.
    expect(ada.complaints.filter((text) => !text.includes('400 (Bad Request)'))).toEqual([])
  },
  300_000,
)
