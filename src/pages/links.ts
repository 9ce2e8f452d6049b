/**
 * Links between pages of this server. They are relative, so that every page works below any path of a proxy that strips
 * it (docs/reverse-proxy.md#below-a-path), without a setting. Scripts start from their own address instead.
 */

/** Only error pages are deeper. Without a bound, a long path would make them large: they repeat it in every link. */
const MAX_DEPTH = 20

/**
 * The root of this server, as seen from a page: `./` or `../../`.
 * @param path of the request for the page
 */
export function rootFrom(path: string): string {
  const depth = path.split('/').length - 2
  if (depth > MAX_DEPTH) return '/'
  return depth > 0 ? '../'.repeat(depth) : './'
}

/** @param path of the request for the page @param target a path of this server with its query and fragment */
export const linkFrom = (path: string, target: string): string => rootFrom(path) + target.slice(1)

/** Fills in `{root}`. @param path of the request for the page */
export const withRoot = (html: unknown, path: string): string => String(html).replaceAll('{root}', rootFrom(path))
