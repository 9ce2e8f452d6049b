/** `examples/playwright`: its tests, which start the executable and the application themselves. */
import { expect, test } from 'bun:test'
import { BINARY } from '../support/binary'
import { executablePath } from '../support/browser'
import { canInstall, installExample } from '../support/examples'
import { freePort } from '../support/free-port'

const NAME = 'playwright'

test.skipIf(executablePath === undefined || !canInstall(NAME))(
  'Playwright: the types and the tests of the example pass, with workers side by side',
  async () => {
    const example = await installExample(NAME)
    await example.run(['npm', 'run', 'check'])
    const output = await example.run(['npm', 'test', '--', '--reporter=line'], {
      LATCHKEY: BINARY,
      CHROMIUM: executablePath as string,
      AUTH_PORT: String(freePort()),
      APP_PORT: String(freePort()),
    })
    expect(output).toContain('5 tests using 4 workers')
    expect(output).toContain('5 passed')
  },
  180_000,
)
