/**
 * The files of `docs/`, and files of the repository that its pages link to. `src/pages/docs` calls it as a macro: it
 * runs while Bun bundles or loads that module, which then contains the result.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'

export interface DocumentationFiles {
  /** Path in the repository → content. */
  texts: Record<string, string>
  /** Path in the repository → content in base64: pictures. */
  pictures: Record<string, string>
}

const PICTURES = /\.(?:png|webp|jpe?g|gif)$/
const LINKS = /\]\(([^)\s#]+)[^)]*\)/g

/** Served elsewhere: it is a megabyte. */
const OPENAPI = 'openapi.json'

/** @param root path of the repository, relative to this file */
export function documentationFiles(root: string): DocumentationFiles {
  const absolute = (path: string) => join(import.meta.dir, root, path)
  const own = readdirSync(absolute('docs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => relative(absolute(''), join(entry.parentPath, entry.name)))
  const isFile = (path: string) => statSync(absolute(path), { throwIfNoEntry: false })?.isFile() ?? false
  const linked = own
    .filter((path) => path.endsWith('.md'))
    .flatMap((page) =>
      linksOf(readFileSync(absolute(page), 'utf8')).map((link) => normalize(join(dirname(page), link))),
    )
    .filter((path) => !path.startsWith('..') && path !== OPENAPI && isFile(path))
  // Sorted, so that each build gives the same file.
  const paths = [...new Set([...own, ...linked])].sort()
  const read = (encoding: 'utf8' | 'base64', isWanted: (path: string) => boolean) =>
    Object.fromEntries(paths.filter(isWanted).map((path) => [path, readFileSync(absolute(path), encoding)]))
  return {
    texts: read('utf8', (path) => !PICTURES.test(path)),
    pictures: read('base64', (path) => PICTURES.test(path)),
  }
}

const linksOf = (markdown: string) =>
  [...markdown.matchAll(LINKS)]
    .map(([, target]) => target as string)
    .filter((target) => !/^(?:[a-z]+:|\/)/.test(target))
