/** `examples/sveltekit`: checked, built, served and used in a browser. */
import { expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasBrowser } from '../support/browser'
import { walkThrough } from '../support/example-walk'
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
    const site = {
      server,
      origin: `http://localhost:${port}`,
      signIn: '/login',
      account: '/account',
      rendersOnServer: true,
    }
    await walkThrough(site)
    expect(readFileSync(join(example.folder, 'server.log'), 'utf8')).not.toMatch(/error/i)
  },
  600_000,
)
