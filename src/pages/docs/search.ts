/** What the search of the documentation looks through: every section of every page. */
import { markdownFiles, textOf } from './content'
import { renderMarkdown } from './markdown'
import { pageUrl } from './paths'

export interface SearchEntry {
  url: string
  page: string
  heading: string
  text: string
}

/**
 * The browser builds its index from this, so searching costs this server nothing. Between pages, other requests are
 * served.
 */
export async function searchEntries(): Promise<SearchEntry[]> {
  const entries: SearchEntry[] = []
  for (const path of markdownFiles()) {
    entries.push(...entriesOf(path))
    await new Promise(setImmediate)
  }
  return entries
}

function entriesOf(path: string): SearchEntry[] {
  const { title, sections } = renderMarkdown(path, textOf(path) ?? '')
  return sections.map(({ id, heading, text }) => ({
    url: pageUrl(path) + (id && `#${id}`),
    page: title,
    heading,
    text: text.replace(/\s+/g, ' ').trim(),
  }))
}
