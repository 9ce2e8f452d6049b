/** What a result of the search shows. */
import { expect, test } from 'bun:test'
import { join } from 'node:path'

interface Part {
  text: string
  isMatch: boolean
}

// Scripts of pages are text to TypeScript.
const { excerptOf, marked } = (await import(join(import.meta.dir, '../../../src/pages/docs/client/excerpt.js'))) as {
  excerptOf(text: string, terms: string[]): Part[]
  marked(text: string, terms: string[]): Part[]
}

const shown = (parts: Part[]) => parts.map(({ text, isMatch }) => (isMatch ? `[${text}]` : text)).join('')

test('terms are marked in any letter case, the longest first', () => {
  expect(shown(marked('AUTH_SITE_URL and site', ['site', 'auth_site_url']))).toBe('[AUTH_SITE_URL] and [site]')
  expect(shown(marked('a.b (c) axb', ['a.b', '(c)']))).toBe('[a.b] [(c)] axb')
  expect(shown(marked('nothing', []))).toBe('nothing')
})

test('an excerpt begins at a word shortly before the first term', () => {
  const text = `${'word '.repeat(100)}needle ${'more '.repeat(100)}`
  const excerpt = shown(excerptOf(text, ['needle']))
  expect(excerpt).toMatch(/^…word .*\[needle\] more .*…$/)
  expect(excerpt.length).toBeLessThan(180)
  expect(shown(excerptOf('short', ['x']))).toBe('short')
})
