/** The favicon of the pages. */
import svg from './favicon.svg.txt' with { type: 'text' }

export const favicon = String(svg)

/** Inlines the icon into a page that has a slot for it, to save a request. */
export const withIcon = (html: string) =>
  html.replace('href="data:,"', `href="data:image/svg+xml,${encodeURIComponent(favicon)}"`)
