/** The links of a page, as a browser resolves them behind a proxy that strips a path. */
const BELOW = '/id'

/**
 * The paths of this server to which a page links, without query and fragment.
 * @param path of the request for the page
 * @throws if one leaves the path
 */
export function linkedPaths(path: string, html: string): string[] {
  const base = new URL(`http://proxy.test${BELOW}${path}`)
  const urls = [...html.matchAll(/\s(?:href|src|action)="([^"]*)"/g)]
    .map(([, url = '']) => url.replaceAll('&amp;', '&'))
    .filter((url) => !url.startsWith('#'))
    .map((url) => new URL(url, base))
    .filter(({ host }) => host === base.host)
  return urls.map(({ href, pathname }) => {
    if (!pathname.startsWith(`${BELOW}/`)) throw new Error(`${path} links to ${href}`)
    return pathname.slice(BELOW.length)
  })
}
