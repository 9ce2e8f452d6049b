/** Path and query of a request, taken from its text: an invalid Host header cannot interfere. */
export interface Target {
  readonly path: string
  /** As sent, without the question mark. */
  readonly query: string
}

export function targetOf({ url }: Request): Target {
  if (latest.url !== url) latest = { url, target: parseTarget(url) }
  return latest.target
}

/** The target of the URL parsed last, because several callers in a row ask for the target of the same request. */
let latest: { url: string; target: Target } = { url: '', target: { path: '/', query: '' } }

function parseTarget(url: string): Target {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  const end = url.indexOf('#', start)
  const target = start < 0 ? '/' : url.slice(start, end < 0 ? undefined : end)
  const mark = target.indexOf('?')
  return mark < 0 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}

/** All query parameters. */
export const queryParametersOf = (request: Request) => new URLSearchParams(targetOf(request).query)

/** The first value of a query parameter. */
export function queryOf(request: Request, name: string): string | undefined {
  return queryParametersOf(request).get(name) ?? undefined
}

/** Host and port that the request was sent to; empty if its Host header is not valid. */
export const hostOf = ({ url }: Request): string => URL.parse(url)?.host ?? ''

/** Whether a path equals the prefix or is below it. */
export function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`)
}

/** The response for unknown paths, as Go's router words it. */
export function pageNotFound(): Response {
  return new Response('404 page not found\n', {
    status: 404,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
  })
}
