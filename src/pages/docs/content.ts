/** The embedded files of the documentation. */
import { documentationFiles } from '../../../scripts/documentation-files' with { type: 'macro' }
import { pageUrl } from './paths'

/** In a function: until the first request, the text is not even read from the executable. */
const load = () => documentationFiles('..')

let loaded: ReturnType<typeof load> | undefined

const files = () => (loaded ??= load())

/** A text file by its path in the repository. */
export const textOf = (path: string): string | undefined => own(files().texts, path)

/** A picture in base64 by its path in the repository. */
export const pictureOf = (path: string): string | undefined => own(files().pictures, path)

export const isEmbedded = (path: string) => textOf(path) !== undefined || pictureOf(path) !== undefined

/** Paths of all Markdown files, in alphabetical order. */
export const markdownFiles = (): string[] => Object.keys(files().texts).filter((path) => path.endsWith('.md'))

/** Paths of all files. */
export const allFiles = (): string[] => [...Object.keys(files().texts), ...Object.keys(files().pictures)]

let pages: Map<string, string> | undefined

/** The Markdown file that is served as a page at an address. */
export function pageFileAt(url: string): string | undefined {
  pages ??= new Map(markdownFiles().map((path) => [pageUrl(path), path]))
  return pages.get(url)
}

const own = (record: Record<string, string>, key: string) => (Object.hasOwn(record, key) ? record[key] : undefined)
