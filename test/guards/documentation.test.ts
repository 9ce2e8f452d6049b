/** The pages of docs/: their index, and addresses that are distinct. */
import { expect, test } from 'bun:test'
import { documentationFiles } from '../../scripts/documentation-files'
import { tableOfContents } from '../../src/pages/docs/contents'
import { pageUrl } from '../../src/pages/docs/paths'

const { texts } = documentationFiles('..')
const pages = Object.keys(texts).filter((path) => /^docs\/.*\.md$/.test(path))

test('docs/README.md lists every page but those of error codes, each once, and nothing else', () => {
  const listed = tableOfContents().flatMap(({ pages: entries }) => entries.map(({ path }) => path))
  const expected = pages.filter((path) => path !== 'docs/README.md' && !path.startsWith('docs/errors/'))
  expect(expected.length).toBeGreaterThan(25)
  // The list of error codes may be in it.
  expect(listed.filter((path) => !path.startsWith('docs/errors/')).sort()).toEqual(expected)
})

test('every page has an address of its own, in lower case and without spaces', () => {
  const urls = pages.map(pageUrl)
  expect(new Set(urls).size).toBe(urls.length)
  expect(urls.filter((url) => !/^[a-z0-9/_-]+$/.test(url))).toEqual([])
})
