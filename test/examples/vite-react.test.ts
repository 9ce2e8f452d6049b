/** `examples/vite-react`: built, served and used in a browser. */
import { test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasBrowser } from '../support/browser'
import { walkThrough } from '../support/example-walk'
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
    const site = { server, origin: `http://localhost:${port}`, signIn: '/', account: '/' }
    await walkThrough(site)
  },
  300_000,
)
