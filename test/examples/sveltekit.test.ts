/** `examples/sveltekit`: checked, built, served and used in a browser. */
import { expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasBrowser, openBrowser } from '../support/browser'
import { newVisitor, walkOnServer, walkWithLink, walkWithPassword, walkWithReset } from '../support/example-walk'
import { canInstall, installExample, startForApplication, WITH_WEBSOCKET } from '../support/examples'
import { freePort } from '../support/free-port'

const NAME = 'sveltekit'

test.skipIf(!hasBrowser || !canInstall(NAME))(
  'SvelteKit: sign-up, sign-in, magic link, reset of the password, and sessions on the server',
  async () => {
    const example = await installExample(NAME)
    const port = freePort()
    await using server = await startForApplication(port)
    writeFileSync(join(example.folder, '.env'), server.envFile)
    await example.run(['npm', 'run', 'check'])
    await example.run(['npm', 'run', 'build'])
    await using _ = await example.serve(['npm', 'run', 'preview', '--', '--port', String(port)], port, WITH_WEBSOCKET)
    await using browser = await openBrowser()
    await using ada = await newVisitor(browser)
    await using other = await newVisitor(browser)
    const site = { server, origin: `http://localhost:${port}`, signIn: '/login', account: '/account' }
    await walkWithPassword(ada.page, site)
    await walkWithLink(ada.page, other.page, site)
    await walkWithReset(ada.page, site)
    await walkOnServer(ada, site)
    expect(ada.complaints).toEqual([])
    expect(readFileSync(join(example.folder, 'server.log'), 'utf8')).not.toMatch(/error/i)
  },
  600_000,
)
