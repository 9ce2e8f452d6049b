/** What tests may do themselves, and what they leave to `test/support/`. */
import { expect, test } from 'bun:test'
import { join } from 'node:path'

const root = join(import.meta.dir, '..')

/** The helper for all other tests, and tests that are about SQLite itself. */
const MAY_OPEN_SQLITE = /^(support\/(database|every-row)\.ts|store\/sqlite\/.*|guards\/database\.test\.ts)$/

test('tests reach the database file through test/support/database.ts', async () => {
  const importing: string[] = []
  for (const file of new Bun.Glob('**/*.ts').scanSync(root))
    if (!MAY_OPEN_SQLITE.test(file) && /(from |import\()'bun:sqlite'/.test(await Bun.file(join(root, file)).text()))
      importing.push(file)
  expect(importing).toEqual([])
})

test('tests remove folders with test/support/remove-folder.ts, which can cope with a process that still writes there', async () => {
  const removing: string[] = []
  for (const file of new Bun.Glob('**/*.ts').scanSync(root))
    if (
      file !== 'support/remove-folder.ts' &&
      /\brm(?:Sync)?\(.*recursive/.test(await Bun.file(join(root, file)).text())
    )
      removing.push(file)
  expect(removing).toEqual([])
})
