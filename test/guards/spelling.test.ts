/** The words that the spelling check accepts (cspell.json). */
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { files, words } from '../../cspell.json'

const root = join(import.meta.dir, '../..')

test('they are in order, in lower case, and each is in use', async () => {
  expect(words).toEqual(words.map((word) => word.toLowerCase()).sort())
  const paths = files.flatMap((pattern) => [...new Bun.Glob(pattern).scanSync(root)])
  const text = (await Promise.all(paths.map((path) => Bun.file(join(root, path)).text()))).join('\n').toLowerCase()
  expect(words.filter((word) => !text.includes(word))).toEqual([])
})
