/** `examples/html`: pages without a build, with supabase-js as a file or from a CDN. */
import { expect, test } from 'bun:test'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasBrowser, openBrowser } from '../support/browser'
import { newVisitor, type Site, signUp, walkThrough } from '../support/example-walk'
import { canInstall, type Example, installExample, startForApplication } from '../support/examples'
import { freePort } from '../support/free-port'

const NAME = 'html'
const exampleTest = (name: string, run: () => Promise<void>) =>
  test.skipIf(!hasBrowser || !canInstall(NAME))(name, run, 300_000)

const BUNDLE = 'node_modules/@supabase/supabase-js/dist/umd/supabase.js'

/** Puts the URL and the key of a server where the quick start says. */
function configure({ folder }: Example, { server: { url, keys } }: Pick<Site, 'server'>): void {
  const file = join(folder, 'client.js')
  const text = readFileSync(file, 'utf8')
  const filled = text.replace('http://localhost:7020', url).replace('the publishable key', keys.publishable_key)
  expect(filled).not.toBe(text)
  writeFileSync(file, filled)
}

exampleTest('plain HTML: sign-up, sign-in, magic link and reset of the password', async () => {
  const example = await installExample(NAME)
  const port = freePort()
  await using server = await startForApplication(port)
  copyFileSync(join(example.folder, BUNDLE), join(example.folder, 'supabase.js'))
  configure(example, { server })
  await using _ = await example.serve(['npm', 'start'], port)
  const site = { server, origin: `http://localhost:${port}`, signIn: '/index.html', account: '/account.html' }
  await walkThrough(site)
})

exampleTest('plain HTML works with the script of a CDN in place of the file', async () => {
  const example = await installExample(NAME)
  const port = freePort()
  await using server = await startForApplication(port)
  configure(example, { server })
  const cdn = 'https://cdn.jsdelivr.net/npm/@supabase/supabase-js@2'
  for (const page of ['index.html', 'account.html']) {
    const file = join(example.folder, page)
    writeFileSync(file, readFileSync(file, 'utf8').replace('"supabase.js"', `"${cdn}"`))
  }
  await using _ = await example.serve(['npm', 'start'], port)
  await using browser = await openBrowser()
  await using ada = await newVisitor(browser)
  // The CDN serves the file that the field `jsdelivr` of the package names.
  await ada.context.route(cdn, (route) => route.fulfill({ path: join(example.folder, BUNDLE) }))
  await signUp(ada.page, {
    server,
    origin: `http://localhost:${port}`,
    signIn: '/index.html',
    account: '/account.html',
  })
  expect(ada.complaints).toEqual([])
})
