/** What tests may do themselves, and what they leave to `test/support/`. */
import { expect, test } from 'bun:test'
import { join } from 'node:path'

const root = join(import.meta.dir, '..')

/** The files with a text, besides those that may have it. */
async function filesWith(text: RegExp, mayHave: RegExp): Promise<string[]> {
  const found: string[] = []
  for (const file of new Bun.Glob('**/*.ts').scanSync(root))
    if (!mayHave.test(file) && text.test(await Bun.file(join(root, file)).text())) found.push(file)
  return found
}

/** The helper for all other tests, and tests that are about SQLite itself. */
const MAY_OPEN_SQLITE = /^(support\/(database|every-row)\.ts|store\/sqlite\/.*|guards\/database\.test\.ts)$/

test('tests reach the database file through test/support/database.ts', async () => {
  expect(await filesWith(/(from |import\()'bun:sqlite'/, MAY_OPEN_SQLITE)).toEqual([])
})

test('tests remove folders with test/support/remove-folder.ts, which can cope with a process that still writes there', async () => {
  expect(await filesWith(/\brm(?:Sync)?\(.*recursive/, /^support\/remove-folder\.ts$/)).toEqual([])
})

test('tests wait for pages with locators: waitForFunction looks once, and then breaks their content security policy', async () => {
  expect(await filesWith(/\bwaitForFunction\(/, /^guards\/tests\.test\.ts$/)).toEqual([])
})
