/** The icon of the pages. */
import svg from './favicon.svg.txt' with { type: 'text' }

export const favicon = String(svg)

/** Puts the icon into a page that leaves it open, so that no further request is needed. */
export const withIcon = (html: string) =>
  html.replace('href="data:,"', `href="data:image/svg+xml,${encodeURIComponent(favicon)}"`)
