/** Comments cite only sources that a reader can open: standards, GoTrue's endpoints and settings, and pages in docs/. */
import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = join(import.meta.dir, '../..')

/** Sources and documents. Applied migrations are left out: their text is part of a checksum in every database. */
const files = ['src/**/*.{ts,md,css,html,txt}', 'test/**/*.ts', 'scripts/**/*', 'bench/*.ts', 'docs/**/*.md', '*.md']
  .flatMap((pattern) => [...new Bun.Glob(pattern).scanSync(root)])
  .filter((file) => !file.includes('node_modules/') && file !== 'test/guards/citations.test.ts')
  .sort()

const textOf = (file: string) => readFileSync(join(root, file), 'utf8')

/** Documents that this repository does not contain, and numbers in them. */
const UNRESOLVED = [
  /\bcontract (?:§|section )?\d/i,
  /\bsettled \d/i,
  /\bsecurity cases? \d/i,
  /\(cases? \d/i,
  /['"`]cases? \d+:/i,
  /\bquirk \d/i,
  /\bfindings? [A-Z]\d/,
]

/** GitHub's anchors: of headings, and of explicit ids. */
function anchorsIn(document: string): Set<string> {
  const headings = [...document.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
  const ids = [...document.matchAll(/<a id="([^"]+)"/g)].map(([, id = '']) => id)
  return new Set([...headings, ...ids])
}

test.each(files)('%s cites only sources that can be opened', (file) => {
  const found = textOf(file)
    .split('\n')
    .flatMap((line, index) =>
      UNRESOLVED.some((pattern) => pattern.test(line)) ? [`${file}:${index + 1}: ${line.trim()}`] : [],
    )
  expect(found).toEqual([])
})

test('every page of docs/ that is cited exists, with the cited anchor', () => {
  const missing = files.flatMap((file) =>
    [...textOf(file).matchAll(/\bdocs\/([\w-]+\.md)((?:(?:, | to | and )?#[\w-]+)*)/g)].flatMap(
      ([, page, anchors = '']) => {
        const path = join(root, 'docs', page as string)
        if (!existsSync(path)) return [`${file}: docs/${page}`]
        const present = anchorsIn(readFileSync(path, 'utf8'))
        return (anchors.match(/#[\w-]+/g) ?? [])
          .filter((anchor) => !present.has(anchor.slice(1)))
          .map((anchor) => `${file}: docs/${page}${anchor}`)
      },
    ),
  )
  expect(missing).toEqual([])
})

test('links between documents lead to a page and a heading', () => {
  const documents = files.filter((file) => file.endsWith('.md'))
  const dead = documents.flatMap((file) =>
    [...textOf(file).matchAll(/\]\((?!https?:|mailto:)([^)\s#]*)(?:#([^)\s]+))?\)/g)].flatMap(
      ([, path = '', anchor]) => {
        const target = path === '' ? file : join(dirname(file), path)
        const isThere = existsSync(join(root, target))
        const isAnchorThere = !anchor || !target.endsWith('.md') || anchorsIn(textOf(target)).has(anchor)
        return isThere && isAnchorThere ? [] : [`${file}: ${path}${anchor ? `#${anchor}` : ''}`]
      },
    ),
  )
  expect(documents.length).toBeGreaterThan(20)
  expect(dead).toEqual([])
})

test('Markdown pages that comments name exist', () => {
  const missing = files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) =>
      [...textOf(file).matchAll(/^\s*(?:\/?\*|\/\/).*$/gm)]
        .flatMap(([comment]) => comment.match(/(?<![\w./-])[\w/-]+\.md\b/g) ?? [])
        .filter((path) => !existsSync(join(root, path)))
        .map((path) => `${file}: ${path}`),
    )
  expect(missing).toEqual([])
})

test('source files that comments and notes beside the code name exist', () => {
  const sources = [...new Bun.Glob('{src,scripts,bench,migrations}/**/*.{ts,js,mjs,sql}').scanSync(root)]
  const isThere = (path: string) => sources.some((source) => `/${source}`.endsWith(`/${path}`))
  const missing = files
    .filter((file) => /^(?:src|scripts|bench)\//.test(file))
    .flatMap((file) =>
      [...textOf(file).matchAll(/`(\w[\w./-]*\.(?:ts|mjs|sql))`/g)]
        .filter(([, path = '']) => !isThere(path))
        .map(([, path]) => `${file}: ${path}`),
    )
  expect(missing).toEqual([])
})

test('threats and decisions that tests name by number are in their documents', () => {
  const threats = anchorsIn(textOf('docs/threat-model.md'))
  const decisions = anchorsIn(textOf('docs/decisions.md'))
  const missing = files
    .filter((file) => file.startsWith('test/'))
    .flatMap((file) =>
      [...textOf(file).matchAll(/\b(threat|decision) ([TD]\d+)/gi)]
        .filter(([, kind, id = '']) => !(kind?.toLowerCase() === 'threat' ? threats : decisions).has(id.toLowerCase()))
        .map(([citation]) => `${file}: ${citation}`),
    )
  expect(missing).toEqual([])
})

test('the tests that the threat model names exist', () => {
  const tests = [...textOf('docs/threat-model.md').matchAll(/`((?:[\w-]+\/)+[\w-]+)`/g)].map(
    ([, path]) => path as string,
  )
  expect(tests.length).toBeGreaterThan(60)
  expect(tests.filter((path) => !existsSync(join(root, `test/${path}.test.ts`)))).toEqual([])
})
