/** The table of contents: the sections and lists of docs/README.md. */
import { Marked, type Token, type Tokens } from 'marked'
import { textOf } from './content'
import { linkedPath, pageUrl } from './paths'

export const INDEX = 'docs/README.md'

export interface ContentsSection {
  title: string
  pages: ContentsEntry[]
}

export interface ContentsEntry {
  title: string
  /** What is said after the link; empty if nothing is. */
  description: string
  /** Path of the file in the repository. */
  path: string
  url: string
}

let contents: ContentsSection[] | undefined

export const tableOfContents = (): ContentsSection[] => (contents ??= parse(textOf(INDEX) ?? ''))

function parse(markdown: string): ContentsSection[] {
  const sections: ContentsSection[] = []
  for (const token of new Marked().lexer(markdown)) {
    if (token.type === 'heading' && token.depth === 2) sections.push({ title: token.text, pages: [] })
    if (token.type === 'list') sections.at(-1)?.pages.push(...entriesOf(token as Tokens.List))
  }
  return sections.filter(({ pages }) => pages.length > 0)
}

/** One entry for each item that begins with a link to a page; nested lists follow their item. */
function entriesOf({ items }: Tokens.List): ContentsEntry[] {
  return items.flatMap(({ tokens }) => {
    const [first, ...rest] = tokens
    const [link, ...after] = (first && 'tokens' in first && first.tokens) || []
    const path = link?.type === 'link' ? linkedPath(INDEX, link.href) : undefined
    const nested = rest.flatMap((token) => (token.type === 'list' ? entriesOf(token as Tokens.List) : []))
    if (!path?.endsWith('.md')) return nested
    const description = after.map((token: Token) => token.raw).join('')
    return [
      { title: (link as Tokens.Link).text, description: description.replace(/^:\s*/, ''), path, url: pageUrl(path) },
      ...nested,
    ]
  })
}

/** The pages before and after one, in the order of the table of contents. */
export function neighbours(path: string): { previous: ContentsEntry | undefined; next: ContentsEntry | undefined } {
  const all = tableOfContents().flatMap(({ pages }) => pages)
  const index = all.findIndex((entry) => entry.path === path)
  return index < 0 ? { previous: undefined, next: undefined } : { previous: all[index - 1], next: all[index + 1] }
}
