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

/** The browser builds its index from this, so searching costs this server nothing. */
export function searchEntries(): SearchEntry[] {
  return markdownFiles().flatMap((path) => {
    const { title, sections } = renderMarkdown(path, textOf(path) ?? '')
    return sections.map(({ id, heading, text }) => ({
      url: pageUrl(path) + (id && `#${id}`),
      page: title,
      heading,
      text: text.replace(/\s+/g, ' ').trim(),
    }))
  })
}
