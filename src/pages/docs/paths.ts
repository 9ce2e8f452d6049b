/** Where files of the repository are served on this server: `docs/mail.md` at `/docs/mail`, others at `/docs/files/<path>`. */

export const ROOT = '/docs'

/** The path of a file of the repository, such as `/docs/monitoring/alerts.yml`. */
export function fileUrl(path: string): string {
  return path.startsWith('docs/') ? `/${path}` : `${ROOT}/files/${path}`
}

/** The path of a Markdown file as a page: without its ending, and a README is its folder. */
export function pageUrl(path: string): string {
  return fileUrl(path)
    .replace(/\.md$/, '')
    .replace(/\/(?:README|index)$/, '')
}

/** Resolves a relative link of a file. @returns a path of the repository, or undefined for any other link */
export function linkedPath(from: string, link: string): string | undefined {
  if (/^(?:[a-z][a-z0-9+.-]*:|\/)/i.test(link)) return undefined
  const { pathname } = new URL(link, `file:///${from}`)
  return decodeURIComponent(pathname).slice(1)
}
